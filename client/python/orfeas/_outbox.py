# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is recorded in the background: kept for a second, sent together, dropped and counted where that cannot be.

Invariants:
- `_wake` (its lock) protects what waits, and is never held during a call.
- Who puts something there never waits for the daemon, and is never raised at for its sake, nor for a thread's that
  cannot be had.
- In a fork's child what waited is the parent's; the child begins with nothing and a thread of its own.
"""

from __future__ import annotations

import collections
import json
import logging
import os
import re
import threading
import time
from typing import Any, Callable, Dict, Hashable, List, Optional

from . import errors
from ._error import Error

# Recorded in one call, and after this long at the latest.
MAX_BATCH = 500
PERIOD_S = 1.0
# Kept while the daemon is slow or away; further ones are dropped and counted.
MAX_KEPT = 5000
# A call that takes longer is given up, and so is what close() waits for.
CALL_S = 5.0
CLOSE_S = 2.0
# A daemon that has no room now says when to come again: what was not taken waits so long, within these bounds.
LEAST_PAUSE_S = 0.1
MAX_PAUSE_S = 30.0
# One that the daemon refuses is left out and the others are sent again; where so many are wrong all will be.
MAX_REFUSED = 8

log = logging.getLogger("orfeas.outbox")

Item = Dict[str, Any]


class Outbox:
    """Items on their way to one method, by a key: of two with the same only the later is sent.

    Args:
        call: A client's.
        method: What takes them.
        member: Its parameter that is the list of them.
    """

    def __init__(self, call: Callable[..., Any], method: str, member: str) -> None:
        self._call = call
        self._method = method
        self._member = member
        self.dropped = 0
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._wake = threading.Condition()
        self._kept: collections.OrderedDict[Hashable, Item] = collections.OrderedDict()
        self._thread: Optional[threading.Thread] = None
        self._flushing = False
        self._sending = 0

    def is_elsewhere(self) -> bool:
        """In a fork's child that has put nothing here."""
        return self._pid != os.getpid()

    def enter(self) -> None:
        """Begins anew in a fork's child."""
        if self.is_elsewhere():
            self._begin()

    def put(self, key: Hashable, item: Item) -> None:
        self.enter()
        with self._wake:
            if self._closed or (len(self._kept) >= MAX_KEPT and key not in self._kept):
                self.dropped += 1
                return
            self._kept[key] = item
            if self._thread is None:
                self._begin_thread()
            if len(self._kept) in (1, MAX_BATCH):
                self._wake.notify_all()

    def _begin_thread(self) -> None:
        thread = threading.Thread(target=self._run, name="orfeas " + self._method, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # as many as the system allows, or the end of the program: the next item tries again
            log.debug("%s waits: %s", self._method, error)
        else:
            self._thread = thread

    def flush(self, timeout: float = CLOSE_S) -> bool:
        """Waits until all that is here is recorded or dropped; whether it is."""
        if self.is_elsewhere():
            return True
        with self._wake:
            self._flushing = bool(self._kept)
            self._wake.notify_all()
            return self._wake.wait_for(lambda: not self._kept and not self._sending, timeout)

    def close(self, timeout: float = CLOSE_S) -> None:
        if self.is_elsewhere():
            return
        self.flush(timeout)
        with self._wake:
            self._closed = True
            self.dropped += len(self._kept)
            self._kept.clear()
            self._wake.notify_all()

    def _take(self) -> List[Item]:
        """Waits for something, and for more to go with it; nothing: all is over."""
        with self._wake:
            self._wake.wait_for(lambda: self._kept or self._closed)
            self._wake.wait_for(lambda: len(self._kept) >= MAX_BATCH or self._flushing or self._closed, PERIOD_S)
            taken = [self._kept.popitem(last=False)[1] for _ in range(min(len(self._kept), MAX_BATCH))]
            self._sending = len(taken)
            return taken

    def _run(self) -> None:
        while taken := self._take():
            lost = self._send(taken)
            with self._wake:
                self.dropped += lost
                self._sending = 0
                self._flushing = self._flushing and bool(self._kept)
                self._wake.notify_all()

    def _prepare(self, items: List[Item]) -> None:
        """What has to be told before them."""

    def _send(self, items: List[Item]) -> int:
        """How many are lost."""
        count = len(items)
        refused = 0
        while items and refused < MAX_REFUSED:
            try:
                self._prepare(items)
                self._call(self._method, {self._member: items}, timeout=CALL_S)
                return count - len(items)
            except (errors.InvalidArgument, errors.OutOfRange) as error:
                wrong = self._find_refused(error, len(items))
                log.debug("%s: %s", self._method, error)
                if wrong is None:
                    break
                del items[wrong]
                refused += 1
            except (TypeError, ValueError) as error:  # of one that is no JSON, which is not to take the others along
                log.debug("%s: %s", self._method, error)
                told = len(items)
                items = [item for item in items if is_json(item)]
                if len(items) == told:
                    break
            except Exception as error:  # the call was made again already; whatever it was, the thread goes on
                if self._pause(error):
                    continue
                log.debug("%d of %s are lost: %s", len(items), self._method, error)
                break
        return count

    def _pause(self, error: Exception) -> bool:
        """Waits until the daemon wants to be asked again; not where it did not say, or all is over."""
        if not isinstance(error, Error) or error.retry_after_ms is None:
            return False
        seconds = min(max(error.retry_after_ms / 1000, LEAST_PAUSE_S), MAX_PAUSE_S)
        with self._wake:
            return not self._wake.wait_for(lambda: self._closed, seconds)

    def _find_refused(self, error: Error, count: int) -> Optional[int]:
        """Of `spans[3].trace_id` 3."""
        found = re.match(re.escape(self._member) + r"\[(\d+)\]", error.field or "")
        return int(found[1]) if found is not None and int(found[1]) < count else None


def is_json(item: Item) -> bool:
    """Not so are a number that is none, half a letter (a lone surrogate), and objects."""
    try:
        json.dumps(item, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def flush_all(timeout: float, *outboxes: Outbox) -> bool:
    """All of them within that time."""
    end = time.monotonic() + timeout
    return all([outbox.flush(max(0.0, end - time.monotonic())) for outbox in outboxes])


def close_all(*outboxes: Outbox) -> None:
    """They wait together, not one after another."""
    flush_all(CLOSE_S, *outboxes)
    for outbox in outboxes:
        outbox.close(0)
