#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's python3-websockets against the daemon's WebSocket, and our client against its server."""

import asyncio
import contextlib
import json
import threading

import orfeas
import orfeas_test
from orfeas_test import PATIENCE_S, Skip, contains, equal, request, wait_for

try:
    import websockets
    from websockets.exceptions import ConnectionClosed, WebSocketException
    from websockets.frames import Frame, Opcode
except ImportError:
    websockets = None

LIMIT = 100000


def connect(daemon, path="/rpc", **options):
    """Offers permessage-deflate, as that library does of itself."""
    return websockets.connect(daemon.ready["http"].replace("http:", "ws:") + path, max_size=2**26, ping_interval=None, **options)


def run(function, *arguments):
    if websockets is None:
        raise Skip("no python3-websockets; script/bootstrap --test installs it")
    return asyncio.run(asyncio.wait_for(function(*arguments), PATIENCE_S * 2))


async def receive(socket):
    return json.loads(await asyncio.wait_for(socket.recv(), PATIENCE_S))


async def ask(socket, message):
    await socket.send(message if isinstance(message, str) else json.dumps(message))
    return await receive(socket)


async def closed_with(socket):
    """The code of the daemon's Close frame."""
    try:
        while True:
            await asyncio.wait_for(socket.recv(), PATIENCE_S)
    except ConnectionClosed as error:
        assert error.rcvd is not None, "the connection ended without a close frame"
        return error.rcvd.code


async def refusal(daemon, **options):
    """The HTTP status of a handshake that is not taken."""
    try:
        async with connect(daemon, **options):
            raise AssertionError("it was taken")
    except WebSocketException as error:
        response = getattr(error, "response", error)
        return response.status_code


# ---- calls


async def calls(daemon):
    async with connect(daemon) as socket:
        equal(list(socket.extensions) if hasattr(socket, "extensions") else [], [], "no extension is taken")
        equal(socket.subprotocol, None)
        equal((await ask(socket, request("health.check")))["result"], {"serving": "SERVING"})
        equal((await ask(socket, "nonsense"))["error"]["code"], -32700)
        answers = await ask(socket, [request("no.such", request_id="a"), request("health.check", request_id=2)])
        equal([answer["id"] for answer in answers], ["a", 2], "a batch is answered in its order")
        await socket.send(json.dumps({"jsonrpc": "2.0", "method": "health.check"}))
        for i in range(500):
            await socket.send(json.dumps(request("health.check", request_id=i)))
        equal(sorted([(await receive(socket))["id"] for _ in range(500)]), list(range(500)))


def test_calls(t):
    run(calls, t.start())


async def subprotocol(daemon):
    async with connect(daemon, subprotocols=["chat", "jsonrpc"]) as socket:
        equal(socket.subprotocol, "jsonrpc")
        equal((await ask(socket, request("health.check")))["result"], {"serving": "SERVING"})


def test_subprotocol(t):
    run(subprotocol, t.start())


async def fragments(daemon):
    text = json.dumps(request("health.check", {"service": "größe"}), ensure_ascii=False)
    async with connect(daemon) as socket:
        for size in (1, 2, 7):
            answer = await ask_fragments(socket, [text[at : at + size] for at in range(0, len(text), size)])
            contains(answer["error"]["message"], "größe")
        # an empty first and last one, and a ping between
        socket.transport.write(Frame(Opcode.TEXT, b"", fin=False).serialize(mask=True))
        socket.transport.write(Frame(Opcode.PING, b"between").serialize(mask=True))
        socket.transport.write(Frame(Opcode.CONT, text.encode()[:9], fin=False).serialize(mask=True))
        socket.transport.write(Frame(Opcode.CONT, text.encode()[9:], fin=False).serialize(mask=True))
        socket.transport.write(Frame(Opcode.CONT, b"").serialize(mask=True))
        contains((await receive(socket))["error"]["message"], "größe")


async def ask_fragments(socket, parts):
    await socket.send(parts)
    return await receive(socket)


def test_fragments(t):
    run(fragments, t.start())


async def pings(daemon):
    async with connect(daemon) as socket:
        for payload in (b"", b"x", b"y" * 125):
            await asyncio.wait_for(await socket.ping(payload), PATIENCE_S)
        equal((await ask(socket, request("health.check")))["result"], {"serving": "SERVING"})


def test_pings(t):
    run(pings, t.start())


async def large(daemon):
    async with connect(daemon) as socket:
        answer = await ask(socket, request("rpc.discover"))
        assert len(answer["result"]["methods"]) > 50
        answer = await ask(socket, request("health.check", {"service": "x" * (LIMIT - 200)}))
        equal(answer["error"]["data"]["field"], "service", "as long as may be")


def test_large_messages(t):
    run(large, t.start(settings={"websocket.max_message_bytes": LIMIT}))


# ---- what is refused


async def refused(daemon, expected, frames):
    async with connect(daemon) as socket:
        equal((await ask(socket, request("health.check")))["result"], {"serving": "SERVING"})
        for frame in frames:
            socket.transport.write(frame if isinstance(frame, bytes) else frame.serialize(mask=True))
        code = await closed_with(socket)
        assert code in expected, f"{code}, not {expected}: {frames!r:.100}"


def test_binary(t):
    run(refused, t.start(), [1003], [Frame(Opcode.BINARY, b"{}")] if websockets else [])


