#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Alerts of the daemon itself: rules from wherever they come, the life of an alert, what people say of it, who is told."""

import json
import os
import signal
import sqlite3

import orfeas_test
from alert_daemon import (active, configure, find_rule, history, prepare, receivers, record, refusal, rule, start, states, steps, wait_state,
                          write_rules)
from alert_receivers import Webhook
from orfeas_test import contains, equal, fails, now_us, wait_for

S = 1000000
ADMIN = f"unix:uid={os.getuid()}"
HOT = rule("hot", expr="temp > 80")


# --- where rules come from


def test_rule_of_the_config(t):
    daemon = start(t, rule("hot", expr="temp > 80", severity="critical", labels="team=a;floor=2", summary="{device} has {value} of {threshold}",
                           help="open the window", runbook="https://example.org/hot", threshold=90))
    one = find_rule(daemon, "hot")
    equal((one["expr"], one["threshold"], one["severity"], one["source"], one["set_by"], one["builtin"]), ("temp > 90", 90, "critical", "config", None, False))
    contains(one["waiting_for"], "temp")
    record(daemon, "temp", 85, device="a")
    record(daemon, "temp", 95, device="b")
    alert = wait_state(daemon, "hot", "firing")
    equal(alert["labels"], {"device": "b", "floor": "2", "team": "a"})
    equal((alert["summary"], alert["value"], alert["threshold"]), ("b has 95 of 90", 95, 90))
    equal((alert["help"], alert["runbook"], alert["acknowledged"]), ("open the window", "https://example.org/hot", None))
    equal(alert["started_us"], alert["fired_us"])
    equal(active(daemon), [alert])
    equal(find_rule(daemon, "hot")["waiting_for"], None)
    equal(len(daemon.sql("SELECT * FROM v_alerts WHERE rule = 'hot'")), 1)


def test_waits_for_what_it_needs(t):
    daemon = start(t)
    for expr, missing in (("there > 5", None), ("there > 5 or gone > 5", None), ("gone > 5 or there > 5", None), ("there > 5 and gone > 5", "gone"),
                          ("gone > 5 or lost > 5", "gone"), ("there + gone > 5", "gone"), ("absent(gone, 1m) or not gone > 5", None)):
        daemon.admin("alerts.set_rule", {"rule": "mine", "expr": expr})
        waits = f"no series is {missing}" if missing else None
        record(daemon, "there", 1)  # a rule begins with what comes
        wait_for(lambda: find_rule(daemon, "mine")["waiting_for"] == waits, f"{expr} to wait for {missing}")


def test_rule_files(t):
    write_rules(t, "b.conf", "[late]\nexpr=temp > 80\nseverity=info\n")
    write_rules(t, "ignored.txt", "[nonsense")
    daemon = start(t, rule("late", severity="critical", expr="temp > 5"))
    one = find_rule(daemon, "late")
    record(daemon, "temp", 85)
    equal((one["source"], one["severity"], one["expr"]), ("config", "info", "temp > 80"))
    wait_state(daemon, "late", "firing")


def test_set_rule(t):
    daemon = start(t)
    before = now_us()
    made = daemon.admin("alerts.set_rule", {"rule": "mine", "expr": "temp>80", "labels": {"team": "a"}, "for_us": 0, "help": "h"})
    equal((made["expr"], made["source"], made["set_by"], made["enabled"]), ("temp > 80", "call", ADMIN, True))
    assert before <= made["set_us"] <= now_us(), made
    equal(daemon.sql("SELECT actor FROM audit WHERE method = 'alerts.set_rule'"), [(ADMIN,)])
    record(daemon, "temp", 85)
    first = wait_state(daemon, "mine", "firing")
    daemon.restart()
    made["waiting_for"] = None
    kept = find_rule(daemon, "mine")
    kept["record"], kept["waiting_for"] = made["record"], None
    equal(kept, made)
    record(daemon, "temp", 85)
    # another threshold: what fires is judged by it
    daemon.admin("alerts.set_rule", {"rule": "mine", "threshold": 90, "severity": "critical"})
    ended = wait_state(daemon, "mine", "resolved")
    equal(ended["id"], first["id"])
    equal(find_rule(daemon, "mine")["expr"], "temp > 90")
    record(daemon, "temp", 95)
    wait_state(daemon, "mine", "resolved", "firing")
    equal(daemon.admin("alerts.delete_rule", {"rule": "mine"}), {"deleted": True})
    wait_state(daemon, "mine", "resolved", "resolved")
    equal(find_rule(daemon, "mine"), None)
    daemon.restart()
    equal(find_rule(daemon, "mine"), None)
    equal(states(daemon, "mine"), ["resolved", "resolved"])


