/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "core/orf-cancel.h"
#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * Values judged at once, with nothing known but what comes with them.  Pure; in any thread.
 *
 * A value is anomalous that is rarer than the promised number of alarms a day; where so little
 * comes with it that nothing could be, than what little there is allows: of runs without anything
 * strange one in ten then has a value that is called so, and of vectors two in as many as there are
 * rows of history.
 */
typedef struct {
  float score; /* -log10 of how rare; NAN: too little came before */
  gboolean anomalous;
  const char *detector; /* static; NULL: nothing is strange */
  OrfAnomalyKind kind;  /* of it; UNSET */
} OrfScored;

/* With less before it nothing is judged. */
#define ORF_SCORE_MIN_BEFORE 50
/* A vector is judged by so many rows at least. */
#define ORF_SCORE_MIN_ROWS 100

/* Each of n values by those before it, as the daemon's watch would have.  step_us: between two.
 * FALSE: it was cancelled. */
gboolean orf_score_run (const double *values,
                        guint n,
                        gint64 step_us,
                        double alarms_per_day,
                        OrfCancel *cancel,
                        OrfScored *scored);

/* n values by rows of as many, by time: whether they are a rare kind of row (an isolation forest),
 * move together as they do (the axes), and the furthest of them by itself.  n: 1 to
 * ORF_ISOLATION_TREE_FEATURES, rows at least ORF_SCORE_MIN_ROWS. */
OrfScored orf_score_vector (
  const double *values, guint n, const GArray *rows, gint64 step_us, double alarms_per_day);

G_END_DECLS
