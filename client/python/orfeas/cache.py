# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon's cache, with what was read or set lately held in the program.

Invariants (doc/cache.md has why they are enough):
- What is held began a ticket before it was asked for, and its version is neither below what was told of the
  key since nor below `_floor`, the version from which on the stream tells all.
- `_fresh_until` is counted from before the cache.sync whose version has been told; the watcher alone sets it.
- A write of ours is a change of its key as soon as it is answered, or is known not to be.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import inspect
import itertools
import json
import logging
import os
import threading
import time
import weakref
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple, TypeVar, Union

from . import _address, _failure, errors
from ._client import Client, connect
from ._deadline import Backoff
from ._error import Error
from ._shelf import NEVER, Entry, Shelf, Ticket, Value
from .stream import Stream

# The lease lasts two seconds: three of four may be late.
SYNC_S = 0.5
# A daemon that takes longer to tell how far it is is not there for us; a busy machine may well take a second or two.
CALL_S = 5.0
# Between tries to watch: while nobody does, each get is a call.
MAX_PAUSE_S = 1.0
# Changes that wait while the watcher is at something else; then all that is held goes.
BUFFER = 1024
MAX_KEY_BYTES = 1024
# Who waits for what another makes asks again so often: a daemon that was stopped is given up a call's time later, and
# not at the end of the whole wait.
MAX_WAIT_S = 1.0

# How a watch ends where there is no daemon, or none that answers; one that refuses to be watched is there.
AWAY = (errors.Unavailable, errors.DeadlineExceeded, TimeoutError)

log = logging.getLogger("orfeas.cache")

Function = TypeVar("Function", bound=Callable[..., Any])
Codec = Tuple[Callable[[Any], Union[str, bytes]], Callable[[Any], Any]]

MISSING: Any = object()
"""As `default` of get(): tells a miss from a value that is known to be None."""

JSON: Codec = (functools.partial(json.dumps, separators=(",", ":"), ensure_ascii=False), json.loads)


class Found(NamedTuple):
    """What get_or_lease() answers."""

    hit: bool
    value: Value
    stale: bool
    lease: Optional[str]


@dataclass
class Stats:
    fresh: bool
    """What is held is served now."""
    hits: int
    """Answered from here; counted without a lock, so about."""
    calls: int
    """Gets that asked the daemon."""
    dropped: int
    """Held values that went since their key changed."""
    evictions: int
    """…for want of room."""
    flushes: int
    """Times that all of them went."""
    entries: int
    used_bytes: int
    connections: int
    """Streams of changes that were opened."""


def decode(entry: Mapping[str, Any]) -> Value:
    """The value of an answer; None: none is there."""
    value = entry.get("value")
    return b64decode(value) if entry.get("encoding") == "base64" else value


def _next(stream: Stream[Any], seconds: float) -> Any:
    try:
        return stream.next(seconds)
    except StopIteration:
        raise errors.Unavailable("the stream of changes ended") from None


def find_socket() -> str:
    return "unix:" + os.path.join(os.path.dirname(_address.find_local().path), "cache.sock")


