/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions of browsers: how they begin and end. */
#include "transport/orf-http-request-private.h"

#include "transport/orf-http-address.h"
#include "transport/orf-http-session.h"

/* Who needs no token gets his session with the page, so that what the page does is done by a
 * session everywhere. */
void
orf_http_login_give_session (OrfHttpRequest *request)
{
  const OrfCredentials credentials = orf_http_request_get_credentials (request);
  g_autofree char *id = orf_gate_open_page_session (request->service->gate, &credentials);
  g_autofree char *cookie = NULL;

  if (id == NULL)
    return;
  cookie = orf_http_session_new_cookie (&request->service->policy, id);
  orf_http_request_add_header (request, "Set-Cookie", cookie);
}

static void
answer_with_cookie (OrfHttpRequest *request, const char *id)
{
  g_autofree char *cookie = orf_http_session_new_cookie (&request->service->policy, id);

  orf_http_request_add_header (request, "Set-Cookie", cookie);
  orf_http_request_answer (request, SOUP_STATUS_NO_CONTENT, NULL, NULL, 0);
}

/* A form of another page cannot send application/json, so nobody is logged in unawares. */
void
orf_http_login_start (OrfHttpRequest *request)
{
  const OrfHttpRequestSource *source = &request->source;
  g_autoptr (GError) error = NULL;
  g_autofree char *token = NULL;
  g_autofree char *id = NULL;
  g_autofree char *address = NULL;

  if (!orf_http_request_check_post (request) || !orf_http_request_check_json (request))
    return;
  token = orf_http_session_dup_token (source->body, source->body_length, &error);
  if (token == NULL) {
    orf_http_request_answer_error (request, SOUP_STATUS_BAD_REQUEST, error);
    return;
  }
  address = orf_http_address_to_text (source->address);
  id = orf_gate_log_in (request->service->gate, token, address, &error);
  if (id != NULL)
    answer_with_cookie (request, id);
  else
    orf_http_request_answer_error (request, SOUP_STATUS_UNAUTHORIZED, error);
}

/* Whatever the cookie was worth: the browser forgets it. */
void
orf_http_login_start_logout (OrfHttpRequest *request)
{
  const OrfCredentials credentials = orf_http_request_get_credentials (request);
  g_autofree char *address = orf_http_address_to_text (request->source.address);

  if (!orf_http_request_check_post (request))
    return;
  orf_gate_log_out (request->service->gate, &credentials, address);
  answer_with_cookie (request, NULL);
}
