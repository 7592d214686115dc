/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-rest.h"

G_BEGIN_DECLS

/*
 * Values of the cache by REST as they are: /cache/keys/<key> takes a body that is not JSON as the
 * value itself, gives the value itself to who accepts application/octet-stream, and has ETags.
 * Pure.
 */
#define ORF_HTTP_OCTETS "application/octet-stream"

/* Whether the path is one of a key. */
gboolean orf_http_raw_is_key (const char *path);
/* accept: the header; NULL: none. */
gboolean orf_http_raw_is_wanted (const char *accept);

/* The parameters of cache.set that stand for such a body, as JSON. */
GString *orf_http_raw_wrap (const char *body, gsize length);

typedef struct {
  gboolean hit;
  gboolean is_null; /* it is known that there is no value */
  guchar *bytes;
  gsize length;
  char etag[24]; /* with its quotes; of a hit */
} OrfHttpRaw;

/* Of the answer to cache.get.  FALSE: it is no such answer. */
gboolean orf_http_raw_unwrap (const OrfRestAnswer *answer, OrfHttpRaw *raw);
void orf_http_raw_clear (OrfHttpRaw *raw);
/* if_none_match: the header; NULL: none. */
gboolean orf_http_raw_matches (const OrfHttpRaw *raw, const char *if_none_match);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OrfHttpRaw, orf_http_raw_clear)

G_END_DECLS
