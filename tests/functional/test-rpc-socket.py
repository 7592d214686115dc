#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""JSON-RPC 2.0 by the Unix socket: both framings, and HTTP, told apart by the first byte."""

import http.client
import json
import os
import socket
import stat

import orfeas_test
from orfeas_test import Peer, contains, equal, request, wait_for


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


def test_a_batch_that_asks_for_too_much(t):
    """What does not fit is told, and what was written is not taken for refused."""
    daemon = t.start()
    with daemon.peer("line") as peer:
        calls = [request("rpc.discover", request_id=i) for i in range(200)]
        answers = peer.ask([*calls, request("events.mark", {"text": "behind them"}, request_id="mark")])
    told = [answer for answer in answers[:-1] if "result" in answer]
    refused = [answer["error"] for answer in answers[:-1] if "error" in answer]
    assert 1 < len(told) < 200 and sum(len(json.dumps(answer)) for answer in told) < 5 << 20, len(told)
    for error in refused:
        equal((error["data"]["status"], error["code"]), ("RESOURCE_EXHAUSTED", -32008))
        contains(error["message"], "rpc.max_batch_bytes")
    equal(len(daemon.call("events.list")["events"]), 1)
    assert "result" in answers[-1], answers[-1]


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


class HttpBySocket(http.client.HTTPConnection):
    """HTTP/1.1 by a Unix socket, as `curl --unix-socket` speaks it."""

    def __init__(self, path):
        super().__init__("localhost", timeout=orfeas_test.PATIENCE_S)
        self.path = path

    def connect(self):
        self.sock = orfeas_test.connect_unix(self.path)

    def ask(self, method, params=None, headers=None):
        self.request("POST", "/rpc", json.dumps(request(method, params)), {"Content-Type": "application/json", **(headers or {})})
        answer = self.getresponse()
        return answer.status, json.loads(answer.read())


def test_http(t):
    """Who speaks HTTP at the Unix socket may what callers from loopback may, and no more: admin is who speaks lines, or shows the cookie."""
    daemon = t.start()
    client = HttpBySocket(daemon.socket)
    equal(client.ask("health.check"), (200, {"jsonrpc": "2.0", "id": 1, "result": {"serving": "SERVING"}}))
    equal(client.ask("db.check")[1]["error"]["data"]["status"], "PERMISSION_DENIED")
    with open(os.path.join(t.dir, "cookie"), encoding="utf-8") as cookie:
        token = {"Authorization": "Bearer " + cookie.read().strip()}
    equal(client.ask("db.check", headers=token)[1]["result"]["ok"], True)
    client.ask("events.mark", {"text": "by HTTP"})
    equal(daemon.sql("SELECT actor FROM audit WHERE method = 'events.mark'"), [("loopback",)])
    client.request("GET", "/api/v1/gpu")
    equal(client.getresponse().status, 200)
    client.close()
    with orfeas_test.connect_unix(daemon.socket) as raw:  # a WebSocket's handshake
        raw.sendall(b"GET /rpc HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
        contains(raw.recv(4096), b" 101 ")
    with daemon.peer() as peer:
        equal(peer.call("db.check")["ok"], True)


def test_http_without_a_token(t):
    """Where tokens are asked of all others they are of HTTP here too."""
    daemon = t.start(settings={"auth.require": "true"})
    _, answer = HttpBySocket(daemon.socket).ask("status.get")
    equal(answer["error"]["data"]["status"], "UNAUTHENTICATED")


def test_http_has_its_limits(t):
    """Its connections count as the socket's; silence and half requests are ended by HTTP's own clock."""
    daemon = t.start(settings={"socket.max_connections": 8, "listen.header_us": 2000000})
    for _ in range(3):
        clients = [HttpBySocket(daemon.socket) for _ in range(8)]
        for client in clients:
            equal(client.ask("health.check")[0], 200)
        for client in clients:
            client.close()
    with orfeas_test.connect_unix(daemon.socket) as half:
        half.sendall(b"POST /rpc HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        while half.recv(4096):
            pass
    waiting = HttpBySocket(daemon.socket)
    equal(waiting.ask("health.check")[0], 200)
    daemon.stop()  # an idle connection holds nothing up
    equal(waiting.sock.recv(1), b"")


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
