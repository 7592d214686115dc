# SPDX-License-Identifier: LGPL-2.1-or-later
"""WSGI middleware: each request is a span in its caller's trace, and counts.

    from orfeas.wsgi import Middleware

    app.wsgi_app = Middleware(app.wsgi_app, service="front")     # Flask
    application = Middleware(application)                        # any other

What a request calls by an `orfeas` client is in its trace. Nothing waits for the daemon, and without one requests go on.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Iterator, Optional

from . import _requests
from ._client import Client
from ._requests import Request, Requests

Environ = Dict[str, Any]
Route = Callable[[Environ], Optional[str]]


def find_route(environ: Environ) -> Optional[str]:
    """What the application itself says (`environ["orfeas.route"]`), else the rule by which Flask, or what stands on Werkzeug, found its function."""
    told = environ.get("orfeas.route")
    if told is not None:
        return str(told)
    rule = getattr(environ.get("werkzeug.request"), "url_rule", None)
    return getattr(rule, "rule", None)


class Middleware:
    """Wraps an application.

    Args:
        app: The application.
        client: None: this user's daemon.
        service: Whose spans they are; None: the client's.
        route: Called when a request is answered; what it returns names the operation (`GET /items/<id>`), so it
            should be one of a few. None: `find_route`.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], client: Optional[Client] = None, *, service: Optional[str] = None,
                 route: Route = find_route) -> None:
        self._app = app
        self._requests = Requests(client, service)
        self._route = route

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "").encode("latin-1", "replace").decode("utf-8", "replace")  # as PEP 3333 has it
        request = self._requests.begin(environ.get("REQUEST_METHOD", ""), path,
                                       environ.get("HTTP_TRACEPARENT"), environ.get("HTTP_TRACESTATE"))

        def start(status: str, headers: Any, *exc_info: Any) -> Any:
            request.answer(status[:3], _requests.ask_route(self._route, environ))
            return start_response(status, headers, *exc_info)

        try:
            with request.span.current():
                body = self._app(environ, start)
        except BaseException as error:
            request.answer(500, _requests.ask_route(self._route, environ))
            request.end(error)
            raise
        if isinstance(body, (list, tuple)):  # whole, and servers look at its length
            request.end()
            return body
        return Body(body, request)


class Body:
    """What the application answers, part by part; the request ends with close(), which every server calls."""

    def __init__(self, body: Iterable[bytes], request: Request) -> None:
        self._body = body
        self._parts: Optional[Iterator[bytes]] = None
        self._request = request

    def __iter__(self) -> Body:
        return self

    def __next__(self) -> bytes:
        try:
            with self._request.span.current():
                if self._parts is None:
                    self._parts = iter(self._body)
                return next(self._parts)
        except StopIteration:
            raise
        except BaseException as error:
            self._request.end(error)
            raise

    def close(self) -> None:
        try:
            with self._request.span.current():
                close = getattr(self._body, "close", None)
                if close is not None:
                    close()
        except BaseException as error:
            self._request.end(error)
            raise
        self._request.end()
