# SPDX-License-Identifier: LGPL-2.1-or-later
"""One connection with many calls in flight, and streams: a Unix socket or a WebSocket.

A thread of its own reads, answers pings, and hands each answer to the caller who waits for it.
Invariants:
- The socket does not block. `_io` is held for each use of it (TLS allows no two at once), never
  while waiting. What cannot be sent at once stands in `_unsent`, the rest of a message that has begun, and
  in `_queue` behind it, and the thread sends it on. A message whose caller has gone leaves the queue, so that
  a server that takes nothing any more does not fill the memory.
- `_table` protects who waits for what, and `_ended`; it is never held with `_io`.
- Only the thread closes the socket, once it has left its loop. The pipe that wakes it lives as long
  as the session: a write to a closed one could reach whichever file got its number.
- In a fork's child, where there is no thread and any lock may be held, nothing here is used.
- `__del__` of anything may run in any thread at any point, so it takes no lock: abandon() only sets
  a flag and wakes the thread.
"""

from __future__ import annotations

import collections
import json
import os
import select
import socket
import ssl
import threading
import time
from typing import Any, Deque, Dict, List, Optional, Sequence, Tuple, Union

from . import _failure, _frames, _lines, _wire
from ._channel import Channel
from ._deadline import Deadline
from ._error import Error

# A server that says nothing for this long is asked whether it is there; one that pings us never is.
QUIET_S = 20.0
# …and this much later the connection is given up.
ANSWER_S = 10.0
# How long a closing handshake may take: the server has all it needs, only politeness is lost.
GOODBYE_S = 1.0
# Pings answered while this much could not be sent would only make the heap grow.
MAX_UNSENT_FOR_PONG = 65536
MAX_QUEUED_FOR_PONG = 64
READ_BYTES = 262144
# Read in one turn before answers are handed out.
MAX_READS = 16

WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Pending:
    """A call, or a batch, whose answer is awaited."""

    __slots__ = ("ids", "size", "channel", "answer", "error", "abandoned", "_done")

    def __init__(self, ids: Sequence[int], size: int, channel: Optional[Channel]) -> None:
        self.ids = ids
        self.size = size
        self.channel = channel
        self.answer: Any = None
        self.error: Optional[Error] = None
        self.abandoned = False
        # an Event would do, at several times the cost
        self._done = threading.Lock()
        self._done.acquire()

    def finish(self) -> None:
        self._done.release()

    def wait(self, seconds: float) -> bool:
        return self._done.acquire(timeout=min(seconds, threading.TIMEOUT_MAX))


