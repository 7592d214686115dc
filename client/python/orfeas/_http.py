# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls by HTTP: a POST each, on connections that are kept.

Any thread may call: each takes a connection for itself, and puts it back. The lock protects only the
list of those that nobody uses.
"""

from __future__ import annotations

import io
import json
import os
import select
import socket
import ssl
import threading
from typing import Any, List, Optional, Tuple

from . import _failure, _response, _wire, errors
from ._address import Address, Credentials
from ._deadline import Deadline
from ._transport import Transport

# More than this many at rest are closed: a burst of threads should not hold the server's places.
MAX_IDLE = 8


class _Connection:
    def __init__(self, address: Address, credentials: Credentials, context: Optional[ssl.SSLContext],
                 deadline: Deadline) -> None:
        self.token = token = credentials.get()
        self.wire = _wire.Wire(_wire.connect(address, deadline, context))
        self.file = io.BufferedReader(self.wire, 16384)
        self._poll = select.poll()
        self._poll.register(self.wire, select.POLLIN)
        self.head = (f"POST {address.path} HTTP/1.1\r\nHost: {address.authority}\r\n"
                     "Content-Type: application/json\r\nAccept: application/json\r\n")
        if token is not None:
            self.head += f"Authorization: Bearer {token}\r\n"

    def is_fresh(self) -> bool:
        """A server that closed it, or said something unasked, made it readable."""
        return not self._poll.poll(0)

    def close(self) -> None:
        self.wire.close()


class HttpTransport(Transport):
    def __init__(self, address: Address, credentials: Credentials, context: Optional[ssl.SSLContext],
                 max_answer_bytes: int) -> None:
        self._idle: List[_Connection] = []
        super().__init__(address, credentials, context, max_answer_bytes)

    def exchange(self, message: Any, deadline: Deadline) -> Any:
        body = json.dumps(message, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
        token, answer = self._exchange(body, deadline)
        # one is refused with all the calls of a batch, none of which was done
        one = answer[0] if isinstance(answer, list) and answer else answer
        if _failure.is_unauthenticated(one) and self._credentials.refuse(token):
            token, answer = self._exchange(body, deadline)
        return answer

    def _exchange(self, body: bytes, deadline: Deadline) -> Tuple[Optional[str], Any]:
        """The token that went along, and the answer."""
        connection = self._take(deadline)
        try:
            head, text = self._post(connection, body, deadline)
        except BaseException:  # KeyboardInterrupt too: what comes later would answer another call
            connection.close()
            raise
        if head.is_kept:
            self._give_back(connection)
        else:
            connection.close()
        return connection.token, self._read_answer(head, text)

    def close(self) -> None:
        if self._pid != os.getpid():
            self._leave_to_parent()
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def __del__(self) -> None:
        for connection in getattr(self, "_idle", []):
            connection.close()

    # ---- connections

    def _take(self, deadline: Deadline) -> _Connection:
        if self._pid != os.getpid():
            self._leave_to_parent()
        while True:
            with self._lock:
                if self._closed:
                    raise errors.Cancelled("the client is closed")
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return _Connection(self.address, self._credentials, self._context, deadline)
            if connection.is_fresh() and not self._credentials.is_refused(connection.token):
                return connection
            connection.close()

    def _leave_to_parent(self) -> None:
        """In a fork's child: the connections are its parent's, and so may the lock be."""
        for connection in self._idle:
            connection.close()
        self._lock, self._idle, self._pid = threading.Lock(), [], os.getpid()

    def _give_back(self, connection: _Connection) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < MAX_IDLE:
                self._idle.append(connection)
                return
        connection.close()

    # ---- one exchange

    def _post(self, connection: _Connection, body: bytes, deadline: Deadline) -> _response.Response:
        patience = deadline.milliseconds()
        head = f"{connection.head}Content-Length: {len(body)}\r\n"
        if patience is not None:
            head += f"X-Deadline-Ms: {patience}\r\n"
        connection.wire.deadline = deadline
        try:
            # in one piece: two would be two packets, and two wake-ups of the server
            connection.wire.send(head.encode("latin-1") + b"\r\n" + body)
            return _response.read(connection.file, self._max_answer_bytes)
        except socket.timeout as error:
            raise _wire.out_of_time() from error
        except _response.TooLarge as error:
            raise errors.ResourceExhausted(f"the answer has more than {self._max_answer_bytes} bytes") from error
        except (OSError, _response.BadResponse) as error:
            raise _failure.lost(f"the connection to {self.address} was lost: {error or type(error).__name__}",
                                True) from error

    def _read_answer(self, head: _response.Head, text: bytes) -> Any:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            document = None
            if head.status == 200:
                raise errors.Internal(f"{self.address} answers what is no JSON: {text[:100]!r}") from error
        if head.status != 200:
            raise _failure.from_http(head.status, head.reason, document)
        return document
