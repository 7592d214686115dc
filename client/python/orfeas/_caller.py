# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes calls: ids, deadlines, idempotency keys, and again after a lost connection."""

from __future__ import annotations

import itertools
import os
import socket
import ssl
import threading
import time
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, Union

from . import _failure, _frames, _handshake, _lines, _wire, errors, tracing
from ._address import Address, Credentials
from ._channel import Channel
from ._deadline import Backoff, Deadline
from ._failure import ConnectionLost
from ._http import HttpTransport
from ._methods import MANNERS, NULLS
from ._session import Session
from ._transport import Transport
from .stream import Stream


class SessionTransport(Transport):
    """A session, made when it is needed. `_lock` lets one thread make it while others wait."""

    def __init__(self, address: Address, credentials: Credentials, context: Optional[ssl.SSLContext],
                 max_answer_bytes: int) -> None:
        self._session: Optional[Session] = None
        super().__init__(address, credentials, context, max_answer_bytes)

    def exchange(self, message: Any, deadline: Deadline, channel: Optional[Channel] = None) -> Any:
        return self._get(deadline).exchange(message, deadline, channel)

    def close(self) -> None:
        if self._pid != os.getpid():
            self._leave_to_parent()
        with self._lock:
            self._closed = True
            session, self._session = self._session, None
        if session is not None:
            session.close()

    def __del__(self) -> None:
        session = getattr(self, "_session", None)
        if session is not None and self._pid == os.getpid():
            session.abandon()

    def _get(self, deadline: Deadline) -> Session:
        if self._pid != os.getpid():
            self._leave_to_parent()
        session = self._session
        if session is not None and session.is_open:
            return session
        if not self._lock.acquire(timeout=min(deadline.wait(), threading.TIMEOUT_MAX)):
            raise _wire.out_of_time()
        try:
            if self._closed:
                raise errors.Cancelled("the client is closed")
            if self._session is None or not self._session.is_open:
                self._session = self._open(deadline)
            return self._session
        finally:
            self._lock.release()

    def _open(self, deadline: Deadline) -> Session:
        token = self._credentials.get()
        try:
            return self._connect(token, deadline)
        except errors.Unauthenticated:
            if not self._credentials.refuse(token):
                raise
            return self._connect(None, deadline)

    def _connect(self, token: Optional[str], deadline: Deadline) -> Session:
        connection = _wire.connect(self.address, deadline, self._context)
        try:
            if self.address.scheme == "unix":
                return self._begin(connection, _lines.Codec(self._max_answer_bytes))
            _handshake.shake(connection, self.address, token, deadline)
            return self._begin(connection, _frames.Codec(self._max_answer_bytes))
        except BaseException:
            connection.close()
            raise

    def _begin(self, connection: socket.socket, codec: Union[_frames.Codec, _lines.Codec]) -> Session:
        try:
            return Session(connection, codec, str(self.address))
        except (OSError, RuntimeError) as error:  # no descriptor, or no thread, is to be had
            raise _failure.lost(f"no connection to {self.address}: {error}", False) from error

    def _leave_to_parent(self) -> None:
        """In a fork's child, where neither the session's thread nor whoever held the lock exists."""
        session, self._session = self._session, None
        self._lock, self._pid = threading.Lock(), os.getpid()
        if session is not None:
            session.drop_after_fork()


