#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""incidents.*: windows of time that are kept."""

import json
import os
import shutil

import orfeas_test
from orfeas_test import contains, equal, fails, now_us

STORED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "migrations", "version-001.db")
SECOND = 10**6
T = 1760000000 * SECOND


def pin(daemon, from_us=T, to_us=T + 600 * SECOND, meta=None, **params):
    return daemon.call("incidents.pin", {"from_us": from_us, "to_us": to_us, **params}, meta)


def ids(daemon, **params):
    return [one["id"] for one in daemon.call("incidents.list", params)["incidents"]]


def pins(daemon):
    return daemon.sql("SELECT incident_id, from_us, to_us FROM pin ORDER BY id")


def test_pinned_is_listed(t):
    daemon = t.start()
    before = now_us()
    one = pin(daemon, title="GPU memory \u00e9\n'; --", reason="for the review")
    assert before <= one["created_us"] <= now_us(), one
    equal((one["id"], one["title"], one["reason"], one["author"]), ("i-1", "GPU memory \u00e9\n'; --", "for the review", "loopback"))
    equal((one["from_us"], one["to_us"], one["members"], one["more_members"]), (T, T + 600 * SECOND, [], False))
    equal(daemon.call("incidents.get", {"id": "i-1"}), one)
    equal(daemon.call("incidents.list"), {"incidents": [one], "next_cursor": None})
    two = pin(daemon, T + 1, T + 2)
    equal((two["title"], two["reason"]), ("pinned window", "pinned by hand"))
    equal(pins(daemon), [(1, T, T + 600 * SECOND), (2, T + 1, T + 2)])
    equal(daemon.sql("SELECT from_time, pinned FROM v_incident WHERE id='i-1'"), [("2025-10-09T08:53:20.000000Z", 1)])
    equal(daemon.sql("SELECT actor FROM audit WHERE method='incidents.pin'"), [("loopback",), ("loopback",)])


def test_members(t):
    daemon = t.start()
    for at_us, text in ((T - 1, "before"), (T + 5, "second"), (T, "first " + "x" * 400), (T + 600 * SECOND, "after")):
        daemon.call("events.mark", {"text": text, "t_us": at_us})
    one = pin(daemon)
    equal([(m["kind"], m["id"], m["t_us"], m["title"][:9]) for m in one["members"]], [("event", "e-3", T, "first xxx"), ("event", "e-2", T + 5, "second")])
    equal(len(one["members"][0]["title"]), 200)
    for i in range(15):
        daemon.call("events.mark", {"text": f"n{i}", "t_us": T + 100 + i})
    listed = daemon.call("incidents.list")["incidents"][0]
    equal(([m["title"] for m in listed["members"]], listed["more_members"]), ([f"n{i}" for i in range(5, 15)], True))
    got = daemon.call("incidents.get", {"id": "i-1"})
    equal((len(got["members"]), got["more_members"]), (17, False))


