# SPDX-License-Identifier: LGPL-2.1-or-later
"""The opening handshake of a WebSocket, as a client (RFC 6455, section 4.1)."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
from typing import Optional

from . import _failure, _response, _wire
from ._address import Address
from ._deadline import Deadline

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PROTOCOL = "jsonrpc"
# A refusal's body tells why; more of it than this tells nothing more.
MAX_REFUSAL_BYTES = 65536


def accept_of(key: str) -> str:
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def request(address: Address, key: str, token: Optional[str]) -> bytes:
    lines = [f"GET {address.path} HTTP/1.1", f"Host: {address.authority}", "Upgrade: websocket", "Connection: Upgrade",
             f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Protocol: {PROTOCOL}"]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def check(head: _response.Head, key: str) -> None:
    """ValueError where it is not the answer to our key."""
    if head.tokens("upgrade") != ["websocket"]:
        raise ValueError("no upgrade to websocket")
    if "upgrade" not in head.tokens("connection"):
        raise ValueError("no upgrade of the connection")
    if head.fields.get("sec-websocket-accept") != accept_of(key):
        raise ValueError("the answer to another key")
    if head.fields.get("sec-websocket-extensions"):
        raise ValueError("an extension that was not asked for")
    if head.fields.get("sec-websocket-protocol", PROTOCOL) != PROTOCOL:
        raise ValueError("a subprotocol that was not asked for")


class _OneByOne:
    """What follows the head is the first frame's, so not a byte more than the head may be taken."""

    def __init__(self, wire: _wire.Wire) -> None:
        self._wire = wire

    def read(self, size: int = -1) -> bytes:
        data = bytearray()
        while size < 0 or len(data) < size:
            part = self._wire.read(65536 if size < 0 else size - len(data))
            if not part:
                break
            data += part
        return bytes(data)

    def readline(self, size: int = -1) -> bytes:
        line = bytearray()
        while (size < 0 or len(line) < size) and not line.endswith(b"\n"):
            byte = self._wire.read(1)
            if not byte:
                break
            line += byte
        return bytes(line)


def shake(connection: socket.socket, address: Address, token: Optional[str], deadline: Deadline) -> None:
    """Afterwards frames may be sent and read on the connection."""
    key = base64.b64encode(os.urandom(16)).decode()
    wire = _wire.Wire(connection)
    wire.deadline = deadline
    try:
        wire.send(request(address, key, token))
        head, body = _response.read(_OneByOne(wire), MAX_REFUSAL_BYTES)
    except socket.timeout as error:
        raise _wire.out_of_time() from error
    except (OSError, _response.BadResponse) as error:
        raise _failure.lost(f"{address} ended the opening of a WebSocket: {error or type(error).__name__}",
                            False) from error
    finally:
        wire.detach()
    if head.status != 101:
        raise _failure.from_http(head.status, head.reason, _json_or_none(body))
    try:
        check(head, key)
    except ValueError as error:
        raise _failure.lost(f"{address} is no WebSocket: {error}", False) from error


def _json_or_none(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
