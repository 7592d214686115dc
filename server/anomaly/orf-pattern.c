/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomaly/orf-pattern.h"

/* Periods seen before it judges: one to learn it, two to see how far off it is. */
#define MIN_CYCLES 3
#define FAST_ROWS  16
/* A season that is so many times as far off as the level alone, for so many of its periods and of
 * rows, is not the series' any more: another one is looked for. */
#define WORSE         1.1f
#define WORSE_PERIODS 2
#define WORSE_ROWS    512
/* In usual sizes. */
#define FAR        8
#define FAR_USUAL  6
#define FAR_SEASON 4

void
orf_pattern_init (OrfPattern *pattern, guint number)
{
  *pattern = (OrfPattern){ .last = 0 };
  orf_rhythm_init (&pattern->rhythm, number);
}

static void
follow (OrfPattern *pattern, const OrfAnomalyRow *row, float rest, float fitted, float move)
{
  double rows = pattern->rhythm.n_rows - pattern->rhythm.period;
  guint32 n = (guint32) MAX (0, rows);
  float floor = row->floor;

  orf_usual_follow (&pattern->usual, row, rest, n, FAR_USUAL);
  orf_usual_follow (&pattern->usual_fitted, row, fitted, n, FAR);
  if (!isnan (move))
    orf_usual_follow (&pattern->usual_move, row, move, n, FAR);
  pattern->fast += orf_spread_limit (fitted, FAR * (pattern->usual_fitted.slow + floor)) /
                   FAST_ROWS;
  pattern->last = rest;
}

/* All sizes as this one: no season is known. */
static void
forget_sizes (OrfPattern *pattern, float usual)
{
  pattern->usual = pattern->usual_fitted = pattern->usual_move = (OrfUsual){ usual, usual };
}

/* usual: mean distance from the level. */
static gboolean
has_gone (OrfPattern *pattern, float usual)
{
  double rows = MAX (WORSE_ROWS, WORSE_PERIODS * pattern->rhythm.period);

  if (orf_rhythm_get_cycles (&pattern->rhythm) < MIN_CYCLES || pattern->usual.slow <= WORSE * usual)
    pattern->n_worse = 0;
  else
    pattern->n_worse++;
  return pattern->n_worse > rows;
}

/* Begins as new; the tails still know how far off seasons were. */
static void
search_anew (OrfPattern *pattern, float usual)
{
  orf_pattern_init (pattern, 0);
  forget_sizes (pattern, usual);
}

static void
judge (OrfPattern *pattern, OrfAnomalyRow *row, float expected, float scores[ORF_PATTERN_SCORES])
{
  float rest = row->value - expected, fitted, move;

  if (isnan (row->move)) /* after a gap */
    pattern->fast = 0;
  fitted = rest - pattern->fast;
  move = isnan (row->move) ? NAN : rest - pattern->last;
  if (orf_rhythm_get_cycles (&pattern->rhythm) >= MIN_CYCLES) {
    scores[0] = orf_spread_judge (orf_usual_get (&pattern->usual), rest, row->floor);
    scores[1] = orf_spread_judge (orf_usual_get (&pattern->usual_fitted), fitted, row->floor);
    scores[2] = orf_spread_judge (orf_usual_get (&pattern->usual_move), move, row->floor);
  }
  row->rest = rest;
  row->expected = expected;
  row->seasonal = TRUE;
  follow (pattern, row, rest, fitted, move);
}

void
orf_pattern_push (OrfPattern *pattern,
                  OrfAnomalyRow *row,
                  float usual,
                  float scores[ORF_PATTERN_SCORES])
{
  float expected = orf_rhythm_expect (&pattern->rhythm, row->at);

  scores[0] = scores[1] = scores[2] = NAN;
  if (!isnan (expected))
    judge (pattern, row, expected, scores);
  else
    forget_sizes (pattern, usual);
  if (has_gone (pattern, usual))
    search_anew (pattern, usual);
  orf_rhythm_push (&pattern->rhythm, row, FAR_SEASON * pattern->usual.slow + row->floor);
}
