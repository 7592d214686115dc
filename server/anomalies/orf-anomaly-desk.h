/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomalies/orf-anomaly-roster.h"

G_BEGIN_DECLS

/*
 * What is strange of all series that are watched: the roster says who they are, the docket what
 * goes on, and that there are as many alarms as were promised of all together.  It is given samples
 * and the time, and tells what is strange; it knows no file and no clock.  Belongs to one thread at
 * a time.
 */
typedef struct _OrfAnomalyDesk OrfAnomalyDesk;

/* The detector of what no longer comes, beside those of a row. */
#define ORF_ANOMALY_STOPPED "stopped"
/* Those of a row, and that one. */
#define ORF_ANOMALY_N_TOLD_DETECTORS (ORF_DETECTOR_DISCORD + 2)

typedef struct {
  gint64 next_id;
  OrfAnomalyWishes wishes;
} OrfAnomalyDeskSetup;

typedef struct {
  guint number;
  gint64 t_us;
  double value;
} OrfAnomalySample;

typedef struct {
  guint n_series; /* that are judged, or wait to have a pace */
  guint n_crews, n_open;
  guint64 n_late;
  double threshold;
  gsize bytes;
} OrfAnomalyDeskFigures;

/* states: OrfAnomalyStateRow, that were saved; what is used of them is taken. */
OrfAnomalyDesk *orf_anomaly_desk_new (const OrfAnomalyDeskSetup *setup, GPtrArray *states);
void orf_anomaly_desk_free (OrfAnomalyDesk *desk);

/* OrfAnomalyQuiet: all that there are; copied. */
void orf_anomaly_desk_set_quiets (OrfAnomalyDesk *desk, const GArray *quiets);
/* They may be others with each frame. */
void orf_anomaly_desk_wish (OrfAnomalyDesk *desk, const OrfAnomalyWishes *wishes);

/* now_us: the wall clock; awake_us: how long the daemon was awake, whatever any clock did. */
void orf_anomaly_desk_begin (OrfAnomalyDesk *desk, gint64 now_us, gint64 awake_us);
void orf_anomaly_desk_open (OrfAnomalyDesk *desk, const OrfAnomalyOpening *opening);
void orf_anomaly_desk_take (OrfAnomalyDesk *desk, const OrfAnomalySample *sample);
void orf_anomaly_desk_close (OrfAnomalyDesk *desk, guint number);
/* OrfAnomalyFinding of what changed; states: OrfAnomalyStateRow, of what is due to be saved. */
void orf_anomaly_desk_end (OrfAnomalyDesk *desk, GArray *findings, GPtrArray *states);
/* The last of all: what goes on ends, and all is saved. */
void orf_anomaly_desk_finish (OrfAnomalyDesk *desk, GArray *findings, GPtrArray *states);

OrfAnomalyDeskFigures orf_anomaly_desk_get_figures (const OrfAnomalyDesk *desk);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAnomalyDesk, orf_anomaly_desk_free)

G_END_DECLS
