/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* The tables `anomaly` and `anomaly_state`: what was unlike all before it, and what tells. */
typedef struct {
  gint64 id; /* grows with time */
  OrfAnomalyKind kind;
  char *detector;
  char *entity;
  guint number;     /* the owner's of the series; not stored */
  gint64 series_id; /* the strangest one */
  int direction;    /* 1 above what was expected, -1 below it, 0 neither */
  double score;
  gint64 once_in_us; /* -1: longer than can be told */
  OrfSeverity severity;
  gint64 started_us, ended_us; /* ended_us 0: it goes on */
  double value, lower, upper;  /* NAN: none */
  char **related;              /* canonical texts, the strangest first */
  /* When read: what was said of it; a write leaves it alone. */
  OrfAlertVerdict verdict;
  char *note; /* may be NULL */
} OrfAnomalyRecord;

OrfAnomalyRecord *orf_anomaly_record_new (void);
OrfAnomalyRecord *orf_anomaly_record_copy (const OrfAnomalyRecord *row);
void orf_anomaly_record_free (OrfAnomalyRecord *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAnomalyRecord, orf_anomaly_record_free)

typedef struct {
  char *subject;
  char **members; /* canonical texts by place; "": nobody is there */
  gint64 saved_us;
  GBytes *state;
} OrfAnomalyStateRow;

OrfAnomalyStateRow *orf_anomaly_state_row_new (void);
void orf_anomaly_state_row_free (OrfAnomalyStateRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAnomalyStateRow, orf_anomaly_state_row_free)

/* ---- writing --------------------------------------------------------------------------------- */

/* What is written in one transaction. */
typedef struct {
  GPtrArray *anomalies; /* OrfAnomalyRecord: of one that is there all but its verdict changes */
  GPtrArray *states;    /* OrfAnomalyStateRow: goes before what was saved of the subject */
  gint64 before_us;     /* anomalies that were over, and states saved, before then go */
  gint64 max_rows;      /* and the oldest of more than so many; but for what is pinned, or judged
                           known or noise.  0: nothing goes */
} OrfAnomalyChange;

OrfAnomalyChange *orf_anomaly_change_new (void);
void orf_anomaly_change_free (OrfAnomalyChange *change);
gboolean orf_anomaly_change_is_empty (const OrfAnomalyChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAnomalyChange, orf_anomaly_change_free)

/* Takes change. */
void orf_store_write_anomalies (OrfStore *store,
                                OrfAnomalyChange *change,
                                OrfWriteDone done,
                                gpointer user_data);

/* What somebody says of one: goes before what was said so before. */
typedef struct {
  gint64 anomaly_id;
  gint64 at_us;
  const char *author, *note; /* note may be NULL; both are copied */
  OrfAlertVerdict verdict;
} OrfAnomalyFeedback;
/* NOT_FOUND. */
void orf_store_judge_anomaly (OrfStore *store,
                              const OrfAnomalyFeedback *feedback,
                              const OrfIdempotency *idempotency,
                              OrfWriteDone done,
                              gpointer user_data);

/* ---- at start -------------------------------------------------------------------------------- */

typedef struct {
  gint64 max_id;     /* that there ever was; 0: none */
  GPtrArray *open;   /* OrfAnomalyEntry that go on */
  GPtrArray *quiet;  /* OrfAnomalyEntry judged known or noise, at most max_quiet, the newest */
  GPtrArray *states; /* OrfAnomalyStateRow, at most max_states, those saved last */
} OrfAnomalyMemory;

void orf_anomaly_memory_free (OrfAnomalyMemory *memory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAnomalyMemory, orf_anomaly_memory_free)

/* Blocking, at start only. */
OrfAnomalyMemory *
orf_store_load_anomalies (OrfStore *store, guint max_quiet, guint max_states, GError **error);

/* ---- lists ----------------------------------------------------------------------------------- */

typedef struct {
  OrfAnomalyRecord *row;
  char *name, *labels_json; /* of the series; NULL: it is no more */
  gint64 incident_id;       /* that keeps its evidence; 0: none */
  /* What is near it, as their own lists tell them. */
  GPtrArray *traces;       /* char *, hex */
  GArray *alerts, *events; /* gint64 */
} OrfAnomalyEntry;

void orf_anomaly_entry_free (OrfAnomalyEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAnomalyEntry, orf_anomaly_entry_free)

typedef struct {
  gint64 id;             /* 0: all */
  gint64 from_us, to_us; /* started in from_us <= t_us < to_us */
  OrfAnomalyKind kind;   /* UNSET: all */
  OrfSeverity severity;  /* at least; UNSET: all */
  gint64 before_us,
    before_id; /* by started_us: those that come after this one in the list's order */
  guint max;
  /* In a reader's thread, of each that the rest lets pass.  NULL: all. */
  gboolean (*keep_thread_cb) (gpointer user_data, const char *name, const char *labels_json);
  gpointer keep_data;
} OrfAnomalyFilter;

/* entries: OrfAnomalyEntry, newest first; NULL on error. */
void orf_store_read_anomalies (OrfStore *store,
                               const OrfAnomalyFilter *filter,
                               OrfCancel *cancel,
                               OrfRowsDone done,
                               gpointer user_data);

/* How many were told (not info) since then, by detector. */
typedef struct {
  char *detector;
  gint64 n;
} OrfAnomalyCount;
typedef struct {
  GPtrArray *by_detector; /* OrfAnomalyCount */
  gint64 first_us;        /* of the oldest that is kept; 0: none */
} OrfAnomalyCounts;
/* counts: borrowed; NULL on error. */
typedef void (*OrfAnomalyCountsDone) (gpointer user_data,
                                      const OrfAnomalyCounts *counts,
                                      const GError *error);
void orf_store_count_anomalies (OrfStore *store,
                                gint64 from_us,
                                OrfCancel *cancel,
                                OrfAnomalyCountsDone done,
                                gpointer user_data);

G_END_DECLS
