/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-verb-options.h"

#define MANY 10000 /* as many samples as one call takes */

const OrfCtlVerb orf_ctl_verbs[] = {
  { .name = "status",
    .arguments = "",
    .summary = "how the daemon is: components, sources, file, memory",
    .examples = "orfeasctl status\n"
                "orfeasctl status --json | jq .db.size_bytes\n",
    .reads_only = TRUE,
    .run = orf_ctl_verb_status },
  { .name = "watch",
    .arguments = "",
    .summary = "the whole of it on one screen, live, until q",
    .help = "Health and its reasons, devices, what is expected, alerts, anomalies, processes,\n"
            "workers, cache and requests; ? shows the keys.  It goes on when the daemon is\n"
            "restarted, and says meanwhile how old what it shows is.  For a pipe there are\n"
            "status, alerts watch, anomalies watch and metrics watch.",
    .examples = "orfeasctl watch\n"
                "orfeasctl watch --url http://127.0.0.1:5000\n"
                "NO_COLOR=1 orfeasctl watch\n",
    .run = orf_ctl_verb_board },
  { .name = "gpu",
    .arguments = "[DEVICE]",
    .summary = "each device: memory, pressure, utilization, processes",
    .help = "What a device does not tell is shown as a dash; that is not zero.  Piped, it is\n"
            "a line a device with numbers in base units.",
    .examples = "orfeasctl gpu\n"
                "orfeasctl gpu pci-0000:03:00.0\n"
                "orfeasctl gpu | cut -f1,5,7\n",
    .max_arguments = 1,
    .reads_only = TRUE,
    .run = orf_ctl_verb_gpu },
  { .name = "gpu cleanup",
    .arguments = "",
    .summary = "ask workers for memory, and measure what came of it",
    .help = "Without --device it is the one whose workers hold most idle.  CLAIMED is what a\n"
            "worker says, FREED what was measured.  Exit status 5: nothing came of it.",
    .examples = "orfeasctl gpu cleanup --dry-run\n"
                "orfeasctl gpu cleanup --device pci-0000:03:00.0 --level light\n"
                "orfeasctl gpu cleanup --worker studio-0 --level aggressive\n",
    .options = orf_ctl_gpu_cleanup_options,
    .run = orf_ctl_verb_gpu_cleanup },
  { .name = "gpu cleanups",
    .arguments = "",
    .summary = "past cleanups: what was measured, of all and of each",
    .examples = "orfeasctl gpu cleanups\n"
                "orfeasctl gpu cleanups --device pci-0000:03:00.0 --from -7d\n"
                "orfeasctl --db orfeas.db gpu cleanups --json\n",
    .options = orf_ctl_gpu_cleanups_options,
    .reads_only = TRUE,
    .run = orf_ctl_verb_gpu_cleanups },
  { .name = "gpu report",
    .arguments = "",
    .summary = "how well GPU memory was used, and what to do about it",
    .help = "Without --from it is about everything kept.  Each recommendation has the figures\n"
            "it rests on, and the command that acts on it.",
    .examples = "orfeasctl gpu report\n"
                "orfeasctl gpu report --device pci-0000:03:00.0 --from -1d\n"
                "orfeasctl --db orfeas.db gpu report --json | jq '.recommendations[].action'\n",
    .options = orf_ctl_gpu_report_options,
    .reads_only = TRUE,
    .run = orf_ctl_verb_gpu_report },
  { .name = "gpu batch-size",
    .arguments = "WORKER",
    .summary = "how large its batches may be, from those that it ran",
    .help = "RECOMMENDED fits beside what others have in use now, the headroom left free, and\n"
            "keeps the p99 where one is asked for.  LIMIT is by memory alone.  What lies\n"
            "beyond the sizes that were seen is told.",
    .examples = "orfeasctl gpu batch-size w-1\n"
                "orfeasctl gpu batch-size studio-0 --headroom 20 --p99 250ms\n"
                "orfeasctl --db orfeas.db gpu batch-size w-1 --json | jq .recommended\n",
    .options = orf_ctl_gpu_batch_size_options,
    .min_arguments = 1,
    .max_arguments = 1,
    .reads_only = TRUE,
    .run = orf_ctl_verb_gpu_batch_size },
  { .name = "gpu events",
    .arguments = "[DEVICE]",
    .summary = "what devices told: driver errors, ECC, throttling, loss",
    .help = "One with no time under CLEARED is still so.",
    .examples = "orfeasctl gpu events\n"
                "orfeasctl gpu events pci-0000:03:00.0 --from -1d\n",
    .options = orf_ctl_gpu_events_options,
    .max_arguments = 1,
    .reads_only = TRUE,
    .run = orf_ctl_verb_gpu_events },
  { .name = "gpu leaks",
    .arguments = "[DEVICE]",
    .summary = "who holds more and more memory, steepest first",
    .help = "TRIGGER is what happened near SINCE: a deploy mark, a model load, or\n"
            "batches larger than ever.",
    .examples = "orfeasctl gpu leaks\n"
                "orfeasctl --db orfeas.db gpu leaks --json | jq '.suspects[0]'\n",
    .options = orf_ctl_gpu_leaks_options,
    .max_arguments = 1,
    .reads_only = TRUE,
    .run = orf_ctl_verb_gpu_leaks },
  { .name = "gpu orphans",
    .arguments = "[DEVICE]",
    .summary = "device memory of no living process, and whose it was",
    .examples = "orfeasctl gpu orphans\n"
                "orfeasctl gpu orphans pci-0000:03:00.0 --json\n",
    .options = orf_ctl_incidents_show_options,
    .max_arguments = 1,
    .run = orf_ctl_verb_gpu_orphans },
  { .name = "gpu largest",
    .arguments = "DEVICE",
    .summary = "the largest block that a device gives, by asking for it",
    .help = "Off unless the daemon has [gpu] largest_block=true.",
    .examples = "orfeasctl gpu largest pci-0000:03:00.0\n",
    .min_arguments = 1,
    .max_arguments = 1,
    .run = orf_ctl_verb_gpu_largest },
  { .name = "workers",
    .arguments = "",
    .summary = "processes with GPU memory: state, allocator, batches",
    .help = "What a worker never told is shown as a dash; that is not zero.  Piped, it is\n"
            "a line a worker with numbers in base units.",
    .examples = "orfeasctl workers\n"
                "orfeasctl workers --device pci-0000:03:00.0\n"
                "orfeasctl --db orfeas.db workers --json\n",
    .options = orf_ctl_workers_options,
    .reads_only = TRUE,
    .run = orf_ctl_verb_workers },
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
    .summary = "one incident: what happened, who is to blame, what changed",
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
            "Piped, rows are lines with tabs; --json is what sql.query answers.",
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
    .summary = "would it have fired on the recorded history?",
    .help = "A rule as it is, or with what is given in place of what it says; beside it the\n"
            "rule as it is.  With --expr alone a rule that is none yet.  Over more than six\n"
            "hours minutes are looked at, unless --step says otherwise.",
    .examples = "orfeasctl alerts test gpu_memory_high --threshold 80 --from -7d\n"
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
    .examples = "orfeasctl alerts set gpu_memory_high --threshold 90 --for 30s\n"
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
                "orfeasctl predictions replay memory.csv --threshold 8e9 --horizon 5\n"
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
  { .name = "doctor",
    .arguments = "",
    .summary = "what is wrong with the set-up, and what to do about it",
    .help = "Looks at the settings, devices, the clock, the daemon with its sources, file,\n"
            "memory, Redis nodes, and at each HTTP endpoint.  Exit status 5: something does\n"
            "not work.",
    .examples = "orfeasctl doctor\n"
                "orfeasctl doctor --verify\n"
                "orfeasctl doctor --json | jq '.findings[] | select(.level == \"fault\")'\n",
    .options = orf_ctl_doctor_options,
    .takes_long = TRUE,
    .run = orf_ctl_verb_doctor },
  { .name = "load sustained",
    .arguments = "[URL]",
    .summary = "requests at one rate: 50/s for a minute",
    .help = "URL is http://HOST[:PORT][/PATH], ws://HOST[:PORT]/PATH or unix:PATH; the last\n"
            "two take JSON-RPC.  Without it the daemon is asked for its health.  Send times\n"
            "are fixed beforehand: latency counts from them, however late a slow server lets\n"
            "us be.  Ctrl-C ends early, with the report so far, which is also a page: the\n"
            "report's name with .html.",
    .examples = "orfeasctl load sustained\n"
                "orfeasctl load sustained http://127.0.0.1:8080/a --rate 200 --duration 5m\n"
                "orfeasctl load sustained http://127.0.0.1/ --require 'p95<500ms,errors<1%'\n"
                "orfeasctl load sustained ws://127.0.0.1:5000/rpc --model closed\n",
    .options = orf_ctl_load_options,
    .max_arguments = 1,
    .takes_long = TRUE,
    .run = orf_ctl_verb_load },
  { .name = "load stress",
    .arguments = "[URL]",
    .summary = "more and more requests, up to the breaking point",
    .help = "Ten a second more each minute, until a level misses --limit.",
    .examples = "orfeasctl load stress http://127.0.0.1:8080/\n"
                "orfeasctl load stress --rate 100 --step 100 --duration 10s --max-rate 5000\n",
    .options = orf_ctl_load_stress_options,
    .max_arguments = 1,
    .takes_long = TRUE,
    .run = orf_ctl_verb_load },
  { .name = "load spike",
    .arguments = "[URL]",
    .summary = "a sudden peak, and how long it is felt",
    .help = "20, 100 and 20 requests a second, a third of a minute each.",
    .examples = "orfeasctl load spike http://127.0.0.1:8080/\n"
                "orfeasctl load spike --rate 50 --peak 1000 --duration 90s\n",
    .options = orf_ctl_load_spike_options,
    .max_arguments = 1,
    .takes_long = TRUE,
    .run = orf_ctl_verb_load },
  { .name = "load endurance",
    .arguments = "[URL]",
    .summary = "requests at one rate for long: 30/s for an hour",
    .examples = "orfeasctl load endurance http://127.0.0.1:8080/ --duration 24h\n",
    .options = orf_ctl_load_options,
    .max_arguments = 1,
    .takes_long = TRUE,
    .run = orf_ctl_verb_load },
  { .name = "load list",
    .arguments = "",
    .summary = "load tests that were recorded, newest first",
    .examples = "orfeasctl load list\n"
                "orfeasctl --db orfeas.db load list --from -30d\n",
    .options = orf_ctl_load_list_options,
    .reads_only = TRUE,
    .run = orf_ctl_verb_load_list },
  { .name = "load compare",
    .arguments = "A.json B.json",
    .summary = "two reports: what differs, and whether by chance",
    .help = "P is how likely chance alone makes such a difference: of latencies and rates by\n"
            "ranks of their slices of time (Mann and Whitney), of failures by their shares.\n"
            "Exit status 5: B is worse, with P below 1 %.",
    .examples = "orfeasctl load compare before.json after.json\n",
    .min_arguments = 2,
    .max_arguments = 2,
    .run = orf_ctl_verb_load_compare },
  { .name = "call",
    .arguments = "METHOD [JSON|-]",
    .summary = "call any method with its parameters as JSON",
    .help = "JSON is an object (parameters by name) or an array (by position); - reads it\n"
            "from standard input.  orfeasctl discover lists the methods.  Of a stream each\n"
            "value is a line, with --json as it came, until Ctrl-C; that needs the socket.",
    .examples = "orfeasctl call status.get\n"
                "orfeasctl call metrics.list '{\"match\": \"gpu\", \"limit\": 5}'\n"
                "orfeasctl call metrics.record - < samples.json\n"
                "orfeasctl call health.watch\n",
    .min_arguments = 1,
    .max_arguments = 2,
    .reads_only = TRUE, /* it looks at the method itself */
    .run = orf_ctl_verb_call },
  { .name = "discover",
    .arguments = "",
    .summary = "the methods there are, and who may call them",
    .examples = "orfeasctl discover\n"
                "orfeasctl discover --json > openrpc.json\n",
    .reads_only = TRUE,
    .run = orf_ctl_verb_discover },
  { .name = "db check",
    .arguments = "",
    .summary = "whether the database file is sound",
    .help = "Reads the whole file.  Exit status 5: it is damaged.",
    .examples = "orfeasctl db check\n"
                "orfeasctl --db /backup/orfeas.db db check\n",
    .reads_only = TRUE,
    .takes_long = TRUE,
    .run = orf_ctl_verb_db_check },
  { .name = "db stats",
    .arguments = "",
    .summary = "what takes the room: bytes by tier, and by series",
    .help = "Reads the whole file, or with --quick only its rows.",
    .examples = "orfeasctl db stats\n"
                "orfeasctl db stats --series --limit 50\n"
                "orfeasctl --db /backup/orfeas.db db stats --quick\n",
    .options = orf_ctl_db_stats_options,
    .reads_only = TRUE,
    .takes_long = TRUE,
    .run = orf_ctl_verb_db_stats },
  { .name = "db backup",
    .arguments = "FILE",
    .summary = "a consistent copy of the database, while it is written",
    .help = "The daemon writes FILE on its machine; it must not be there yet.",
    .examples = "orfeasctl db backup orfeas-backup.db\n",
    .min_arguments = 1,
    .max_arguments = 1,
    .takes_long = TRUE,
    .run = orf_ctl_verb_db_backup },
  { .name = "token new",
    .arguments = "",
    .summary = "make a token for the daemon's token file",
    .help = "Prints the token, which is shown only now, and the section to add to the file\n"
            "that [auth] token_file names.  With --file the section is added there, and only\n"
            "the token is printed.  The daemon reads the file at its start and on SIGHUP.",
    .examples = "orfeasctl token new --name grafana --role read --expires 90d\n"
                "orfeasctl token new --name ci --role ingest --file /etc/orfeas/tokens\n",
    .options = orf_ctl_token_new_options,
    .run = orf_ctl_verb_token_new },
  { .name = "token list",
    .arguments = "",
    .summary = "the tokens of a file: names, roles, expiry",
    .examples = "orfeasctl token list --file /etc/orfeas/tokens\n",
    .options = orf_ctl_token_list_options,
    .run = orf_ctl_verb_token_list },
  { .name = NULL },
};
