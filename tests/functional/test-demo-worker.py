#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""orfeas-demo-worker, and liborfeas in it, against the real daemon: what it holds, runs, leaks, and how it goes."""

import json
import os
import re
import signal
import socket
import subprocess
import time

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


def test_answers_are_cached(t):
    daemon = start(t)
    worker = t.demo_worker(daemon, "--name", "asked", "--weights-mib", "1", "--base-mib", "1", "--item-kib", "1", "--cache-keys", "50", "--batches", "40",
                           "--period-ms", "0")
    equal(worker.process.wait(orfeas_test.PATIENCE_S), 0)
    (told,) = [one for one in daemon.call("cache.stats")["namespaces"] if one["name"] == "asked"]
    assert told["misses"] <= 50 < told["hits"], told
    assert told["miss_cost_us"] > 0, told


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


def test_traces(t):
    """Each batch is a trace, and the report that tells of one is in it."""
    daemon = start(t)
    worker = t.demo_worker(daemon, "--name", "traced", "--weights-mib", "0", "--batches", "5", "--period-ms", "0", "--otlp", daemon.ready["http"])
    equal(worker.process.wait(orfeas_test.PATIENCE_S), 0)
    traces = daemon.call("traces.list", {"service": "traced", "operation": "batch"})["traces"]
    equal(len(traces), 5)
    trees = [daemon.call("traces.get", {"trace_id": trace["trace_id"]})["spans"] for trace in traces]
    for tree in trees:
        equal([(span["operation"], span["depth"]) for span in tree if span["service"] == "traced"], [("batch", 0), ("allocate", 1), ("compute", 1)])
        assert tree[0]["attributes"]["batch.size"] >= 1 and tree[1]["attributes"]["bytes"] > 0, tree
    wait_for(lambda: [span for trace in traces for span in daemon.call("traces.get", {"trace_id": trace["trace_id"]})["spans"]
                      if (span["service"], span["operation"], span["depth"]) == ("orfeasd", "worker.report", 1)], "a report in the trace of a batch")
    wrong = subprocess.run([orfeas_test.ORFEAS_DEMO_WORKER, "--otlp", "https://127.0.0.1"], capture_output=True, text=True, env=t.environment())
    equal((wrong.returncode, wrong.stderr), (2, "orfeas-demo-worker: --otlp https://127.0.0.1: invalid argument\n"))


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


def test_simulated_device(t):
    """Memory that is only counted is the device's all the same: held, leaked, given back, and gone with its process."""
    ledger = os.path.join(t.dir, "ledger")
    os.mkdir(ledger)
    daemon = t.start(settings={"gpu.simulated_devices": 1, "gpu.simulated_total_bytes": 1 << 30, "gpu.sample_us": 100000},
                     env={"ORFEAS_SIMULATED_LEDGER": ledger})

    def device():
        return daemon.call("gpu.list")["devices"][0]

    holder = t.demo_worker(daemon, "--simulated", ledger, "--name", "holder", "--weights-mib", "40", "--idle-mib", "320", "--max-batch", "0")
    equal(holder.facts["device"], "simulated-0")
    wait_for(lambda: device()["used_bytes"] == 360 * MIB, "what it holds")
    equal([(one["pid"], one["name"], one["used_bytes"]) for one in device()["processes"]], [(holder.pid, "holder", 360 * MIB)])
    cleanup = daemon.call("gpu.cleanup", {"level": "normal"})
    equal([cleanup[key] for key in ("verdict", "before_bytes", "after_bytes", "freed_bytes")], ["freed", 360 * MIB, 40 * MIB, 320 * MIB])

    leaky = t.demo_worker(daemon, "--simulated", ledger, "--name", "leaky", "--weights-mib", "0", "--max-batch", "2", "--item-kib", "16", "--leak-kib", "2048",
                          "--leak-after", "5", "--batches", "15", "--period-ms", "1")
    equal(leaky.process.wait(orfeas_test.PATIENCE_S), 0)
    peaks = [peak for peak, in daemon.sql("SELECT peak_bytes FROM worker_batch ORDER BY rowid")]
    # the sixth batch is the first that leaves something behind
    assert len(peaks) == 15 and max(peaks[:6]) < 6 * MIB and peaks[14] > 4 * MIB + 9 * 2 * MIB, peaks
    wait_for(lambda: device()["used_bytes"] == 40 * MIB, "it to take its memory along")
    holder.process.kill()
    holder.process.wait()
    wait_for(lambda: device()["used_bytes"] == 0, "who was killed to hold nothing")


