# SPDX-License-Identifier: LGPL-2.1-or-later
"""The opening handshake of a WebSocket, as a client (RFC 6455, section 4.1)."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import socket
from typing import Optional

from . import _failure, _wire
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


def check(response: http.client.HTTPResponse, key: str) -> None:
    """ValueError where it is not the answer to our key."""
    if (response.getheader("Upgrade") or "").strip().lower() != "websocket":
        raise ValueError("no upgrade to websocket")
    if "upgrade" not in [token.strip().lower() for token in (response.getheader("Connection") or "").split(",")]:
        raise ValueError("no upgrade of the connection")
    if (response.getheader("Sec-WebSocket-Accept") or "").strip() != accept_of(key):
        raise ValueError("the answer to another key")
    if response.getheader("Sec-WebSocket-Extensions"):
        raise ValueError("an extension that was not asked for")
    if (response.getheader("Sec-WebSocket-Protocol") or PROTOCOL).strip() != PROTOCOL:
        raise ValueError("a subprotocol that was not asked for")


class _OneByOne(_wire.Reader):
    """What follows the head is the first frame's, so not a byte more than the head may be taken."""

    def makefile(self, _mode: str):  # type: ignore[no-untyped-def, override]
        return self

    def read(self, size: Optional[int] = -1) -> bytes:  # type: ignore[override]
        if size is None or size < 0:
            return self.readall() or b""
        parts = bytearray()
        while len(parts) < size:
            part = super().read(size - len(parts))
            if not part:
                break
            parts += part
        return bytes(parts)

    def readline(self, size: Optional[int] = -1) -> bytes:
        limit = 65536 if size is None or size < 0 else size
        line = bytearray()
        while len(line) < limit and not line.endswith(b"\n"):
            byte = self.read(1)
            if not byte:
                break
            line += byte
        return bytes(line)


def shake(connection: socket.socket, address: Address, token: Optional[str], deadline: Deadline) -> None:
    """Afterwards frames may be sent and read on the connection."""
    key = base64.b64encode(os.urandom(16)).decode()
    try:
        _wire.send(connection, request(address, key, token), deadline)
        response = http.client.HTTPResponse(_OneByOne(connection, deadline))  # type: ignore[arg-type]
        response.begin()
        body = b"" if response.status == 101 else response.read(MAX_REFUSAL_BYTES)
    except socket.timeout as error:
        raise _wire.out_of_time() from error
    except (OSError, http.client.HTTPException) as error:
        raise _failure.lost(f"{address} ended the opening of a WebSocket: {error or type(error).__name__}",
                            False) from error
    if response.status != 101:
        raise _failure.from_http(response.status, response.reason, _json_or_none(body))
    try:
        check(response, key)
    except ValueError as error:
        raise _failure.lost(f"{address} is no WebSocket: {error}", False) from error


def _json_or_none(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return None