class Cache:
    """`cache = orfeas.Cache()`: get, set and delete, where a get of what is held costs no call.

    What is held goes a millisecond or two after its key changed, and is never served for longer than two
    seconds after the daemon was last known to have told of everything. After set() or delete() have answered no
    get of this process is older than they were. Without a daemon calls raise as those of a client do, a get at once
    since nobody has to find that out again; what `cached` wraps is then simply called. Any thread may use it. In a fork's child each get is a call.

    Args:
        address: `unix:…/cache.sock` or any address of the daemon; None: this user's `cache.sock`.
        client: Instead of one of its own, with `options` of `connect()`.
        max_bytes: Held here, of keys, values and about what goes with them.
        max_entries: Held here.
        prefix: Only keys that begin with it are held.
        timeout: Seconds for a call that names none, beside those that it waits for others (a second of them a call).
    """

    def __init__(self, address: Optional[str] = None, *, client: Optional[Client] = None, max_bytes: int = 16 << 20,
                 max_entries: int = 65536, prefix: str = "", timeout: float = 1.0, **options: Any) -> None:
        self._client = client or connect(address or find_socket(), **options)
        self._owns_client = client is None
        self._prefix = prefix
        self._timeout = timeout
        self._shelf = Shelf(max_bytes, max_entries)
        self._held = self._shelf.entries
        self._fresh_until = 0.0  # monotonic
        self._floor = NEVER
        self._hits = self._calls = self._flushes = self._connections = 0
        self._state = threading.Condition()  # _fresh_until or _closed has changed
        self._closed = False
        self._is_elsewhere = False
        self._is_away = False  # the daemon, as the watcher found it
        self._away_until = 0.0  # monotonic: as a call found it, where nobody watches
        self._stream: Optional[Stream[Any]] = None
        self._dropped_values = 0  # of the stream, as the watcher knows
        _all.add(self)
        self._thread = threading.Thread(target=self._watch_on, name="orfeas cache", daemon=True)
        self._thread.start()

    # ---- values

    def get(self, key: str, default: Any = None, *, timeout: Optional[float] = None) -> Any:
        """The value, text as str, else bytes; None where it is known that there is none; `default` on a miss."""
        entry = self._find(key)
        if entry is not None:
            return entry.value
        found = self._ask(key, {}, timeout)
        return found.value if found.hit else default

    def get_many(self, keys: Sequence[str], default: Any = None, *, timeout: Optional[float] = None) -> List[Any]:
        """As get() of each, in one call for those that are not held here; 1000 at most."""
        found = [self._find(key) for key in keys]
        missing = [key for key, entry in zip(keys, found) if entry is None]
        asked = iter(self._ask_many(missing, timeout) if missing else ())
        answers = [Found(True, entry.value, False, None) if entry is not None else next(asked) for entry in found]
        return [answer.value if answer.hit else default for answer in answers]

    def get_or_lease(self, key: str, *, lease: float = 10.0, wait: float = 1.0, timeout: Optional[float] = None) -> Found:
        """The same, where many would make the value at once: one of them, in all processes, gets a lease.

        It is to make the value within `lease` seconds and give it to set() with the lease; the others wait `wait`
        seconds for it. A value that is stale comes with a lease for one, and to the others at once.
        """
        entry = self._find(key)
        if entry is not None:
            return Found(True, entry.value, False, None)
        begun = time.monotonic()
        while True:
            asked = time.monotonic()
            left = max(0.0, wait - (asked - begun))
            step = left if timeout is not None else min(left, MAX_WAIT_S)
            found = self._ask(key, {"lease_us": round(lease * 1e6), "wait_us": round(step * 1e6)}, timeout)
            # an answer before its time is one for which there is nothing to wait
            if found.hit or found.lease is not None or step >= left or time.monotonic() - asked < step:
                return found

    def set(self, key: str, value: Value, *, ttl: Optional[float] = None, stale: Optional[float] = None,
            tags: Optional[Sequence[str]] = None, cost: Optional[float] = None, lease: Optional[str] = None,
            timeout: Optional[float] = None) -> bool:
        """Stores text, bytes, or None: it is known that there is none. Times in seconds.

        Args:
            ttl: Lifetime; None: the daemon's `[cache] ttl_ms`, for None `negative_us`.
            stale: So long after it the value is served while one makes it anew.
            tags: For cache.invalidate.
            cost: What it took to make.
            lease: Of get_or_lease(); False is returned where it was lost, and nothing stored.
        """
        params: Dict[str, Any] = {"key": key, "value": value, "tags": list(tags) if tags else None, "lease": lease, "keep": True}
        if isinstance(value, bytes):
            params.update(value=b64encode(value).decode(), encoding="base64")
        for name, seconds, scale in (("ttl_ms", ttl, 1e3), ("stale_us", stale, 1e6), ("cost_us", cost, 1e6)):
            if seconds is not None:
                params[name] = max(round(seconds * scale), 1 if name == "ttl_ms" else 0)
        return bool(self._write(key, "cache.set", params, timeout, value).get("stored"))

    def delete(self, key: str, *, timeout: Optional[float] = None) -> bool:
        """Whether there was one."""
        return bool(self._write(key, "cache.delete", {"key": key}, timeout, MISSING).get("removed"))

    def invalidate(self, pattern: Optional[str] = None, *, tag: Optional[str] = None, timeout: Optional[float] = None) -> int:
        """Drops all keys that match (`*`, `?`), have the tag, or both; how many there were."""
        try:
            return int(self._client.cache.invalidate(pattern=pattern, tag=tag, timeout=timeout)["removed"])
        finally:
            self._flush()  # which keys had the tag is not known here

    def _find(self, key: str) -> Optional[Entry]:
        """What is held and may be served."""
        entry = self._held.get(key)
        if entry is None:
            return None
        now = time.monotonic()
        if now >= entry.until or now >= self._fresh_until:
            return None
        entry.visited = True
        self._hits += 1
        return entry

    def _check_there(self) -> None:
        if self._is_away or time.monotonic() < self._away_until:
            raise _failure.lost(f"no daemon at {self._client.address}", sent=False)

    def _call(self, method: str, params: Mapping[str, Any], timeout: float) -> Any:
        try:
            answer = self._client.call(method, params, timeout=timeout)
        except AWAY:
            if self._is_elsewhere:
                self._away_until = time.monotonic() + MAX_PAUSE_S
            raise
        return _failure.check_object(answer, method)

    def _ask_many(self, keys: List[str], timeout: Optional[float]) -> List[Found]:
        self._check_there()
        with self._shelf.lock:
            self._calls += 1
            tickets = [self._shelf.begin(key) for key in keys]
        entries: Sequence[Mapping[str, Any]] = ()
        asked = time.monotonic()
        try:
            answer = self._call("cache.mget", {"keys": keys, "keep": True}, self._timeout if timeout is None else timeout)
            with _failure.reading("cache.mget"):
                found = [Found(entry["hit"], decode(entry), False, None) for entry in answer["entries"]]
                if len(found) != len(keys):
                    raise ValueError(f"{len(found)} entries for {len(keys)} keys")
                entries = answer["entries"]
        finally:
            with contextlib.ExitStack() as ends:  # each, whatever an answer makes of one
                for ticket, entry in itertools.zip_longest(tickets, entries, fillvalue={}):
                    ends.callback(self._end, ticket, decode(entry), entry, asked)
        return found

    def _ask(self, key: str, params: Mapping[str, Any], timeout: Optional[float]) -> Found:
        self._check_there()
        if timeout is None:
            timeout = self._timeout + params.get("wait_us", 0) / 1e6
        with self._shelf.lock:
            self._calls += 1
            ticket = self._shelf.begin(key)
        answer: Mapping[str, Any] = {}
        value: Value = None
        asked = time.monotonic()
        try:
            answer = self._call("cache.get", {"key": key, "keep": True, **params}, timeout)
            with _failure.reading("cache.get"):
                value = decode(answer)
                found = Found(answer["hit"], value, bool(answer.get("stale")), answer.get("lease"))
        finally:
            self._end(ticket, value, answer, asked)
        return found

    def _write(self, key: str, method: str, params: Mapping[str, Any], timeout: Optional[float], value: Any) -> Mapping[str, Any]:
        """value: what is held then; MISSING: nothing."""
        with self._shelf.lock:
            ticket = self._shelf.begin(key)
        answer: Mapping[str, Any] = {}
        asked = time.monotonic()
        try:
            answer = _failure.check_object(self._client.call(method, params, timeout=self._timeout if timeout is None else timeout), method)
        finally:
            version = answer.get("version")
            with self._shelf.lock:
                self._shelf.change(key, version if isinstance(version, int) else NEVER)
            self._end(ticket, value, answer if value is not MISSING else {}, asked)
        return answer

    def _end(self, ticket: Ticket, value: Value, answer: Mapping[str, Any], asked: float) -> None:
        """asked: before the call, so that a lifetime told in its answer ends no later than it should."""
        with self._shelf.lock:
            try:
                with _failure.reading("cache"):
                    version = answer.get("version", -1)
                    if version >= self._floor and ticket.key.startswith(self._prefix) and not self._is_elsewhere:
                        self._shelf.put(ticket, value, version, asked + answer["keep_us"] / 1e6)
            finally:
                self._shelf.end(ticket)

    # ---- functions

    def cached(self, ttl: Optional[float] = None, *, key: Union[None, str, Callable[..., str]] = None, stale: Optional[float] = None,
               none_ttl: Optional[float] = None, tags: Sequence[str] = (), lease: float = 10.0, wait: Optional[float] = None,
               codec: Optional[Codec] = JSON) -> Callable[[Function], Function]:
        """`@cache.cached(ttl=60)`: what the function returns is kept, by its arguments.

        Of all processes that miss one calls the function, the others wait for what it returns. One that raises keeps
        nothing. A daemon that is away or slow costs the cache, never the call: the function is called at once where it
        is known to be away, else after the cache's `timeout` and a second at most. What is returned is what a hit would
        return, also the first time: with JSON a tuple is a list. The wrapper has `key_of(…)` and `forget(…)`, which
        take the function's arguments, and `__wrapped__`. It waits for the daemon, so it is no `async def`: within one it
        is called by `await asyncio.to_thread(function, …)`.

        Args:
            ttl: Lifetime in seconds; None: the daemon's.
            key: A prefix, to which the arguments are added as JSON, or what makes the key of them; None: the function's name.
            stale: For so many seconds after its lifetime the old value is returned, and one process makes it anew in the background.
            none_ttl: Lifetime of None; None: the daemon's `[cache] negative_us`.
            tags: For cache.invalidate.
            lease: The function has so many seconds before another process is asked to.
            wait: How long others wait for it; None: as long as `lease`.
            codec: (dumps, loads), of what is not None; None: the function returns text or bytes.
        """
        options: Dict[str, Any] = {"ttl": ttl, "stale": stale, "none_ttl": none_ttl, "tags": tags, "lease": lease,
                                   "wait": lease if wait is None else wait, "codec": codec}

        def wrap(function: Function) -> Function:
            if inspect.iscoroutinefunction(function):
                raise TypeError(f"{function.__qualname__} is an async function: make what it computes a plain one, and call that by asyncio.to_thread()")
            memo = _Memo(self, function, key, **options)

            @functools.wraps(function)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                return memo.call(args, kwargs)

            wrapper.key_of = lambda *args, **kwargs: memo.key_of(args, kwargs)  # type: ignore[attr-defined]
            wrapper.forget = lambda *args, **kwargs: self.delete(memo.key_of(args, kwargs))  # type: ignore[attr-defined]
            return wrapper  # type: ignore[return-value]

        return wrap

    # ---- state

    def stats(self) -> Stats:
        with self._shelf.lock:
            return Stats(time.monotonic() < self._fresh_until, self._hits, self._calls, self._shelf.dropped, self._shelf.evictions,
                         self._flushes, len(self._shelf.entries), self._shelf.used_bytes, self._connections)

    def wait_until_fresh(self, timeout: Optional[float] = None) -> bool:
        """Whether what is held is served; waits for that."""
        with self._state:
            return self._state.wait_for(lambda: time.monotonic() < self._fresh_until or self._closed, timeout) and not self._closed

    def close(self) -> None:
        """Holds nothing any more, and ends its client where that is its own."""
        with self._state:
            self._closed = True
            self._state.notify_all()
        if not self._is_elsewhere:
            stream = self._stream
            if stream is not None:
                stream.close()
            if self._thread is not threading.current_thread():
                self._thread.join(CALL_S)
        self._lose()
        if self._owns_client:
            self._client.close()

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _leave_to_parent(self) -> None:
        """In a fork's child, where the watcher does not exist and whoever held a lock neither."""
        self._is_elsewhere = True
        self._is_away = False
        self._fresh_until = 0.0
        self._shelf = Shelf(0, 0)
        self._held = self._shelf.entries
        self._state = threading.Condition()

    # ---- changes

    def _flush(self) -> None:
        with self._shelf.lock:
            self._flushes += 1
            self._shelf.clear()

    def _lose(self) -> None:
        """Nothing more is told of changes."""
        self._fresh_until = 0.0
        if self._floor != NEVER:
            self._floor = NEVER
            self._flush()

    def _watch_on(self) -> None:
        backoff = Backoff()
        while not self._closed:
            try:
                self._watch(backoff)
            except (Error, TimeoutError) as error:
                self._is_away = isinstance(error, AWAY)
                log.debug("changes: %s", error)
            except Exception:  # whatever it was: without the thread nothing would be held ever again
                log.exception("changes")
            self._lose()
            with self._state:
                self._state.wait_for(lambda: self._closed, min(backoff.next(), MAX_PAUSE_S))

    def _watch(self, backoff: Backoff) -> None:
        with self._client.cache.watch(prefix=self._prefix, timeout=CALL_S, buffer=BUFFER) as stream:
            self._stream = stream
            self._dropped_values = 0
            told = self._floor = int(_next(stream, CALL_S)["version"])
            self._is_away = False
            self._connections += 1
            while not self._closed:
                asked = time.monotonic()
                sync = self._client.cache.sync(timeout=CALL_S)
                # what it counted has to be told, so one that is not is a fault
                while told < sync["version"]:
                    told = self._take(stream, CALL_S)
                self._renew(asked + sync["lease_us"] / 1e6)
                backoff.reset()
                while (left := asked + SYNC_S - time.monotonic()) > 0 and not self._closed:
                    try:
                        told = self._take(stream, left)
                    except TimeoutError:
                        break

    def _take(self, stream: Stream[Any], seconds: float) -> int:
        """The next value, applied; its version."""
        changes = _next(stream, seconds)
        if stream.dropped != self._dropped_values:
            self._dropped_values = stream.dropped
            self._flush()
        self._apply(changes)
        return int(changes["version"])

    def _renew(self, until: float) -> None:
        with self._state:
            self._fresh_until = until
            self._state.notify_all()

    def _apply(self, changes: Mapping[str, Any]) -> None:
        with self._shelf.lock:
            for key, version in zip(changes["keys"], changes["versions"]):
                self._shelf.change(key, version)
            for pattern in changes["patterns"]:
                self._shelf.change_matching(pattern, changes["version"])


