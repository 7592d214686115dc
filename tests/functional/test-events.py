#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""events.mark and events.list: deploys and notes on the time line."""

import json
import os
import shutil

import orfeas_test
from orfeas_test import contains, equal, fails, now_us, wait_for

STORED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "migrations", "version-001.db")


def mark(daemon, text, **params):
    return daemon.call("events.mark", {"text": text, **params})


def texts(daemon, **params):
    return [event["text"] for event in daemon.call("events.list", params)["events"]]


def test_marked_is_listed(t):
    daemon = t.start()
    before = now_us()
    first = mark(daemon, "studio 2.4 \u00e9\n'; --", kind="deploy")
    assert before <= first["t_us"] <= now_us(), first
    second = mark(daemon, "long ago", t_us=7)
    equal(second["t_us"], 7)
    result = daemon.call("events.list")
    equal(
        result["events"],
        [
            {"id": first["id"], "t_us": first["t_us"], "kind": "deploy", "text": "studio 2.4 \u00e9\n'; --", "author": "loopback"},
            {"id": second["id"], "t_us": 7, "kind": "note", "text": "long ago", "author": "loopback"},
        ],
    )
    equal(result["next_cursor"], None)
    # on disk with its row of the audit, and there for people
    equal(daemon.sql("SELECT time, text FROM v_event WHERE id=?", second["id"]), [("1970-01-01T00:00:00.000007Z", "long ago")])
    found = [json.loads(detail) for (detail,) in daemon.sql("SELECT detail FROM audit WHERE method='events.mark' ORDER BY id")]
    equal(found, [first, second])


def test_selected(t):
    daemon = t.start()
    for i in range(6):
        mark(daemon, f"n{i}", t_us=1000 + i // 2, kind="deploy" if i % 2 else "note")
    equal(texts(daemon), ["n5", "n4", "n3", "n2", "n1", "n0"])
    equal(texts(daemon, kind="deploy"), ["n5", "n3", "n1"])
    equal(texts(daemon, from_us=1001, to_us=1002), ["n3", "n2"])
    equal(texts(daemon, to_us=1000), [])


def test_pages(t):
    """Of marks at one time too, and while others come."""
    daemon = t.start()
    for i in range(7):
        mark(daemon, f"n{i}", t_us=1000 + i // 3)
    seen, cursor = [], None
    while True:
        page = daemon.call("events.list", {"limit": 2, **({"cursor": cursor} if cursor else {})})
        seen += [event["text"] for event in page["events"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        mark(daemon, "new", t_us=2000)
    equal(seen, [f"n{i}" for i in reversed(range(7))])
    for cursor in ("x", "1", "1-", "-1-1", "1-0", "1-2-3", "99999999999999999999-1"):
        fails(lambda: daemon.call("events.list", {"cursor": cursor}), "INVALID_ARGUMENT", field="cursor")


def test_refused(t):
    daemon = t.start()
    fails(lambda: mark(daemon, ""), "INVALID_ARGUMENT", field="text")
    fails(lambda: mark(daemon, "a" * 4097), "INVALID_ARGUMENT", field="text")
    fails(lambda: mark(daemon, "a", kind="party"), "INVALID_ARGUMENT", field="kind")
    fails(lambda: mark(daemon, "a", t_us=now_us() + 10**12), "OUT_OF_RANGE", field="t_us")
    equal(texts(daemon), [])
    equal(daemon.sql("SELECT count(*) FROM audit WHERE method='events.mark'"), [(0,)])


def test_once_a_key(t):
    daemon = t.start()
    params = {"text": "deployed", "kind": "deploy"}
    first = daemon.call("events.mark", params, {"idempotency_key": "k"})
    equal(daemon.call("events.mark", params, {"idempotency_key": "k"}), first)
    daemon.restart()  # by kill -9
    equal(daemon.call("events.mark", params, {"idempotency_key": "k"}), first)
    fails(lambda: daemon.call("events.mark", {"text": "other"}, {"idempotency_key": "k"}), "FAILED_PRECONDITION")
    equal(texts(daemon), ["deployed"])
    equal(daemon.sql("SELECT count(*) FROM audit WHERE method='events.mark'"), [(1,)])
    # ids go on where the file's end
    assert mark(daemon, "next")["id"] != first["id"]


def test_rest(t):
    daemon = t.start()
    status, answer = daemon.rest("POST", "/events", {"text": "by REST", "kind": "deploy"})
    equal((status, answer["status"]), (200, "success"))
    status, listed = daemon.rest("GET", "/events?kind=deploy&limit=1")
    equal((status, [event["id"] for event in listed["events"]]), (200, [answer["id"]]))


def test_orfeasctl(t):
    daemon = t.start()
    status, out, _ = t.ctl(daemon, "event", "mark", "studio 2.4", "--kind", "deploy", "--at", "1760000000")
    equal((status, out), (0, "e-1\n"))
    equal(t.ctl(daemon, "event", "mark", "a\tb")[0], 0)
    status, out, _ = t.ctl(daemon, "event", "list", "--to", "1760000001")
    equal(status, 0)
    equal(out.splitlines()[1].split("\t"), ["2025-10-09T08:53:20.000000Z", "deploy", "studio 2.4", f"unix:uid={os.getuid()}", "e-1"])
    equal(len(t.ctl(daemon, "event", "list")[1].splitlines()), 3)
    equal(len(t.ctl(daemon, "event", "list", "--limit", "1")[1].splitlines()), 2)
    equal(t.ctl(daemon, "event", "mark", "a", "--kind", "party")[0], 1)
    equal(t.ctl(daemon, "event", "mark", "a", "--at", "never")[0], 2)
    equal(t.ctl(daemon, "event", "list", "--limit", "0")[0], 2)
    daemon.stop()
    status, out, _ = t.ctl(None, "--db", daemon.db, "event", "list", "--json")
    equal(status, 0)
    equal([event["text"] for event in json.loads(out)["events"]], ["a\tb", "studio 2.4"])
    equal(t.ctl(None, "--db", daemon.db, "event", "mark", "a")[0], 2)


def test_file_of_version_1(t):
    """It is read as it is, has no marks, and gets its table when a daemon opens it."""
    path = f"{t.dir}/old.db"
    shutil.copy(STORED, path)
    status, out, _ = t.ctl(None, "--db", path, "event", "list", "--json")
    equal((status, json.loads(out)), (0, {"events": [], "next_cursor": None}))
    daemon = t.start(db=path)
    equal(mark(daemon, "now it can")["id"], "e-1")
    equal(texts(daemon), ["now it can"])


def test_bounded(t):
    """The rows that came first go, in steps, when there are more than are kept."""
    daemon = t.start(settings={"history.event_rows": "1000"})
    daemon.stop()
    connection = orfeas_test.sqlite3.connect(daemon.db)
    with connection:
        connection.executemany(
            "INSERT INTO event (id, t_us, kind, text) VALUES (?, ?, 'note', 'x')", [(i, 5000 - i) for i in range(1, 3001)]
        )
    connection.close()
    daemon.start()
    wait_for(lambda: daemon.sql("SELECT count(*), min(id) FROM event") == [(1000, 2001)], "the trim")


orfeas_test.main()
