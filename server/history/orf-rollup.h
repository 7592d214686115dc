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
  double last; /* of the newest sample */
} OrfRollup;

/* The largest multiple of step_us that is not above t_us. */
gint64 orf_rollup_align (gint64 t_us, gint64 step_us);
/* Appends the rows of samples by rising time to rows (of OrfRollup), by time. */
void orf_rollup_fold (gint64 series_id,
                      const gint64 *times_us,
                      const double *values,
                      gsize count,
                      gint64 step_us,
                      GArray *rows);
/* Adds what comes later than it. */
void orf_rollup_add (OrfRollup *rollup, const OrfRollup *later);

G_END_DECLS
