#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Floods of each kind: the right refusal, memory that stays, and others who are served as before."""

import collections
import contextlib
import gzip
import json
import os
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import time

import orfeas_torture  # first: it knows where the harness is

import polite

LONG_S, SHORT_S = 5, 0.3  # of one flood
PATIENCE_S = 60
ANSWER_S = 30  # of one answer: a sanitized daemon reads 65,536 names for seconds
MIB = 1 << 20
HEAD = b"POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
UPGRADE = (b"GET /rpc HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
PAGE = b"GET /openrpc.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
# of g_str_hash, h = h * 33 + c, "Ez" and "FY" are one
COLLIDING = ["".join(("Ez", "FY")[number >> bit & 1] for bit in range(16)) for number in range(65536)]


def masked(first, data, size=None):
    size = len(data) if size is None else size
    head = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size) if size < 65536 else b"\xff" + struct.pack(">Q", size)
    return bytes([first]) + head + b"\0\0\0\0" + data


def connect(address, receive_bytes=None):
    connection = socket.socket()
    connection.settimeout(ANSWER_S)
    if receive_bytes:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    connection.connect(address)
    return connection


def upgraded(address, receive_bytes=None):
    connection = connect(address, receive_bytes)
    connection.sendall(UPGRADE)
    answer = connection.recv(4096)
    assert b" 101 " in answer and b"deflate" not in answer, answer[:200]
    return connection


def word(data):
    """What an answer says: a status, a close code, a JSON-RPC error."""
    if data.startswith(b"HTTP/1.1 "):
        status = int(data[9:12])
        if status == 200 and b'"error"' in data:
            return json.loads(data.partition(b"\r\n\r\n")[2])["error"]["data"]["status"]
        return status
    if data[:1] == b"\x88":
        return f"close {int.from_bytes(data[2:4], 'big')}"
    return "closed" if not data else "bytes"


def told(connection):
    """What the other end says last, if anything."""
    try:
        return word(connection.recv(65536))
    except ConnectionResetError:
        return "reset"
    except TimeoutError:
        return "silence"


def once(address, data):
    """Sends it all, unless the other end closes before, and what it says to it."""
    with connect(address) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(data)
        return told(connection)


def again(make):
    """A flood of what make(address) does, over and over; it says what came of it."""
    def run(address, until):
        seen = collections.Counter()
        while time.monotonic() < until:
            seen[make(address)] += 1
        return seen

    return run


def endless(opening, piece, awaited=frozenset()):
    """A flood of connections that never stop to send; a connection that is told something is begun anew.

    Until one was told what is awaited, it goes on for up to PATIENCE_S more.
    """
    def run(address, until):
        seen = collections.Counter()

        def going():
            return time.monotonic() < (until if not awaited or awaited & set(seen) else until + PATIENCE_S)

        while going():
            with opening(address) as connection:
                connection.settimeout(0.5)
                try:
                    while going() and not select.select([connection], [], [], 0)[0]:
                        connection.sendall(piece)
                except TimeoutError:
                    seen["no more is read"] += 1
                except OSError:
                    pass
                connection.settimeout(2)
                seen[told(connection) if going() else "ours to end"] += 1
        return seen

    return run, awaited


def opened(data):
    def opening(address):
        connection = connect(address)
        connection.sendall(data)
        return connection

    return opening


def unread_pings(address, until):
    """Pings of 125 bytes whose pongs nobody reads."""
    seen = collections.Counter()
    connection = upgraded(address, 4096)
    connection.settimeout(0.2)
    while time.monotonic() < until:
        try:
            connection.sendall(masked(0x89, b"p" * 125) * 500)
            seen["taken"] += 500
        except TimeoutError:
            seen["no more is read"] += 1
        except OSError:
            seen["closed"] += 1
            connection.close()
            connection = upgraded(address, 4096)
            connection.settimeout(0.2)
    connection.close()
    return seen


def unread_answers(address, until):
    """Answers of 150 KB each, of which a reader takes a byte now and then."""
    seen, crowd = collections.Counter(), []
    for _ in range(100):
        crowd.append(connect(address, 4096))
        crowd[-1].settimeout(0)
    while time.monotonic() < until:
        for connection in crowd:
            try:
                connection.send(PAGE * 10)
                seen["asked"] += 10
                connection.recv(1)
            except BlockingIOError:
                seen["no more is read"] += 1
            except OSError:
                seen["closed"] += 1
        time.sleep(0.05)
    for connection in crowd:
        connection.close()
    return seen


def lies(address, until):
    """Heads that promise 16 MiB, of which a KiB comes; the connections stay."""
    seen, crowd = collections.Counter(), []
    while time.monotonic() < until:
        connection = connect(address)
        with contextlib.suppress(OSError):
            connection.sendall(HEAD + b"Content-Length: 16777216\r\n\r\n" + b" " * 1024)
        crowd.append(connection)
        seen["begun"] += 1
        if len(crowd) > 500:
            crowd.pop(0).close()
        seen[once(address, HEAD + b"Content-Length: 99999999999\r\n\r\n")] += 1
    for connection in crowd:
        connection.close()
    return seen


def storm(address, until):
    """Connections that come and go, each with nothing, half a head, or a call."""
    seen = collections.Counter()
    texts = (b"", HEAD[:20], HEAD + b"Content-Length: 2\r\n\r\n[]")
    while time.monotonic() < until:
        crowd = []
        for number in range(200):
            connection = socket.socket()
            connection.settimeout(0)
            connection.connect_ex(address)
            crowd.append((connection, texts[number % 3]))
        for connection, text in crowd:
            with contextlib.suppress(OSError):
                connection.send(text)
            connection.close()
            seen["came and went"] += 1
    return seen


