/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-slice.h"

G_BEGIN_DECLS

/* A slice of the database file `source`, which may be in use, as the file `path`: it has its name
 * when it is whole, and replaces none.  *size_bytes: how large it is.  UNAVAILABLE, and what SQLite
 * says of either file. */
gboolean orf_ctl_bundle_write (
  const char *source, const char *path, const OrfSlice *slice, gint64 *size_bytes, GError **error);

G_END_DECLS
