/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as the value of a header, as a form's, and as a URL that a setting or a query has. */
#include <stdint.h>
#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-url.h"
#include "outbox/orf-backoff.h"
#include "redis/orf-redis-address.h"
#include "transport/orf-http-encoding.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_backoff (gint64 asked_us)
{
  const OrfBackoff backoff = { ORF_US_PER_S, 60 * ORF_US_PER_S, 300 * ORF_US_PER_S };

  for (guint attempts = 1; attempts < 10; attempts++) {
    gint64 wait_us = orf_backoff_get_us (&backoff, attempts, attempts / 10.0, asked_us);

    if (wait_us < backoff.first_us / 2 || wait_us < MIN (asked_us, backoff.retry_after_max_us) ||
        wait_us > MAX (backoff.max_us, backoff.retry_after_max_us))
      g_error ("%" G_GINT64_FORMAT " us are waited", wait_us);
  }
}

static void
read_headers (const char *text)
{
  gint64 retry_us = orf_backoff_parse_retry_after (text, G_GINT64_CONSTANT (1700000000000000));

  if (retry_us < 0)
    g_error ("to be tried again before it failed");
  check_backoff (retry_us);
  orf_http_encoding_takes_gzip (text);
  orf_http_encoding_matches_etag (text, "\"abc\"");
  if (orf_http_encoding_takes_gzip (NULL) || orf_http_encoding_matches_etag (NULL, "\"abc\"") ||
      orf_backoff_parse_retry_after (NULL, 0) != 0)
    g_error ("something was read of nothing");
}

static void
read_form (const char *text)
{
  g_autofree char *word = orf_url_decode_form (text);

  if (word != NULL && (!g_utf8_validate (word, -1, NULL) || strlen (word) > strlen (text)))
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
  read_form (text);
  if (g_utf8_validate (text, -1, NULL))
    read_url (text);
  return 0;
}
