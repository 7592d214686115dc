/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-http-send.h"

/* Of a message: how many there were. */
static const char count_key[] = "orf-interim-answers";

static guint
get_count (SoupMessage *message)
{
  return GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (message), count_key));
}

static void
interim_cb (SoupMessage *message, gpointer user_data)
{
  guint count = get_count (message) + 1;

  g_object_set_data (G_OBJECT (message), count_key, GUINT_TO_POINTER (count));
  if (count > ORF_HTTP_MAX_INTERIM)
    g_cancellable_cancel (user_data);
}

void
orf_http_send_async (SoupSession *session,
                     SoupMessage *message,
                     GCancellable *cancellable,
                     GAsyncReadyCallback done,
                     gpointer user_data)
{
  g_signal_connect_object (message, "got-informational", G_CALLBACK (interim_cb), cancellable, 0);
  soup_session_send_async (session, message, G_PRIORITY_DEFAULT, cancellable, done, user_data);
}

GInputStream *
orf_http_send_finish (SoupSession *session, GAsyncResult *result, GError **error)
{
  SoupMessage *message = soup_session_get_async_result_message (session, result);
  g_autoptr (GError) failure = NULL;
  GInputStream *stream = soup_session_send_finish (session, result, &failure);

  if (stream != NULL)
    return stream;
  if (get_count (message) > ORF_HTTP_MAX_INTERIM)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                         "more than " G_STRINGIFY (
                           ORF_HTTP_MAX_INTERIM) " answers of 1xx came before the answer");
  else
    g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}
