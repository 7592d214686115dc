/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as the value of a header, as a path, and as a URL that a setting or a query has. */
#include <stdint.h>
#include <string.h>

#include "core/orf-url.h"
#include "orf-error.h"
#include "outbox/orf-backoff.h"
#include "redis/orf-redis-address.h"
#include "transport/orf-http-encoding.h"
#include "transport/orf-http-policy.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
read_headers (const char *text)
{
  g_autoptr (GError) error = NULL;
  gint64 deadline_ms = 0;
  const char *bearer = orf_http_policy_get_bearer (text);

  if (bearer != NULL && strlen (bearer) > strlen (text))
    g_error ("a token longer than its header");
  orf_http_policy_is_json (text);
  orf_http_encoding_takes_gzip (text);
  orf_http_encoding_matches_etag (text, "\"abc\"");
  if (orf_http_policy_parse_deadline (text, &deadline_ms, &error) &&
      (deadline_ms < 0 || deadline_ms > G_GINT64_CONSTANT (1) << 31))
    g_error ("a deadline of %" G_GINT64_FORMAT, deadline_ms);
  if (orf_backoff_parse_retry_after (text, G_GINT64_CONSTANT (1700000000000000)) < 0)
    g_error ("to be tried again before it failed");
}

static void
read_path (const char *text)
{
  gsize length = strlen (text);
  g_autofree char *path = orf_http_policy_decode_path (text, length);
  g_autofree char *word = orf_url_decode_form (text);

  if (path != NULL && (!g_utf8_validate (path, -1, NULL) || strlen (path) > length))
    g_error ("no path");
  if (word != NULL && (!g_utf8_validate (word, -1, NULL) || strlen (word) > length))
    g_error ("no word");
}

static void
check_shown (const OrfUrl *url, const char *text)
{
  const char *host = strstr (url->shown, "://") + 3;

  if (memchr (host, '@', strcspn (host, "/?#")) != NULL)
    g_error ("%s is shown of %s", url->shown, text);
}

static void
read_url (const char *text)
{
  g_autoptr (OrfUrl) url = orf_url_parse (text, "/metrics");
  g_auto (OrfRedisAddress) address = { NULL };

  if ((url != NULL) != orf_url_is_valid (text))
    g_error ("%s is a URL, and is none", text);
  if (url != NULL && url->credentials != NULL)
    check_shown (url, text);
  if (orf_redis_address_parse (&address, text, NULL) &&
      (address.path == NULL) == (address.host == NULL))
    g_error ("%s is two addresses, or none", text);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);

  read_headers (text);
  read_path (text);
  if (g_utf8_validate (text, -1, NULL))
    read_url (text);
  return 0;
}