def test_set_builtin(t):
    """A rule that is built in is tuned, rests, and has its own values again."""
    daemon = start(t)
    own = find_rule(daemon, "gpu_memory_high")
    fails(lambda: daemon.admin("alerts.delete_rule", {"rule": "gpu_memory_high"}), "FAILED_PRECONDITION")
    daemon.admin("alerts.set_rule", {"rule": "gpu_memory_high", "threshold": 10, "for_us": 0})
    wait_state(daemon, "gpu_memory_high", "firing", "firing")  # two devices
    daemon.admin("alerts.set_rule", {"rule": "gpu_memory_high", "enabled": False})
    wait_state(daemon, "gpu_memory_high", "resolved", "resolved")
    equal(steps(daemon, history(daemon)[0]["id"]), ["firing", "resolved"])
    contains(daemon.call("alerts.explain", {"id": history(daemon)[0]["id"]})["steps"][-1]["reason"], "disabled")
    daemon.admin("alerts.delete_rule", {"rule": "gpu_memory_high"})
    again = find_rule(daemon, "gpu_memory_high")
    equal({**again, "waiting_for": None, "record": None}, {**own, "waiting_for": None, "record": None})
    fails(lambda: daemon.admin("alerts.delete_rule", {"rule": "nosuch"}), "NOT_FOUND", field="rule")


def test_reload(t):
    """SIGHUP: a rule comes, one changes, one goes; broken ones leave all as it was."""
    daemon = start(t, HOT, rule("gone", expr="temp > 1"))
    record(daemon, "temp", 70)
    wait_state(daemon, "gone", "firing")
    configure(daemon, rule("hot", expr="temp > 60"), rule("new", expr="temp > 65"))
    daemon.process.send_signal(signal.SIGHUP)
    wait_state(daemon, "hot", "firing")
    wait_state(daemon, "new", "firing")
    wait_state(daemon, "gone", "resolved")
    for broken, said in ((rule("hot", "temp >"), "alerts.hot.expr"), (rule("new", "temp > 1", for_us=-1), "alerts.new.for_us"), ("[alerts.x\n", "orfeasd.conf")):
        configure(daemon, broken)
        before = len(daemon.stderr())
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: said in daemon.stderr()[before:], f"{said} to be named")
        equal(find_rule(daemon, "hot")["expr"], "temp > 60")
    write_rules(t, "a.conf", "[late]\nexpr=temp > 60\n[broken]\nexpr=(\n")
    configure(daemon)
    before = len(daemon.stderr())
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "a.conf" in daemon.stderr()[before:] or "broken" in daemon.stderr()[before:], "the file to be named")
    equal((find_rule(daemon, "late"), find_rule(daemon, "hot")["expr"]), (None, "temp > 60"))
    equal([one["state"] for one in active(daemon)], ["firing", "firing"])


# --- life


