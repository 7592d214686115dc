# SPDX-License-Identifier: LGPL-2.1-or-later
"""Errors made from what a server said, or did not say."""

from __future__ import annotations

import contextlib
from typing import Any, Iterator, Mapping, Optional

from . import errors
from ._error import Error


class ConnectionLost(errors.Unavailable, ConnectionError):
    """There was no connection, or it ended before the answer."""

    # False: the request cannot have reached the server, so that repeating it is always right
    sent: bool = False


class UnknownStatus(errors.Unknown):
    """A status that is younger than this client."""


# HTTP refusals from before the calls, where the body does not say more.
BY_HTTP = {
    400: errors.InvalidRequest, 401: errors.Unauthenticated, 403: errors.PermissionDenied, 404: errors.NotFound,
    405: errors.MethodNotFound, 413: errors.ResourceExhausted, 415: errors.InvalidArgument,
    429: errors.ResourceExhausted, 503: errors.Unavailable, 504: errors.DeadlineExceeded,
}


def lost(message: str, sent: bool) -> ConnectionLost:
    error = ConnectionLost(message)
    error.sent = sent
    return error


def from_object(error: Any, method: Optional[str] = None) -> Error:
    """The exception for JSON-RPC's error object, or for REST's, which has `status` beside `code`."""
    if not isinstance(error, Mapping):
        return errors.Internal(f"an error that is none: {error!r:.200}", method=method)
    data = error.get("data", error)
    data = dict(data) if isinstance(data, Mapping) else {"data": data}
    status, code = data.get("status"), error.get("code")
    kind = errors.BY_STATUS.get(status) if isinstance(status, str) else None
    if kind is None and isinstance(code, int):
        kind = errors.BY_CODE.get(code)
    return (kind or UnknownStatus)(str(error.get("message", "")), data=data, method=method)


def is_unauthenticated(answer: Any) -> bool:
    """A JSON-RPC answer to a call by somebody whom the server does not know."""
    error = answer.get("error") if isinstance(answer, Mapping) else None
    return isinstance(error, Mapping) and error.get("code") == errors.Unauthenticated.code


def from_status(status: str, message: str, method: Optional[str] = None) -> Error:
    return errors.BY_STATUS.get(status, UnknownStatus)(message, data={"status": status}, method=method)


def from_http(status: int, reason: str, document: Any) -> Error:
    """For an answer that is no JSON-RPC one; document is its body, if that is JSON."""
    if isinstance(document, Mapping) and isinstance(document.get("error"), Mapping):
        return from_object(document["error"])
    return BY_HTTP.get(status, errors.Unknown)(f"the server answered HTTP {status} {reason}".rstrip())


@contextlib.contextmanager
def reading(method: str) -> Iterator[None]:
    """Within it an answer is read: one that is not as the schema has it is the server's fault, not its caller's."""
    try:
        yield
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as error:
        raise errors.Internal(f"an answer that is not as it should be: {type(error).__name__}: {error}", method=method) from error


def check_object(answer: Any, method: str) -> Mapping[str, Any]:
    if not isinstance(answer, Mapping):
        raise errors.Internal(f"an answer that is no object: {answer!r:.200}", method=method)
    return answer
