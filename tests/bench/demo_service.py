#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A service of inferences on a device that is a model of one, for bench-before-after.py.

demo_service.py MODE DEVICE_FOLDER [SOCKET CACHE_SOCKET]: MODE is off, observing or acting; the folder is fake_probe.py's device.
GET /infer/KEY answers when a batch with it has run; GET /stats tells what it counted. It says its port when it is ready.

What is modelled, the same in each mode: weights that stay; batches that run one after the other, each for a time of its own and
one by its items; and an allocator that keeps blocks by their size and gives none back by itself: a batch fails where the device has
no room for a new one. Acting, the service gives back what it does not use when the daemon asks, asks the daemon for a cleanup before
it fails, takes the batch size that the daemon recommends, and keeps answers in the daemon's cache instead of its own.
"""

import asyncio
import collections
import concurrent.futures
import json
import os
import sys
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "functional"))

import fake_probe  # noqa: E402 (needs the path)
import orfeas  # noqa: E402

MIB = 1 << 20
WEIGHTS = 7 << 30
ITEM_MIB = (30, 44, 76, 120)  # by key: what an item needs while its batch runs
ROUND_MIB = 2  # the size of a block is a multiple
SLACK = 1.02  # a block is taken for what is at most so much smaller
BATCH_S, ITEM_S = 0.030, 0.006
BATCH_SIZE = 4  # what somebody once chose
MAX_BATCH_SIZE = 32  # what the service was written for
LOCAL_ENTRIES = 300  # of its own cache
ADVICE_S = 2.0
P99_US = 250_000  # of a batch: what the service promises
THREADS = 16
ANSWER = "x" * 200


class Pool:
    """The device's memory, as this process has it: blocks by size, free ones kept."""

    def __init__(self, folder):
        self.path = os.path.join(folder, str(os.getpid()))
        self.free = []
        self.reserved = self.allocated = WEIGHTS
        self.ooms = 0
        self.tell()

    def tell(self):
        with open(self.path + ".new", "w", encoding="ascii") as file:
            file.write(str(self.reserved))
        os.replace(self.path + ".new", self.path)

    def take(self, size):
        """A block; None: there is no room."""
        size = -(-size // (ROUND_MIB * MIB)) * ROUND_MIB * MIB
        fitting = sorted(block for block in self.free if size <= block <= SLACK * size)
        if fitting:
            self.free.remove(fitting[0])
            size = fitting[0]
        elif self.reserved + size > fake_probe.TOTAL:
            self.ooms += 1
            return None
        else:
            self.reserved += size
            self.tell()
        self.allocated += size
        return size

    def give(self, block):
        self.allocated -= block
        self.free.append(block)

    def trim(self):
        """What is kept and not in use goes back; how much."""
        freed, self.free = sum(self.free), []
        self.reserved -= freed
        self.tell()
        return freed

    def stats(self):
        return {"allocated_bytes": self.allocated, "reserved_bytes": self.reserved, "ooms": self.ooms}


class LocalCache:
    """What the service had before: the entries that were asked for last."""

    def __init__(self):
        self.entries = collections.OrderedDict()

    def get(self, key):
        if key in self.entries:
            self.entries.move_to_end(key)
        return self.entries.get(key)

    def set(self, key, value):
        self.entries[key] = value
        if len(self.entries) > LOCAL_ENTRIES:
            self.entries.popitem(last=False)


class Service:
    def __init__(self, mode, folder, socket=None, cache_socket=None):
        self.pool = Pool(folder)
        self.batch_size = BATCH_SIZE
        self.waiting = collections.deque()
        self.came = asyncio.Event()
        self.counts = collections.Counter()
        self.loop = asyncio.get_running_loop()
        self.threads = concurrent.futures.ThreadPoolExecutor(THREADS)
        self.worker = self.client = None
        self.cache = LocalCache()
        if mode != "off":
            self.worker = orfeas.Worker("demo", device=fake_probe.DEVICE, memory=self.pool.stats, address=f"unix:{socket}",
                                        on_cleanup=self.clean_up if mode == "acting" else None)
        if mode == "acting":
            self.client = orfeas.connect(f"unix:{socket}")
            self.cache = orfeas.Cache(f"unix:{cache_socket}")
            self.loop.create_task(self.take_advice())

    def clean_up(self, _advice):
        """Called by the worker's thread; the pool is the loop's."""
        return asyncio.run_coroutine_threadsafe(self.trim(), self.loop).result(5)

    async def trim(self):
        return self.pool.trim()

    def ask_for_memory(self):
        """It ends by our own trim, and by that of whoever else holds some."""
        try:
            self.client.gpu.cleanup(device=fake_probe.DEVICE)
        except orfeas.Error:
            self.counts["not_cleaned"] += 1

    async def take_advice(self):
        """The batch size that production so far speaks for."""
        while True:
            await asyncio.sleep(ADVICE_S)
            try:
                worker = self.worker.id
                told = await self.loop.run_in_executor(None, lambda: self.client.gpu.batch_size(worker, p99_us=P99_US)) if worker else {}
            except orfeas.Error:
                continue  # too few batches yet
            if told.get("recommended"):
                # where few requests miss the cache only small batches have been seen, and no more is recommended than has
                self.batch_size = max(BATCH_SIZE, min(told["recommended"], MAX_BATCH_SIZE))

    # ---- requests

    def threaded(self, function, *arguments):
        """A call of the daemon's cache waits for an answer, and nobody else has to."""
        return self.loop.run_in_executor(self.threads, function, *arguments)

    async def infer(self, key):
        """Whether there is an answer."""
        self.counts["asked"] += 1
        if await self.threaded(self.cache.get, key) is not None:
            self.counts["hits"] += 1
            return True
        done = self.loop.create_future()
        self.waiting.append((key, done))
        self.came.set()
        return await done

    async def run(self):
        while True:
            await self.came.wait()
            batch = [self.waiting.popleft() for _ in range(min(self.batch_size, len(self.waiting)))]
            if not self.waiting:
                self.came.clear()
            if batch:
                await self.run_batch(batch)

    async def run_batch(self, batch):
        size = sum(ITEM_MIB[zlib.crc32(key.encode()) % len(ITEM_MIB)] for key, _ in batch) * MIB
        block = self.pool.take(size)
        if block is None and self.client is not None:
            await self.threaded(self.ask_for_memory)
            block = self.pool.take(size)
        began = time.monotonic()
        if block is not None:
            await asyncio.sleep(BATCH_S + ITEM_S * len(batch))
            self.pool.give(block)
            for key, _ in batch:
                self.threaded(self.cache.set, key, ANSWER)
        for _, done in batch:
            if not done.done():
                done.set_result(block is not None)
        if self.worker is not None and block is not None:
            self.worker.add_batch(len(batch), peak_bytes=WEIGHTS + size, duration_us=round((time.monotonic() - began) * 1e6))

    # ---- HTTP, as much as the load test speaks

    async def serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                path = head.split(" ", 2)[1]
                if path == "/stats":
                    status, body = "200 OK", json.dumps({**self.counts, "batch_size": self.batch_size, **self.pool.stats()})
                else:
                    status, body = ("200 OK", ANSWER) if await self.infer(path.rpartition("/")[2]) else ("503 Service Unavailable", "out of memory")
                writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


async def main():
    service = Service(*sys.argv[1:])
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await service.run()


asyncio.run(main())
