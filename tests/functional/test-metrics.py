#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is recorded comes back by query and by sqlite3, and what cannot be stored is told."""

import math

import orfeas_test
from orfeas_test import equal, fails, now_us, wait_for


def record(daemon, *samples, **meta):
    return daemon.call("metrics.record", {"samples": list(samples)}, meta or None)


def points(daemon, select, **params):
    series = daemon.call("metrics.query", {"select": select, **params})["series"]
    return {one["series"]: one["points"] for one in series}


def test_record_query_sqlite(t):
    daemon = t.start()
    t_us = now_us()
    samples = [{"name": "job.wait_us", "labels": {"queue": "b", "host": "h\u00e9"}, "value": i / 8, "t_us": t_us + i} for i in range(100)]
    equal(record(daemon, *samples), {"accepted": 100})
    text = 'job.wait_us{host="h\u00e9",queue="b"}'
    expected = [[t_us + i, i / 8] for i in range(100)]
    # on disk at once: what was answered as accepted is
    rows = daemon.sql("SELECT t_us, value FROM v_sample WHERE series = ? ORDER BY t_us", text)
    equal([list(row) for row in rows], expected)
    equal(points(daemon, "job.wait_us", from_us=t_us, to_us=t_us + 100), {text: expected})
    equal(daemon.sql("SELECT name, json(labels), kind FROM series WHERE name='job.wait_us'"),
          [("job.wait_us", '{"host":"h\u00e9","queue":"b"}', "gauge")])
    equal(daemon.sql("PRAGMA application_id"), [(0x4F524653,)])
    equal(daemon.sql("PRAGMA journal_mode"), [("wal",)])


def test_query_after_a_restart(t):
    daemon = t.start()
    t_us = now_us()
    record(daemon, *({"name": "kept", "value": i, "t_us": t_us - 1000000 * i} for i in range(1200)))
    expected = [[t_us - 1000000 * i, i] for i in reversed(range(1200))]
    for restart in (daemon.stop, daemon.kill):
        restart()
        daemon.start()
        equal(points(daemon, "kept", from_us=t_us - 1200 * 1000000, to_us=t_us + 1), {"kept": expected})


def test_span_is_half_open(t):
    daemon = t.start()
    t_us = now_us()
    record(daemon, *({"name": "edge", "value": i, "t_us": t_us + i} for i in range(10)))
    equal([p[1] for p in points(daemon, "edge", from_us=t_us + 2, to_us=t_us + 5)["edge"]], [2, 3, 4])
    fails(lambda: points(daemon, "edge", from_us=t_us + 5, to_us=t_us), "INVALID_ARGUMENT")


def test_aggregates(t):
    daemon = t.start()
    base = now_us() // 1000000 * 1000000 - 20000000
    record(daemon, *({"name": "agg", "value": v, "t_us": base + 1000 * i} for i, v in enumerate([4, 1, 3, 2])))
    span = {"from_us": base, "to_us": base + 1000000, "step_us": 1000000}
    for name, expected in {"avg": 2.5, "min": 1, "max": 4, "sum": 10, "count": 4, "last": 2, "delta": -2}.items():
        equal(points(daemon, "agg", aggregate=name, **span), {"agg": [[base, expected]]}, name)
    deviation = points(daemon, "agg", aggregate="stddev", **span)["agg"][0][1]
    assert any(math.isclose(deviation, d, rel_tol=1e-9) for d in (math.sqrt(1.25), math.sqrt(5 / 3))), deviation


def test_counter_rate_over_a_reset(t):
    daemon = t.start()
    daemon.call("metrics.define", {"name": "hits", "kind": "counter"})
    base = now_us() // 10000000 * 10000000 - 20000000
    record(daemon, *({"name": "hits", "value": v, "t_us": base + 1000000 * i} for i, v in enumerate([100, 110, 5, 15])))
    span = {"from_us": base, "to_us": base + 10000000, "step_us": 10000000}
    equal(points(daemon, "hits", aggregate="increase", **span), {"hits": [[base, 25]]})


def test_selectors(t):
    daemon = t.start()
    t_us = now_us()
    record(daemon, *({"name": "sel", "labels": {"d": d, "x": x}, "value": 1, "t_us": t_us} for d in "ab" for x in "12"))
    for select, count in (
        ("sel", 4), ('sel{d="a"}', 2), ('sel{d!="a"}', 2), ('sel{d=~"a|b",x="1"}', 2), ('sel{d!~"a"}', 2),
        ('sel{d=~"."}', 4), ('sel{d=~"[a"}', None), ("sel{", None), ('sel{d="a",}', 2), ("nosuch", 0),
    ):
        if count is None:
            fails(lambda: points(daemon, select), "INVALID_ARGUMENT", field="select")
        elif not select.endswith(",}"):
            equal(len(points(daemon, select, to_us=t_us + 1)), count, select)
    merged = daemon.call("metrics.query", {"select": "sel", "by": ["d"], "aggregate": "count", "step_us": 1000000, "to_us": t_us + 1})
    equal([(s["labels"], sum(p[1] or 0 for p in s["points"])) for s in merged["series"]], [({"d": "a"}, 2), ({"d": "b"}, 2)])


def test_expr_or_select(t):
    daemon = t.start()
    fails(lambda: daemon.call("metrics.query", {}), "INVALID_ARGUMENT", -32602)
    fails(lambda: daemon.call("metrics.query", {"select": "a", "expr": "a"}), "INVALID_ARGUMENT", -32602)


