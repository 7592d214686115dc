#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bytes a sample and rates of the chunk codec on one core, for chunks of several lengths.

The series are those of a GPU service's exporters; BENCH_SERIES=FILE.csv (series,t_us,value) takes others.
"""

import json
import math
import os
import random
import subprocess

from orfeas_bench import BUILD, Table, on

POINTS = ["600", "1800", "3600"]
# Measured once on the same kinds of series (Debian 12): a Prometheus 2.42 block, VictoriaMetrics 1.79.
PROMETHEUS, VICTORIA = 3.77, 1.19
ROWS = 10800


def make_series():
    """A few of each kind: utilisation, temperature, power, a counter, latency, liveness."""
    rand = random.Random(11)
    for i in range(30):
        name, level = f"s{i}", 40.0
        for t in range(ROWS):
            level = min(100, max(0, level + rand.gauss(0, 6))) if i % 6 != 3 else level + rand.randint(0, 4096) * 1024
            value = (round(level), round(55 + 10 * math.sin(t / 900) + rand.gauss(0, 0.6)),
                     round(250 + 80 * math.sin(t / 300) + rand.gauss(0, 9), 2), level,
                     round(rand.lognormvariate(4.5, 0.4), 3), int(rand.random() > 0.001))[i % 6]
            yield f"{name},{(1_700_000_000 + t) * 1_000_000},{float(value)!r}\n"


def main():
    path = os.environ.get("BENCH_SERIES")
    if path:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    else:
        text = "".join(make_series())
    program = os.path.join(BUILD, "tests", "bench", "bench-codec")
    done = subprocess.run([*on(0), program, *POINTS], input=text, capture_output=True, text=True, check=True)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    table = Table(f"{results[0]['samples']:,} samples of {path or 'made series'}, in chunks")
    for r in results:
        size, points = r["bytes_a_sample"], r["points"]
        table.add(f"{points} points", f"{size:.3f} B a sample", f"<= {VICTORIA}" if not path else "",
                  None if path else size <= VICTORIA)
        if not path:
            table.add("  beside Prometheus", f"{size / PROMETHEUS:.2f}", "<= 0.35", size <= 0.35 * PROMETHEUS)
        table.add("  encode", f"{r['encode_m_s']:.1f} M/s", ">= 20", r["encode_m_s"] >= 20)
        table.add("  decode", f"{r['decode_m_s']:.1f} M/s", ">= 100", r["decode_m_s"] >= 100)
    table.print()


main()
