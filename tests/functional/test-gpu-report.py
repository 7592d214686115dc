#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gpu.report: what was measured over a span, and what to do about it."""

import contextlib
import json
import os
import shlex
import sqlite3

import orfeas_test
from orfeas_test import contains, equal, fails, now_us, wait_for

GIB = 1 << 30
TOTAL = 16 * GIB
DEVICE = "simulated-0"


def start(t, devices=1):
    daemon = t.start(settings={"gpu.backends": "simulated", "gpu.simulated_devices": devices, "gpu.simulated_total_bytes": TOTAL,
                               "gpu.sample_us": 100000})
    wait_for(lambda: len(daemon.call("gpu.list")["devices"]) == devices, "the devices")
    wait_for(lambda: daemon.call("metrics.query", {"select": "gpu.memory.used_percent"})["series"], "a sample")
    return daemon


def idle_worker(daemon):
    """Holds half of the device, and uses a sixteenth of that; (its id, since when samples have it)."""
    worker = daemon.call("worker.register", {"name": "hoarder", "device": DEVICE, "pid": os.getpid()})["worker"]
    daemon.call("worker.report", {"worker": worker, "allocator": {"allocated_bytes": GIB // 2, "reserved_bytes": 8 * GIB, "largest_free_bytes": GIB}})
    wait_for(lambda: daemon.call("gpu.list")["devices"][0]["reserved_bytes"] == 8 * GIB, "the device to be told so")
    since = now_us()
    held = {"select": f'gpu.memory.reserved_bytes{{device="{DEVICE}"}}', "from_us": since}
    wait_for(lambda: daemon.call("metrics.query", held)["series"], "a sample of it")
    return worker, since


def titles(report):
    return [one["title"] for one in report["recommendations"]]


def test_efficiency(t):
    daemon = start(t, devices=2)
    begin = now_us()
    report = daemon.call("gpu.report")
    assert 0 < report["from_us"] <= begin <= report["to_us"], report
    # a frame that was being made then is of that time too: when one of a later time is there, no more of it comes
    wait_for(lambda: daemon.call("metrics.query", {"select": "gpu.memory.used_percent", "from_us": report["to_us"] + 1})["series"], "a later sample")
    report = daemon.call("gpu.report", {"from_us": report["from_us"], "to_us": report["to_us"]})
    equal([one["device"] for one in report["efficiency"]], [DEVICE, "simulated-1"])
    for member, metric in (("memory_used_percent", "gpu.memory.used_percent"), ("utilization_percent", "gpu.utilization_percent"),
                           ("fragmentation_percent", "gpu.memory.fragmentation_percent")):
        means = daemon.call("metrics.query", {"select": metric, "aggregate": "avg", "from_us": 0, "to_us": report["to_us"]})["series"]
        for one, mean in zip(report["efficiency"], means):
            equal(mean["labels"]["device"], one["device"])
            assert abs(one[member] - mean["points"][0][1]) < 1e-6, (one, mean)
    contains(report["summary"], "2 devices in the ")
    one = daemon.call("gpu.report", {"device": "simulated-1"})
    equal([each["device"] for each in one["efficiency"]], ["simulated-1"])
    status, answer = daemon.rest("GET", "/gpu/report?device=simulated-1")
    equal((status, len(answer["efficiency"])), (200, 1))


def test_spans(t):
    daemon = start(t)
    long_ago = daemon.call("gpu.report", {"from_us": 1, "to_us": 1000000})
    equal((long_ago["from_us"], long_ago["to_us"], long_ago["efficiency"], long_ago["recommendations"]), (1, 1000000, [], []))
    contains(long_ago["summary"], "No device has samples")
    fails(lambda: daemon.call("gpu.report", {"from_us": 2, "to_us": 2}), "INVALID_ARGUMENT", field="from_us")
    fails(lambda: daemon.call("gpu.report", {"device": "no"}), "NOT_FOUND", field="device")


def test_recommends_with_commands_that_exist(t):
    daemon = start(t)
    worker, since = idle_worker(daemon)
    batches = [{"size": 1 + i % 4, "peak_bytes": GIB + (1 + i % 4) * (GIB // 32)} for i in range(40)]
    daemon.call("worker.report", {"worker": worker, "batches": batches, "allocator": {"ooms": 2}})
    report = daemon.call("gpu.report", {"from_us": since})
    contains(" ".join(titles(report)), "idle")
    contains(" ".join(titles(report)), "ran out of memory")
    severities = [one["severity"] for one in report["recommendations"]]
    equal(severities, sorted(severities, key=["critical", "warning", "info"].index))
    efficiency = report["efficiency"][0]
    assert abs(efficiency["idle_held_percent"] - 93.75) < 0.1, efficiency
    for one in report["recommendations"]:
        words = shlex.split(one["action"])
        equal(words[0], "orfeasctl")
        status, shown, errors = t.ctl(daemon, *words[1:])
        # 5: a cleanup of which nothing came, as nobody listens
        assert status in (0, 5), (one, status, errors)
        assert any(digit.isdigit() for digit in one["evidence"]), one


def test_ctl_and_file(t):
    daemon = start(t)
    _, since = idle_worker(daemon)
    expected = titles(daemon.call("gpu.report", {"from_us": since}))
    status, shown, errors = t.ctl(daemon, "gpu", "report", "--from", str(since))
    equal(status, 0, errors)
    contains(shown, "SEVERITY\tTITLE\tEVIDENCE\tACTION")
    contains(shown, "orfeasctl gpu cleanup --device simulated-0")
    daemon.stop()
    status, shown, errors = t.ctl(None, "--db", daemon.db, "gpu", "report", "--from", str(since), "--json")
    equal(status, 0, errors)
    equal(titles(json.loads(shown))[:1], expected[:1])


def test_claims_without_bounds(t):
    """Whoever claims as much as a number can be, again and again, is told as one that does not keep its word."""
    daemon = start(t)
    begin = now_us()
    daemon.stop()
    with contextlib.closing(sqlite3.connect(daemon.db)) as file, file:
        for i in range(1, 1101):
            file.execute("INSERT INTO cleanup (id, device, trigger, level, started_us, took_us, verdict, freed_bytes, regained_bytes, released_bytes) "
                         "VALUES (?, ?, 'call', 'light', ?, 1, 'freed', 9007199254740992, 9007199254740992, 9007199254740992)", (i, DEVICE, begin))
            file.execute("INSERT INTO cleanup_worker (cleanup_id, ordinal, worker_id, name, verdict, claimed_bytes, freed_bytes, took_us) "
                         "VALUES (?, 0, 7, 'liar', 'overclaimed', 9007199254740992, 0, 1)", (i,))
    report = json.loads(t.ctl(None, "--db", daemon.db, "gpu", "report", "--from", str(begin), "--json")[1])
    assert "liar claims more than it frees" in titles(report), report
    assert f"What cleanups of {DEVICE} free is soon taken again" in titles(report), report


if __name__ == "__main__":
    orfeas_test.main()
