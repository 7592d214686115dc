/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl-verb.h"

/* What each verb may be told beside its arguments; a verb's row in orf-ctl-verbs-*.c names its own.
 */
extern const OrfCtlOption orf_ctl_list_options[];
extern const OrfCtlOption orf_ctl_query_options[];
extern const OrfCtlOption orf_ctl_export_options[];
extern const OrfCtlOption orf_ctl_long_export_options[];
extern const OrfCtlOption orf_ctl_watch_options[];
extern const OrfCtlOption orf_ctl_record_options[];
extern const OrfCtlOption orf_ctl_cache_set_options[];
extern const OrfCtlOption orf_ctl_cache_invalidate_options[];
extern const OrfCtlOption orf_ctl_cache_bench_options[];
extern const OrfCtlOption orf_ctl_event_mark_options[];
extern const OrfCtlOption orf_ctl_event_list_options[];
extern const OrfCtlOption orf_ctl_workers_options[];
extern const OrfCtlOption orf_ctl_gpu_cleanup_options[];
extern const OrfCtlOption orf_ctl_gpu_cleanups_options[];
extern const OrfCtlOption orf_ctl_gpu_events_options[];
extern const OrfCtlOption orf_ctl_gpu_leaks_options[];
extern const OrfCtlOption orf_ctl_gpu_report_options[];
extern const OrfCtlOption orf_ctl_gpu_batch_size_options[];
extern const OrfCtlOption orf_ctl_incidents_list_options[];
extern const OrfCtlOption orf_ctl_incidents_show_options[];
extern const OrfCtlOption orf_ctl_incidents_pin_options[];
extern const OrfCtlOption orf_ctl_postmortem_options[];
extern const OrfCtlOption orf_ctl_cost_options[];
extern const OrfCtlOption orf_ctl_cost_trend_options[];
extern const OrfCtlOption orf_ctl_traces_list_options[];
extern const OrfCtlOption orf_ctl_traces_show_options[];
extern const OrfCtlOption orf_ctl_traces_slow_options[];
extern const OrfCtlOption orf_ctl_traces_stats_options[];
extern const OrfCtlOption orf_ctl_traces_tail_options[];
extern const OrfCtlOption orf_ctl_alerts_options[];
extern const OrfCtlOption orf_ctl_alerts_watch_options[];
extern const OrfCtlOption orf_ctl_alerts_history_options[];
extern const OrfCtlOption orf_ctl_alerts_ack_options[];
extern const OrfCtlOption orf_ctl_alerts_silence_options[];
extern const OrfCtlOption orf_ctl_alerts_rules_options[];
extern const OrfCtlOption orf_ctl_alerts_set_options[];
extern const OrfCtlOption orf_ctl_alerts_test_options[];
extern const OrfCtlOption orf_ctl_alerts_check_options[];
extern const OrfCtlOption orf_ctl_predictions_options[];
extern const OrfCtlOption orf_ctl_predictions_accuracy_options[];
extern const OrfCtlOption orf_ctl_predictions_replay_options[];
extern const OrfCtlOption orf_ctl_anomalies_options[];
extern const OrfCtlOption orf_ctl_anomalies_feedback_options[];
extern const OrfCtlOption orf_ctl_anomalies_replay_options[];
extern const OrfCtlOption orf_ctl_doctor_options[];
extern const OrfCtlOption orf_ctl_load_options[];
extern const OrfCtlOption orf_ctl_load_list_options[];
extern const OrfCtlOption orf_ctl_load_show_options[];
extern const OrfCtlOption orf_ctl_load_stress_options[];
extern const OrfCtlOption orf_ctl_load_spike_options[];
extern const OrfCtlOption orf_ctl_sql_options[];
extern const OrfCtlOption orf_ctl_db_stats_options[];
extern const OrfCtlOption orf_ctl_token_new_options[];
extern const OrfCtlOption orf_ctl_token_list_options[];
