/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-settle.h"

/* Two looks that agree may stand on both sides of a fall and a rise. */
#define MIN_LOOKS 3

void
orf_settle_begin (OrfSettle *settle, const OrfSettleLimits *limits)
{
  *settle = (OrfSettle){ .limits = *limits };
}

static void
begin_anew (OrfSettle *settle, gint64 t_us, gint64 bytes)
{
  settle->since_us = settle->last_us = t_us;
  settle->low_bytes = settle->high_bytes = bytes;
  settle->n_looks = 1;
}

void
orf_settle_add (OrfSettle *settle, gint64 t_us, gint64 bytes)
{
  gint64 low = MIN (settle->low_bytes, bytes);
  gint64 high = MAX (settle->high_bytes, bytes);

  if (bytes < 0) {
    settle->n_looks = 0;
  } else if (settle->n_looks == 0 || high - low > settle->limits.band_bytes) {
    begin_anew (settle, t_us, bytes);
  } else {
    settle->low_bytes = low;
    settle->high_bytes = high;
    settle->last_us = t_us;
    settle->n_looks++;
  }
}

gboolean
orf_settle_is_flat (const OrfSettle *settle)
{
  return settle->n_looks >= MIN_LOOKS &&
         settle->last_us - settle->since_us >= settle->limits.window_us;
}

/* Whether what was to come has come. */
static gboolean
is_satisfied (const OrfTurnFacts *facts)
{
  if (!facts->may_still_free)
    return TRUE;
  if (facts->wanted_bytes >= 0)
    return facts->freed_bytes + facts->tolerance_bytes >= facts->wanted_bytes;
  return facts->freed_bytes > facts->tolerance_bytes;
}

gboolean
orf_settle_turn_is_over (const OrfSettle *settle, const OrfTurnFacts *facts)
{
  gint64 graced_us = facts->answered_us + facts->grace_us;

  if (facts->now_us >= facts->end_us)
    return TRUE;
  if (!facts->answered)
    return FALSE;
  /* Nothing can be seen to settle: what it does is given its time, and not more. */
  if (facts->freed_bytes < 0 && settle->n_looks == 0)
    return !facts->may_still_free || facts->now_us >= graced_us;
  return orf_settle_is_flat (settle) && (is_satisfied (facts) || facts->now_us >= graced_us);
}
