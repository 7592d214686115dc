#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that are slow, silent or too many: each is ended by its own bound, and others are served."""

import select
import socket
import time

import orfeas_test
from orfeas_test import contains, equal, wait_for

HEAD = b"POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CALL = b'{"jsonrpc":"2.0","id":1,"method":"health.check"}'
PAGE = b"GET /openrpc.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
NEVER = 1 << 30


def connect(daemon, receive_bytes=None, source=None):
    connection = socket.socket()
    connection.settimeout(orfeas_test.PATIENCE_S)
    if receive_bytes:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    if source:
        connection.bind((source, 0))
    connection.connect(daemon.address)
    return connection


def is_reset(connection):
    """Without reading: what the other end sent would be lost with it."""
    poll = select.poll()
    poll.register(connection, 0)
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))


def read_to_end(connection):
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


def drip(connection, byte, patience_s=orfeas_test.PATIENCE_S):
    """A byte at a time, until the server answers or closes; what it said."""
    end = time.monotonic() + patience_s
    connection.settimeout(0.02)
    while time.monotonic() < end:
        try:
            connection.sendall(byte)
            return connection.recv(65536)
        except socket.timeout:
            continue
        except OSError:
            return b""
    raise AssertionError("a drip kept the connection")


def test_a_dripping_body_is_ended(t):
    daemon = t.start(settings={"listen.body_us": 300000, "listen.min_bytes_per_s": NEVER})
    with connect(daemon) as connection:
        connection.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n")
        contains(drip(connection, b" "), b" 408 ")
    with connect(daemon) as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        contains(drip(connection, b"1\r\n \r\n"), b" 408 ")


def test_a_body_that_moves_may_take_longer(t):
    daemon = t.start(settings={"listen.body_us": 100000, "listen.min_bytes_per_s": 1})
    with connect(daemon) as connection:
        connection.sendall(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(CALL) + CALL[:-1])
        time.sleep(0.5)  # beyond body_us; the bytes that came bought 47 seconds
        connection.sendall(CALL[-1:])
        contains(read_to_end(connection), b"SERVING")


def test_an_answer_that_nobody_reads_is_taken_back(t):
    daemon = t.start(settings={"listen.answer_us": 300000, "listen.min_bytes_per_s": NEVER})
    length = len(daemon.http("GET", "/openrpc.json")[2])
    count = 8 * (1 << 20) // length
    with connect(daemon, 4096) as connection:
        connection.sendall(PAGE * count)
        wait_for(lambda: is_reset(connection), "the connection's reset")
        assert len(read_to_end(connection)) < count * length


def test_a_reader_of_a_byte_at_a_time_is_ended(t):
    daemon = t.start(settings={"listen.answer_us": 500000})
    with connect(daemon, 4096) as connection:
        connection.sendall(PAGE * 100)
        end = time.monotonic() + orfeas_test.PATIENCE_S
        while not is_reset(connection):
            assert time.monotonic() < end, "a slow reader kept the connection"
            connection.recv(1)
            time.sleep(0.01)


def test_a_reader_that_moves_may_take_longer(t):
    daemon = t.start(settings={"listen.answer_us": 3000000, "listen.min_bytes_per_s": 1})
    length = len(daemon.http("GET", "/openrpc.json")[2])
    count = 4 * (1 << 20) // length
    with connect(daemon, 65536) as connection:
        connection.sendall(PAGE * (count - 1) + PAGE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        taken = 0
        for _ in range(20):  # twice answer_us in all, but never as long with nothing taken
            taken += len(connection.recv(1 << 17, socket.MSG_WAITALL))
            time.sleep(0.3)
        assert not is_reset(connection)
        assert taken + len(read_to_end(connection)) > (count - 1) * length


def test_what_an_idle_client_did_not_read_is_not_kept(t):
    daemon = t.start(settings={"listen.idle_us": 1000000, "listen.answer_us": 300000})
    with connect(daemon, 2048) as connection:
        connection.sendall(PAGE)  # all of it fits into the kernel: nothing waits in the daemon
        wait_for(lambda: is_reset(connection), "the idle connection's reset")


def test_who_still_reads_the_last_answer_is_not_idle(t):
    daemon = t.start(settings={"listen.idle_us": 3000000})
    length = len(daemon.http("GET", "/openrpc.json")[2])
    count = 2 * (1 << 20) // length
    with connect(daemon, 65536) as connection:
        connection.sendall(PAGE * count)
        taken = 0
        while taken < count * length:  # for some seconds, of which the daemon has nothing left to send in the last ones
            piece = connection.recv(1 << 17, socket.MSG_WAITALL if count * length - taken > 1 << 17 else 0)
            assert piece, f"closed after {taken} of {count * length} bytes"
            taken += len(piece)
            time.sleep(0.3)
        wait_for(lambda: is_reset(connection) or not connection.recv(65536), "the idle connection's end")


def test_stalled_clients_do_not_hold_the_end(t):
    daemon = t.start()
    silent, head, body, reader = (connect(daemon, 4096) for _ in range(4))
    head.sendall(b"POST /rpc HTTP/1.1\r\nHost: loc")
    body.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")
    reader.sendall(PAGE * 100)
    daemon.call("health.check")
    daemon.stop()
    assert "not drained" not in daemon.stderr(), daemon.stderr()
    contains(read_to_end(head), b" 503 ")
    contains(read_to_end(body), b" 503 ")
    for connection in (silent, head, body, reader):
        connection.close()


def test_connections_of_one_address(t):
    daemon = t.start(settings={"listen.max_connections_per_address": 2})
    first, second = connect(daemon), connect(daemon)
    third = connect(daemon)
    equal(read_to_end(third), b"")
    with connect(daemon, source="127.0.0.2") as other:
        other.sendall(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(CALL) + CALL)
        contains(read_to_end(other), b"SERVING")
    first.sendall(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(CALL) + CALL)
    contains(read_to_end(first), b"SERVING")
    contains(daemon.stderr(), "max_connections_per_address")
    for connection in (first, second, third):
        connection.close()
    # its place is free again
    wait_for(lambda: try_call(daemon), "a place")


def try_call(daemon):
    try:
        return daemon.call("health.check")
    except (OSError, orfeas_test.http.client.HTTPException):
        return None


def test_few_descriptors_and_many_clients(t):
    daemon = t.start(wrapper=("prlimit", "--nofile=128"))
    crowd = []
    for _ in range(500):
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex(daemon.address)
        crowd.append(connection)
    with daemon.peer() as peer:  # the socket's own share is not theirs
        equal(peer.call("health.check"), {"serving": "SERVING"})
    for connection in crowd:
        connection.close()
    equal(daemon.call("health.check"), {"serving": "SERVING"})
    assert daemon.stderr().count("connections wait") < 20, daemon.stderr()


def test_a_flood_of_refusals_is_a_few_lines(t):
    daemon = t.start(settings={"log.max_per_s": 3, "listen.max_connections_per_address": 1})
    keep = connect(daemon)
    start = time.monotonic()
    for _ in range(300):
        read_to_end(connect(daemon))
    seconds = time.monotonic() - start + 1
    lines = [line for line in daemon.stderr().splitlines() if "max_connections_per_address" in line]
    assert 1 <= len(lines) <= 1 + seconds, len(lines)
    keep.close()


if __name__ == "__main__":
    orfeas_test.main()
