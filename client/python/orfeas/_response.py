# SPDX-License-Identifier: LGPL-2.1-or-later
"""Responses of HTTP/1.1, read from a file.

http.client would do, but reads fields as those of mail, which costs more than all else in a call.
"""

from __future__ import annotations

import re
from typing import Dict, List, NamedTuple, Protocol, Tuple

# Larger heads are none of ours, nor of a proxy between.
MAX_HEAD_BYTES = 65536

STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: ([^\r\n]*))?\r?\n")
NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")


class File(Protocol):
    def readline(self, __size: int = -1) -> bytes: ...
    def read(self, __size: int = -1) -> bytes: ...


class BadResponse(ValueError):
    """What came is no HTTP, or is cut off."""


class TooLarge(BadResponse):
    """The body is larger than was allowed."""


class Head(NamedTuple):
    status: int
    reason: str
    fields: Dict[str, str]
    """By name in lower case; those that came more than once are joined by commas."""
    is_kept: bool
    """Whether the connection may serve another request."""

    def tokens(self, name: str) -> List[str]:
        return [token.strip().lower() for token in self.fields.get(name, "").split(",")]


class Response(NamedTuple):
    head: Head
    body: bytes


def _line(file: File, left: int) -> bytes:
    line = file.readline(left + 1)
    if len(line) > left:
        raise BadResponse("a head of too many bytes")
    if not line.endswith(b"\n"):
        raise BadResponse("the connection ended within the head" if line else "the connection ended")
    return line


def read_head(file: File) -> Head:
    """The final one: those of 100 and the like, but 101, go before it."""
    left = MAX_HEAD_BYTES
    while True:
        line = _line(file, left)
        left -= len(line)
        status = STATUS.fullmatch(line)
        if status is None:
            raise BadResponse(f"no HTTP: {line[:40]!r}")
        fields: Dict[str, str] = {}
        while (line := _line(file, left)) not in (b"\r\n", b"\n"):
            left -= len(line)
            name, value = _read_field(line)
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
        code = int(status[2])
        if code >= 200 or code == 101:
            connection = fields.get("connection", "").lower()
            is_kept = "close" not in connection and (status[1] == b"1" or "keep-alive" in connection)
            return Head(code, (status[3] or b"").decode("latin-1"), fields, is_kept)


def _read_field(line: bytes) -> Tuple[str, str]:
    """No pattern for all of it: one that tries where blanks end takes hours for 64 KiB of them, and holds up all threads."""
    name, colon, value = line.rstrip(b"\n").partition(b":")
    value = value[:-1] if value.endswith(b"\r") else value
    if not colon or not NAME.fullmatch(name) or b"\r" in value or b"\0" in value:
        raise BadResponse(f"a field that is none: {line[:40]!r}")
    return name.decode().lower(), value.strip(b" \t").decode("latin-1")


def read(file: File, max_body_bytes: int) -> Response:
    head = read_head(file)
    if head.status in (101, 204, 304):
        return Response(head, b"")
    coding, length = head.fields.get("transfer-encoding"), head.fields.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked" or length is not None:
            raise BadResponse("a body of unknown coding")
        return Response(head, _read_chunks(file, max_body_bytes))
    if length is not None:
        if not (length.isascii() and length.isdigit()):
            raise BadResponse("a length that is no number")
        return Response(head, _read_exactly(file, int(length), max_body_bytes))
    body = file.read(max_body_bytes + 1)
    if len(body) > max_body_bytes:
        raise TooLarge
    return Response(head._replace(is_kept=False), body)


def _read_exactly(file: File, size: int, limit: int) -> bytes:
    if size > limit:
        raise TooLarge
    data = file.read(size)
    if len(data) < size:
        raise BadResponse("the connection ended within the body")
    return data


def _read_chunks(file: File, limit: int) -> bytes:
    body = bytearray()
    while True:
        head = CHUNK.fullmatch(_line(file, MAX_HEAD_BYTES))
        if head is None:
            raise BadResponse("a chunk without its size")
        size = int(head[1], 16)
        if size == 0:
            break
        body += _read_exactly(file, size, limit - len(body))
        if _line(file, 2) not in (b"\r\n", b"\n"):
            raise BadResponse("a chunk that is longer than its size")
    left = MAX_HEAD_BYTES
    while (line := _line(file, left)) not in (b"\r\n", b"\n"):  # trailers tell nothing that we want
        left -= len(line)
    return bytes(body)
