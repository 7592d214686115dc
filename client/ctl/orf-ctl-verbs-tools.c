/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-verb-options.h"
#include "orf-ctl-verbs.h"

/* The set-up, load tests, and what serves all the others. */

const OrfCtlVerb orf_ctl_verbs_tools[] = {
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
    .help = "URL is http[s]://HOST[:PORT][/PATH], ws[s]://HOST[:PORT]/PATH or unix:PATH; the\n"
            "last two take JSON-RPC.  Without it the daemon is asked for its health.  Send\n"
            "times are fixed beforehand: latency counts from them, however late a slow\n"
            "server lets us be.  Ctrl-C ends early, with the report so far, which is also a\n"
            "page: the report's name with .html.",
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
  { .name = "load show",
    .arguments = "ID",
    .summary = "a recorded load test beside what the daemon recorded",
    .help = "What saturated first, both sides over the run's time, the daemon's series, and\n"
            "the peaks, cleanups, alerts, anomalies and slow traces of that time.  A load\n"
            "client on the same host is part of host.cpu.used_percent.",
    .examples = "orfeasctl load show l-3\n"
                "orfeasctl load show l-3 -o nightly.html\n"
                "orfeasctl --db orfeas.db load show l-3 --json | jq .server.saturated\n",
    .options = orf_ctl_load_show_options,
    .min_arguments = 1,
    .max_arguments = 1,
    .reads_only = TRUE,
    .run = orf_ctl_verb_load_show },
  { .name = "load compare",
    .arguments = "A B",
    .summary = "two load tests: what differs, and whether by chance",
    .help = "A and B are report files, or ids of recorded runs.  P is how likely chance alone\n"
            "makes such a difference: of latencies and rates by ranks of their slices of time\n"
            "(Mann and Whitney), of failures by their shares.  The daemon's side is told too,\n"
            "where both have it.  Exit status 5: B is worse for the client, with P below 1 %.",
    .examples = "orfeasctl load compare before.json after.json\n"
                "orfeasctl load compare l-3 l-4\n",
    .min_arguments = 2,
    .max_arguments = 2,
    .reads_only = TRUE,
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
  { .name = "db recover",
    .arguments = "FILE NEW",
    .summary = "save what can be read of a damaged database",
    .help = "Reads FILE, with no daemon, and leaves it as it is; NEW, which must not be there\n"
            "yet, is a database that orfeasd takes.  Tells by table what is there now, where\n"
            "rows could not be read, and what was made again of other tables.  Stop the\n"
            "daemon first: what it writes meanwhile is not in NEW.  Exit status 5: something\n"
            "is lost.",
    .examples = "orfeasctl db recover orfeas.db recovered.db\n"
                "orfeasctl --db recovered.db db check\n",
    .min_arguments = 2,
    .max_arguments = 2,
    .takes_long = TRUE,
    .run = orf_ctl_verb_db_recover },
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
