/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/*
 * As soup_session_send_async() and its finish, at the default priority, but for answers before the
 * answer (HTTP 1xx): libsoup reads on in the same turn of the loop while any are there, so that who
 * sends them without end holds up the whole loop, and every deadline.  Beyond ORF_HTTP_MAX_INTERIM
 * the request is cancelled, and fails with G_IO_ERROR_INVALID_DATA.
 */
#define ORF_HTTP_MAX_INTERIM 16

void orf_http_send_async (SoupSession *session,
                          SoupMessage *message,
                          GCancellable *cancellable,
                          GAsyncReadyCallback done,
                          gpointer user_data);
GInputStream *orf_http_send_finish (SoupSession *session, GAsyncResult *result, GError **error);

G_END_DECLS
