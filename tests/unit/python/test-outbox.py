#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the Python client records in the background: what is refused, counters and gauges, with nobody at the other end."""

import os
import threading

import orfeas
import orfeas_test
from orfeas._meter import Meter
from orfeas._outbox import MAX_REFUSED, Outbox
from orfeas_test import equal


class Taker:
    """In a daemon's place; refuses what it is told to, and says which."""

    def __init__(self, refuses=()):
        self.refuses, self.calls = refuses, []

    def call(self, method, params, timeout):
        self.calls.append((method, params))
        for i, item in enumerate(params.get("things", ())):
            if item["n"] in self.refuses:
                raise orfeas.InvalidArgument("wrong", data={"field": f"things[{i}].n"})

    def taken(self, method):
        return [params for name, params in self.calls if name == method]


def put_all(taker, count):
    outbox = Outbox(taker.call, "x.record", "things")
    for i in range(count):
        outbox.put(i, {"n": i})
    assert outbox.flush(orfeas_test.PATIENCE_S)
    return outbox


def test_one_that_is_refused(_):
    """It is left out, and the others are recorded."""
    taker = Taker(refuses=(3, 7))
    equal(put_all(taker, 10).dropped, 2)
    equal([item["n"] for item in taker.taken("x.record")[-1]["things"]], [0, 1, 2, 4, 5, 6, 8, 9])


def test_all_are_refused(_):
    taker = Taker(refuses=range(100))
    equal(put_all(taker, 50).dropped, 50)
    equal(len(taker.calls), MAX_REFUSED)
    equal(put_all(Taker(refuses=(0,)), 1).dropped, 1)


def test_meter(_):
    """Of each series the newest value; a counter is defined once, and goes by the process."""
    taker = Taker()
    meter = Meter(taker.call)
    for i in range(5):
        meter.count("jobs", 2, {"kind": "a"})
        meter.set("waiting", i, {"queue": "x" * 300})
    meter.count("jobs", 1, None)
    assert meter.flush(orfeas_test.PATIENCE_S)
    meter.count("jobs", 1, {"kind": "a"})
    assert meter.flush(orfeas_test.PATIENCE_S)
    equal(taker.taken("metrics.define"), [{"name": "jobs", "kind": "counter"}])
    newest = {(sample["name"], tuple(sample["labels"].items())): sample["value"]
              for params in taker.taken("metrics.record") for sample in params["samples"]}
    process = ("process", str(os.getpid()))
    equal(newest, {("jobs", (("kind", "a"), process)): 11, ("jobs", (process,)): 1, ("waiting", (("queue", "x" * 256),)): 4})


def test_many_threads_count(_):
    taker = Taker()
    meter = Meter(taker.call)
    threads = [threading.Thread(target=lambda: [meter.count("n", 1, None) for _ in range(1000)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert meter.flush(orfeas_test.PATIENCE_S)
    values = [sample["value"] for params in taker.taken("metrics.record") for sample in params["samples"]]
    equal((values[-1], values), (8000, sorted(values)), "it only rises")


def test_counters_of_a_fork(_):
    """A child counts from nothing, by a series of its own."""
    taker = Taker()
    meter = Meter(taker.call)
    meter.count("n", 5, None)
    child = os.fork()
    if child == 0:
        right = False
        try:
            meter.count("n", 1, None)
            meter.flush(orfeas_test.PATIENCE_S)
            samples = taker.taken("metrics.record")[-1]["samples"]
            right = [(one["value"], one["labels"]) for one in samples] == [(1, {"process": str(os.getpid())})]
        finally:
            os._exit(0 if right else 1)
    equal(os.waitpid(child, 0)[1], 0)


orfeas_test.main()
