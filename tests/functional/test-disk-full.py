#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A full disk: writes are refused clearly, reads and sampling go on, and writing resumes by itself."""

import json
import os
import threading

import orfeas_test
from alert_receivers import Webhook
from orfeas_test import RpcError, equal, fails, wait_for
from small_disk import MIB, fill, in_own_mounts, make_room, mount


def small_disk(t, **settings):
    db = os.path.join(mount(t, "48m"), "orfeas.db")
    return t.start(db=db, settings={"store.check_us": 100000, "store.commit_us": 100000, **settings})


def record(daemon, value):
    try:
        return daemon.call("metrics.record", {"samples": [{"name": "a", "value": value}]})["accepted"]
    except RpcError as error:
        equal(error.status, "RESOURCE_EXHAUSTED", str(error))
        assert error.data.get("retry_after_ms", 0) > 0, error
        return 0


def fills_and_recovers(t, leave_bytes):
    daemon = small_disk(t)
    accepted = {value for value in range(50) if record(daemon, value)}
    equal(len(accepted), 50)
    fill(daemon, leave_bytes)
    wait_for(lambda: daemon.call("status.get")["db"]["disk_full"], "the full disk to be seen")
    value = 1000
    while record(daemon, value):  # a write that was let in before may still go through
        accepted.add(value)
        value += 1
    refusal = daemon.http("POST", "/api/v1/metrics/record", {"samples": [{"name": "a", "value": 0}]})
    equal(refusal[0], 429)
    assert int(refusal[1]["Retry-After"]) >= 1, refusal[1]
    equal(len(daemon.call("metrics.query", {"select": "a"})["series"]), 1, "reads go on")
    sampled = daemon.sources()["self"]["sampled_us"] or 0
    wait_for(lambda: (daemon.sources()["self"]["sampled_us"] or 0) > sampled, "sampling to go on")
    make_room(daemon)
    wait_for(lambda: record(daemon, 5000), "writing to resume by itself")
    accepted.add(5000)
    equal(daemon.call("status.get")["db"]["disk_full"], False)
    stored = {int(row[0]) for row in daemon.sql("SELECT value FROM v_sample WHERE series='a'")}
    equal(accepted - stored, set(), "accepted and lost")
    equal(daemon.admin("db.check")["ok"], True)
    daemon.stop()


def test_nearly_full(t):
    fills_and_recovers(t, 2 * MIB)


def test_to_the_last_byte(t):
    fills_and_recovers(t, 0)


def test_killed_while_full(t):
    daemon = small_disk(t)
    equal(record(daemon, 1), 1)
    fill(daemon, 0)
    wait_for(lambda: daemon.call("status.get")["db"]["disk_full"], "the full disk to be seen")
    daemon.kill()
    make_room(daemon)
    daemon.start()
    wait_for(lambda: record(daemon, 2), "writing")
    equal(daemon.admin("db.check")["ok"], True)
    equal(len(daemon.sql("SELECT 1 FROM v_sample WHERE series='a'")), 2)


def test_started_on_a_full_disk(t):
    daemon = small_disk(t)
    equal(record(daemon, 1), 1)
    daemon.stop()
    fill(daemon, 0)
    try:
        daemon.start()
    except AssertionError:
        assert daemon.db in daemon.stderr(), daemon.stderr()  # it may refuse, and says which file
        make_room(daemon)
        daemon.start()
    else:
        equal(record(daemon, 2), 0)
        equal(len(daemon.call("metrics.list", {"match": "a"})["series"]) > 0, True)
        make_room(daemon)
    wait_for(lambda: record(daemon, 3), "writing")


def test_forecasts(t):
    """Forecasts that are refused are lost, and those stored before are judged all the same: none waits for ever."""
    daemon = small_disk(t, **{"forecast.row_us": 200000, "forecast.horizons": "1,5", "forecast.every_rows": 1, "host.sample_us": 100000})
    made = "SELECT count(*) FROM prediction"
    wait_for(lambda: daemon.sql(made + " WHERE judged_us IS NOT NULL")[0][0] > 20, "forecasts to be judged")
    fill(daemon, 0)
    wait_for(lambda: daemon.call("status.get")["db"]["disk_full"], "the full disk to be seen")
    wait_for(lambda: "forecasts are not in the file" in daemon.stderr(), "a forecast to be refused")
    last_us, waiting = daemon.sql("SELECT max(made_us), (SELECT count(*) FROM prediction WHERE judged_us IS NULL) FROM prediction")[0]
    assert waiting > 0
    judged = daemon.call("metrics.query", {"select": "orfeas.forecast.judged"})["series"]
    assert judged, "judging goes on, and is told"
    # reads go on, and their time comes while nothing can be written
    wait_for(lambda: orfeas_test.now_us() > last_us + 3_000_000, "their time")
    assert daemon.call("predictions.accuracy")["accuracy"]
    make_room(daemon)
    wait_for(lambda: daemon.sql(made + " WHERE made_us > ?", last_us + 3_000_000)[0][0] > 0, "forecasts after it")
    wait_for(lambda: daemon.sql(made + " WHERE judged_us IS NULL AND due_us <= ?", last_us + 1_000_000)[0][0] == 0, "all from before to be judged")
    wrong = daemon.sql("SELECT count(*) FROM prediction WHERE actual IS NOT NULL AND (abs(error - (value - actual)) > 1e-9 OR due_us - made_us <> horizon_us)")
    equal(wrong, [(0,)])
    equal(daemon.admin("db.check")["ok"], True)


