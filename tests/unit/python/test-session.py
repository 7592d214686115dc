#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sessions and streams against a peer that does what a daemon never does, or only when it is asked to."""

import contextlib
import gc
import json
import os
import queue
import signal
import socket
import struct
import threading

import orfeas
import orfeas_test
from orfeas import _frames, _handshake, _session
from orfeas_test import PATIENCE_S, contains, equal, wait_for

GOOD = {"serving": "SERVING"}


class Peer:
    """The server's end of one WebSocket."""

    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(PATIENCE_S)
        self.codec = _frames.Codec(10**8, is_client=False)
        self.events = []
        self.replies = 0  # pongs, and the goodbye
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
        self.headers = {name.lower(): value for name, _, value in
                        (line.partition(": ") for line in head.decode().split("\r\n")[1:])}

    def accept(self, **changed):
        fields = {"Upgrade": "websocket", "Connection": "Upgrade",
                  "Sec-WebSocket-Accept": _handshake.accept_of(self.headers["sec-websocket-key"]), **changed}
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value is not None]
        self.socket.sendall(("HTTP/1.1 101 Switching Protocols\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode())
        return self

    def frame(self, opcode, payload=b"", fin=True):
        self.socket.sendall(_frames.encode_frame(opcode, payload, None, fin))

    def send(self, message):
        self.frame(_frames.TEXT, json.dumps(message).encode())

    def event(self):
        """The next event; None: the connection has ended. Pings and goodbyes are answered."""
        while not self.events:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            for event in self.codec.feed(data):
                if isinstance(event, _frames.Reply):
                    self.replies += 1
                    with contextlib.suppress(OSError):
                        self.socket.sendall(event.data)
                else:
                    self.events.append(event)
        return self.events.pop(0)

    def receive(self):
        event = self.event()
        assert isinstance(event, _frames.Message), event
        return json.loads(event.text)

    def answer(self, request, result):
        self.send({"jsonrpc": "2.0", "id": request["id"], "result": result})

    def open_stream(self, stream="s1"):
        request = self.receive()
        assert request["method"].endswith(".watch"), request
        self.answer(request, {"stream": stream})
        return request

    def next(self, seq, value, stream="s1", **more):
        self.send({"jsonrpc": "2.0", "method": "stream.next", "params": {"stream": stream, "seq": seq, "value": value, **more}})

    def end(self, status, stream="s1", **more):
        self.send({"jsonrpc": "2.0", "method": "stream.end", "params": {"stream": stream, "status": status, **more}})

    def vanish(self):
        """What was sent still arrives."""
        self.socket.shutdown(socket.SHUT_RDWR)

    def reset(self):
        """As a server that was killed."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Server:
    """Plays scripts, one for each connection in turn; what a script raises, the test raises."""

    def __init__(self, *scripts):
        self.scripts = list(scripts)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "ws://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.wrong = queue.Queue()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        for script in self.scripts:
            try:
                connection, _ = self.listener.accept()
                with connection:
                    script(Peer(connection))
            except BaseException as error:
                self.wrong.put(error)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.thread.join(PATIENCE_S)
            assert not self.thread.is_alive(), "a script goes on"
        self.listener.close()
        if not self.wrong.empty():
            raise self.wrong.get()

    def connect(self, **options):
        return orfeas.connect(self.address, **{"timeout": PATIENCE_S, **options})


def raises(kind, call):
    try:
        result = call()
    except orfeas.Error as error:
        assert isinstance(error, kind), f"{type(error).__name__}: {error}"
        return error
    raise AssertionError(f"answered {result!r:.300}, not {kind.__name__}")


def serve_calls(peer):
    peer.accept()
    while (event := peer.event()) is not None:
        if isinstance(event, _frames.Message):
            peer.answer(json.loads(event.text), GOOD)
        elif isinstance(event, _frames.Closed):
            return


# ---- opening


def test_handshake(t):
    seen = {}

    def script(peer):
        seen.update(peer.headers)
        serve_calls(peer)

    with Server(script) as server, server.connect(token="secret") as client:
        equal(client.health.check(), GOOD)
    equal((seen["upgrade"], seen["connection"], seen["sec-websocket-version"]), ("websocket", "Upgrade", "13"))
    equal((seen["authorization"], seen["sec-websocket-protocol"]), ("Bearer secret", "jsonrpc"))
    equal("ws://" + seen["host"], server.address)
    assert "origin" not in seen and "sec-websocket-extensions" not in seen


def test_handshakes_that_are_none(t):
    for name, changed in {
        "key": {"Sec_WebSocket_Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}, "upgrade": {"Upgrade": "h2c"},
        "connection": {"Connection": "close"}, "extension": {"Sec_WebSocket_Extensions": "permessage-deflate"},
        "subprotocol": {"Sec_WebSocket_Protocol": "chat"},
    }.items():
        given = {key.replace("_", "-"): value for key, value in changed.items()}
        with Server(lambda peer: peer.accept(**given)) as server, server.connect(retries=0) as client:
            contains(raises(orfeas.ConnectionLost, client.health.check).message, name)
    with Server(lambda peer: None) as server, server.connect(retries=0) as client:
        raises(orfeas.ConnectionLost, client.health.check)


def test_refused_with_a_reason(t):
    body = json.dumps({"status": "error", "error": {"code": -32016, "status": "UNAUTHENTICATED", "message": "expired"}})

    def script(peer):
        peer.socket.sendall(f"HTTP/1.1 401 Unauthorized\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    def bare(peer):
        peer.socket.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")

    with Server(script, bare) as server, server.connect(retries=0) as client:
        equal(raises(orfeas.Unauthenticated, client.health.check).message, "expired")
        contains(raises(orfeas.Unavailable, client.health.check).message, "503")


# ---- calls


def test_answers_in_any_order(t):
    def script(peer):
        peer.accept()
        requests = [peer.receive() for _ in range(20)]
        for request in reversed(requests):
            peer.answer(request, {"serving": request["params"]["service"]})
        peer.event()

    with Server(script) as server, server.connect() as client:
        answers = {}

        def work(name):
            answers[name] = client.health.check(service=name)

        threads = [threading.Thread(target=work, args=(f"s{i}",)) for i in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(answers, {f"s{i}": {"serving": f"s{i}"} for i in range(20)})


def test_fragments_and_pings(t):
    def script(peer):
        peer.accept()
        request = peer.receive()
        text = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": {"serving": "größe"}}, ensure_ascii=False).encode()
        for at, byte in enumerate(text):
            last = at == len(text) - 1
            peer.frame(_frames.CONTINUATION if at else _frames.TEXT, bytes([byte]), last)
            if not last:
                peer.frame(_frames.PING, b"%d" % at)
        pongs = [peer.socket.recv(1) for _ in range(len(text))]
        assert all(pongs)
        peer.frame(_frames.CLOSE, struct.pack("!H", 1001))

    with Server(script) as server, server.connect() as client:
        equal(client.health.check(), {"serving": "größe"})


def test_pong_has_the_pings_payload(t):
    pong = queue.Queue()

    def script(peer):
        peer.accept()
        request = peer.receive()
        peer.frame(_frames.PING, b"are you there")
        data = b""
        while len(data) < 6 + 13:
            data += peer.socket.recv(1)
        pong.put((data[0], _frames.apply_mask(data[6:], data[2:6])))
        peer.answer(request, GOOD)
        peer.event()

    with Server(script) as server, server.connect() as client:
        client.health.check()
    equal(pong.get(), (0x8A, b"are you there"))


def test_server_says_goodbye(t):
    """A read in flight is asked again on the next connection; a write is not, where nobody knows."""

    def leave(peer):
        peer.accept()
        peer.receive()
        peer.frame(_frames.CLOSE, struct.pack("!H", 1001) + b"going")
        equal(peer.event(), _frames.Closed(1001, ""), "the goodbye is answered")

    with Server(leave, serve_calls) as server, server.connect() as client:
        equal(client.health.check(), GOOD)
    with Server(leave) as server, server.connect(retries=0) as client:
        error = raises(orfeas.ConnectionLost, client.health.check)
        contains(error.message, "1001 going")


def test_server_is_killed(t):
    def die(peer):
        peer.accept()
        peer.receive()
        peer.reset()

    with Server(die, die, serve_calls) as server, server.connect() as client:
        equal(client.metrics.record([]), GOOD, "with a key it may be repeated")
    with Server(die) as server, server.connect(retries=3) as client:
        raises(orfeas.ConnectionLost, lambda: client.call("db.backup", {"path": "/x"}))


def test_what_is_refused(t):
    """The connection is failed with the code that tells why."""
    for code, send in {
        1003: lambda peer: peer.frame(_frames.BINARY, b"{}"),
        1007: lambda peer: peer.frame(_frames.TEXT, b"\xff"),
        1009: lambda peer: peer.frame(_frames.TEXT, b"x" * 5000),
        1002: lambda peer: peer.socket.sendall(b"\xff\xff"),
    }.items():
        told = queue.Queue()

        def script(peer):
            peer.accept()
            peer.receive()
            send(peer)
            told.put(peer.event())

        with Server(script) as server, server.connect(retries=0, max_answer_bytes=4000) as client:
            raises(orfeas.ConnectionLost, client.health.check)
        equal(told.get().code, code)


def test_answers_that_are_none(t):
    for text in (b"nonsense", b"17", b"[" * 100000):
        def script(peer):
            peer.accept()
            peer.receive()
            peer.frame(_frames.TEXT, text)
            peer.event()

        with Server(script) as server, server.connect(retries=0) as client:
            raises(orfeas.ConnectionLost, client.health.check)

    def empty(peer):
        peer.accept()
        peer.send({"jsonrpc": "2.0", "id": "not ours", "result": 1})
        peer.send({"jsonrpc": "2.0", "id": [], "result": 1})
        peer.send([])
        peer.send({"jsonrpc": "2.0", "id": peer.receive()["id"]})
        peer.event()

    with Server(empty) as server, server.connect(retries=0) as client:
        raises(orfeas.Internal, client.health.check)


def test_error_without_id_is_the_largest_calls(t):
    def script(peer):
        peer.accept()
        requests = sorted((peer.receive() for _ in range(3)), key=lambda request: len(json.dumps(request)))
        peer.send({"jsonrpc": "2.0", "id": None, "error": {"code": -32008, "message": "too large", "data": {
            "status": "RESOURCE_EXHAUSTED", "retry_after_ms": 7}}})
        for request in requests[:2]:
            peer.answer(request, GOOD)
        peer.event()

    with Server(script) as server, server.connect() as client:
        results = {}

        def work(size):
            try:
                results[size] = client.health.check(service="x" * size)
            except orfeas.ResourceExhausted as error:
                results[size] = error.retry_after_ms

        threads = [threading.Thread(target=work, args=(size,)) for size in (1, 1000, 100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(results, {1: GOOD, 100: GOOD, 1000: 7})


def test_deadline_leaves_the_connection(t):
    def script(peer):
        peer.accept()
        peer.answer(peer.receive(), GOOD)
        late = peer.receive()
        equal(late["meta"]["deadline_ms"] <= 500, True)
        request = peer.receive()
        peer.answer(late, GOOD)  # nobody waits for it any more
        peer.answer(request, GOOD)
        peer.event()

    with Server(script) as server, server.connect() as client:
        equal(client.health.check(), GOOD)  # the time to connect is none of the deadline's
        raises(orfeas.DeadlineExceeded, lambda: client.health.check(timeout=0.5))
        equal(client.health.check(), GOOD)


def test_interrupted_call_is_cancelled(t):
    class Interrupt(BaseException):
        pass

    def interrupt(*_):
        raise Interrupt

    def script(peer):
        peer.accept()
        request = peer.receive()
        os.kill(os.getpid(), signal.SIGUSR1)
        cancel = peer.receive()
        equal((cancel["method"], cancel["params"], "id" in cancel), ("rpc.cancel", {"id": request["id"]}, False))
        peer.event()

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with Server(script) as server, server.connect() as client:
            with contextlib.suppress(Interrupt):
                client.health.check()
                raise AssertionError("it was not interrupted")
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_quiet_server_is_asked_and_given_up(t):
    def quiet(peer):
        peer.accept()
        peer.receive()
        head = peer.socket.recv(6)
        equal(head[0], 0x89, "a ping")
        peer.codec = _frames.Codec(1000, is_client=False)
        equal(peer.event(), None)

    before = _session.QUIET_S, _session.ANSWER_S
    _session.QUIET_S, _session.ANSWER_S = 0.2, 0.2
    try:
        with Server(quiet) as server, server.connect(retries=0) as client:
            contains(raises(orfeas.ConnectionLost, client.health.check).message, "says nothing")
        # one that answers pings is waited for, as long as the call is worth
        _session.ANSWER_S = PATIENCE_S
        peers = []

        def script(peer):
            peers.append(peer)
            serve_calls(peer)

        with Server(script) as server, server.connect() as client:
            client.health.check()
            session = client._caller._calls._session
            wait_for(lambda: peers[0].replies >= 3, "three pings")
            client.health.check()
            assert session is client._caller._calls._session, "it was given up"
    finally:
        _session.QUIET_S, _session.ANSWER_S = before


def test_large_request_to_a_slow_reader(t):
    """What cannot be sent at once is sent on while others' calls are answered."""
    def script(peer):
        peer.accept()
        for _ in range(2):
            peer.answer(peer.receive(), GOOD)
        peer.event()

    with Server(script) as server, server.connect() as client:
        thread = threading.Thread(target=lambda: client.health.check(service="x" * 20_000_000))
        thread.start()
        equal(client.health.check(), GOOD)
        thread.join()


def test_calls_to_a_server_that_takes_nothing(t):
    """Those that nobody waits for any more are not kept for it."""
    go = threading.Event()

    def script(peer):
        peer.accept()
        assert go.wait(PATIENCE_S)
        names = [peer.receive()["params"]["service"] for _ in range(2)]
        equal([name[0] for name in names], ["0", "9"], "what had begun to go out, and who still waits")
        peer.event()

    with Server(script) as server, server.connect() as client:
        for number in range(4):
            raises(orfeas.DeadlineExceeded, lambda: client.health.check(service=str(number) + "x" * 20_000_000, timeout=0.01))
        raises(orfeas.DeadlineExceeded, lambda: client.health.watch(service="x" * 1_000_000, timeout=0.01))
        session = client._caller._streams._session
        equal((len(session._queue), list(session._pending)), (0, []))
        assert len(session._unsent) < 21_000_000
        last = threading.Thread(target=lambda: raises(orfeas.Error, lambda: client.health.check(service="9")))
        last.start()
        wait_for(lambda: session._queue, "the last one")
        go.set()
        wait_for(lambda: not session._queue and not session._unsent, "all to go out")
        client.close()
        last.join()


def test_no_thread_is_to_be_had(t):
    """That is as no connection is."""
    with Server(serve_calls) as server, server.connect(retries=0) as client:
        start = threading.Thread.start
        threading.Thread.start = lambda self: (_ for _ in ()).throw(RuntimeError("can't start new thread"))
        try:
            contains(str(raises(orfeas.ConnectionLost, client.health.check)), "can't start new thread")
        finally:
            threading.Thread.start = start


# ---- streams


def test_end_in_a_forks_child(t):
    """Its parent's stream goes on: nothing is said of it, nor on its connection, and no lock of its parent's is waited for."""
    def script(peer):
        peer.accept()
        peer.open_stream()
        peer.next(1, GOOD)
        equal(peer.receive()["params"], {"service": "after"})
        peer.next(2, GOOD)
        equal(peer.receive()["method"], "stream.cancel")
        peer.event()

    with Server(script) as server, server.connect() as client, client.health.watch() as stream:
        equal(next(stream), GOOD)
        session = client._caller._streams._session
        with session._io, session._table:
            child = os.fork()
            if child == 0:
                signal.alarm(int(PATIENCE_S))
                try:
                    left = list(stream)
                    stream.close()
                    client.close()
                    os._exit(0 if left == [] else 1)
                finally:
                    os._exit(2)
        equal(os.waitpid(child, 0)[1], 0)
        raises(orfeas.DeadlineExceeded, lambda: client.health.check(service="after", timeout=0.01))
        equal(next(stream), GOOD)


def test_values_and_the_end(t):
    def script(peer):
        peer.accept()
        request = peer.open_stream()
        equal((request["method"], request["params"]), ("metrics.watch", {"select": "a"}))
        for seq in range(3):
            peer.next(seq, {"t_us": seq, "values": {"a": seq}})
        peer.end("CANCELLED")
        peer.event()

    with Server(script) as server, server.connect() as client:
        stream = client.metrics.watch(select="a")
        equal([frame["values"]["a"] for frame in stream], [0, 1, 2])
        equal((stream.status, stream.dropped, list(stream)), ("CANCELLED", 0, []))


def test_end_with_a_fault(t):
    def script(peer):
        peer.accept()
        peer.open_stream()
        peer.next(1, {"serving": "SERVING"})
        peer.end("RESOURCE_EXHAUSTED", message="too slow")
        peer.event()

    with Server(script) as server, server.connect() as client:
        stream = client.health.watch()
        equal(next(stream), GOOD)
        contains(raises(orfeas.ResourceExhausted, lambda: next(stream)).message, "too slow")
        equal((stream.status, list(stream)), ("RESOURCE_EXHAUSTED", []))


def test_refused_stream(t):
    def script(peer):
        peer.accept()
        request = peer.receive()
        peer.send({"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32602, "message": "no", "data": {
            "status": "INVALID_ARGUMENT", "field": "select"}}})
        peer.event()

    with Server(script) as server, server.connect() as client:
        equal(raises(orfeas.InvalidArgument, lambda: client.metrics.watch(select="{")).field, "select")


