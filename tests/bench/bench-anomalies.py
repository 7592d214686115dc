#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the streaming detectors with their calibration take: a point, a series, a tick of 10,000 series from the first row on, and the
entities whose series are judged together."""

import json
import os
import subprocess

from orfeas_bench import BUILD, Table, on

SERIES, ENTITIES, METRICS = 10000, 64, 40
TICKS = 3000


def measure(groups, series):
    program = os.path.join(BUILD, "tests", "bench", "bench-anomalies")
    done = subprocess.run([*on(0), program, str(groups), str(series), str(TICKS)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def add_tick(table, cost, limit_ms):
    table.add("  CPU of a tick, mean", f"{cost['mean_ms']:.2f} ms")
    table.add("  CPU, of a hundred the slowest", f"{cost['p99_ms']:.2f} ms, {cost['p99_ms'] / limit_ms:.2f} of the limit", f"<= {limit_ms} ms",
              cost["p99_ms"] <= limit_ms)
    table.add("  CPU, the slowest", f"{cost['max_ms']:.2f} ms")


def main():
    table = Table(f"anomaly detectors, {TICKS} ticks from the first row on")
    cost = measure(SERIES, 1)
    table.add(f"{SERIES:,} series, each by itself", "")
    table.add("  a point", f"{cost['point_ns']:.0f} ns, {cost['point_ns'] / 300:.2f} of the limit", "<= 300 ns", cost["point_ns"] <= 300)
    table.add("  a series", f"{cost['bytes']:.0f} B, {cost['bytes'] / 2048:.2f} of the limit", "<= 2048 B", cost["bytes"] <= 2048)
    add_tick(table, cost, 10)
    cost = measure(ENTITIES, METRICS)
    table.add(f"{ENTITIES} entities of {METRICS} series, judged together too", "")
    table.add("  a series, with its share of the axes", f"{cost['bytes']:.0f} B")
    add_tick(table, cost, 5)
    cost = measure(SERIES // METRICS, METRICS)
    table.add(f"{SERIES:,} series of {SERIES // METRICS} entities", "")
    table.add("  a point, with its share of the axes", f"{cost['point_ns']:.0f} ns")
    add_tick(table, cost, 10)
    table.print()


main()
