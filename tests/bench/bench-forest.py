#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The isolation forest beside scikit-learn's: what a fit and a score cost, and how well each ranks what is labelled.

BENCH_ANOMALY=FOLDER (labels.json, SET/NAME.csv.gz) adds its sets of several metrics: grown from the rows before judging begins, as far
as it goes; without it there are only made sets.
"""

import csv
import gzip
import json
import os
import statistics
import subprocess
import time

from orfeas_bench import BUILD, CORES, Session, Table, on

try:
    import numpy
    from sklearn.ensemble import IsolationForest
    from sklearn.metrics import average_precision_score
except ImportError:
    raise SystemExit("bench-forest: needs python3-sklearn, which script/bootstrap --bench installs")

ROWS, FEATURES, SEEDS = 10_000, 8, 10
OUR_SEEDS = 100
REPEATS = 5
NEAR = .01  # of scikit-learn's mean
SETS = ("smd", "asd")


def make_clusters(rand):
    """Five clouds in eight dimensions, and rows anywhere between."""
    centers = rand.uniform(-10, 10, (5, FEATURES))
    inside = centers[rand.integers(5, size=ROWS - 200)] + rand.normal(0, 1, (ROWS - 200, FEATURES))
    return inside, rand.uniform(-12, 12, (200, FEATURES))


def make_ring(rand):
    """A ring, and rows within it and about it."""
    angle = rand.uniform(0, 2 * numpy.pi, ROWS - 200)
    radius = rand.normal(10, .5, ROWS - 200)
    return numpy.stack((radius * numpy.cos(angle), radius * numpy.sin(angle)), 1), rand.uniform(-15, 15, (200, 2))


def make_axes(rand):
    """Eight features that two causes move, and rows in which each goes its own way."""
    load = rand.normal(0, 1, (2, FEATURES))
    inside = rand.normal(0, 2, (ROWS - 200, 2)) @ load + rand.normal(0, .3, (ROWS - 200, FEATURES))
    return inside, rand.normal(0, 1, (200, FEATURES)) * 1.5 * inside.std(0)


def make_densities(rand):
    """A dense cloud, a wide one, and rows far from both."""
    inside = numpy.concatenate((rand.normal(0, .3, (ROWS // 2, 3)), rand.normal(6, 2, (ROWS // 2 - 100, 3))))
    return inside, rand.normal(0, 1, (100, 3)) * 3 + rand.choice((-7, 14), (100, 3))


def made_sets():
    for make in (make_clusters, make_ring, make_axes, make_densities):
        rand = numpy.random.default_rng(5)
        inside, outside = make(rand)
        labels = numpy.concatenate((numpy.zeros(len(inside)), numpy.ones(len(outside))))
        order = rand.permutation(len(labels))
        yield make.__name__[5:], numpy.concatenate((inside, outside))[order], labels[order], len(labels)


def recorded_sets(folder):
    """Name, rows, labels, how many rows to grow from."""
    with open(os.path.join(folder, "labels.json")) as file:
        series = json.load(file)
    for group in SETS:
        for name, facts in sorted(series[group].items()):
            with gzip.open(os.path.join(folder, group, name + ".csv.gz"), "rt") as file:
                lines = csv.reader(file)
                next(lines)
                rows = numpy.array([[float(cell) if cell else numpy.nan for cell in line[1:]] for line in lines])
            labels = numpy.zeros(len(rows))
            for first, last in facts["segments"]:
                labels[first:last + 1] = 1
            yield f"{group} {name}", rows, labels, facts["warmup_rows"]


def run_ours(rows, n_fit, seeds):
    """Scores of all rows by each seed; milliseconds of a fit, of all rows, of one."""
    command = [*on(0), os.path.join(BUILD, "tests", "bench", "bench-forest"), str(rows.shape[1]), str(n_fit), str(seeds)]
    out = subprocess.run(command, input=numpy.ascontiguousarray(rows, dtype=float).tobytes(), capture_output=True, check=True).stdout
    size = seeds * len(rows) * 4
    return numpy.frombuffer(out[:size], numpy.float32).reshape(seeds, -1), numpy.frombuffer(out[size:], float)


def fit_theirs(rows, seed):
    return IsolationForest(n_estimators=100, max_samples=min(256, len(rows)), random_state=seed, n_jobs=1).fit(rows)


def median_ms(what, clock=time.process_time):
    taken = []
    for _ in range(REPEATS):
        begin = clock()
        what()
        taken.append(1e3 * (clock() - begin))
    return statistics.median(taken)


def compare_cost(table):
    rows = numpy.random.default_rng(1).normal(0, 1, (ROWS, FEATURES))
    fit_ms, score_ms, one_ms = run_ours(rows, ROWS, OUR_SEEDS)[1]
    forest = fit_theirs(rows, 1)
    their_fit_ms = median_ms(lambda: fit_theirs(rows, 1))
    their_score_ms = median_ms(lambda: forest.score_samples(rows))
    their_one_ms = median_ms(lambda: forest.score_samples(rows[:1]))
    table.add(f"fit, {ROWS} x {FEATURES}", f"{fit_ms:.2f} ms", "<= 2 ms", fit_ms <= 2)
    table.add("  scikit-learn", f"{their_fit_ms:.1f} ms, {their_fit_ms / fit_ms:.0f} x")
    table.add(f"score of {ROWS} rows", f"{score_ms:.2f} ms", "<= 10 ms", score_ms <= 10)
    table.add("  scikit-learn", f"{their_score_ms:.1f} ms, {their_score_ms / score_ms:.1f} x", ">= 18 x",
              their_score_ms >= 18 * score_ms)
    table.add("score of one row", f"{1e3 * one_ms:.2f} us", "<= 10 us", one_ms <= .01)
    table.add("  scikit-learn", f"{their_one_ms:.1f} ms, {their_one_ms / one_ms:.0f} x")


def compare_ranking(table, name, rows, labels, n_fit):
    """Mean area under precision and recall, of the rows judged.  Where a forest's luck is larger than what may lie between, ten seeds of
    scikit-learn's cannot tell: then two standard errors of the difference may."""
    judged = slice(0 if n_fit == len(rows) else n_fit, None)
    if not labels[judged].any():
        return
    ours = [average_precision_score(labels[judged], scores[judged]) for scores in run_ours(rows, n_fit, OUR_SEEDS)[0]]
    theirs = [average_precision_score(labels[judged], -fit_theirs(rows[:n_fit], seed).score_samples(rows[judged])) for seed in range(SEEDS)]
    apart = abs(statistics.mean(ours) - statistics.mean(theirs))
    error = (statistics.variance(ours) / len(ours) + statistics.variance(theirs) / len(theirs)) ** .5
    table.add(f"AUC-PR, {name}: ours, scikit-learn's", f"{statistics.mean(ours):.3f}, {statistics.mean(theirs):.3f}; {apart:.3f} +- {error:.3f}",
              f"<= {NEAR}", True if apart <= NEAR else None if apart <= 2 * error else False)


