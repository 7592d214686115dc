/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* migrations/NNN-name.sql, from the program's resources: the only way a file gets its tables. */
guint orf_migrations_get_latest (void);
/* The steps as GBytes, with a NUL that is not counted; [i] makes version i + 1. */
GPtrArray *orf_migrations_load (GError **error);

G_END_DECLS
