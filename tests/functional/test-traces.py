#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""traces.*: what is asked of spans, of the daemon, by REST, and of a file; and orfeasctl traces."""

import json
import os
import pty
import select
import shutil
import signal
import subprocess

import orfeas_test
from orfeas_test import contains, equal, now_us, wait_for


def trace_id(number):
    return f"{number:032x}"


def span_id(number):
    return f"{number:016x}"


def span(trace, own, service, operation, start_us, duration_us, parent=0, **more):
    made = {"trace_id": trace_id(trace), "span_id": span_id(own), "service": service, "operation": operation, "start_us": start_us,
            "duration_us": duration_us, **more}
    if parent:
        made["parent_id"] = span_id(parent)
    return made


def record(daemon, *spans):
    equal(daemon.call("traces.record", {"spans": list(spans)}), {"accepted": len(spans)})


def shop(at):
    """A page that asks twice, of which the second asks the database and fails."""
    return [
        span(1, 1, "page", "load", at, 100_000),
        span(1, 2, "page", "fetch a", at + 5_000, 20_000, 1, kind="client"),
        span(1, 3, "api", "GET /a", at + 6_000, 18_000, 2, kind="server"),
        span(1, 4, "page", "fetch b", at + 10_000, 85_000, 1, kind="client", attributes={"http.url": "/b", "n": "1"}),
        span(1, 5, "api", "GET /b", at + 11_000, 83_000, 4, kind="server", outcome="error", message="no rows"),
        span(1, 6, "db", "SELECT", at + 20_000, 60_000, 5),
    ]


def fail(daemon, method, params, field=None, code=-32602):
    error = daemon.ask({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})["error"]
    equal((error["code"], error["data"].get("field")), (code, field), error)
    return error


def test_get(t):
    daemon = t.start()
    at = now_us() - 1_000_000
    record(daemon, *shop(at)[::-1])
    got = daemon.call("traces.get", {"trace_id": trace_id(1).upper()})
    spans = got.pop("spans")
    equal(got, {"trace_id": trace_id(1), "start_us": at, "duration_us": 100_000, "services": ["api", "db", "page"], "truncated": False})
    equal([(one["operation"], one["depth"]) for one in spans], [("load", 0), ("fetch a", 1), ("GET /a", 2), ("fetch b", 1), ("GET /b", 2), ("SELECT", 3)])
    equal([one["self_us"] for one in spans], [10_000, 2_000, 18_000, 2_000, 23_000, 60_000])
    equal([one["critical"] for one in spans], [True, False, False, True, True, True])
    equal({one["parent_missing"] for one in spans}, {False})
    equal([one["parent_id"] for one in spans][:2], [None, span_id(1)])
    equal(fail(daemon, "traces.get", {"trace_id": "ab"}, "trace_id")["data"]["allowed"], "a string of 32 bytes")
    equal((spans[4]["kind"], spans[4]["outcome"], spans[4]["message"]), ("server", "error", "no rows"))
    equal((spans[3]["attributes"], spans[3]["events"], spans[3]["links"]), ({"http.url": "/b", "n": "1"}, [], []))
    status, _, body = daemon.http("GET", f"/api/v1/traces/{trace_id(1)}")
    equal((status, json.loads(body)["spans"]), (200, spans))
    fail(daemon, "traces.get", {"trace_id": trace_id(99)}, code=-32005)
    fail(daemon, "traces.get", {"trace_id": "x" * 32}, "trace_id")
    fail(daemon, "traces.get", {"trace_id": "0" * 32}, "trace_id")
    equal(daemon.http("GET", f"/api/v1/traces/{trace_id(99)}")[0], 404)


def test_orphans(t):
    """A parent that never came, a circle, and a child that outlives its parent."""
    daemon = t.start()
    at = now_us() - 1_000_000
    record(daemon, span(1, 2, "a", "orphan", at, 10, 99), span(1, 3, "a", "child", at + 5, 100, 2), span(2, 1, "a", "x", at, 5, 2), span(2, 2, "a", "y", at, 5, 1))
    spans = daemon.call("traces.get", {"trace_id": trace_id(1)})["spans"]
    equal([(one["operation"], one["depth"], one["parent_missing"], one["self_us"]) for one in spans], [("orphan", 0, True, 5), ("child", 1, False, 100)])
    circle = daemon.call("traces.get", {"trace_id": trace_id(2)})["spans"]
    equal(([one["depth"] for one in circle], [one["parent_missing"] for one in circle]), ([0, 1], [True, False]))
    (info,) = [one for one in daemon.call("traces.list", {})["traces"] if one["trace_id"] == trace_id(1)]
    equal((info["service"], info["operation"], info["duration_us"], info["spans"]), (None, None, 105, 2))


