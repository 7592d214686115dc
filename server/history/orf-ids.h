/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Sets of ids: arrays of gint64, rising, each once. */

/* Sorts, and drops what is there twice. */
void orf_ids_settle (GArray *ids);
/* *index: where it is; may be NULL. */
gboolean orf_ids_find (const GArray *ids, gint64 id, guint *index);

G_END_DECLS
