# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a service is asked, of the daemon itself: GET, PUT and POST by turns, each call in a trace."""

import json
import os
import subprocess

from orfeas_bench import PRIORITY, on, orfeas_test

SETTINGS = {"trace.sample_percent": 100, "trace.max_spans_per_s": 100_000, "trace.retention_bytes": 256 << 20,
            "listen.max_connections": 4096}
MIX = [
    {"path": "/api/v1/status"},
    {"path": "/api/v1/dashboard/summary"},
    {"method": "PUT", "path": "/api/v1/cache/keys/load:a", "headers": {"Content-Type": "application/octet-stream"}, "body": "{{random}}"},
    {"path": "/api/v1/cache/keys/load:a"},
    {"method": "POST", "path": "/api/v1/metrics/record", "headers": {"Content-Type": "application/json"},
     "body": '{"samples":[{"name":"load.value","value":{{random}}}]}'},
    {"path": "/api/v1/traces?limit=20"},
]


def write_mix(session):
    path = os.path.join(session.dir, "requests")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(one) + "\n" for one in MIX)
    return path


def start_load(session, daemon, kind, *options):
    """It runs on the other core; end_load() has its report."""
    daemon.call("cache.set", {"key": "load:a", "value": "1"})
    command = [*PRIORITY, *on(1), orfeas_test.ORFEASCTL, "load", kind, daemon.ready["http"] + "/", "--requests", write_mix(session),
               "-o", os.path.join(session.dir, "report.json"), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)


def end_load(session, process):
    _, said = process.communicate()
    assert process.returncode in (0, 5), said
    with open(os.path.join(session.dir, "report.json"), encoding="utf-8") as file:
        return json.load(file)


def load(session, daemon, kind, *options):
    """What orfeasctl's report says."""
    return end_load(session, start_load(session, daemon, kind, *options))


def percent_failed(total):
    ended = total["answered"] + total["failed"]
    return 100 * total["failed"] / ended if ended else 100
