#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Budgets: what is counted, what gives way where it is used up, and that the rest goes on."""

import json
import os
import signal
import socket
import sqlite3

import orfeas_test
from orfeas_test import contains, equal, fails, wait_for

MIB = 1 << 20
SAMPLE = {"samples": [{"name": "a.b", "value": 1}]}


def memory(daemon, part):
    return daemon.call("status.get")["memory"][part]


def begin_body(daemon, size, sent):
    """A connection that said it sends `size` bytes, and sent fewer."""
    connection = daemon.tcp()
    connection.sendall(
        b"POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % size
    )
    connection.sendall(b" " * sent)
    return connection


def read_all(connection):
    data = b""
    while True:
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:
            return data
        if not piece:
            return data
        data += piece


def whole_is_near(daemon):
    """It is looked at once a second, and grows meanwhile."""
    shown = daemon.call("status.get")["memory"]
    with open(f"/proc/{daemon.process.pid}/statm", encoding="ascii") as file:
        rss = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return abs(shown["total"]["used_bytes"] + shown["cache"]["used_bytes"] - rss) < 16 * MIB


def test_each_part_is_shown(t):
    daemon = t.start(settings={"memory.budget_bytes": 1 << 34, "memory.queries_bytes": 3 * MIB})
    wait_for(lambda: memory(daemon, "open_chunks")["used_bytes"] > 0, "the first samples")
    shown = daemon.call("status.get")["memory"]
    for part in ("registry", "open_chunks", "sqlite", "connections"):
        assert 0 < shown[part]["used_bytes"] < shown[part]["budget_bytes"], (part, shown[part])
    for part in ("writes", "rpc", "queries", "streams"):
        assert 0 <= shown[part]["used_bytes"] < shown[part]["budget_bytes"], (part, shown[part])
    equal(shown["total"]["budget_bytes"], 1 << 34)
    equal(shown["queries"]["budget_bytes"], 3 * MIB)
    wait_for(lambda: whole_is_near(daemon), "a total that is what the kernel counts, but for the cache")


def test_a_body_is_counted_while_it_is_held(t):
    daemon = t.start()
    before = memory(daemon, "connections")["used_bytes"]
    connection = begin_body(daemon, 8 * MIB, 6 * MIB)
    wait_for(lambda: memory(daemon, "connections")["used_bytes"] >= before + 6 * MIB, "the body to be counted")
    connection.close()
    wait_for(lambda: memory(daemon, "connections")["used_bytes"] < before + MIB, "the body to be forgotten")


