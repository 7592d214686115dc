# SPDX-License-Identifier: LGPL-2.1-or-later
"""A process that holds GPU memory, made known to the daemon.

Two threads of its own, so that a callback that takes long does not let the lease run out: one registers
and reports, the other listens to advice and calls back.
Invariants:
- What the host calls never waits for the daemon, and never raises for its sake; only close() waits.
- `_lock` protects the batches and the registration, and is never held during a call or a callback.
- `_stream` is the listener's; close() ends it from outside, which streams allow.
- In a fork's child, where no thread runs and any lock may be held, everything of the host's does nothing.
"""

from __future__ import annotations

import collections
import contextlib
import logging
import os
import threading
import time
from typing import Any, Callable, Deque, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from . import _failure, errors
from ._client import Client, connect
from ._deadline import Backoff
from ._error import Error
from .stream import Stream
from .tracing import clean

# Taken in one report.
MAX_BATCHES = 1000
# Kept while no daemon is there; older ones are dropped and counted.
MAX_KEPT_BATCHES = 10000
# A call that takes longer is given up and made anew: well below any lease.
CALL_S = 5.0
# However short a lease is said to be: the host has something else to do.
LEAST_PERIOD_S = 0.02
# A lease outlives this many reports that were lost.
REPORTS_A_LEASE = 3
# A stream of advice that lasted so long was a good one: the next may be opened at once.
GOOD_STREAM_S = 5.0

log = logging.getLogger("orfeas.worker")

Stats = Mapping[str, Optional[int]]
# how it came out, and how many bytes it claims to have freed
Answer = Union[None, int, Tuple[str, Optional[int]]]


class Refused(Exception):
    """Raised by a callback that cannot do what it was asked for."""


class Memory:
    """What a worker knows of its allocator. Each part may be left out: what is unknown is None, never 0."""

    def stats(self) -> Stats:
        """`allocated_bytes`, `reserved_bytes`, `active_bytes`, `inactive_split_bytes`, `largest_free_bytes`, `ooms`, `retries`, `returned_bytes`."""
        return {}

    def reset_peak(self) -> None:
        """A batch begins."""

    def peak_bytes(self) -> Optional[int]:
        """The most that was in use since then."""
        return None


class CallableMemory(Memory):
    def __init__(self, stats: Callable[[], Stats]) -> None:
        self._stats = stats

    def stats(self) -> Stats:
        return self._stats()


class Advice:
    """What the daemon asks for."""

    def __init__(self, value: Mapping[str, Any]) -> None:
        self.id: str = value["advice"]
        self.kind: str = value["kind"]
        self.level: Optional[str] = value["level"]
        """How hard to clean up: `light`, `normal`, `aggressive`."""
        self.batch_size: Optional[int] = value["batch_size"]
        self.deadline_us = int(value["deadline_us"])
        """Nobody waits for the answer after it."""
        self.reason: str = value["reason"]

    @property
    def seconds_left(self) -> float:
        return self.deadline_us / 1e6 - time.time()


class Batch:
    """One batch, while it runs. Whoever knows better than the worker's memory sets `size` or `peak_bytes`."""

    def __init__(self, size: int, operation: Optional[str]) -> None:
        self.size = size
        self.operation = operation
        self.peak_bytes: Optional[int] = None


