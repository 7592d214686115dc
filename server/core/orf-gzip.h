/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * gzip in one piece.  Pure, for any thread: zlib itself, since GObject's types are made under locks
 * that ThreadSanitizer does not see.
 */

/* To be freed with g_free(). */
char *orf_gzip_pack (const char *data, gsize length, gsize *packed_length);

/* One or more members, nothing behind them.  PARSE_ERROR where it is no such thing;
 * RESOURCE_EXHAUSTED where it would be more than max_bytes, of which no more is made than that. */
GString *orf_gzip_unpack (const char *data, gsize length, gsize max_bytes, GError **error);

G_END_DECLS
