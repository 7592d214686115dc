/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-pace.h"

#include "core/orf-clock.h"

/* By so much a timer may come early: it counts in milliseconds, and clocks are slewed. */
#define EARLY_US ORF_US_PER_MS
/* A look that comes later than this is left out. */
#define MAX_LATE_US  ORF_US_PER_S
#define MAX_AHEAD_US ORF_US_PER_S
/* Set back by less, a clock is waited for. */
#define SET_BACK_US ORF_US_PER_S

static gint64
next_multiple (gint64 period_us, gint64 after_us)
{
  return (after_us / period_us + 1) * period_us;
}

void
orf_pace_plan (OrfPace *pace, gint64 now_us, const gint64 *periods_us, guint n_periods)
{
  gint64 after_us, due_us;

  if (pace->last_us > now_us + SET_BACK_US) {
    pace->last_us = 0;
    pace->shift_us++;
  }
  after_us = MAX (now_us, pace->last_us);
  due_us = next_multiple (MAX_AHEAD_US, after_us);
  for (guint i = 0; i < n_periods; i++)
    due_us = MIN (due_us, next_multiple (periods_us[i], after_us));
  pace->due_us = due_us;
}

gboolean
orf_pace_is_due (const OrfPace *pace, gint64 now_us)
{
  return now_us >= pace->due_us - EARLY_US && now_us <= pace->due_us + MAX_LATE_US;
}

gboolean
orf_pace_is_turn (const OrfPace *pace, gint64 period_us)
{
  return pace->due_us % period_us == 0;
}

void
orf_pace_pass (OrfPace *pace)
{
  pace->last_us = pace->due_us;
}

gint64
orf_pace_take_time (OrfPace *pace)
{
  gint64 t_us = pace->last_us;

  if (t_us <= pace->newest_us)
    t_us += pace->shift_us;
  pace->newest_us = MAX (pace->newest_us, t_us);
  return t_us;
}

gboolean
orf_pace_is_new_period (gint64 period_us, gint64 last_us, gint64 t_us)
{
  return t_us < last_us || t_us / period_us > last_us / period_us;
}
