#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A worker that holds memory and behaves as told: gives it back, lies, hangs, dies, refuses, frees late.

cleanup_worker.py SOCKET NAME DEVICE HELD_MIB BEHAVIOUR [FILE]

What it holds are pages of its own; with FILE, what a device is made to believe (see fake_probe.py):
the number of bytes in it. Commands on standard input: take MIB, report, end.
"""

import json
import mmap
import os
import socket
import sys
import threading
import time

MIB = 1024 * 1024
CHUNK = 16 * MIB


class Memory:
    """Pages that were touched, or a number in a file."""

    def __init__(self, path):
        self.path = path
        self.chunks = []
        self.bytes = self.returned = 0
        self.tell()

    def tell(self):
        if self.path is not None:
            with open(self.path + ".new", "w", encoding="ascii") as file:
                file.write(str(self.bytes))
            os.replace(self.path + ".new", self.path)

    def take(self, size):
        self.bytes += size
        self.tell()
        for _ in range(size // CHUNK if self.path is None else 0):
            chunk = mmap.mmap(-1, CHUNK)
            for offset in range(0, CHUNK, 4096):
                chunk[offset] = 1
            self.chunks.append(chunk)

    def give(self, size):
        self.bytes -= size
        self.returned += size
        self.tell()
        for _ in range(size // CHUNK if self.path is None else 0):
            self.chunks.pop().close()


    def wait_for_looks(self, n):
        """Until the device was looked at n times more, by fake_probe.py."""
        path = os.path.join(os.path.dirname(self.path), "looks")

        def read():
            with open(path, encoding="ascii") as file:
                return int(file.read())

        until = read() + n
        while read() < until:
            time.sleep(0.001)


class Worker:
    def __init__(self, path, name, device, held, behaviour, file=None):
        self.memory = Memory(file)
        self.memory.take(int(held) * MIB)
        self.behaviour = behaviour
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.connect(path)
        self.reader = self.connection.makefile("r", encoding="utf-8")
        self.lock = threading.Lock()
        capabilities = [] if behaviour == "modest" else ["trim", "unload"]
        self.worker = self.ask("worker.register", name=name, device=device, capabilities=capabilities)["worker"]
        for _ in range(0 if behaviour == "silent" else 4):  # steady, as one that has run for a while
            self.report()
        if behaviour != "deaf":
            self.ask("worker.advice", worker=self.worker)

    def send(self, method, params):
        with self.lock:
            self.connection.sendall((json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}) + "\n").encode())

    def ask(self, method, **params):
        """Only before it listens: later answers are read by listen()."""
        self.send(method, params)
        answer = json.loads(self.reader.readline())
        assert "result" in answer, answer
        return answer["result"]

    def report(self):
        self.send("worker.report", {"worker": self.worker, "allocator": {
            **self.tell_allocator(self.memory.bytes, self.memory.returned), "inactive_split_bytes": 0}})
        if self.behaviour != "listening":
            self.reader.readline()

    def tell_allocator(self, reserved, returned):
        return {"allocated_bytes": 0, "reserved_bytes": reserved, "returned_bytes": returned}

    def report_for_ever(self, allocator):
        while True:
            self.send("worker.report", {"worker": self.worker, "allocator": allocator})
            time.sleep(0.1)

    def done(self, advice, freed, outcome="done", allocator=None):
        params = {"worker": self.worker, "advice": advice, "outcome": outcome}
        if allocator is not None:
            params["allocator"] = allocator
        if freed is not None:
            params["freed_bytes"] = freed
        self.send("worker.done", params)

    def act(self, advice):
        held = self.memory.bytes
        if self.behaviour == "liar":
            self.done(advice, held)
        elif self.behaviour == "refuser":
            self.done(advice, None, "refused")
        elif self.behaviour == "dier":
            os._exit(1)
        elif self.behaviour == "late":  # as many servers: the answer, and then the work
            self.done(advice, held)
            time.sleep(0.5)
            self.memory.give(held)
        elif self.behaviour == "half":
            self.memory.give(held // 2 // CHUNK * CHUNK)
            self.done(advice, held - self.memory.bytes, "partial")
        elif self.behaviour == "greedy":  # another takes what it gives
            self.memory.give(held)
            self.done(advice, held)
        elif self.behaviour == "seen":  # takes it again, as soon as it was looked at
            self.memory.give(held)
            self.done(advice, held)
            self.memory.wait_for_looks(2)
            self.memory.take(held)
        elif self.behaviour == "unseen":  # takes it again before anybody can have looked
            self.memory.returned += held
            self.done(advice, held, allocator=self.tell_allocator(0, self.memory.returned))
        elif self.behaviour == "forger":  # its books are made up as well
            allocator = self.tell_allocator(0, held)
            self.done(advice, held, allocator=allocator)
            threading.Thread(target=self.report_for_ever, args=(allocator,), daemon=True).start()
        elif self.behaviour in ("hanger", "deaf"):
            pass
        else:
            self.memory.give(held)
            self.done(advice, None if self.behaviour == "silent" else held)

    def listen(self):
        for line in self.reader:
            message = json.loads(line)
            if message.get("method") == "stream.next":
                self.act(message["params"]["value"]["advice"])


def main():
    worker = Worker(*sys.argv[1:])
    print(json.dumps({"worker": worker.worker, "pid": os.getpid()}), flush=True)
    threading.Thread(target=worker.listen, daemon=True).start()
    for line in sys.stdin:
        words = line.split()
        if words[0] == "take":
            worker.memory.take(int(words[1]) * MIB)
            print("taken", flush=True)


main()
