/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomalies/orf-anomaly-crew.h"

G_BEGIN_DECLS

/*
 * An anomaly while it goes on: rows of one entity that are strange within a window are one, and
 * those of several that begin at the same moment are one too, told of the strangest, the others as
 * what moved with it.  Belongs to the desk.
 */
typedef struct _OrfAnomalyCase OrfAnomalyCase;

/* How strange one row was, or that it is missing. */
typedef struct {
  const char *entity;
  guint number; /* of the strangest series */
  OrfAnomalyKind kind;
  const char *detector; /* static */
  double score;         /* corrected for all that is judged */
  gint64 once_in_us;    /* -1: longer than can be told */
  gint64 t_us;
  gint64 step_us;
  double value, expected, lower, upper; /* NAN: none */
} OrfAnomalySight;

/* 1: above what was expected, -1: below it, 0: neither. */
int orf_anomaly_sight_get_direction (const OrfAnomalySight *sight);

OrfAnomalyCase *
orf_anomaly_case_new (gint64 id, const OrfAnomalySight *sight, OrfSeverity severity);
void orf_anomaly_case_free (OrfAnomalyCase *self);

/* It is what is told of the case where it is the strangest so far. */
void orf_anomaly_case_see (OrfAnomalyCase *self, const OrfAnomalySight *sight);
/* Until then it went on. */
void orf_anomaly_case_extend (OrfAnomalyCase *self, gint64 t_us);
/* A series that is strange in it; score: by itself.  Three of one entity make it `correlated`. */
void
orf_anomaly_case_relate (OrfAnomalyCase *self, guint number, float score, gboolean same_entity);
void orf_anomaly_case_raise (OrfAnomalyCase *self, OrfSeverity severity);
/* One more entity has part in it, beside that which it began with. */
void orf_anomaly_case_join (OrfAnomalyCase *self);
/* One is usual again: with the last it ends. */
void orf_anomaly_case_leave (OrfAnomalyCase *self);

gboolean orf_anomaly_case_is_over (const OrfAnomalyCase *self);
gint64 orf_anomaly_case_get_started_us (const OrfAnomalyCase *self);
gint64 orf_anomaly_case_get_last_us (const OrfAnomalyCase *self);
OrfSeverity orf_anomaly_case_get_severity (const OrfAnomalyCase *self);

/* What changed since it was last asked: something that is told, or anything. */
typedef enum {
  ORF_ANOMALY_CASE_SAME,
  ORF_ANOMALY_CASE_MORE, /* the strangest row, what is related */
  ORF_ANOMALY_CASE_TOLD, /* it began, its severity rose, it ended */
} OrfAnomalyCaseNews;
/* Of what is told at once, or for the first time in ten seconds; then it is told. */
OrfAnomalyCaseNews orf_anomaly_case_take_news (OrfAnomalyCase *self, gint64 awake_us);

/* text: of a number; NULL: it is no more. */
typedef const char *(*OrfAnomalyTextOf) (gpointer user_data, guint number);
OrfAnomalyRecord *orf_anomaly_case_make_row (const OrfAnomalyCase *self,
                                             OrfAnomalyTextOf text_of,
                                             gpointer user_data);

G_END_DECLS