def test_not_utf8(t):
    daemon = t.start()
    for data in (b"\xff", b'"\xc3"', b"\xed\xa0\x80", b"\xf4\x90\x80\x80"):
        run(refused, daemon, [1007], [Frame(Opcode.TEXT, data)] if websockets else [])
    run(refused, daemon, [1007], [Frame(Opcode.TEXT, b"\xe2\x82", fin=False), Frame(Opcode.CONT, b"\x28")] if websockets else [])


def test_too_big(t):
    daemon = t.start(settings={"websocket.max_message_bytes": LIMIT})
    if websockets is None:
        raise Skip("no python3-websockets")
    run(refused, daemon, [1009], [Frame(Opcode.TEXT, b" " * (LIMIT + 1))])
    run(refused, daemon, [1009], [b"\x81\xff\x00\x00\x00\x00\x40\x00\x00\x00maskx"])  # a GiB to come, not waited for
    half = b" " * (LIMIT // 2 + 1)
    run(refused, daemon, [1009], [Frame(Opcode.TEXT, half, fin=False), Frame(Opcode.CONT, half, fin=False)])
    before = daemon.call("status.get")["self"]["rss_bytes"]
    assert before < 2**29, before


def test_wrong_frames(t):
    daemon = t.start()
    for frame in (b"\x81\x05Hello", b"\xc1\x80mask", b"\x83\x80mask", b"\x80\x80mask", b"\x09\x80mask",
                  b"\x89\xfe\x00\x7emask" + bytes(126), b"\x81\xfe\x00\x7dmask" + bytes(125)):
        run(refused, daemon, [1002], [frame])


async def handshakes(daemon):
    equal(await refusal(daemon, origin="http://evil.example"), 403)
    equal(await refusal(daemon, path="/nowhere"), 404)
    equal(await refusal(daemon, extra_headers={"Authorization": "Bearer nonsense"}) if websockets.__version__ < "14" else 401, 401)
    async with connect(daemon, origin=daemon.ready["http"]) as socket:
        equal((await ask(socket, request("health.check")))["result"], {"serving": "SERVING"})


def test_handshakes(t):
    run(handshakes, t.start())


# ---- streams


async def streams(daemon):
    async with connect(daemon) as socket:
        stream = (await ask(socket, request("metrics.watch", {"select": "host.cpu.used_percent", "period_us": 100000})))["result"]["stream"]
        seen = []
        while len(seen) < 3:
            message = await receive(socket)
            equal((message["method"], message["params"]["stream"]), ("stream.next", stream))
            seen.append(message["params"])
        assert [one["seq"] for one in seen] == sorted({one["seq"] for one in seen}), seen
        assert seen[0]["value"]["t_us"] < seen[-1]["value"]["t_us"], seen
        await socket.send(json.dumps(request("stream.cancel", {"stream": stream}, request_id="stop")))
        last = []
        while len(last) < 2:
            message = await receive(socket)
            if message.get("method") != "stream.next":
                last.append(message)
        contains(json.dumps(last), "CANCELLED")
        contains(json.dumps(last), '"stop"')


def test_streams(t):
    run(streams, t.start())


async def dashboard(daemon):
    async with connect(daemon, path="/ws/metrics") as socket:
        first = await receive(socket)
        equal((first["type"], type(first["history"])), ("metrics_update", list))
        second = await receive(socket)
        equal((second["type"], "history" in second), ("metrics_update", False))
        assert second["timestamp_us"] > first["timestamp_us"] and isinstance(second["metrics"], dict)


def test_dashboard(t):
    run(dashboard, t.start())


async def goodbye(daemon):
    async with connect(daemon) as socket:
        await ask(socket, request("health.check"))
        daemon.process.send_signal(orfeas_test.signal.SIGTERM)
        equal(await closed_with(socket), 1001, "the server goes")


def test_goodbye(t):
    run(goodbye, t.start())


# ---- our client, and their server


class Server:
    """Echoes the service it is asked for, in fragments, with pings all the time."""

    def __init__(self):
        self.ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve()), daemon=True)
        self.thread.start()
        assert self.ready.wait(PATIENCE_S)

    async def serve(self):
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        async with websockets.serve(self.talk, "127.0.0.1", 0, subprotocols=["jsonrpc"], ping_interval=0.01) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            self.ready.set()
            await self.stop.wait()

    async def talk(self, socket, *_):
        with contextlib.suppress(ConnectionClosed):
            async for text in socket:
                asked = json.loads(text)
                answer = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": asked["params"]["service"]}, ensure_ascii=False)
                await socket.send([answer[:5], answer[5:20], answer[20:]])

    def end(self):
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(PATIENCE_S)


def test_our_client_with_their_server(t):
    if websockets is None:
        raise Skip("no python3-websockets")
    server = Server()
    with orfeas.connect(f"ws://127.0.0.1:{server.port}", retries=0, timeout=PATIENCE_S) as client:
        for service in ("größe", "x" * 125, "x" * 70000, "€" * 300000, ""):
            equal(client.call("echo", {"service": service}), service)
        session = client._caller._calls._session
        for number in range(50):
            equal(client.call("echo", {"service": str(number)}), str(number))
        assert session is client._caller._calls._session, "one connection served all"
        server.end()
        try:
            client.call("echo", {"service": ""})
        except orfeas.ConnectionLost:
            pass
        else:
            raise AssertionError("the server had gone")


orfeas_test.main()
