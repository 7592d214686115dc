#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""RFC 6455 frame by frame, after the classes of the Autobahn suite, by a client of our own that can send anything.

A case is the bytes that are sent and what has to come back: the calls that are answered, the pongs, and the code that the
daemon closes with. Each is sent whole, and byte by byte where it is short.
"""

import json
import os
import random
import socket
import struct

import orfeas_test
from orfeas_test import Shared, WebSocket, equal

LIMIT = 200000
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FIN = 0x80
BYTE_BY_BYTE = 300  # what is no longer is sent so too

shared = Shared(lambda t: t.start(settings={"websocket.max_message_bytes": LIMIT}))


def frame(opcode, data=b"", fin=True, rsv=0, mask=b"\x37\xfa\x21\x3d", size=None, width=None):
    """size: what the head says, width: of the length in bits, where they are not what they should be."""
    size = len(data) if size is None else size
    width = width or (7 if size < 126 else 16 if size < 65536 else 64)
    masked = FIN if mask else 0
    head = bytes([(FIN if fin else 0) | rsv << 4 | opcode])
    head += bytes([masked | size]) if width == 7 else bytes([masked | 126]) + struct.pack(">H", size) if width == 16 else bytes([masked | 127]) + struct.pack(">Q", size)
    if not mask:
        return head + data
    key = int.from_bytes((mask * (len(data) // 4 + 1))[: len(data)], "big")
    return head + mask + (int.from_bytes(data, "big") ^ key).to_bytes(len(data), "big")


def call(text=b"x", size=None):
    """A call that is answered with its id, which makes an echo of it; as many bytes as wanted."""
    start, end = b'{"jsonrpc":"2.0","method":"health.check","id":"', b'"}'
    return start + text + end + b" " * ((size or 0) - len(start) - len(text) - len(end))


def parts(data, *cuts, between=b""):
    """In fragments, cut at each of those places, and what stands between each two."""
    places = [0, *cuts, len(data)]
    pieces = [data[a:b] for a, b in zip(places, places[1:])]
    return between.join(frame(CONT if i else TEXT, piece, fin=i == len(pieces) - 1) for i, piece in enumerate(pieces))


def close(code=None, reason=b""):
    return frame(CLOSE, (struct.pack(">H", code) if code is not None else b"") + reason)


class Seen:
    """What came back: ids of answers, payloads of pongs, the code of the close (0: an empty one; None: none)."""

    def __init__(self, connection):
        self.connection = connection
        self.ids, self.pongs, self.code = [], [], None

    def read(self, n=None):
        """As many answers and pongs, or up to the end; FALSE: it has come."""
        while n is None or len(self.ids) + len(self.pongs) < n:
            received = self.connection.receive_frame()
            if received is None:
                return False
            opcode, data = received
            if opcode == TEXT:
                self.ids.append(json.loads(data)["id"])
            elif opcode == PONG:
                self.pongs.append(data)
            elif opcode == CLOSE:
                assert self.code is None, "two closes"
                self.code = int.from_bytes(data[:2], "big")
                data[2:].decode()
        return True


def send(connection, data, step):
    try:
        for at in range(0, len(data), step):
            connection.socket.sendall(data[at : at + step])
    except OSError:
        pass  # it closed at the first fault


def converse(sent, step, n, goodbye):
    """Sends it, awaits as many answers, says goodbye where that is asked for, and reads to the end."""
    with WebSocket(shared.get()) as connection:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # each byte its own packet
        seen = Seen(connection)
        send(connection, sent, step)
        if goodbye and seen.read(n):
            send(connection, close(1000), step)
        seen.read()
        return seen.ids, seen.pongs, seen.code


def check(name, sent, ids=(), pongs=(), code=1000, goodbye=True):
    """code: what it is closed with; where it is 1000 the client says goodbye, once all is answered."""
    expected, wrong = ([*ids], [*pongs], code), []
    for step in (len(sent) + 1, 1) if len(sent) <= BYTE_BY_BYTE else (len(sent),):
        try:
            found = converse(sent, step, len(ids) + len(pongs), goodbye and code == 1000)
        except (OSError, AssertionError) as error:
            found = repr(error)
        if found != expected:
            wrong.append(f"{name}{' byte by byte' if step == 1 else ''}: {str(found)[:160]}, not {str(expected)[:160]}")
    return wrong


def run(cases):
    wrong = [problem for case in cases for problem in check(*case[:2], **case[2])]
    print(f"# {len(cases)} conversations", flush=True)
    equal(wrong, [])


# ---- 1, 9: sizes


def test_sizes(_):
    cases = [(f"{size} bytes", frame(TEXT, call(size=size)), {"ids": ["x"]}) for size in (60, 125, 126, 127, 128, 65535, 65536, 65537, LIMIT - 1, LIMIT)]
    cases += [(f"{size} bytes", frame(TEXT, call(size=size)), {"code": 1009}) for size in (LIMIT + 1, 4 * LIMIT)]
    cases += [("an empty one", frame(TEXT), {"ids": [None]})]
    cases += [(f"{size} bytes to come", frame(TEXT, b"x", size=size), {"code": 1009}) for size in (LIMIT + 1, 1 << 31, 1 << 40, (1 << 63) - 1)]
    cases += [(f"in fragments of {step}", parts(call(size=65536), *range(step, 65536, step)), {"ids": ["x"]}) for step in (64, 1024, 4096, 32768)]
    cases += [("fragments beyond", parts(call(size=LIMIT + 1), LIMIT // 2), {"code": 1009}),
              ("1,000 messages", frame(TEXT, call()) * 1000, {"ids": ["x"] * 1000})]
    run(cases)


def test_lengths_that_are_not(_):
    """not the shortest form, the highest bit set, none masked"""
    data = call()
    run([
        ("16 bits for 60", frame(TEXT, data, width=16), {"code": 1002}),
        ("64 bits for 60", frame(TEXT, data, width=64), {"code": 1002}),
        ("64 bits for 300", frame(TEXT, call(size=300), width=64), {"code": 1002}),
        ("the highest bit", frame(TEXT, data, size=1 << 63, width=64), {"code": 1002}),
        ("all bits", frame(TEXT, data, size=(1 << 64) - 1, width=64), {"code": 1002}),
        ("not masked", frame(TEXT, data, mask=b""), {"code": 1002}),
        ("a ping that is not masked", frame(PING, b"a", mask=b""), {"code": 1002}),
        ("a mask of zeros", frame(TEXT, data, mask=b"\0\0\0\0"), {"ids": ["x"]}),
        ("a mask of ones", frame(TEXT, data, mask=b"\xff\xff\xff\xff"), {"ids": ["x"]}),
    ])


def test_binary(_):
    run([(f"{len(data)} bytes", frame(BINARY, data), {"code": 1003}) for data in (b"", call(), bytes(range(256)))])


# ---- 2: pings


def test_pings(_):
    run([
        ("empty", frame(PING), {"pongs": [b""]}),
        ("text", frame(PING, b"Hello"), {"pongs": [b"Hello"]}),
        ("bytes", frame(PING, b"\0\xff\xfe\xfd"), {"pongs": [b"\0\xff\xfe\xfd"]}),
        ("125 bytes", frame(PING, b"\xfe" * 125), {"pongs": [b"\xfe" * 125]}),
        ("126 bytes", frame(PING, b"\xfe" * 126), {"code": 1002}),
        ("a pong of 126 bytes", frame(PONG, b"\xfe" * 126), {"code": 1002}),
        ("a ping of 16 bits' length", frame(PING, b"a", width=16), {"code": 1002}),
        ("a pong that nobody asked for", frame(PONG, b"what") + frame(TEXT, call()), {"ids": ["x"]}),
        ("pongs and a ping", frame(PONG) * 3 + frame(PING, b"p"), {"pongs": [b"p"]}),
        ("ten", b"".join(frame(PING, b"%d" % i) for i in range(10)), {"pongs": [b"%d" % i for i in range(10)]}),
    ])


# ---- 3, 4: reserved bits and opcodes


def test_reserved_bits(_):
    run([(f"bits {rsv} of {opcode}", frame(opcode, data, rsv=rsv) + frame(TEXT, call(b"after")), {"code": 1002})
         for rsv in range(1, 8) for opcode, data in ((TEXT, call()), (PING, b"a"), (CLOSE, b""))]
)


def test_opcodes(_):
    run([(f"opcode {opcode}{', empty' if not data else ''}", frame(opcode, data) + frame(TEXT, call()), {"code": 1002})
         for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15) for data in (b"", b"abc")])


# ---- 5: fragments


def test_fragments(_):
    data, ping = call(), frame(PING, b"p")
    whole = {"ids": ["x"]}
    run([
        ("two", parts(data, 20), whole),
        ("an empty first", parts(data, 0), whole),
        ("an empty last", parts(data, len(data)), whole),
        ("empty ones only, and all", parts(data, 0, 0, 0, len(data), len(data)), whole),
        ("one a byte", parts(data, *range(1, len(data))), whole),
        ("a ping between", parts(data, 20, between=ping), {**whole, "pongs": [b"p"]}),
        ("pings between all", parts(data, 10, 20, 30, between=ping * 2), {**whole, "pongs": [b"p"] * 6}),
        ("a pong between", parts(data, 20, between=frame(PONG, b"p")), whole),
        ("a ping in fragments", frame(PING, b"a", fin=False) + frame(CONT, b"b"), {"code": 1002}),
        ("a pong in fragments", frame(PONG, b"a", fin=False) + frame(CONT, b"b"), {"code": 1002}),
        ("a close in fragments", frame(CLOSE, b"\x03\xe8", fin=False), {"code": 1002}),
        ("one that continues nothing", frame(CONT, data), {"code": 1002}),
        ("one that continues nothing, and goes on", frame(CONT, data, fin=False), {"code": 1002}),
        ("one more after the last", parts(b" ", 0) + frame(CONT, b"more"), {"code": 1002}),
        ("a text within", frame(TEXT, data, fin=False) + frame(TEXT, data), {"code": 1002}),
        ("a binary within", frame(TEXT, data, fin=False) + frame(BINARY, data), {"code": 1002}),
        ("a text that goes on within", frame(TEXT, data[:9], fin=False) + frame(TEXT, data[9:], fin=False), {"code": 1002}),
        ("a binary in fragments", frame(BINARY, data[:9], fin=False) + frame(CONT, data[9:]), {"code": 1003}),
        ("a close between", frame(TEXT, data[:9], fin=False) + close(1000) + frame(CONT, data[9:]), {"code": 1000}),
        ("a reserved bit in the second", frame(TEXT, data[:9], fin=False) + frame(CONT, data[9:], rsv=1), {"code": 1002}),
        ("two messages", parts(call(b"a"), 9) + parts(call(b"b"), 30, 40), {"ids": ["a", "b"]}),
    ])


# ---- 6: UTF-8


GOOD = ["\u03ba\u1f79\u03c3\u03bc\u03b5", "\x7f", "\x80", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufffd", "\uffff", "\ufffe", "\U00010000", "\U0001fffe", "\U0010ffff",
        "Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!", "\U0001d306\U0001f4a9" * 10]
BAD = [b"\x80", b"\xbf", b"\x80\xbf" * 3, b"\xc2", b"\xdf ", b"\xe1\x80", b"\xe0\xa0 ", b"\xf1\x80\x80", b"\xf4\x8f\xbf ", b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\xaf", b"\xe0\x9f\xbf",
       b"\xf0\x80\x80\xaf", b"\xf0\x8f\xbf\xbf", b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80", b"\xfe", b"\xff", b"\xfe\xfe\xff\xff", b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xae\x80",
       b"\xed\xbf\xbf", b"\xed\xa0\x80\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf7\xbf\xbf\xbf",
       b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited", b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80edited"]


def test_utf8_that_is(_):
    cases = []
    for text in GOOD:
        data = call(text.encode())
        at = data.index(text.encode())
        cases.append((f"{text!r}", frame(TEXT, data), {"ids": [text]}))
        # cut within each of its characters
        cases += [(f"{text!r} cut at {cut}", parts(data, at + cut), {"ids": [text]}) for cut in range(1, min(len(text.encode()), 8))]
        cases.append((f"{text!r} one a byte", parts(data, *range(1, len(data))), {"ids": [text]}))
        cases.append((f"{text!r} with pings within", parts(data, at + 1, between=frame(PING, b"p")), {"ids": [text], "pongs": [b"p"]}))
    run(cases)


def test_utf8_that_is_not(_):
    cases = []
    for data in BAD:
        cases.append((f"{data!r}", frame(TEXT, call(data)), {"code": 1007}))
        cases.append((f"{data!r} alone", frame(TEXT, data), {"code": 1007}))
        if len(data) > 1:
            cases.append((f"{data!r} cut", parts(data, 1), {"code": 1007}))
        cases.append((f"{data!r} in a second", frame(TEXT, b'"\xc3\xa9', fin=False) + frame(CONT, data), {"code": 1007}))
    cases += [("cut at the end of the message", frame(TEXT, b"\xe2\x82", fin=False) + frame(CONT), {"code": 1007}),
              ("half a character, then another's half", frame(TEXT, b"\xe2\x82", fin=False) + frame(CONT, b"\xc3\xa9"), {"code": 1007})]
    run(cases)


# ---- 7: closing


def test_closes(_):
    after = frame(TEXT, call(b"after")) + frame(PING, b"after")
    run([
        ("with a code", close(1000), {"goodbye": False}),
        ("with a reason", close(1000, b"bye"), {"goodbye": False}),
        ("with a long reason", close(1000, b"*" * 123), {"goodbye": False}),
        ("with a reason beyond ASCII", close(1000, "gr\u00fc\u00df".encode()), {"goodbye": False}),
        ("empty", close(), {"code": 0}),
        ("and calls after it", close(1000) + after, {"goodbye": False}),
        ("twice", close(1000) + close(1000), {"goodbye": False}),
        ("one byte", frame(CLOSE, b"\x03"), {"code": 1002}),
        ("a reason too long", close(1000, b"*" * 124), {"code": 1002}),
        ("a reason that is no UTF-8", close(1000, b"\xce\xba\xed\xa0\x80"), {"code": 1007}),
    ])


def test_codes(_):
    cases = []
    for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999):
        cases.append((f"code {code}", close(code, b"why"), {"code": code, "goodbye": False}))
    for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
        cases.append((f"code {code}", close(code, b"why"), {"code": 1002}))
    run(cases)


# ---- the other socket


def test_feed(_):
    """`/ws/metrics` heeds what is said to it as little as it has to"""
    for sent, codes in ((frame(PING, b"p"), None), (frame(TEXT, b"\xff"), (1007,)), (frame(3, b""), (1002,)), (frame(TEXT, b"x", size=1 << 40), (1009,)), (close(1000), (1000,))):
        with WebSocket(shared.get(), path="/ws/metrics") as connection:
            connection.socket.sendall(sent)
            received = connection.receive_frame()
            while received[0] == TEXT:
                received = connection.receive_frame()
            if codes is None:
                equal(received, (PONG, b"p"))
            else:
                assert received[0] == CLOSE and int.from_bytes(received[1][:2], "big") in codes, f"{sent[:20]}: {received}"


# ---- anything


def test_anything(_):
    """2,000 runs of bytes that are chance: each ends, and the next is served"""
    chance = random.Random(int(os.environ.get("ORFEAS_SEED", "1")))
    for _ in range(2000):
        sent = frame(chance.randrange(16), chance.randbytes(chance.randrange(200)), fin=chance.random() < 0.7, rsv=chance.choice([0] * 9 + [1]))
        converse(sent + close(1000), len(sent) + 4, 0, False)
    equal(shared.get().call("health.check"), {"serving": "SERVING"})


if __name__ == "__main__":
    orfeas_test.main()
