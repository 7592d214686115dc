/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-verb-options.h"
#include "orf-ctl-verbs.h"

/* What is recorded: series, the cache, marks and incidents, traces, cost. */

#define MANY 10000 /* as many samples as one call takes */

const OrfCtlVerb orf_ctl_verbs_records[] = {
  { .name = "metrics list",
    .arguments = "[SELECT]",
    .summary = "the series there are",
    .examples = "orfeasctl metrics list\n"
                "orfeasctl metrics list --match memory\n"
                "orfeasctl metrics list 'gpu.memory.used_bytes{device=~\"opencl.*\"}'\n",
    .options = orf_ctl_list_options,
    .max_arguments = 1,
    .reads_only = TRUE,
    .run = orf_ctl_verb_metrics_list },
  { .name = "metrics query",
    .arguments = "[SELECT]",
    .summary = "a series over time: a line with min, avg, max and last",
    .help = "SELECT is NAME, or NAME{label=\"value\",other=~\"regex\"}.  Piped, or with --points,\n"
            "it is a table of time, value and series.  Aggregates: avg, min, max, sum, count,\n"
            "last, rate, increase, delta, p50, p95, p99, stddev.\n"
            "--expr asks for what series come to: ratios, rates, comparisons, as in\n"
            "doc/expressions.md.  A span without a --step gets one of some 60 values; without\n"
            "a span it is the value now.",
    .examples = "orfeasctl metrics query gpu.memory.used_bytes --last 5m\n"
                "orfeasctl metrics query gpu.temperature_c --last 1d --step 10m --aggregate max\n"
                "orfeasctl metrics query 'host.cpu.used_percent' --from -2h --to -10m --csv\n"
                "orfeasctl metrics query req_total --step 1m --aggregate rate --by model\n"
                "orfeasctl metrics query --expr 'sum by () (rate(req_total, 1m))' --last 1h\n"
                "orfeasctl metrics query --expr 'avg(gpu.memory.used_percent, 5m) > 85%'\n",
    .options = orf_ctl_query_options,
    .max_arguments = 1,
    .reads_only = TRUE,
    .run = orf_ctl_verb_metrics_query },
  { .name = "metrics export",
    .arguments = "[SELECT]",
    .summary = "series over time as CSV: a line a time, a column each",
    .help = "By RFC 4180: lines end in CRLF, the first has `t_us` and the series, and a cell\n"
            "is empty where a series has no point.  A --step brings series that were sampled\n"
            "at different moments into common lines.",
    .examples = "orfeasctl metrics export '{__name__=~\"gpu.memory.*\"}' --last 1h > memory.csv\n"
                "orfeasctl metrics export gpu.temperature_c --last 1d --step 1h --aggregate max\n"
                "orfeasctl --db orfeas.db metrics export queue.depth --from 2026-11-20\n",
    .options = orf_ctl_export_options,
    .max_arguments = 1,
    .reads_only = TRUE,
    .run = orf_ctl_verb_metrics_export },
  { .name = "export",
    .arguments = "[SELECT]",
    .summary = "points of any span, as CSV, JSON lines or an SQLite file",
    .help = "The server is asked for one piece of time after the other, so that no limit is\n"
            "met, and what comes is written at once: as CSV a line `t_us,series,value` a\n"
            "point; as JSON lines some points of one series each; or an SQLite file with the\n"
            "tables series and samples, and the view points.  A file has its name only when\n"
            "it is whole; of an export that ended before there is FILE.part, and it is told\n"
            "how to go on.",
    .examples = "orfeasctl export 'gpu.memory.used_bytes' --last 7d -o memory.csv\n"
                "orfeasctl export '{__name__=~\"gpu.*\"}' --last 1d --format sqlite -o gpu.db\n"
                "orfeasctl export --expr 'rate(req_total, 1m)' --last 1d --step 1m > r.csv\n"
                "orfeasctl --db orfeas.db export queue.depth --from 2026-11-20 --format jsonl\n",
    .options = orf_ctl_long_export_options,
    .max_arguments = 1,
    .reads_only = TRUE,
    .takes_long = TRUE,
    .run = orf_ctl_verb_export },
  { .name = "metrics watch",
    .arguments = "SELECT",
    .summary = "new points of series as they come, until Ctrl-C",
    .help = "On a terminal it is a screen that moves; piped, it is lines of time, value and\n"
            "series, and with --json the stream's values, one a line.  --timeout is how long\n"
            "the stream may take to open.  Needs the Unix socket.",
    .examples = "orfeasctl metrics watch gpu.memory.used_bytes\n"
                "orfeasctl metrics watch 'host.cpu.used_percent' --history 10m\n"
                "orfeasctl metrics watch queue.depth --json | jq .values\n",
    .options = orf_ctl_watch_options,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = orf_ctl_verb_metrics_watch },
  { .name = "metrics record",
    .arguments = "NAME[{labels}]=VALUE...",
    .summary = "store samples; done once they are on disk",
    .help = "A name that is not known becomes a gauge.  All samples are stored, or none where\n"
            "one is wrong.",
    .examples = "orfeasctl metrics record queue.depth=12\n"
                "orfeasctl metrics record 'tokens{model=\"llama\"}=812.5' 'errors{model=llama}=0'\n"
                "orfeasctl metrics record room.temperature_c=21.5 --at -10m\n",
    .options = orf_ctl_record_options,
    .min_arguments = 1,
    .max_arguments = MANY,
    .run = orf_ctl_verb_metrics_record },
  { .name = "cache stats",
    .arguments = "",
    .summary = "how the cache does: hits, memory, nodes, namespaces",
    .examples = "orfeasctl cache stats\n"
                "orfeasctl cache stats --json | jq .hit_rate_percent\n",
    .run = orf_ctl_verb_cache_stats },
  { .name = "cache top",
    .arguments = "",
    .summary = "its namespaces, the busiest first: what each is worth",
    .help = "A MISS is what a value takes to make, SAVED what hits would have taken, SPENT\n"
            "what gets took in the daemon.  WORTH is said once 1000 gets and 10 values are\n"
            "known.",
    .examples = "orfeasctl cache top\n"
                "orfeasctl cache top | awk '$NF == \"loses\"'\n",
    .run = orf_ctl_verb_cache_top },
  { .name = "cache get",
    .arguments = "KEY",
    .summary = "a value, as it is",
    .help = "Exit status 5: there is none.",
    .examples = "orfeasctl cache get model:7\n"
                "orfeasctl cache get thumbnail:7 > seven.png\n",
    .min_arguments = 1,
    .max_arguments = 1,
    .run = orf_ctl_verb_cache_get },
  { .name = "cache set",
    .arguments = "KEY VALUE",
    .summary = "store a value",
    .examples = "orfeasctl cache set model:7 ready --ttl 5m\n"
                "orfeasctl cache set user:1 '{\"name\":\"a\"}' --tags users,beta\n",
    .options = orf_ctl_cache_set_options,
    .min_arguments = 2,
    .max_arguments = 2,
    .run = orf_ctl_verb_cache_set },
  { .name = "cache locate",
    .arguments = "KEY",
    .summary = "which node holds a key",
    .examples = "orfeasctl cache locate model:7\n",
    .min_arguments = 1,
    .max_arguments = 1,
    .run = orf_ctl_verb_cache_locate },
  { .name = "cache invalidate",
    .arguments = "[PATTERN]",
    .summary = "drop what matches, on all nodes",
    .help = "* stands for any bytes, ? for one.  With --tag only what has that tag.",
    .examples = "orfeasctl cache invalidate 'model:*'\n"
                "orfeasctl cache invalidate --tag users\n",
    .options = orf_ctl_cache_invalidate_options,
    .max_arguments = 1,
    .run = orf_ctl_verb_cache_invalidate },
  { .name = "cache bench",
    .arguments = "",
    .summary = "gets and sets at full speed, and how fast that is",
    .help = "Asks the daemon's cache.sock; a miss is followed by a set.  Keys begin with\n"
            "bench: and go after a minute.  Exit status 5: there were errors.",
    .examples = "orfeasctl cache bench --connections 32 --depth 1\n"
                "orfeasctl cache bench --sets 0 --bytes 1024 --for 30s --json\n",
    .options = orf_ctl_cache_bench_options,
    .run = orf_ctl_verb_cache_bench },
  { .name = "event mark",
    .arguments = "TEXT",
    .summary = "leave a mark on the time line: a deploy, a note",
    .examples = "orfeasctl event mark 'studio 2.4' --kind deploy\n"
                "orfeasctl event mark 'fan replaced' --at -2h\n",
    .options = orf_ctl_event_mark_options,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = orf_ctl_verb_event_mark },
  { .name = "event list",
    .arguments = "",
    .summary = "the marks, newest first",
    .examples = "orfeasctl event list\n"
                "orfeasctl event list --kind deploy --from -7d\n"
                "orfeasctl --db orfeas.db event list --limit 10\n",
    .options = orf_ctl_event_list_options,
    .reads_only = TRUE,
    .run = orf_ctl_verb_event_list },
  { .name = "incidents list",
    .arguments = "",
    .summary = "windows of time whose evidence is kept, newest first",
    .examples = "orfeasctl incidents list\n"
                "orfeasctl --db orfeas.db incidents list --from -30d\n",
    .options = orf_ctl_incidents_list_options,
    .reads_only = TRUE,
    .run = orf_ctl_verb_incidents_list },
  { .name = "incidents show",
    .arguments = "ID",
    .summary = "what happened in one, who is to blame, what changed",
    .examples = "orfeasctl incidents show i-1\n",
    .options = orf_ctl_incidents_show_options,
    .min_arguments = 1,
    .max_arguments = 1,
    .reads_only = TRUE,
    .run = orf_ctl_verb_incidents_show },
  { .name = "incidents pin",
    .arguments = "",
    .summary = "keep a window of time from retention, until unpinned",
    .examples = "orfeasctl incidents pin --from -30m --title 'GPU memory' --reason review\n"
                "orfeasctl incidents pin --from 2026-11-21T10:00:00Z --to -5m\n",
    .options = orf_ctl_incidents_pin_options,
    .run = orf_ctl_verb_incidents_pin },
  { .name = "incidents unpin",
    .arguments = "ID",
    .summary = "let a window go",
    .examples = "orfeasctl incidents unpin i-1\n",
    .min_arguments = 1,
    .max_arguments = 1,
    .run = orf_ctl_verb_incidents_unpin },
  { .name = "postmortem",
    .arguments = "",
    .summary = "what happened in a window, and why: a page for a ticket",
    .help = "One HTML page with all that was recorded: what happened, what changed against\n"
            "the same span before, who had the memory, slow and failing traces, what was\n"
            "foretold, cost, gaps.  It needs no script and loads nothing.  Without -o a\n"
            "terminal shows its short form, and a pipe gets the page; --json is the document\n"
            "it is made of.  With --db it is made of a file, a copy on another machine too.\n"
            "--bundle writes the window, and as long a span before it, as a database of its\n"
            "own, with no page unless -o asks for one.",
    .examples = "orfeasctl postmortem --last 2h\n"
                "orfeasctl postmortem --incident i-7 -o report.html\n"
                "orfeasctl --db copy.db postmortem --incident i-7 > report.html\n"
                "orfeasctl postmortem --last 2h --bundle slice.db -o report.html\n",
    .options = orf_ctl_postmortem_options,
    .reads_only = TRUE,
    .takes_long = TRUE,
    .run = orf_ctl_verb_postmortem },
  { .name = "traces list",
    .arguments = "",
    .summary = "traces, the newest first",
    .help = "A trace is listed where one of its spans does all that is asked.\n",
    .examples = "orfeasctl traces list --service api --longer 250ms\n"
                "orfeasctl traces list --errors --from -1h\n"
                "orfeasctl --db orfeas.db traces list --tag http.route=/v1/items\n",
    .options = orf_ctl_traces_list_options,
    .reads_only = TRUE,
    .run = orf_ctl_verb_traces_list },
  { .name = "traces show",
    .arguments = "ID",
    .summary = "one trace as a waterfall, its critical path marked",
    .examples = "orfeasctl traces show 0af7651916cd43dd8448eb211c80319c\n",
    .options = orf_ctl_traces_show_options,
    .min_arguments = 1,
    .max_arguments = 1,
    .reads_only = TRUE,
    .run = orf_ctl_verb_traces_show },
  { .name = "traces slow",
    .arguments = "",
    .summary = "spans that took longer than usual, newest first",
    .examples = "orfeasctl traces slow --service api\n"
                "orfeasctl --db orfeas.db traces slow --from -1d --limit 20\n",
    .options = orf_ctl_traces_slow_options,
    .reads_only = TRUE,
    .run = orf_ctl_verb_traces_slow },
  { .name = "traces services",
    .arguments = "",
    .summary = "services, and their operations",
    .examples = "orfeasctl traces services\n",
    .reads_only = TRUE,
    .run = orf_ctl_verb_traces_services },
  { .name = "traces stats",
    .arguments = "",
    .summary = "rate, errors and durations of operations",
    .examples = "orfeasctl traces stats --from -1h\n"
                "orfeasctl --db orfeas.db traces stats --service api\n",
    .options = orf_ctl_traces_stats_options,
    .reads_only = TRUE,
    .run = orf_ctl_verb_traces_stats },
  { .name = "traces tail",
    .arguments = "",
    .summary = "traces as they come, until Ctrl-C",
    .examples = "orfeasctl traces tail\n"
                "orfeasctl traces tail --errors --json\n",
    .options = orf_ctl_traces_tail_options,
    .takes_long = TRUE,
    .run = orf_ctl_verb_traces_tail },
  { .name = "cost",
    .arguments = "[device|process|worker|service|operation]",
    .summary = "what the devices cost, and for whom",
    .help = "The price of device-hours ([cost] gpu_hour) split by measured use; what nobody\n"
            "used is a line of its own, and the lines add up to the total to the last digit.\n"
            "Hours are whole.  Time in which nobody looked is in no line.",
    .examples = "orfeasctl cost\n"
                "orfeasctl cost operation --from -7d\n"
                "orfeasctl --db orfeas.db cost worker --json | jq '.entries[0]'\n",
    .options = orf_ctl_cost_options,
    .max_arguments = 1,
    .reads_only = TRUE,
    .run = orf_ctl_verb_cost },
  { .name = "cost trend",
    .arguments = "",
    .summary = "what they cost by month, and what this month will",
    .examples = "orfeasctl cost trend\n"
                "orfeasctl --db orfeas.db cost trend --months 3\n",
    .options = orf_ctl_cost_trend_options,
    .reads_only = TRUE,
    .run = orf_ctl_verb_cost_trend },
  { .name = "sql",
    .arguments = "[SQL]",
    .summary = "ask the database in SQL",
    .help = "Without SQL it asks for statements on a terminal (history, Tab completes), and\n"
            "reads them from standard input in a pipe.  The daemon answers within its bounds\n"
            "([sql]); with --db FILE the file is read here, as long as it takes.  The table\n"
            "samples(series_id, name, labels, t_us, value) has every sample, packed or not.\n"
            "Piped, rows are lines with tabs; --json is what sql.query answers.  In --csv a\n"
            "text that a spreadsheet would compute (=, +, -, @ first) begins with an\n"
            "apostrophe; numbers are as they are.",
    .examples = "orfeasctl sql\n"
                "orfeasctl sql 'SELECT name, count(*) FROM series GROUP BY name'\n"
                "orfeasctl sql --csv 'SELECT * FROM v_event' > events.csv\n"
                "orfeasctl --db orfeas.db sql 'SELECT count(*) FROM samples'\n",
    .options = orf_ctl_sql_options,
    .max_arguments = 1,
    .reads_only = TRUE,
    .takes_long = TRUE,
    .run = orf_ctl_verb_sql },
  { .name = "scrape",
    .arguments = "",
    .summary = "the targets of [scrape]: up or down, how long, how much",
    .help = "What a target told that was not taken is shown with its reason.  Piped, it is\n"
            "a line a target with numbers in base units.",
    .examples = "orfeasctl scrape\n"
                "orfeasctl scrape --json | jq '.targets[] | select(.state == \"down\")'\n",
    .run = orf_ctl_verb_scrape },
  { .name = "outbox",
    .arguments = "",
    .summary = "what is handed on to others, and how they take it",
    .help = "PENDING are deliveries, SAMPLES those of remote write that its receiver has\n"
            "not taken yet, BEHIND the age of the oldest.  The rest counts since start.",
    .examples = "orfeasctl outbox\n"
                "orfeasctl outbox --json\n"
                "orfeasctl --db orfeas.db outbox\n",
    .reads_only = TRUE,
    .run = orf_ctl_verb_outbox },
  { .name = "health",
    .arguments = "",
    .summary = "the health score, what it lost, and what to do",
    .help = "0 to 100 for the service and each part.  What nobody measures costs nothing.\n"
            "What forecasts call for comes last, with the command that acts on it.",
    .examples = "orfeasctl health\n"
                "orfeasctl health --json | jq .health.score\n",
    .reads_only = TRUE,
    .run = orf_ctl_verb_health },
  { .name = NULL },
};
