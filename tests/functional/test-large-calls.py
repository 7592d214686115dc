#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls that are read by a thread of their own: by each transport they are answered as those that are read at once are, and in their order."""

import json
import socket

import orfeas_test
from orfeas_test import Shared, contains, equal, now_us, request

ASIDE_BYTES = 1024  # the least that may be set
AT_ONCE_BYTES = 1 << 30
FILL = " " * (16 * ASIDE_BYTES)
aside = Shared(lambda t: t.start(settings={"rpc.read_aside_bytes": ASIDE_BYTES}))
at_once = Shared(lambda t: t.start(settings={"rpc.read_aside_bytes": AT_ONCE_BYTES}))
T_US = now_us()


def record(count, **more):
    return {"samples": [{"name": "large", "labels": {"n": str(i)}, "value": i, "t_us": T_US} for i in range(count)], **more}


LABELS = {str(i): "v" for i in range(500)}
MESSAGES = [
    json.dumps(request("health.check")) + FILL,
    json.dumps(request("metrics.record", record(100))),
    json.dumps(request("metrics.record", record(100, nothing=1))),
    json.dumps(request("metrics.record", {"samples": [{"name": "a", "labels": LABELS, "value": 1}]})),
    json.dumps(request("metrics.record", record(100), {"idempotency_key": "large"})),
    json.dumps(request("events.mark", {"text": "\u00e9" * 2000, "nothing": 1})),
    json.dumps(request("no.such", {"text": "a" * 2000})),
    json.dumps(request("health.check", {"service": 1, "text": "a" * 2000}, {"deadline_ms": 0})),
    json.dumps([request("health.check", request_id=i) for i in range(50)] + [1, {"jsonrpc": "2.0", "method": "health.check"}]),
    json.dumps([request("health.check")] * 1001),
    "[" * 2000,
    "[]" + FILL,
    FILL,
    '{"jsonrpc":"2.0","method":"health.check","id":12345678901234567890123}' + FILL,
    json.dumps(request("health.check"))[:-1] + FILL,
    FILL + "\x00",
]


def test_http(t):
    for message in MESSAGES:
        equal(aside.get().post(message), at_once.get().post(message), message[:80])
    notification = '{"jsonrpc":"2.0","method":"health.check"}' + FILL
    equal(aside.get().http("POST", "/rpc", notification)[0], 204)


def test_rest(t):
    for verb, path, body in (("POST", "/metrics/record", record(100)), ("POST", "/metrics/record", record(100, nothing=1)), ("POST", "/metrics/record", [1] * 2000),
                             ("POST", "/metrics/record", "[" * 2000), ("POST", "/metrics/record?samples=1", record(100)), ("PUT", "/cache/keys/a", {"value": "x" * 5000, "ttl_ms": -1}),
                             ("PUT", "/cache/keys/a?key=b", {"value": "x" * 5000}), ("PUT", "/cache/keys/a", {"value": "x" * 5000}), ("POST", "/nothing", record(100))):
        equal(aside.get().rest(verb, path, body), at_once.get().rest(verb, path, body), f"{verb} {path}")
    raw = b"\x00\xff" * 5000
    equal(aside.get().http("PUT", "/api/v1/cache/keys/raw", raw, {"Content-Type": "application/octet-stream"})[0], 200)
    equal(aside.get().http("GET", "/api/v1/cache/keys/raw", headers={"Accept": "application/octet-stream"})[2], raw)


def in_order(peer):
    for i in range(40):
        peer.send_text(json.dumps(request("health.check", request_id=i)) + (FILL if i % 3 == 0 else ""))
    equal([json.loads(peer.receive_text())["id"] for _ in range(40)], list(range(40)))


def test_sockets(t):
    for framing in ("line", "length"):
        with aside.get().peer(framing) as peer, at_once.get().peer(framing) as other:
            for message in MESSAGES:
                equal(peer.ask(message), other.ask(message), message[:80])
            in_order(peer)


def test_websocket(t):
    with aside.get().websocket() as peer:
        in_order(peer)
        peer.send_text(MESSAGES[3])
        contains(peer.receive_text(), "samples[0].labels")


def test_large_answers(t):
    """The same text as is written at once, and beside it what others ask."""
    answers = []
    for daemon in (aside.get(), at_once.get()):
        for start in range(0, 5000, 1000):
            samples = [{"name": "answer", "labels": {"n": str(i % 5)}, "value": i / 7, "t_us": T_US + i * 1000} for i in range(start, start + 1000)]
            equal(daemon.call("metrics.record", {"samples": samples}), {"accepted": 1000})
        params = {"select": "answer", "from_us": T_US, "to_us": T_US + 10_000_000}
        with daemon.peer() as peer:
            peer.send_text(json.dumps(request("metrics.query", params, request_id=1)))
            peer.send_text(json.dumps(request("health.check", request_id=2)))
            found = {json.loads(text)["id"]: text for text in (peer.receive_text(), peer.receive_text())}
        asked = f"select=answer&from_us={T_US}&to_us={T_US + 10_000_000}"
        answers.append((found, *(daemon.http("GET", f"/api/v1/metrics/{path}?{asked}")[2] for path in ("query", "export.csv"))))
    for here, there in zip(*answers):
        equal(here, there)
    assert len(answers[0][0][1]) > 50_000, answers[0][0][1][:200]


def test_answered_after_the_end(t):
    """Who sends no more is still answered, the last line without its end included."""
    with aside.get().peer() as peer:
        peer.socket.sendall("\n".join(json.dumps(request("health.check", request_id=i)) + FILL for i in range(5)).encode())
        peer.socket.shutdown(socket.SHUT_WR)
        equal([json.loads(peer.receive_text())["id"] for _ in range(5)], list(range(5)))
        equal(peer.receive_text(), None, "the end")


def test_who_goes_away(t):
    """What he had sent is read for nobody, and others go on."""
    daemon = aside.get()
    for _ in range(20):
        with daemon.tcp() as connection:
            connection.sendall(b"POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(MESSAGES[1]) + MESSAGES[1].encode())
        with daemon.peer() as peer:
            peer.send_text(MESSAGES[1])
    equal(daemon.call("health.check"), {"serving": "SERVING"})


orfeas_test.main()
