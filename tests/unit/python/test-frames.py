#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The WebSocket codec against the byte vectors of RFC 6455, and all that it must refuse."""

import random
import struct
import tracemalloc

import orfeas_test
from orfeas import _frames, _handshake
from orfeas._frames import Closed, Codec, Message, Reply
from orfeas_test import equal

LIMIT = 100000
MASK = bytes.fromhex("37fa213d")
HELLO = b"\x81\x05Hello"


def client():
    return Codec(LIMIT)


def frame(opcode, payload=b"", fin=True):
    """As a server sends it."""
    return _frames.encode_frame(opcode, payload, None, fin)


def opened(data):
    """(opcode, payload) of a frame that a client sent."""
    assert data[1] & 0x80, "a client masks"
    assert len(data) < 130
    return data[0], _frames.apply_mask(data[6:], data[2:6])


def refused(data, code):
    """The connection is failed: a Close frame with that code goes out, and nothing is read after it."""
    codec = client()
    events = codec.feed(data)
    closed = events[-1]
    assert isinstance(closed, Closed), events
    equal(closed.code, code, closed.reason)
    opcode, payload = opened(events[-2].data)
    equal(opcode, 0x88)
    equal(struct.unpack_from("!H", payload)[0], code)
    equal(codec.feed(HELLO), [], "nothing is read after the end")
    equal(codec.goodbye(), b"", "and nothing is sent")
    return events


# ---- section 5.7


def test_unmasked_text(t):
    equal(client().feed(bytes.fromhex("810548656c6c6f")), [Message("Hello")])
    equal(frame(_frames.TEXT, b"Hello"), bytes.fromhex("810548656c6c6f"))


def test_masked_text(t):
    equal(_frames.encode_frame(_frames.TEXT, b"Hello", MASK), bytes.fromhex("818537fa213d7f9f4d5158"))
    equal(Codec(LIMIT, is_client=False).feed(bytes.fromhex("818537fa213d7f9f4d5158")), [Message("Hello")])


def test_fragmented_text(t):
    equal(client().feed(bytes.fromhex("010348656c80026c6f")), [Message("Hello")])


def test_ping_and_pong(t):
    events = client().feed(bytes.fromhex("890548656c6c6f"))
    equal(len(events), 1)
    equal(opened(events[0].data), (0x8A, b"Hello"), "a pong has the ping's payload")
    equal(_frames.encode_frame(_frames.PONG, b"Hello", MASK), bytes.fromhex("8a8537fa213d7f9f4d5158"))
    equal(client().feed(bytes.fromhex("8a0548656c6c6f")), [], "a pong that nobody asked for is fine")


def test_lengths(t):
    equal(frame(_frames.BINARY, bytes(256))[:4], bytes.fromhex("827e0100"))
    equal(frame(_frames.BINARY, bytes(65536))[:10], bytes.fromhex("827f0000000000010000"))
    for size, head in ((125, 2), (126, 4), (65535, 4), (65536, 10)):
        text = frame(_frames.TEXT, b"x" * size)
        equal(len(text), head + size)
        equal(client().feed(text), [Message("x" * size)])
        equal(Codec(LIMIT, is_client=False).feed(client().encode(b"x" * size)), [Message("x" * size)])


