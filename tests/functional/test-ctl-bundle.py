#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""orfeasctl postmortem --bundle: a window of a file as a file of its own, which tells of it what the whole one tells."""

import json
import os
import re
import sqlite3

import orfeas_test
from orfeas_test import Teller, contains, equal, integrity, now_us, wait_for

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
DONE, SERVER_ERROR, USAGE = range(3)
S, MINUTE, HOUR = 10**6, 60 * 10**6, 3600 * 10**6
N_SERIES = 6
SECONDS = 5 * 3600
# what a bundle never has
LEFT_OUT = {"audit", "idempotency", "outbox", "outbox_cursor", "forecast_state", "anomaly_state"}


def value(i, s):
    return (s * 13 + i * 17) % 8191 / 8


def record_hours(daemon, base):
    for first in range(0, SECONDS, 400):
        daemon.call("metrics.record", {"samples": [
            {"name": ("b.plain", "b.wait_us")[i % 2], "labels": {"n": str(i)}, "value": value(i, s), "t_us": base + s * S}
            for s in range(first, min(first + 400, SECONDS)) for i in range(N_SERIES)]})


def span(number, start_us, outcome="ok"):
    return {"trace_id": f"{number:032x}", "span_id": f"{number:016x}", "service": "api", "operation": "/infer",
            "start_us": start_us, "duration_us": 1000 * number, "outcome": outcome, "attributes": {"n": str(number)}}


def start(t):
    """Five hours of samples, packed but for the last, with something of most kinds in the third and in the fifth."""
    base = now_us() // HOUR * HOUR - SECONDS * S - 1000 * S
    daemon = t.start(settings={
        "history.pack_us": S, "history.pack_rows": 4000, "history.raw_rows": 10**9, "host.enabled": "false", "gpu.backends": "",
        "trace.service_name": "", "metrics.max_query_points": 4000000})
    record_hours(daemon, base)
    for hour in (0, 2, 4):
        at = base + hour * HOUR + 600 * S
        daemon.call("events.mark", {"text": f"hour {hour}", "t_us": at})
        daemon.call("incidents.pin", {"from_us": at, "to_us": at + MINUTE, "title": f"pin {hour}"})
        daemon.call("traces.record", {"spans": [span(hour * 10 + k, at + k * S, "error" if k == 3 else "ok") for k in range(1, 6)]})
    wait_for(lambda: daemon.sql("SELECT count(*) FROM chunk_block WHERE level > 0")[0][0] > 0
             and daemon.sql("SELECT from_rowid > (SELECT max(rowid) FROM sample_raw) - 8000 AND to_rowid < from_rowid AND merge_block = 0 FROM packing")[0][0],
             "packed samples")
    return daemon, base


def document(daemon, from_us, to_us):
    return {"version": 1, "source": {"db": daemon.db, "live": True},
            "window": {"from_us": from_us, "to_us": to_us, "baseline_from_us": 2 * from_us - to_us, "baseline_to_us": from_us}}


def bundle(t, daemon, from_us, to_us, name="slice.db", expect=DONE):
    """Of a daemon that says that this is its window."""
    path = os.path.join(t.dir, name)
    with Teller(t, {"document": document(daemon, from_us, to_us)}) as teller:
        code, out, err = t.ctl(teller, "postmortem", "--from", str(from_us), "--to", str(to_us), "--bundle", path)
    equal(code, expect, err)
    return path if expect == DONE else err


def ask(t, path, *arguments):
    code, out, err = t.ctl(None, "--db", path, *arguments)
    equal(code, DONE, err)
    return out


def rows(path, sql, *values):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        return db.execute(sql, values).fetchall()


def samples(t, path, from_us, to_us):
    return ask(t, path, "sql", f"SELECT name, labels, t_us, value FROM samples WHERE t_us >= {from_us} AND t_us < {to_us} ORDER BY 1, 2, 3")


def test_tells_what_the_file_tells(t):
    daemon, base = start(t)
    # neither begins nor ends with a minute
    from_us, to_us = base + 2 * HOUR + 17 * S, base + 3 * HOUR + 1234 * S
    before_us = 2 * from_us - to_us
    path = bundle(t, daemon, from_us, to_us)
    assert os.path.getsize(path) < os.path.getsize(daemon.db) / 1.5
    equal(integrity(path), "ok")
    contains(ask(t, path, "db", "check"), "no damage found")
    equal(rows(path, "PRAGMA user_version"), daemon.sql("PRAGMA user_version"))
    equal(rows(path, "PRAGMA application_id"), [(0x4F524653,)])
    schema = "SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2"
    equal(rows(path, schema), daemon.sql(schema))
    # all samples, of whole minutes
    first, last = before_us // MINUTE * MINUTE, -(-to_us // MINUTE) * MINUTE
    equal(samples(t, path, 0, now_us()), samples(t, daemon.db, first, last))
    assert rows(path, "SELECT count(*) FROM chunk")[0][0] > 0
    # by minutes, and by what stands for them
    query = ("metrics", "query", "{n=~\".*\"}", "--from", str(from_us), "--to", str(to_us), "--step", "1m", "--json")
    equal(json.loads(ask(t, path, *query)), json.loads(ask(t, daemon.db, *query)))
    minutes = f"SELECT * FROM rollup_1m WHERE t_us >= {first} AND t_us < {last} ORDER BY series_id, t_us"
    equal(rows(path, "SELECT * FROM rollup_1m ORDER BY series_id, t_us"), daemon.sql(minutes))
    assert len(daemon.sql(minutes)) > 900
    # what happened in the window and before it, and the window's traces
    equal([e["text"] for e in json.loads(ask(t, path, "event", "list", "--json"))["events"]], ["hour 2"])
    equal([i["title"] for i in json.loads(ask(t, path, "incidents", "list", "--json"))["incidents"]], ["pin 2"])
    traces = json.loads(ask(t, path, "traces", "list", "--json"))["traces"]
    equal(sorted(one["trace_id"] for one in traces), [f"{20 + k:032x}" for k in range(1, 6)])
    show = ("traces", "show", f"{23:032x}", "--json")
    equal(json.loads(ask(t, path, *show)), json.loads(ask(t, daemon.db, *show)))
    equal(rows(path, "SELECT * FROM span_total"), [(1, 5, rows(path, "SELECT sum(bytes) FROM trace")[0][0])])
    for table in LEFT_OUT:
        equal(rows(path, f"SELECT count(*) FROM {table}"), [(0,)], table)