def test_deep(t):
    """More spans than are told, each below the other."""
    daemon = t.start()
    at = now_us() - 1_000_000
    for first in range(0, 11_000, 5_500):
        record(daemon, *(span(1, i + 1, "deep", "down", at + i, 20_000 - i, i) for i in range(first, first + 5_500)))
    got = daemon.call("traces.get", {"trace_id": trace_id(1)})
    equal((got["truncated"], len(got["spans"]), got["spans"][-1]["depth"]), (True, 10_000, 9_999))
    equal(daemon.call("traces.list", {})["traces"][0]["spans"], 11_000)


def pages(daemon, method, member, **params):
    found, cursor = [], None
    while True:
        answer = daemon.call(method, {**params, **({"cursor": cursor} if cursor else {})})
        found += answer[member]
        cursor = answer["next_cursor"]
        if cursor is None:
            return found


def test_list(t):
    daemon = t.start()
    at = now_us() - 60_000_000
    record(daemon, *shop(at))
    for i in range(2, 30):
        outcome = {"outcome": {5: "error", 9: "ok"}[i]} if i in (5, 9) else {}
        root = span(i, 1, "page", "load", at + i * 1_000_000, i * 1000, **outcome)
        record(daemon, root, span(i, 2, "api", f"GET /{i % 3}", at + i * 1_000_000 + 5, 10, 1, attributes={"i": str(i)}))

    def ids(**params):
        return [int(one["trace_id"], 16) for one in pages(daemon, "traces.list", "traces", **params)]

    everything = list(range(29, 0, -1))
    equal(ids(), everything)
    equal(ids(limit=4), everything)
    equal(ids(service="db"), [1])
    equal(ids(service="api", operation="GET /2", limit=2), [i for i in everything if i % 3 == 2])
    equal(ids(min_duration_us=27_000, limit=2), [29, 28, 27, 1])
    equal(ids(outcome="error"), [5, 1])
    equal(ids(outcome="ok"), [9])
    equal(ids(tags={"i": "7"}), [7])
    equal(ids(tags={"i": "7"}, operation="GET /0"), [])
    equal(ids(from_us=at + 10_000_000, to_us=at + 12_000_000), [11, 10])
    equal(ids(service="none"), [])
    first = daemon.call("traces.list", {"limit": 1})["traces"][0]
    equal(first.pop("gpu"), None)
    equal(first, {"trace_id": trace_id(29), "service": "page", "operation": "load", "start_us": at + 29_000_000, "duration_us": 29_000, "outcome": None,
                  "spans": 2, "errors": 0})
    status, _, body = daemon.http("GET", "/api/v1/traces?service=db&tags=%7B%7D")
    equal((status, len(json.loads(body)["traces"])), (200, 1))
    fail(daemon, "traces.list", {"cursor": "x"}, "cursor")


def test_counted(t):
    daemon = t.start()
    equal([daemon.call(f"traces.{name}")[member] for name, member in (("services", "services"), ("dependencies", "edges"), ("stats", "operations"))], [[], [], []])
    at = now_us() - 1_000_000
    record(daemon, *shop(at))
    equal(
        daemon.call("traces.services")["services"],
        [{"service": "api", "operations": ["GET /a", "GET /b"]}, {"service": "db", "operations": ["SELECT"]},
         {"service": "page", "operations": ["fetch a", "fetch b", "load"]}],
    )
    equal(
        daemon.call("traces.dependencies")["edges"],
        [{"parent": "api", "child": "db", "calls": 1, "errors": 0}, {"parent": "page", "child": "api", "calls": 2, "errors": 1}],
    )
    equal(daemon.call("traces.dependencies", {"to_us": at - 7_200_000_000})["edges"], [])
    for i in range(99):
        record(daemon, *(span(100 + i, k + 1, "db", "SELECT", at + k, 1000 * (k + 1), outcome="error" if k == 0 else "ok") for k in range(10)))
    (stats,) = daemon.call("traces.stats", {"service": "db", "from_us": at - 60_000_000})["operations"]
    equal((stats["spans"], stats["operation"]), (991, "SELECT"))
    assert abs(stats["error_percent"] - 100 * 99 / 991) < 0.01 and stats["rate_per_s"] > 0, stats
    for name, value in (("p50_us", 5500), ("p95_us", 10_000), ("p99_us", 10_000)):
        assert abs(stats[name] - value) <= 0.11 * value, stats
    equal(daemon.call("traces.stats", {"service": "db", "to_us": at - 7_200_000_000})["operations"], [])


