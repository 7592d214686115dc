/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "stats/orf-step.h"

G_BEGIN_DECLS

/* The step of rows for samples that come at about this pace: what clocks are set to where it is
 * near that, else two digits, so that series of one source are found to have the same. */
gint64 orf_anomaly_step_tell (const gint64 first[ORF_STEP_ROWS + 1]);

G_END_DECLS
