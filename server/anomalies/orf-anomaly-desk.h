/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomalies/orf-anomaly-case.h"
#include "anomalies/orf-anomaly-quiet.h"
#include "anomaly/orf-alarm-gate.h"

G_BEGIN_DECLS

/*
 * All series that are watched, by entity and pace, and the one gate over them: the alarms that are
 * promised are those of all together.  It is given samples and the time, and tells what is strange;
 * it knows no file and no clock.  Belongs to one thread at a time.
 */
typedef struct _OrfAnomalyDesk OrfAnomalyDesk;

/* The detector of what no longer comes, beside those of a row. */
#define ORF_ANOMALY_STOPPED "stopped"
/* Those of a row, and that one. */
#define ORF_ANOMALY_N_TOLD_DETECTORS (ORF_DETECTOR_DISCORD + 2)

/* What [anomaly] says. */
typedef struct {
  double alarms_per_day;       /* > 0 */
  gint64 look_back_us;         /* 0: as built */
  double threshold_deviations; /* 0: none */
  guint forests;               /* crews that may have one: those that first have enough series */
} OrfAnomalyWishes;

typedef struct {
  gint64 next_id;
  OrfAnomalyWishes wishes;
} OrfAnomalyDeskSetup;

/* A series that comes.  Numbers are never used again. */
typedef struct {
  guint number;
  char *text, *entity;
  gboolean counter;
  gboolean departs; /* it ends with what it is of: that is no silence */
  gint64 shape_us;  /* length of the shapes that are to have come before; 0: that is not asked */
} OrfAnomalyOpening;

typedef struct {
  guint number;
  gint64 t_us;
  double value;
} OrfAnomalySample;

typedef struct {
  OrfAnomalyRecord *row;
  gboolean told; /* it began, its severity rose, it ended */
} OrfAnomalyFinding;

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
GArray *orf_anomaly_findings_new (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAnomalyDesk, orf_anomaly_desk_free)

G_END_DECLS
