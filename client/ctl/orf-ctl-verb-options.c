/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-verb-options.h"

/* What several verbs are told alike.  clang-format takes them for code. */
/* clang-format off */
#define UTC_OPTION      { "utc", NULL, "show times in UTC; a pipe gets UTC in any case" }
#define CURSOR_OPTION   { "cursor", "CURSOR", "go on from a next_cursor that --json showed" }
#define PAGE_OPTIONS    { "limit", "N", "at most so many" }, CURSOR_OPTION
#define FROM_TO_OPTIONS \
  { "from", "TIME", "begin here: RFC 3339, epoch seconds or microseconds, -10m" }, \
  { "to", "TIME", "end here; the default is now" }
#define SPAN_OPTIONS \
  { "last", "DURATION", "the span up to now, or to --to: 90s, 5m, 2h, 1d" }, FROM_TO_OPTIONS
#define LOAD_OPTIONS \
  { "model", "MODEL", "open (the default): by the clock; closed: by the answers" }, \
  { "arrivals", "HOW", "of the open model: even (the default) or random (Poisson)" }, \
  { "connections", "N", "at most so many; closed: exactly (10)" }, \
  { "method", "METHOD", "of HTTP; the default is GET, or POST with a body" }, \
  { "header", "LINES", "NAME: VALUE, one a line" }, \
  { "body", "TEXT|@FILE", "{{n}} is the request's number, {{random}} another" }, \
  { "requests", "FILE", "by turns, an object a line: method, path, headers, body" }, \
  { "trust", "FILE", "of https and wss: these certificates, not the system's" }, \
  { "patience", "DURATION", "no answer in it is a failure; the default is 10s" }, \
  { "require", "LIST", "else exit status 5: p95<500ms,errors<1%,rate>=45" }, \
  { "record", "NAME", "keep it in the daemon's file, as `load list` shows it" }, \
  { "output", "FILE", "the report, also -o; default load_test_report.json" }
/* clang-format on */

