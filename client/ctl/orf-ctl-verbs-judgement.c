/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-verb-options.h"
#include "orf-ctl-verbs.h"

/* What is made of it: alerts, forecasts, anomalies. */

#define MANY 10000 /* as many samples as one call takes */

const OrfCtlVerb orf_ctl_verbs_judgement[] = {
  { .name = "alerts",
    .arguments = "",
    .summary = "what fires or is about to, most severe first",
    .help = "QUIET says why nobody is told of it again: acknowledged, silenced, inhibited.\n"
            "Piped, ages are microseconds.",
    .examples = "orfeasctl alerts\n"
                "orfeasctl alerts --severity critical --json | jq -r '.alerts[].id'\n"
                "orfeasctl --db orfeas.db alerts\n",
    .options = orf_ctl_alerts_options,
    .reads_only = TRUE,
    .run = orf_ctl_verb_alerts },
  { .name = "alerts history",
    .arguments = "",
    .summary = "alerts of the past, newest first",
    .examples = "orfeasctl alerts history --from -1d\n"
                "orfeasctl alerts history --rule gpu_memory_high --limit 10\n"
                "orfeasctl --db orfeas.db alerts history --unfired\n",
    .options = orf_ctl_alerts_history_options,
    .reads_only = TRUE,
    .run = orf_ctl_verb_alerts_history },
  { .name = "alerts explain",
    .arguments = "ID",
    .summary = "why an alert was, or was not, told: each step, its time",
    .help = "AFTER counts from when its condition was true first.",
    .examples = "orfeasctl alerts explain al-7\n"
                "orfeasctl --db orfeas.db alerts explain al-7 --utc\n",
    .options = orf_ctl_incidents_show_options,
    .min_arguments = 1,
    .max_arguments = 1,
    .reads_only = TRUE,
    .run = orf_ctl_verb_alerts_explain },
  { .name = "alerts ack",
    .arguments = "ID",
    .summary = "say that somebody has seen it: it is told no more",
    .help = "The verdict feeds the record of its rule.  A second time replaces the first.",
    .examples = "orfeasctl alerts ack al-7\n"
                "orfeasctl alerts ack al-7 --verdict noise --note 'a load test'\n",
    .options = orf_ctl_alerts_ack_options,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = orf_ctl_verb_alerts_ack },
  { .name = "alerts silence",
    .arguments = "MATCHERS",
    .summary = "keep alerts quiet for a while; prints the silence's id",
    .help = "MATCHERS is a selector over labels, of which rule and severity are two.  They\n"
            "still appear, and what still fires when it ends is told then.",
    .examples = "orfeasctl alerts silence '{rule=\"gpu_memory_high\"}' --for 2h\n"
                "orfeasctl alerts silence '{device=~\"gpu-[01]\"}' --until 2026-11-22T08:00:00Z\n",
    .options = orf_ctl_alerts_silence_options,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = orf_ctl_verb_alerts_silence },
  { .name = "alerts silences",
    .arguments = "",
    .summary = "silences in force and to come",
    .examples = "orfeasctl alerts silences\n",
    .options = orf_ctl_gpu_leaks_options,
    .reads_only = TRUE,
    .run = orf_ctl_verb_alerts_silences },
  { .name = "alerts unsilence",
    .arguments = "ID",
    .summary = "end a silence",
    .examples = "orfeasctl alerts unsilence si-1\n",
    .min_arguments = 1,
    .max_arguments = 1,
    .run = orf_ctl_verb_alerts_unsilence },
  { .name = "alerts watch",
    .arguments = "",
    .summary = "what fires, and each change, until Ctrl-C",
    .examples = "orfeasctl alerts watch\n"
                "orfeasctl alerts watch --severity critical --json\n",
    .options = orf_ctl_alerts_watch_options,
    .run = orf_ctl_verb_alerts_watch },
  { .name = "alerts rules",
    .arguments = "",
    .summary = "the rules, what they wait for, and what they were worth",
    .help = "PRECISION is the share of verdicts that were useful or known.",
    .examples = "orfeasctl alerts rules\n"
                "orfeasctl alerts rules --json | jq '.rules[] | select(.source != \"builtin\")'\n",
    .options = orf_ctl_alerts_rules_options,
    .reads_only = TRUE,
    .run = orf_ctl_verb_alerts_rules },
  { .name = "alerts rules check",
    .arguments = "FILE…",
    .summary = "whether files of alerts.d are right, before a daemon",
    .help = "By orfeasd's own code, beside its config.  Exit status 5: one is wrong, and why\n"
            "is printed.  $ORFEAS_ORFEASD names the orfeasd to ask.",
    .examples = "orfeasctl alerts rules check alerts.d/gpu.conf\n"
                "orfeasctl alerts rules check --config orfeasd.conf alerts.d/*.conf\n",
    .options = orf_ctl_alerts_check_options,
    .min_arguments = 1,
    .max_arguments = MANY,
    .run = orf_ctl_verb_alerts_rules_check },
  { .name = "alerts test",
    .arguments = "[RULE]",
    .summary = "would it have fired on the recorded history",
    .help = "A rule as it is, or with what is given in place of what it says; beside it the\n"
            "rule as it is.  With --expr alone a rule that is none yet.  Over more than six\n"
            "hours minutes are looked at, unless --step says otherwise.",
    .examples = "orfeasctl alerts test gpu_memory_high --threshold 80% --from -7d\n"
                "orfeasctl alerts test --expr 'avg(queue.depth, 5m) > 100' --for 1m\n"
                "orfeasctl --db orfeas.db alerts test gpu_memory_high\n",
    .options = orf_ctl_alerts_test_options,
    .reads_only = TRUE,
    .max_arguments = 1,
    .run = orf_ctl_verb_alerts_test },
  { .name = "alerts set",
    .arguments = "RULE",
    .summary = "make a rule, or change what is said of one",
    .help = "What is not given stays as it is.  It goes before what the config says.",
    .examples = "orfeasctl alerts set gpu_memory_high --threshold 90% --for 30s\n"
                "orfeasctl alerts set queue_long --expr 'avg(queue.depth, 5m) > 100'\n"
                "orfeasctl alerts set host_cpu_high --disable\n",
    .options = orf_ctl_alerts_set_options,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = orf_ctl_verb_alerts_set },
  { .name = "alerts delete",
    .arguments = "RULE",
    .summary = "take back what was said of a rule by call",
    .help = "A built-in rule, or one of the config, has its own values again.",
    .examples = "orfeasctl alerts delete queue_long\n",
    .min_arguments = 1,
    .max_arguments = 1,
    .run = orf_ctl_verb_alerts_delete },
  { .name = "predictions",
    .arguments = "[SELECT]",
    .summary = "forecasts with intervals, and when thresholds come",
    .help = "The latest of each series of [forecast] and horizon.  HELD is how often the 80 %\n"
            "interval held lately.  Where nothing can be said of a threshold there is no\n"
            "time: that is not never.  Numbers are in the series' own unit.  Piped, times\n"
            "are microseconds.",
    .examples = "orfeasctl predictions\n"
                "orfeasctl predictions gpu.memory.used_percent --horizon 15m\n"
                "orfeasctl --db orfeas.db predictions\n",
    .options = orf_ctl_predictions_options,
    .max_arguments = 1,
    .reads_only = TRUE,
    .run = orf_ctl_verb_predictions },
  { .name = "predictions accuracy",
    .arguments = "[SELECT]",
    .summary = "how right forecasts and warnings were",
    .help = "Every stored forecast is compared with what came.  RATIO is its error over that\n"
            "of the last value: below 1 is better.  Of the 80 % intervals 80 % should have\n"
            "held.  A warning is right if the threshold was reached in the time it said;\n"
            "AVERTED are those after which memory was freed, of which nobody knows.",
    .examples = "orfeasctl predictions accuracy\n"
                "orfeasctl predictions accuracy gpu.memory.used_percent --by-series --from -7d\n",
    .options = orf_ctl_predictions_accuracy_options,
    .max_arguments = 1,
    .reads_only = TRUE,
    .run = orf_ctl_verb_predictions_accuracy },
  { .name = "predictions replay",
    .arguments = "[FILE]",
    .summary = "what the forecaster would have said at each row",
    .help = "FILE is a CSV, packed by gzip or not, whose head is t_us,value; with --select it\n"
            "is a series of the daemon, or of the file with --db, as means of --step.  A line\n"
            "for each judged row and horizon: the value, intervals of 80 and 90 %, whether it\n"
            "leaks, and the time to --threshold.  What is said at a row rests on it and on\n"
            "rows before it alone.",
    .examples = "orfeasctl predictions replay memory.csv.gz --horizon 5,60 --every 5 -o out.csv\n"
                "orfeasctl predictions replay memory.csv --threshold 8GB --horizon 5\n"
                "orfeasctl --db orfeas.db predictions replay --select host.memory.used_bytes\n",
    .options = orf_ctl_predictions_replay_options,
    .max_arguments = 1,
    .reads_only = TRUE,
    .takes_long = TRUE,
    .run = orf_ctl_verb_predictions_replay },
  { .name = "anomalies list",
    .arguments = "[SELECT]",
    .summary = "what was out of the ordinary, newest first",
    .help = "SELECT names series.  SCORE is in powers of ten: one more is ten times as\n"
            "rare.  LASTED of one that goes on is a dash.",
    .examples = "orfeasctl anomalies list\n"
                "orfeasctl anomalies list 'gpu.memory.used_bytes' --from -7d\n"
                "orfeasctl --db orfeas.db anomalies list --kind drift --json\n",
    .options = orf_ctl_anomalies_options,
    .max_arguments = 1,
    .reads_only = TRUE,
    .run = orf_ctl_verb_anomalies },
  { .name = "anomalies show",
    .arguments = "ID",
    .summary = "one of them: how rare, what moved with it, what was near",
    .help = "Near are traces that failed or were slow, alerts, and marks such as deploys,\n"
            "from a minute before to a minute after.",
    .examples = "orfeasctl anomalies show an-3\n",
    .options = orf_ctl_gpu_leaks_options,
    .min_arguments = 1,
    .max_arguments = 1,
    .reads_only = TRUE,
    .run = orf_ctl_verb_anomalies_show },
  { .name = "anomalies feedback",
    .arguments = "ID VERDICT",
    .summary = "say what one was worth: useful, noise or known",
    .help = "After noise or known its like is kept, but nobody is told of it.  useful takes\n"
            "that back.",
    .examples = "orfeasctl anomalies feedback an-3 known --note 'nightly backup'\n"
                "orfeasctl anomalies feedback an-3 useful\n",
    .options = orf_ctl_anomalies_feedback_options,
    .min_arguments = 2,
    .max_arguments = 2,
    .run = orf_ctl_verb_anomalies_feedback },
  { .name = "anomalies detectors",
    .arguments = "",
    .summary = "what looks at the series, and how many alarms it raises",
    .examples = "orfeasctl anomalies detectors\n",
    .reads_only = TRUE,
    .run = orf_ctl_verb_anomalies_detectors },
  { .name = "anomalies watch",
    .arguments = "",
    .summary = "anomalies as they begin and end, until Ctrl-C",
    .examples = "orfeasctl anomalies watch\n"
                "orfeasctl anomalies watch --severity critical --json\n",
    .options = orf_ctl_alerts_watch_options,
    .run = orf_ctl_verb_anomalies_watch },
  { .name = "anomalies replay",
    .arguments = "[FILE]",
    .summary = "what the detectors would have said of each row",
    .help = "FILE is a CSV, packed by gzip or not, whose head is t_us and the names of the\n"
            "series of one entity; or else --select names recorded ones, of the last day,\n"
            "by seconds, and by minutes where it is more than six hours.  A line for each\n"
            "row: a score, the higher the rarer (3 is once in a thousand rows; 0: usual, or\n"
            "told already), whether it is an alarm, and which detector and series stand out.\n"
            "What is said of a row rests on it and on rows before it alone.",
    .examples = "orfeasctl anomalies replay metrics.csv.gz -o out.csv\n"
                "orfeasctl anomalies replay --select '{device=\"gpu-0\"}' --from -30d --alarms\n"
                "orfeasctl --db orfeas.db anomalies replay --select host.cpu.used_percent\n",
    .options = orf_ctl_anomalies_replay_options,
    .max_arguments = 1,
    .reads_only = TRUE,
    .takes_long = TRUE,
    .run = orf_ctl_verb_anomalies_replay },
  { .name = NULL },
};
