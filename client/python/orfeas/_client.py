# SPDX-License-Identifier: LGPL-2.1-or-later
"""The client."""

from __future__ import annotations

import math
import ssl
from typing import Any, Callable, Optional

from . import _address
from ._batch import BatchCaller, Pending
from ._batch_methods import BatchServices
from ._caller import Caller
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

    def __init__(self, caller: Caller) -> None:
        super().__init__(caller)
        self._caller = caller

    @property
    def address(self) -> str:
        """Where the calls go."""
        return str(self._caller.address)

    def call(self, method: str, params: Any = None, *, timeout: Optional[float] = None,
             idempotency_key: Optional[str] = None) -> Any:
        """A method by its name, with no types: for those that are younger than this client."""
        return self._caller.call(method, params, timeout=timeout, idempotency_key=idempotency_key)

    def batch(self, timeout: Optional[float] = None) -> Batch:
        """`with client.batch() as batch:` sends what is called on `batch` as one message."""
        return Batch(self._caller, timeout)

    def close(self) -> None:
        """Ends connections and streams."""
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
        traceparent: Called for each call; what it returns is sent as its W3C trace context.
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
    return Client(Caller(place, credentials, ssl_context, timeout, retries, max_answer_bytes, traceparent))
