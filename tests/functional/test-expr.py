#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Expressions: the same by RPC, REST, CSV and orfeasctl, from memory and from the file."""

import csv
import io
import json
import urllib.parse

import orfeas_test
from orfeas_test import contains, equal, fails, now_us

S = 1000000


def start(t, **settings):
    """A minute of jobs: two queues, 10 s apart, done rising by 5 and 20 a step; 'b' ends after 30 s."""
    daemon = t.start(settings=settings)
    base = now_us() // (60 * S) * 60 * S - 120 * S
    samples = []
    for i in range(7):
        samples.append({"name": "done", "labels": {"queue": "a"}, "value": 5 * i, "t_us": base + 10 * S * i})
        samples.append({"name": "limit", "labels": {"queue": "a"}, "value": 10, "t_us": base + 10 * S * i})
        if i <= 3:
            samples.append({"name": "done", "labels": {"queue": "b"}, "value": 20 * i, "t_us": base + 10 * S * i})
    daemon.call("metrics.record", {"samples": samples})
    return daemon, base


def ask(daemon, base, expr, first=10, last=60, step=10):
    """{labels' values: values} at first, first + step, … last seconds."""
    result = daemon.call("metrics.query", {"expr": expr, "from_us": base + first * S, "to_us": base + last * S + 1, "step_us": step * S})
    times = [base + at * S for at in range(first, last + 1, step)]
    found = {}
    for one in result["series"]:
        equal([t_us for t_us, _ in one["points"]], times)
        labels = ",".join(f'{key}="{value}"' for key, value in one["labels"].items())
        equal(one["series"], one["name"] + ("{" + labels + "}" if labels else ""))
        found[",".join(one["labels"].values())] = [value for _, value in one["points"]]
    return found


CASES = {
    "increase(done, 10s)": {"a": [5] * 6, "b": [20, 20, 20, None, None, None]},
    "rate(done, 20s) * 20": {"a": [5, 10, 10, 10, 10, 10], "b": [20, 40, 40, 20, None, None]},
    "sum by () (increase(done, 10s))": {"": [25, 25, 25, 5, 5, 5]},
    "done / limit": {"a": [0.5, 1, 1.5, 2, 2.5, 3]},
    "done > 2 * limit": {"a": [0, 0, 0, 0, 1, 1]},
    "max(done, 10s) > 50 or limit > 5": {"a": [1] * 6, "b": [None, None, 1, None, None, None]},
    'absent(done{queue="b"}, 20s)': {"": [0, 0, 0, 0, 1, 1]},
    "nosuch": {},
    "1 + 1": {"": [2] * 6},
    "1 / 0": {},
    "-done{queue='a'}": {"a": [-5, -10, -15, -20, -25, -30]},
}


def test_as_computed(t):
    daemon, base = start(t)
    for expr, expected in CASES.items():
        equal(ask(daemon, base, expr), expected, expr)
    daemon.restart()
    for expr, expected in CASES.items():
        equal(ask(daemon, base, expr), expected, expr + " from the file")


def test_windows_far_apart(t):
    """What is between them is not read: a bound that all points are beyond is none."""
    daemon = t.start(settings={"metrics.max_query_points": 1000})
    base = now_us() // (600 * S) * 600 * S - 100 * 60 * S
    daemon.call("metrics.record", {"samples": [{"name": "far", "value": i, "t_us": base + i * S} for i in range(4000)]})
    daemon.restart()
    equal(ask(daemon, base, "avg(far, 10s)", 600, 3600, 600), {"": [at - 4.5 for at in range(600, 3601, 600)]})
    equal(ask(daemon, base, "rate(far, 10s)", 600, 3600, 600), {"": [1] * 6})
    equal(ask(daemon, base, "last(far, 1m) + count(far, 10s)", 600, 3600, 600), {"": [at + 10 for at in range(600, 3601, 600)]})
    fails(lambda: ask(daemon, base, "avg(far, 10m)", 600, 3600, 600), "RESOURCE_EXHAUSTED")


def test_csv_and_rest(t):
    daemon, base = start(t)
    for expr, expected in CASES.items():
        params = {"expr": expr, "from_us": base + 10 * S, "to_us": base + 60 * S + 1, "step_us": 10 * S}
        text = daemon.call("metrics.export", params)["csv"]
        status, _, body = daemon.http("GET", "/api/v1/metrics/export.csv?" + urllib.parse.urlencode(params))
        equal((status, body.decode()), (200, text))
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        equal([[float(row[i]) if row[i] else None for row in rows[1:]] for i in range(1, len(rows[0]))], list(expected.values()), expr)
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in rows[0]), rows[0]
        status, _, body = daemon.http("GET", "/api/v1/metrics/query?" + urllib.parse.urlencode(params))
        equal((status, json.loads(body)["series"]), (200, daemon.call("metrics.query", params)["series"]))


def test_now(t):
    daemon = t.start()
    daemon.call("metrics.record", {"samples": [{"name": "depth", "labels": {"q": str(i)}, "value": i} for i in range(4)]})
    result = daemon.call("metrics.query", {"expr": "max by () (depth) == 3 and not absent(depth, 1m)"})
    equal([one["points"] for one in result["series"]], [[[result["to_us"] - 1, 1]]])
    # the text it is called by is an expression, and the same one
    again = daemon.call("metrics.query", {"expr": result["series"][0]["name"], "to_us": result["to_us"]})
    equal(again["series"], result["series"])


def test_refused(t):
    daemon, base = start(t, **{"metrics.max_query_points": 1000})
    query = lambda **params: daemon.call("metrics.query", params)
    error = fails(lambda: query(expr="avg(done) > 5"), "INVALID_ARGUMENT", field="expr")
    contains(str(error), "at position 8")
    fails(lambda: query(expr="done + {__name__=~'done|limit'}", from_us=base, step_us=60 * S), "INVALID_ARGUMENT", field="expr")
    fails(lambda: query(expr="done", aggregate="max"), "INVALID_ARGUMENT", field="aggregate")
    fails(lambda: query(expr="done", by=["queue"]), "INVALID_ARGUMENT", field="by")
    fails(lambda: query(expr="done", select="done"), "INVALID_ARGUMENT", field="expr")
    fails(lambda: query(expr="done", from_us=5, to_us=5), "INVALID_ARGUMENT", field="from_us")
    fails(lambda: query(expr="1", from_us=0, step_us=1000), "RESOURCE_EXHAUSTED")
    fails(lambda: query(expr="done", from_us=base, to_us=base + 60 * S, step_us=S // 10), "RESOURCE_EXHAUSTED")
    # as many values as there may be, and one number more
    equal(len(query(expr="limit", from_us=base, to_us=base + 100 * S, step_us=S // 10)["series"]), 1)
    fails(lambda: query(expr="limit + 1", from_us=base, to_us=base + 100 * S, step_us=S // 10), "RESOURCE_EXHAUSTED")
    # no time of the grid is in the span
    equal(query(expr="limit", from_us=base + 1, to_us=base + S, step_us=60 * S)["series"], [])


def test_deadline(t):
    daemon, base = start(t)
    fails(lambda: daemon.call("metrics.query", {"expr": " + ".join(f"p99(done, {i}d)" for i in range(1, 17)), "from_us": base - 86400 * S,
                                                "step_us": S}, {"deadline_ms": 1}), "DEADLINE_EXCEEDED")
    equal(len(ask(daemon, base, "done")), 2)


orfeas_test.main()
