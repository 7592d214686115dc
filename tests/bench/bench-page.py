#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The live page in Chromium beside a busy daemon: its first chart, its size, what it costs, and whether it grows.

BENCH_MINUTES says how long it is looked at (10).
"""

import json
import os
import random
import statistics
import sys
import threading
import time

from orfeas_bench import HERE, Session, Table, orfeas_test

sys.path.insert(0, os.path.join(HERE, "..", "browser"))

import browser_test  # noqa: E402

ROUND_S = 30
ROUNDS = max(2, int(float(os.environ.get("BENCH_MINUTES", "10")) * 60 / ROUND_S))
SERVICES = ("gateway", "studio", "storage", "model-server")
KIB = 1024


class Load(threading.Thread):
    """A demo: a worker, spans of four services, a cache that is asked, a series of its own."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.daemon_under_test = daemon
        self.random = random.Random(3)
        self.done = threading.Event()

    def run(self):
        call = self.daemon_under_test.call
        worker = call("worker.register", {"name": "studio", "device": "simulated-0"})["worker"]
        while not self.done.wait(1):
            self.one_second(call, worker)

    def one_second(self, call, worker):
        call("metrics.record", {"samples": [{"name": "studio.queue", "value": self.random.gauss(50, 4)}]})
        call("traces.record", {"spans": [self.span() for _ in range(20)]})
        call("worker.report", {"worker": worker, "allocator": {"allocated_bytes": 1 << 29, "reserved_bytes": 2 << 30, "largest_free_bytes": 1 << 28}})
        for _ in range(10):
            key = f"prompt:{int(self.random.paretovariate(0.8))}"
            if not call("cache.get", {"key": key})["hit"]:
                call("cache.set", {"key": key, "value": "x" * 1000})

    def span(self):
        return {
            "trace_id": f"{self.random.getrandbits(128):032x}", "span_id": f"{self.random.getrandbits(64):016x}",
            "service": self.random.choice(SERVICES), "operation": "work", "duration_us": self.random.randrange(1000, 400000),
        }


def measure(session, daemon):
    lines = []
    orfeas_test.diagnose = lambda text: lines.extend(str(text).splitlines())
    browser_test.run(session.test, os.path.join(HERE, "page.mjs"), "page", daemon, rounds=ROUNDS, round_s=ROUND_S)
    return json.loads(lines[0])


def main():
    session = Session()
    daemon = session.daemon(settings={"gpu.backends": "simulated", "gpu.simulated_devices": 2})
    load = Load(daemon)
    load.start()
    time.sleep(20)  # that there is something to draw
    told = measure(session, daemon)
    load.done.set()
    table = Table(f"the page, {told['charts']} charts, {ROUNDS * ROUND_S / 60:g} minutes")
    table.add("all files, gzip", f"{told['gzip_bytes'] / 1000:.1f} KB", "<= 150 KB", told["gzip_bytes"] <= 150_000)
    for name, times in (("in a context that never saw it", told["cold_ms"]), ("after a reload", told["reload_ms"])):
        median = statistics.median(times)
        table.add(f"first chart, {name}", f"median {median:.0f} ms of {len(times)}, {min(times):.0f} to {max(times):.0f} ms", "<= 300 ms", median <= 300)
    shares = told["task_ms_per_s"]
    table.add("main thread, every section in sight", f"median {statistics.median(shares):.0f} ms a second, worst {max(shares):.0f}", "<= 60 ms",
              statistics.median(shares) <= 60)
    table.add("of it processor time", f"median {statistics.median(told['cpu_ms_per_s']):.0f} ms a second")
    first, last = told["heaps"][len(told["heaps"]) // 3], told["heaps"][-1]  # the store's window fills first
    growth = last["heap_bytes"] - first["heap_bytes"]
    table.add("heap, from a third of the time to its end", f"{first['heap_bytes'] / KIB:.0f} to {last['heap_bytes'] / KIB:.0f} KiB", "no growth",
              growth <= first["heap_bytes"] * 0.05)
    table.add("elements, listeners", f"{first['nodes']:.0f} to {last['nodes']:.0f}, {first['listeners']:.0f} to {last['listeners']:.0f}")
    table.print()


main()
