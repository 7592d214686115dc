/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/orf-judge-warning.h"

/* A series that was never seen below its threshold for so long could not be warned of. */
#define KNOWN_ROWS 10
/* Below the threshold for so many rows, the next time it is reached is another. */
#define GONE_ROWS 5
/* A row is a mean: what is reached within the next two is in time whatever the interval says. */
#define LEAST_ROWS 2
/* An end further away is none: it would be beyond the times that there are. */
#define MAX_END_US 4e15
/* As the forecaster has it: further apart, what was between is not known. */
#define GAP_ROWS 3

static OrfJudgeWarningStep
reach (OrfJudgeWarningState *state, const OrfJudgeWarningInput *input)
{
  gboolean was_reached = state->reached, known = state->n_rows >= KNOWN_ROWS;

  state->reached = TRUE;
  state->n_below = 0;
  if (state->id != 0)
    return ORF_JUDGE_WARNING_CAME_TRUE;
  return was_reached || !known || input->history ? ORF_JUDGE_WARNING_NONE
                                                 : ORF_JUDGE_WARNING_MISSED;
}

OrfJudgeWarningStep
orf_judge_warning_look (OrfJudgeWarningState *state, const OrfJudgeWarningInput *input)
{
  gboolean late = state->id != 0 && input->t_us > state->expected_upper_us;
  gboolean gap = input->before_us != 0 && input->t_us - input->before_us > GAP_ROWS * input->row_us;

  if (gap)
    state->n_rows = 0;
  if (late && gap && input->before_us < state->expected_upper_us)
    return ORF_JUDGE_WARNING_UNKNOWN;
  if (late) {
    state->quiet_until_us = input->t_us + input->lead_us;
    return ORF_JUDGE_WARNING_FALSE_ALARM;
  }
  if (input->falling ? input->value <= input->threshold : input->value >= input->threshold)
    return reach (state, input);
  state->n_rows++;
  state->n_below++;
  if (state->n_below >= GONE_ROWS)
    state->reached = FALSE;
  return ORF_JUDGE_WARNING_NONE;
}

gboolean
orf_judge_warning_decide (OrfJudgeWarningState *state,
                          const OrfJudgeWarningInput *input,
                          const OrfOutlook *outlook)
{
  gint64 least_us = LEAST_ROWS * input->row_us;

  if (input->history || state->id != 0 || state->reached || input->t_us < state->quiet_until_us)
    return FALSE;
  if (outlook->regime != ORF_REGIME_QUIET && !outlook->leak)
    return FALSE;
  if (!(outlook->tte_us <= (double) input->lead_us) || !(outlook->tte_upper_us < MAX_END_US))
    return FALSE;
  state->made_us = input->t_us;
  state->expected_upper_us = input->t_us + MAX ((gint64) outlook->tte_upper_us, least_us);
  return TRUE;
}