class Caller:
    """Shared by a client's services and streams; any thread may call."""

    def __init__(self, address: Address, credentials: Credentials, context: Optional[ssl.SSLContext],
                 timeout: Optional[float], retries: int, max_answer_bytes: int,
                 traceparent: Optional[Callable[[], Optional[str]]]) -> None:
        self.address = address
        self._timeout = timeout
        self._retries = retries
        self.traceparent = traceparent
        self._ids = itertools.count(1)
        self.is_closed = False
        session = SessionTransport(address.as_websocket(), credentials, context, max_answer_bytes)
        # HTTP has no way back for the values of a stream: those come by a WebSocket beside it
        self._streams = session
        self._calls = HttpTransport(address, credentials, context, max_answer_bytes) \
            if address.scheme in ("http", "https") else session

    def call(self, method: str, params: Any = None, *, timeout: Optional[float] = None,
             idempotency_key: Optional[str] = None) -> Any:
        """params: object or array; members of an object that are None are left out."""
        request, repeat = self.request(method, params, idempotency_key)
        deadline = Deadline(self._timeout if timeout is None else timeout)
        answer = self._exchange(request, deadline, repeat, method)
        return unwrap(answer, method)

    def exchange_batch(self, requests: List[Dict[str, Any]], repeat: bool, timeout: Optional[float]) -> Any:
        return self._exchange(requests, Deadline(self._timeout if timeout is None else timeout), repeat, None)

    def watch(self, method: str, params: Mapping[str, Any], *, timeout: Optional[float] = None,
              reconnect: bool = False, buffer: int = 1024) -> Stream[Any]:
        return Stream(self, method, params, timeout, reconnect, buffer)

    def open_stream(self, method: str, params: Mapping[str, Any], channel: Channel,
                    timeout: Optional[float]) -> None:
        request, _ = self.request(method, params, None)
        deadline = Deadline(self._timeout if timeout is None else timeout)
        unwrap(self._attempt(lambda left: self._streams.exchange(left, deadline, channel), request, deadline, method),
               method)

    def request(self, method: str, params: Any, idempotency_key: Optional[str]) -> Tuple[Dict[str, Any], bool]:
        """A request, and whether it may be sent again when nobody knows whether it arrived."""
        manner = MANNERS.get(method, "once")
        if isinstance(params, Mapping):
            nulls = NULLS.get(method, ())
            params = {name: value for name, value in params.items() if value is not None or name in nulls}
        request: Dict[str, Any] = {"jsonrpc": "2.0", "id": next(self._ids), "method": method}
        if params:
            request["params"] = params
        if idempotency_key is None and manner == "write" and self._retries > 0:
            idempotency_key = os.urandom(16).hex()
        meta: Dict[str, Any] = {}
        if idempotency_key is not None:
            meta["idempotency_key"] = idempotency_key
        context = tracing.find_context(self.traceparent)
        if context is not None:
            meta["traceparent"] = context.traceparent
            if context.tracestate is not None:
                meta["tracestate"] = context.tracestate
        if meta:
            request["meta"] = meta
        return request, manner == "read" or (manner == "write" and idempotency_key is not None)

    def close(self) -> None:
        self.is_closed = True
        self._calls.close()
        self._streams.close()

    # ---- attempts

    def _exchange(self, message: Any, deadline: Deadline, repeat: bool, method: Optional[str]) -> Any:
        backoff = Backoff()
        for attempt in itertools.count():
            try:
                return self._attempt(lambda timed: self._calls.exchange(timed, deadline), message, deadline, method)
            except ConnectionLost as error:
                if attempt >= self._retries or (error.sent and not repeat):
                    raise
                # what was there a moment ago may be had again at once
                pause = 0.0 if error.sent and attempt == 0 else backoff.next()
                if pause >= deadline.left():
                    raise
                time.sleep(pause)

    @staticmethod
    def _attempt(exchange: Callable[[Any], Any], message: Any, deadline: Deadline, method: Optional[str]) -> Any:
        if deadline.left() <= 0:
            raise _wire.out_of_time(method)
        patience = deadline.milliseconds()
        timed = [with_deadline(item, patience) for item in message] if isinstance(message, list) \
            else with_deadline(message, patience)
        try:
            return exchange(timed)
        except errors.Error as error:
            error.method = error.method or method
            raise


def with_deadline(request: Dict[str, Any], patience: Optional[int]) -> Dict[str, Any]:
    if patience is None:
        return request
    return {**request, "meta": {**request.get("meta", {}), "deadline_ms": patience}}


def unwrap(answer: Any, method: Optional[str]) -> Any:
    if isinstance(answer, Mapping):
        if "error" in answer:
            raise _failure.from_object(answer["error"], method)
        if "result" in answer:
            return answer["result"]
    raise errors.Internal(f"an answer that is none: {answer!r:.200}", method=method)
