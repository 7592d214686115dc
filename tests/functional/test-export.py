#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""metrics.export: what metrics.query tells, as CSV, by each way."""

import csv
import io
import json
import urllib.parse

import orfeas_test
from orfeas_test import contains, equal, fails, now_us

ODD = "a,b;\"c\"\n=1+1\t'h\u00e9\\"


def start(t, **settings):
    daemon = t.start(settings=settings)
    base = now_us() // 1000000 * 1000000 - 60000000
    samples = [{"name": "up", "value": i / 8 - 1, "t_us": base + i * 1000000} for i in range(20)]
    samples += [{"name": "side", "labels": {"k": ODD, "l": "x"}, "value": 10.0**i, "t_us": base + i * 1500000} for i in range(12)]
    samples += [{"name": "side", "labels": {"k": "=cmd", "l": "y"}, "value": -i, "t_us": base + i * 3000000} for i in range(6)]
    daemon.call("metrics.record", {"samples": samples})
    return daemon, {"select": '{__name__=~"up|side"}', "from_us": base, "to_us": base + 60000000}


def read(text):
    """{series: {t_us: number or None}} and the times, as any reader of CSV has them."""
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    equal(rows[0][0], "t_us")
    for row in rows:
        equal(len(row), len(rows[0]), "a line for each series")
    times = [int(row[0]) for row in rows[1:]]
    columns = {
        name: {t_us: float(row[i]) if row[i] else None for t_us, row in zip(times, rows[1:])}
        for i, name in enumerate(rows[0][1:], 1)
    }
    return columns, times


def check(daemon, text, **params):
    """The text tells what metrics.query does, and nothing else."""
    series = daemon.call("metrics.query", params)["series"]
    columns, times = read(text)
    equal(list(columns), [one["series"] for one in series])
    equal(times, sorted({t_us for one in series for t_us, _ in one["points"]}))
    for one in series:
        points = {t_us: value for t_us, value in one["points"]}
        equal(columns[one["series"]], {t_us: points.get(t_us) for t_us in times}, one["series"])
    return len(times)


def by_rest(daemon, params):
    query = urllib.parse.urlencode({key: value if isinstance(value, str) else json.dumps(value) for key, value in params.items()})
    return daemon.http("GET", "/api/v1/metrics/export.csv?" + query)


def test_as_the_query_has_it(t):
    daemon, params = start(t)
    for more in ({}, {"step_us": 5000000}, {"step_us": 3000000, "aggregate": "rate"}, {"aggregate": "max", "by": ["l"]},
                 {"step_us": 7000000, "aggregate": "p95", "by": []}, {"select": "nosuch"}):
        asked = {**params, **more}
        result = daemon.call("metrics.export", asked)
        equal(check(daemon, result["csv"], **asked), result["rows"])
        status, _, body = by_rest(daemon, asked)
        equal((status, body.decode()), (200, result["csv"]))


def test_over_a_restart(t):
    daemon, params = start(t)
    before = daemon.call("metrics.export", params)
    daemon.restart()
    equal(daemon.call("metrics.export", params), before)


def test_rest_answers_a_file(t):
    daemon, params = start(t)
    for prefix in ("/api/v1", "/api/phase4", "/api"):
        status, headers, body = daemon.http("GET", f"{prefix}/metrics/export.csv?select=up")
        equal((status, headers["Content-Type"]), (200, "text/csv; charset=utf-8"))
        equal(headers["Content-Disposition"], 'attachment; filename="metrics-export.csv"')
        assert body.startswith(b"t_us,up\r\n") and body.endswith(b"\r\n"), body
    status, headers, body = daemon.http("HEAD", "/api/v1/metrics/export.csv?select=up")
    equal((status, headers["Content-Type"], body), (200, "text/csv; charset=utf-8", b""))


def test_refused(t):
    daemon, params = start(t)
    for query, code, name, field in (("", 400, "INVALID_ARGUMENT", "select"), ("select=a{", 400, "INVALID_ARGUMENT", "select"),
                                     ("select=a&nosuch=1", 400, "INVALID_ARGUMENT", "nosuch"), ("expr=avg(a)", 400, "INVALID_ARGUMENT", "expr")):
        status, headers, body = daemon.http("GET", "/api/v1/metrics/export.csv?" + query)
        error = json.loads(body)["error"]
        equal((status, error["status"], error["field"]), (code, name, field), query)
        equal((headers["Content-Type"], headers["Content-Disposition"]), ("application/json", None))
    equal(daemon.http("POST", "/api/v1/metrics/export.csv", "{}")[0], 405)
    fails(lambda: daemon.call("metrics.export", {"select": "up", "by": ["k"]}), "INVALID_ARGUMENT", field="aggregate")


def test_bounded(t):
    daemon = t.start(settings={"metrics.max_query_points": 1000})
    base = now_us() // 1000000 * 1000000 - 60000000
    record = [{"name": "n", "labels": {"i": f"{i}"}, "value": k, "t_us": base + 50 * k + i} for i in range(50) for k in range(20)]
    daemon.call("metrics.record", {"samples": record})
    params = {"select": "n", "from_us": base, "to_us": base + 1000000}
    equal(sum(len(one["points"]) for one in daemon.call("metrics.query", params)["series"]), 1000)
    # as many points, but no two of them in a line: 1000 lines of 50 cells
    error = fails(lambda: daemon.call("metrics.export", params), "RESOURCE_EXHAUSTED")
    contains(error.message, "max_query_points")
    contains(error.message, "step_us")
    equal(by_rest(daemon, params)[0], 429)
    equal(daemon.call("metrics.export", {**params, "step_us": 1000000})["rows"], 1)


orfeas_test.main()