def test_close_cancels(t):
    def script(peer):
        peer.accept()
        peer.open_stream("first")
        peer.open_stream("second")
        peer.next(1, GOOD, "first")
        for stream in ("first", "second"):
            cancel = peer.receive()
            equal((cancel["method"], cancel["params"]), ("stream.cancel", {"stream": stream}))
            peer.end("CANCELLED", stream)
        peer.event()

    with Server(script) as server, server.connect() as client:
        with client.health.watch() as stream, client.health.watch() as other:
            for value in stream:
                equal(value, GOOD)
                break
            stream.close()
            equal(list(stream), [])
            # from another thread, while this one waits
            threading.Timer(0.05, other.close).start()
            equal(list(other), [])
        equal((stream.status, other.status), ("CANCELLED", "CANCELLED"))


def test_forgotten_stream_is_cancelled(t):
    cancelled = threading.Event()

    def script(peer):
        peer.accept()
        peer.open_stream()
        peer.next(1, GOOD)
        equal(peer.receive()["method"], "stream.cancel")
        cancelled.set()
        peer.event()

    with Server(script) as server, server.connect() as client:
        for _ in client.health.watch():
            break
        gc.collect()
        assert cancelled.wait(PATIENCE_S)


def test_stream_that_comes_too_late(t):
    """Its caller has gone, but the server has opened it."""
    def script(peer):
        peer.accept()
        peer.answer(peer.receive(), GOOD)
        request = peer.receive()
        peer.receive()  # a call that was made after the deadline
        peer.answer(request, {"stream": "late"})
        cancel = peer.receive()
        equal((cancel["method"], cancel["params"]), ("stream.cancel", {"stream": "late"}))
        peer.event()

    with Server(script) as server, server.connect() as client:
        equal(client.health.check(), GOOD)  # the time to connect is none of the deadline's
        raises(orfeas.DeadlineExceeded, lambda: client.health.watch(timeout=0.5))
        raises(orfeas.Error, lambda: client.health.check(timeout=0.5))


