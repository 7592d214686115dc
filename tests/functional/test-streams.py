#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Streams by WebSocket and Unix socket: what they send, how they end, and readers of every bad kind."""

import contextlib
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import threading

import orfeas_test
from orfeas_test import PATIENCE_S, Peer, RpcError, Skip, contains, equal, fails, now_us, request, unwrap, wait_for

MIB = 1 << 20
SECOND_US = 1000000
QUICK = {"host.sample_us": 100000}
# none is closed for being slow
PATIENT = {**QUICK, "stream.ping_us": 3600000000, "stream.stall_us": 3600000000, "stream.send_buffer_bytes": 4096}
ALL = '{__name__=~".+"}'


class Talk:
    """Calls and streams over one connection, whichever; what a stream sends is kept until asked for."""

    def __init__(self, connection):
        self.connection = connection
        self.sent = []  # params of stream.next and stream.end
        self.last_id = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def read(self):
        """One message more; FALSE at the end."""
        text = self.connection.receive_text()
        if text is None:
            return False
        message = json.loads(text)
        if "method" in message:
            self.sent.append(message["params"])
        else:
            self.answer = message
        return True

    def call(self, method, params=None):
        self.last_id += 1
        self.answer = None
        self.connection.send_text(json.dumps(request(method, params, request_id=self.last_id)))
        while self.answer is None:
            assert self.read(), "the connection ended"
        equal(self.answer["id"], self.last_id)
        return unwrap(self.answer)

    def watch(self, select=ALL, period_us=100000, **more):
        return self.call("metrics.watch", {"select": select, "period_us": period_us, **more})["stream"]

    def next(self, stream):
        while True:
            for number, params in enumerate(self.sent):
                if params["stream"] == stream:
                    return self.sent.pop(number)
            assert self.read(), "the connection ended"

    def next_value(self, stream):
        return self.next(stream)["value"]

    def end(self, stream):
        while "status" not in (params := self.next(stream)):
            pass
        return params["status"]


@contextlib.contextmanager
def reading(talk):
    """Reads whatever comes, pings too, while something else is waited for: what it read is forgotten."""
    is_over = threading.Event()

    def read():
        while not is_over.is_set() and talk.read():
            talk.sent.clear()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    yield
    is_over.set()
    thread.join(PATIENCE_S)


def both(daemon):
    yield Talk(daemon.websocket())
    yield Talk(daemon.peer())
    yield Talk(daemon.peer("length"))


def record(daemon, name, value, t_us=None):
    sample = {"name": name, "value": value}
    if t_us is not None:
        sample["t_us"] = t_us
    daemon.call("metrics.record", {"samples": [sample]})


def as_admin(t):
    with open(t.dir + "/cookie", encoding="utf-8") as file:
        return {"Authorization": "Bearer " + file.read().strip()}


def n_streams(daemon):
    return daemon.call("dashboard.summary")["subscribers"]


# ---- what is sent


def column(points, t_us, period_us):
    """The newest point after the step before, up to its own time."""
    inside = [value for at, value in points if t_us - period_us < at <= t_us]
    return inside[-1] if inside else None


def test_history_is_what_a_query_says(t):
    daemon = t.start(settings=QUICK)
    start = now_us() - 9 * SECOND_US
    for i in range(30):
        record(daemon, "a.b", i + 0.5, start + i * 290000)
    for talk in both(daemon):
        with talk:
            first = talk.next(talk.watch("a.b", SECOND_US, history_us=12 * SECOND_US))
            equal((first["seq"], "dropped" in first), (1, False))
            value, history = first["value"], first["value"]["history"]
            equal(value["values"], {"a.b": 29.5})
            equal(history["t_us"], [value["t_us"] - i * SECOND_US for i in range(12, 0, -1)])
            equal(list(history["series"]), ["a.b"])
            points = daemon.call("metrics.query", {"select": "a.b", "from_us": start, "to_us": now_us()})["series"][0]["points"]
            equal(len(points), 30)
            equal(history["series"]["a.b"], [column(points, at, SECOND_US) for at in history["t_us"]])
            assert "history" not in talk.next_value(talk.watch("a.b"))