def test_accept_of_the_rfc(t):
    equal(_handshake.accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")


# ---- streams of bytes


def test_torn_anywhere(t):
    data = HELLO + frame(_frames.TEXT, "größe".encode(), False) + frame(_frames.PING, b"?") + \
        frame(_frames.CONTINUATION, b"y" * 70000) + frame(_frames.CLOSE, struct.pack("!H", 1001) + b"bye")
    whole = client().feed(data)
    equal([type(event) for event in whole], [Message, Reply, Message, Reply, Closed])
    equal(whole[2].text, "größe" + "y" * 70000)
    equal(whole[-1], Closed(1001, "bye"))
    generator = random.Random(1)
    for _ in range(20):
        codec, events, at = client(), [], 0
        while at < len(data):
            step = generator.choice((1, 2, 3, 7, 5000))
            events += codec.feed(data[at : at + step])
            at += step
        equal([event for event in events if not isinstance(event, Reply)],
              [event for event in whole if not isinstance(event, Reply)])


def test_utf8_across_fragments(t):
    text = "€".encode()
    events = client().feed(frame(_frames.TEXT, text[:1], False) + frame(_frames.CONTINUATION, text[1:2], False)
                           + frame(_frames.CONTINUATION, text[2:]))
    equal(events, [Message("€")])


def test_empty_messages(t):
    equal(client().feed(frame(_frames.TEXT)), [Message("")])
    equal(client().feed(frame(_frames.TEXT, b"", False) + frame(_frames.CONTINUATION)), [Message("")])


def test_empty_fragments(t):
    """Without end; none of them is kept."""
    codec = client()
    codec.feed(frame(_frames.TEXT, b"a", False))
    many = frame(_frames.CONTINUATION, b"", False) * 1000
    tracemalloc.start()
    for _ in range(100):
        equal(codec.feed(many), [])
    assert tracemalloc.get_traced_memory()[0] < 100_000
    tracemalloc.stop()
    equal(codec.feed(frame(_frames.CONTINUATION, b"b")), [Message("ab")])


def test_masks_differ(t):
    codec = client()
    equal(len({codec.encode(b"x")[2:6] for _ in range(50)}), 50, "each frame has a mask of its own")


# ---- refusals


def test_wrong_frames(t):
    for name, data in {
        "reserved bits": b"\xc1\x00", "opcode 3": b"\x83\x00", "opcode 11": b"\x8b\x00",
        "a masked frame": b"\x81\x85" + MASK + b"\x7f\x9f\x4d\x51\x58",
        "a ping in fragments": b"\x09\x00", "a ping of 126": b"\x89\x7e\x00\x7e" + bytes(126),
        "a continuation of nothing": b"\x80\x00", "a text within a text": b"\x01\x00\x81\x00",
        "126 for 125": b"\x81\x7e\x00\x7d" + bytes(125), "127 for 65535": b"\x81\x7f" + struct.pack("!Q", 65535),
        "bit 63": b"\x81\x7f\x80" + bytes(7), "a close of one byte": b"\x88\x01\x03",
    }.items():
        refused(data, 1002), name


def test_close_codes(t):
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535):
        refused(frame(_frames.CLOSE, struct.pack("!H", code)), 1002)
    for code in (1000, 1001, 1003, 1011, 1013, 3000, 4999):
        events = client().feed(frame(_frames.CLOSE, struct.pack("!H", code)))
        equal(events[-1], Closed(code, ""))
        equal(opened(events[0].data), (0x88, struct.pack("!H", code)), "it is echoed")
    events = client().feed(frame(_frames.CLOSE))
    equal(events[-1].code, 1005)
    equal(opened(events[0].data), (0x88, b""), "1005 stands for no code, and is not sent")
    refused(frame(_frames.CLOSE, b"\x03\xe8\xff"), 1007)


def test_not_utf8(t):
    for data in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf"):
        refused(frame(_frames.TEXT, data), 1007)
        refused(frame(_frames.TEXT, b"a", False) + frame(_frames.CONTINUATION, data), 1007)


def test_binary(t):
    refused(frame(_frames.BINARY, b"x"), 1003)


def test_too_big_is_not_waited_for(t):
    refused(b"\x81\x7f" + struct.pack("!Q", 2**62), 1009)
    refused(frame(_frames.TEXT, bytes(LIMIT + 1)), 1009)
    equal(len(client().feed(frame(_frames.TEXT, b"x" * LIMIT))), 1, "as much as may be")


def test_fragments_are_bounded_together(t):
    refused(frame(_frames.TEXT, b"x" * 60000, False) + frame(_frames.CONTINUATION, b"x" * 60000, False), 1009)
    codec = client()
    for _ in range(5):  # the count begins anew with each message
        equal(len(codec.feed(frame(_frames.TEXT, b"x" * 60000, False) + frame(_frames.CONTINUATION, b"x" * 40000))), 1)


def test_what_came_before_is_kept(t):
    equal(refused(HELLO + b"\x83\x00", 1002)[0], Message("Hello"))


def test_goodbye_once(t):
    codec = client()
    opcode, payload = opened(codec.goodbye())
    equal((opcode, payload), (0x88, struct.pack("!H", 1000)))
    equal(codec.goodbye(), b"")
    equal(codec.feed(frame(_frames.CLOSE, struct.pack("!H", 1000))), [Closed(1000, "")], "no second one")


def test_long_reason_is_cut_between_characters(t):
    payload = _frames.close_payload(1002, "ä" * 100)
    assert len(payload) <= 125
    equal(payload[2:].decode(), "ä" * 61)


def test_mask_is_its_own_inverse(t):
    for size in (0, 1, 2, 3, 4, 5, 1000, 100003):
        data = random.Random(size).randbytes(size)
        equal(_frames.apply_mask(_frames.apply_mask(data, MASK), MASK), data)
        equal(_frames.apply_mask(data, MASK)[:9], bytes(b ^ MASK[i % 4] for i, b in enumerate(data[:9])))


orfeas_test.main()
