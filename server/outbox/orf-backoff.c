/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "outbox/orf-backoff.h"

#include <libsoup/soup.h>

#include "core/orf-clock.h"

gint64
orf_backoff_get_us (const OrfBackoff *backoff, guint attempts, double random, gint64 retry_after_us)
{
  gint64 wait_us = backoff->first_us;

  for (guint i = 1; i < attempts && wait_us < backoff->max_us; i++)
    wait_us *= 2;
  wait_us = MIN (wait_us, backoff->max_us);
  wait_us -= (gint64) ((double) wait_us / 2 * random);
  return MAX (wait_us, MIN (retry_after_us, backoff->retry_after_max_us));
}

gint64
orf_backoff_parse_retry_after (const char *value, gint64 now_us)
{
  g_autoptr (GDateTime) date = NULL;
  guint64 seconds;

  if (value == NULL)
    return 0;
  /* beyond a century nothing changes any more, and no product overflows */
  if (g_ascii_string_to_unsigned (value, 10, 0, G_MAXUINT64, &seconds, NULL))
    return (gint64) MIN (seconds, G_MAXUINT32) * ORF_US_PER_S;
  date = soup_date_time_new_from_http_string (value);
  if (date == NULL)
    return 0;
  return MAX (g_date_time_to_unix (date) * ORF_US_PER_S - now_us, 0);
}
