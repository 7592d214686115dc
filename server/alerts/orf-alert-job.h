/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "alerts/orf-alert-bench.h"
#include "core/orf-memory.h"
#include "core/orf-queue.h"

G_BEGIN_DECLS

/*
 * What is handed to the alerts' thread with a frame, and what comes back.  The desk has the rules
 * and the series, and is the thread's alone: who made it may look at it before the first job and
 * after the thread has ended.
 */
typedef struct _OrfAlertDesk OrfAlertDesk;

typedef struct {
  OrfAlertBenchLimits limits;
  OrfMemory *memory; /* ORF_MEMORY_ALERTS is counted here; may be NULL */
} OrfAlertDeskSetup;

OrfAlertDesk *orf_alert_desk_new (const OrfAlertDeskSetup *setup);
void orf_alert_desk_free (OrfAlertDesk *desk);

/* An alert of a rule that was kept. */
typedef struct {
  char **labels; /* the series' */
  OrfAlertLife life;
  double value;
  gint64 patient_until_us;
} OrfAlertKept;

typedef struct {
  gint64 number;
  OrfAlertRule *rule; /* NULL: there is no such rule any more, and its alerts are forgotten */
  GArray *kept;       /* OrfAlertKept; NULL: none */
} OrfAlertRuleChange;
void orf_alert_rule_change_clear (OrfAlertRuleChange *change);

typedef struct {
  guint number;
  char *name;
  char **labels;
} OrfAlertOpening;

/* A step of an alert. */
typedef struct {
  gint64 rule;
  OrfAlertChange change;
  char **labels;     /* the series' */
  char *key;         /* their canonical text */
  OrfAlertLife life; /* afterwards */
  double value;
} OrfAlertFinding;

typedef struct {
  gint64 rule;
  char *text; /* why nothing is known of all that it means */
} OrfAlertTrouble;

typedef struct {
  guint n_series, n_alerts, n_left_out;
  guint64 n_refused, n_lost; /* series, samples that there was no room for */
  gint64 tick_us;            /* what this job took */
} OrfAlertFigures;

typedef struct {
  OrfJob base;
  OrfAlertDesk *desk;
  /* in */
  gint64 now_us;
  GArray *rules;    /* OrfAlertRuleChange */
  GArray *openings; /* OrfAlertOpening */
  GArray *samples;  /* OrfLiveSample: after the openings */
  GArray *closings; /* guint, numbers: after the samples */
  /* out */
  GArray *findings; /* OrfAlertFinding */
  GArray *troubles; /* OrfAlertTrouble, of all rules that have one */
  OrfAlertFigures figures;
  /* the main context's */
  gpointer user_data;
} OrfAlertJob;

/* All arrays are there, and empty.  base.reply, base.done and now_us are to be set. */
OrfAlertJob *orf_alert_job_new (OrfAlertDesk *desk);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAlertDesk, orf_alert_desk_free)

G_END_DECLS