def add_rows(table):
    """What is judged row by row, of entities and series that have it."""
    titles = {"forest": "a row of a forest that grows, of 64 with {} series", "discord": "a row of a discord, of 16 by {}"}
    out = subprocess.run([*on(0), os.path.join(BUILD, "tests", "bench", "bench-forest-rows")], capture_output=True, text=True, check=True).stdout
    for one in map(json.loads, out.splitlines()):
        table.add(titles[one["what"]].format(one["size"]), f"{one['us']:.2f} us, {one['bytes']} B")


def record(daemon, series, rand):
    """The last ROWS seconds."""
    begin_us = time.time_ns() // 1000 - ROWS * 1_000_000
    for first in range(0, ROWS, 1000):
        for name in series:
            daemon.call("metrics.record", {"samples": [{"name": name, "value": value, "t_us": begin_us + (first + i) * 1_000_000}
                                                       for i, value in enumerate(rand.normal(0, 1, 1000))]})


def ask_daemon(table):
    """anomalies.score, from the question to the answer."""
    daemon = Session().daemon()
    rand = numpy.random.default_rng(3)
    series = [f"bench.forest{j}" for j in range(FEATURES)]
    record(daemon, series, rand)
    values = list(rand.normal(0, 1, ROWS))
    for what, params in ((f"a run of {ROWS}", {"values": values}),
                         (f"a vector by {ROWS} rows of {FEATURES}", {"values": values[:FEATURES], "series": series})):
        taken_ms = median_ms(lambda: daemon.call("anomalies.score", params), time.monotonic)
        table.add(f"anomalies.score, {what}", f"{taken_ms:.1f} ms", "< 100 ms", taken_ms < 100)


def main():
    os.sched_setaffinity(0, CORES[:1])  # as ours is
    table = Table(f"isolation forest of 100 trees of 256 rows; scikit-learn on the same core; means over {OUR_SEEDS} seeds, {SEEDS} of theirs")
    compare_cost(table)
    add_rows(table)
    ask_daemon(table)
    sets = list(made_sets())
    if os.environ.get("BENCH_ANOMALY"):
        sets += recorded_sets(os.environ["BENCH_ANOMALY"])
    for one in sets:
        compare_ranking(table, *one)
    table.print()


main()
