#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults of each kind and size that the detectors find, at a fixed rate of false alarms, by replay of series into which they are put.

BENCH_FAULTS=FOLDER takes stretches of FOLDER's CSV files (t_us, series…; as shared data or an export of the daemon's own series are) for
backgrounds; without it they are made. BENCH_FAULTS_N: how many (24).
"""

import csv
import math
import os
import random
import subprocess

import made_faults
from orfeas_bench import Session, Table

FOLDER = os.environ.get("BENCH_FAULTS")
N = int(os.environ.get("BENCH_FAULTS_N", "24"))
# False alarms of 1,000 rows, of the rows before faults may begin; rows nearer than so many are one alarm.
RATE, MERGE_ROWS = .5, 10
WARM_UP_ROWS = 600
SAMPLES = 1000


def replay(session, columns):
    """(score, kind) of each row."""
    path = os.path.join(session.dir, "rows.csv")
    with open(path, "w", encoding="ascii") as file:
        file.write(",".join(["t_us", *(f"s{k}" for k in range(len(columns)))]) + "\n")
        for i, row in enumerate(zip(*columns)):
            cells = ("" if math.isnan(value) else repr(value) for value in row)
            file.write(f"{1_700_000_000_000_000 + i * made_faults.STEP_US},{','.join(cells)}\n")
    done = subprocess.run([os.environ["ORFEASCTL"], "anomalies", "replay", path], capture_output=True, text=True, check=True)
    return [(float(line["score"]), line["kind"]) for line in csv.DictReader(done.stdout.splitlines())]


def count_alarms(scores, threshold):
    alarms, last = 0, -MERGE_ROWS
    for i, (score, _) in enumerate(scores):
        if score >= threshold and i >= WARM_UP_ROWS:
            alarms += i - last >= MERGE_ROWS
            last = i
    return alarms


def find_threshold(clean):
    """The least, from above, at which the series without faults have no more false alarms than they may."""
    most = RATE / 1000 * sum(len(scores) - WARM_UP_ROWS for scores in clean)
    step = 400
    while step > 1 and sum(count_alarms(scores, (step - 1) / 20) for scores in clean) <= most:
        step -= 1
    return step / 20


def find(scores, first, rows, threshold):
    """What kind the strangest row of the fault is said to be; None: it is not found."""
    best = max(scores[first:first + rows])
    return best[1] if best[0] >= threshold else None


def get_interval(found):
    rand = random.Random(1)
    shares = sorted(sum(rand.choices(found, k=len(found))) / len(found) for _ in range(SAMPLES))
    return shares[SAMPLES // 20], shares[-SAMPLES // 20]


def add_kind(table, session, kind, backgrounds, clean, threshold):
    for size in made_faults.FAULTS[kind]["sizes"]:
        rows, found, said, chance = made_faults.get_rows(kind, size), [], 0, 0
        for k, columns in enumerate(backgrounds):
            if not FOLDER and not made_faults.suits(kind, k):
                continue
            changed, first = made_faults.put_fault(columns, kind, size, k)
            what = find(replay(session, changed), first, rows, threshold)
            found.append(what is not None)
            said += what == kind
            chance += find(clean[k], first, rows, threshold) is not None
        low, high = get_interval(found)
        table.add(f"{kind}, {made_faults.FAULTS[kind]['what']}: {size}",
                  f"{100 * sum(found) / len(found):.0f} % ({100 * low:.0f} to {100 * high:.0f}), without the fault {100 * chance / len(found):.0f} %, "
                  f"{said} of {sum(found)} told as {kind}")


def main():
    session = Session()
    table = Table(f"faults found at {RATE} false alarms of 1,000 rows, {N} backgrounds of {made_faults.ROWS} rows, {FOLDER or 'made'}; 90 % of bootstraps")
    for together in (False, True):
        source = made_faults.read_backgrounds(FOLDER, N, together) if FOLDER else made_faults.make_backgrounds(N, together)
        backgrounds = list(source)
        if not backgrounds:
            table.absent("several series together" if together else "one series", "no such stretches there")
            continue
        clean = [replay(session, columns) for columns in backgrounds]
        threshold = find_threshold(clean)
        for kind, fault in made_faults.FAULTS.items():
            if fault["together"] == together:
                add_kind(table, session, kind, backgrounds, clean, threshold)
    table.print()


main()
