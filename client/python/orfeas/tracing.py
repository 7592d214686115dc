# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trace context of calls, and spans that are recorded in the background.

What is current belongs to the thread, or to the asyncio task, that made it so (contextvars).
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import random
import re
import sys
import time
from types import TracebackType
from typing import Any, Callable, ContextManager, Dict, Iterator, Mapping, NamedTuple, Optional, Type, Union

from ._outbox import Outbox

# As schema/services/traces.json has them.
MAX_NAME = 200
MAX_TEXT = 4096
MAX_ATTRIBUTES = 128

# Version 00 of W3C's recommendation, and what later ones have of it.
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII | re.DOTALL)

Value = Union[str, int, float, bool]


class Context(NamedTuple):
    """Where a trace stands: what a call, or a header, takes along."""

    traceparent: str
    tracestate: Optional[str] = None


_current: contextvars.ContextVar[Optional[Context]] = contextvars.ContextVar("orfeas-trace", default=None)


@contextlib.contextmanager
def _within(context: Optional[Context]) -> Iterator[None]:
    token = _current.set(context)
    try:
        yield
    finally:
        try:
            _current.reset(token)
        except ValueError:
            pass  # a generator that ends elsewhere than it began, as where threads take turns with it: nothing is set there


def trace(traceparent: Optional[str], tracestate: Optional[str] = None) -> ContextManager[None]:
    """Calls in the `with` block, of any client, are in the caller's trace: `traceparent` as it came. None: in none that is known."""
    return _within(Context(traceparent, tracestate) if traceparent else None)


def from_opentelemetry() -> Optional[Context]:
    """OpenTelemetry's current span, in a program that has imported its API; nothing is imported here."""
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        return None
    try:
        span = api.get_current_span().get_span_context()
        if not span.is_valid:
            return None
        return Context(f"00-{span.trace_id:032x}-{span.span_id:016x}-{int(span.trace_flags) & 3:02x}", span.trace_state.to_header() or None)
    except (AttributeError, TypeError, ValueError):  # another version than is known here
        return None


def find_context(given: Optional[Callable[[], Optional[str]]]) -> Optional[Context]:
    """What a call takes along now: of a `with` block, else what the client was given, else OpenTelemetry's."""
    context = _current.get()
    if context is not None:
        return context
    if given is not None:
        traceparent = given()
        return Context(traceparent) if traceparent is not None else None
    return from_opentelemetry()


def clean(text: str) -> str:
    """Without halves of letters (lone surrogates), which Python has where bytes were no text, and no call can have."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def to_text(value: Value) -> str:
    text = ("false", "true")[value] if isinstance(value, bool) else str(value)
    return clean(text[:MAX_TEXT])


def describe(error: BaseException) -> str:
    """An exception that cannot say what it is must not be followed by another one of ours."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return type(error).__name__


class Span:
    """What `Client.span()` gives: as a `with` block the block is the span, and calls within are its children; else end() ends it.

    A span of a trace that its caller does not record is passed on, and not recorded either.
    """

    def __init__(self, recorder: Recorder, name: str, service: str, kind: str, attributes: Mapping[str, Value], parent: Optional[Context]) -> None:
        found = TRACEPARENT.fullmatch(parent.traceparent) if parent is not None else None
        if found is not None and found[4] is not None and found[0].startswith("00"):
            found = None
        self._recorder = recorder
        self._attributes = {key: to_text(value) for key, value in attributes.items()}
        self._recorded = found is None or int(found[3], 16) & 1 == 1
        self._state = parent.tracestate if parent is not None and found is not None else None
        self._block: Optional[ContextManager[None]] = None
        self._ended = False
        self._pid = os.getpid()  # of whoever records it: a fork's child has it too
        self._sent: Dict[str, Any] = {
            "trace_id": found[1] if found is not None else recorder.make_id(128),
            "span_id": recorder.make_id(64), "service": clean(service[:MAX_NAME]) or "python", "operation": clean(name[:MAX_NAME]) or "?", "kind": kind,
        }
        if found is not None:
            self._sent["parent_id"] = found[2]
        self._start_us = time.time_ns() // 1000
        self._start_ns = time.monotonic_ns()

    @property
    def traceparent(self) -> str:
        """W3C's text, for the header of that name where others are called."""
        return f"00-{self._sent['trace_id']}-{self._sent['span_id']}-{'01' if self._recorded else '00'}"

    @property
    def tracestate(self) -> Optional[str]:
        """Beside it, as it came; None: none."""
        return self._state

    def set(self, key: str, value: Value) -> None:
        """An attribute; the daemon keeps them as text."""
        self._attributes[key] = to_text(value)

    def fail(self, message: str) -> None:
        """It has failed, and why. What the block raises is told by itself."""
        self._sent.update(outcome="error", message=to_text(message))

    def rename(self, name: str) -> None:
        """Its operation, where that is known only later."""
        self._sent["operation"] = clean(name[:MAX_NAME]) or "?"

    def current(self) -> ContextManager[None]:
        """Calls in the block are its children; the span goes on behind it, until end()."""
        return _within(Context(self.traceparent, self._state))

    def end(self, error: Optional[BaseException] = None) -> None:
        """It is over, once and from any thread; for spans that are no `with` block. error: what it failed by."""
        if self._ended:
            return
        self._ended = True
        if error is not None and "outcome" not in self._sent:
            self.fail(describe(error))
        if not self._recorded or self._pid != os.getpid():
            return
        if self._attributes:
            self._sent["attributes"] = dict(list(self._attributes.items())[:MAX_ATTRIBUTES])
        self._sent.update(start_us=self._start_us, duration_us=(time.monotonic_ns() - self._start_ns) // 1000)
        self._recorder.put(self._sent["span_id"], self._sent)

    def __enter__(self) -> Span:
        self._block = self.current()
        self._block.__enter__()
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], where: Optional[TracebackType]) -> None:
        if self._block is not None:
            self._block.__exit__(None, None, None)
        self.end(error)


class Recorder(Outbox):
    """A client's spans on their way to the daemon."""

    def __init__(self, call: Callable[..., Any]) -> None:
        super().__init__(call, "traces.record", "spans")

    def _begin(self) -> None:
        super()._begin()
        self._random = random.Random(os.urandom(16))

    def make_id(self, bits: int) -> str:
        self.enter()
        return f"{self._random.getrandbits(bits) or 1:0{bits // 4}x}"


def name_service() -> str:
    """As OpenTelemetry's environment has it, else the program's name."""
    return os.environ.get("OTEL_SERVICE_NAME") or os.path.basename(sys.argv[0] if sys.argv else "") or "python"
