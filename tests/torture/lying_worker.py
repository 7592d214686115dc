# SPDX-License-Identifier: LGPL-2.1-or-later
"""Workers of fake_probe.py's device that lie: what a process really holds stands in a file that the scenario keeps, what it says is its mood's.

A mood is what a worker does when it is asked for memory. It answers by answer(), or does not, and leaves in `verdicts` what may be said of it.
"""

import json
import os
import random
import socket
import subprocess
import threading

import fake_probe
from orfeas_test import PATIENCE_S, RpcError, unwrap

GIB = 1 << 30
LARGEST = 1 << 53  # that a call may say


class Worker(threading.Thread):
    """A process that sleeps, what the device says of it, and a connection that speaks for it."""

    def __init__(self, daemon, folder, name, mood, held_bytes=GIB):
        super().__init__(daemon=True)
        self.daemon_, self.folder, self.name_, self.mood = daemon, folder, name, mood
        self.process = subprocess.Popen(["sleep", "10000"])
        self.held_bytes = 0
        self.hold(held_bytes)
        self.lock = threading.Lock()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(daemon.socket)
        self.lines = self.socket.makefile("rb")
        self.worker = self.first("worker.register", {"name": name, "device": fake_probe.DEVICE, "pid": self.process.pid, "capabilities": ["trim", "shrink", "unload"]})["worker"]
        self.asked = None  # the id of what it was last asked
        self.others = []  # workers whom it speaks for
        self.refused = []  # what was said to what may not be
        self.late = False  # a slow machine: nobody waited for its answer any more
        self.acted = threading.Event()  # on what it was asked
        self.report(allocated_bytes=0, reserved_bytes=held_bytes, inactive_split_bytes=0, returned_bytes=0)
        self.first("worker.advice", {"worker": self.worker})
        self.start()

    def hold(self, size):
        self.held_bytes = size
        path = os.path.join(self.folder, str(self.process.pid))
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(str(size))
        os.replace(path + ".new", path)

    # --- what it says

    def first(self, method, params):
        """On its own connection, before it listens."""
        self.socket.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n")
        return unwrap(json.loads(self.lines.readline()))

    def report(self, **allocator):
        self.daemon_.call("worker.report", {"worker": self.worker, "allocator": allocator})

    def answer(self, freed_bytes=None, outcome="done", advice=None, worker=None, allocator=None):
        params = {"worker": worker or self.worker, "advice": advice or self.asked, "outcome": outcome, "freed_bytes": freed_bytes, "allocator": allocator}
        self.daemon_.call("worker.done", {name: value for name, value in params.items() if value is not None})

    def is_refused(self, call, **params):
        """What it tries has to be refused."""
        try:
            call(**params)
            self.refused.append(f"{self.mood}: {params} was taken")
        except RpcError as error:
            if error.status not in ("NOT_FOUND", "FAILED_PRECONDITION", "INVALID_ARGUMENT"):
                self.refused.append(f"{self.mood}: {error}")

    def run(self):
        try:
            for line in self.lines:
                message = json.loads(line)
                if message.get("method") == "stream.next":
                    self.asked = message["params"]["value"]["advice"]
                    MOODS[self.mood][0](self)
                    self.acted.set()
        except (OSError, ValueError, RpcError) as error:
            self.late = isinstance(error, RpcError) and error.status == "FAILED_PRECONDITION"
            if not self.late and self.process.poll() is None and not self.ended:
                self.refused.append(f"{self.mood}: {error!r}")
            self.acted.set()

    ended = False

    def die(self):
        self.ended = True
        self.process.kill()
        self.process.wait()

    def close(self):
        self.die()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.join(PATIENCE_S)
        self.lines.close()
        self.socket.close()
        os.unlink(os.path.join(self.folder, str(self.process.pid)))


# --- moods


def keeps_its_word(worker):
    held = worker.held_bytes
    worker.hold(0)
    worker.answer(held)


def claims_what_it_keeps(worker):
    worker.answer(worker.held_bytes)


def claims_more_than_there_is(worker):
    worker.hold(0)
    worker.answer(LARGEST)


def forges_its_books(worker):
    worker.answer(worker.held_bytes, allocator={"allocated_bytes": 0, "reserved_bytes": 0, "returned_bytes": worker.held_bytes})


def takes_instead(worker):
    worker.hold(2 * worker.held_bytes)
    worker.answer(worker.held_bytes // 2)


def says_it_did_nothing(worker):
    """It freed all the same."""
    worker.hold(0)
    worker.answer(0, "refused")


def answers_twice(worker):
    keeps_its_word(worker)
    worker.is_refused(worker.answer, freed_bytes=LARGEST)


def answers_for_others(worker):
    """By its own name to what others were asked; its own is left open."""
    for other in worker.others:
        if other.asked is not None:
            worker.is_refused(worker.answer, advice=other.asked)
    worker.is_refused(worker.answer, advice="a-0-1")


def answers_wrong_numbers(worker):
    for value in random.sample((-1, LARGEST + 2, 1 << 63, 1 << 70, 1e308, 0.5, "1", True, [], {}), 3):
        worker.is_refused(worker.answer, freed_bytes=value)
        worker.is_refused(worker.answer, freed_bytes=1, allocator={"reserved_bytes": value})
    for text in random.sample(("NaN", "Infinity", "-Infinity", "1e999", "0x10", "01"), 2):
        body = b'{"jsonrpc":"2.0","id":1,"method":"worker.done","params":{"worker":"%s","advice":"%s","freed_bytes":%s}}' % (worker.worker.encode(), worker.asked.encode(), text.encode())
        if "error" not in worker.daemon_.ask(body):
            worker.refused.append(f"{text} was taken for a number")
    keeps_its_word(worker)


def dies(worker):
    worker.die()


def hangs_up(worker):
    worker.ended = True
    worker.socket.shutdown(socket.SHUT_RDWR)


def says_nothing(_):
    pass


# What each may be called; only who gave all it had is "freed".
MOODS = {
    "keeps its word": (keeps_its_word, {"freed"}),
    "claims what it keeps": (claims_what_it_keeps, {"overclaimed"}),
    "claims more than there is": (claims_more_than_there_is, {"overclaimed"}),
    "forges its books": (forges_its_books, {"overclaimed", "nothing_freed"}),
    "takes instead": (takes_instead, {"overclaimed"}),
    "says it did nothing": (says_it_did_nothing, {"refused"}),
    "answers twice": (answers_twice, {"freed"}),
    "answers for others": (answers_for_others, {"timed_out"}),
    "answers wrong numbers": (answers_wrong_numbers, {"freed"}),
    "dies": (dies, {"lost"}),
    "hangs up": (hangs_up, {"lost", "timed_out"}),
    "says nothing": (says_nothing, {"timed_out"}),
}
