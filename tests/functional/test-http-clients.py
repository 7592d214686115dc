#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that are slow, silent, torn or hostile cost the others nothing."""

import json
import socket
import time

import orfeas_test
from orfeas_test import equal, request, wait_for

BODY = json.dumps(request("health.check")).encode()
# a bound that the test's own calls, on a machine that is busy, do not come near
OWN_US = 2_000_000
HEAD = b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


def ended(connection):
    """What came until the other end closed."""
    data = b""
    try:
        while True:
            part = connection.recv(65536)
            if not part:
                return data
            data += part
    except ConnectionResetError:
        return data


def exchange(daemon, data):
    with daemon.tcp() as connection:
        connection.sendall(data)
        return ended(connection)


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else None


def test_silent_clients_are_closed(t):
    daemon = t.start(settings={"listen.header_us": OWN_US, "listen.idle_us": OWN_US})
    silent = [daemon.tcp() for _ in range(20)]
    daemon.call("health.check")
    for connection in silent:
        ended(connection)
        connection.close()


def test_half_header(t):
    daemon = t.start(settings={"listen.header_us": OWN_US})
    with daemon.tcp() as connection:
        connection.sendall(b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        daemon.call("health.check")
        ended(connection)


def test_dripping_header(t):
    daemon = t.start(settings={"listen.header_us": 500000})
    with daemon.tcp() as connection:
        connection.settimeout(0.05)
        connection.sendall(b"POST /rpc HTTP/1.1\r\n")
        end = time.monotonic() + orfeas_test.PATIENCE_S
        while time.monotonic() < end:
            try:
                connection.sendall(b"X")
                if connection.recv(1024) == b"":
                    return
            except socket.timeout:
                continue
            except OSError:
                return
    raise AssertionError("a drip kept the connection")


def test_half_body(t):
    daemon = t.start(settings={"listen.body_us": OWN_US})
    with daemon.tcp() as connection:
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")
        daemon.call("health.check")
        answer = ended(connection)
        assert status_of(answer) in (None, 408), answer[:200]


def test_endless_chunks(t):
    daemon = t.start(settings={"listen.max_body_bytes": 1048576})
    with daemon.tcp() as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        sent = 0
        try:
            while sent < 256:
                connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
                sent += 1
        except OSError:
            pass
        assert sent < 256, "16 MiB were taken"
    assert daemon.call("status.get")["self"]["rss_bytes"] < 1 << 30


def test_chunks_are_a_body(t):
    daemon = t.start()
    parts = b"".join(b"%x\r\n%s\r\n" % (len(BODY[i : i + 10]), BODY[i : i + 10]) for i in range(0, len(BODY), 10))
    answer = exchange(daemon, HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + parts + b"0\r\n\r\n")
    equal(status_of(answer), 200)
    assert b"SERVING" in answer, answer


def test_ambiguous_framing_is_refused(t):
    daemon = t.start()
    length = b"Content-Length: %d\r\n" % len(BODY)
    for name, data in {
        "two lengths": HEAD + length + b"Content-Length: 3\r\n\r\n" + BODY,
        "the same length twice": HEAD + length + length + b"\r\n" + BODY,
        "length and chunks": HEAD + length + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "two hosts": b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + length + b"\r\n" + BODY,
        "no host": b"POST /rpc HTTP/1.1\r\nContent-Type: application/json\r\n" + length + b"\r\n" + BODY,
        "hex chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
        "negative chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n",
        "no chunk size": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        "signed length": HEAD + b"Content-Length: +%d\r\n\r\n" % len(BODY) + BODY,
        "length of letters": HEAD + b"Content-Length: abc\r\n\r\n" + BODY,
        "another coding": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "space before colon": HEAD + b"Content-Length : %d\r\n\r\n" % len(BODY) + BODY,
    }.items():
        answer = exchange(daemon, data)
        assert b"SERVING" not in answer, f"{name}: {answer[:300]}"
        assert status_of(answer) in (None, 400, 411, 501), f"{name}: {answer[:300]}"
    daemon.call("health.check")


def test_header_too_large(t):
    daemon = t.start(settings={"listen.max_header_bytes": 4096})
    answer = exchange(daemon, HEAD + b"X-Big: " + b"a" * 100000 + b"\r\n\r\n")
    assert status_of(answer) in (None, 400, 431), answer[:200]
    daemon.call("health.check")


def test_garbage(t):
    daemon = t.start()
    for data in (b"\x00" * 1000, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x42" * 500, b"GET\r\n\r\n", b"\r\n" * 1000 + b"x",
                 b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", b"A" * 100000):
        with daemon.tcp() as connection:
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            assert status_of(ended(connection)) not in range(200, 300)
    daemon.call("health.check")


def test_range_is_ignored(t):
    daemon = t.start()
    whole = daemon.http("GET", "/openrpc.json")
    ranged = daemon.http("GET", "/openrpc.json", headers={"Range": "bytes=" + ",".join("0-" for _ in range(100))})
    equal(ranged[0], 200)
    equal(ranged[2], whole[2])


def test_kept_alive_and_pipelined(t):
    daemon = t.start()
    one = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    last = HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
    equal(exchange(daemon, one * 9 + last).count(b'"SERVING"'), 10)


def test_gone_before_the_answer(t):
    daemon = t.start()
    data = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    for _ in range(100):
        connection = daemon.tcp()
        connection.sendall(data)
        connection.close()
    daemon.call("health.check")


def test_out_of_descriptors(t):
    # more connections than it may have descriptors for: it lowers its cap, and is there again afterwards
    daemon = t.start(wrapper=("prlimit", "--nofile=128:128"))
    many = []
    try:
        for _ in range(300):
            connection = socket.socket()
            connection.settimeout(orfeas_test.PATIENCE_S)
            many.append(connection)
            connection.connect(daemon.address)
        for connection in many:
            connection.close()
        many.clear()
        wait_for(lambda: answers(daemon), "an answer after the crowd has gone")
        assert daemon.stderr().count("\n") < 100, "the log was flooded"
    finally:
        for connection in many:
            connection.close()


def answers(daemon):
    try:
        return daemon.call("health.check")
    except OSError:
        return None


def test_connections_are_capped(t):
    daemon = t.start(settings={"listen.max_connections": 10})
    held = []
    for _ in range(10):
        connection = daemon.tcp()
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
        assert b"200" in connection.recv(65536)
        held.append(connection)
    for connection in held:
        connection.close()
    wait_for(lambda: answers(daemon), "room")


orfeas_test.main()