def test_life(t):
    daemon = start(t, rule("hot", expr="temp > 80", for_us="700ms", keep_firing_for_us="500ms", hysteresis=5, cooldown_us="2s"),
                   rule("between", expr="temp < 80", for_us="700ms"))
    record(daemon, "temp", 81, device="a")
    first = wait_for(lambda: history(daemon, rule="hot", unfired=True), "it to be pending")[0]
    fired = wait_state(daemon, "hot", "firing")
    equal((fired["id"], fired["started_us"]), (first["id"], first["started_us"]))
    assert fired["fired_us"] - fired["started_us"] >= 0.7 * S, fired
    record(daemon, "temp", 76, device="a")
    wait_state(daemon, "between", "firing")  # for longer than it would be kept firing
    equal(states(daemon, "hot"), ["firing"], "within the hysteresis")
    before = now_us()
    record(daemon, "temp", 74, device="a")
    ended = wait_state(daemon, "hot", "resolved")
    equal(ended["id"], fired["id"])
    assert ended["resolved_us"] >= before + 0.5 * S, (ended, before)
    equal(steps(daemon, fired["id"]), ["pending", "firing", "resolved"])
    record(daemon, "temp", 90, device="a")
    again = wait_state(daemon, "hot", "resolved", "firing")
    assert again["fired_us"] - fired["fired_us"] >= 2 * S, (fired, again)


def test_cooldown(t):
    daemon = start(t, rule("hot", expr="temp > 80", cooldown_us="3s"))
    record(daemon, "temp", 81)
    first = wait_state(daemon, "hot", "firing")
    record(daemon, "temp", 70)
    wait_state(daemon, "hot", "resolved")
    record(daemon, "temp", 81)
    again = wait_state(daemon, "hot", "resolved", "firing")
    assert again["fired_us"] - first["fired_us"] >= 3 * S, (first, again)
    assert again["id"] != first["id"] and steps(daemon, again["id"])[-1] == "firing", again


def test_never_fires(t):
    daemon = start(t, rule("hot", expr="temp > 80", for_us="10m"))
    record(daemon, "temp", 81)
    alert = wait_state(daemon, "hot", "pending")
    equal((alert["fired_us"], alert["summary"], daemon.call("alerts.history")["alerts"]), (None, None, []))
    record(daemon, "temp", 79)
    wait_for(lambda: not active(daemon), "its end")
    equal(daemon.call("alerts.history")["alerts"], [])
    wait_for(lambda: steps(daemon, alert["id"]) == ["pending", "dropped"], "both steps on disk")


def test_each_of_its_own(t):
    """An alert for each set of labels, each with its own life."""
    daemon = start(t, HOT)
    for device in "abc":
        record(daemon, "temp", 81, device=device)
    wait_state(daemon, "hot", "firing", "firing", "firing")
    record(daemon, "temp", 79, device="b")
    wait_state(daemon, "hot", "resolved", device="b")
    equal([states(daemon, "hot", device=device) for device in "ac"], [["firing"], ["firing"]])


def restarts(t, again):
    """Pending goes on, firing is not told twice, what ended meanwhile is told."""
    with Webhook() as hook:
        daemon = start(t, HOT, rule("slow", expr="temp > 80", for_us="6s"), receivers(one=hook))
        record(daemon, "temp", 81)
        fired = wait_state(daemon, "hot", "firing")
        pending = wait_for(lambda: history(daemon, rule="slow", unfired=True), "slow to be pending")[0]
        wait_for(lambda: len(hook.ids()) >= 1, "hot to be told")
        again(daemon)
        equal([one["id"] for one in active(daemon, "hot")], [fired["id"]])
        record(daemon, "temp", 81)
        slow = wait_state(daemon, "slow", "firing")
        equal((slow["id"], slow["started_us"]), (pending["id"], pending["started_us"]))
        wait_for(lambda: len(hook.ids()) == 2, "slow to be told")
        again(daemon)
        record(daemon, "temp", 70)
        wait_state(daemon, "hot", "resolved")
        wait_state(daemon, "slow", "resolved")
        wait_for(lambda: len(set(hook.ids())) == 4, "the ends to be told")
        equal(sorted(set(hook.ids())), sorted(f"{one['id']}/{event}" for one in (fired, slow) for event in ("firing", "resolved")))
        # it was noted that both were told before the end of that daemon
        equal(len([one for one in hook.ids() if one.endswith("/firing")]), 2)
        equal([one["id"] for one in history(daemon)], [slow["id"], fired["id"]])


def delivered(daemon):
    wait_for(lambda: not daemon.sql("SELECT 1 FROM alert_notice WHERE state <> 'delivered'"), "the rows to say so")


def test_restarted(t):
    restarts(t, lambda daemon: (delivered(daemon), daemon.stop(), daemon.start()))