class Session:
    def __init__(self, connection: socket.socket, codec: Union[_frames.Codec, _lines.Codec], name: str) -> None:
        connection.setblocking(False)
        self._socket = connection
        self._codec = codec
        self._name = name
        self._io = threading.Lock()
        self._pid = os.getpid()
        self._unsent = bytearray()
        self._queue: Deque[Tuple[Optional[Pending], bytes]] = collections.deque()
        self._table = threading.Lock()
        self._pending: Dict[int, Pending] = {}
        self._channels: Dict[str, Channel] = {}
        self._ended: Optional[Error] = None
        self._abandoned = False
        self._is_closed_by_us = False
        self._closing_until: Optional[float] = None  # monotonic; the goodbye is said
        self._heard = time.monotonic()
        self._pinged = False
        # readable when the thread has something new to look at
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._thread = threading.Thread(target=self._run, name=f"orfeas {name}", daemon=True)
        self._thread.start()

    def __del__(self) -> None:
        for fd in (getattr(self, "_wake_read", -1), getattr(self, "_wake_write", -1)):
            if fd >= 0:
                os.close(fd)

    @property
    def is_open(self) -> bool:
        return self._ended is None and self._closing_until is None

    @property
    def is_elsewhere(self) -> bool:
        """In a fork's child: it is its parent's."""
        return self._pid != os.getpid()

    # ---- callers

    def exchange(self, message: Any, deadline: Deadline, channel: Optional[Channel] = None) -> Any:
        """The answer to a request or a batch; a channel is there to take the values of the stream that it opens."""
        text = json.dumps(message, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
        ids = [item["id"] for item in (message if isinstance(message, list) else [message])]
        pending = Pending(ids, len(text), channel)
        with self._table:
            if not self.is_open:
                raise _failure.lost(self._ended.message if self._ended else f"{self._name} is being closed", False)
            for request_id in ids:
                self._pending[request_id] = pending
        try:
            self._send(self._codec.encode(text), pending)
            answered = pending.wait(deadline.wait())
        except BaseException:  # KeyboardInterrupt: nobody waits any more, so the work may stop
            if not self._forget(pending):
                self._cancel(ids)
            raise
        if not answered:
            self._forget(pending)
            raise _wire.out_of_time()
        if pending.error is not None:
            raise pending.error
        return pending.answer

    def tell(self, method: str, params: Any) -> None:
        """A call whose answer nobody needs."""
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        self._send(self._codec.encode(json.dumps(message).encode()))

    def wake(self) -> None:
        """Lets the thread look at what has changed. For finalizers, too: it takes no lock."""
        try:
            os.write(self._wake_write, b"w")
        except BlockingIOError:
            pass  # the pipe is full of such bytes: it will wake

    def forget_channel(self, stream: str) -> None:
        with self._table:
            self._channels.pop(stream, None)

    def close(self) -> None:
        """Says goodbye, and waits for the end."""
        self._is_closed_by_us = True
        with self._io:
            self._queue.append((None, self._codec.goodbye()))
            if self._closing_until is None:
                self._closing_until = time.monotonic() + GOODBYE_S
        self.wake()
        if self._thread is not threading.current_thread():
            self._thread.join(2 * GOODBYE_S)

    def abandon(self) -> None:
        """As close(), for finalizers: neither waits nor locks."""
        self._abandoned = True
        self.wake()

    def drop_after_fork(self) -> None:
        """In a fork's child: the connection is its parent's, so nothing is said on it."""
        self._socket.close()

    def _forget(self, pending: Pending) -> bool:
        """Whether it has not gone out, and will not."""
        with self._io:
            unsent = [item for item in self._queue if item[0] is pending]
            for item in unsent:
                self._queue.remove(item)
        with self._table:
            pending.abandoned = True
            if pending.channel is None or unsent:  # else its answer still tells which stream has to be ended
                for request_id in pending.ids:
                    self._pending.pop(request_id, None)
            else:
                pending.channel.abandoned = True  # where the answer came at this very moment
        return bool(unsent)

    def _cancel(self, ids: Sequence[int]) -> None:
        for request_id in ids:
            self.tell("rpc.cancel", {"id": request_id})

    # ---- sending, by any thread

    def _send(self, data: bytes, pending: Optional[Pending] = None) -> None:
        """pending: whose call it is."""
        with self._io:
            if self._closing_until is not None:
                return  # nothing follows a goodbye
            if self._unsent or self._queue:
                self._queue.append((pending, data))
            else:
                self._unsent += data[self._send_now(data):]
            left = bool(self._unsent)
        if left:
            self.wake()

    def _send_on(self) -> None:
        """With `_io` held: as much as the socket takes."""
        while True:
            del self._unsent[:self._send_now(self._unsent)]
            if self._unsent or not self._queue:
                return
            self._unsent += self._queue.popleft()[1]

    def _send_now(self, data: Union[bytes, bytearray]) -> int:
        """How much went out. A connection that ended is told by reading, where all come to know of it."""
        sent = 0
        view = memoryview(data)
        try:
            while sent < len(view):
                sent += self._socket.send(view[sent:])
        except WOULD_BLOCK:
            pass
        except OSError:
            sent = len(view)
        finally:
            view.release()
        return sent

    # ---- the thread

    def _run(self) -> None:
        reason = f"the connection to {self._name} was lost"
        try:
            reason = self._loop()
        except (OSError, ValueError, RecursionError) as error:
            reason = f"{reason}: {error}"
        finally:
            self._settle(_failure.lost(reason, True))
            with self._io:
                self._socket.close()

    def _loop(self) -> str:
        poll = select.poll()
        poll.register(self._wake_read, select.POLLIN)
        while True:
            poll.register(self._socket, select.POLLIN | (select.POLLOUT if self._unsent else 0))
            ready = dict(poll.poll(self._poll_timeout_ms()))
            if self._wake_read in ready:
                os.read(self._wake_read, 4096)
                self._cancel_abandoned()
            if self._abandoned:
                return "the client is gone"
            with self._io:
                self._send_on()
                data, ended = self._read()
            if data:
                self._heard = time.monotonic()
                self._pinged = False
            closed = self._take(self._codec.feed(data)) if data else None
            if closed is not None:
                reason = f"{self._name} closed the connection: {closed.code} {closed.reason}".rstrip()
                self._settle(_failure.lost(reason, True))
                self._closing_until = time.monotonic() + GOODBYE_S  # ours goes out, and the server closes first
            if ended:
                return f"{self._name} ended the connection"
            if not self._is_still_due():
                return "the connection is closed" if self._closing_until is not None else \
                    f"{self._name} says nothing any more"

    def _poll_timeout_ms(self) -> Optional[float]:
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return 0
        if self._closing_until is not None:
            return max(0.0, self._closing_until - time.monotonic()) * 1000 + 1
        if isinstance(self._codec, _lines.Codec):
            return None  # a Unix socket's other end cannot vanish unseen
        quiet = time.monotonic() - self._heard
        return max(0.0, QUIET_S + (ANSWER_S if self._pinged else 0) - quiet) * 1000 + 1

    def _is_still_due(self) -> bool:
        """Whether to go on; asks a quiet server whether it is there."""
        now = time.monotonic()
        if self._closing_until is not None:
            # a Unix socket has no closing handshake: all is sent, so all is said
            return now < self._closing_until and (bool(self._unsent) or isinstance(self._codec, _frames.Codec))
        if isinstance(self._codec, _lines.Codec) or now - self._heard < QUIET_S:
            return True
        if now - self._heard >= QUIET_S + ANSWER_S:
            return False
        if not self._pinged:
            self._pinged = True
            self._send(self._codec.ping())
        return True

    def _read(self) -> Any:
        """(what has come, whether the end has)."""
        parts: List[bytes] = []
        try:
            for _ in range(MAX_READS):
                part = self._socket.recv(READ_BYTES)
                if not part:
                    return b"".join(parts), True
                parts.append(part)
                if len(part) < READ_BYTES and not isinstance(self._socket, ssl.SSLSocket):
                    break  # there was no more; to ask again would only cost
        except WOULD_BLOCK:
            pass
        except OSError:
            return b"".join(parts), True
        return b"".join(parts), False

    def _take(self, events: Sequence[_frames.Event]) -> Optional[_frames.Closed]:
        for event in events:
            if isinstance(event, _frames.Message):
                self._dispatch(json.loads(event.text))
            elif isinstance(event, _frames.Reply):
                if len(self._unsent) < MAX_UNSENT_FOR_PONG and len(self._queue) < MAX_QUEUED_FOR_PONG:
                    self._send(event.data)
            else:
                return event
        return None

    def _cancel_abandoned(self) -> None:
        with self._table:
            streams = [stream for stream, channel in self._channels.items() if channel.abandoned]
            for stream in streams:
                del self._channels[stream]
        for stream in streams:
            self.tell("stream.cancel", {"stream": stream})

    # ---- what has come

    def _dispatch(self, document: Any) -> None:
        if isinstance(document, list):
            known = [item.get("id") for item in document if isinstance(item, dict)]
            self._answer(known[0] if known else None, document)
        elif isinstance(document, dict) and isinstance(document.get("params"), dict):
            self._notice(document.get("method"), document["params"])
        elif isinstance(document, dict):
            self._answer(document.get("id"), document)
        else:
            raise ValueError(f"a message that is no JSON-RPC: {document!r:.100}")

    def _answer(self, request_id: Any, document: Any) -> None:
        channel_id = _opened_stream(document)
        unwanted = None
        with self._table:
            pending = self._largest() if request_id is None else \
                self._pending.get(request_id) if isinstance(request_id, int) else None
            if pending is None:
                return  # its caller has gone
            for known in pending.ids:
                self._pending.pop(known, None)
            if pending.channel is not None and channel_id is not None:
                if pending.abandoned:
                    unwanted = channel_id
                else:
                    self._channels[channel_id] = pending.channel
                    pending.channel.open(self, channel_id)
        if unwanted is not None:
            self.tell("stream.cancel", {"stream": unwanted})
        pending.answer = document
        pending.finish()

    def _largest(self) -> Optional[Pending]:
        """Whose error it is that names no id: a message was refused unread, for its size, so it was the largest."""
        return max(self._pending.values(), key=lambda pending: pending.size, default=None)

    def _notice(self, method: Any, params: Dict[str, Any]) -> None:
        stream = str(params.get("stream"))
        with self._table:
            channel = self._channels.get(stream)
            if channel is not None and method == "stream.end":
                del self._channels[stream]
        if channel is None:
            return
        if method == "stream.end":
            channel.end(str(params.get("status", "")), str(params.get("message", "")))
        elif method == "stream.next":
            dropped = params.get("dropped", 0)
            channel.put(params.get("value"), dropped if isinstance(dropped, int) else 0)

    def _settle(self, reason: Error) -> None:
        """Everyone who waits is told that it is over."""
        with self._table:
            self._ended = self._ended or reason
            waiting = list({id(pending): pending for pending in self._pending.values()}.values())
            channels = list(self._channels.values())
            self._pending, self._channels = {}, {}
        for pending in waiting:
            pending.error = _failure.lost(reason.message, True)
            pending.finish()
        for channel in channels:
            if self._is_closed_by_us:
                channel.end("CANCELLED", "")
            else:
                channel.lose(_failure.lost(reason.message, True))


def _opened_stream(document: Any) -> Optional[str]:
    result = document.get("result") if isinstance(document, dict) else None
    stream = result.get("stream") if isinstance(result, dict) else None
    return stream if isinstance(stream, str) else None
