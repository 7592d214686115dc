# SPDX-License-Identifier: LGPL-2.1-or-later
"""Newline-delimited JSON, with the interface of the WebSocket codec."""

from __future__ import annotations

from typing import List

from ._frames import BAD_DATA, TOO_BIG, Closed, Event, Message


class Codec:
    def __init__(self, max_message_bytes: int) -> None:
        self._max_message_bytes = max_message_bytes
        self._parts: List[bytes] = []  # of the line begun
        self._size = 0

    def encode(self, text: bytes) -> bytes:
        return text + b"\n"

    def ping(self) -> bytes:
        return b""

    def goodbye(self) -> bytes:
        return b""

    def feed(self, data: bytes) -> List[Event]:
        events: List[Event] = []
        *ends, rest = data.split(b"\n")
        for end in ends:
            self._parts.append(end)
            line = b"".join(self._parts)
            self._parts, self._size = [], 0
            try:
                events.append(Message(line.decode()))
            except UnicodeDecodeError:
                return [*events, Closed(BAD_DATA, "a message that is no UTF-8")]
        if rest:
            self._parts.append(rest)
            self._size += len(rest)
            if self._size > self._max_message_bytes:
                events.append(Closed(TOO_BIG, f"a message of more than {self._max_message_bytes} bytes"))
        return events