class Asker:
    """A daemon that knows one worker and asks it for memory: what it answers, and what the system says."""

    def __init__(self, t):
        self.socket = os.path.join(t.dir, "asker.sock")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.socket)
        self.listener.listen()
        self.listener.settimeout(orfeas_test.PATIENCE_S)
        self.connection = None

    def start(self, t, *options):
        """A worker that listens to advice, and has made its first report."""
        worker = orfeas_test.DemoWorker(t, self, "--max-batch", "0", "--report-ms", "20", *options)
        self.connection, _ = self.listener.accept()
        self.connection.settimeout(orfeas_test.PATIENCE_S)
        self.lines = self.connection.makefile("rb")
        self.allocator = None
        self.until("worker.advice")
        return worker.wait_ready()

    def until(self, method):
        """Answers calls until one of that method, whose parameters it returns."""
        for line in self.lines:
            call = json.loads(line)
            result = {"worker.register": {"worker": "w-1", "lease_us": 30000000}, "worker.advice": {"stream": "s1"}}.get(call["method"], {"accepted": 1})
            self.connection.sendall(json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": result}).encode() + b"\n")
            self.allocator = call["params"].get("allocator", self.allocator)
            if call["method"] == method:
                return call["params"]
        raise AssertionError(f"the worker went before {method}")

    def ask(self, level="normal", **more):
        value = {"advice": "a-1", "kind": "cleanup", "level": level, "batch_size": None, "deadline_us": time.time_ns() // 1000 + 10**7, "reason": "a test", **more}
        message = {"jsonrpc": "2.0", "method": "stream.next", "params": {"stream": "s1", "seq": 1, "value": value}}
        self.connection.sendall(json.dumps(message).encode() + b"\n")


def test_gives_back(t):
    asker = Asker(t)
    worker = asker.start(t, "--weights-mib", "40", "--idle-mib", "320")
    before = pss_bytes(worker.pid)
    asker.ask("light")
    answer = asker.until("worker.done")
    equal([answer[key] for key in ("outcome", "freed_bytes")], ["done", 320 * MIB])
    # what it holds now was reported before it answered
    equal(asker.allocator["reserved_bytes"], 40 * MIB)
    # on a GPU the memory is not the host's, and a sanitizer keeps what was freed
    if pss_bytes(worker.pid) < before and not os.environ.get("ORFEAS_SANITIZED"):
        freed = before - pss_bytes(worker.pid)
        assert 0.95 * 320 * MIB < freed < 1.05 * 320 * MIB, f"{freed / MIB:.1f} MiB"
    asker.ask("aggressive")
    equal(asker.until("worker.done")["freed_bytes"], 40 * MIB)
    equal(asker.allocator["reserved_bytes"], 0)
    asker.ask(kind="batch_size", level=None, batch_size=3)
    equal(asker.until("worker.done")["outcome"], "done")


def test_misbehaves(t):
    """As the tests of cleanups need it to."""
    asker = Asker(t)
    worker = asker.start(t, "--idle-mib", "64", "--misbehave", "lie")
    asker.ask()
    answer = asker.until("worker.done")
    equal([answer["outcome"], answer["freed_bytes"], asker.allocator["reserved_bytes"]], ["done", 64 * MIB, 128 * MIB])
    equal(worker.stop(), 0)

    worker = asker.start(t, "--misbehave", "refuse")
    asker.ask()
    answer = asker.until("worker.done")
    equal([answer["outcome"], answer["text"], "freed_bytes" in answer], ["refused", "told to refuse", False])
    equal(worker.stop(), 0)

    worker = asker.start(t, "--misbehave", "die")
    asker.ask()
    equal(worker.process.wait(orfeas_test.PATIENCE_S), -signal.SIGKILL)

    worker = asker.start(t, "--idle-mib", "64", "--misbehave", "hang")
    asker.ask()
    for _ in range(5):  # it goes on, and says nothing of it
        asker.until("worker.report")
    equal(asker.allocator["reserved_bytes"], 128 * MIB)
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
