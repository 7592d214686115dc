#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gpu.batch_size: from the batches that workers report to how large they may be."""

import os
import random

import orfeas_test
from orfeas_test import contains, equal, fails, wait_for

MIB = 1 << 20
TOTAL = 16 << 30
DEVICE = "simulated-0"


def start(t, devices=1, **settings):
    daemon = t.start(settings={"gpu.backends": "simulated", "gpu.simulated_devices": devices, "gpu.simulated_total_bytes": TOTAL,
                               "gpu.sample_us": 100000, **settings})
    wait_for(lambda: len(daemon.call("gpu.list")["devices"]) == devices, "the devices")
    wait_for(lambda: daemon.call("metrics.query", {"select": "gpu.memory.used_bytes"})["series"], "a sample")
    return daemon


def law(size):
    return 1024 * MIB + size * 64 * MIB


def run(daemon, worker, sizes, noise=0.005, duration=lambda size: 1000 + 200 * size, operation=None, seed=1):
    rand = random.Random(seed)
    batches = [{"size": size, "peak_bytes": int(law(size) * (1 + rand.gauss(0, noise))),
                "duration_us": int(duration(size) * (1 + abs(rand.gauss(0, noise))))} for size in sizes]
    for batch in batches if operation else []:
        batch["operation"] = operation
    for first in range(0, len(batches), 1000):
        daemon.call("worker.report", {"worker": worker, "batches": batches[first:first + 1000]})


def sizes(n, largest, seed=2):
    rand = random.Random(seed)
    return [rand.randint(1, largest) for _ in range(n)]


def worker_of(daemon, **params):
    return daemon.call("worker.register", {"name": "batcher", "device": DEVICE, "pid": os.getpid(), **params})["worker"]


def take_all(daemon, worker):
    """All that is in use of the device is the worker's: its wave does not move the budget."""
    daemon.call("worker.report", {"worker": worker, "allocator": {"reserved_bytes": TOTAL}})


def most(budget):
    return (budget - law(0)) // (64 * MIB)


def test_within_the_limit(t):
    daemon = start(t)
    worker = worker_of(daemon)
    take_all(daemon, worker)
    run(daemon, worker, sizes(200, 16))
    answer = daemon.call("gpu.batch_size", {"worker": worker})
    limit = most(answer["budget_bytes"])
    equal(answer["budget_bytes"], int(TOTAL * 0.9))
    assert 0.95 * limit - 1 <= answer["recommended"] <= limit, (answer, limit)
    equal(answer["recommended"], answer["limit"])
    assert answer["confidence"] >= 0.95, answer
    equal((answer["device"], answer["operation"], answer["p99_us"]), (DEVICE, None, None))
    equal((answer["model"]["law"], answer["model"]["observations"]), ("linear", 200))
    assert abs(answer["model"]["bytes_per_item"] / (64 * MIB) - 1) < 0.05, answer
    equal(answer["explored"], {"min": 1, "max": 16})
    contains(answer["reason"], "beyond 16 none was seen")


def test_headroom_and_latency(t):
    daemon = start(t)
    worker = worker_of(daemon)
    take_all(daemon, worker)
    run(daemon, worker, sizes(200, 24))
    little = daemon.call("gpu.batch_size", {"worker": worker, "headroom_percent": 0})
    much = daemon.call("gpu.batch_size", {"worker": worker, "headroom_percent": 30})
    assert much["recommended"] < little["recommended"], (much, little)
    bound = 1000 + 200 * 10
    quick = daemon.call("gpu.batch_size", {"worker": worker, "p99_us": bound, "headroom_percent": 0})
    assert 8 <= quick["recommended"] <= 10, quick
    assert quick["p99_us"] <= bound, quick
    assert quick["limit"] > quick["recommended"], quick
    contains(quick["reason"], "less than memory")
    slow = daemon.call("gpu.batch_size", {"worker": worker, "p99_us": 10})
    equal((slow["recommended"], slow["confidence"]), (None, None))
    contains(slow["reason"], "takes longer")


