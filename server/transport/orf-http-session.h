/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/orf-http-policy.h"

G_BEGIN_DECLS

/*
 * A browser's session as it looks in HTTP: the cookie, and the body of POST /login.  Pure.
 *
 * Browsers give a cookie to every port of its host, so its name has ours: two daemons on a machine
 * do not take each other's away.  Under TLS it is a __Host- one, which no neighbour can set.
 */
/* The session's id out of a Cookie header (NULL: none came); NULL: it has none of ours. */
char *orf_http_session_dup_id (const OrfHttpPolicy *policy, const char *cookies);
/* What Set-Cookie says.  id NULL: the browser is to forget it. */
char *orf_http_session_new_cookie (const OrfHttpPolicy *policy, const char *id);
/* The token of {"token":"…"}; INVALID_ARGUMENT. */
char *orf_http_session_dup_token (const char *body, gsize length, GError **error);

G_END_DECLS