def test_late_future_duplicate(t):
    daemon = t.start(settings={"metrics.late_us": str(7200 * 1000000)})
    now = now_us()
    fails(lambda: record(daemon, {"name": "x", "value": 1, "t_us": now - 7300 * 1000000}), "OUT_OF_RANGE", -32011)
    fails(lambda: record(daemon, {"name": "x", "value": 1, "t_us": now + 600 * 1000000}), "OUT_OF_RANGE", -32011)
    equal(daemon.call("metrics.list", {"match": "x"})["series"], [], "a refused sample makes no series")
    record(daemon, {"name": "x", "value": 1, "t_us": now})
    record(daemon, {"name": "x", "value": 2, "t_us": now})
    record(daemon, {"name": "x", "value": 0, "t_us": now - 3600 * 1000000})
    equal(points(daemon, "x", from_us=now - 7200 * 1000000, to_us=now + 1), {"x": [[now - 3600 * 1000000, 0], [now, 2]]})
    equal(daemon.sql("SELECT value FROM v_sample WHERE series='x' AND t_us=? ORDER BY value", now), [(1.0,), (2.0,)])


def test_all_or_none(t):
    daemon = t.start()
    error = fails(
        lambda: record(daemon, {"name": "good", "value": 1}, {"name": "bad name", "value": 1}),
        "INVALID_ARGUMENT", -32602,
    )
    assert error.data["field"].startswith("samples[1].name"), error
    equal(daemon.sql("SELECT count(*) FROM series WHERE name='good'"), [(0,)])


def test_names_and_labels(t):
    daemon = t.start()
    for name in ("", "1a", "a b", "\u00e9", "a{b}", "x" * 201):
        fails(lambda: record(daemon, {"name": name, "value": 1}), "INVALID_ARGUMENT")
    for labels in ({"1": "a"}, {"": "a"}, {"a b": "c"}, {"k": "v" * 257}, {f"k{i}": "v" for i in range(17)}, {"k": 1}):
        fails(lambda: record(daemon, {"name": "a", "labels": labels, "value": 1}), "INVALID_ARGUMENT")
    good = {"name": "a:b/c-d.e_F9", "labels": {f"k{i}": "\"\\\n\u20ac" for i in range(16)}, "value": -0.0}
    equal(record(daemon, good), {"accepted": 1})
    equal(len(points(daemon, "a:b/c-d.e_F9", to_us=now_us() + 1000000)), 1)


def test_not_finite(t):
    daemon = t.start()
    for value in ("NaN", "Infinity", "1e999", "null", '"NaN"'):
        answer = daemon.ask('{"jsonrpc":"2.0","id":1,"method":"metrics.record","params":{"samples":[{"name":"n","value":%s}]}}' % value)
        assert answer["error"]["code"] in (-32700, -32602), f"{value}: {answer}"
    equal(daemon.sql("SELECT count(*) FROM series WHERE name='n'"), [(0,)])


def test_define(t):
    daemon = t.start()
    first = daemon.call("metrics.define", {"name": "d", "kind": "counter", "unit": "us", "help": "h"})
    equal((first["created"], first["kind"], first["unit"]), (True, "counter", "us"))
    again = daemon.call("metrics.define", {"name": "d", "kind": "counter", "unit": "ms"})
    equal((again["created"], again["unit"]), (False, "ms"))
    fails(lambda: daemon.call("metrics.define", {"name": "d", "kind": "gauge"}), "ALREADY_EXISTS", -32006)
    fails(lambda: daemon.call("metrics.define", {"name": "gpu.memory.used_bytes"}), "ALREADY_EXISTS", -32006)
    daemon.restart()
    fails(lambda: daemon.call("metrics.define", {"name": "d", "kind": "gauge"}), "ALREADY_EXISTS", -32006)


def test_series_bound_spares_builtin(t):
    daemon = t.start(settings={"metrics.max_series": 1000, "metrics.builtin_series": 100})
    accepted = 0
    error = None
    for batch in range(20):
        try:
            accepted += record(daemon, *({"name": f"many.{batch}.{i}", "value": 1} for i in range(100)))["accepted"]
        except orfeas_test.RpcError as refusal:
            error = refusal
            break
    equal(error and error.status, "RESOURCE_EXHAUSTED")
    assert 700 <= accepted <= 1000, accepted
    wait_for(lambda: points(daemon, "orfeas.memory.rss_bytes"), "the daemon's own series")
    record(daemon, {"name": "many.0.0", "value": 2})


def test_list_pages(t):
    daemon = t.start()
    record(daemon, *({"name": f"page.{i:03}", "value": i} for i in range(250)))
    seen, cursor = [], None
    while True:
        page = daemon.call("metrics.list", {"match": "page.", "limit": 100, **({"cursor": cursor} if cursor else {})})
        seen += [one["series"] for one in page["series"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    equal(seen, [f"page.{i:03}" for i in range(250)])
    fails(lambda: daemon.call("metrics.list", {"cursor": "garbage\u0001"}), "INVALID_ARGUMENT", field="cursor")


def test_own_samples_reach_the_file(t):
    daemon = t.start()
    wait_for(
        lambda: daemon.sql("SELECT count(*) FROM v_sample WHERE series='orfeas.memory.rss_bytes'")[0][0] >= 2,
        "two samples of the daemon's own memory in the file",
    )


orfeas_test.main()
