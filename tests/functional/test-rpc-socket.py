#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""JSON-RPC 2.0 by the Unix socket: both framings, told apart by the first byte."""

import json
import os
import socket
import stat

import orfeas_test
from orfeas_test import Peer, equal, request, wait_for


def conversation(daemon, framing):
    with daemon.peer(framing) as peer:
        equal(peer.call("health.check"), {"serving": "SERVING"})
        equal(peer.ask('{"jsonrpc":"2.0","method":"health.check","id":"\\u00e9"}')["id"], "\u00e9")
        equal(peer.ask("nonsense")["error"]["code"], -32700)
        peer.send_text('{"jsonrpc":"2.0","method":"health.check"}')
        answers = peer.ask([request("no.such", request_id=2), request("health.check", request_id=1)])
        equal([answer["id"] for answer in answers], [2, 1], "a notification is not answered, a batch in order")


def test_lines(t):
    conversation(t.start(), "line")


def test_content_length(t):
    conversation(t.start(), "length")


def test_many_in_flight(t):
    daemon = t.start()
    for framing in ("line", "length"):
        with daemon.peer(framing) as peer:
            for i in range(500):
                peer.send_text(json.dumps(request("health.check", request_id=i)))
            equal(sorted(json.loads(peer.receive_text())["id"] for _ in range(500)), list(range(500)))


def test_torn_anywhere(t):
    daemon = t.start()
    body = json.dumps(request("health.check")).encode()
    for data in (body + b"\n", b"Content-Length: %d\r\n\r\n" % len(body) + body):
        for step in (1, 7):
            with Peer(daemon.socket, "line" if data[:1] == b"{" else "length") as peer:
                for at in range(0, len(data), step):
                    peer.socket.sendall(data[at : at + step])
                equal(json.loads(peer.receive_text())["result"]["serving"], "SERVING")


def test_headers_of_editors(t):
    daemon = t.start()
    body = json.dumps(request("health.check")).encode()
    with daemon.peer("length") as peer:
        peer.socket.sendall(
            b"content-length: %d\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n" % len(body) + body
        )
        equal(json.loads(peer.receive_text())["result"]["serving"], "SERVING")


def test_bad_framing_ends_the_connection(t):
    daemon = t.start(settings={"rpc.max_message_bytes": 100000})
    for head in (b"Content-Length: x\r\n\r\n", b"Content-Length: -5\r\n\r\n", b"Content-Length: 99999999999\r\n\r\n", b"Content-Type: a\r\n\r\n"):
        with daemon.peer("length") as peer:
            peer.socket.sendall(head)
            text = peer.receive_text()
            if text is not None:
                assert "error" in json.loads(text), text
                equal(peer.receive_text(), None, "the end")
    daemon.call("health.check")


def test_line_without_end_is_bounded(t):
    daemon = t.start(settings={"rpc.max_message_bytes": 65536})
    with daemon.peer() as peer:
        try:
            for _ in range(200):
                peer.socket.sendall(b"[" + b" " * 65535)
        except (BrokenPipeError, ConnectionResetError):
            pass
        try:
            text = peer.receive_text()
        except ConnectionResetError:
            text = None
        assert text is None or "error" in json.loads(text), text
    assert daemon.call("status.get")["self"]["rss_bytes"] > 0


def test_half_closed_is_still_answered(t):
    daemon = t.start()
    with daemon.peer() as peer:
        for i in range(20):
            peer.send_text(json.dumps(request("status.get", request_id=i)))
        peer.socket.shutdown(socket.SHUT_WR)
        equal(sorted(json.loads(peer.receive_text())["id"] for _ in range(20)), list(range(20)))
        equal(peer.receive_text(), None)


def test_reader_that_does_not_read(t):
    daemon = t.start(settings={"socket.max_queue_bytes": 65536})
    with daemon.peer() as peer:
        peer.socket.setblocking(False)
        message = json.dumps(request("rpc.discover")).encode() + b"\n"
        sent = 0
        try:
            while sent < 100 * 1024 * 1024:
                sent += peer.socket.send(message * 100)
        except BlockingIOError:
            pass
        assert sent < 100 * 1024 * 1024, "it took everything"
        before = daemon.call("status.get")["self"]["rss_bytes"]
        assert before < 512 * 1024 * 1024, before
        for _ in range(50):
            daemon.call("health.check")


def test_gone_with_calls_in_flight(t):
    daemon = t.start()
    for _ in range(50):
        peer = daemon.peer()
        for i in range(20):
            peer.send_text(json.dumps(request("metrics.list", request_id=i)))
        peer.close()
    daemon.call("health.check")
    with daemon.peer() as peer:
        peer.call("health.check")


def test_owner_and_mode(t):
    daemon = t.start()
    mode = os.stat(daemon.socket).st_mode
    assert stat.S_ISSOCK(mode)
    equal(stat.S_IMODE(mode), 0o600)
    cookie = os.stat(os.path.join(t.dir, "cookie"))
    equal(stat.S_IMODE(cookie.st_mode), 0o600)


def test_left_over_socket_is_replaced(t):
    daemon = t.start()
    daemon.kill()
    assert os.path.exists(daemon.socket), "a kill leaves it"
    daemon.start()
    with daemon.peer() as peer:
        peer.call("health.check")
    daemon.stop()
    wait_for(lambda: not os.path.exists(daemon.socket), "the socket to go with its daemon")


def test_default_paths(t):
    daemon = t.daemon()
    runtime = daemon.env["XDG_RUNTIME_DIR"]
    daemon.command = [word for word in daemon.command if word not in ("--socket", daemon.socket, "--db", daemon.db)]
    daemon.start()
    equal(daemon.ready["socket"], os.path.join(runtime, "orfeas", "orfeas.sock"))
    equal(daemon.ready["db"], os.path.join(daemon.env["XDG_STATE_HOME"], "orfeas", "orfeas.db"))
    with Peer(daemon.ready["socket"]) as peer:
        peer.call("health.check")


orfeas_test.main()
