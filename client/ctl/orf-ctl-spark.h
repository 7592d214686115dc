/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-desc.h"

G_BEGIN_DECLS

/* Small pictures in text: in block characters, or in ASCII where the terminal is not UTF-8. */

/* One character a value, from the least to the greatest; NAN leaves a gap. */
char *orf_ctl_spark_line (const double *values, guint n_values, gboolean utf8);
/* The same of points in time order, put into at most `width` columns of equal time from from_us to
 * to_us.  A column averages its points; one that only lies between two points holds the earlier,
 * and a gap in the data stays a gap. */
char *orf_ctl_spark_points (
  const OrfPoint *points, guint n_points, gint64 from_us, gint64 to_us, guint width, gboolean utf8);
/* A bar of `width` columns, `fraction` of it (clamped to 0..1) full; NAN: empty. */
char *orf_ctl_spark_bar (double fraction, guint width, gboolean utf8);

G_END_DECLS
