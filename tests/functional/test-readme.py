#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each command of the README's "Five things to try" and of the tutorial says what they show, up to names and numbers."""

import re

import orfeas_test
from documented import check_command, first_words, read_commands, read_page
from orfeas_test import PATIENCE_S, equal, wait_for
from studio import start_daemon, wait_for_batches

LEAK_AFTER = 200
# as the demo has them, in a tenth of the time and of the memory
WORKERS = {
    "llm": ("--weights-mib", "256", "--idle-mib", "768", "--max-batch", "8"),
    "embedder": ("--weights-mib", "8", "--max-batch", "8", "--cache-keys", "50", "--period-ms", "100"),
    "mesher": ("--weights-mib", "64", "--max-batch", "2", "--leak-kib", "512", "--leak-after", str(LEAK_AFTER), "--period-ms", "25", "--report-ms", "25"),
}
ROW_US = 30000


def record_requests(daemon):
    """A hundred that are usual, and one that is not."""
    took_us = [1000] * 100 + [1000000]
    for part in (took_us[:-1], took_us[-1:]):
        daemon.call("traces.record", {"spans": [{"trace_id": f"{us + i:032x}", "span_id": f"{i + 1:016x}", "service": "gateway", "operation": "POST /v1/models",
                                                 "duration_us": us} for i, us in enumerate(part)]})


def start_with_leak(t):
    """The demo's daemon, and a worker that is found to leak: what all these pages are about."""
    daemon, ledger = start_daemon(t, {"forecast.row_us": ROW_US, "gpu.sample_us": 100000})
    for name, options in WORKERS.items():
        t.demo_worker(daemon, "--simulated", ledger, "--otlp", daemon.ready["http"], "--name", name, *options)
    wait_for_batches(daemon, len(WORKERS))
    record_requests(daemon)
    daemon.call("metrics.record", {"samples": [{"name": "studio.queue_depth", "value": 8}]})
    wait_for(lambda: daemon.call("cache.stats")["hits"] > 0, "hits")
    wait_for(lambda: daemon.sql("SELECT 1 FROM v_sample WHERE series LIKE 'gpu.memory.used%'"), "samples on disk")
    daemon.call("events.mark", {"text": "mesher 1.8", "kind": "deploy"})
    # what began it is not waited for: how near to the mark it is found to begin depends on how busy the machine is
    wait_for(lambda: [one for one in daemon.call("gpu.leaks")["suspects"] if one["worker"]], "the leak to be found", 2 * PATIENCE_S)
    return daemon


def test_commands(t):
    five = read_commands(read_page("README.md").partition("## Five things to try")[2].partition("## All of them")[0])
    equal(first_words(five), ["gpu", "gpu", "cache", "sql", "postmortem"])
    tutorial = read_commands(read_page("doc", "tutorial.md"))
    assert len(tutorial) > 10, first_words(tutorial)
    daemon = start_with_leak(t)
    for command in dict.fromkeys(command for command, _ in tutorial + five):  # in the order of the story, and what both show once
        check_command(t, daemon, command, "\n".join(shown for one, shown in tutorial + five if one == command))


def test_verbs(t):
    """The first verb of each row of "All of them" is one."""
    rows = re.findall(r"^\| `orfeasctl ([^`]*)`", read_page("README.md").partition("## All of them")[2], re.M)
    assert len(rows) > 20, rows
    for row in rows:
        verb = re.match(r"[a-z -]+?(?= *(?:[^a-z -]|$))", row)[0].split()
        status, _, errors = t.ctl(None, *verb, "--help")
        equal((status, errors), (0, ""), row)


if __name__ == "__main__":
    orfeas_test.main()
