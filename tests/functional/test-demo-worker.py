#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""orfeas-demo-worker, and liborfeas in it, against the real daemon: what it holds, runs, leaks, and how it goes."""

import re
import subprocess

import orfeas_test
from orfeas_test import ORFEAS_DEMO_WORKER, contains, equal, wait_for

MIB = 1024 * 1024


def start(t):
    """With an OpenCL device, which is PoCL's where there is no other."""
    daemon = t.start(settings={"gpu.backends": "opencl"})
    wait_for(lambda: daemon.call("gpu.list")["devices"], "an OpenCL device")
    return daemon


def find(daemon, worker):
    return next(found for found in daemon.call("worker.list")["workers"] if found["worker"] == worker.worker)


def pss_bytes(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Pss:\s+(\d+) kB", file.read(), re.MULTILINE).group(1)) * 1024


def test_holds(t):
    daemon = start(t)
    device = daemon.call("gpu.list")["devices"][0]
    less = t.demo_worker(daemon, "--name", "less", "--weights-mib", "10", "--max-batch", "0")
    more = t.demo_worker(daemon, "--name", "more", "--weights-mib", "10", "--idle-mib", "320", "--max-batch", "0")
    # the library's id of the device is the probe's
    equal(more.facts["device"], device["device"])
    found = find(daemon, more)
    equal([found[key] for key in ("name", "device", "pid", "state", "capabilities")],
          ["more", device["device"], more.pid, "connected", ["trim", "unload", "batch_size"]])
    equal([found[key] for key in ("allocated_bytes", "reserved_bytes", "inactive_split_bytes", "largest_free_bytes", "ooms")],
          [10 * MIB, 330 * MIB, 0, 32 * MIB, 0])
    equal(find(daemon, less)["reserved_bytes"], 10 * MIB)
    if "pthread" in device["name"] or "cpu" in device["name"]:
        # it is really there, to the system too
        differ = pss_bytes(more.pid) - pss_bytes(less.pid)
        assert 0.95 * 320 * MIB < differ < 1.05 * 320 * MIB, f"{differ / MIB:.1f} MiB"
    equal(more.stop(), 0)
    wait_for(lambda: find(daemon, more)["state"] == "left", "it to have left")


def test_batches_follow_their_law(t):
    daemon = start(t)
    item = 256 * 1024
    worker = t.demo_worker(daemon, "--weights-mib", "12", "--base-mib", "2", "--item-kib", "256", "--max-batch", "16", "--batches", "30",
                           "--period-ms", "0")
    equal(worker.process.wait(orfeas_test.PATIENCE_S), 0)
    rows = daemon.sql("SELECT size, peak_bytes, duration_us FROM worker_batch")
    equal(len(rows), 30)
    assert len({size for size, _, _ in rows}) > 2, rows
    for size, peak, duration in rows:
        wanted = 14 * MIB + size * item
        # three blocks, each rounded up by a 16th at most
        assert 1 <= size <= 16 and duration > 0 and wanted <= peak <= wanted * 17 / 16 + 3 * 65536, (size, peak, wanted)


def test_leaks_until_its_limit(t):
    daemon = start(t)
    worker = t.demo_worker(daemon, "--weights-mib", "0", "--base-mib", "4", "--item-kib", "16", "--leak-kib", "2048", "--limit-mib", "48", "--period-ms", "20",
                           "--report-ms", "50")
    found = wait_for(lambda: (row := find(daemon, worker))["ooms"] and row, "it to run out of memory")
    assert found["allocated_bytes"] > 24 * MIB and found["reserved_bytes"] <= 48 * MIB, found
    equal(worker.process.poll(), None)


def test_comes_back_with_the_daemon(t):
    daemon = start(t)
    worker = t.demo_worker(daemon, "--max-batch", "2", "--weights-mib", "0", "--period-ms", "50", "--report-ms", "50")
    before = find(daemon, worker)["batches"]
    daemon.restart()
    wait_for(lambda: any(row["state"] == "connected" and row["pid"] == worker.pid and row["batches"] > before
                         for row in daemon.call("worker.list")["workers"]), "it to be back")
    equal(worker.stop(), 0)


def test_usage(t):
    for arguments, code, said in (
        (["--help"], 0, "--misbehave"),
        (["--law", "cubic"], 2, "linear, quadratic, padded"),
        (["--idle-mib", "-1"], 2, "--idle-mib: 0 to"),
        (["--nonsense"], 2, "--nonsense"),
        (["extra"], 2, "extra"),
    ):
        done = subprocess.run([ORFEAS_DEMO_WORKER, *arguments], capture_output=True, text=True, env=t.environment())
        equal(done.returncode, code, done.stderr)
        contains(done.stdout + done.stderr, said)


orfeas_test.main()
