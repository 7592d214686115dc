# SPDX-License-Identifier: LGPL-2.1-or-later
"""The client."""

from __future__ import annotations

import math
import ssl
import weakref
from typing import Any, Callable, ContextManager, Mapping, Optional

from . import _address, _outbox, tracing
from ._batch import BatchCaller, Pending
from ._batch_methods import BatchServices
from ._caller import Caller
from ._meter import Labels, Meter
from ._methods import Services

# No answer of ours comes near it; a bound keeps a confused server from filling the memory.
MAX_ANSWER_BYTES = 256 * 1024 * 1024


class Batch(BatchServices):
    """Calls that are sent as one message when the `with` block ends, and answered in one.

    Each method returns a `Pending`, whose result() is there after the block. Nothing is sent when
    the block raises. The server takes `[rpc] max_batch` calls in one (1000).
    """

    def __init__(self, caller: Caller, timeout: Optional[float]) -> None:
        self._batch_caller = BatchCaller(caller)
        super().__init__(self._batch_caller)
        self._timeout = timeout

    def call(self, method: str, params: Any = None, *, idempotency_key: Optional[str] = None) -> Pending[Any]:
        """A method by its name, with no types."""
        return self._batch_caller.add(method, params, idempotency_key=idempotency_key)

    def send(self) -> None:
        """Sends what was added; done by the end of the `with` block."""
        self._batch_caller.send(self._timeout)

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.send()


class Client(Services):
    """A daemon's methods, by service: `client.metrics.query(…)`.

    May be used by any number of threads at once. Connections are made when they are needed, and made
    again when they were lost. After a fork the child makes its own; streams stay the parent's.
    """

    def __init__(self, caller: Caller, service: Optional[str] = None) -> None:
        super().__init__(caller)
        self._caller = caller
        self._service = service
        self._recorder = tracing.Recorder(caller.call)
        self._meter = Meter(caller.call)
        # what is left when the program ends is recorded; neither knows the client
        self._end = weakref.finalize(self, _outbox.close_all, self._recorder, self._meter)

    @property
    def address(self) -> str:
        """Where the calls go."""
        return str(self._caller.address)

    @property
    def service(self) -> str:
        """Whose spans these are: as `connect()` was told, else `$OTEL_SERVICE_NAME`, else the program's name."""
        return self._service or tracing.name_service()

    def call(self, method: str, params: Any = None, *, timeout: Optional[float] = None,
             idempotency_key: Optional[str] = None) -> Any:
        """A method by its name, with no types: for those that are younger than this client."""
        return self._caller.call(method, params, timeout=timeout, idempotency_key=idempotency_key)

    def batch(self, timeout: Optional[float] = None) -> Batch:
        """`with client.batch() as batch:` sends what is called on `batch` as one message."""
        return Batch(self._caller, timeout)

    def trace(self, traceparent: Optional[str], tracestate: Optional[str] = None) -> ContextManager[None]:
        """`with client.trace(request.headers.get("traceparent")):` calls in the block are in the caller's trace."""
        return tracing.trace(traceparent, tracestate)

    def span(self, name: str, *, kind: str = "internal", attributes: Optional[Mapping[str, tracing.Value]] = None,
             service: Optional[str] = None) -> tracing.Span:
        """`with client.span("embed") as span:` the block is a span, recorded in the background.

        Its parent is the span, or the `trace()`, around it in this thread or task, else OpenTelemetry's current
        span; else it begins a trace. Calls in the block are its children.

        Args:
            name: The operation.
            kind: `internal`, `server`, `client`, `producer` or `consumer`.
            attributes: What is known already; `span.set()` adds others.
            service: None: the client's.
        """
        return tracing.Span(self._recorder, name, service or self.service, kind, attributes or {},
                            tracing.find_context(self._caller.traceparent))

    def gauge(self, name: str, value: float, labels: Labels = None) -> None:
        """What it is now, recorded in the background: of each series the newest value, once a second."""
        self._meter.set(name, value, labels)

    def count(self, name: str, by: float = 1, labels: Labels = None) -> None:
        """Adds to a counter that this process keeps, recorded as gauge() does.

        It begins at 0 with the process, so its series has the label `process`: `sum by (…) (rate(NAME, 5m))`.
        """
        self._meter.count(name, by, labels)

    def flush(self, timeout: float = _outbox.CLOSE_S) -> bool:
        """Waits until spans that have ended, counters and gauges are recorded, at most `timeout` seconds; whether they are."""
        return _outbox.flush_all(timeout, self._recorder, self._meter)

    def flush_spans(self, timeout: float = _outbox.CLOSE_S) -> bool:
        """The same for spans alone."""
        return self._recorder.flush(timeout)

    @property
    def dropped_spans(self) -> int:
        """Spans that could not be recorded."""
        return self._recorder.dropped

    def close(self) -> None:
        """Records the spans, counters and gauges that are left, and ends connections and streams."""
        self._end()
        self._caller.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<orfeas.Client {self.address}>"


def connect(
    address: Optional[str] = None,
    *,
    token: Optional[str] = None,
    cookie: Optional[str] = None,
    timeout: float = 30.0,
    retries: int = 3,
    ssl_context: Optional[ssl.SSLContext] = None,
    traceparent: Optional[Callable[[], Optional[str]]] = None,
    service: Optional[str] = None,
    max_answer_bytes: int = MAX_ANSWER_BYTES,
) -> Client:
    """A client of the daemon at `address`; the first call connects.

    Args:
        address: `http://127.0.0.1:5000`, `https://…`, `ws://…`, `wss://…` or `unix:/path`. None: the
            daemon of this user on this machine, by its Unix socket, as orfeasctl finds it.
        token: Sent as `Authorization: Bearer`.
        cookie: A file with the token, of mode 0600, read for each new connection. Without either, a
            daemon on this machine is shown the cookie that lies beside its default socket, if that
            can be read.
        timeout: Seconds after which a call raises `DeadlineExceeded`, where it names none itself.
            `math.inf`: the server's own bound.
        retries: How often a call is sent again after a lost connection. A read is simply repeated; a
            write carries an idempotency key, so that it is done once; neither is repeated when 0.
        ssl_context: For https and wss; None: the system's certificates, names checked.
        traceparent: Called for each call outside of `trace()` and `span()`; what it returns is sent as its W3C
            trace context. None: OpenTelemetry's current span is, where its API is imported.
        service: Whose spans `Client.span()` makes.
        max_answer_bytes: A larger answer ends the connection.

    Raises:
        ValueError: What was given is no address, no token or no time.
        PermissionDenied: The default socket's folder belongs to someone else.
    """
    place = _address.find_local() if address is None else _address.parse(address)
    if place.scheme == "unix" and (token is not None or cookie is not None):
        raise ValueError("a Unix socket takes no token: who connects is known by it")
    if token is not None and cookie is not None:
        raise ValueError("token and cookie: one of them")
    if math.isnan(timeout) or timeout <= 0:
        raise ValueError("timeout is a positive number of seconds")
    credentials = _address.Credentials(token, cookie, place)
    return Client(Caller(place, credentials, ssl_context, timeout, retries, max_answer_bytes, traceparent), service)
