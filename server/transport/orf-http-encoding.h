/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What a client takes, and has already.  Pure.
 */

/* accept_encoding: the header's value; NULL takes nothing but the plain body. */
gboolean orf_http_encoding_takes_gzip (const char *accept_encoding);
/* if_none_match: the header's value, a list or a star; compared weakly.  NULL matches nothing. */
gboolean orf_http_encoding_matches_etag (const char *if_none_match, const char *etag);

G_END_DECLS