def test_killed(t):
    restarts(t, lambda daemon: (delivered(daemon), daemon.restart()))


def change(daemon, statement):
    """In the file, while nobody has it."""
    connection = sqlite3.connect(daemon.db)
    with connection:
        connection.execute(statement)
    connection.close()


def test_rules_gone_meanwhile(t):
    """Two rules that are no more, whose alerts have the same labels: both alerts end, and both ends are told."""
    with Webhook() as hook:
        daemon = start(t, HOT, rule("warm", expr="temp > 60"), receivers(one=hook))
        record(daemon, "temp", 81, device="a")
        wait_state(daemon, "hot", "firing")
        wait_state(daemon, "warm", "firing")
        wait_for(lambda: len(hook.ids()) == 2, "both to be told")
        delivered(daemon)
        daemon.stop()
        configure(daemon, receivers(one=hook))
        daemon.start()
        wait_state(daemon, "hot", "resolved")
        wait_state(daemon, "warm", "resolved")
        wait_for(lambda: len([one for one in hook.ids() if one.endswith("/resolved")]) == 2, "both ends to be told")


def test_clock_set_back_meanwhile(t):
    """What was judged an hour from now goes on at once."""
    daemon = start(t, HOT)
    record(daemon, "temp", 81)
    fired = wait_state(daemon, "hot", "firing")
    daemon.stop()
    ahead = now_us() + 3600 * S
    change(daemon, f"UPDATE alert SET life = '[2,{ahead},{ahead},{ahead},{ahead},0,0,0,0]'")
    daemon.start()
    record(daemon, "temp", 70)
    equal(wait_state(daemon, "hot", "resolved")["id"], fired["id"])


def test_damaged_life(t):
    """Of what nobody can go on with the end is told, and the same fires again."""
    daemon = start(t, HOT)
    record(daemon, "temp", 81)
    wait_state(daemon, "hot", "firing")
    daemon.stop()
    change(daemon, "UPDATE alert SET life = '[2,9223372036854775807,-1,0,9223372036854775807,0,0,0,0]'")
    daemon.start()
    record(daemon, "temp", 81)
    wait_state(daemon, "hot", "resolved", "firing")


def test_inhibitor_gone(t):
    """A rule that was set by call is inhibited by one that the config has no more: the daemon starts, and says so."""
    daemon = start(t, HOT)
    daemon.admin("alerts.set_rule", {"rule": "mine", "expr": "temp > 60", "inhibited_by": ["hot"]})
    daemon.stop()
    configure(daemon)
    daemon.start()
    contains(daemon.stderr(), "there is no rule hot")
    record(daemon, "temp", 70)
    wait_state(daemon, "mine", "firing")


# --- what people say


def test_acknowledge(t):
    daemon = start(t, HOT)
    record(daemon, "temp", 81)
    alert = wait_state(daemon, "hot", "firing")
    said = daemon.call("alerts.acknowledge", {"id": alert["id"], "author": "ann", "note": "é \u2028 'x'", "verdict": "noise"})["acknowledged"]
    equal((said["author"], said["note"], said["verdict"]), ("ann", "é \u2028 'x'", "noise"))
    equal(active(daemon)[0]["acknowledged"], said)
    contains(steps(daemon, alert["id"]), "acknowledged")
    daemon.restart()
    equal(active(daemon)[0]["acknowledged"], said)
    second = daemon.call("alerts.acknowledge", {"id": alert["id"], "verdict": "useful"})["acknowledged"]
    equal((second["author"], second["note"], second["verdict"]), ("loopback", None, "useful"))
    record(daemon, "temp", 70)
    wait_state(daemon, "hot", "resolved")
    equal(history(daemon)[0]["acknowledged"], second)
    third = daemon.call("alerts.acknowledge", {"id": alert["id"], "verdict": "known"})["acknowledged"]  # when it is over, too
    equal(history(daemon)[0]["acknowledged"], third)
    known = find_rule(daemon, "hot")["record"]
    equal((known["fired"], known["acknowledged"], known["useful"], known["noise"], known["known"], known["precision"]), (1, 1, 0, 0, 1, 1))
    equal(known["mean_acknowledge_us"], third["at_us"] - alert["fired_us"])


