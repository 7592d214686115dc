/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "forecast/orf-outlook.h"

G_BEGIN_DECLS

/*
 * When it is said that a series will reach its threshold, and what came of it.  Said where the
 * median of the time until then is within the lead and its 80 % interval has an end: of two
 * warnings with such a time, one comes true before it and one after, and nine in ten before the
 * end, which is what they are judged by.  The interval's lower end would cry wolf, its upper end
 * comes too late to act on.  Where the series is not quiet and nothing leaks, no time to a
 * threshold is right more often than once in six (see doc/predictions.md): nothing is said.  Pure;
 * all zero is a series that was never looked at; event time.
 */
typedef struct {
  gint64 id; /* of the open warning; 0: none */
  gint64 made_us, expected_upper_us;
  gint64 quiet_until_us; /* after a false alarm, no other before */
  guint n_rows;          /* seen below the threshold, ever */
  guint n_below;         /* since it was last reached */
  gboolean reached;      /* and not gone for good since */
} OrfJudgeWarningState;

typedef enum {
  ORF_JUDGE_WARNING_NONE,
  ORF_JUDGE_WARNING_SAY,
  ORF_JUDGE_WARNING_CAME_TRUE,
  ORF_JUDGE_WARNING_FALSE_ALARM,
  ORF_JUDGE_WARNING_UNKNOWN, /* nothing was seen of its time */
  ORF_JUDGE_WARNING_MISSED,
} OrfJudgeWarningStep;

typedef struct {
  gint64 t_us;      /* the end of the row */
  gint64 before_us; /* the end of the row before; 0: none */
  gint64 row_us;
  double value, threshold;
  gboolean falling; /* it is reached downwards */
  gboolean history; /* what came is judged, but nothing is said any more */
  gint64 lead_us;
} OrfJudgeWarningInput;

/* The row came: what of an open warning, or of one that is missed.  Before the outlook is known. */
OrfJudgeWarningStep
orf_judge_warning_look (OrfJudgeWarningState *state, const OrfJudgeWarningInput *input);
/* Whether a warning is to be said now; its id is then to be set in the state. */
gboolean orf_judge_warning_decide (OrfJudgeWarningState *state,
                                   const OrfJudgeWarningInput *input,
                                   const OrfOutlook *outlook);

G_END_DECLS
