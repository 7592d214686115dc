#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that go away at every point of a conversation, in every way, also while the daemon ends."""

import itertools
import json
import socket
import sqlite3
import struct

import orfeas_test
from orfeas_test import equal, wait_for

HEAD = b"POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
HEALTH = b'{"jsonrpc":"2.0","id":1,"method":"health.check"}'
LIST = b'{"jsonrpc":"2.0","id":2,"method":"metrics.list","params":{"limit":1000}}'
CHECK = b'{"jsonrpc":"2.0","id":3,"method":"db.check","meta":{"deadline_ms":20000}}'
BATCH = b"[" + b",".join([HEALTH, LIST, CHECK, HEALTH]) + b"]"


def post(body):
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


# what is sent before the client goes, and whether it reads an answer first
HTTP = {
    "nothing": (b"", False),
    "half a head": (HEAD[:30], False),
    "a head": (HEAD + b"Content-Length: 100\r\n\r\n", False),
    "half a body": (HEAD + b"Content-Length: 100\r\n\r\n{", False),
    "half a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n10\r\n{", False),
    "a refusal": (b"GET / HTTP/9.9\r\n\r\n", False),
    "a call": (post(HEALTH), False),
    "an answer": (post(HEALTH), True),
    "an answer and half a head": (post(HEALTH) + HEAD[:30], True),
    "a large answer": (post(LIST) * 20, True),
    "a call in flight": (post(CHECK), False),
    "a batch in flight": (post(BATCH), False),
    "pipelined": (post(HEALTH) * 3 + post(CHECK) + post(HEALTH), True),
    "an upgrade": (
        b"GET /rpc HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        False,
    ),
}
LINES = {
    "nothing": (b"", False),
    "half a line": (HEALTH[:20], False),
    "half a frame": (b"Content-Length: 100\r\n\r\n{", False),
    "a call": (HEALTH + b"\n", False),
    "an answer": (HEALTH + b"\n", True),
    "large answers": ((LIST + b"\n") * 200, True),
    "a call in flight": (CHECK + b"\n", False),
    "a batch in flight": (BATCH + b"\n" + HEALTH, True),
}


def close(connection):
    connection.close()


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def half_close(connection):
    """Then it reads to the end, which has to come."""
    try:
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass
    connection.close()


def start(t):
    """A daemon on a file whose check takes a while."""
    daemon = t.start(settings={"listen.answer_us": 2000000, "listen.idle_us": 2000000})
    samples = [{"name": "a.b", "labels": {"k": f"{i:0100d}"}, "value": i} for i in range(500)]
    daemon.call("metrics.record", {"samples": samples})
    daemon.stop()
    connection = sqlite3.connect(daemon.db)
    connection.execute(
        "INSERT INTO sample_raw SELECT value, 1, value FROM (WITH RECURSIVE c(value) AS "
        "(VALUES(1) UNION ALL SELECT value+1 FROM c WHERE value<300000) SELECT value FROM c)"
    )
    connection.commit()
    connection.close()
    return daemon.start()


def as_admin(t, phases):
    """db.check is an admin's."""
    with open(t.dir + "/cookie", "rb") as file:
        token = b"Host: localhost\r\nAuthorization: Bearer " + file.read().strip()
    return {name: (text.replace(b"Host: localhost", token), reads) for name, (text, reads) in phases.items()}


def send(connection, text, reads):
    """What a client does until it goes; the other end may be gone before."""
    try:
        connection.settimeout(orfeas_test.PATIENCE_S)
        connection.sendall(text)
        if reads:
            connection.recv(1)
    except (BrokenPipeError, ConnectionResetError):
        pass


def is_quiet(daemon):
    """Nothing of the others is left: this call alone is in flight, on this connection alone."""
    memory = daemon.call("status.get")["memory"]
    return memory["connections"]["used_bytes"] < 65536 and memory["rpc"]["used_bytes"] < 65536


def hang_up_everywhere(daemon, connect, phases):
    for (name, (text, reads)), leave in itertools.product(phases.items(), (close, reset, half_close)):
        connection = connect()
        send(connection, text, reads)
        leave(connection)
        assert daemon.alive(), f"dead after {name}, {leave.__name__}"
    equal(daemon.call("health.check"), {"serving": "SERVING"})
    wait_for(lambda: is_quiet(daemon), "what the clients left to be let go")


def test_http(t):
    daemon = start(t)
    hang_up_everywhere(daemon, daemon.tcp, as_admin(t, HTTP))


def test_unix_socket(t):
    daemon = start(t)
    hang_up_everywhere(daemon, lambda: orfeas_test.connect_unix(daemon.socket), LINES)


def test_while_it_ends(t):
    for leave in (close, reset, None):
        daemon = start(t)
        clients = []
        for connect, phases in ((daemon.tcp, as_admin(t, HTTP)), (lambda: orfeas_test.connect_unix(daemon.socket), LINES)):
            for text, reads in phases.values():
                clients.append(connect())
                send(clients[-1], text, reads)
        daemon.process.terminate()
        for connection in clients if leave else []:
            leave(connection)
        daemon.stop()
        for connection in clients if not leave else []:
            connection.close()


def test_calls_of_the_gone_are_cancelled(t):
    daemon = start(t)
    for _ in range(5):
        with daemon.tcp() as connection:
            connection.sendall(as_admin(t, {"": (post(CHECK), False)})[""][0])
    # as there is one check at a time, it runs again only when the last one was cancelled
    def check():
        with daemon.peer() as peer:
            answer = peer.ask(json.loads(CHECK))
        return "result" in answer or answer["error"]["data"]["status"] == "DEADLINE_EXCEEDED"

    wait_for(check, "the checks to be cancelled")


if __name__ == "__main__":
    orfeas_test.main()
