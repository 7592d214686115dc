/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-verb-options.h"
#include "orf-ctl-verbs.h"

/* The daemon, its devices, and who holds their memory. */

const OrfCtlVerb orf_ctl_verbs_gpu[] = {
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
  { .name = NULL },
};