def test_own_memory_is_not_others(t):
    """What the worker holds already is there for its batches."""
    daemon = start(t, **{"gpu.simulated_period_us": 86400000000})
    worker = worker_of(daemon)
    run(daemon, worker, sizes(100, 16))
    before = daemon.call("gpu.batch_size", {"worker": worker})["budget_bytes"]
    daemon.call("worker.report", {"worker": worker, "allocator": {"reserved_bytes": 512 * MIB}})
    after = daemon.call("gpu.batch_size", {"worker": worker})["budget_bytes"]
    assert 0.9 * 512 * MIB < after - before < 1.1 * 512 * MIB, (before, after)


def test_too_little(t):
    daemon = start(t)
    worker = worker_of(daemon)
    answer = daemon.call("gpu.batch_size", {"worker": worker})
    equal((answer["recommended"], answer["limit"], answer["confidence"]), (None, None, None))
    equal(answer["explored"], {"min": None, "max": None})
    equal(answer["model"]["observations"], 0)
    run(daemon, worker, [4] * 20)
    answer = daemon.call("gpu.batch_size", {"worker": worker})
    equal((answer["recommended"], answer["limit"]), (4, None))
    contains(answer["reason"], "of others nothing is known")


def test_operations(t):
    """The one that allows least decides."""
    daemon = start(t)
    worker = worker_of(daemon)
    run(daemon, worker, sizes(100, 16), operation="decode")
    heavy = [{"size": size, "peak_bytes": 2 * law(2 * size), "operation": "prefill"} for size in sizes(50, 8)]
    daemon.call("worker.report", {"worker": worker, "batches": heavy})
    answer = daemon.call("gpu.batch_size", {"worker": worker})
    equal((answer["operation"], answer["model"]["observations"]), ("prefill", 50))


def test_refusals(t):
    daemon = start(t, devices=2)
    worker = daemon.call("worker.register", {"name": "nowhere"})["worker"]
    fails(lambda: daemon.call("gpu.batch_size", {"worker": worker}), "FAILED_PRECONDITION")
    equal(daemon.call("gpu.batch_size", {"worker": worker, "device": "simulated-1"})["device"], "simulated-1")
    fails(lambda: daemon.call("gpu.batch_size", {"worker": worker, "device": "no"}), "NOT_FOUND", field="device")
    for unknown in ("w-99", "w-", "w-1x", "batcher", "w--1"):
        fails(lambda: daemon.call("gpu.batch_size", {"worker": unknown}), "NOT_FOUND", field="worker")
    fails(lambda: daemon.call("gpu.batch_size", {"worker": worker, "headroom_percent": 91}), "INVALID_ARGUMENT", code=-32602)
    status, _ = daemon.rest("GET", f"/gpu/batch-size?worker={worker}&device=simulated-0")
    equal(status, 200)


def test_ctl_and_file(t):
    daemon = start(t)
    worker = worker_of(daemon)
    run(daemon, worker, sizes(100, 16))
    answer = daemon.call("gpu.batch_size", {"worker": worker})
    status, shown, errors = t.ctl(daemon, "gpu", "batch-size", worker, "--headroom", "10", "--p99", "10s")
    equal(status, 0, errors)
    contains(shown, "recommended")
    contains(shown, "linear")
    equal(t.ctl(daemon, "gpu", "batch-size", worker, "--headroom", "much")[0], 2)
    equal(t.ctl(daemon, "gpu", "batch-size", "w-77")[0], 1)
    daemon.stop()
    # from the file, with no daemon
    status, shown, errors = t.ctl(None, "--db", daemon.db, "gpu", "batch-size", worker, "--json")
    equal(status, 0, errors)
    contains(shown, answer["model"]["law"])


if __name__ == "__main__":
    orfeas_test.main()
