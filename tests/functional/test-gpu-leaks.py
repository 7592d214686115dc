#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gpu.leaks: a worker that holds more and more is told, one that takes and gives back is not."""

import json
import time

import orfeas_test
from orfeas_test import contains, equal, fails, wait_for

MIB = 1 << 20
DEVICE = "simulated-0"
ROW_US = 30000
ROW_S = ROW_US / 1e6


def start(t):
    daemon = t.start(settings={"gpu.backends": "simulated", "gpu.sample_us": 100000, "forecast.row_us": ROW_US})
    wait_for(lambda: daemon.call("gpu.list")["devices"], "the device")
    wait_for(lambda: daemon.call("metrics.query", {"select": "gpu.memory.used_bytes"})["series"], "a sample")
    return daemon


def report(daemon, worker, allocated):
    daemon.call("worker.report", {"worker": worker, "allocator": {"allocated_bytes": int(allocated), "reserved_bytes": 4096 * MIB}})


def suspects(daemon):
    """Workers: at rows so short the wave of a simulated process rises for long."""
    return [suspect for suspect in daemon.call("gpu.leaks")["suspects"] if suspect["worker"]]


def test_leak(t):
    """Values are functions of time, so that a machine that is slow only has fewer of them."""
    daemon = start(t)
    register = lambda name: daemon.call("worker.register", {"name": name, "device": DEVICE})["worker"]
    leaky, saw = register("leaky"), register("saw")
    begin = time.monotonic()
    leak_at = None
    while True:
        rows = (time.monotonic() - begin) / ROW_S
        if rows > 240 and leak_at is None:
            daemon.call("events.mark", {"text": "studio 2.4", "kind": "deploy"})
            leak_at, marked_us = rows, time.time() * 1e6
        grown = 0 if leak_at is None else (rows - leak_at) * 4 * MIB
        report(daemon, leaky, 1024 * MIB + grown)
        report(daemon, saw, 1024 * MIB + rows % 50 * 8 * MIB)
        found = suspects(daemon) if leak_at is not None else []
        if found:
            break
        assert rows < 3000, "no leak was found"
    equal([(s["worker"], s["process"], s["device"]) for s in found], [(leaky, "leaky", DEVICE)])
    assert abs(found[0]["since_us"] - marked_us) < 60 * ROW_US, (found, marked_us)
    assert .5 < found[0]["slope_bytes_per_s"] * ROW_S / (4 * MIB) < 2, found
    assert .5 < found[0]["confidence"] <= 1, found
    equal(found[0]["suspected_trigger"], "deploy mark: studio 2.4")

    status, shown, errors = t.ctl(daemon, "gpu", "leaks", DEVICE)
    equal(status, 0, errors)
    contains(shown, "deploy mark: studio 2.4")
    fails(lambda: daemon.call("gpu.leaks", {"device": "none"}), "NOT_FOUND")

    # it went away: nobody leaks any more, and the file says why
    daemon.call("worker.leave", {"worker": leaky})
    wait_for(lambda: not suspects(daemon), "the end of the leak")
    ended = {"sql": "SELECT ending, trigger FROM v_leak WHERE name = 'leaky'"}
    wait_for(lambda: daemon.call("sql.query", ended)["rows"] == [["gone", "deploy mark: studio 2.4"]], "its end in the file")
    daemon.stop()
    status, shown, errors = t.ctl(None, "--db", daemon.db, "gpu", "leaks", "--json")
    equal(status, 0, errors)
    equal([suspect for suspect in json.loads(shown)["suspects"] if suspect["worker"]], [])


if __name__ == "__main__":
    orfeas_test.main()
