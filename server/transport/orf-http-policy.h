/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"

G_BEGIN_DECLS

/*
 * What a browser could be tricked into: a foreign page reaches us by a name of its own that it made
 * resolve to us (Host), or posts across origins (Origin, and the few content types that need no
 * leave). Pure.
 */
typedef struct {
  const OrfConfig *config;
  const char *listen_host; /* as configured, without brackets */
  guint16 port;
  gboolean tls; /* our own pages are https, and what we give a browser is for https alone */
} OrfHttpPolicy;

/* The header lines that every answer carries, errors and pages alike. */
extern const char orf_http_policy_guards[];
extern const gsize orf_http_policy_guards_length;

/* host: the header's value.  local: the address that the connection came to, NULL if it is no other
 * than listen_host. */
gboolean
orf_http_policy_allows_host (const OrfHttpPolicy *policy, const char *host, const char *local);
/* origin NULL: no browser sent it across origins; fine. */
gboolean
orf_http_policy_allows_origin (const OrfHttpPolicy *policy, const char *origin, const char *local);
/* "application/json", in UTF-8 if it says which charset.  NULL is not. */
gboolean orf_http_policy_is_json (const char *content_type);
/* The token of "Bearer TOKEN"; any other scheme gives "", which is no token. NULL: none came. */
const char *orf_http_policy_get_bearer (const char *authorization);
/* Digits only, at most 2^31; NULL leaves 0. */
gboolean orf_http_policy_parse_deadline (const char *text, gint64 *deadline_ms, GError **error);
/* Decodes a path; NULL for what is not UTF-8 or has a NUL. */
char *orf_http_policy_decode_path (const char *path, gsize length);

G_END_DECLS
