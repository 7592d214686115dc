/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-http-own-answer.h"

#include <libsoup/soup.h>

#include "transport/orf-http-policy.h"
#include "transport/orf-http-request-private.h"

#define STATUS_TOO_MANY_REQUESTS 429
#define STATUS_HEADER_TOO_LARGE  431

#define MS_PER_S 1000

const char *
orf_http_get_phrase (int status)
{
  switch (status) {
  /* what libsoup does not know */
  case ORF_HTTP_UPGRADE_REQUIRED:
    return "Upgrade Required";
  case STATUS_TOO_MANY_REQUESTS:
    return "Too Many Requests";
  case STATUS_HEADER_TOO_LARGE:
    return "Request Header Fields Too Large";
  default:
    return soup_status_get_phrase ((guint) status);
  }
}

gint64
orf_http_get_retry_after_s (gint64 retry_after_ms)
{
  return (retry_after_ms + MS_PER_S - 1) / MS_PER_S;
}

void
orf_http_own_answer_add (const OrfHttpOwnAnswer *answer, OrfHttpOutbox *out)
{
  g_autoptr (GString) head = g_string_sized_new (1024);

  g_string_printf (head, "HTTP/1.1 %d %s\r\n%s", answer->status,
                   orf_http_get_phrase (answer->status), orf_http_policy_guards);
  if (answer->retry_after_ms > 0)
    g_string_append_printf (head, "Retry-After: %" G_GINT64_FORMAT "\r\n",
                            orf_http_get_retry_after_s (answer->retry_after_ms));
  if (answer->closes)
    g_string_append (head, "Connection: close\r\n");
  g_string_append_printf (head, "Content-Type: %s\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n",
                          answer->content_type, answer->length);
  orf_http_outbox_add (out, head->str, head->len);
  orf_http_outbox_add (out, answer->body, answer->length);
}
