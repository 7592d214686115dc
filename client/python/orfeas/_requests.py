# SPDX-License-Identifier: LGPL-2.1-or-later
"""What WSGI and ASGI have in common: a request is a span, and counts.

Series, beside those that the daemon makes of the spans (`span.calls`, `span.errors`, `span.duration_us`):
- `http.server.requests`, a counter by service, method, route (where it is known), status and process;
- `http.server.active_requests`, a gauge by service and process.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import Any, Callable, Optional

from . import tracing
from ._client import Client, connect

# Other words in a request line are the sender's to choose, and would be as many series.
METHODS = frozenset(("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"))
OTHER = "_OTHER"

log = logging.getLogger("orfeas.requests")


def ask_route(route: Callable[[Any], Optional[str]], request: Any) -> Optional[str]:
    """What the application's `route` says; one that fails names nothing, and breaks no request."""
    try:
        found = route(request)
        return None if found is None else str(found)
    except Exception:
        log.debug("no route", exc_info=True)
        return None


class Requests:
    """Those of one application."""

    def __init__(self, client: Optional[Client], service: Optional[str]) -> None:
        self.client = client or connect()
        self.service = service or self.client.service
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._active = 0

    def begin(self, method: str, path: str, traceparent: Optional[str], tracestate: Optional[str]) -> Request:
        self._change(1)
        return Request(self, method if method in METHODS else OTHER, path, traceparent, tracestate)

    def end(self) -> None:
        self._change(-1)

    def _change(self, by: int) -> None:
        if self._pid != os.getpid():  # those of a fork's parent are the parent's
            self._pid, self._active, self._lock = os.getpid(), 0, threading.Lock()
        with self._lock:
            self._active += by
            self.client.gauge("http.server.active_requests", self._active, {"service": self.service, "process": str(self._pid)})


class Request:
    """One of them, until end(), which may be called again and then does nothing."""

    def __init__(self, requests: Requests, method: str, path: str, traceparent: Optional[str], tracestate: Optional[str]) -> None:
        self._requests = requests
        self._method = method
        self._is_over = False
        self.status: Optional[int] = None
        self._route = ""
        with tracing.trace(traceparent, tracestate):
            self.span = requests.client.span(method, kind="server", service=requests.service,
                                             attributes={"http.request.method": method, "url.path": path})

    def answer(self, status: Any, route: Optional[str]) -> None:
        """It is answered so. status: a number, or its digits; route: of the application's own, such as `/items/<id>`; None: not known."""
        try:
            self.status = int(status)
        except (TypeError, ValueError):  # the server will say what it thinks of it
            self.status = None
        self._route = route or ""

    def end(self, error: Optional[BaseException] = None) -> None:
        if self._is_over:
            return
        self._is_over = True
        status = self.status or 500  # where nothing was answered servers do
        if self._route:
            self.span.rename(f"{self._method} {self._route}")
            self.span.set("http.route", self._route)
        self.span.set("http.response.status_code", status)
        if error is None and status >= 500:
            self.span.fail(f"HTTP {status}")
        self.span.end(error)
        self._requests.end()
        labels = {"service": self._requests.service, "method": self._method, "status": str(status)}
        if self._route:
            labels["route"] = self._route
        self._requests.client.count("http.server.requests", labels=labels)
