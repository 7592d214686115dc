/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-covers.h"

gint64
orf_cache_covers_look (
  OrfCacheCovers *covers, const OrfCacheCover *now, gint64 now_us, gint64 most_us, gboolean *lost)
{
  gint64 least_us = most_us;

  *lost = FALSE;
  for (guint i = 0; i < ORF_CACHE_MAX_NODES; i++) {
    gboolean holds = now[i].until_us > now_us;

    if (covers->epochs[i] != now[i].epoch || (covers->held[i] && !holds))
      *lost = TRUE;
    if (holds)
      least_us = MIN (least_us, now[i].until_us - now_us);
    covers->epochs[i] = now[i].epoch;
    covers->held[i] = holds;
  }
  return least_us;
}
