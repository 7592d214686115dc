# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults of known kind, size and time, put into series: made ones, or real ones that are given.  The same each time."""

import csv
import gzip
import json
import math
import os
import random
import statistics

STEP_US = 300_000_000
DAY_ROWS = 288
ROWS = 3000
# A fault begins somewhere in these rows: what is before is learnt from.
BEGIN = (2400, 2600)
GROUP = 6

# Sizes: deviations of the noise, but for pattern, correlated and silence, which have rows.
FAULTS = {
    "spike": {"what": "one row off, by deviations", "sizes": (4, 6, 10), "rows": 1, "together": False},
    "outlier": {"what": "30 rows off, by deviations", "sizes": (2, 4, 8), "rows": 30, "together": False},
    "drift": {"what": "in 120 rows to so many deviations, and stays", "sizes": (2, 4, 8), "rows": 300, "together": False},
    "pattern": {"what": "so many rows of another time of the day", "sizes": (36, 72, 144), "rows": None, "together": False},
    "silence": {"what": "so many rows stand still", "sizes": (10, 30, 100), "rows": None, "together": False},
    "correlated": {"what": "so many rows of one series from another time", "sizes": (10, 30, 100), "rows": None, "together": True},
    "multivariate": {"what": "20 rows, half of the series off by deviations", "sizes": (1, 2, 3), "rows": 20, "together": True},
}
DRIFT_ROWS = 120


def get_rows(kind, size):
    """How long a fault is to be found."""
    return FAULTS[kind]["rows"] or size


# ---- backgrounds: lists of columns


def make_noise(rand):
    return [50 + rand.gauss(0, 1) for _ in range(ROWS)]


def make_day(rand):
    height = rand.uniform(3, 12)
    return [50 + height * math.sin(2 * math.pi * i / DAY_ROWS) + rand.gauss(0, 1) for i in range(ROWS)]


def make_slow(rand):
    values, value = [], 0.0
    for _ in range(ROWS):
        value = .95 * value + rand.gauss(0, 1)
        values.append(50 + value)
    return values


def make_requests(rand):
    """Counts that follow the day, with heavy tails."""
    values = []
    for i in range(ROWS):
        mean = 200 + 120 * math.sin(2 * math.pi * i / DAY_ROWS)
        values.append(round(max(0, rand.gauss(mean, math.sqrt(mean)) + (rand.expovariate(1 / 40) if rand.random() < .02 else 0))))
    return values


ALONE = (make_noise, make_day, make_slow, make_requests)
DAILY = (make_day, make_requests)


def suits(kind, k):
    """Whether the made background k can have such a fault: where no day is, no time of it is wrong."""
    return kind != "pattern" or ALONE[k % len(ALONE)] in DAILY


def make_together(rand):
    """Series that follow two hidden ones, of which one has the day."""
    hidden = make_day(rand), make_slow(rand)
    weights = [(rand.uniform(.5, 2), rand.uniform(.5, 2)) for _ in range(GROUP)]
    return [[a * x + b * y + rand.gauss(0, .5) for x, y in zip(*hidden)] for a, b in weights]


def make_backgrounds(n, together):
    for k in range(n):
        rand = random.Random(f"{k} {together}")
        yield make_together(rand) if together else [ALONE[k % len(ALONE)](rand)]


def read_columns(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return list(zip(*([float(cell) if cell else math.nan for cell in row[1:]] for row in rows)))


def read_labels(folder):
    """{file's name without its end: [(first, last row)…]} of what is known to be no background."""
    path = os.path.join(os.path.dirname(folder.rstrip("/")), "labels.json")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        sets = json.load(file)
    return {name: meta["segments"] for name, meta in sets.get(os.path.basename(folder.rstrip("/")), {}).items()}


def read_backgrounds(folder, n, together):
    """Stretches of the series of a folder of CSV files (t_us, series…), in which nothing is labelled."""
    files = sorted(name for name in os.listdir(folder) if name.endswith((".csv", ".csv.gz")))
    labels = read_labels(folder)
    rand = random.Random(folder)
    columns, found = {}, 0
    for turn in range(20 * n):
        name = files[turn % len(files)]
        if name not in columns:
            columns[name] = read_columns(os.path.join(folder, name))
        here = columns[name]
        if len(here[0]) < ROWS or together and len(here) < 2:
            continue
        at = rand.randrange(len(here[0]) - ROWS + 1)
        if any(first < at + ROWS and last >= at for first, last in labels.get(name.split(".csv")[0], ())):
            continue
        chosen = rand.sample(range(len(here)), min(len(here), GROUP)) if together else [rand.randrange(len(here))]
        part = [list(here[k][at:at + ROWS]) for k in chosen]
        if all(get_deviation(column) > 0 for column in part):
            yield part
            found += 1
        if found == n:
            return


# ---- faults


def get_deviation(column):
    """Of the noise: by the median distance of a row from the one before; where most are the same, by the mean."""
    moves = [abs(b - a) for a, b in zip(column, column[1:]) if not math.isnan(a + b)]
    return (statistics.median(moves) * 1.4826 or statistics.fmean(moves) * 1.2533) / math.sqrt(2) if moves else 0


def put_fault(columns, kind, size, seed):
    """(columns with the fault, its first row)"""
    rand = random.Random(f"{seed} {kind}")
    columns = [list(column) for column in columns]
    first, k = rand.randrange(*BEGIN), rand.randrange(len(columns))
    column, unit, sign = columns[k], get_deviation(columns[k]), rand.choice((-1, 1))
    rows = range(first, first + get_rows(kind, size))
    if kind in ("spike", "outlier"):
        for i in rows:
            column[i] += sign * size * unit
    elif kind == "drift":
        for i in range(first, len(column)):
            column[i] += sign * size * unit * min(1, (i - first + 1) / DRIFT_ROWS)
    elif kind == "pattern":
        column[rows.start:rows.stop] = column[first - DAY_ROWS // 2:first - DAY_ROWS // 2 + size]
    elif kind == "silence":
        column[rows.start:rows.stop] = [column[first - 1]] * size
    elif kind == "correlated":
        far = rand.randrange(300, 2000)
        column[rows.start:rows.stop] = column[first - far:first - far + size]
    else:
        for other in rand.sample(columns, (len(columns) + 1) // 2):
            unit, sign = get_deviation(other), rand.choice((-1, 1))
            for i in rows:
                other[i] += sign * size * unit
    return columns, first
