# SPDX-License-Identifier: LGPL-2.1-or-later
"""WebSocket frames (RFC 6455), with no socket: bytes in, events out.

A codec serves one connection and one thread at a time. Extensions are not negotiated, so that the
reserved bits are always zero.
"""

from __future__ import annotations

import os
import struct
from typing import List, NamedTuple, Optional, Tuple, Union

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
FIN, RESERVED, MASKED = 0x80, 0x70, 0x80
MAX_CONTROL_BYTES = 125
MAX_REASON_BYTES = MAX_CONTROL_BYTES - 2

NORMAL, GOING_AWAY, PROTOCOL_ERROR, UNSUPPORTED, NO_STATUS, ABNORMAL = 1000, 1001, 1002, 1003, 1005, 1006
BAD_DATA, TOO_BIG, TRY_AGAIN_LATER = 1007, 1009, 1013


class Message(NamedTuple):
    """One whole text, which is UTF-8."""

    text: str


class Reply(NamedTuple):
    """Bytes that have to be sent."""

    data: bytes


class Closed(NamedTuple):
    """The last event: the other end said goodbye, or broke the protocol."""

    code: int
    reason: str


Event = Union[Message, Reply, Closed]


class Violation(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def apply_mask(data: bytes, mask: bytes) -> bytes:
    """Masks or unmasks. As one large number: a loop over bytes would take a hundred times as long."""
    if not data:
        return b""
    repeated = (mask * (len(data) // 4 + 1))[:len(data)]
    number = int.from_bytes(data, "little") ^ int.from_bytes(repeated, "little")
    return number.to_bytes(len(data), "little")


def encode_frame(opcode: int, payload: bytes, mask: Optional[bytes], fin: bool = True) -> bytes:
    """mask: four bytes, from a client; None, from a server."""
    first = opcode | (FIN if fin else 0)
    flag = MASKED if mask is not None else 0
    size = len(payload)
    if size <= 125:
        head = struct.pack("!BB", first, flag | size)
    elif size <= 0xFFFF:
        head = struct.pack("!BBH", first, flag | 126, size)
    else:
        head = struct.pack("!BBQ", first, flag | 127, size)
    return head + payload if mask is None else head + mask + apply_mask(payload, mask)


def is_valid_code(code: int) -> bool:
    """Whether a Close frame may say it: 1004, 1005, 1006 and 1015 are never sent."""
    return 1000 <= code <= 1014 and code not in (1004, NO_STATUS, ABNORMAL) or 3000 <= code <= 4999


def close_payload(code: int, reason: str = "") -> bytes:
    # cut between characters
    text = reason.encode()[:MAX_REASON_BYTES].decode("utf-8", "ignore").encode()
    return struct.pack("!H", code) + text


def read_close(payload: bytes) -> Closed:
    if not payload:
        return Closed(NO_STATUS, "")
    if len(payload) == 1:
        raise Violation(PROTOCOL_ERROR, "a close frame of one byte")
    code = struct.unpack_from("!H", payload)[0]
    if not is_valid_code(code):
        raise Violation(PROTOCOL_ERROR, f"a close frame with code {code}")
    try:
        return Closed(code, payload[2:].decode())
    except UnicodeDecodeError:
        raise Violation(BAD_DATA, "the reason of a close frame is no UTF-8") from None


class Codec:
    """is_client: masks what it sends, and takes only what is not masked; a server does the opposite."""

    def __init__(self, max_message_bytes: int, is_client: bool = True) -> None:
        self._max_message_bytes = max_message_bytes
        self._is_client = is_client
        self._buffer = bytearray()
        self._needed = 2  # bytes of the buffer without which the next frame cannot be read
        self._fragments: Optional[bytearray] = None  # of the message begun, joined, since there may be any number; None: none is
        self._ended = False  # nothing more is read
        self._said_goodbye = False  # nothing more is sent

    # ---- sending

    def encode(self, text: bytes) -> bytes:
        return self._frame(TEXT, text)

    def ping(self) -> bytes:
        return self._frame(PING, b"")

    def goodbye(self, code: int = NORMAL, reason: str = "") -> bytes:
        """A Close frame; nothing where one was sent already."""
        if self._said_goodbye:
            return b""
        self._said_goodbye = True
        return self._frame(CLOSE, close_payload(code, reason) if code != NO_STATUS else b"")

    def _frame(self, opcode: int, payload: bytes) -> bytes:
        # a new mask for each frame, which nobody can foretell (section 5.3)
        return encode_frame(opcode, payload, os.urandom(4) if self._is_client else None)

    # ---- receiving

    def feed(self, data: bytes) -> List[Event]:
        events: List[Event] = []
        self._buffer += data
        try:
            while not self._ended and len(self._buffer) >= self._needed:
                frame = self._next_frame()
                if frame is not None:
                    self._handle(*frame, events)
        except Violation as violation:
            self._fail(violation, events)
        return events

    def _fail(self, violation: Violation, events: List[Event]) -> None:
        self._ended = True
        self._buffer.clear()
        goodbye = self.goodbye(violation.code, violation.reason)
        if goodbye:
            events.append(Reply(goodbye))
        events.append(Closed(violation.code, violation.reason))

    def _next_frame(self) -> Optional[Tuple[bool, int, bytes]]:
        """(fin, opcode, payload), or None while bytes are missing; self._needed says how many there must be."""
        first, second = self._buffer[0], self._buffer[1]
        self._check_head(first, second)
        size, at = second & 0x7F, 2
        if size >= 126:
            at += 2 if size == 126 else 8
            if len(self._buffer) < at:
                self._needed = at
                return None
            size = self._read_size(size, at)
        self._check_size(first & 0x0F, size)
        start = at if self._is_client else at + 4
        self._needed = start + size
        if len(self._buffer) < self._needed:
            return None
        payload = bytes(memoryview(self._buffer)[start:start + size])
        if not self._is_client:
            payload = apply_mask(payload, bytes(self._buffer[at:start]))
        del self._buffer[:start + size]
        self._needed = 2
        return bool(first & FIN), first & 0x0F, payload

    def _read_size(self, kind: int, at: int) -> int:
        size = int.from_bytes(self._buffer[2:at], "big")
        if size >> 63 or size < (126 if kind == 126 else 0x10000):
            raise Violation(PROTOCOL_ERROR, "a length that is not written in the least bytes")
        return size

    def _check_head(self, first: int, second: int) -> None:
        opcode = first & 0x0F
        if first & RESERVED:
            raise Violation(PROTOCOL_ERROR, "a reserved bit is set")
        if opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise Violation(PROTOCOL_ERROR, f"opcode {opcode}")
        if bool(second & MASKED) == self._is_client:
            raise Violation(PROTOCOL_ERROR, "a masked frame" if self._is_client else "a frame without mask")
        if opcode >= CLOSE and (not first & FIN or second & 0x7F > MAX_CONTROL_BYTES):
            raise Violation(PROTOCOL_ERROR, "a control frame in fragments or of more than 125 bytes")
        if opcode == CONTINUATION and self._fragments is None:
            raise Violation(PROTOCOL_ERROR, "a continuation of nothing")
        if opcode in (TEXT, BINARY) and self._fragments is not None:
            raise Violation(PROTOCOL_ERROR, "a message within another")
        if opcode == BINARY:
            raise Violation(UNSUPPORTED, "a binary message")

    def _check_size(self, opcode: int, size: int) -> None:
        """Before the payload is there: what is too large is not waited for."""
        if opcode < CLOSE and len(self._fragments or b"") + size > self._max_message_bytes:
            raise Violation(TOO_BIG, f"a message of more than {self._max_message_bytes} bytes")

    def _handle(self, fin: bool, opcode: int, payload: bytes, events: List[Event]) -> None:
        if opcode == PING:
            if not self._said_goodbye:
                events.append(Reply(self._frame(PONG, payload)))
        elif opcode == CLOSE:
            closed = read_close(payload)
            self._ended = True
            goodbye = self.goodbye(closed.code)
            if goodbye:
                events.append(Reply(goodbye))
            events.append(closed)
        elif opcode != PONG:
            self._handle_data(fin, payload, events)

    def _handle_data(self, fin: bool, payload: bytes, events: List[Event]) -> None:
        if not fin or self._fragments is not None:
            self._fragments = bytearray() if self._fragments is None else self._fragments
            self._fragments += payload
            if not fin:
                return
            payload = bytes(self._fragments)
            self._fragments = None
        try:
            events.append(Message(payload.decode()))
        except UnicodeDecodeError:
            raise Violation(BAD_DATA, "a text message that is no UTF-8") from None
