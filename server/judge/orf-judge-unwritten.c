/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/orf-judge-unwritten.h"

/* Of verdicts: an hour of a few hundred series, and 1.3 MB. */
#define MAX_VERDICTS 20000
#define MAX_WARNINGS 1000

struct _OrfJudgeUnwritten {
  OrfForecastChange *kept; /* of which the forecasts and states are empty */
};

OrfJudgeUnwritten *
orf_judge_unwritten_new (void)
{
  OrfJudgeUnwritten *unwritten = g_new0 (OrfJudgeUnwritten, 1);

  unwritten->kept = orf_forecast_change_new ();
  return unwritten;
}

void
orf_judge_unwritten_free (OrfJudgeUnwritten *unwritten)
{
  if (unwritten == NULL)
    return;
  orf_forecast_change_free (unwritten->kept);
  g_free (unwritten);
}

static void
append_warnings (GArray *to, const GArray *from, guint n)
{
  for (guint i = 0; i < n; i++) {
    OrfForecastWarningRow row = g_array_index (from, OrfForecastWarningRow, i);

    row.device = g_strdup (row.device);
    g_array_append_val (to, row);
  }
}

void
orf_judge_unwritten_keep (OrfJudgeUnwritten *unwritten,
                          const GArray *verdicts,
                          const GArray *warnings)
{
  OrfForecastChange *kept = unwritten->kept;

  g_array_append_vals (kept->verdicts, verdicts->data,
                       MIN (verdicts->len, MAX_VERDICTS - kept->verdicts->len));
  append_warnings (kept->warnings, warnings,
                   MIN (warnings->len, MAX_WARNINGS - kept->warnings->len));
}

void
orf_judge_unwritten_join (OrfJudgeUnwritten *unwritten, OrfForecastChange *change)
{
  OrfForecastChange *kept = unwritten->kept;
  GArray *warnings;

  g_array_prepend_vals (change->verdicts, kept->verdicts->data, kept->verdicts->len);
  g_array_set_size (kept->verdicts, 0);
  if (kept->warnings->len == 0)
    return;
  /* rows own a string: those kept become the change's, and its own are copied behind them */
  warnings = change->warnings;
  append_warnings (kept->warnings, warnings, warnings->len);
  change->warnings = kept->warnings;
  kept->warnings = warnings;
  g_array_set_size (kept->warnings, 0);
}
