#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""anomalies.score: a run by what came before, a vector by the recorded history; gaps, counters, another step; from the file alone."""

import json
import random
import subprocess

import orfeas_test
from orfeas_test import contains, equal, fails, now_us

S = 1_000_000
NOTHING = {"score": None, "anomalous": False, "kind": None, "detector": None}


def noise(n, seed, level=100.0, spread=1.0):
    rand = random.Random(seed)
    return [rand.gauss(level, spread) for _ in range(n)]


def score(daemon, values, series=None, **params):
    return daemon.call("anomalies.score", {"values": values, **({"series": series} if series else {}), **params})["scores"]


def record(daemon, series, step_us=S):
    """series: name -> values by time (None: a gap), the last one now."""
    end_us = now_us()
    samples = []
    for name, values in series.items():
        family, _, label = name.partition("{")
        labels = {"host": label.split('"')[1]} if label else {}
        samples += [{"name": family, "labels": labels, "value": value, "t_us": end_us - (len(values) - 1 - i) * step_us}
                    for i, value in enumerate(values) if value is not None]
    for first in range(0, len(samples), 1000):
        daemon.call("metrics.record", {"samples": samples[first:first + 1000]})


def test_run(t):
    daemon = t.start()
    values = noise(300, 1)
    scores = score(daemon, values + [140] + values[:20])
    equal(len(scores), 321)
    equal(scores[:50], [NOTHING] * 50)
    assert all(one["score"] is not None for one in scores[50:]), scores
    spike = scores[300]
    equal((spike["anomalous"], spike["score"] > 3), (True, True), str(spike))
    assert spike["kind"] in ("spike", "outlier") and spike["detector"], spike
    # nothing of what comes later, and nothing of another call
    equal(score(daemon, values), scores[:300])
    equal(score(daemon, [1]), [NOTHING])


def test_noise_is_quiet(t):
    daemon = t.start()
    runs = [score(daemon, noise(200, seed)) for seed in range(20)]
    assert sum(any(one["anomalous"] for one in run) for run in runs) <= 6, runs


def test_promise(t):
    """What is rare enough once a day is not where alarms are wanted once a century."""
    values = noise(6000, 1)
    for per_day, few in ((10000, False), (0.01, True)):
        daemon = t.start(settings={"anomaly.alarms_per_day": per_day})
        n = sum(one["anomalous"] for one in score(daemon, values, step_us=S))
        equal(n <= 2, few, str(n))
        daemon.stop()


def history(n, seed=3):
    """Two series that rise and fall together, and one that goes its own way."""
    load = noise(n, seed, 50, 10)
    own = noise(n, seed + 1, 0, 1)
    return {'job.load{host="a"}': load, 'job.memory{host="a"}': [2 * one + 10 + noise for one, noise in zip(load, own)],
            'job.other{host="a"}': noise(n, seed + 2, 7, 1)}


def test_vector(t):
    daemon = t.start()
    rows = history(1500)
    series = list(rows)
    record(daemon, rows)
    (usual,) = score(daemon, [50, 110, 7], series)
    equal((usual["anomalous"], usual["kind"], usual["detector"]), (False, None, None), str(usual))
    (together,) = score(daemon, [95, 30, 12], series)
    equal((together["anomalous"], together["score"] > 2.5), (True, True), str(together))
    (alone,) = score(daemon, [50, 110, 500], series)
    equal((alone["anomalous"], alone["kind"], alone["detector"]), (True, "outlier", "range"), str(alone))
    # one of itself: the same again, by REST too
    equal(score(daemon, [50, 110, 500], series), [alone])
    body = json.dumps({"values": [50, 110, 500], "series": series})
    status, _, answer = daemon.http("POST", "/api/v1/anomalies/score", body, {"Content-Type": "application/json"})
    equal((status, json.loads(answer)["scores"]), (200, [alone]))
    # each value belongs to its series
    equal(score(daemon, [500, 50, 110], series[2:] + series[:2]), score(daemon, [500, 50, 110], series[2:] + series[:2]))
    assert score(daemon, [500, 50, 110], series[2:] + series[:2])[0]["anomalous"]
    assert not score(daemon, [7, 50, 110], series[2:] + series[:2])[0]["anomalous"]


def test_together(t):
    """Each value is as it often is; only together they are not."""
    daemon = t.start()
    rand = random.Random(5)
    high = [rand.random() < .5 for _ in range(3000)]
    rows = {name: [(90 if one else 10) + rand.gauss(0, 1) for one in high] for name in ("a.x", "a.y", "a.z")}
    record(daemon, rows)
    (usual,) = score(daemon, [90, 90, 90], list(rows))
    (odd,) = score(daemon, [90, 10, 90], list(rows))
    equal((usual["anomalous"], odd["score"] > usual["score"] + 1), (False, True), str((usual, odd)))
    equal((odd["anomalous"], odd["kind"]), (True, "correlated"), str(odd))
    (between,) = score(daemon, [50, 50, 50], list(rows))
    equal((between["anomalous"], between["kind"], between["detector"]), (True, "multivariate", "forest"), str(between))


