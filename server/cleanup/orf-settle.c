/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-settle.h"

/* Two looks that agree may stand on both sides of a fall and a rise. */
#define MIN_LOOKS 3

void
orf_settle_begin (OrfSettle *settle, const OrfSettleLimits *limits)
{
  *settle = (OrfSettle){ .limits = *limits, .peak_bytes = -1, .fallen_bytes = -1 };
}

static void
begin_anew (OrfSettle *settle, gint64 t_us, gint64 bytes)
{
  settle->since_us = settle->last_us = t_us;
  settle->low_bytes = settle->high_bytes = bytes;
  settle->n_looks = 1;
}

static void
note_fall (OrfSettle *settle, gint64 bytes)
{
  if (bytes < 0)
    return;
  if (settle->peak_bytes < 0 || !settle->peak_closed)
    settle->peak_bytes = MAX (settle->peak_bytes, bytes);
  settle->fallen_bytes = MAX (settle->fallen_bytes, settle->peak_bytes - bytes);
  settle->fallen_bytes = MAX (settle->fallen_bytes, 0);
}

void
orf_settle_close_peak (OrfSettle *settle)
{
  settle->peak_closed = TRUE;
}

gint64
orf_settle_get_fallen_bytes (const OrfSettle *settle)
{
  return settle->fallen_bytes;
}

void
orf_settle_add (OrfSettle *settle, gint64 t_us, gint64 bytes)
{
  gint64 low = MIN (settle->low_bytes, bytes);
  gint64 high = MAX (settle->high_bytes, bytes);

  note_fall (settle, bytes);
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
    return facts->released_bytes + facts->tolerance_bytes >= facts->wanted_bytes;
  return facts->released_bytes > facts->tolerance_bytes;
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
  if (facts->released_bytes < 0 && settle->n_looks == 0)
    return !facts->may_still_free || facts->now_us >= graced_us;
  return orf_settle_is_flat (settle) && (is_satisfied (facts) || facts->now_us >= graced_us);
}