def test_slow_reader_loses_the_oldest(t):
    def script(peer):
        peer.accept()
        peer.open_stream()
        peer.next(0, 0, dropped=5)
        for seq in range(1, 100):
            peer.next(seq, seq)
        peer.end("CANCELLED")
        peer.answer(peer.receive(), GOOD)
        peer.event()

    with Server(script) as server, server.connect() as client:
        stream = client.health.watch(buffer=10)
        client.health.check()  # answered after all values
        equal(list(stream), list(range(90, 100)))
        equal(stream.dropped, 95)


def test_next_with_a_patience(t):
    def script(peer):
        peer.accept()
        peer.open_stream()
        equal(peer.receive()["method"], "stream.cancel")
        peer.event()

    with Server(script) as server, server.connect() as client, client.health.watch() as stream:
        for patience in (0, 0.05):
            try:
                stream.next(timeout=patience)
            except TimeoutError as error:
                assert not isinstance(error, orfeas.Error)
            else:
                raise AssertionError("there was a value")


def test_lost_stream(t):
    def script(peer):
        peer.accept()
        peer.open_stream()
        peer.next(1, GOOD)
        peer.vanish()

    with Server(script) as server, server.connect() as client:
        stream = client.health.watch()
        equal(stream.next(PATIENCE_S), GOOD)
        raises(orfeas.ConnectionLost, lambda: stream.next(PATIENCE_S))
        equal(list(stream), [])


