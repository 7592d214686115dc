#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bytes a sample and rates of the chunk codec on one core, for chunks of several lengths.

The series are those of a GPU service's exporters; BENCH_SERIES=FILE.csv (series,t_us,value) takes others.
"""

import json
import os
import random
import subprocess

from made_series import make_values
from orfeas_bench import BUILD, Table, on

POINTS = ["600", "1800", "3600"]
# Not measured here: what a Prometheus 2.42 block and VictoriaMetrics 1.79 took for 200 series of the same ten kinds and length,
# index and all; a chunk's bytes are without the database's pages.
PROMETHEUS, VICTORIA = 3.77, 1.19
ROWS = 10800


def make_series():
    rand = random.Random(11)
    for i in range(40):
        for t, value in enumerate(make_values(i, ROWS, rand)):
            yield f"s{i},{(1_700_000_000 + t) * 1_000_000},{value!r}\n"


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
