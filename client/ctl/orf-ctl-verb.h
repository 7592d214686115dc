/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-ctl-exit.h"

G_BEGIN_DECLS

/* A verb is one row of a table in orf-ctl-verbs-*.c; what reads options, prints help or runs a verb
 * reads that row.  A new verb is a row and a file. */

typedef struct _OrfCtl OrfCtl; /* orf-ctl.h */

typedef struct {
  const char *name;  /* without the dashes; NULL ends a list */
  const char *value; /* what it takes: "DURATION"; NULL: a switch */
  const char *help;
} OrfCtlOption;

typedef struct {
  const char *name;            /* one word or more: "metrics query" */
  const char *arguments;       /* as the usage line shows them: "SELECT" */
  const char *summary;         /* one line, without a full stop */
  const char *help;            /* paragraphs; NULL: the summary says it all */
  const char *examples;        /* lines, each a command and perhaps a comment */
  const OrfCtlOption *options; /* NULL: none of its own */
  guint min_arguments, max_arguments;
  gboolean reads_only; /* works on a file, with --db */
  gboolean takes_long; /* waits without limit unless --timeout is given */
  /* error is set wherever the answer is neither DONE nor CHECK_FAILED. */
  OrfCtlExit (*run) (OrfCtl *ctl, GError **error);
} OrfCtlVerb;

/* All, in the order of --help; ended by a row whose name is NULL. */
const OrfCtlVerb *orf_ctl_get_verbs (void);
/* Of every verb. */
extern const OrfCtlOption orf_ctl_global_options[];

OrfCtlExit orf_ctl_verb_status (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_board (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_gpu (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_gpu_cleanup (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_gpu_cleanups (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_gpu_events (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_gpu_largest (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_gpu_leaks (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_gpu_orphans (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_gpu_batch_size (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_gpu_report (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_load (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_load_list (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_load_show (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_load_compare (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_metrics_list (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_metrics_query (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_metrics_export (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_metrics_watch (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_metrics_record (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_export (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_cache_get (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_cache_set (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_cache_locate (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_cache_invalidate (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_cache_bench (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_cache_top (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_cache_stats (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_event_mark (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_event_list (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_incidents_list (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_incidents_show (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_incidents_pin (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_incidents_unpin (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_postmortem (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_cost (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_cost_trend (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_traces_list (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_traces_show (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_traces_slow (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_traces_services (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_traces_stats (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_traces_tail (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_alerts (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_alerts_history (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_alerts_explain (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_alerts_watch (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_alerts_ack (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_alerts_silence (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_alerts_silences (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_alerts_unsilence (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_alerts_rules (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_alerts_rules_check (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_alerts_test (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_alerts_set (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_alerts_delete (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_workers (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_scrape (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_outbox (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_health (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_predictions (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_predictions_accuracy (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_predictions_replay (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_anomalies (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_anomalies_show (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_anomalies_feedback (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_anomalies_detectors (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_anomalies_watch (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_anomalies_replay (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_doctor (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_call (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_discover (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_sql (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_token_new (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_token_list (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_db_check (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_db_backup (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_db_recover (OrfCtl *ctl, GError **error);
OrfCtlExit orf_ctl_verb_db_stats (OrfCtl *ctl, GError **error);

G_END_DECLS