class _Memo:
    """A function, and how what it returns is kept."""

    def __init__(self, cache: Cache, function: Callable[..., Any], key: Union[None, str, Callable[..., str]], **options: Any) -> None:
        self._cache = cache
        self._function = function
        self._key = key if key is not None else f"{function.__module__}.{function.__qualname__}:"
        self._options = options
        self._dumps, self._loads = options["codec"] or (lambda value: value, lambda value: value)

    def key_of(self, args: Iterable[Any], kwargs: Mapping[str, Any]) -> str:
        if callable(self._key):
            return self._key(*args, **kwargs)
        parts: List[Any] = [*args, kwargs] if kwargs else [*args]
        text = self._key + json.dumps(parts, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
        try:
            if len(text.encode()) <= MAX_KEY_BYTES:
                return text
        except UnicodeEncodeError:
            pass  # half a letter, as a text that was cut has it: no key can
        return self._key + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def call(self, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        key = self.key_of(args, kwargs)
        try:
            found = self._cache.get_or_lease(key, lease=self._options["lease"], wait=self._options["wait"])
        except Exception as error:
            log.debug("%s: %s", key, error)
            return self._as_kept(self._function(*args, **kwargs))
        if not found.hit:
            return self._make(key, found.lease, args, kwargs)
        if found.lease is not None:
            thread = threading.Thread(target=self._make_anew, args=(key, found.lease, args, kwargs), name="orfeas cached", daemon=True)
            self._guarded(thread.start)
        try:
            return None if found.value is None else self._loads(found.value)
        except Exception as error:  # another's value, or of another release
            log.debug("%s is not what loads() takes: %s", key, error)
            self._guarded(lambda: self._cache.delete(key))
            return self._as_kept(self._function(*args, **kwargs))

    def _as_kept(self, result: Any) -> Any:
        return None if result is None else self._loads(self._dumps(result))

    def _make(self, key: str, lease: Optional[str], args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        begun = time.perf_counter()
        try:
            result = self._function(*args, **kwargs)
            cost = time.perf_counter() - begun
            value = None if result is None else self._dumps(result)
        except BaseException:
            if lease is not None:
                self._guarded(lambda: self._cache.delete(key))  # whoever waits need not wait for the lease's end
            raise
        if lease is not None:
            self._guarded(lambda: self._cache.set(
                key, value, ttl=self._options["ttl"] if value is not None else self._options["none_ttl"], stale=self._options["stale"],
                tags=self._options["tags"], cost=cost, lease=lease))
        return None if value is None else self._loads(value)

    def _make_anew(self, *call: Any) -> None:
        try:
            self._make(*call)
        except Exception:
            log.exception("%s failed", self._key)

    @staticmethod
    def _guarded(call: Callable[[], Any]) -> None:
        """What the cache cannot keep the caller has all the same."""
        try:
            call()
        except Exception as error:
            log.debug("%s", error)


_all: weakref.WeakSet[Cache] = weakref.WeakSet()


def _forked() -> None:
    for cache in list(_all):
        cache._leave_to_parent()


os.register_at_fork(after_in_child=_forked)
