# SPDX-License-Identifier: LGPL-2.1-or-later
"""The studio of `script/server --demo`, and parts of it in less time."""

import contextlib
import os
import subprocess
import sys

import orfeas_test
from orfeas_test import equal, wait_for

DEMO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "client", "demo")


def start_daemon(t, settings=None):
    """(the daemon on the demo's settings, the folder in which memory of its device is counted)."""
    ledger = os.path.join(t.dir, "ledger")
    os.mkdir(ledger)
    with open(os.path.join(DEMO, "demo.conf"), encoding="utf-8") as file:
        config = file.read()
    daemon = t.start(config=config, settings={"memory.budget_bytes": 1 << 36, **(settings or {})}, env={"ORFEAS_SIMULATED_LEDGER": ledger})
    return daemon, ledger


@contextlib.contextmanager
def studio(t, daemon, ledger):
    """It runs in the block, and ends with all that it began."""
    process = subprocess.Popen([sys.executable, os.path.join(DEMO, "studio.py"), "--socket", daemon.socket, "--otlp", daemon.ready["http"], "--ledger", ledger,
                                "--worker", orfeas_test.ORFEAS_DEMO_WORKER], env=t.environment())
    try:
        yield process
    finally:
        process.terminate()
        equal(process.wait(orfeas_test.PATIENCE_S), 0)


def wait_for_batches(daemon, n):
    return wait_for(lambda: (found := [one for one in daemon.call("worker.list")["workers"] if one["batches"]]) and len(found) == n and found,
                    f"batches of {n} workers")