def test_gaps(t):
    """Half of a series is missing, another is slow, and nothing was recorded for a while."""
    daemon = t.start()
    rows = history(2000)
    load, memory, other = rows
    rows[load] = [value if i % 2 else None for i, value in enumerate(rows[load])]
    rows[memory] = [None if 500 <= i < 1200 else value for i, value in enumerate(rows[memory])]
    rows[other] = [None if 900 <= i < 1100 else value for i, value in enumerate(rows[other])]
    record(daemon, rows)
    assert not score(daemon, [50, 110, 7], list(rows))[0]["anomalous"]
    assert score(daemon, [50, 110, 500], list(rows))[0]["anomalous"]


def test_slow_series(t):
    daemon = t.start()
    record(daemon, {"slow.a": noise(150, 1), "slow.b": noise(150, 2)}, step_us=20 * S)
    assert not score(daemon, [100, 100], ["slow.a", "slow.b"])[0]["anomalous"]
    assert score(daemon, [100, 500], ["slow.a", "slow.b"])[0]["anomalous"]
    # each row has two of them
    error = fails(lambda: score(daemon, [100, 100], ["slow.a", "slow.b"], step_us=40 * S), "FAILED_PRECONDITION")
    contains(str(error), "75 rows")


def test_counter(t):
    """A value of a counter is what it rose by; it may have begun anew."""
    daemon = t.start()
    daemon.call("metrics.define", {"name": "jobs.done", "kind": "counter"})
    rise = noise(600, 9, 20, 2)
    total, values = 0.0, []
    for i, one in enumerate(rise):
        total = one if i == 300 else total + one
        values.append(total)
    record(daemon, {"jobs.done": values})
    assert not score(daemon, [20], ["jobs.done"])[0]["anomalous"]
    assert score(daemon, [values[-1]], ["jobs.done"])[0]["anomalous"]


def test_refused(t):
    daemon = t.start()
    record(daemon, {"few.a": noise(99, 1), "few.b": noise(99, 2)})
    pair = ["few.a", "few.b"]
    fails(lambda: score(daemon, [1], pair), "INVALID_ARGUMENT", field="values")
    fails(lambda: score(daemon, [1, 2, 3], pair), "INVALID_ARGUMENT", field="values")
    fails(lambda: score(daemon, []), "INVALID_ARGUMENT", field="values")
    fails(lambda: score(daemon, [1, 2], ["few.a", "few.c"]), "NOT_FOUND", field="series.1")
    fails(lambda: score(daemon, [1, 2], ["few.a", 'few.b{x="y"}']), "NOT_FOUND", field="series.1")
    fails(lambda: score(daemon, [1, 2], ["few.a", "few.a"]), "INVALID_ARGUMENT", field="series.1")
    fails(lambda: score(daemon, [1, 2], ["few.{", "few.a"]), "INVALID_ARGUMENT", field="series.0")
    fails(lambda: score(daemon, [1] * 65, [f"m{i}" for i in range(65)]), "INVALID_ARGUMENT", field="series")
    fails(lambda: score(daemon, [1], step_us=0), "INVALID_ARGUMENT", field="step_us")
    fails(lambda: score(daemon, [1], step_us=31536000000001), "INVALID_ARGUMENT", field="step_us")
    fails(lambda: score(daemon, [1, 2], pair), "FAILED_PRECONDITION")
    contains(str(fails(lambda: score(daemon, [1, 2], pair), "FAILED_PRECONDITION")), "99 rows")


def test_long_run(t):
    """As many as there may be; the calls that come meanwhile are answered."""
    daemon = t.start()
    scores = score(daemon, noise(100000, 1))
    equal(len(scores), 100000)
    assert sum(one["anomalous"] for one in scores) <= 20


def test_file_only(t):
    """The same from the file, with no daemon."""
    daemon = t.start()
    rows = history(1500)
    record(daemon, rows)
    series = list(rows)
    expected = score(daemon, [95, 30, 12], series)
    daemon.stop()
    params = json.dumps({"values": [95, 30, 12], "series": series})
    done = subprocess.run([orfeas_test.ORFEASCTL, "--db", daemon.db, "--json", "call", "anomalies.score", params], capture_output=True, text=True,
                          env=t.environment())
    equal(done.returncode, 0, done.stderr)
    equal(json.loads(done.stdout)["scores"], expected)


orfeas_test.main()
