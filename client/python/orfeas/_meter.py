# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counters and gauges that a program keeps, recorded in the background: of each series the newest value, once a second."""

from __future__ import annotations

import math
import os
import threading
import time
from typing import Any, Callable, Dict, List, Mapping, Optional, Set, Tuple

from . import errors
from ._outbox import CALL_S, MAX_KEPT, Item, Outbox, log
from .tracing import clean

# As metrics.record takes them, in bytes; a letter of UTF-8 has at most four.
MAX_LABEL_BYTES = 256

Labels = Optional[Mapping[str, str]]
Key = Tuple[str, Tuple[Tuple[str, str], ...]]


class Meter(Outbox):
    """A counter of one process is a series of its own (label `process`), since each begins at 0: `sum by (…)` adds them up."""

    def __init__(self, call: Callable[..., Any]) -> None:
        super().__init__(call, "metrics.record", "samples")

    def _begin(self) -> None:
        super()._begin()
        self._totals_lock = threading.Lock()
        self._totals: Dict[Key, float] = {}
        self._defined: Set[str] = set()

    def count(self, name: str, by: float, labels: Labels) -> None:
        self.enter()
        key = make_key(name, {**(labels or {}), "process": str(self._pid)})
        with self._totals_lock:
            total = self._totals.get(key, 0) + by
            # a total that is no number would stay so, and more counters than can wait are labels without end
            if not math.isfinite(total) or (len(self._totals) >= MAX_KEPT and key not in self._totals):
                self.dropped += 1
                return
            self._totals[key] = total
            self._record(key, total)  # in here, or an older total could come behind a newer one

    def set(self, name: str, value: float, labels: Labels) -> None:
        self._record(make_key(name, labels or {}), value)

    def _record(self, key: Key, value: float) -> None:
        name, labels = key
        if not isinstance(value, (int, float)):  # NumPy's, say
            value = float(value)
        self.put(key, {"name": name, "value": value, "t_us": time.time_ns() // 1000, "labels": dict(labels)})

    def _prepare(self, items: List[Item]) -> None:
        """A name that nobody defined would be a gauge."""
        with self._totals_lock:
            counters = {name for name, _ in self._totals}
        for name in {item["name"] for item in items} & counters - self._defined:
            try:
                self._call("metrics.define", {"name": name, "kind": "counter"}, timeout=CALL_S)
            except (errors.AlreadyExists, errors.InvalidArgument) as error:  # its samples are taken, or refused, for themselves
                log.debug("%s: %s", name, error)
            self._defined.add(name)


def make_key(name: str, labels: Mapping[str, str]) -> Key:
    return name, tuple(sorted((key, cut(clean(str(value)))) for key, value in labels.items()))


def cut(text: str) -> str:
    if len(text) <= MAX_LABEL_BYTES // 4:
        return text
    return text.encode()[:MAX_LABEL_BYTES].decode("utf-8", "ignore")
