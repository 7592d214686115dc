# SPDX-License-Identifier: LGPL-2.1-or-later
"""Streams: what the `watch` methods answer."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Generic, Iterator, Mapping, Optional, TypeVar

from . import _failure, errors
from ._channel import Channel
from ._deadline import Backoff, Deadline
from ._error import Error

if TYPE_CHECKING:
    from ._caller import Caller

Value = TypeVar("Value")

# What the server says when it was asked to end, or ends itself.
ENDED = ("OK", "CANCELLED")


class Stream(Generic[Value]):
    """Values as they come, to iterate over, by one thread at a time.

    Iteration ends when the server ends the stream (`status` then says how) or after close(), of the
    stream or of the client, which any thread may call. A stream that ended for a fault raises it; so does a lost connection
    (`ConnectionLost`), unless it was opened with `reconnect=True`: then it is opened anew with the
    same parameters, after pauses that grow, until that works. In a fork's child it has ended.
    """

    def __init__(self, caller: Caller, method: str, params: Mapping[str, Any], timeout: Optional[float],
                 reconnect: bool, buffer: int) -> None:
        if buffer < 1:
            raise ValueError("a buffer holds at least one value")
        self._caller = caller
        self._method = method
        self._params = params
        self._timeout = timeout
        self._reconnect = reconnect
        self._buffer = buffer
        self._pid = os.getpid()
        self._closed = threading.Event()
        self._dropped = 0
        self._backoff = Backoff()
        self.status: Optional[str] = None
        """How it ended; None: it goes on."""
        self.reconnects = 0
        """How often it was opened anew."""
        self._channel: Channel = self._open()

    @property
    def dropped(self) -> int:
        """How many values were lost so far, since this reader, or the connection, was too slow."""
        self._dropped += self._channel.take_dropped()
        return self._dropped

    def __iter__(self) -> Iterator[Value]:
        return self

    def __next__(self) -> Value:
        value = self._take(None)
        if value is None:
            raise StopIteration
        return value[0]

    def next(self, timeout: Optional[float] = None) -> Value:
        """The next value; TimeoutError when none came for so many seconds, StopIteration at the end."""
        value = self._take(Deadline(timeout))
        if value is None:
            raise StopIteration
        return value[0]

    def close(self) -> None:
        """Ends the stream; harmless when it has ended."""
        if self._closed.is_set():
            return
        self.status = self.status or "CANCELLED"
        self._closed.set()
        if self._is_elsewhere():  # its parent's goes on
            return
        channel = self._channel
        session = channel.session
        if session is not None:
            session.forget_channel(channel.stream)
            session.tell("stream.cancel", {"stream": channel.stream})
        channel.end("CANCELLED", "")  # wakes the reader

    def __enter__(self) -> Stream[Value]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        channel = getattr(self, "_channel", None)
        # one that was closed has told all it had to, and its session may be gone
        if channel is not None and not channel.abandoned and not self._closed.is_set() and not self._is_elsewhere():
            channel.abandoned = True
            if channel.session is not None:
                channel.session.wake()  # its thread does the rest

    # ---- inside

    def _is_elsewhere(self) -> bool:
        return self._pid != os.getpid()

    def _open(self) -> Channel:
        channel = Channel(self._buffer)
        self._caller.open_stream(self._method, self._params, channel, self._timeout)
        return channel

    def _take(self, deadline: Optional[Deadline]) -> Any:
        """(value,), or None at the end."""
        while True:
            if self._closed.is_set() or self.status is not None:
                return None
            if self._is_elsewhere():
                self.status = "CANCELLED"
                return None
            seconds = None if deadline is None or deadline.at == float("inf") else max(0.0, deadline.left())
            taken = self._channel.take(seconds)
            if taken is None:
                raise TimeoutError("no value in time")
            if len(taken) == 1:
                self._backoff.reset()
                return taken
            self._end(*taken)

    def _end(self, status: str, message: str, error: Optional[Error]) -> None:
        if self._closed.is_set():
            return
        again = error is not None or status in ("CANCELLED", "UNAVAILABLE")
        if self._caller.is_closed:
            self.status = "CANCELLED"
        elif self._reconnect and again:
            self._dropped += self._channel.take_dropped()
            self._reopen()
        elif error is not None:
            self.status = error.status
            raise error
        else:
            self.status = status
            if status not in ENDED:
                raise _failure.from_status(status, message or "the stream ended", self._method)

    def _reopen(self) -> None:
        asked_for = 0.0
        while not self._closed.wait(max(self._backoff.next(), asked_for)):
            try:
                channel = self._open()
            except (errors.Unavailable, errors.DeadlineExceeded, errors.ResourceExhausted) as error:
                asked_for = (error.retry_after_ms or 0) / 1000
                continue
            except errors.Cancelled:
                if not self._caller.is_closed:
                    raise
                self.status = "CANCELLED"
                return
            self._channel = channel
            self.reconnects += 1
            if self._closed.is_set():  # while it was opened, so that close() ended the one before
                self._closed.clear()
                self.close()
            return
