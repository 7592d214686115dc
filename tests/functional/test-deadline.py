#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A caller's patience: DEADLINE_EXCEEDED, by every way, and the work stops."""

import sqlite3

import orfeas_test
from orfeas_test import contains, equal, fails, request, wait_for

SHORT_MS = 3
ROWS = 1500000  # checking them takes a hundred times SHORT_MS


def large(t):
    """A daemon on a file whose check takes far longer than the deadline."""
    daemon = t.start()
    daemon.stop()
    connection = sqlite3.connect(daemon.db)
    connection.execute(
        "INSERT INTO sample_raw SELECT value, 1, value FROM (WITH RECURSIVE c(value) AS "
        f"(VALUES(1) UNION ALL SELECT value+1 FROM c WHERE value<{ROWS}) SELECT value FROM c)"
    )
    connection.execute("CREATE INDEX slow ON sample_raw (value, t_us)")  # integrity_check sorts out every entry
    connection.commit()
    connection.close()
    return daemon.start()


def test_by_meta(t):
    daemon = large(t)
    with daemon.peer() as peer:
        error = fails(lambda: peer.call("db.check", meta={"deadline_ms": SHORT_MS}), "DEADLINE_EXCEEDED", -32004)
        assert error.message
        equal(peer.call("health.check"), {"serving": "SERVING"})


def test_by_header(t):
    daemon = large(t)
    with open(t.dir + "/cookie", encoding="utf-8") as file:
        headers = {"Authorization": "Bearer " + file.read().strip(), "X-Deadline-Ms": str(SHORT_MS)}
    fails(lambda: daemon.call("db.check", headers=headers), "DEADLINE_EXCEEDED", -32004)

    def check():
        status, _, body = daemon.http("POST", "/api/v1/db/check", "{}", headers)
        return status != 429 and (status, body)  # the check before stops a moment after its answer

    status, body = wait_for(check, "the check before to stop")
    equal(status, 504)
    contains(body.decode(), "DEADLINE_EXCEEDED")


def test_one_of_a_batch(t):
    daemon = large(t)
    with daemon.peer() as peer:
        answers = peer.ask([request("db.check", meta={"deadline_ms": SHORT_MS}, request_id=1), request("health.check", request_id=2)])
    equal(answers[0]["error"]["code"], -32004)
    equal(answers[1]["result"], {"serving": "SERVING"})


def test_long_enough(t):
    daemon = t.start()
    equal(daemon.admin("db.check", meta={"deadline_ms": 60000})["ok"], True)


def test_not_a_deadline(t):
    daemon = t.start()
    for deadline in (-1, "soon", 1.5):
        error = fails(lambda: daemon.call("health.check", meta={"deadline_ms": deadline}), "INVALID_ARGUMENT", -32602)
        contains(error.data["field"], "deadline_ms")


def test_default_deadline(t):
    daemon = large(t)
    daemon.stop()
    daemon.command += ["--set", "rpc.default_deadline_us=3000"]
    daemon.start()
    fails(lambda: daemon.admin("db.check"), "DEADLINE_EXCEEDED", -32004)


def test_cancel(t):
    daemon = large(t)
    with daemon.peer() as peer:
        peer.send_text('{"jsonrpc":"2.0","id":"slow","method":"db.check"}')
        answers = {}
        peer.send_text('{"jsonrpc":"2.0","id":"stop","method":"rpc.cancel","params":{"id":"slow"}}')
        for _ in range(2):
            answer = orfeas_test.json.loads(peer.receive_text())
            answers[answer["id"]] = answer
    equal(answers["stop"]["result"], {"cancelled": True})
    equal(answers["slow"]["error"]["code"], -32001)


orfeas_test.main()
