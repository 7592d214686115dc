#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table audit: who changed what, before it is changed."""

import json
import os
import shutil
import signal
import threading

import orfeas_test
from orfeas_test import RpcError, contains, equal, fails, wait_for


def rows(daemon, method):
    found = daemon.sql("SELECT actor, detail FROM audit WHERE method=? ORDER BY id", method)
    return [(actor, json.loads(detail) if detail else None) for actor, detail in found]


def test_a_row_a_call(t):
    daemon = t.start()
    path = f"{t.dir}/copy.db"
    daemon.admin("db.backup", {"path": path})
    (one,) = rows(daemon, "db.backup")
    equal(one, (f"unix:uid={os.getuid()}", {"path": path}))
    # a call that its method then refuses was made all the same
    fails(lambda: daemon.admin("db.backup", {"path": path}), "ALREADY_EXISTS")
    equal(len(rows(daemon, "db.backup")), 2)
    # one that did not get that far changes nothing, and is not there
    fails(lambda: daemon.call("db.backup", {"path": path}), "PERMISSION_DENIED")
    fails(lambda: daemon.admin("db.backup", {"path": 1}), "INVALID_ARGUMENT")
    equal(len(rows(daemon, "db.backup")), 2)


def test_definitions_and_samples(t):
    daemon = t.start()
    daemon.call("metrics.define", {"name": "a", "kind": "counter"})
    (one,) = rows(daemon, "metrics.define")
    equal((one[0], one[1]["name"]), ("loopback", "a"))
    daemon.call("metrics.record", {"samples": [{"name": "a", "value": 1}]})
    daemon.call("metrics.list")
    equal({method for (method,) in daemon.sql("SELECT DISTINCT method FROM audit")}, {"daemon.start", "metrics.define"})


def test_start_stop_and_reload(t):
    daemon = t.start(config="[gpu]\nsample_us=1000000\n")
    (one,) = wait_for(lambda: rows(daemon, "daemon.start"), "the row")
    equal((one[0], one[1]["pid"], one[1]["http"]), ("orfeasd", daemon.process.pid, daemon.ready["http"]))
    with open(daemon.config, "w", encoding="utf-8") as file:
        file.write("[gpu]\nsample_us=2000000\nsimulated_devices=3\n")
    daemon.process.send_signal(signal.SIGHUP)
    (one,) = wait_for(lambda: rows(daemon, "config.reload"), "the row")
    equal(one[1]["at_next_start"], ["gpu.simulated_devices"])
    daemon.stop()
    equal(rows(daemon, "daemon.stop"), [("orfeasd", None)])


def test_logins(t):
    daemon = t.start()
    path = f"{t.dir}/cookie"
    with open(path, encoding="utf-8") as file:
        token = file.read().strip()
    status, headers, _ = daemon.http("POST", "/login", {"token": token})
    equal(status, 204)
    cookie = headers["Set-Cookie"].partition(";")[0]
    for i in range(50):
        equal(daemon.http("POST", "/login", {"token": f"guess {i}"})[0], 401)
    daemon.http("POST", "/logout", "", {"Cookie": cookie, "Origin": daemon.ready["http"]})
    wait_for(lambda: rows(daemon, "auth.logout"), "the row")
    equal(rows(daemon, "auth.login"), [("cookie", {"address": "127.0.0.1"})])
    equal(rows(daemon, "auth.logout"), [("cookie", {"address": "127.0.0.1"})])
    refused = rows(daemon, "auth.login_refused")
    equal(len(refused), 10, "a stranger writes as many rows as he likes")
    equal(refused[0], ("unknown", {"address": "127.0.0.1"}))
    everything = "\n".join(map(str, daemon.sql("SELECT * FROM audit"))) + daemon.stderr()
    assert token not in everything and "guess" not in everything, everything


def test_no_change_without_its_row(t):
    """kill -9 while backups are made: each that is there has its row."""
    daemon = t.start()
    folder = f"{t.dir}/copies"
    os.mkdir(folder)
    number = [0]

    def finished():
        """A copy that is being made has another name."""
        return {f"{folder}/{name}" for name in os.listdir(folder) if name.isdigit()}

    for round_number in range(4):
        stop = threading.Event()

        def work():
            try:
                with daemon.peer() as peer:
                    while not stop.is_set():
                        number[0] += 1
                        peer.call("db.backup", {"path": f"{folder}/{number[0]}"})
            except (AssertionError, OSError, RpcError):
                pass  # killed meanwhile

        thread = threading.Thread(target=work)
        before = len(finished())
        thread.start()
        wait_for(lambda: len(finished()) >= before + 1 + round_number, "backups")
        daemon.kill()
        stop.set()
        thread.join()
        noted = {detail["path"] for _, detail in rows(daemon, "db.backup")}
        equal(finished() - noted, set(), "made, and not in the audit")
        daemon.start()


def test_full_disk(t):
    """What only reads goes on; the log says that its row is missing."""
    if shutil.disk_usage(t.dir).free >= 2**40:
        raise orfeas_test.Skip("this disk cannot count as full")
    daemon = t.start(settings={"store.min_free_bytes": str(2**40), "store.ballast_bytes": "0"})
    fails(lambda: daemon.call("metrics.define", {"name": "a", "kind": "gauge"}), "RESOURCE_EXHAUSTED")
    # it gets as far as its own look at the disk that is to hold the copy
    contains(fails(lambda: daemon.admin("db.backup", {"path": f"{t.dir}/copy.db"}), "RESOURCE_EXHAUSTED").message, "is to hold")
    contains(daemon.stderr(), "db.backup by unix:uid=")
    contains(daemon.stderr(), "is not in the audit")


orfeas_test.main()