def test_slow(t):
    daemon = t.start()
    at = now_us() - 2_000_000
    record(daemon, *(span(1, i + 1, "api", "GET", at, 1000 + i) for i in range(150)))
    equal(daemon.call("traces.slow")["spans"], [])
    record(daemon, span(2, 1, "api", "GET", at + 1, 9000), span(3, 1, "api", "GET", at + 2, 1001), span(4, 1, "api", "other", at + 3, 9000))
    record(daemon, span(5, 1, "api", "GET", at + 4, 8000))
    spans = daemon.call("traces.slow")["spans"]
    equal([(int(one["trace_id"], 16), one["duration_us"]) for one in spans], [(5, 8000), (2, 9000)])
    assert 1100 <= spans[1]["usual_us"] <= 1180, spans
    equal([one["duration_us"] for one in pages(daemon, "traces.slow", "spans", limit=1)], [8000, 9000])
    equal(daemon.call("traces.slow", {"operation": "other"})["spans"], [])


def test_record(t):
    daemon = t.start()
    at = now_us()
    good = {"trace_id": trace_id(1), "span_id": span_id(1), "service": "s", "operation": "o", "duration_us": 1000}
    record(daemon, good)
    (one,) = daemon.call("traces.get", {"trace_id": trace_id(1)})["spans"]
    assert at - 1000 <= one["start_us"] <= now_us(), one
    record(daemon, {**good, "operation": "other"})  # the first one stays
    equal(daemon.sql("SELECT operation FROM span"), [("o",)])
    for change, field, code in (
        ({"trace_id": "g" * 32}, "spans[1].trace_id", -32602),
        ({"span_id": "0" * 16}, "spans[1].span_id", -32602),
        ({"parent_id": "zz" * 8}, "spans[1].parent_id", -32602),
        ({"start_us": at + 3_600_000_000}, "spans[1].start_us", -32011),
        ({"start_us": at - 30 * 86_400_000_000}, "spans[1].start_us", -32011),
        ({"kind": "x"}, "spans[1].kind", -32602),
    ):
        fail(daemon, "traces.record", {"spans": [{**good, "span_id": span_id(7)}, {**good, **change}]}, field, code)
    equal(daemon.sql("SELECT count(*) FROM span"), [(1,)])
    status, _, body = daemon.http("POST", "/api/v1/traces/record", {"spans": [{**good, "span_id": span_id(2)}]})
    equal((status, json.loads(body)["accepted"]), (200, 1))
    # the same answer to the same key, once
    for _ in range(2):
        message = {"jsonrpc": "2.0", "id": 1, "method": "traces.record", "params": {"spans": [{**good, "span_id": span_id(3)}]}, "meta": {"idempotency_key": "k"}}
        equal(daemon.ask(message)["result"], {"accepted": 1})
    equal(daemon.sql("SELECT count(*) FROM span"), [(3,)])


def test_retention(t):
    """What ended too long ago goes, and what takes too much."""
    daemon = t.start(settings={"trace.retention_us": 3_600_000_000})
    record(daemon, span(1, 1, "old", "x", now_us() - 3_595_000_000, 10), span(2, 1, "new", "x", now_us(), 10))
    wait_for(lambda: daemon.sql("SELECT service FROM span") == [("new",)], "the old one to go")
    equal(len(daemon.call("traces.list", {})["traces"]), 1)


def ctl(t, daemon, *arguments, expect=0):
    code, out, err = t.ctl(daemon, *arguments)
    equal(code, expect, f"{arguments}: {out[-500:]} {err[-500:]}")
    return out if code == 0 else err


def rows(text):
    """Of what a pipe gets: cells are parted by tabs, the first line are titles."""
    head, *lines = [line.split("\t") for line in text.splitlines()]
    return [dict(zip(head, line)) for line in lines]