def test_series_that_come_later(t):
    daemon = t.start(settings=QUICK)
    for number, talk in enumerate(both(daemon)):
        with talk:
            name = f"later.n{number}"
            stream = talk.watch(name)
            equal(talk.next_value(stream)["values"], {})
            record(daemon, name, 7)
            while name not in (values := talk.next_value(stream)["values"]):
                pass
            equal(values, {name: 7})
            equal(talk.next_value(stream)["values"], {}, "no new point, no value")
            record(daemon, name, 8)
            while not (values := talk.next_value(stream)["values"]):
                pass
            equal(values, {name: 8})


def test_points_that_come_late(t):
    """A point that is older than the last frame, but its series' newest, is told."""
    daemon = t.start(settings=QUICK)
    with Talk(daemon.websocket()) as talk:
        stream = talk.watch("a.b")
        for number in range(5):
            t_us = talk.next_value(stream)["t_us"] - 60 * SECOND_US
            record(daemon, "a.b", number, t_us)
            while not (values := talk.next_value(stream)["values"]):
                pass
            equal(values, {"a.b": number})


def test_period(t):
    daemon = t.start(settings=QUICK)
    with Talk(daemon.websocket()) as talk:
        quick, slow = talk.watch("host.cpu.used_percent", 100000), talk.watch("host.cpu.used_percent", 500000)
        times = {quick: [], slow: []}
        while len(times[slow]) < 4:
            params = talk.next(slow) if talk.sent and talk.sent[0]["stream"] == slow else talk.next(quick)
            times[params["stream"]].append(params["value"]["t_us"])
            equal(params["seq"], len(times[params["stream"]]))
        for period_us, stream in ((100000, quick), (500000, slow)):
            steps = [at // period_us for at in times[stream][1:]]
            equal(steps, sorted(set(steps)), "at most one frame in a period")


def test_cancel(t):
    daemon = t.start(settings=QUICK)
    for talk in both(daemon):
        with talk:
            first, second = talk.watch(), talk.watch()
            equal(talk.call("stream.cancel", {"stream": first}), {"cancelled": True})
            equal(talk.end(first), "CANCELLED")
            fails(lambda: talk.call("stream.cancel", {"stream": first}), "NOT_FOUND", field="stream")
            fails(lambda: talk.call("stream.cancel", {"stream": "nonsense"}), "NOT_FOUND", field="stream")
            for _ in range(3):
                talk.next(second)
            assert not any(params["stream"] == first for params in talk.sent), "nothing comes after the end"
    equal(wait_for(lambda: n_streams(daemon) == 0, "the streams to end"), True)
    with Talk(daemon.websocket()) as one, Talk(daemon.websocket()) as other:
        stream = one.watch()
        fails(lambda: other.call("stream.cancel", {"stream": stream}), "NOT_FOUND")  # another connection's


def test_cancelled_before_it_began(t):
    """A batch is answered as a whole: the id is guessed here, and its end still told."""
    daemon = t.start(settings=QUICK)
    for talk in both(daemon):
        with talk:
            watch = request("metrics.watch", {"select": ALL})
            cancel = request("stream.cancel", {"stream": "s1"}, request_id=2)
            talk.connection.send_text(json.dumps([watch, cancel]))
            answers = json.loads(talk.connection.receive_text())
            equal([answer["result"] for answer in answers], [{"stream": "s1"}, {"cancelled": True}])
            equal(talk.next("s1"), {"stream": "s1", "status": "CANCELLED"})


def test_health(t):
    daemon = t.start(settings=QUICK)
    talks = list(both(daemon))
    for talk in talks:
        whole, unknown = talk.call("health.watch")["stream"], talk.call("health.watch", {"service": "nonsense"})["stream"]
        equal(talk.next_value(whole), {"serving": "SERVING"})
        equal(talk.next_value(unknown), {"serving": "SERVICE_UNKNOWN"})
        talk.stream = whole
    daemon.process.send_signal(signal.SIGTERM)
    for talk in talks:
        equal(talk.next_value(talk.stream), {"serving": "NOT_SERVING"}, "told before the connection ends")
        while talk.read():
            pass
        talk.connection.close()
    equal(daemon.process.wait(orfeas_test.PATIENCE_S), 0)


def test_not_by_http(t):
    daemon = t.start()
    for method in ("metrics.watch", "health.watch"):
        params = {"select": ALL} if method == "metrics.watch" else None
        fails(lambda: daemon.call(method, params), "FAILED_PRECONDITION")
    with daemon.websocket() as websocket:
        websocket.send_text(json.dumps({"jsonrpc": "2.0", "method": "metrics.watch", "params": {"select": ALL}}))
        websocket.send_text(json.dumps(request("health.check")))
        contains(websocket.receive_text(), "SERVING")
    equal(wait_for(lambda: n_streams(daemon) == 0, "no stream without an id"), True)


# ---- limits


def exhausted(call, *parts):
    error = fails(call, "RESOURCE_EXHAUSTED")
    for part in parts:
        contains(error.message, part)


def test_limits(t):
    daemon = t.start(settings={**QUICK, "stream.max_per_connection": 3, "dashboard.max_subscribers": 5,
                               "stream.max_series": 2, "stream.max_history_points": 1000})
    for i in range(2):
        record(daemon, f"few.n{i}", i)
    few = '{__name__=~"few.*"}'
    wait_for(lambda: daemon.call("metrics.query", {"select": "host.cpu.used_percent"})["series"], "the first frame")
    with Talk(daemon.websocket()) as talk, Talk(daemon.peer()) as other:
        exhausted(talk.watch, "stream.max_series")
        exhausted(lambda: talk.watch(few, 100000, history_us=60 * SECOND_US), "stream.max_history_points")
        fails(lambda: talk.watch(few, history_us=3600 * SECOND_US), "INVALID_ARGUMENT", field="history_us")
        fails(lambda: talk.watch("{"), "INVALID_ARGUMENT", field="select")
        equal(n_streams(daemon), 0, "what is refused leaves nothing")
        streams = [talk.watch(few) for _ in range(3)]
        exhausted(lambda: talk.watch(few), "stream.max_per_connection")
        record(daemon, "few.n2", 2)  # beyond max_series by name: left out of what goes on
        record(daemon, "few.n1", 11)
        while "few.n1" not in (values := talk.next_value(streams[0])["values"]) or values["few.n1"] != 11:
            assert "few.n2" not in values
        exhausted(lambda: other.watch(few), "3 series", "stream.max_series")  # at its opening it is told
        other.watch("few.n0"), other.call("health.watch")
        exhausted(lambda: other.call("health.watch"), "dashboard.max_subscribers")
        status, headers, body = daemon.http("GET", "/ws/metrics", headers={
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="})
        equal((status, int(headers["Retry-After"]) > 0), (503, True))
        contains(body.decode(), "dashboard.max_subscribers")
        talk.call("stream.cancel", {"stream": streams[1]})
        with daemon.websocket("/ws/metrics") as feed:
            equal(json.loads(feed.receive_text())["type"], "metrics_update")
            exhausted(lambda: other.call("health.watch"), "dashboard.max_subscribers")
        wait_for(lambda: n_streams(daemon) == 4, "its place to be free")
        other.call("health.watch")


def test_large_beginnings_are_bounded(t):
    """Histories that nobody reads add up to no more than memory.streams_bytes."""
    daemon = t.start(settings={**PATIENT, "memory.streams_bytes": 2 * MIB})
    for at in range(20):
        names = [{"name": f"long.{'x' * 150}.n{i}", "value": 1 / 3 + i, "t_us": now_us() - at * SECOND_US} for i in range(150)]
        daemon.call("metrics.record", {"samples": names})
    with contextlib.ExitStack() as stack:
        talks = [stack.enter_context(Talk(daemon.websocket(receive_buffer_bytes=4096))) for _ in range(60)]
        refused = None
        for number, talk in enumerate(talks):
            try:
                talk.watch('{__name__=~"long.*"}', SECOND_US, history_us=(600 - number) * SECOND_US)
            except RpcError as error:
                refused = error
                break
        assert refused is not None and refused.status == "RESOURCE_EXHAUSTED", refused
        contains(refused.message, "memory.streams_bytes")
        assert number > 1, "some have their place"
        memory = daemon.call("status.get")["memory"]["streams"]
        assert MIB < memory["used_bytes"] < 4 * MIB, memory
    wait_for(lambda: daemon.call("status.get")["memory"]["streams"]["used_bytes"] < MIB, "them to be forgotten")


# ---- slow readers


def test_newest_wins(t):
    """Beside a reader that gets everything: what the slow one misses is exactly what it is told."""
    daemon = t.start(settings=PATIENT)
    names = [{"name": f"wide.{'x' * 120}.n{i}", "value": i} for i in range(200)]
    for connection in (daemon.websocket(receive_buffer_bytes=4096), daemon.peer()):
        with Talk(connection) as slow, Talk(daemon.websocket()) as fast:
            if isinstance(connection, Peer):
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow_stream, fast_stream = slow.watch('{__name__=~"wide.*"}'), fast.watch('{__name__=~"wide.*"}')
            frames, n_missed = [], {}  # what came to the fast one, and what it missed before each: on a busy machine it does too

            def take():
                params = fast.next(fast_stream)
                frames.append(params["value"]["t_us"])
                n_missed[frames[-1]] = params.get("dropped", 0)
                return len(json.dumps(params))

            take()
            missed = 0
            seen = [slow.next(slow_stream)]
            # pauses until so much was sent that no buffer holds it, until some is lost
            while missed == 0:
                sent_bytes = 0
                while sent_bytes < MIB:
                    daemon.call("metrics.record", {"samples": names})
                    sent_bytes += take()
                while seen[-1]["value"]["t_us"] < frames[-1]:
                    seen.append(slow.next(slow_stream))
                    missed += seen[-1].get("dropped", 0)
            while frames[-1] < seen[-1]["value"]["t_us"]:
                take()
            equal([params["seq"] for params in seen], list(range(1, len(seen) + 1)))
            n_compared = 0
            for before, after in zip(seen[1:], seen[2:]):
                begin, end = before["value"]["t_us"], after["value"]["t_us"]
                if begin in n_missed and end in n_missed:
                    equal(sum(1 + n_missed[at] for at in frames if begin < at <= end), 1 + after.get("dropped", 0), f"{after['seq']}")
                    n_compared += 1
            assert n_compared > 0, "no frame came to both"


def kernel_bytes(port):
    """What the kernel holds of each connection's server end, by the client's port."""
    try:
        lines = subprocess.run(["ss", "-tmnH", "state", "all", "sport", "=", f":{port}"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        raise Skip("no ss") from None
    held = {}
    for peer, memory in re.findall(rf":{port}\s+\S+:(\d+)\s+skmem:\(([^)]*)\)", lines.stdout):
        fields = dict(re.findall(r"([a-z]+)(\d+)", memory))
        held[int(peer)] = int(fields["r"]) + int(fields["w"]) + int(fields["f"])
    return held


def resident(daemon):
    """0 under a sanitizer, which keeps what was freed."""
    with open(f"/proc/{daemon.process.pid}/maps", encoding="utf-8") as file:
        if re.search(r"lib[at]san\.so|libclang_rt", file.read()):
            return 0
    with open(f"/proc/{daemon.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def is_ended(connection):
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    return bool(poll.poll(0))


def test_readers_that_never_read(t):
    n_readers = 100
    daemon = t.start(settings={**QUICK, "stream.ping_us": 3600 * SECOND_US, "stream.stall_us": 5 * SECOND_US})
    names = [{"name": f"wide.{'x' * 120}.n{i}", "value": i} for i in range(500)]
    with Talk(daemon.websocket()) as good:
        stream = good.watch('{__name__=~"wide.*"}')
        before = resident(daemon)
        readers = []
        for _ in range(n_readers):
            readers.append(daemon.websocket())
            readers[-1].send_text(json.dumps(request("metrics.watch", {"select": '{__name__=~"wide.*"}', "period_us": 100000})))
        held = []  # by the kernel, at each look
        while not all(is_ended(reader.socket) for reader in readers):
            daemon.call("metrics.record", {"samples": names})
            while len(good.next_value(stream)["values"]) < len(names):
                pass
            held.append(kernel_bytes(daemon.address[1]))
            grown = resident(daemon) - before
            assert grown < n_readers * MIB // 2, f"{grown} bytes of ours for {n_readers}"
        assert max(map(len, held)) > n_readers, "ss shows each of them"
        most_kernel = max(max(look.values()) for look in held)
        assert 4096 < most_kernel < MIB // 2, f"{most_kernel} bytes of the kernel for one"
        orfeas_test.diagnose(f"{most_kernel} bytes of the kernel for one, at most")
        ports = {reader.socket.getsockname()[1] for reader in readers}
        # what they did not read is not kept by the kernel either, once they are closed
        left = {port: kept for port, kept in kernel_bytes(daemon.address[1]).items() if port in ports and kept > 4096}
        equal(left, {})
        equal(n_streams(daemon), 1)
        for reader in readers:
            reader.close()
        for _ in range(3):
            good.next(stream)


def test_a_unix_reader_that_never_reads(t):
    daemon = t.start(settings={**QUICK, "stream.stall_us": 5 * SECOND_US})
    with daemon.peer() as peer:
        for number in range(20):
            peer.send_text(json.dumps(request("metrics.watch", {"select": ALL, "period_us": 100000}, request_id=number)))
        wait_for(lambda: n_streams(daemon) == 20, "the streams")
        wait_for(lambda: n_streams(daemon) == 0, "their end")


def test_pings(t):
    settings = {**QUICK, "stream.ping_us": 200000, "stream.pong_us": 5 * SECOND_US}
    daemon = t.start(settings=settings)
    with daemon.websocket() as mute, Talk(daemon.websocket()) as good:
        mute.send_text(json.dumps(request("metrics.watch", {"select": ALL})))
        stream = good.watch()
        opcodes = set()
        with reading(good):
            while (frame := mute.receive_frame()) is not None:  # reads all, and says nothing
                opcodes.add(frame[0])
        equal(opcodes >= {1, 9}, True, str(opcodes))
        for _ in range(20):
            good.next(stream)


def test_pings_follow_the_config(t):
    text = "[gpu]\nbackends=simulated\n[host]\nsample_us=100000\n[stream]\nping_us=%d\npong_us=5000000\n"
    daemon = t.start(config=text % (3600 * SECOND_US))
    with daemon.websocket() as mute, Talk(daemon.websocket()) as good:
        mute.send_text(json.dumps(request("metrics.watch", {"select": ALL})))
        stream = good.watch()
        with open(daemon.config, "w", encoding="utf-8") as file:
            file.write(text % 200000)
        daemon.process.send_signal(signal.SIGHUP)
        with reading(good):
            while mute.receive_frame() is not None:
                pass
        good.next(stream)


# ---- frames


def test_fragments(t):
    daemon = t.start()
    text = json.dumps(request("health.check")).encode()
    with daemon.websocket() as websocket:
        for cut in (0, 1, len(text) // 2, len(text)):
            websocket.send_frame(0x01, text[:cut])
            websocket.send_frame(0x89, b"between")
            websocket.send_frame(0x00, b"")
            websocket.send_frame(0x80, text[cut:])
            equal(websocket.receive_frame(), (10, b"between"))
            contains(websocket.receive_text(), "SERVING")
        for byte in b"".join(frame(text) for _ in range(3)):
            websocket.socket.sendall(bytes([byte]))
        for _ in range(3):
            contains(websocket.receive_text(), "SERVING")


def frame(text):
    return b"\x81" + (bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")) + b"\0\0\0\0" + text


def test_largest_message(t):
    daemon = t.start()
    text = json.dumps(request("health.check")).encode()
    text += b" " * (MIB - len(text))
    with daemon.websocket() as websocket:
        websocket.send_text(text)
        contains(websocket.receive_text(), "SERVING")
        websocket.send_frame(0x01, text[:5])
        websocket.send_frame(0x80, text[5:])
        contains(websocket.receive_text(), "SERVING")
        websocket.send_frame(0x81, text + b" ")
        equal(websocket.closed_with(), 1009)
    with daemon.websocket() as websocket:
        websocket.send_frame(0x01, text)
        websocket.send_frame(0x80, b" ")
        equal(websocket.closed_with(), 1009)


# ---- calls


def test_200_calls_at_once(t):
    daemon = t.start()
    for i in range(200):
        record(daemon, f"each.n{i}", i)
    with daemon.websocket() as websocket:
        calls = [request("metrics.query", {"select": f"each.n{i}"}, request_id=i) for i in range(200)]
        websocket.socket.sendall(b"".join(frame(json.dumps(call).encode()) for call in calls))
        answers = {}
        while len(answers) < 200:
            answer = json.loads(websocket.receive_text())
            answers[answer["id"]] = answer["result"]["series"]
        for i in range(200):
            equal([(one["name"], one["points"][0][1]) for one in answers[i]], [(f"each.n{i}", i)])


def test_a_flood_of_small_messages(t):
    """Ten thousand empty ones, each owed an error, behind the handshake and by a client that does not read."""
    daemon = t.start(settings={"websocket.max_queue_bytes": 65536, "websocket.max_in_flight": 4})
    before = daemon.call("status.get")["memory"]["streams"]["used_bytes"]
    n_messages = 10000
    with daemon.websocket(receive_buffer_bytes=4096) as websocket:
        websocket.socket.setblocking(False)
        flood, sent = frame(b"") * n_messages, 0
        with contextlib.suppress(BlockingIOError):
            while sent < len(flood):
                sent += websocket.socket.send(flood[sent:])
        websocket.socket.settimeout(orfeas_test.PATIENCE_S)
        held = 0
        for _ in range(30):  # as the daemon counts it, twice a second
            held = max(held, daemon.call("status.get")["memory"]["streams"]["used_bytes"] - before)
            wait_for(lambda at=now_us(): now_us() - at > 50000, "a while")
        assert held < 65536 * 4, f"{held} bytes are held"
        answers = 0
        while answers < n_messages:
            if sent < len(flood):
                sent += websocket.socket.send(flood[sent : sent + 600])
            for _ in range(min(100, n_messages - answers)):
                equal(json.loads(websocket.receive_text())["error"]["code"], -32700)
                answers += 1


def test_cancel_by_websocket(t):
    daemon = t.start()
    with daemon.websocket(headers=as_admin(t)) as websocket:
        check, cancel = request("db.check", request_id="check"), request("rpc.cancel", {"id": "check"}, request_id="cancel")

        def cancels():
            """Unless the check was done before."""
            websocket.socket.sendall(frame(json.dumps(check).encode()) + frame(json.dumps(cancel).encode()))
            answers = {one["id"]: one for one in (json.loads(websocket.receive_text()) for _ in range(2))}
            if not answers["cancel"]["result"]["cancelled"]:
                return False
            equal(answers["check"]["error"]["data"]["status"], "CANCELLED")
            return True

        wait_for(cancels, "one to be cancelled")
        websocket.send_text(json.dumps(request("rpc.cancel", {"id": "check"})))
        equal(json.loads(websocket.receive_text())["result"], {"cancelled": False})


# ---- those who go


def reset(websocket):
    websocket.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    websocket.close()


def is_quiet(daemon):
    return daemon.call("status.get")["memory"]["rpc"]["used_bytes"] < 65536 and n_streams(daemon) == 0


def test_clients_that_go(t):
    """In the midst of a frame, of a call, of a close; by a reset or not."""
    daemon = t.start(settings=QUICK)
    admin = as_admin(t)
    check, watch = frame(json.dumps(request("db.check")).encode()), frame(json.dumps(request("metrics.watch", {"select": ALL})).encode())
    for leave in (reset, lambda websocket: websocket.close()):
        for text in (b"", b"\x81", watch[:-5], watch + watch[:9], check * 50, watch * 30, check + watch + b"\x88\x82\0\0\0\0\x03\xe8",
                     b"\x88\x80\0\0\0\0" + watch, b"\x81\xff" + (1 << 62).to_bytes(8, "big") + b"maskx", b"\x01\xfe\xff\xff\0\0\0\0" + b"x" * 65535):
            websocket = daemon.websocket(headers=admin)
            websocket.socket.sendall(text)
            leave(websocket)
    for path in ("/rpc", "/ws/metrics"):
        for _ in range(20):
            reset(daemon.websocket(path))
    wait_for(lambda: is_quiet(daemon), "what they left to be gone")
    equal(daemon.call("health.check"), {"serving": "SERVING"})


def test_opened_and_closed(t):
    """Two thousand of them leave no descriptor and no growing memory."""
    daemon = t.start(settings=QUICK)

    def open_and_close(count):
        for number in range(count):
            websocket = daemon.websocket("/ws/metrics" if number % 4 == 3 else "/rpc")
            if number % 4 == 3:
                contains(websocket.receive_text(), "metrics_update")
            else:
                websocket.send_text(json.dumps(request("metrics.watch", {"select": "host.cpu.used_percent"})))
                contains(websocket.receive_text(), '"result"')
            if number % 2 == 0:
                websocket.send_frame(0x88, b"\x03\xe8")
                equal(websocket.closed_with(), 1000)
            websocket.close()
        wait_for(lambda: n_streams(daemon) == 0, "their end")

    open_and_close(500)
    n_before, before = daemon.n_descriptors(), resident(daemon)
    open_and_close(1500)
    wait_for(lambda: daemon.n_descriptors() <= n_before, f"descriptors to be closed, beyond {n_before}")
    grown = resident(daemon) - before
    assert grown < 8 * MIB, f"{grown} bytes more after 1,500 of them"


def test_the_end_with_200_subscribers(t):
    """Those that read are told 1001; those that do not, and those in the midst of a frame, hold nothing up."""
    daemon = t.start(settings=PATIENT)
    readers = [daemon.websocket("/ws/metrics" if number % 2 else "/rpc") for number in range(200)]
    for reader in readers[::2]:
        reader.send_text(json.dumps(request("metrics.watch", {"select": ALL, "period_us": 100000})))
        contains(reader.receive_text(), '"result"')
    for reader in readers:
        assert reader.receive_text() is not None
    deaf = [daemon.websocket(receive_buffer_bytes=4096) for _ in range(5)]
    for reader in deaf:
        for _ in range(20):
            reader.send_text(json.dumps(request("rpc.discover")))
    midway = daemon.websocket()
    midway.socket.sendall(b"\x81\xfe\x10\x00")
    begun_us = now_us()
    daemon.process.send_signal(signal.SIGTERM)
    for reader in readers:
        equal(reader.closed_with(), 1001)
        reader.close()
    equal(midway.closed_with(), 1001)
    equal(daemon.process.wait(orfeas_test.PATIENCE_S), 0)
    orfeas_test.diagnose(f"ended after {(now_us() - begun_us) // 1000} ms")
    for reader in [*deaf, midway]:
        reader.close()


orfeas_test.main()