def test_silence(t):
    with Webhook() as hook:
        daemon = start(t, HOT, receivers(one=hook))
        made = daemon.call("alerts.silence", {"matchers": '{rule="hot", device=~"a|b"}', "until_us": now_us() + 3600 * S, "note": "works"})
        equal((made["author"], daemon.call("alerts.silences")["silences"]), ("loopback", [made]))
        record(daemon, "temp", 81, device="a")
        record(daemon, "temp", 81, device="c")
        quiet = wait_state(daemon, "hot", "firing", device="a")["id"]
        loud = wait_state(daemon, "hot", "firing", device="c")["id"]
        equal({one["id"]: one["silenced_by"] for one in active(daemon)}, {quiet: made["id"], loud: None})
        wait_for(lambda: hook.ids() == [f"{loud}/firing"], "the loud one")
        wait_for(lambda: "silenced" in steps(daemon, quiet, "one"), "explain to say so")
        daemon.restart()
        equal(daemon.call("alerts.silences")["silences"], [made])
        equal(next(one for one in active(daemon) if one["id"] == quiet)["silenced_by"], made["id"])
        equal(daemon.call("alerts.unsilence", {"id": made["id"]}), {"deleted": True})
        wait_for(lambda: f"{quiet}/firing" in hook.ids(), "what still fires to be told when the silence ends")
        equal((daemon.call("alerts.silences")["silences"], {one["silenced_by"] for one in active(daemon)}), ([], {None}))
        fails(lambda: daemon.call("alerts.unsilence", {"id": made["id"]}), "NOT_FOUND", field="id")


def test_inhibited(t):
    with Webhook() as hook:
        daemon = start(t, HOT, rule("warm", expr="temp > 60", inhibited_by="hot"), receivers(one=hook))
        record(daemon, "temp", 70, device="b")
        alone = wait_state(daemon, "warm", "firing")
        record(daemon, "temp", 90, device="a")
        above = wait_state(daemon, "hot", "firing")
        below = wait_state(daemon, "warm", "firing", "firing")
        equal({one["labels"]["device"]: one["inhibited_by"] for one in active(daemon, "warm")}, {"a": above["id"], "b": None})
        wait_for(lambda: "inhibited" in steps(daemon, below["id"], "one"), "explain to say so")
        wait_for(lambda: sorted(hook.ids()) == sorted([f"{alone['id']}/firing", f"{above['id']}/firing"]), "the others, and no more")
        record(daemon, "temp", 70, device="a")
        wait_for(lambda: f"{below['id']}/firing" in hook.ids(), "the lesser one to be told when the greater ends")


# --- who is told


def test_told(t):
    with Webhook() as hook, Webhook() as other:
        daemon = start(t, rule("hot", expr="temp > 80", severity="critical", labels="team=a", summary="{device} at {value}"),
                       receivers(one=hook, two={"url": other.url, "matchers": '{device="b"}'}))
        record(daemon, "temp", 81, device="a")
        wait_for(lambda: len(hook.get()) == 1, "the firing")
        record(daemon, "temp", 79, device="a")
        wait_for(lambda: len(hook.get()) == 2, "the end")
        first, last = (message["alerts"][0] for message in hook.get())
        equal(first["labels"], {"alertname": "hot", "device": "a", "severity": "critical", "team": "a"})
        equal((first["annotations"]["summary"], first["status"], last["status"]), ("a at 81", "firing", "resolved"))
        equal(first["fingerprint"], last["fingerprint"])
        alert = history(daemon)[0]
        wait_for(lambda: steps(daemon, alert["id"], "one")[-1] == "delivered", "it to be noted")
        told = daemon.call("alerts.explain", {"id": alert["id"]})
        equal(told["alert"], alert)
        times = [one["t_us"] for one in told["steps"]]
        equal(times, sorted(times))
        equal(other.get(), [])


def next_message(watch, stream):
    while True:
        params = json.loads(watch.receive_text()).get("params")
        if params and params["stream"] == stream:
            return params


