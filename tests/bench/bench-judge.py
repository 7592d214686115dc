#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A tick of 10,000 series on the judging thread: rows, forecasts, what came, and what is written down."""

import json
import os
import subprocess

from orfeas_bench import BUILD, Table

SERIES = 10000
TICKS = 600


def main():
    program = os.path.join(BUILD, "tests", "bench", "bench-judge")
    cost = json.loads(subprocess.run([program, str(SERIES), str(TICKS)], capture_output=True, text=True, check=True).stdout)
    table = Table(f"a tick of {SERIES:,} series of a second, rows of a minute, {TICKS} ticks")
    table.add("CPU, mean", f"{cost['mean_ms']:.2f} ms", "<= 20 ms", cost["mean_ms"] <= 20)
    table.add("CPU, of a hundred the slowest", f"{cost['p99_ms']:.2f} ms", "<= 20 ms", cost["p99_ms"] <= 20)
    table.add("CPU, the slowest", f"{cost['max_ms']:.2f} ms")
    table.add("memory", f"{cost['bytes']:.0f} B a series, forecasts that wait with it")
    table.add("forecasts", f"{cost['made']:,} made, {cost['judged']:,} judged")
    table.print()


main()
