/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomalies/orf-anomaly-desk.h"
#include "core/orf-memory.h"
#include "core/orf-queue.h"

G_BEGIN_DECLS

/* What is handed to the thread of anomalies with a frame, and what comes back. */
typedef struct {
  OrfJob base;
  OrfAnomalyDesk *desk;
  OrfMemory *memory; /* ORF_MEMORY_ANOMALIES is counted here */
  /* in */
  gint64 now_us, awake_us;
  OrfAnomalyWishes wishes;
  GArray *quiets;    /* OrfAnomalyQuiet, all there are; NULL: as before */
  GArray *openings;  /* OrfAnomalyOpening */
  GArray *samples;   /* OrfAnomalySample: after the openings */
  GArray *closings;  /* guint, numbers: after the samples */
  gboolean finishes; /* it is the last */
  /* out */
  GArray *findings;  /* OrfAnomalyFinding */
  GPtrArray *states; /* OrfAnomalyStateRow */
  OrfAnomalyDeskFigures figures;
  gint64 tick_us; /* what this job took */
  /* the main context's */
  gpointer user_data;
} OrfAnomalyJob;

/* All arrays but quiets are there, and empty.  base.reply, base.done and what is in are to be set.
 */
OrfAnomalyJob *orf_anomaly_job_new (OrfAnomalyDesk *desk, OrfMemory *memory);
/* Arrays of what owns its texts. */
GArray *orf_anomaly_quiet_array_new (void);
GArray *orf_anomaly_openings_new (void);

G_END_DECLS
