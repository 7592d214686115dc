#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The HTTP transport against a server that does what the daemon never does."""

import io
import json
import queue
import socket
import threading
import time

import orfeas
import orfeas_test
from orfeas import _response
from orfeas_test import PATIENCE_S, contains, equal, wait_for

GOOD = {"serving": "SERVING"}


def read_request(connection):
    """(head, message), or None at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])
    while len(body) < int(fields["content-length"]):
        body += connection.recv(65536)
    return {"": head.decode().split("\r\n")[0], **fields}, json.loads(body)


def respond(connection, body, status="200 OK", head=""):
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\n{head}\r\n".encode() + text)


def answer(connection, request, result=GOOD, **more):
    respond(connection, {"jsonrpc": "2.0", "id": request["id"], "result": result}, **more)


class Server:
    """Each connection plays the next script; what a script raises, the test raises."""

    def __init__(self, *scripts):
        self.scripts = list(scripts)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.wrong = queue.Queue()
        self.threads = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        for script in self.scripts:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.play, args=(script, connection), daemon=True)
            self.threads.append(thread)
            thread.start()

    def play(self, script, connection):
        try:
            with connection:
                connection.settimeout(PATIENCE_S)
                script(connection)
        except Exception as error:
            self.wrong.put(error)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.listener.close()
        for thread in self.threads:
            thread.join(PATIENCE_S)
        if kind is None and not self.wrong.empty():
            raise self.wrong.get()

    def connect(self, **options):
        return orfeas.connect(self.address, **{"timeout": PATIENCE_S, "retries": 0, **options})


def raises(kind, call):
    try:
        result = call()
    except orfeas.Error as error:
        assert isinstance(error, kind), f"{type(error).__name__}: {error}"
        return error
    raise AssertionError(f"answered {result!r:.300}, not {kind.__name__}")


def test_one_connection_is_kept(t):
    seen = []

    def script(connection):
        while (request := read_request(connection)) is not None:
            seen.append(request)
            answer(connection, request[1])

    with Server(script) as server, server.connect(token="secret") as client:
        for _ in range(3):
            equal(client.health.check(timeout=50), GOOD)
        equal(client.health.check(), GOOD)
    heads = [head for head, _ in seen]
    equal(heads[0][""], "POST /rpc HTTP/1.1")
    equal((heads[0]["content-type"], heads[0]["authorization"]), ("application/json", "bearer secret"))
    equal("http://" + heads[0]["host"], server.address)
    assert 40000 < int(heads[0]["x-deadline-ms"]) <= 50000, heads[0]
    assert abs(seen[0][1]["meta"]["deadline_ms"] - int(heads[0]["x-deadline-ms"])) < 10000
    equal(len({message["id"] for _, message in seen}), 4)


def test_no_deadline_is_beyond_what_servers_take(t):
    seen = []

    def script(connection):
        seen.append(read_request(connection))
        answer(connection, seen[0][1])

    with Server(script) as server, server.connect(timeout=1e9) as client:
        equal(client.health.check(), GOOD)
    equal((seen[0][0]["x-deadline-ms"], seen[0][1]["meta"]["deadline_ms"]), ("86400000", 86400000))


def test_no_deadline_is_sent_where_there_is_none(t):
    seen = []

    def script(connection):
        seen.append(read_request(connection))
        answer(connection, seen[0][1])

    with Server(script) as server, server.connect(timeout=float("inf")) as client:
        equal(client.health.check(), GOOD)
    assert "x-deadline-ms" not in seen[0][0] and "meta" not in seen[0][1], seen


def test_threads_have_connections_of_their_own(t):
    both = threading.Barrier(2, timeout=PATIENCE_S)

    def script(connection):
        request = read_request(connection)
        both.wait()  # neither is answered before the other has come
        answer(connection, request[1])
        while (request := read_request(connection)) is not None:
            answer(connection, request[1])

    with Server(script, script) as server, server.connect() as client:
        threads = [threading.Thread(target=client.health.check) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(client.health.check(), GOOD)


def test_connection_that_ended_at_rest_is_noticed(t):
    """Also for what may not be repeated: it is not sent on a connection that is known to have ended."""
    ended = threading.Event()

    def once(connection):
        answer(connection, read_request(connection)[1])
        connection.shutdown(socket.SHUT_RDWR)
        ended.set()

    def unasked(connection):
        answer(connection, read_request(connection)[1])
        connection.sendall(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
        ended.set()

    def close(connection):
        answer(connection, read_request(connection)[1], head="Connection: close\r\n")
        ended.set()

    with Server(once, unasked, close, once) as server, server.connect() as client:
        for _ in range(4):
            equal(client.call("db.backup", {"path": "/x"}), GOOD)
            assert ended.wait(PATIENCE_S)
            ended.clear()
            idle = client._caller._calls._idle
            wait_for(lambda: not any(connection.is_fresh() for connection in idle), "the end to come by")


def test_deadline_is_for_the_whole_answer(t):
    """A drip does not prolong it, and the late answer is nobody's."""
    def drip(connection):
        request = read_request(connection)
        text = json.dumps({"jsonrpc": "2.0", "id": request[1]["id"], "result": GOOD}).encode()
        data = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text) + text
        for at in range(len(data)):
            try:
                connection.sendall(data[at : at + 1])
            except OSError:
                return
            time.sleep(0.05)
        raise AssertionError("the client waited for all of it")

    def good(connection):
        answer(connection, read_request(connection)[1], {"serving": "UNKNOWN"})

    with Server(drip, good) as server, server.connect() as client:
        begun = time.monotonic()
        error = raises(orfeas.DeadlineExceeded, lambda: client.health.check(timeout=1))
        assert time.monotonic() - begun >= 1
        equal(error.method, "health.check")
        equal(client.health.check(), {"serving": "UNKNOWN"})


