#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a span of liborfeas costs the program that makes it, sent to a real daemon."""

import json
import os
import subprocess

from orfeas_bench import BUILD, Session, Table, on


def main():
    session = Session()
    daemon = session.daemon()
    program = os.path.join(BUILD, "tests", "bench", "bench-tracer")
    done = subprocess.run([*on(0), program, daemon.ready["http"]], capture_output=True, text=True, check=True)
    daemon.stop()
    session.close()
    cost = json.loads(done.stdout)
    table = Table("CPU a span, best of 7 rounds of 3000")
    for name, what in (("bare", "a name alone"), ("attributes", "four attributes"), ("nested", "three in each other"), ("unsampled", "not recorded, four attributes")):
        row = cost[name]
        table.add(what, f"{row['caller_ns']:.0f} ns", "<= 1 us", row["caller_ns"] <= 1000)
        table.add("  with the thread that sends", f"{row['process_ns']:.0f} ns")
    table.add("four attributes, 4 threads on one core", f"{cost['threads_ns']:.0f} ns", "<= 1 us", cost["threads_ns"] <= 1000)
    table.add("sent, dropped", f"{cost['sent']}, {cost['dropped']}", "none dropped", cost["dropped"] == 0)
    table.print()


main()
