# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a cache holds in the program: values by keys, bounded, each under a version.

A version is the daemon's count of changes. A value is held under that of when it was read, and goes when a
change of its key with a higher one is told. A reading under way is a ticket, which notes what is told
meanwhile: so an answer that was overtaken is not held.
Invariant: everything is under `lock`, but that anyone may look a key up in `entries`: a dictionary is whole at any
time, and an entry only ever changes in whether it was visited.
"""

from __future__ import annotations

import collections
import re
import threading
from typing import Dict, List, Union

Value = Union[str, bytes, None]

# An entry, its place in the dictionary and two objects of CPython's, beside the letters.
OVERHEAD_BYTES = 400
# Nobody knows when it changed: all that was read by now goes.
NEVER = 1 << 62


class Entry:
    __slots__ = ("value", "version", "until", "visited", "size")

    def __init__(self, value: Value, version: int, until: float, size: int) -> None:
        self.value = value
        self.version = version
        self.until = until
        self.visited = False
        self.size = size


class Ticket:
    __slots__ = ("key", "told")

    def __init__(self, key: str) -> None:
        self.key = key
        self.told = 0


class Pattern:
    """As cache.invalidate has it: * any letters, ? one, all else for itself.

    Its ? is one byte, and a letter has up to four, so here it is any letters, too: what goes for nothing costs a call. No
    regular expression, since the pattern is somebody else's: one with a few stars takes hours for a long key.
    """

    def __init__(self, pattern: str) -> None:
        self._parts = re.split(r"[*?]+", pattern)

    def matches(self, key: str) -> bool:
        first, *others = self._parts
        if not others:
            return key == first
        last = others.pop()
        at, end = len(first), len(key) - len(last)
        if at > end or not key.startswith(first) or not key.endswith(last):
            return False
        for part in others:
            found = key.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True


class Shelf:
    def __init__(self, max_bytes: int, max_entries: int) -> None:
        self.lock = threading.Lock()
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self.entries: collections.OrderedDict[str, Entry] = collections.OrderedDict()
        self._tickets: Dict[str, List[Ticket]] = {}
        self.used_bytes = 0
        self.dropped = 0
        self.evictions = 0

    def begin(self, key: str) -> Ticket:
        ticket = Ticket(key)
        self._tickets.setdefault(key, []).append(ticket)
        return ticket

    def end(self, ticket: Ticket) -> None:
        tickets = self._tickets[ticket.key]
        tickets.remove(ticket)
        if not tickets:
            del self._tickets[ticket.key]

    def put(self, ticket: Ticket, value: Value, version: int, until: float) -> None:
        """Of a ticket that has begun: holds the value, unless something newer is known of the key or it is too large."""
        held = self.entries.get(ticket.key)
        if version < ticket.told or (held is not None and held.version > version):
            return
        if held is not None:
            self._take_out(ticket.key)
        size = OVERHEAD_BYTES + len(ticket.key) + len(value or "")
        if size > self._max_bytes // 2:  # it would cost too many others
            return
        while self.entries and (len(self.entries) >= self._max_entries or self.used_bytes + size > self._max_bytes):
            self._evict()
        self.entries[ticket.key] = Entry(value, version, until, size)
        self.used_bytes += size

    def change(self, key: str, version: int) -> None:
        for ticket in self._tickets.get(key, ()):
            ticket.told = max(ticket.told, version)
        held = self.entries.get(key)
        if held is not None and held.version < version:
            self.dropped += 1
            self._take_out(key)

    def change_matching(self, pattern: str, version: int) -> None:
        meant = Pattern(pattern)
        for key in [key for key in (*self._tickets, *self.entries) if meant.matches(key)]:
            self.change(key, version)

    def clear(self) -> None:
        """All that was read by now goes."""
        for tickets in self._tickets.values():
            for ticket in tickets:
                ticket.told = NEVER
        self.dropped += len(self.entries)
        self.entries.clear()
        self.used_bytes = 0

    def _take_out(self, key: str) -> None:
        self.used_bytes -= self.entries.pop(key).size

    def _evict(self) -> None:
        """Whoever was not asked for since it was looked at last: the oldest first, those that were go behind."""
        while True:
            key, entry = next(iter(self.entries.items()))
            if not entry.visited:
                break
            entry.visited = False
            self.entries.move_to_end(key)
        self.evictions += 1
        self._take_out(key)