class Worker:
    """`with orfeas.Worker("trainer", memory=…, on_cleanup=…) as worker:` reports while the block runs.

    Any thread may use it. A daemon that is away, or comes back, costs the host nothing: the worker
    registers again as soon as it can. In a fork's child it does nothing.

    Args:
        name: For people, such as `vllm-0`. The same name and process is the same worker.
        device: The device whose memory it holds, as `gpu.list` names it.
        memory: Called for each report: returns a mapping as `Memory.stats`; or a `Memory`, which also
            tells the peak of each batch, and may have `trim(advice)`, used where on_cleanup is None.
        on_cleanup: Called with an `Advice` when memory is asked for. Returns the bytes it freed, None
            where it does not know, or `("partial", bytes)`; raises `Refused`. What it claims is compared
            with what is measured.
        on_batch_size: Called with an `Advice` that has a `batch_size`; returns None, or raises `Refused`.
        capabilities: What it can be asked for; None: what the callbacks allow.
        report_s: Seconds between reports, shortened where the daemon's lease needs it.
        client: None: one of its own, to `address` (this user's daemon), with `options` of `connect()`.
    """

    def __init__(
        self,
        name: str,
        *,
        device: Optional[str] = None,
        memory: Union[None, Memory, Callable[[], Stats]] = None,
        on_cleanup: Optional[Callable[[Advice], Answer]] = None,
        on_batch_size: Optional[Callable[[Advice], Answer]] = None,
        capabilities: Optional[Sequence[str]] = None,
        report_s: float = 1.0,
        client: Optional[Client] = None,
        address: Optional[str] = None,
        **options: Any,
    ) -> None:
        self.name = name
        self._device = device
        self._memory = memory if isinstance(memory, Memory) else CallableMemory(memory) if memory is not None else Memory()
        self._callbacks = {"cleanup": on_cleanup or getattr(self._memory, "trim", None), "batch_size": on_batch_size}
        self._capabilities = list(capabilities) if capabilities is not None else self._find_capabilities()
        self._report_s = report_s
        self._client = client or connect(address, **options)
        self._owns_client = client is None
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._batches: Deque[Dict[str, Any]] = collections.deque()
        self._running: List[Batch] = []
        self._overlapped = False
        self._dropped = 0
        self._sending: Tuple[List[Dict[str, Any]], Optional[str]] = ([], None)  # the reporter's: a report's batches, and its key
        self._said = ""  # the reporter's: what went wrong last
        self._worker: Optional[str] = None
        self._known = threading.Condition(self._lock)  # _worker or _closed has changed
        self._closed = False
        self._wake = threading.Event()  # the reporter has something to do at once
        self._stream: Optional[Stream[Any]] = None
        self._threads = [threading.Thread(target=target, name=f"orfeas {part} {name}", daemon=True)
                         for part, target in (("reports", self._report_on), ("advice", self._listen_on))]
        for thread in self._threads:
            thread.start()

    # ---- the host's

    @property
    def id(self) -> Optional[str]:
        """As the daemon calls it; None while it knows nothing of us."""
        return self._worker

    @property
    def dropped_batches(self) -> int:
        """How many were not reported, since no daemon was there for too long, or it refused them."""
        return self._dropped

    def wait_until_known(self, timeout: Optional[float] = None) -> bool:
        """Whether the daemon has taken our registration; waits for that."""
        with self._known:
            self._known.wait_for(lambda: self._worker is not None or self._closed, timeout)
            return self._worker is not None

    @contextlib.contextmanager
    def batch(self, size: int, operation: Optional[str] = None) -> Iterator[Batch]:
        """`with worker.batch(32):` measures how long a batch took, and its peak; one that raises is not reported.

        The peak is the whole process's: of batches that ran at the same time it is unknown.
        """
        batch = Batch(size, operation)
        self._begin(batch)
        begun = time.perf_counter()
        try:
            yield batch
        except BaseException:
            self._end(batch, None)
            raise
        self._end(batch, round((time.perf_counter() - begun) * 1e6))

    def add_batch(self, size: int, *, peak_bytes: Optional[int] = None, duration_us: Optional[int] = None,
                  operation: Optional[str] = None) -> None:
        """A batch that was measured otherwise."""
        if self._is_elsewhere():
            return
        known = {"peak_bytes": peak_bytes, "duration_us": duration_us}
        try:
            batch: Dict[str, Any] = {"size": int(size), **{key: int(value) for key, value in known.items() if value is not None}}
        except (TypeError, ValueError, OverflowError) as error:
            log.warning("%s: a batch that is none: %s", self.name, error)
            return
        if operation is not None:
            batch["operation"] = clean(str(operation))
        with self._lock:
            self._batches.append(batch)
            while len(self._batches) > MAX_KEPT_BATCHES:
                self._batches.popleft()
                self._dropped += 1

    def report_now(self) -> None:
        """Lets the next report come at once; does not wait for it."""
        self._wake.set()

    def close(self, timeout: float = CALL_S) -> None:
        """Reports what is left and leaves, waits for both threads, no longer than timeout seconds, and ends."""
        if self._is_elsewhere():
            return
        with self._known:
            if self._closed:
                return
            self._closed = True
            self._known.notify_all()
        self._wake.set()
        stream = self._stream
        if stream is not None:
            stream.close()
        end = time.monotonic() + timeout
        for thread in self._threads:
            if thread is not threading.current_thread():  # a callback may close
                thread.join(max(0.0, end - time.monotonic()))
        if self._owns_client:
            self._client.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- batches

    def _is_elsewhere(self) -> bool:
        return self._pid != os.getpid()

    def _begin(self, batch: Batch) -> None:
        if self._is_elsewhere():
            return
        with self._lock:
            self._overlapped = bool(self._running)
            self._running.append(batch)
            alone = not self._overlapped
        if alone:
            self._guarded(self._memory.reset_peak)

    def _end(self, batch: Batch, duration_us: Optional[int]) -> None:
        """duration_us None: it failed."""
        if self._is_elsewhere():
            return
        with self._lock:
            alone = not self._overlapped
            self._running.remove(batch)
        if duration_us is None:
            return
        if alone and batch.peak_bytes is None:
            batch.peak_bytes = self._guarded(self._memory.peak_bytes)
        self.add_batch(batch.size, peak_bytes=batch.peak_bytes, duration_us=duration_us, operation=batch.operation)

    @staticmethod
    def _guarded(call: Callable[[], Any]) -> Any:
        """What the host gave us must not end what it does."""
        try:
            return call()
        except Exception:
            log.exception("%s failed", getattr(call, "__qualname__", call))
            return None

    # ---- reports

    def _find_capabilities(self) -> List[str]:
        names = {"cleanup": "trim", "batch_size": "batch_size"}
        return [names[kind] for kind, callback in self._callbacks.items() if callback is not None]

    def _register(self) -> float:
        """Seconds until the next report is due at the latest."""
        # by a Unix socket the daemon sees who we are, whatever our own namespace says
        pid = None if self._client.address.startswith("unix:") else self._pid
        answer = self._client.worker.register(name=self.name, device=self._device, pid=pid,
                                              capabilities=self._capabilities, timeout=CALL_S)
        with _failure.reading("worker.register"):
            worker, lease_s = answer["worker"], answer["lease_us"] / 1e6
        with self._known:
            self._worker = worker
            self._known.notify_all()
        return max(min(self._report_s, lease_s / REPORTS_A_LEASE), LEAST_PERIOD_S)

    def _read_allocator(self) -> Any:
        return self._guarded(self._ask_memory) or {}

    def _ask_memory(self) -> Dict[str, int]:
        return {name: int(value) for name, value in self._memory.stats().items() if value is not None}

    def _report(self, worker: str) -> None:
        # what was not answered is sent again as it was, with its key: so each batch is told once
        if not self._sending[0]:
            with self._lock:
                batches = [self._batches.popleft() for _ in range(min(len(self._batches), MAX_BATCHES))]
            self._sending = (batches, os.urandom(16).hex() if batches else None)
        batches, key = self._sending
        try:
            self._client.worker.report(worker=worker, batches=batches or None, allocator=self._read_allocator(),  # type: ignore[arg-type]
                                       timeout=CALL_S, idempotency_key=key)
        except (errors.InvalidArgument, errors.OutOfRange, TypeError, ValueError) as error:  # again it would be the same
            self._say(error)
            self._dropped += len(batches)
        self._sending = ([], None)

    def _say(self, error: Exception) -> None:
        """A daemon that is away is nothing to tell, and what goes on is told once."""
        away = isinstance(error, (errors.Unavailable, TimeoutError))
        (log.debug if away or str(error) == self._said else log.warning)("%s: %s", self.name, error)
        if not away:
            self._said = str(error)

    def _forget(self, worker: str) -> None:
        with self._known:
            if self._worker == worker:
                self._worker = None

    def _report_on(self) -> None:
        backoff = Backoff()
        period_s = self._report_s
        while True:
            closing = self._closed
            self._wake.clear()
            worker = self._worker
            pause = period_s
            try:
                if worker is None and not closing:
                    period_s = pause = self._register()
                    worker = self._worker
                if worker is not None:
                    self._report(worker)
                    backoff.reset()
                if worker is not None and closing:
                    self._client.worker.leave(worker=worker, timeout=CALL_S)
            except errors.NotFound as error:
                if worker is not None:  # the daemon was begun anew, or took us for lost
                    self._forget(worker)
                else:  # no such device: it may come to be
                    self._say(error)
                pause = backoff.next()
            except Error as error:
                self._say(error)
                pause = max(backoff.next(), (error.retry_after_ms or 0) / 1000)
            except Exception:  # whatever it was: without the thread the worker is taken for lost
                log.exception("%s", self.name)
                pause = backoff.next()
            if closing:
                return
            if len(self._batches) < MAX_BATCHES or backoff.attempts > 0:
                self._wake.wait(pause)

    # ---- advice

    def _listen_on(self) -> None:
        backoff = Backoff()
        while True:
            with self._known:
                self._known.wait_for(lambda: self._worker is not None or self._closed)
                worker = self._worker
                if self._closed or worker is None:
                    return
            try:
                self._listen(worker, backoff)
            except errors.NotFound:
                self._forget(worker)
                self._wake.set()
            except Error as error:
                log.debug("advice: %s", error)
            except Exception:  # whatever it was: without the thread nobody hears any more
                log.exception("%s", self.name)
            self._pause(backoff.next())

    def _pause(self, seconds: float) -> None:
        with self._known:
            self._known.wait_for(lambda: self._closed, seconds)

    def _listen(self, worker: str, backoff: Backoff) -> None:
        with self._client.worker.advice(worker=worker, timeout=CALL_S) as stream:
            self._stream = stream
            if self._closed:  # meanwhile, so that close() knew of no stream
                return
            begun = time.monotonic()
            for value in stream:
                with _failure.reading("worker.advice"):
                    advice = Advice(value)
                self._act(worker, advice)
            if time.monotonic() - begun > GOOD_STREAM_S:
                backoff.reset()

    def _act(self, worker: str, advice: Advice) -> None:
        outcome, freed = self._obey(advice)
        allocator = self._read_allocator()  # at once: the next batch may take it all again
        try:
            self._client.worker.done(worker=worker, advice=advice.id, outcome=outcome, freed_bytes=freed,  # type: ignore[arg-type]
                                     allocator=allocator or None, timeout=CALL_S)
        except Error as error:  # nobody waits any more, or nobody is there: the daemon has measured all the same
            log.debug("%s: %s", advice.id, error)
        self.report_now()  # what it did shows in the allocator

    def _obey(self, advice: Advice) -> Tuple[str, Optional[int]]:
        callback = self._callbacks.get(advice.kind)
        if callback is None or advice.seconds_left <= 0:
            return "refused", None
        try:
            return self._read_answer(callback(advice))
        except Refused as error:
            log.info("refused %s: %s", advice.kind, error)
            return "refused", None
        except Exception:
            log.exception("%s failed", advice.kind)
            return "refused", None

    @staticmethod
    def _read_answer(answer: Answer) -> Tuple[str, Optional[int]]:
        outcome, freed = answer if isinstance(answer, tuple) else ("done", answer)
        return outcome, None if freed is None else max(0, int(freed))
