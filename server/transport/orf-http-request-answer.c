/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The message is paused only where the answer comes later: resuming takes libsoup an idle source,
 * which costs a third of the rate.
 */
#include "transport/orf-http-request-private.h"

#include <string.h>

#include "transport/orf-http-own-answer.h"

#define STATUS_METHOD_NOT_ALLOWED     405
#define STATUS_UNSUPPORTED_MEDIA_TYPE 415

void
orf_http_request_add_header (OrfHttpRequest *request, const char *name, const char *value)
{
  soup_message_headers_replace (soup_server_message_get_response_headers (request->message), name,
                                value);
}

void
orf_http_request_add_retry_after (OrfHttpRequest *request, gint64 retry_after_ms)
{
  char text[32];

  g_snprintf (text, sizeof text, "%" G_GINT64_FORMAT, orf_http_get_retry_after_s (retry_after_ms));
  orf_http_request_add_header (request, "Retry-After", text);
}

/* Of an answer with no body libsoup believes that the connection's end ends it, and closes. */
static void
keep_alive_cb (SoupServerMessage *message, gpointer user_data)
{
  soup_message_headers_set_encoding (soup_server_message_get_response_headers (message),
                                     SOUP_ENCODING_NONE);
}

void
orf_http_request_answer (
  OrfHttpRequest *request, int status, const char *type, const char *body, gsize length)
{
  request->answered = TRUE;
  soup_server_message_set_status (request->message, (guint) status, orf_http_get_phrase (status));
  if (request->service->draining)
    orf_http_request_add_header (request, "Connection", "close");
  if (body != NULL)
    soup_server_message_set_response (request->message, type, SOUP_MEMORY_COPY, body, length);
  else
    g_signal_connect (request->message, "wrote-headers", G_CALLBACK (keep_alive_cb), NULL);
  if (request->paused) {
    request->paused = FALSE;
    soup_server_message_unpause (request->message);
  }
}

void
orf_http_request_answer_error (OrfHttpRequest *request, int status, const GError *error)
{
  gsize length;
  g_autofree char *body = orf_rest_error_body (error, &length);

  orf_http_request_answer (request, status, ORF_HTTP_JSON, body, length);
}

void
orf_http_request_refuse (OrfHttpRequest *request,
                         int status,
                         OrfErrorCode code,
                         const char *message)
{
  g_autoptr (GError) error = g_error_new_literal (ORF_ERROR, (int) code, message);

  orf_http_request_answer_error (request, status, error);
}

void
orf_http_request_refuse_unauthenticated (OrfHttpRequest *request, const GError *error)
{
  orf_http_request_add_header (request, "WWW-Authenticate", "Bearer");
  orf_http_request_answer_error (request, orf_error_code_to_http (orf_error_get_code (error)),
                                 error);
}

void
orf_http_request_refuse_verb (OrfHttpRequest *request, const char *allow)
{
  g_autofree char *message = g_strdup_printf ("%s is not taken here, but %s", request->verb, allow);

  orf_http_request_add_header (request, "Allow", allow);
  orf_http_request_refuse (request, STATUS_METHOD_NOT_ALLOWED, ORF_ERROR_METHOD_NOT_FOUND, message);
}

gboolean
orf_http_request_check_json (OrfHttpRequest *request)
{
  if (orf_http_policy_is_json (orf_http_request_get_header (request, "Content-Type")))
    return TRUE;
  orf_http_request_refuse (request, STATUS_UNSUPPORTED_MEDIA_TYPE, ORF_ERROR_INVALID_ARGUMENT,
                           "the content type has to be application/json");
  return FALSE;
}

gboolean
orf_http_request_check_post (OrfHttpRequest *request)
{
  if (strcmp (request->verb, "POST") == 0)
    return TRUE;
  orf_http_request_refuse_verb (request, "POST");
  return FALSE;
}
