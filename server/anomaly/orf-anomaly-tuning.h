/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a person may want otherwise than it is found by itself.  A value; all 0: as built. */
typedef struct {
  guint look_back_rows;       /* of the long level, and usual sizes over a quarter of them */
  float threshold_deviations; /* where no detector sees a row so far out, it is nothing; drift,
                               * silence and the axes are not measured so */
} OrfAnomalyTuning;

#define ORF_ANOMALY_LOOK_BACK_ROWS     1024
#define ORF_ANOMALY_LOOK_BACK_ROWS_MIN 32
#define ORF_ANOMALY_LOOK_BACK_ROWS_MAX 65536

G_END_DECLS
