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
# Not measured here: what a Prometheus 2.42 block and VictoriaMetrics 1.79 took for 200 series of the same ten kinds and length,
# index and all; a chunk's bytes are without the database's pages.
PROMETHEUS, VICTORIA = 3.77, 1.19
ROWS = 10800


def step(kind, t, rand, state):
    """The next value of a kind: utilisation, stepwise memory, temperature, power, a counter, latency, hit rate, liveness, bytes, ratio."""
    if kind == 0:
        state[0] = min(100, max(0, state[0] + rand.gauss(0, 6)))
    elif kind == 1 and rand.random() < 0.02:
        state[1] = max(1000, min(80000, state[1] + rand.choice([-512, -256, 256, 512, 1024])))
    elif kind == 4:
        state[1] += rand.randint(0, 40)
    elif kind == 8:
        state[1] += rand.randint(0, 4096) * 1024
    return (lambda: round(state[0]), lambda: state[1], lambda: round(55 + 10 * math.sin(t / 900) + rand.gauss(0, 0.6)),
            lambda: round(250 + 80 * math.sin(t / 300) + rand.gauss(0, 9), 2), lambda: state[1],
            lambda: round(rand.lognormvariate(4.5, 0.4), 3),
            lambda: round(0.85 + 0.05 * math.sin(t / 3600) + rand.gauss(0, 0.01), 4),
            lambda: int(rand.random() > 0.001), lambda: state[1], lambda: round(rand.uniform(0, 1), 3))[kind]()


def make_series():
    rand = random.Random(11)
    for i in range(40):
        state = [rand.uniform(20, 60), 0]
        for t in range(ROWS):
            yield f"s{i},{(1_700_000_000 + t) * 1_000_000},{float(step(i % 10, t, rand, state))!r}\n"


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