def test_watch(t):
    daemon = start(t, HOT, rule("info", expr="temp > 80", severity="info"))
    record(daemon, "temp", 81)
    alert = wait_state(daemon, "hot", "firing")
    wait_state(daemon, "info", "firing")
    with daemon.peer() as watch:
        stream = watch.call("alerts.watch", {"severity": "warning"})["stream"]
        equal([one["id"] for one in next_message(watch, stream)["value"]["alerts"]], [alert["id"]])
        daemon.call("alerts.acknowledge", {"id": alert["id"]})
        equal(next_message(watch, stream)["value"]["alerts"][0]["acknowledged"]["author"], "loopback")
        record(daemon, "temp", 79)
        equal([(one["rule"], one["state"]) for one in next_message(watch, stream)["value"]["alerts"]], [("hot", "resolved")])


def test_critical_is_kept(t):
    daemon = start(t, rule("hot", expr="temp > 80", severity="critical"), rule("warm", expr="temp > 80"))
    record(daemon, "temp", 81)
    alert = wait_state(daemon, "hot", "firing")
    wait_state(daemon, "warm", "firing")
    found = wait_for(lambda: [one for one in daemon.call("incidents.list")["incidents"] if "alert hot" in json.dumps(one)], "its window")
    equal(len(daemon.call("incidents.list")["incidents"]), 1)
    assert found[0]["from_us"] <= alert["fired_us"] <= found[0]["to_us"], found


def test_from_a_file(t):
    """A file with no daemon: what was is told; what needs a daemon is not done."""
    daemon = start(t, HOT, rule("slow", expr="temp > 80", for_us="1h"))
    daemon.admin("alerts.set_rule", {"rule": "mine", "expr": "temp > 1000"})
    daemon.call("alerts.silence", {"matchers": '{rule="x"}', "until_us": now_us() + 3600 * S})
    record(daemon, "temp", 81)
    wait_state(daemon, "hot", "firing")
    wait_state(daemon, "slow", "pending")
    told = {method: daemon.call(method) for method in ("alerts.active", "alerts.history", "alerts.silences")}
    rules = {one["rule"] for one in daemon.call("alerts.rules")["rules"]}
    daemon.stop()

    def ask(method, **params):
        code, out, err = t.ctl(None, "--db", daemon.db, "--json", "call", method, json.dumps(params))
        assert code == 0, err
        return json.loads(out)

    for method, answer in told.items():
        # the rule is of a config that is not here, and so is its help
        equal(ask(method), answer, method)
    equal(ask("alerts.explain", id=told["alerts.history"]["alerts"][0]["id"])["alert"]["rule"], "hot")
    equal(rules - {one["rule"] for one in ask("alerts.rules")["rules"]}, {"hot", "slow"})
    equal(t.ctl(None, "--db", daemon.db, "--json", "call", "alerts.watch", "{}")[0] != 0, True)


# --- what is refused


def test_bad_rules(t):
    daemon = start(t)
    good = {"rule": "r", "expr": "temp > 80"}
    for field, value in (("rule", "a b"), ("rule", ""), ("rule", "x" * 65), ("expr", "temp >"), ("expr", "("), ("expr", ""), ("threshold", "x"),
                         ("hysteresis", -1), ("severity", "bad"), ("for_us", -1), ("for_us", 86400 * S + 1), ("for_us", 1.5),
                         ("keep_firing_for_us", -1), ("cooldown_us", 86400 * S + 1), ("labels", {"a b": "c"}), ("labels", {"a": 1}),
                         ("labels", {f"l{i}": "x" for i in range(17)}), ("summary", "{"), ("summary", "x" * 1025), ("help", "x" * 4097),
                         ("runbook", "x" * 1025), ("inhibited_by", ["nosuch"]), ("inhibited_by", ["a b"]), ("inhibited_by", "hot"), ("enabled", 1)):
        status, named, _, message = refusal(daemon, "alerts.set_rule", **{**good, field: value})
        equal((status, named.split(".")[0].split("[")[0]), ("INVALID_ARGUMENT", field), f"{field}={value!r}: {message}")
    status, field, _, message = refusal(daemon, "alerts.set_rule", rule="r")
    equal((status, field), ("INVALID_ARGUMENT", "expr"), message)
    equal(refusal(daemon, "alerts.set_rule", rule="r", expr="absent(temp, 1m)", threshold=1)[:2], ("INVALID_ARGUMENT", "threshold"))
    equal(refusal(daemon, "alerts.set_rule", rule="r", expr="temp == 1", hysteresis=1)[:2], ("INVALID_ARGUMENT", "hysteresis"))
    for field, value in (("for_us", -1), ("hysteresis", -1)):
        _, _, allowed, message = refusal(daemon, "alerts.set_rule", **{**good, field: value})
        assert "0" in (allowed or "") + message, (allowed, message)
    equal(find_rule(daemon, "r"), None)