def crowd_that_stays(address, until):
    """As many connections as may be, and half as many more: they say nothing, and stay."""
    seen, crowd = collections.Counter(), []
    while time.monotonic() < until:
        if len(crowd) < 900:  # beside our own limit
            connection = socket.socket()
            connection.settimeout(0)
            connection.connect_ex(address)
            crowd.append(connection)
            seen["held"] += 1
        else:
            time.sleep(0.01)
    for connection in crowd:
        connection.close()
    return seen


def slowhttptest(*options):
    """That program, which others test servers with."""
    def run(address, until):
        if shutil.which("slowhttptest") is None:
            return {"no slowhttptest": 1}
        left = max(1, int(until - time.monotonic()))
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["slowhttptest", *options, "-c", "400", "-r", "400", "-l", str(left), "-p", "2", "-u", f"http://{address[0]}:{address[1]}/openrpc.json",
                            "-g", "-o", os.path.join(folder, "out")], capture_output=True, timeout=left + 30, check=False, cwd=folder)
            with open(os.path.join(folder, "out.csv"), encoding="ascii") as file:
                last = file.read().splitlines()[-1].split(",")
        return {"closed": int(last[1]), "connected": int(last[3]), "others not served": int(last[4] == "0")}

    return run


def fragments_beyond(address):
    with upgraded(address) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(masked(0x01, b" " * 1000))
            connection.sendall(masked(0x00, b" " * 1000) * 1100)
        return told(connection)


def begun_fragment(address):
    connection = upgraded(address)
    connection.sendall(masked(0x01, b" "))
    return connection


def deflated(address):
    with upgraded(address) as connection:
        connection.sendall(masked(0xC1, b"\0" * 60000))
        return told(connection)


def bomb(path, kind):
    packed = gzip.compress(b"\n" + b"\0" * (256 * MIB))
    data = (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Encoding: gzip\r\nConnection: close\r\n"
            f"Content-Length: {len(packed)}\r\n\r\n").encode() + packed
    return again(lambda address: once(address, data))


def rpc(call):
    text = json.dumps({"jsonrpc": "2.0", "id": 1, **call}).encode()
    return HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(text) + text


def otlp_names():
    attributes = [{"key": name, "value": {"stringValue": "v"}} for name in COLLIDING]
    span = {"traceId": "0" * 31 + "1", "spanId": "0" * 15 + "1", "name": "a", "startTimeUnixNano": "1", "endTimeUnixNano": "2", "attributes": attributes}
    text = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
    return b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(text) + text


RANGES = b"GET /openrpc.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nRange: bytes=" + b",".join(b"%d-" % i for i in range(1000)) + b"\r\n\r\n"

# name: (the flood, of what there has to be some in its answers; empty: nothing)
FLOODS = {
    "fragments": endless(upgraded, masked(0x01, b" " * 16) + masked(0x00, b" " * 16) * 200, {"close 1002"}),
    "fragments without end": (again(fragments_beyond), {"close 1009"}),
    "empty fragments": endless(begun_fragment, masked(0x00, b"") * 500),
    "deflate": (again(deflated), {"close 1002"}),
    "unread pings": (unread_pings, set()),
    "gzip bombs of traces": (bomb("/v1/traces", "application/x-protobuf"), {413}),
    "gzip bombs of metrics": (bomb("/v1/metrics", "application/json"), {413}),
    "endless chunks": endless(opened(HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), (b"4000\r\n" + b" " * 0x4000 + b"\r\n") * 4, {413, 503}),
    "endless chunks of a byte": endless(opened(HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), b"1\r\n \r\n" * 2000),
    "endless head": endless(opened(b"GET / HTTP/1.1\r\n"), b"X: " + b"y" * 4000 + b"\r\n", {431}),
    "lies": (lies, {413}),
    "colliding names of a call": (again(lambda address, data=rpc({"method": "status.get", "params": dict.fromkeys(COLLIDING, 1)}): once(address, data)), {"INVALID_ARGUMENT"}),
    "colliding labels": (again(lambda address, data=rpc({"method": "metrics.record", "params": {"samples": [
        {"name": "a", "labels": dict.fromkeys(COLLIDING, "v"), "value": 1}]}}): once(address, data)), {"INVALID_ARGUMENT"}),
    "colliding attributes": (again(lambda address, data=otlp_names(): once(address, data)), {200, 429, 503}),
    "ranges": (again(lambda address: once(address, RANGES)), {200}),
    "unread answers": (unread_answers, set()),
    "connection storm": (storm, set()),
    "crowd that stays": (crowd_that_stays, set()),
    "slow heads": (slowhttptest("-H", "-i", "1"), set()),
    "slow bodies": (slowhttptest("-B", "-i", "1", "-s", "8192"), set()),
    "slow ranges": (slowhttptest("-R", "-b", "5000", "-t", "HEAD"), set()),
    "slow readers": (slowhttptest("-X", "-k", "10", "-n", "1", "-z", "32"), set()),
}


def run(torture):
    daemon = torture.daemon(settings={"gpu.sample_us": 1000000})
    torture.start(daemon)
    names = list(FLOODS)
    long = torture.seconds is not None
    chosen = os.environ.get("ORFEAS_FLOOD")  # one of them alone
    for number in torture.rounds():
        name = chosen or names[number % len(names)]
        function, expected = FLOODS[name]
        seen = polite.flood(torture, daemon, name, function, LONG_S if long else SHORT_S, {polite.GROWTH, *(polite.TIMES if long else ())})
        torture.count("floods")
        torture.check(not expected or expected & set(seen), f"{name}: none of {expected} in {dict(seen)}")


orfeas_torture.main(run, rounds=len(FLOODS))
