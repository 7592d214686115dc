#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A tick of 10,000 series from the source to the commit, beside the same rows by a bare loop of inserts."""

import json
import os
import subprocess

from orfeas_bench import BUILD, Session, Table

SERIES = 10000
TICKS = 30


def main():
    session = Session()
    program = os.path.join(BUILD, "tests", "bench", "bench-tick")
    done = subprocess.run([program, session.dir, str(SERIES), str(TICKS)], capture_output=True, text=True, check=True)
    cost = json.loads(done.stdout)
    table = Table(f"a tick of {SERIES:,} series sampled, framed and committed, mean of {TICKS}")
    table.add("CPU, all threads", f"{cost['cpu_ms']:.1f} ms", "<= 25 ms", cost["cpu_ms"] <= 25)
    table.add("written", f"{cost['bytes']:.0f} B a sample", "<= 150 B", cost["bytes"] <= 150)
    table.add("commits a tick", f"{cost['commits']:.2f}", "1", 0.9 <= cost["commits"] <= 1.1)
    table.add("bare SQLite inserts, CPU", f"{cost['bare_cpu_ms']:.1f} ms")
    table.add("bare SQLite inserts, written", f"{cost['bare_bytes']:.0f} B a sample")
    table.add("CPU beside bare inserts", f"{cost['cpu_ms'] / cost['bare_cpu_ms']:.2f}")
    table.add("bytes beside bare inserts", f"{cost['bytes'] / cost['bare_bytes']:.2f}")
    table.print()


main()