def test_bad_silences(t):
    daemon = start(t, settings={"alerts.max_silences": 2})
    until = now_us() + 3600 * S
    for field, params in (("until_us", {"matchers": '{rule="a"}', "until_us": now_us() - 1}),
                          ("until_us", {"matchers": '{rule="a"}', "until_us": until, "from_us": until + 1}),
                          ("until_us", {"matchers": '{rule="a"}'}), ("matchers", {"until_us": until}),
                          ("matchers", {"matchers": "{", "until_us": until}), ("matchers", {"matchers": "", "until_us": until}),
                          ("matchers", {"matchers": '{rule=~"("}', "until_us": until}),
                          ("author", {"matchers": '{rule="a"}', "until_us": until, "author": "x" * 201}),
                          ("note", {"matchers": '{rule="a"}', "until_us": until, "note": "x" * 4097}),
                          ("from_us", {"matchers": '{rule="a"}', "until_us": until, "from_us": -1})):
        status, named, _, message = refusal(daemon, "alerts.silence", **params)
        equal((status, named), ("INVALID_ARGUMENT", field), message)
    equal(daemon.call("alerts.silences")["silences"], [])
    for _ in range(2):
        daemon.call("alerts.silence", {"matchers": '{rule="a"}', "until_us": until})
    equal(refusal(daemon, "alerts.silence", matchers='{rule="a"}', until_us=until)[0], "RESOURCE_EXHAUSTED")


def test_bad_acknowledgements(t):
    daemon = start(t, HOT)
    record(daemon, "temp", 81)
    alert = wait_state(daemon, "hot", "firing")["id"]
    for field, params in (("verdict", {"verdict": "good"}), ("author", {"author": "x" * 201}), ("note", {"note": "x" * 4097}), ("id", {"id": ""})):
        status, named, _, message = refusal(daemon, "alerts.acknowledge", **{"id": alert, **params})
        equal((status, named), ("INVALID_ARGUMENT", field), message)
    for unknown in ("al-999", "nonsense", "al--1", "al-99999999999999999999", "si-1"):
        equal(refusal(daemon, "alerts.acknowledge", id=unknown)[:2], ("NOT_FOUND", "id"), unknown)
        equal(refusal(daemon, "alerts.explain", id=unknown)[:2], ("NOT_FOUND", "id"), unknown)
    equal(active(daemon)[0]["acknowledged"], None)


def test_bad_config(t):
    for text, field in ((rule("hot", expr="temp >"), "alerts.hot.expr"), (rule("hot", for_us="1s"), "alerts.hot.expr"), (rule("hot", expr="a > 1", severity="x"), "alerts.hot.severity"),
                        (rule("hot", expr="a > 1", for_us="2d"), "alerts.hot.for_us"), (rule("hot", expr="a > 1", threshold="x"), "alerts.hot.threshold"),
                        (rule("hot", expr="a > 1", labels="x"), "alerts.hot.labels"), (rule("hot", expr="a > 1", inhibited_by="nosuch"), "alerts.hot.inhibited_by"),
                        (rule("hot", expr="a > 1", nosuch=1), "nosuch")):
        contains(prepare(t, text).start_refused(), field)


if __name__ == "__main__":
    orfeas_test.main()
