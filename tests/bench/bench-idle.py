#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What it costs to stand there and record 200 series each second; the probes stand apart."""

import os
import threading
import time

from orfeas_bench import Session, Table, cpu_s, orfeas_test, rss_bytes, written_bytes

SERIES = 200
SETTLE_S = 10
LENGTH_S = int(os.environ.get("BENCH_IDLE_SECONDS", "60"))


def feed(daemon, count, stop):
    """The series that the machine itself does not give, as a client records them: one call a second."""
    with daemon.peer() as peer:
        while not stop.wait(1):
            peer.call("metrics.record", {"samples": [{"name": f"idle.{i}", "value": i + time.time() % 60} for i in range(count)]})


def main():
    session = Session()
    daemon = session.daemon(settings={"gpu.backends": "opencl"})
    orfeas_test.wait_for(lambda: daemon.sources()["opencl"]["sampled_us"], "the device")
    builtin = len(daemon.call("metrics.list", {"limit": 1000})["series"])
    stop = threading.Event()
    feeder = threading.Thread(target=feed, args=(daemon, max(SERIES - builtin, 0), stop))
    feeder.start()
    time.sleep(SETTLE_S)
    pid, probe = daemon.process.pid, daemon.sources()["opencl"]["pid"]
    before = time.monotonic(), cpu_s(pid), written_bytes(pid), cpu_s(probe)
    time.sleep(LENGTH_S)
    after = time.monotonic(), cpu_s(pid), written_bytes(pid), cpu_s(probe)
    rss, probe_rss = rss_bytes(pid), rss_bytes(probe)
    stop.set()
    feeder.join()
    daemon.stop()
    length, cpu, written, probe_cpu = (b - a for a, b in zip(before, after))
    percent = 100 * cpu / length
    per_day = written / length * 86400
    table = Table(f"{SERIES} series ({builtin} of them built in) at 1 s for {length:.0f} s")
    table.add("CPU", f"{percent:.2f} % of a core", "<= 0.5 %", percent <= 0.5)
    table.add("RSS", f"{rss / 2**20:.1f} MiB", "<= 24 MiB", rss <= 24 * 2**20)
    table.add("written", f"{per_day / 1e9:.2f} GB a day", "<= 6 GB", per_day <= 6e9)
    table.add("the OpenCL probe", f"{100 * probe_cpu / length:.2f} %, {probe_rss / 2**20:.0f} MiB")
    table.print()


main()