UPGRADE = (
    b"GET /rpc HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def half_message(size):
    """The head of a masked text message, and half of it."""
    return b"\x81\xff" + size.to_bytes(8, "big") + b"\0\0\0\0" + b" " * (size // 2)


def test_further_websockets_give_way(t):
    daemon = t.start(settings={"memory.streams_bytes": MIB})
    held = []
    while memory(daemon, "streams")["used_bytes"] < MIB:
        before = memory(daemon, "streams")["used_bytes"]
        connection = daemon.tcp()
        connection.sendall(UPGRADE)
        answer = connection.recv(4096)
        if answer.startswith(b"HTTP/1.1 503 "):  # the count came before this one
            connection.close()
            break
        contains(answer, b" 101 ")
        connection.sendall(half_message(1 << 19))
        held.append(connection)
        wait_for(lambda: memory(daemon, "streams")["used_bytes"] > before, "the message to be counted")
    status, headers, body = daemon.http("GET", "/rpc", headers={
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})
    equal((status, headers["Retry-After"] is not None), (503, True))
    contains(body, b"memory.streams_bytes")
    equal(daemon.call("health.check"), {"serving": "SERVING"})
    for connection in held:
        connection.close()
    wait_for(lambda: memory(daemon, "streams")["used_bytes"] < MIB // 2, "the messages to be forgotten")


def test_large_bodies_give_way_and_small_calls_go_on(t):
    daemon = t.start(settings={"memory.connections_bytes": 4 * MIB})
    first = begin_body(daemon, 6 * MIB, 5 * MIB)
    answer = read_all(first)
    assert answer.startswith(b"HTTP/1.1 503 "), answer[:200]
    contains(answer, b"Retry-After: 1\r\n")
    contains(answer, b"memory.connections_bytes")
    contains(answer, b"RESOURCE_EXHAUSTED")
    held = begin_body(daemon, 6 * MIB, 3 * MIB)
    wait_for(lambda: memory(daemon, "connections")["used_bytes"] > 3 * MIB, "what is held to be counted")
    equal(daemon.call("metrics.record", SAMPLE), {"accepted": 1})
    equal(daemon.call("health.check"), {"serving": "SERVING"})
    held.close()
    first.close()


def test_unread_pages_give_way(t):
    """Clients that ask for a large page and read nothing of it hold no more than may be held."""
    daemon = t.start(settings={"memory.connections_bytes": 4 * MIB})
    size = len(daemon.http("GET", "/openrpc.json")[2])
    crowd = []
    for _ in range(3 * 4 * MIB // size):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.connect(daemon.address)
        connection.sendall(b"GET /openrpc.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 10)
        crowd.append(connection)
    status, headers, body = wait_for(lambda: (answer := daemon.http("GET", "/openrpc.json"))[0] != 200 and answer, "a page to be refused")
    equal((status, json.loads(body)["error"]["status"], headers["Cache-Control"]), (503, "RESOURCE_EXHAUSTED", "no-store"))
    contains(body, b"memory.connections_bytes")
    assert int(headers["Retry-After"]) > 0
    # the last that was taken may be beyond
    assert memory(daemon, "connections")["used_bytes"] < 4 * MIB + 4 * size, memory(daemon, "connections")
    equal(daemon.call("health.check"), {"serving": "SERVING"})
    equal(daemon.http("GET", "/healthz")[0], 200)
    for connection in crowd:
        connection.close()
    wait_for(lambda: daemon.http("GET", "/openrpc.json")[0] == 200, "the page again")


def test_large_answers_give_way(t):
    daemon = t.start(settings={"memory.rpc_bytes": MIB})
    samples = [{"name": "a.b", "labels": {"k": f"{i:0200d}"}, "value": i} for i in range(4000)]
    daemon.call("metrics.record", {"samples": samples})
    large = {"jsonrpc": "2.0", "id": 1, "method": "metrics.list", "params": {"limit": 1000}}
    small = {"jsonrpc": "2.0", "id": 1, "method": "health.check"}
    answers = daemon.ask([large] * 8 + [small])
    refused = [answer["error"] for answer in answers if "error" in answer]
    assert 0 < len(refused) < 8, len(refused)
    for error in refused:
        equal(error["data"]["status"], "RESOURCE_EXHAUSTED")
        assert error["data"]["retry_after_ms"] > 0, error
        contains(error["message"], "memory.rpc_bytes")
    equal(answers[-1]["result"], {"serving": "SERVING"})
    equal(memory(daemon, "rpc")["used_bytes"] < MIB // 2, True)


def test_queries_give_way_to_those_before(t):
    daemon = t.start(settings={"memory.queries_bytes": MIB})
    samples = [{"name": "a.b", "labels": {"k": f"{i:0200d}"}, "value": i} for i in range(4000)]
    daemon.call("metrics.record", {"samples": samples})
    # each selects all series, and holds them while the file is asked for those that rest
    listing = {"jsonrpc": "2.0", "id": 1, "method": "metrics.list", "params": {"limit": 1}}
    query = {"jsonrpc": "2.0", "id": 2, "method": "metrics.query", "params": {"select": "a.b", "from_us": 0}}
    health = {"jsonrpc": "2.0", "id": 3, "method": "health.check"}
    answers = daemon.ask([listing] * 5 + [query] * 5 + [health])
    assert "result" in answers[0], answers[0]
    refusals = [answer for answer in answers if "error" in answer]
    assert len(refusals) >= 5, len(refusals)
    for answer in refusals:
        assert refused(answer, "RESOURCE_EXHAUSTED", -32008, "memory.queries_bytes")["data"]["retry_after_ms"] > 0
    equal(answers[-1]["result"], {"serving": "SERVING"})
    wait_for(lambda: memory(daemon, "queries")["used_bytes"] == 0, "what they held to be let go")
    assert daemon.call("metrics.list", {"limit": 1})["series"]


def test_samples_are_refused_first(t):
    config = "[gpu]\nbackends=simulated\n[memory]\nbudget_bytes=%d\n"
    daemon = t.start(config=config % (1 << 34))
    rss = memory(daemon, "total")["used_bytes"]
    budget = max(int(rss / 0.6), 32 * MIB)

    def reload(bytes_):
        with open(daemon.config, "w", encoding="utf-8") as file:
            file.write(config % bytes_)
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: memory(daemon, "total")["budget_bytes"] == bytes_, "the new budget")

    reload(budget)
    equal(daemon.call("metrics.record", SAMPLE), {"accepted": 1})
    held = []
    while memory(daemon, "total")["used_bytes"] < 0.85 * budget:
        held.append(begin_body(daemon, 16 * MIB, 12 * MIB))
        wait_for(lambda: memory(daemon, "connections")["used_bytes"] >= 12 * MIB * len(held), "the bodies")
    for call in (lambda: daemon.call("metrics.record", SAMPLE), lambda: daemon.admin("metrics.record", SAMPLE)):
        error = fails(call, "RESOURCE_EXHAUSTED", -32008)
        assert error.data["retry_after_ms"] > 0, error
        contains(error.message, "memory.budget_bytes")
    status, answer = daemon.rest("POST", "/metrics/record", SAMPLE)
    equal((status, answer["error"]["status"]), (429, "RESOURCE_EXHAUSTED"))

    # all else goes on
    status = daemon.call("status.get")
    equal(status["components"]["tier3"]["custom_metrics"], "degraded")
    contains([r["reason"] for r in status["reasons"] if r["component"] == "custom_metrics"][0], "budget_bytes")
    equal(daemon.call("metrics.query", {"select": "a.b"})["series"][0]["points"][0][1], 1)
    rows = daemon.sql("SELECT count(*) FROM sample_raw")[0][0]
    wait_for(lambda: daemon.sql("SELECT count(*) FROM sample_raw")[0][0] > rows, "samples of its own")

    for connection in held:
        connection.close()
    reload(1 << 34)
    equal(daemon.call("metrics.record", SAMPLE), {"accepted": 1})
    said = daemon.stderr()
    equal((said.count("samples from outside are refused"), said.count("taken again")), (1, 1))


def refused(answer, status, code, key):
    error = answer["error"]
    equal((error["data"]["status"], error["code"]), (status, code), str(error)[:300])
    contains(error["message"], key)
    return error


def both(daemon, text):
    """What the same text is answered by HTTP and by the Unix socket."""
    with daemon.peer() as peer:
        return daemon.ask(text), peer.ask(text)


def test_messages_name_the_limit(t):
    daemon = t.start(settings={"rpc.max_message_bytes": 65536, "rpc.max_depth": 8, "rpc.max_batch": 3})
    health = {"jsonrpc": "2.0", "id": 1, "method": "health.check"}
    for answer in both(daemon, json.dumps(health) + " " * 65536):
        refused(answer, "RESOURCE_EXHAUSTED", -32008, "max_message_bytes")
    for answer in both(daemon, "[" * 9 + "]" * 9):
        refused(answer, "PARSE_ERROR", -32700, "rpc.max_depth")
    for answer in both(daemon, json.dumps([health] * 4)):
        refused(answer, "INVALID_REQUEST", -32600, "rpc.max_batch")
    for answers in both(daemon, json.dumps([health] * 3)):
        equal([answer["result"]["serving"] for answer in answers], ["SERVING"] * 3)
    status, answer = daemon.rest("POST", "/metrics/record", "{\"a\":" * 9 + "1" + "}" * 9)
    equal(status, 400)
    contains(answer["error"]["message"], "rpc.max_depth")


def large_file(daemon):
    """So that db.check, which admins call by the socket, is under way for a while."""
    daemon.stop()
    connection = sqlite3.connect(daemon.db)
    connection.execute(
        "INSERT INTO sample_raw SELECT value, 1, value FROM (WITH RECURSIVE c(value) AS "
        "(VALUES(1) UNION ALL SELECT value+1 FROM c WHERE value<1500000) SELECT value FROM c)"
    )
    connection.execute("CREATE INDEX slow ON sample_raw (value, t_us)")
    connection.commit()
    connection.close()
    return daemon.start()


def in_one_batch(daemon, deadline_ms=None):
    """(db.check's answer, that of a call which comes while it is under way)."""
    check = {"jsonrpc": "2.0", "id": 1, "method": "db.check"}
    if deadline_ms is not None:
        check["meta"] = {"deadline_ms": deadline_ms}
    with daemon.peer() as peer:
        return peer.ask([check, {"jsonrpc": "2.0", "id": 2, "method": "health.check"}])


def test_calls_in_flight_name_the_limit(t):
    daemon = large_file(t.start())
    for key in ("rpc.max_in_flight", "rpc.max_in_flight_per_peer"):
        daemon.stop()
        daemon = t.start(db=daemon.db, settings={key: 1})
        error = refused(in_one_batch(daemon, 20)[1], "RESOURCE_EXHAUSTED", -32008, f"({key})")
        assert error["data"]["retry_after_ms"] > 0, error
        equal(daemon.call("health.check"), {"serving": "SERVING"})


def test_deadlines_have_a_default_and_a_bound(t):
    daemon = large_file(t.start())
    for key, asked_ms in (("rpc.default_deadline_us", None), ("rpc.max_deadline_us", 600000)):
        daemon.stop()
        daemon = t.start(db=daemon.db, settings={key: 3000})
        refused(in_one_batch(daemon, asked_ms)[0], "DEADLINE_EXCEEDED", -32004, "")


def test_percentages_that_cannot_be_are_refused(t):
    said = t.daemon(settings={"memory.ingest_resume_percent": 90}).start_refused()
    contains(said, "memory.ingest_resume_percent")


if __name__ == "__main__":
    orfeas_test.main()