const OrfCtlOption orf_ctl_global_options[] = {
  { "url", "URL", "talk HTTP to this address: http://127.0.0.1:5000" },
  { "socket", "PATH", "talk to this Unix socket; the default is the daemon's own" },
  { "db", "FILE", "read a database file, with no daemon" },
  { "token-file", "PATH", "with --url, send the token in this file (mode 0600)" },
  { "ca-file", "PATH", "with --url https://…, trust the certificates in it (PEM)" },
  { "json", NULL, "print the result as it came" },
  { "timeout", "MS", "give up after so many milliseconds" },
  { "help", NULL, "this; after a verb, about that verb" },
  { "version", NULL, "print the version" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_list_options[] = {
  { "match", "TEXT", "only series whose name or labels contain this" },
  PAGE_OPTIONS,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_query_options[] = {
  { "expr", "EXPR", "an expression over series, in place of SELECT" },
  SPAN_OPTIONS,
  { "step", "DURATION", "one point for each window of this length" },
  { "aggregate", "NAME", "what of each window: avg, max, last, rate, p95, ..." },
  { "by", "LABEL,…", "merge the series that agree in these labels" },
  { "points", NULL, "every point, on a terminal too" },
  { "csv", NULL, "CSV as of `metrics export`" },
  UTC_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_export_options[] = {
  { "expr", "EXPR", "an expression over series, in place of SELECT" },
  SPAN_OPTIONS,
  { "step", "DURATION", "one line for each window of this length" },
  { "aggregate", "NAME", "what of each window: avg, max, last, rate, p95, ..." },
  { "by", "LABEL,…", "merge the series that agree in these labels" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_long_export_options[] = {
  { "expr", "EXPR", "an expression over series, in place of SELECT" },
  { "format", "FORMAT", "csv (the default), jsonl, or sqlite" },
  { "output", "FILE", "write this file, also -o; the default is standard output" },
  SPAN_OPTIONS,
  { "step", "DURATION", "one point for each window of this length" },
  { "aggregate", "NAME", "what of each window: avg, max, last, rate, p95, ..." },
  { "by", "LABEL,…", "merge the series that agree in these labels" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_watch_options[] = {
  { "period", "DURATION", "at most one value in this time; the default is 1s" },
  { "history", "DURATION", "begin with this much of the past" },
  UTC_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_record_options[] = {
  { "at", "TIME", "when it was so; the default is when it arrives" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_cache_set_options[] = {
  { "ttl", "DURATION", "its lifetime; the default is [cache] ttl_ms" },
  { "stale", "DURATION", "so much longer it is served while it is made again" },
  { "tags", "TAG,…", "what it can be dropped by" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_cache_bench_options[] = {
  { "for", "DURATION", "so long; the default is 10s" },
  { "connections", "N", "as many; the default is 4" },
  { "depth", "N", "calls at once on each connection; the default is 8" },
  { "keys", "N", "how many there are; the default is 10000" },
  { "zipf", "S", "how uneven keys are asked for, 0: alike; the default is 1" },
  { "sets", "PERCENT", "sets beside those after a miss; the default is 10" },
  { "bytes", "N", "of a value; the default is 100" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_cache_invalidate_options[] = {
  { "tag", "TAG", "only entries with this tag" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_event_mark_options[] = {
  { "kind", "KIND", "deploy, or note (the default)" },
  { "at", "TIME", "when it was so; the default is when it arrives" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_event_list_options[] = {
  { "from", "TIME", "begin here: RFC 3339, epoch seconds or microseconds, -10m" },
  { "to", "TIME", "end here" },
  { "kind", "KIND", "only deploy, or only note" },
  PAGE_OPTIONS,
  UTC_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_workers_options[] = {
  { "device", "DEVICE", "only those on this device" },
  PAGE_OPTIONS,
  UTC_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_gpu_cleanup_options[] = {
  { "device", "DEVICE", "on this device" },
  { "worker", "WORKER", "only this worker, by its id or its name" },
  { "level", "LEVEL", "light (idle cache), normal (pools), aggressive (unload)" },
  { "dry-run", NULL, "say who would be asked, in which order and why" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_gpu_cleanups_options[] = {
  { "device", "DEVICE", "only those on this device" },
  FROM_TO_OPTIONS,
  PAGE_OPTIONS,
  UTC_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_gpu_events_options[] = {
  { "from", "TIME", "not over before: RFC 3339, epoch seconds, or -10m" },
  { "to", "TIME", "raised before" },
  PAGE_OPTIONS,
  UTC_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_gpu_leaks_options[] = {
  PAGE_OPTIONS,
  UTC_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_gpu_report_options[] = {
  { "device", "DEVICE", "only this device" },
  FROM_TO_OPTIONS,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_gpu_batch_size_options[] = {
  { "device", "DEVICE", "whose memory counts; the default is the worker's" },
  { "headroom", "PERCENT", "share of the device to leave free; the default is 10" },
  { "p99", "DURATION", "99 of 100 batches must not take longer: 250ms, 2s" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_incidents_list_options[] = {
  { "from", "TIME", "windows that reach beyond: RFC 3339, epoch seconds, -7d" },
  { "to", "TIME", "windows that begin before" },
  PAGE_OPTIONS,
  UTC_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_incidents_show_options[] = {
  UTC_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_incidents_pin_options[] = {
  FROM_TO_OPTIONS,
  { "title", "TEXT", "what it is called" },
  { "reason", "TEXT", "why it is kept" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_postmortem_options[] = {
  SPAN_OPTIONS,
  { "incident", "ID", "the window of this incident, in place of a span" },
  { "output", "FILE", "write the page to this file, also -o" },
  { "bundle", "FILE", "write the window as a small database that --db reads" },
  { NULL, NULL, NULL },
};

#define TRACES_WHICH_OPTIONS                                                                       \
  { "service", "NAME", "of spans of this service" },                                               \
  {                                                                                                \
    "operation", "NAME", "of spans of this name"                                                   \
  }

#define TRACES_WHEN_OPTIONS                                                                        \
  { "from", "TIME", "not before: RFC 3339, epoch seconds or microseconds, -10m" },                 \
  {                                                                                                \
    "to", "TIME", "before this"                                                                    \
  }

#define TRACES_PAGE_OPTIONS                                                                        \
  { "limit", "N", "at most so many; the default is 100" }, CURSOR_OPTION, UTC_OPTION

#define TRACES_MATCH_OPTIONS                                                                       \
  { "longer", "DURATION", "of spans at least so long: 250ms, 2s" },                                \
    { "errors", NULL, "of spans that failed" },                                                    \
  {                                                                                                \
    "tag", "KEY=VALUE", "of spans with these attributes, parted by commas"                         \
  }

const OrfCtlOption orf_ctl_traces_list_options[] = {
  TRACES_WHICH_OPTIONS, TRACES_MATCH_OPTIONS, TRACES_WHEN_OPTIONS,
  TRACES_PAGE_OPTIONS,  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_traces_show_options[] = {
  UTC_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_traces_slow_options[] = {
  TRACES_WHICH_OPTIONS,
  TRACES_WHEN_OPTIONS,
  TRACES_PAGE_OPTIONS,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_cost_options[] = {
  FROM_TO_OPTIONS,
  UTC_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_cost_trend_options[] = {
  { "months", "N", "at most so many, the running one included; 12" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_traces_stats_options[] = {
  TRACES_WHICH_OPTIONS,
  TRACES_WHEN_OPTIONS,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_traces_tail_options[] = {
  TRACES_WHICH_OPTIONS,
  TRACES_MATCH_OPTIONS,
  UTC_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_alerts_options[] = {
  { "severity", "LEVEL", "at least this: info, warning or critical" },
  PAGE_OPTIONS,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_alerts_watch_options[] = {
  { "severity", "LEVEL", "at least this: info, warning or critical" },
  UTC_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_alerts_history_options[] = {
  { "rule", "RULE", "only of this rule" },
  { "from", "TIME", "not before: RFC 3339, epoch seconds, or -1d" },
  { "to", "TIME", "before; the default is now" },
  { "unfired", NULL, "also those that were pending and never fired" },
  PAGE_OPTIONS,
  UTC_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_alerts_ack_options[] = {
  { "note", "TEXT", "for people" },
  { "verdict", "VERDICT", "what it was worth: useful, noise or known" },
  { "author", "NAME", "who has seen it; the default is who calls" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_alerts_silence_options[] = {
  { "for", "DURATION", "for so long: 2h, 30m" },
  { "until", "TIME", "until then: RFC 3339, epoch seconds" },
  { "from", "TIME", "from then on; the default is now" },
  { "note", "TEXT", "for people" },
  { "author", "NAME", "who wants it; the default is who calls" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_alerts_rules_options[] = {
  PAGE_OPTIONS,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_alerts_set_options[] = {
  { "expr", "EXPR", "the condition: avg(gpu.memory.used_percent, 5m) > 85" },
  { "threshold", "V", "in place of the condition's number: 85%, 4GiB, 250ms" },
  { "hysteresis", "V", "it ends only so far on the good side of the threshold" },
  { "severity", "LEVEL", "info, warning or critical" },
  { "for", "DURATION", "how long the condition must hold; 0: not at all" },
  { "keep-firing-for", "DURATION", "how long it stays after the condition ended" },
  { "cooldown", "DURATION", "least time between two firings" },
  { "labels", "K=V,…", "added to its alerts, in place of those it has" },
  { "inhibited-by", "RULE,…", "while one of them fires, nobody is told" },
  { "summary", "TEXT", "one sentence, with {value}, {threshold} and {LABEL}" },
  { "advice", "TEXT", "what to do about it" },
  { "runbook", "URL", "where that is written" },
  { "enable", NULL, "look at it again" },
  { "disable", NULL, "let it rest" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_alerts_test_options[] = {
  { "expr", "EXPR", "this condition, in place of the rule's" },
  { "threshold", "V", "in place of the condition's number: 85%, 4GiB, 250ms" },
  { "hysteresis", "V", "it ends only so far on the good side of the threshold" },
  { "for", "DURATION", "how long the condition must hold; 0: not at all" },
  { "keep-firing-for", "DURATION", "how long it stays after the condition ended" },
  { "cooldown", "DURATION", "least time between two firings" },
  { "from", "TIME", "begin here; the default is 30 days before --to" },
  { "to", "TIME", "end here; the default is now" },
  { "step", "DURATION", "how often it is looked at" },
  UTC_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_alerts_check_options[] = {
  { "config", "FILE", "beside this config; the default is the daemon's own" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_predictions_options[] = {
  { "horizon", "DURATION", "only so far ahead: 15m" },
  PAGE_OPTIONS,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_predictions_accuracy_options[] = {
  { "by-series", NULL, "each series by itself, not all of a name together" },
  { "from", "TIME", "due since: RFC 3339, epoch seconds, or -1d" },
  { "to", "TIME", "due before" },
  CURSOR_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_predictions_replay_options[] = {
  { "horizon", "N,…", "rows ahead, at most four; the default is 5,15,60" },
  { "threshold", "V", "tell the time until the value passes V: 8e9, 8GB" },
  { "falling", NULL, "V is passed downwards" },
  { "min", "V", "the value is never below" },
  { "max", "V", "the value is never above" },
  { "every", "ROWS", "forecast at each so manieth row; the default is 1" },
  { "output", "FILE", "write this file, also -o; the default is standard output" },
  { "select", "SERIES", "rows of this series, in place of FILE" },
  FROM_TO_OPTIONS,
  { "step", "DURATION", "distance of rows; with --select the default is 60s" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_anomalies_options[] = {
  { "kind", "KIND", "only these: spike, drift, outlier, pattern, correlated, …" },
  { "severity", "LEVEL", "at least this: info, warning or critical" },
  FROM_TO_OPTIONS,
  PAGE_OPTIONS,
  UTC_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_anomalies_feedback_options[] = {
  { "note", "TEXT", "for people" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_anomalies_replay_options[] = {
  { "alarms-per-day", "N", "how many are wanted of all rows; the default is 1" },
  { "alarms", NULL, "only the rows that are alarms" },
  { "discord", "ROWS", "also shapes of so many rows that never came before" },
  { "select", "SELECTOR", "rows of these recorded series, in place of FILE" },
  FROM_TO_OPTIONS,
  { "step", "DURATION", "distance of rows; the default is that of the first ones" },
  { "output", "FILE", "write this file, also -o; the default is standard output" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_doctor_options[] = {
  { "verify", NULL, "also the whole file, samples, and one value cached" }, { NULL }
};

const OrfCtlOption orf_ctl_sql_options[] = {
  { "max-rows", "N", "at most so many rows; on a terminal the default is 1000" },
  { "csv", NULL, "CSV by RFC 4180, on a terminal too" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_db_stats_options[] = {
  { "series", NULL, "the largest series too" },
  { "limit", "N", "how many of those; the default is 20" },
  { "quick", NULL, "estimate bytes by rows, instead of counting pages" },
  UTC_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_token_new_options[] = {
  { "name", "NAME", "who it is for: letters, digits, and - _ . @" },
  { "role", "ROLE,…", "what it may do: read, ingest, operate, admin" },
  { "expires", "DURATION", "until when: 90d, 12h; the default is for ever" },
  { "file", "FILE", "add it to this file (made if it is not there)" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_token_list_options[] = {
  { "file", "FILE", "the file that auth.token_file names" },
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_load_options[] = {
  { "rate", "N", "requests a second" },
  { "duration", "DURATION", "how long: 60s, 24h" },
  LOAD_OPTIONS,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_load_list_options[] = {
  FROM_TO_OPTIONS,
  PAGE_OPTIONS,
  UTC_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_load_show_options[] = {
  { "output", "FILE", "its page, also -o" },
  UTC_OPTION,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_load_stress_options[] = {
  { "rate", "N", "requests a second of the first level; the default is 10" },
  { "step", "N", "so many more each level; the default is 10" },
  { "max-rate", "N", "of the last level; the default is 1000" },
  { "duration", "DURATION", "of each level; the default is 1m" },
  { "limit", "LIST", "broken is what misses errors<=1%,p99<=1s,rate>=90%" },
  LOAD_OPTIONS,
  { NULL, NULL, NULL },
};

const OrfCtlOption orf_ctl_load_spike_options[] = {
  { "rate", "N", "requests a second before and after; the default is 20" },
  { "peak", "N", "requests a second of the spike; the default is 100" },
  { "duration", "DURATION", "of all three thirds; the default is 1m" },
  LOAD_OPTIONS,
  { NULL, NULL, NULL },
};
