#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""orfeas.Worker with the real daemon: what it tells is listed, what is asked reaches it, a restart is nothing to it."""

import os

import orfeas
import orfeas_test
from orfeas_test import equal, wait_for

DEVICE = "simulated-0"


def start(t):
    # memory that moves by itself is never flat, and a cleanup would wait to its end
    daemon = t.start(env={"ORFEAS_SIMULATED": "used_percent=50"})
    wait_for(lambda: daemon.call("gpu.list")["devices"], "a device")
    return daemon


def find(daemon, name="trainer"):
    return next((worker for worker in daemon.call("worker.list")["workers"] if worker["name"] == name), None)


def run(t, address_of):
    daemon = start(t)
    asked = []

    def on_cleanup(advice):
        asked.append((advice.level, advice.seconds_left > 0))
        return 12345

    with orfeas.Worker("trainer", device=DEVICE, address=address_of(daemon), report_s=0.05, on_cleanup=on_cleanup,
                       memory=lambda: {"allocated_bytes": 100, "reserved_bytes": 400}) as worker:
        with worker.batch(8, "train"):
            pass
        found = wait_for(lambda: (one := find(daemon)) and one["batches"] == 1 and one, "the batch")
        equal({key: found[key] for key in ("state", "pid", "device", "allocated_bytes", "reserved_bytes", "capabilities")},
              {"state": "connected", "pid": os.getpid(), "device": DEVICE, "allocated_bytes": 100, "reserved_bytes": 400, "capabilities": ["trim"]})
        # it listens a moment after it is known
        answer = wait_for(lambda: (tried := daemon.call("gpu.cleanup", {"worker": worker.id}))["workers"] and tried["workers"][0]["claimed_bytes"] and tried,
                          "a cleanup that reaches it")
        equal(answer["workers"][0]["claimed_bytes"], 12345)
        equal(asked, [("normal", True)])
    wait_for(lambda: find(daemon)["state"] == "left", "it to leave")


def test_by_unix_socket(t):
    run(t, lambda daemon: "unix:" + daemon.socket)


def test_by_http(t):
    run(t, lambda daemon: daemon.ready["http"])


def test_a_daemon_that_was_killed(t):
    daemon = start(t)
    with orfeas.Worker("trainer", address="unix:" + daemon.socket, report_s=0.05) as worker:
        assert worker.wait_until_known(orfeas_test.PATIENCE_S)
        before = worker.id
        daemon.kill()
        with worker.batch(3):
            pass
        daemon.start()
        wait_for(lambda: (found := find(daemon)) and found["state"] == "connected" and found["batches"] == 1, "it, and the batch of meanwhile")
        wait_for(lambda: worker.id == before, "the same worker")


orfeas_test.main()
