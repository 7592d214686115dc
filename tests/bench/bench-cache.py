#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hits of the cache's first level by its own socket: calls a second, p99, and what a call costs its thread."""

import json
import os
import subprocess

from orfeas_bench import SECONDS, Session, Table, compile_c, on, orfeas_test

SIZES = (10, 1024)
# connections, in flight on each, calls/s wanted
LOADS = ((4, 8, 100_000), (32, 1, 70_000))
P99_MS = 1
TICKS = os.sysconf("SC_CLK_TCK")


def thread_seconds(pid, name):
    """CPU time of the daemon's thread of that name."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat", encoding="ascii") as file:
            head, _, rest = file.read().rpartition(")")
        if head.endswith("(" + name):
            fields = rest.split()
            return (int(fields[11]) + int(fields[12])) / TICKS
    raise KeyError(name)


def load(program, path, connections, in_flight, text):
    done = subprocess.run([*on(1), program, path, str(connections), str(in_flight), str(SECONDS), text], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def measure(table, program, daemon, size):
    path, pid = daemon.ready["cache_socket"], daemon.ready["pid"]
    text = json.dumps(orfeas_test.request("cache.get", {"key": f"bench:{size}"}), separators=(",", ":"))
    for connections, in_flight, target in LOADS:
        before = thread_seconds(pid, "cache")
        figures = load(program, path, connections, in_flight, text)
        cost_us = (thread_seconds(pid, "cache") - before) / (figures["calls_per_s"] * SECONDS) * 1e6
        p99_ms = figures["p99_us"] / 1000
        name = f"{size} bytes, {connections} x {in_flight}"
        table.add(name, f"{figures['calls_per_s']:,.0f}/s", f">= {target:,}/s", figures["calls_per_s"] >= target and figures["errors"] == 0)
        table.add("", f"p99 {p99_ms:.2f} ms", f"<= {P99_MS} ms", p99_ms <= P99_MS)
        table.add("", f"{cost_us:.2f} us of its thread", f"<= {1e6 / target:.1f} us: the target on a whole core", cost_us <= 1e6 / target)


def main():
    session = Session()
    program = compile_c(session, "socket-load.c")
    daemon = session.daemon()
    with orfeas_test.Peer(daemon.ready["cache_socket"]) as peer:
        for size in SIZES:
            peer.call("cache.set", {"key": f"bench:{size}", "value": "v" * size})
    table = Table(f"cache.get, hits, {SECONDS} s each; load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for size in SIZES:
        measure(table, program, daemon, size)
    daemon.stop()
    table.print()


main()
