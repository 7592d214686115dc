/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-slice.h"

G_BEGIN_DECLS

/* A file's packed samples within whole minutes; see orf-slice-chunks.c. */
gboolean orf_slice_copy_chunks (sqlite3 *db, gint64 from_us, gint64 to_us, GError **error);

G_END_DECLS