def test_selected_and_in_pages(t):
    daemon = t.start()
    for i in range(7):
        pin(daemon, T + i // 2 * 100, T + i // 2 * 100 + 50)
    equal(ids(daemon), [f"i-{i}" for i in (7, 6, 5, 4, 3, 2, 1)])
    # windows that have something of the time asked for
    equal(ids(daemon, from_us=T + 149, to_us=T + 200), ["i-4", "i-3"])
    equal(ids(daemon, from_us=T + 150, to_us=T + 200), [])
    seen, cursor = [], None
    while True:
        page = daemon.call("incidents.list", {"limit": 2, **({"cursor": cursor} if cursor else {})})
        seen += [one["id"] for one in page["incidents"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        pin(daemon, T + 1000, T + 1001)
    equal(seen, [f"i-{i}" for i in (7, 6, 5, 4, 3, 2, 1)])
    fails(lambda: daemon.call("incidents.list", {"cursor": "x"}), "INVALID_ARGUMENT", field="cursor")


def test_overlapping_and_unpinned(t):
    """What one lets go the other still keeps; an id is not given twice."""
    daemon = t.start()
    pin(daemon)
    pin(daemon, T + 300 * SECOND, T + 900 * SECOND)
    equal(daemon.call("incidents.unpin", {"id": "i-1"}), {"unpinned": True})
    equal((ids(daemon), pins(daemon)), (["i-2"], [(2, T + 300 * SECOND, T + 900 * SECOND)]))
    fails(lambda: daemon.call("incidents.unpin", {"id": "i-1"}), "NOT_FOUND")
    fails(lambda: daemon.call("incidents.get", {"id": "i-1"}), "NOT_FOUND")
    daemon.call("incidents.unpin", {"id": "i-2"})
    equal((ids(daemon), pins(daemon)), ([], []))
    daemon.restart()
    equal(pin(daemon)["id"], "i-3")
    for strange in ("", "i-", "i-0", "i-03", "i--1", "x", "3", "i-99999999999999999999", "i-3 "):
        status = "NOT_FOUND" if strange else "INVALID_ARGUMENT"
        fails(lambda: daemon.call("incidents.get", {"id": strange}), status)
        fails(lambda: daemon.call("incidents.unpin", {"id": strange}), status)
    equal(ids(daemon), ["i-3"])


def test_refused(t):
    daemon = t.start(settings={"history.max_pins": "2", "history.max_pin_us": str(3600 * SECOND)})
    fails(lambda: pin(daemon, T, T), "INVALID_ARGUMENT", field="to_us")
    fails(lambda: pin(daemon, T + 1, T), "INVALID_ARGUMENT", field="to_us")
    fails(lambda: pin(daemon, T, T + 3600 * SECOND + 1), "OUT_OF_RANGE", field="to_us")
    fails(lambda: pin(daemon, 0, 2**53), "OUT_OF_RANGE", field="to_us")
    fails(lambda: pin(daemon, -1, 5), "INVALID_ARGUMENT", field="from_us")
    fails(lambda: pin(daemon, title=""), "INVALID_ARGUMENT", field="title")
    fails(lambda: daemon.call("incidents.pin", {"from_us": T}), "INVALID_ARGUMENT", field="to_us")
    pin(daemon, T, T + 3600 * SECOND)
    ahead = now_us() + 86400 * SECOND  # what is still to come may be kept
    pin(daemon, ahead, ahead + 1)
    fails(lambda: pin(daemon), "RESOURCE_EXHAUSTED")
    equal(len(pins(daemon)), 2)
    daemon.call("incidents.unpin", {"id": "i-1"})
    pin(daemon)


def test_roles(t):
    daemon = t.start(settings={"auth.require": "true"})
    fails(lambda: daemon.call("incidents.list"), "UNAUTHENTICATED")
    fails(lambda: pin(daemon), "UNAUTHENTICATED")


def test_once_a_key(t):
    daemon = t.start()
    key = {"idempotency_key": "k"}
    first = pin(daemon, meta=key)
    equal(pin(daemon, meta=key), first)
    daemon.restart()  # by kill -9
    equal(pin(daemon, meta=key), first)
    fails(lambda: pin(daemon, T, T + 1, meta=key), "FAILED_PRECONDITION")
    equal(len(pins(daemon)), 1)
    gone = {"idempotency_key": "l"}
    equal(daemon.call("incidents.unpin", {"id": "i-1"}, gone), {"unpinned": True})
    equal(daemon.call("incidents.unpin", {"id": "i-1"}, gone), {"unpinned": True})


def test_rest(t):
    daemon = t.start()
    status, answer = daemon.rest("POST", "/incidents", {"from_us": T, "to_us": T + 1, "title": "by REST"})
    equal((status, answer["status"], answer["id"]), (200, "success", "i-1"))
    equal(daemon.rest("GET", "/incidents/i-1")[1]["title"], "by REST")
    equal([one["id"] for one in daemon.rest("GET", f"/incidents?from_us={T}&limit=1")[1]["incidents"]], ["i-1"])
    equal(daemon.rest("DELETE", "/incidents/i-1"), (200, {"status": "success", "unpinned": True}))
    equal(daemon.rest("DELETE", "/incidents/i-1")[0], 404)


def test_orfeasctl(t):
    daemon = t.start()
    t.ctl(daemon, "event", "mark", "studio 2.4", "--at", "1760000005")
    status, out, _ = t.ctl(daemon, "incidents", "pin", "--from", "1760000000", "--to", "1760000600", "--title", "a\tb", "--reason", "why")
    equal((status, out), (0, "i-1\n"))
    equal(t.ctl(daemon, "incidents", "pin", "--from", "-10m")[:2], (0, "i-2\n"))
    status, out, _ = t.ctl(daemon, "incidents", "list", "--to", "1760000001")
    equal(status, 0)
    equal(out.splitlines()[1].split("\t")[:2], ["2025-10-09T08:53:20.000000Z", "2025-10-09T09:03:20.000000Z"])
    equal(len(t.ctl(daemon, "incidents", "list")[1].splitlines()), 3)
    equal(len(t.ctl(daemon, "incidents", "list", "--limit", "1")[1].splitlines()), 2)
    status, out, _ = t.ctl(daemon, "incidents", "show", "i-1")
    equal(status, 0)
    contains(out, "why")
    contains(out, "studio 2.4")
    equal(t.ctl(daemon, "incidents", "show", "i-9")[0], 1)
    equal(t.ctl(daemon, "incidents", "pin", "--from", "-10m", "--to", "-20m")[0], 1)
    equal(t.ctl(daemon, "incidents", "pin")[0], 2)
    equal(t.ctl(daemon, "incidents", "pin", "--from", "never")[0], 2)
    equal(t.ctl(daemon, "incidents", "unpin", "i-2")[:2], (0, ""))
    equal(t.ctl(daemon, "incidents", "unpin", "i-2")[0], 1)
    daemon.stop()
    status, out, _ = t.ctl(None, "--db", daemon.db, "incidents", "list", "--json")
    equal((status, [one["id"] for one in json.loads(out)["incidents"]]), (0, ["i-1"]))
    equal(t.ctl(None, "--db", daemon.db, "incidents", "unpin", "i-1")[0], 2)


def test_file_of_version_1(t):
    path = f"{t.dir}/old.db"
    shutil.copy(STORED, path)
    status, out, _ = t.ctl(None, "--db", path, "incidents", "list", "--json")
    equal((status, json.loads(out)), (0, {"incidents": [], "next_cursor": None}))
    equal(t.ctl(None, "--db", path, "incidents", "show", "i-1")[0], 1)
    daemon = t.start(db=path)
    equal(pin(daemon)["id"], "i-1")


orfeas_test.main()
