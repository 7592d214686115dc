/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define ORF_MINUTE_US (60 * G_GINT64_CONSTANT (1000000))
#define ORF_HOUR_US   (60 * ORF_MINUTE_US)

/* What the samples of one series in [t_us, t_us + step) come to.  A row of rollup_1m or rollup_1h.
 */
typedef struct {
  gint64 series_id;
  gint64 t_us; /* a multiple of the step */
  gint64 count;
  double min, max, sum;
  double last;        /* of the newest sample */
  GByteArray *sketch; /* an encoded OrfSketch of the values; NULL: none */
} OrfRollup;

/* Of OrfRollup, each of which it owns the sketch of. */
GArray *orf_rollup_array_new (void);
/* Of what is measured in it, rollups have a sketch: latencies are asked for by percentile. */
gboolean orf_rollup_is_duration (const char *unit);

/* The largest multiple of step_us that is not above t_us. */
gint64 orf_rollup_align (gint64 t_us, gint64 step_us);
/* Appends the rows of samples by rising time to rows, by time; with sketches where that is asked.
 */
void orf_rollup_fold (gint64 series_id,
                      const gint64 *times_us,
                      const double *values,
                      gsize count,
                      gint64 step_us,
                      gboolean sketched,
                      GArray *rows);
/* Adds what comes later than it, but no sketch. */
void orf_rollup_add (OrfRollup *rollup, const OrfRollup *later);
/* Rows by time as one, at t_us; it has a sketch where all of them have.  DATA_LOSS: a sketch is
 * broken. */
gboolean
orf_rollup_sum (const OrfRollup *rows, guint n_rows, gint64 t_us, OrfRollup *sum, GError **error);

G_END_DECLS