def test_alerts(t):
    """What happens while nothing can be written is seen at once, and kept and told when there is room; in order."""
    with Webhook() as hook:
        daemon = small_disk(t, **{"gpu.sample_us": 100000, "alerts.hot": "temp > 80", "alerts.hot.cooldown_us": 0, "alerts.host_cpu_high.enabled": "false",
                                  "receivers.one": "webhook", "receivers.one.url": hook.url, "outbox.backoff_us": 10000,
                                  "outbox.backoff_max_us": 100000, "notify.group_interval_us": 0})

        def temp(value):
            daemon.call("metrics.record", {"samples": [{"name": "temp", "value": value}]})

        def hot():
            return [(one["id"], one["state"]) for one in daemon.call("alerts.active")["alerts"] if one["rule"] == "hot"]

        temp(81)
        (first, _), = wait_for(hot, "the first")
        wait_for(lambda: hook.ids() == [f"{first}/firing"], "it to be told")
        fill(daemon, 0)
        wait_for(lambda: daemon.call("status.get")["db"]["disk_full"], "the full disk to be seen")
        # no sample is taken; the rule itself changes nothing: what is taken away is the condition
        wait_for(lambda: record(daemon, 1) == 0, "writes to be refused")
        fails(lambda: temp(70), "RESOURCE_EXHAUSTED")
        fails(lambda: daemon.admin("alerts.set_rule", {"rule": "hot", "threshold": 90}), "RESOURCE_EXHAUSTED")
        fails(lambda: daemon.call("alerts.acknowledge", {"id": first}), "RESOURCE_EXHAUSTED")
        equal(hot(), [(first, "firing")])
        make_room(daemon)
        wait_for(lambda: record(daemon, 2), "writing to resume by itself")
        temp(70)
        wait_for(lambda: not hot(), "its end")
        temp(81)
        (second, _), = wait_for(hot, "another")
        wait_for(lambda: len(set(hook.ids())) == 3, "all to be told")
        equal(list(dict.fromkeys(hook.ids())), [f"{first}/firing", f"{first}/resolved", f"{second}/firing"])


def test_alerts_while_full(t):
    """Of what the daemon measures itself: it fires while nothing can be written, and is kept and told later."""
    with Webhook() as hook:
        daemon = small_disk(t, **{"gpu.sample_us": 100000, "alerts.full": "absent(keepalive, 2s)", "alerts.host_cpu_high.enabled": "false",
                                  "receivers.one": "webhook", "receivers.one.url": hook.url, "outbox.backoff_us": 10000,
                                  "outbox.backoff_max_us": 100000, "notify.group_interval_us": 0, "alerts.cooldown_us": 0})

        def full():
            return [one for one in daemon.call("alerts.active")["alerts"] if one["rule"] == "full" and one["state"] == "firing"]

        def keep():
            try:
                daemon.call("metrics.record", {"samples": [{"name": "keepalive", "value": 1}]})
            except RpcError:
                return False
            return True

        wait_for(lambda: keep() and not full(), "it to be silent")
        fill(daemon, 0)
        wait_for(lambda: full(), "it to fire when nothing comes")
        alert = full()[0]
        wait_for(lambda: "steps of alerts are not in the file" in daemon.stderr(), "it to be said that it is not kept")
        equal([one for one in hook.ids() if one == f"{alert['id']}/firing"], [], "told before it is kept")
        make_room(daemon)
        wait_for(lambda: f"{alert['id']}/firing" in hook.ids(), "it to be told when there is room")
        equal(daemon.sql("SELECT fired_us FROM alert WHERE id = ?", int(alert["id"].split("-")[1])), [(alert["fired_us"],)])


def test_cleanup(t):
    """None begins that could not be noted; one that began is answered, whatever the disk does meanwhile."""
    daemon = small_disk(t)
    device = wait_for(lambda: daemon.call("gpu.list")["devices"], "a device")[0]["device"]
    with daemon.peer() as peer:
        worker = peer.call("worker.register", {"name": "holder", "device": device, "capabilities": ["trim"]})["worker"]
        told = {"worker": worker, "allocator": {"allocated_bytes": 0, "reserved_bytes": 64 * MIB}}
        daemon.call("worker.report", told)
        stream = peer.call("worker.advice", {"worker": worker})["stream"]
        fill(daemon, 0)
        wait_for(lambda: daemon.call("status.get")["db"]["disk_full"], "the full disk to be seen")
        fails(lambda: daemon.call("gpu.cleanup"), "RESOURCE_EXHAUSTED")
        fails(lambda: daemon.call("worker.report", told), "RESOURCE_EXHAUSTED")
        make_room(daemon)
        wait_for(lambda: record(daemon, 1), "writing to resume by itself")
        answers = []
        asking = threading.Thread(target=lambda: answers.append(daemon.ask(orfeas_test.request("gpu.cleanup"))))
        asking.start()
        message = json.loads(peer.receive_text())
        equal((message["method"], message["params"]["stream"]), ("stream.next", stream))
        fill(daemon, 0)
        wait_for(lambda: daemon.call("status.get")["db"]["disk_full"], "the full disk to be seen")
        daemon.call("worker.done", {"worker": worker, "advice": message["params"]["value"]["advice"], "outcome": "refused"})
        asking.join()
        equal(answers[0]["result"]["workers"][0]["verdict"], "refused")
        (one,) = daemon.call("gpu.cleanups")["cleanups"]
        equal((one["cleanup_id"], one["verdict"]), (answers[0]["result"]["cleanup_id"], None))
        wait_for(lambda: "the end of a cleanup is not in the file" in daemon.stderr(), "it to be said")


in_own_mounts()


orfeas_test.main()
