#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Forecasts beside the last value with plain split-conformal intervals, and what one costs.

BENCH_FORECAST=FOLDER takes FOLDER/GROUP/NAME.csv.gz (t_us,value); without it series are made: bursts from rest, levels that jump, a
quiet walk.
"""

import gzip
import json
import os
import random
import subprocess

from orfeas_bench import BUILD, Table, on

ROWS, SERIES = 1400, 20
STEP_US = 57_000_000
# rel. error at most, by group and rows ahead, where it is known what is possible
TARGETS = {("gpu_mem", 5): .93, ("gpu_mem", 15): .95, ("gpu_mem", 60): .89, ("gpu_util", 60): .70,
           ("host_mem_util", 5): 1, ("host_mem_util", 15): 1, ("host_mem_util", 60): 1}


def make_bursts(rand):
    busy, values = 0.0, []
    for i in range(ROWS):
        busy = .98 * busy + .02 * (rand.random() < .5) + rand.gauss(0, .02)
        values.append(rand.uniform(1, 60) if rand.random() < min(.9, max(.03, busy)) else 0.0)
    return values


def make_levels(rand):
    level, values = 20e9, []
    for i in range(ROWS):
        if rand.random() < .05:
            level = rand.choice((12e9, 18e9, 20e9, 23.5e9, 40e9))
        values.append(level + (rand.gauss(0, 2e8) if rand.random() < .4 else 0))
    return values


def make_walk(rand):
    value, values = .7, []
    for i in range(ROWS):
        value += rand.gauss(0, .002) + .01 * (.7 - value)
        values.append(value)
    return values


def make_lines():
    rand = random.Random(5)
    for group, make in (("bursts", make_bursts), ("levels", make_levels), ("walk", make_walk)):
        for s in range(SERIES):
            for i, value in enumerate(make(rand)):
                yield f"{group},{s},{1_700_000_000_000_000 + i * STEP_US},{value!r}\n"


def read_lines(folder):
    for group in sorted(os.listdir(folder)):
        for name in sorted(os.listdir(os.path.join(folder, group))):
            with gzip.open(os.path.join(folder, group, name), "rt") as file:
                next(file)
                for line in file:
                    yield f"{group},{name},{line.strip()}\n"


def main():
    folder = os.environ.get("BENCH_FORECAST")
    text = "".join(read_lines(folder) if folder else make_lines())
    done = subprocess.run([*on(0), os.path.join(BUILD, "tests", "bench", "bench-forecast")], input=text, capture_output=True, text=True,
                          check=True)
    *scores, cost = [json.loads(line) for line in done.stdout.splitlines()]
    table = Table(f"forecasts of {folder or 'made series'}")
    for s in scores:
        where = f"{s['group']}, {s['rows']} rows ahead"
        target = TARGETS.get((s["group"], s["rows"]))
        table.add(f"{where}: error / last value's", f"{s['error']:.3f}", f"<= {target}" if target else "",
                  s["error"] <= target if target else None)
        # made series show what changed; the targets are for real ones
        for what, value, wanted, good in (
                ("  covered at 80 %, plain", f"{100 * s['covered80']:.1f}, {100 * s['plain80']:.1f}", "77 to 85", .77 <= s["covered80"] <= .85),
                ("  covered at 90 %, plain", f"{100 * s['covered90']:.1f}, {100 * s['plain90']:.1f}", "87 to 93", .87 <= s["covered90"] <= .93),
                ("  series within 8 points", f"{100 * s['near']:.0f} %", ">= 85 %", s["near"] >= .85),
                ("  Winkler score / plain", f"{s['winkler'] / s['plain_winkler']:.2f}", "<= 1", s["winkler"] <= s["plain_winkler"])):
            table.add(what, value, *((wanted, good) if folder else ()))
    table.add("a push, 10,000 series of 4 horizons", f"{cost['push_us']:.2f} us", "<= 2", cost["push_us"] <= 2)
    table.add("a series", f"{cost['bytes']} B", "<= 1024", cost["bytes"] <= 1024)
    table.print()


main()
