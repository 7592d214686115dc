# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who is flooded beside: a client that calls as before and notes how long each answer took, and the memory of the daemon meanwhile.

Floods come from processes of their own with a lower priority, and who is served beside them comes before all others where that is
allowed: both stand for other machines, and how long they wait for this one's processors is no doing of the daemon's.
"""

import contextlib
import http.client
import math
import multiprocessing
import os
import threading
import time

import orfeas_torture
from orfeas_test import PATIENCE_S

GROWTH_BYTES = 64 << 20  # what the daemon may hold more of while it is flooded
SLOWER = 2  # others' p99, by what it was before
HEALTH_S = 0.1
NORMAL_S = 5
PAUSE_S = 0.005  # between two calls
CALM_S = 5  # before a flood, at most
NOISE_S = 0.001  # below it a p99 is the scheduler's
LOWER_PRIORITY = 10
forks = multiprocessing.get_context("fork")


class Client(threading.Thread):
    """Calls one path over and over, on one connection, until it is stopped."""

    def __init__(self, daemon, path):
        super().__init__(daemon=True)
        self.path = path
        self.connection = http.client.HTTPConnection(*daemon.address, timeout=PATIENCE_S)
        self.times = []  # (when it began, how long it took)
        self.began = None  # the call that is under way
        self.refusals = []
        self.stopping = threading.Event()
        self.start()

    def run(self):
        with contextlib.suppress(PermissionError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))  # of this thread
        while not self.stopping.wait(PAUSE_S):
            self.began = began = time.monotonic()
            try:
                self.connection.request("GET", self.path)
                answer = self.connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.refusals.append(answer.status)
            except (OSError, http.client.HTTPException) as error:
                self.refusals.append(repr(error))
                self.connection.close()
            self.times.append((began, time.monotonic() - began))
            self.began = None

    def stop(self):
        self.stopping.set()
        self.join(PATIENCE_S)
        self.connection.close()

    def took(self, since, until):
        """How long each call did of which some lay in that time; one that goes on, so far. Nobody called: for ever."""
        began, now = self.began, time.monotonic()
        times = [*self.times, (began, now - began)] if began is not None else self.times
        return [seconds for began, seconds in times if began < until and began + seconds >= since] or [math.inf]


class Watch:
    """The polite clients, and the daemon's memory, over a time."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.most_bytes = orfeas_torture.rss_bytes(daemon)
        self.health = Client(daemon, "/healthz")
        self.reader = Client(daemon, "/api/v1/metrics/list?limit=10")

    def wait(self, seconds):
        """From when to when it was."""
        since = time.monotonic()
        while (now := time.monotonic()) < since + seconds:
            self.most_bytes = max(self.most_bytes, orfeas_torture.rss_bytes(self.daemon))
            time.sleep(min(0.05, since + seconds - now))
        return since, now

    def close(self):
        for client in (self.health, self.reader):
            client.stop()


def attack(function, address, seconds, answers):
    os.nice(LOWER_PRIORITY)
    try:
        answers.send(function(address, time.monotonic() + seconds))
    except Exception as error:  # what it did not foresee is told where it is judged
        answers.send({f"fault of the flood: {error!r}": 1})


def begin(function, daemon, seconds, n_processes):
    running = []
    for _ in range(n_processes):
        here, there = forks.Pipe(False)
        process = forks.Process(target=attack, args=(function, daemon.address, seconds, there))
        process.start()
        running.append((process, here))
    return running


def gather(running):
    """How often what was answered, by all of them."""
    seen = {}
    for process, answers in running:
        for what, n in (answers.recv() if answers.poll(PATIENCE_S) else {"fault of the flood: no word": 1}).items():
            seen[what] = seen.get(what, 0) + n
        process.join(PATIENCE_S)
    return seen


def back_to_normal(watch, calm_s):
    """How long until a half second's p99 is what it was, or was near it."""
    since = time.monotonic()
    while time.monotonic() < since + 2 * NORMAL_S:
        span = watch.wait(0.5)
        if orfeas_torture.pick(watch.reader.took(*span), 0.99) <= SLOWER * calm_s:
            return span[0] - since
    return time.monotonic() - since


GROWTH, OTHERS, HEALTH, NORMAL = "growth", "others", "health", "normal"
# What a busy machine is no judge of is left to runs by request.
TIMES = {OTHERS, HEALTH, NORMAL}


def flood(torture, daemon, name, function, seconds, judged, n_processes=1, ceiling_bytes=math.inf):
    """What was answered to it; judged: of what is looked at, what has to hold. ceiling_bytes: what the daemon never has more of."""
    watch = Watch(daemon)
    calm = watch.wait(min(seconds, CALM_S))
    before_bytes = watch.most_bytes
    running = begin(function, daemon, seconds, n_processes)
    loud = watch.wait(seconds)
    seen = gather(running)
    calm_s = max(orfeas_torture.pick(watch.reader.took(*calm), 0.99), NOISE_S)
    normal_s = back_to_normal(watch, calm_s) if NORMAL in judged else 0
    watch.close()
    p99_s, health_s = (orfeas_torture.pick(client.took(*loud), 0.99) for client in (watch.reader, watch.health))
    growth = watch.most_bytes - before_bytes
    print(f"  {name}: p99 {calm_s * 1e3:.2f} -> {p99_s * 1e3:.2f} ms, health {health_s * 1e3:.2f} ms, rss +{growth / (1 << 20):.1f} MiB, normal after {normal_s:.1f} s; "
          + ", ".join(f"{n:,} x {what}" for what, n in sorted(seen.items(), key=lambda item: -item[1])[:6]), flush=True)
    problems = {
        GROWTH: "ORFEAS_SANITIZED" not in os.environ and growth > GROWTH_BYTES and f"the daemon grew by {growth:,} bytes",
        OTHERS: (p99_s > SLOWER * calm_s or math.isinf(p99_s) or watch.reader.refusals) and f"others' p99 went from {calm_s * 1e3:.2f} to {p99_s * 1e3:.2f} ms, refused {watch.reader.refusals[:3]}",
        HEALTH: health_s > HEALTH_S and f"health took {health_s * 1e3:.0f} ms",
        NORMAL: normal_s > NORMAL_S and f"normal after {normal_s:.1f} s",
    }
    for what, problem in problems.items():
        torture.check(what not in judged or not problem, f"{name}: {problem}")
    if "ORFEAS_SANITIZED" not in os.environ:  # which keeps what is freed
        torture.check(watch.most_bytes < ceiling_bytes, f"{name}: beyond its ceiling, {watch.most_bytes:,} bytes")
    torture.check(not any("fault of the flood" in str(what) for what in seen), f"{name}: {seen}")
    torture.equal(watch.health.refusals, [], f"{name}: health")
    torture.check(daemon.alive(), f"{name}: the daemon is gone")
    return seen