def on_terminal(daemon, *arguments, columns=120):
    """What a terminal of this width is shown."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(columns), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
    with subprocess.Popen([orfeas_test.ORFEASCTL, "--socket", daemon.socket, *arguments], stdin=slave, stdout=slave, stderr=slave, env=environment) as process:
        os.close(slave)
        shown = b""
        try:
            while piece := os.read(master, 65536):
                shown += piece
        except OSError:
            pass  # its end is closed
        equal(process.wait(), 0, shown)
    os.close(master)
    return shown.decode().replace("\r\n", "\n")


def test_ctl(t):
    daemon = t.start()
    at = now_us() - 1_000_000
    record(daemon, *shop(at), span(2, 1, "page", "load", at + 1, 300_000, attributes={"k": "v"}))
    listed = rows(ctl(t, daemon, "traces", "list"))
    equal([(row["TRACE"], row["OPERATION"], row["DURATION_US"], row["SPANS"], row["ERRORS"]) for row in listed],
          [(trace_id(2), "load", "300000", "1", "0"), (trace_id(1), "load", "100000", "6", "1")])
    for arguments, expected in ((["--longer", "200ms"], [2]), (["--errors"], [1]), (["--tag", "k=v"], [2]), (["--service", "db"], [1]), (["--limit", "1"], [1]),
                                (["--operation", "none"], []), (["--from", "-1h", "--to", "now"], [2, 1])):
        equal([int(row["TRACE"], 16) for row in rows(ctl(t, daemon, "traces", "list", *arguments))], expected, str(arguments))
    ctl(t, daemon, "traces", "list", "--tag", "k", expect=2)
    equal(len(json.loads(ctl(t, daemon, "traces", "list", "--json"))["traces"]), 2)
    shown = rows(ctl(t, daemon, "traces", "show", trace_id(1)))
    equal([(row["OPERATION"], row["DEPTH"], row["CRITICAL"], row["OFFSET_US"], row["SELF_US"]) for row in shown][3:],
          [("fetch b", "1", "yes", "10000", "2000"), ("GET /b", "2", "yes", "11000", "23000"), ("SELECT", "3", "yes", "20000", "60000")])
    ctl(t, daemon, "traces", "show", trace_id(9), expect=1)
    picture = on_terminal(daemon, "traces", "show", trace_id(1))
    for part in (trace_id(1), "6 spans", "3 services", "no rows", "* on the critical path"):
        contains(picture, part)
    lines = [line for line in picture.splitlines() if "█" in line]
    equal([line.startswith("*") for line in lines], [True, False, False, True, True, True])
    contains(lines[4], "      api")  # below the two that called it
    equal([row["OPERATION"] for row in rows(ctl(t, daemon, "traces", "services"))], ["GET /a", "GET /b", "SELECT", "fetch a", "fetch b", "load"])
    stats = rows(ctl(t, daemon, "traces", "stats", "--service", "api"))
    equal([(row["OPERATION"], row["SPANS"], row["ERRORS_PERCENT"]) for row in stats], [("GET /a", "1", "0"), ("GET /b", "1", "100")])
    equal(rows(ctl(t, daemon, "traces", "slow")), [])
    contains(on_terminal(daemon, "traces", "slow"), "no slow spans")


def tail(t, daemon, first, read, *more):
    """What `traces tail` tells of the trace after `first`, and of those before it; read: (trace id, anything) of a line."""
    with subprocess.Popen([orfeas_test.ORFEASCTL, "--socket", daemon.socket, "traces", "tail", "--service", "page", *more], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True, env=t.environment()) as process:
        told = 0
        while not select.select([process.stdout], [], [], 0.1)[0]:  # it tells of what comes from its start on
            told += 1
            record(daemon, span(first + 1000 + told, 1, "page", "early", now_us(), 10))
        record(daemon, span(first, 1, "other", "x", now_us(), 10), span(first + 1, 1, "page", "load", now_us(), 10))
        lines = []
        while not lines or lines[-1][0] != trace_id(first + 1):
            lines.append(read(process.stdout.readline()))
        ids = [line[0] for line in lines]
        equal((len(ids), trace_id(first) in ids), (len(set(ids)), False))
        process.send_signal(signal.SIGINT)
        equal(process.wait(), 0)
        return lines[-1][1]


def test_ctl_tail(t):
    daemon = t.start()

    def read_json(line):
        trace = json.loads(line)
        return trace["trace_id"], trace

    def read_row(line):
        *row, trace = line.rstrip("\n").split("\t")
        return trace, row

    trace = tail(t, daemon, 2, read_json, "--json")
    equal([(trace[name], type(trace[name])) for name in ("duration_us", "spans", "errors")], [(10, int), (1, int), (0, int)])
    time, *row = tail(t, daemon, 5000, read_row)
    equal(row, ["page", "load", "10", "1", "0"])
    assert time > "2020", time


def test_file(t):
    """With no daemon, and of a file from before there were traces."""
    daemon = t.start()
    at = now_us() - 1_000_000
    record(daemon, *shop(at))
    told = {method: daemon.call(method) for method in ("traces.list", "traces.slow", "traces.services", "traces.dependencies", "traces.stats")}
    got = daemon.call("traces.get", {"trace_id": trace_id(1)})
    daemon.stop()
    for method, answer in told.items():
        code, out, err = t.ctl(None, "--db", daemon.db, "call", method)
        equal((code, json.loads(out)), (0, answer), err)
    code, out, err = t.ctl(None, "--db", daemon.db, "call", "traces.get", json.dumps({"trace_id": trace_id(1)}))
    equal((code, json.loads(out)), (0, got), err)
    stored = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "migrations", "version-011.db")
    old = shutil.copy(stored, t.dir)
    for method, answer in told.items():
        code, out, err = t.ctl(None, "--db", old, "call", method)
        equal((code, {len(value) for value in json.loads(out).values() if isinstance(value, list)}), (0, {0}), err)


orfeas_test.main()