def test_of_what_is_not_packed(t):
    """The last minutes stand in sample_raw alone."""
    daemon, base = start(t)
    end = base + SECONDS * S
    daemon.stop()
    daemon.command += ["--set", f"history.pack_us={HOUR}"]
    # a start packs what is there, and then nothing is for an hour; what is to be there has come after a look at what is
    packed, last = 0, 0
    while packed >= last:
        daemon.start()
        daemon.call("metrics.record", {"samples": [{"name": "b.first", "value": 1}]})
        daemon.stop()
        [(packed, last)] = rows(daemon.db, "SELECT from_rowid - 1, (SELECT max(rowid) FROM sample_raw) FROM packing")
    daemon.start()
    wait_for(lambda: daemon.sql(f"SELECT from_rowid > {last} FROM packing")[0][0], "what the start packs")
    daemon.call("metrics.record", {"samples": [{"name": "b.late", "value": k, "t_us": end - k * S} for k in range(1, 301)]})
    path = bundle(t, daemon, end - 400 * S, end + HOUR)
    plain = "SELECT count(*) FROM sample_raw JOIN series ON series.id = series_id WHERE name = 'b.late'"
    equal(rows(path, plain), [(300,)])
    # the window is from 400 s before the end to an hour after it, and as long before that
    first = (end - 400 * S - (HOUR + 400 * S)) // MINUTE * MINUTE
    equal(samples(t, path, 0, end), samples(t, daemon.db, first, end))
    contains(ask(t, path, "db", "check"), "no damage found")


def test_every_verb_opens_it(t):
    daemon, base = start(t)
    path = bundle(t, daemon, base + 2 * HOUR, base + 3 * HOUR)
    for verb in ("status", "gpu", "gpu cleanups", "gpu report", "gpu events", "gpu leaks", "metrics list", "event list", "incidents list",
                 "traces list", "traces slow", "traces services", "traces stats", "alerts", "alerts history", "alerts rules",
                 "anomalies list", "predictions", "predictions accuracy", "cost", "workers", "db stats"):
        ask(t, path, *verb.split())


def test_of_a_file_without_a_daemon(t):
    """What is in a file of the latest version by hand is in a bundle of all its time; each table is either copied or left out."""
    source = os.path.join(ROOT, "tests/migrations", max(n for n in os.listdir(os.path.join(ROOT, "tests/migrations")) if n.endswith(".db")))
    with open(os.path.join(ROOT, "server/store/orf-slice.c"), encoding="utf-8") as file:
        known = set(re.findall(r'^\s*\{ "(\w+)",', file.read(), re.MULTILINE))
    tables = {name for name, in rows(source, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")}
    equal(tables - known, set(), "tables that no step of orf-slice.c knows")
    path = os.path.join(t.dir, "all.db")
    whole = {"source": {"db": source}, "window": {"from_us": 0, "to_us": 2 * now_us(), "baseline_from_us": 0}}
    with Teller(t, {"document": whole}) as teller:
        code, _, err = t.ctl(teller, "postmortem", "--from", "0", "--to", str(2 * now_us()), "--bundle", path)
    equal(code, DONE, err)
    for table in tables - LEFT_OUT - {"series"}:
        equal(rows(path, f"SELECT * FROM {table}"), rows(source, f"SELECT * FROM {table}"), table)
    equal(integrity(path), "ok")


def test_refused(t):
    daemon = t.start(settings={"gpu.backends": ""})
    at = now_us()
    path = bundle(t, daemon, at - HOUR, at)
    before = os.stat(path).st_mtime_ns
    contains(bundle(t, daemon, at - HOUR, at, expect=SERVER_ERROR), "File exists")
    equal(os.stat(path).st_mtime_ns, before)
    contains(bundle(t, daemon, at - HOUR, at, name="no/such/folder.db", expect=SERVER_ERROR), "No such file")
    equal([name for name in os.listdir(t.dir) if name.startswith("slice.db.")], [])
    daemon.db = "/nowhere/orfeas.db"
    contains(bundle(t, daemon, at - HOUR, at, name="other.db", expect=USAGE), "/nowhere/orfeas.db is not on this machine")
    daemon.db = os.path.join(t.dir, "text")
    with open(daemon.db, "w", encoding="utf-8") as file:
        file.write("no database " * 1000)
    contains(bundle(t, daemon, at - HOUR, at, name="other.db", expect=SERVER_ERROR), "not a database")
    assert not os.path.exists(os.path.join(t.dir, "other.db"))


orfeas_test.main()
