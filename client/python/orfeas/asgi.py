# SPDX-License-Identifier: LGPL-2.1-or-later
"""ASGI middleware: each request is a span in its caller's trace, and counts.

    from orfeas.asgi import Middleware

    app.add_middleware(Middleware, service="front")     # FastAPI, Starlette
    app = Middleware(app)                               # any other

What a request calls by an `orfeas` client, also in a thread of `asyncio.to_thread()`, is in its trace. Nothing waits for
the daemon, and without one requests go on. WebSockets and lifespan pass through.
"""

from __future__ import annotations

from typing import Any, Awaitable, Callable, Dict, Optional

from . import _requests
from ._client import Client
from ._requests import Requests

Scope = Dict[str, Any]
Message = Dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def find_route(scope: Scope) -> Optional[str]:
    """What the application itself says (`scope["orfeas.route"]`), else the path of the route that FastAPI found."""
    told = scope.get("orfeas.route")
    return str(told) if told is not None else getattr(scope.get("route"), "path", None)


def read_header(scope: Scope, name: bytes) -> Optional[str]:
    found = [value for key, value in scope.get("headers", ()) if key.lower() == name]
    return found[0].decode("latin-1") if len(found) == 1 else None


class Middleware:
    """Wraps an application.

    Args:
        app: The application.
        client: None: this user's daemon.
        service: Whose spans they are; None: the client's.
        route: Called when a request is answered; what it returns names the operation (`GET /items/{id}`), so it
            should be one of a few. None: `find_route`.
    """

    def __init__(self, app: Application, client: Optional[Client] = None, *, service: Optional[str] = None,
                 route: Callable[[Scope], Optional[str]] = find_route) -> None:
        self.app = app
        self._requests = Requests(client, service)
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = self._requests.begin(scope["method"], scope["path"], read_header(scope, b"traceparent"), read_header(scope, b"tracestate"))

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.answer(message["status"], _requests.ask_route(self._route, scope))
            await send(message)
            # what the application does behind its answer nobody waits for
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                request.end()

        try:
            with request.span.current():
                await self.app(scope, receive, tell)
        except BaseException as error:
            if request.status is None:  # what is around this will do so
                request.answer(500, _requests.ask_route(self._route, scope))
            request.end(error)
            raise
        request.end()