def test_answers_that_are_none(t):
    for kind, reply in {
        orfeas.Internal: lambda connection, request: respond(connection, b"<html>"),
        orfeas.ConnectionLost: lambda connection, request: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}"),
        orfeas.Unavailable: lambda connection, request: connection.sendall(b"SSH-2.0-OpenSSH\r\n"),
        orfeas.Unknown: lambda connection, request: respond(connection, b"", "302 Found"),
        orfeas.PermissionDenied: lambda connection, request: respond(connection, b"no", "403 Forbidden"),
        orfeas.ResourceExhausted: lambda connection, request: respond(connection, b" " * 2000),
    }.items():
        def script(connection):
            reply(connection, read_request(connection))

        with Server(script) as server, server.connect(max_answer_bytes=1000) as client:
            raises(kind, client.health.check)


def test_an_answer_nested_too_deep(t):
    def script(connection):
        for status in ("200 OK", "503 Service Unavailable"):
            read_request(connection)
            respond(connection, b"[" * 100_000, status)

    with Server(script) as server, server.connect() as client:
        raises(orfeas.Internal, client.health.check)
        raises(orfeas.Unavailable, client.health.check)


def test_refusals_say_why(t):
    def script(connection):
        read_request(connection)
        respond(connection, {"status": "error", "error": {"code": -32008, "status": "RESOURCE_EXHAUSTED", "message": "full",
                                                          "retry_after_ms": 250}}, "429 Too Many Requests")

    with Server(script) as server, server.connect() as client:
        error = raises(orfeas.ResourceExhausted, client.health.check)
        equal((error.message, error.retry_after_ms), ("full", 250))


def test_chunked_answer(t):
    def script(connection):
        request = read_request(connection)
        text = json.dumps({"jsonrpc": "2.0", "id": request[1]["id"], "result": GOOD}).encode()
        parts = b"".join(b"%x\r\n%b\r\n" % (len(text[at : at + 7]), text[at : at + 7]) for at in range(0, len(text), 7))
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + parts + b"0\r\n\r\n")

    with Server(script) as server, server.connect() as client:
        equal(client.health.check(), GOOD)


def test_heads_and_bodies(t):
    def read(data, limit=100):
        return _response.read(io.BytesIO(data), limit)

    good = b"HTTP/1.1 200 OK\r\n"
    for data, body, kept in (
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}rest", b"{}", True),
        (b"HTTP/1.1 200\nCONTENT-length:2 \n\n{}", b"{}", True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1", b"1", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n1", b"1", False),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\n1", b"1", True),
        (b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 1\r\n\r\n1", b"1", False),
        (b"HTTP/1.1 200 OK\r\n\r\n[1]", b"[1]", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1;a=b\r\n[\r\n0A\r\n         ]\r\n0\r\nTrailer: x\r\n\r\n", b"[         ]", True),
    ):
        response = read(data)
        equal((response.body, response.head.is_kept), (body, kept), data)
    equal(read(good + b"A:\t x " + b" " * 60000 + b"y\t \r\nContent-Length: 0\r\n\r\n").head.fields["a"], "x " + " " * 60000 + "y")
    equal(read(b"HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\nContent-Length: 0\r\n\r\n").head.fields["a"], "1, 2")
    chunked = good + b"Transfer-Encoding: chunked\r\n\r\n"
    for data in (
        b"", b"HTTP/1.1 200 OK", good, good + b"Content-Length: 3\r\n\r\n{}", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 99 x\r\n\r\n",
        good + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", good + b"Content-Length: +2\r\n\r\n{}",
        good + b"Content-Length: -2\r\n\r\n{}", good + b"Content-Length: \xb2\r\n\r\n{}", good + b" folded\r\n\r\n", good + b"no colon\r\n\r\n",
        good + b"A: " + b"x" * 70000 + b"\r\n\r\n", good + b"A: x\r\n" * 20000 + b"\r\n",
        good + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", chunked + b"\r\n", chunked + b"0x1\r\n1\r\n", chunked + b"-1\r\n",
        chunked + b"1\r\n12\r\n0\r\n\r\n", chunked + b"2\r\n1", chunked + b"1\r\n1\r\n", chunked + b"0\r\n",
        good.replace(b"Content-Length", b"Transfer-Encoding") + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        good + b"Content-Length: 101\r\n\r\n" + b" " * 101, good + b"\r\n" + b" " * 101, chunked + b"ffffffffffff\r\n", b"HTTP/1.1 100 C\r\n\r\n" * 9999,
        good + b"A:" + b" " * 60000 + b"\0\r\n\r\n", good + b"A: x\ry\r\n\r\n", good + b"A : x\r\n\r\n",  # the first in no time
    ):
        try:
            response = read(data)
        except _response.BadResponse:
            continue
        raise AssertionError(f"{data!r:.80} was taken as {response!r:.200}")


def test_only_so_many_connections_are_kept(t):
    gate = threading.Barrier(20, timeout=PATIENCE_S)
    left = queue.Queue()

    def script(connection):
        request = read_request(connection)
        gate.wait()
        answer(connection, request[1])
        left.put(read_request(connection))

    with Server(*[script] * 20) as server, server.connect() as client:
        threads = [threading.Thread(target=client.health.check) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal([left.get(timeout=PATIENCE_S) for _ in range(12)], [None] * 12)
        assert left.empty(), "eight stay"


def test_no_server(t):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with orfeas.connect(f"http://127.0.0.1:{port}", retries=1) as client:
        error = raises(orfeas.ConnectionLost, client.health.check)
        contains(error.message, f"127.0.0.1:{port}")
        equal(error.sent, False)


orfeas_test.main()
