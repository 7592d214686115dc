# SPDX-License-Identifier: LGPL-2.1-or-later
"""Values of one stream, between the thread that reads them and the one that wants them."""

from __future__ import annotations

import collections
import threading
from typing import TYPE_CHECKING, Any, Deque, Optional, Tuple

from ._error import Error

if TYPE_CHECKING:
    from ._session import Session


class Channel:
    """`abandoned` is set without a lock, by finalizers; all else under `_changed`."""

    def __init__(self, limit: int) -> None:
        self.abandoned = False
        self.session: Optional[Session] = None
        self.stream = ""
        self._changed = threading.Condition()
        self._values: Deque[Any] = collections.deque()
        self._limit = limit
        self._dropped = 0
        self._ending: Optional[Tuple[str, str, Optional[Error]]] = None

    # ---- the session's thread

    def open(self, session: Session, stream: str) -> None:
        self.session, self.stream = session, stream

    def put(self, value: Any, dropped: int) -> None:
        with self._changed:
            self._values.append(value)
            self._dropped += dropped
            if len(self._values) > self._limit:
                self._values.popleft()
                self._dropped += 1
            self._changed.notify()

    def end(self, status: str, message: str) -> None:
        self._end(status, message, None)

    def lose(self, error: Error) -> None:
        self._end("", "", error)

    def _end(self, status: str, message: str, error: Optional[Error]) -> None:
        with self._changed:
            if self._ending is None:
                self._ending = (status, message, error)
            self._changed.notify_all()

    # ---- the reader

    def take(self, seconds: Optional[float]) -> Any:
        """(value,), or the ending (status, message, error) once all values are taken; None: not in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._values or self._ending, seconds)
            return (self._values.popleft(),) if self._values else self._ending

    def take_dropped(self) -> int:
        with self._changed:
            dropped, self._dropped = self._dropped, 0
            return dropped