def test_stream_is_opened_anew(t):
    def script(end):
        def play(peer):
            peer.accept()
            request = peer.open_stream()
            equal(request["params"], {"select": "a", "history_us": 5})
            peer.next(1, 1, dropped=2)
            end(peer)
        return play

    def refuse(peer):
        peer.accept()
        request = peer.receive()
        peer.send({"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32008, "message": "full", "data": {
            "status": "RESOURCE_EXHAUSTED", "retry_after_ms": 1}}})
        peer.socket.shutdown(socket.SHUT_RDWR)

    def hold(peer):
        equal(peer.receive()["method"], "stream.cancel")
        peer.event()

    with Server(script(Peer.vanish), script(lambda peer: peer.frame(_frames.CLOSE, struct.pack("!H", 1001))), refuse,
                script(hold)) as server, server.connect() as client:
        with client.metrics.watch(select="a", history_us=5, reconnect=True) as stream:
            equal([next(stream) for _ in range(3)], [1, 1, 1])
            equal((stream.reconnects, stream.dropped, stream.status), (2, 6, None))


def test_closed_while_it_is_opened_anew(t):
    def script(peer):
        peer.accept()
        peer.open_stream()
        peer.reset()

    with Server(script) as server, server.connect() as client:
        stream = client.health.watch(reconnect=True)
        server.thread.join(PATIENCE_S)
        server.listener.close()
        threading.Timer(0.2, stream.close).start()
        equal(list(stream), [])
    with Server(script) as server, server.connect() as client:
        stream = client.health.watch(reconnect=True)
        server.thread.join(PATIENCE_S)
        server.listener.close()
        threading.Timer(0.2, client.close).start()
        equal((list(stream), stream.status), ([], "CANCELLED"))


def test_client_closed_under_a_stream(t):
    def script(peer):
        peer.accept()
        peer.open_stream()
        equal(peer.event().code, 1000)

    for reconnect in (False, True):
        with Server(script) as server:
            client = server.connect()
            stream = client.health.watch(reconnect=reconnect)
            client.close()
            equal((list(stream), stream.status), ([], "CANCELLED"))


orfeas_test.main()
