/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomaly/orf-alarm-gate.h"
#include "anomaly/orf-anomaly-watch.h"
#include "anomaly/orf-decayed-pca.h"
#include "anomaly/orf-discord.h"
#include "anomaly/orf-rolling-forest.h"

G_BEGIN_DECLS

/*
 * The series of one entity (a device, a host, a service), judged row by row: each by itself, and
 * how they move together.  What they say is one score: the rarest series, corrected for how many
 * there are; a share of what each other says beyond the usual; what the main axes do not explain;
 * and whether it is a rare kind of row, where a forest was asked for.  One series is a group too.
 * Each series has a place in it, from when it joins until it leaves; the axes begin anew where
 * another joins.
 */
typedef struct _OrfAnomalyGroup OrfAnomalyGroup;

#define ORF_ANOMALY_GROUP_MAX    ORF_DECAYED_PCA_MAX /* series */
#define ORF_ANOMALY_GROUP_FOREST 3
/* Rows that shapes are looked for in: an hour of a row a second, 14 days of five minutes each. */
#define ORF_ANOMALY_GROUP_PAST 4096

typedef struct {
  guint n_series;   /* at first, at the places from 0 on; to ORF_ANOMALY_GROUP_MAX */
  gint64 step_us;   /* > 0 */
  guint64 counters; /* bit i: series i only rises, and a fall is a restart */
  guint number;     /* among others: their costly rows are then not the same ones */
} OrfAnomalySetup;

typedef struct {
  float score;          /* -log10 of how rare the row is; 0 too where that was told already */
  float whole;          /* the same, told or not */
  gboolean ready;       /* FALSE: too few rows came yet to call it an alarm */
  OrfDetector detector; /* ORF_N_DETECTORS, ORF_DETECTOR_FOREST: of all together */
  guint series;         /* the strangest one's place */
  double expected, lower, upper; /* of it; NAN: nothing is */
  /* The strangest one by itself, whatever the axes say; its value (of a counter, what it rose by).
   */
  OrfAnomalyVerdict alone;
  guint alone_series;
  double alone_value;
} OrfAnomalyGroupVerdict;

/* NULL: the setup is not one (INVALID_ARGUMENT). */
OrfAnomalyGroup *orf_anomaly_group_new (const OrfAnomalySetup *setup, GError **error);
void orf_anomaly_group_free (OrfAnomalyGroup *self);

/* FALSE: there is no room.  place: of the series from here on. */
gboolean orf_anomaly_group_join (OrfAnomalyGroup *self, gboolean counter, guint *place);
void orf_anomaly_group_leave (OrfAnomalyGroup *self, guint place);
/* All that was learnt is forgotten; who is there stays. */
void orf_anomaly_group_begin_anew (OrfAnomalyGroup *self);

/* values: by place; not finite: none, as where no series is.  FALSE: the row is not later than the
 * last. */
gboolean orf_anomaly_group_push (OrfAnomalyGroup *self,
                                 gint64 t_us,
                                 const double *values,
                                 OrfAnomalyGroupVerdict *verdict);
/* With a forest or without, from the next row on; it is of no use below ORF_ANOMALY_GROUP_FOREST
 * series, and is not begun there.  It takes 230 KB and 4 KB for each series, and is saved. */
void orf_anomaly_group_set_forest (OrfAnomalyGroup *self, gboolean forest);
gboolean orf_anomaly_group_has_forest (const OrfAnomalyGroup *self);
/* The series at the place is asked for shapes of so many rows that have not come before, too; 0: no
 * more.  It takes 233 KB and 6 us a row, and is saved.  FALSE: there is no series, or
 * orf_discord_is_setup() says no. */
gboolean orf_anomaly_group_set_discord (OrfAnomalyGroup *self, guint place, guint window);
/* What the series at the place said of the last row by itself. */
float orf_anomaly_group_get_score (const OrfAnomalyGroup *self, guint place);
guint orf_anomaly_group_get_n_series (const OrfAnomalyGroup *self);
/* One more than the highest that was ever taken. */
guint orf_anomaly_group_get_n_places (const OrfAnomalyGroup *self);
gint64 orf_anomaly_group_get_step_us (const OrfAnomalyGroup *self);
/* Of the newest row: none that is not later is taken.  FALSE: there was none. */
gboolean orf_anomaly_group_get_last_us (const OrfAnomalyGroup *self, gint64 *last_us);

/* All that it knows; for the same build's byte order and layout only. */
GBytes *orf_anomaly_group_save (const OrfAnomalyGroup *self);
/* DATA_LOSS: not such a blob, or one that contradicts itself. */
OrfAnomalyGroup *orf_anomaly_group_restore (GBytes *blob, GError **error);

/* From the next row on; it is not saved.  look_back_rows: 0, or within its range. */
void orf_anomaly_group_tune (OrfAnomalyGroup *self, const OrfAnomalyTuning *tuning);

gsize orf_anomaly_group_get_bytes (const OrfAnomalyGroup *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAnomalyGroup, orf_anomaly_group_free)

G_END_DECLS
