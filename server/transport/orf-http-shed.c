/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-http-shed.h"

#include <string.h>

#include "orf-error.h"
#include "orf-json.h"
#include "rpc/orf-rest.h"
#include "rpc/orf-route.h"
#include "transport/orf-http-own-answer.h"

#define VERB    "GET "
#define VERSION " HTTP/1.1\r\n"

/* Of a connection that goes on afterwards. */
static gboolean
is_plain_get (const OrfHttpFraming *framing, const char *target)
{
  gsize length, target_length = strlen (target);
  const char *head = orf_http_framing_get_head (framing, &length);
  g_autofree char *options = NULL;

  if (length < strlen (VERB VERSION) + target_length || !g_str_has_prefix (head, VERB) ||
      memcmp (head + strlen (VERB) + target_length, VERSION, strlen (VERSION)) != 0)
    return FALSE;
  options = orf_http_framing_dup_field (framing, "Connection");
  return options == NULL || g_ascii_strcasecmp (options, "keep-alive") == 0;
}

static const OrfMethod *
find_method (const char *target)
{
  g_autofree char *path = orf_http_policy_decode_path (target, strcspn (target, "?"));
  g_autofree char *allow = NULL;
  g_autoptr (json_t) params = NULL;
  const OrfRoute *route = path != NULL ? orf_route_find ("GET", path, &params, &allow) : NULL;

  return route != NULL ? &orf_methods[route->method] : NULL;
}

static void
tell (OrfHttpOutbox *out, const GError *error)
{
  OrfHttpOwnAnswer answer = { .status = orf_error_code_to_http (orf_error_get_code (error)),
                              .content_type = "application/json",
                              .retry_after_ms = orf_error_get_retry_after_ms (error) };
  g_autofree char *body = orf_rest_error_body (error, &answer.length);

  answer.body = body;
  orf_http_own_answer_add (&answer, out);
}

gboolean
orf_http_shed (const OrfHttpService *service, const OrfHttpFraming *framing, OrfHttpOutbox *out)
{
  const char *target = orf_http_framing_get_target (framing);
  const OrfMethod *method = NULL;
  g_autoptr (GError) error = NULL;

  if (service->bare || service->draining || !orf_router_is_full (service->router))
    return FALSE;
  if (is_plain_get (framing, target))
    method = find_method (target);
  if (method == NULL || orf_router_admits (service->router, method, &error))
    return FALSE;
  tell (out, error);
  return TRUE;
}
