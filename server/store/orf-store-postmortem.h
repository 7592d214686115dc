/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "history/orf-sketch.h"
#include "orf-desc.h"
#include "store/orf-connection.h"

G_BEGIN_DECLS

/* What a post-mortem asks of the tables, in a reader's thread. */

/* Each makes rows of one struct of the schema. */
typedef enum {
  /* OrfPostmortemMoment, of a table each */
  ORF_POSTMORTEM_MARKS,
  ORF_POSTMORTEM_INCIDENTS, /* that somebody pinned */
  ORF_POSTMORTEM_ALERT_MOMENTS,
  ORF_POSTMORTEM_ANOMALY_MOMENTS,
  ORF_POSTMORTEM_LEAK_MOMENTS,
  ORF_POSTMORTEM_CLEANUP_MOMENTS,
  ORF_POSTMORTEM_GPU_EVENTS,
  ORF_POSTMORTEM_WORKERS_LOST,
  ORF_POSTMORTEM_WORKERS_CAME, /* and went */
  ORF_POSTMORTEM_WARNING_MOMENTS,
  ORF_POSTMORTEM_LOADS,  /* tests */
  ORF_POSTMORTEM_DAEMON, /* began and ended */
  ORF_POSTMORTEM_AUDIT,
  ORF_POSTMORTEM_N_MOMENTS,
  /* others */
  ORF_POSTMORTEM_ALERTS = ORF_POSTMORTEM_N_MOMENTS, /* OrfPostmortemAlert */
  ORF_POSTMORTEM_ANOMALIES,                         /* OrfPostmortemAnomaly */
  ORF_POSTMORTEM_CLEANUPS,                          /* OrfPostmortemCleanup */
  ORF_POSTMORTEM_CLEANUP_WORKERS, /* OrfPostmortemCleanupWorker; from_us: of that cleanup */
  ORF_POSTMORTEM_LEAKS,           /* OrfPostmortemLeak */
  ORF_POSTMORTEM_WARNINGS,        /* OrfPostmortemWarning */
  ORF_POSTMORTEM_ACCURACY,        /* OrfPostmortemAccuracy */
  ORF_POSTMORTEM_SLOW_TRACES,     /* OrfPostmortemTrace */
  ORF_POSTMORTEM_FAILED_TRACES,   /* OrfPostmortemTrace */
  ORF_POSTMORTEM_N_QUESTIONS
} OrfPostmortemQuestion;

typedef struct {
  gint64 from_us, to_us; /* from_us <= t_us < to_us, or what reaches into that */
  guint max;             /* rows: those that weigh most */
} OrfPostmortemAsk;

/* Adds to rows, whose items are of the document's, or the caller's to free by their type; *n_more:
 * how many there are beyond those.  A file that is older than the table has none. */
gboolean orf_postmortem_read (OrfConnection *connection,
                              OrfPostmortemQuestion question,
                              const OrfPostmortemAsk *span,
                              GPtrArray *rows,
                              gint64 *n_more,
                              GError **error);

/* ---- who held memory ------------------------------------------------------------------------- */

typedef struct {
  gint64 pid;
  char *name;        /* may be NULL */
  gint64 used_bytes; /* -1: unknown */
} OrfPostmortemProcess;

void orf_postmortem_process_free (OrfPostmortemProcess *process);
/* OrfPostmortemProcess that held memory of the device at t_us, as the last look at or before it
 * says, which is at most reach_us older; most first.  NULL on error. */
GPtrArray *orf_postmortem_read_processes (
  OrfConnection *connection, const char *device, gint64 t_us, gint64 reach_us, GError **error);

/* ---- operations ------------------------------------------------------------------------------ */

typedef struct {
  gint64 number;
  char *service, *operation;
} OrfPostmortemOperationName;

void orf_postmortem_operation_name_free (OrfPostmortemOperationName *name);
/* Those with spans between, at most max, those with most ever first; *n_more: others.  NULL on
 * error. */
GPtrArray *orf_postmortem_read_operations (OrfConnection *connection,
                                           const OrfPostmortemAsk *span,
                                           gint64 *n_more,
                                           GError **error);

/* What was counted of an operation in a minute, or an hour. */
typedef struct {
  gint64 t_us;
  gint64 spans, errors;
  OrfSketch *sketch; /* of durations */
} OrfPostmortemStep;

void orf_postmortem_step_free (OrfPostmortemStep *step);
/* OrfPostmortemStep by time; step_us: ORF_MINUTE_US or ORF_HOUR_US.  NULL on error. */
GPtrArray *orf_postmortem_read_steps (OrfConnection *connection,
                                      gint64 operation_no,
                                      gint64 step_us,
                                      gint64 from_us,
                                      gint64 to_us,
                                      GError **error);
/* *t_us: when the first span of from_us <= start_us < to_us began that took at least min_us, or
 * where failed, any that failed; -1: there is none (any more). */
gboolean orf_postmortem_find_span (OrfConnection *connection,
                                   gint64 operation_no,
                                   const OrfPostmortemAsk *span,
                                   gint64 min_us,
                                   gboolean failed,
                                   gint64 *t_us,
                                   GError **error);

G_END_DECLS
