#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the Python client records in the background: what is refused, counters and gauges, with nobody at the other end."""

import fractions
import json
import os
import threading

import orfeas
import orfeas_test
from orfeas._meter import Meter
from orfeas._outbox import MAX_KEPT, MAX_REFUSED, Outbox
from orfeas_test import equal


class Taker:
    """In a daemon's place; refuses what it is told to, and says which."""

    def __init__(self, refuses=()):
        self.refuses, self.calls = refuses, []

    def call(self, method, params, timeout):
        json.dumps(params, ensure_ascii=False, allow_nan=False).encode()  # as a client does
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


def test_what_no_call_can_have(_):
    """It is left out, and the others are recorded: a number that is none, half a letter, a thing."""
    taker = Taker()
    outbox = Outbox(taker.call, "x.record", "things")
    for i, value in enumerate((1, float("nan"), "\ud83d", float("inf"), object(), {1, 2}, "a")):
        outbox.put(i, {"n": i, "value": value})
    assert outbox.flush(orfeas_test.PATIENCE_S)
    equal([item["n"] for item in taker.taken("x.record")[-1]["things"]], [0, 6])
    equal(outbox.dropped, 5)


def test_a_refusal_that_is_none(_):
    """What somebody else's daemon says of it does not end the thread."""
    for field in (5, {}, ["things[0]"], None, "things[99]", "things[0]"):
        outbox = Outbox(lambda *_, field=field, **__: raise_refusal(field), "x.record", "things")
        for i in range(3):
            outbox.put(i, {"n": i})
            assert outbox.flush(orfeas_test.PATIENCE_S), field
        equal(outbox.dropped, 3, field)


def raise_refusal(field):
    raise orfeas.InvalidArgument("wrong", data={"field": field, "retry_after_ms": field})


def test_no_room_now(_):
    """What the daemon has no room for is sent when it wants to be asked again; what it refuses for good is not."""
    taker = Taker()
    refusals = [orfeas.ResourceExhausted("full", data={"retry_after_ms": 1}), orfeas.Unavailable("soon", data={"retry_after_ms": 1})]

    def call(method, params, timeout):
        taker.call(method, params, timeout)
        if refusals:
            raise refusals.pop(0)

    outbox = Outbox(call, "x.record", "things")
    outbox.put(1, {"n": 1})
    assert outbox.flush(orfeas_test.PATIENCE_S)
    equal((len(taker.calls), outbox.dropped), (3, 0))
    refusals.append(orfeas.ResourceExhausted("too large"))
    outbox.put(2, {"n": 2})
    assert outbox.flush(orfeas_test.PATIENCE_S)
    equal((len(taker.calls), outbox.dropped), (4, 1))


def test_no_room_until_the_end(_):
    """Who closes does not wait for the pause, and what was to be sent is counted."""
    asked = threading.Event()

    def call(*_, **__):
        asked.set()
        raise orfeas.ResourceExhausted("full", data={"retry_after_ms": 3_600_000})

    outbox = Outbox(call, "x.record", "things")
    outbox.put(1, {"n": 1})
    assert not outbox.flush(0.01)
    assert asked.wait(orfeas_test.PATIENCE_S)
    outbox.put(2, {"n": 2})
    outbox.close(0.01)
    orfeas_test.wait_for(lambda: outbox.dropped == 2, "both to be counted")


def test_no_thread_is_to_be_had(_):
    """Who puts something there hears nothing of it; it goes as soon as one is."""
    taker = Taker()
    outbox = Outbox(taker.call, "x.record", "things")
    start = threading.Thread.start
    threading.Thread.start = lambda self: (_ for _ in ()).throw(RuntimeError("can't start new thread"))
    try:
        outbox.put(1, {"n": 1})
        assert not outbox.flush(0.01)
    finally:
        threading.Thread.start = start
    outbox.put(2, {"n": 2})
    assert outbox.flush(orfeas_test.PATIENCE_S)
    equal(([item["n"] for item in taker.taken("x.record")[-1]["things"]], outbox.dropped), ([1, 2], 0))


def test_odd_samples(_):
    """A counter stays one, and labels without end do not fill the memory."""
    taker = Taker()
    meter = Meter(taker.call)
    meter.count("jobs", 1, {"kind": "a"})
    meter.count("jobs", float("nan"), {"kind": "a"})
    meter.count("jobs", 1, {"kind": "a"})
    meter.set("share", float("nan"), None)
    meter.set("waiting", fractions.Fraction(1, 2), {"queue": 7, "file": "a\udcff"})
    assert meter.flush(orfeas_test.PATIENCE_S)
    told = {one["name"]: one for params in taker.taken("metrics.record") for one in params["samples"]}
    equal((told["jobs"]["value"], told["waiting"]["value"], told["waiting"]["labels"]), (2, 0.5, {"queue": "7", "file": "a?"}))
    equal((meter.dropped, set(told)), (2, {"jobs", "waiting"}))
    for i in range(2 * MAX_KEPT):
        meter.count("many", 1, {"n": str(i)})
    assert len(meter._totals) <= MAX_KEPT
    meter.close()


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
