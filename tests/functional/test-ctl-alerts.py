#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""orfeasctl alerts: what fires, what is said of it, rules and their files."""

import json
import os
import pty
import signal
import subprocess

import orfeas_test
from orfeas_test import contains, equal, wait_for

DONE, SERVER_ERROR, USAGE, NO_CONNECTION, DEADLINE, CHECK_FAILED = range(6)
# host_cpu_high would fire, or not, by what else the machine does
SETTINGS = {
    "gpu.backends": "",
    "alerts.host_cpu_high.enabled": "false",
    "alerts.hot": "temp > 80",
    "alerts.hot.labels": "team=a",
    "alerts.hot.help": "open the window",
    "alerts.hot.runbook": "https://example.org/hot",
    "alerts.cold": "temp < -10",
    "alerts.cold.severity": "critical",
}


def ctl(t, daemon, *arguments, expect=DONE):
    code, out, err = t.ctl(daemon, "alerts", *arguments)
    equal(code, expect, f"{arguments}: {out[-500:]} {err[-500:]}")
    return out if expect in (DONE, CHECK_FAILED) else err


def rows(text):
    """A table of a pipe: a dict for each row."""
    head, *lines = [line.split("\t") for line in text.splitlines()]
    assert all(len(line) == len(head) for line in lines), text
    return [dict(zip(head, line)) for line in lines]


def record(daemon, value, **labels):
    daemon.call("metrics.record", {"samples": [{"name": "temp", "labels": labels, "value": value}]})


def start_firing(t, value=91.5):
    daemon = t.start(settings=SETTINGS)
    record(daemon, value, device='gpu "0"')
    wait_for(lambda: daemon.call("alerts.history")["alerts"], "the alert, on disk")
    return daemon


def test_active(t):
    daemon = start_firing(t)
    (one,) = rows(ctl(t, daemon))
    alert = daemon.call("alerts.active")["alerts"][0]
    assert int(one.pop("AGE")) >= 0
    equal(one, {
        "SEVERITY": "warning", "STATE": "firing", "RULE": "hot", "VALUE": "91.5", "THRESHOLD": "80", "SUMMARY": alert["summary"],
        "LABELS": '{device="gpu \\"0\\"",team="a"}', "QUIET": "-", "ID": alert["id"],
    })
    equal(rows(ctl(t, daemon, "--severity", "critical")), [])
    equal(json.loads(ctl(t, daemon, "--json")), daemon.call("alerts.active"))
    ctl(t, daemon, "--severity", "loud", expect=SERVER_ERROR)


def test_acknowledged_and_silenced(t):
    daemon = start_firing(t)
    alert = daemon.call("alerts.active")["alerts"][0]["id"]
    equal(ctl(t, daemon, "ack", alert, "--author", "ann", "--verdict", "noise", "--note", "a load test"), f"{alert}: acknowledged by ann (noise)\n")
    silence = ctl(t, daemon, "silence", '{rule="hot"}', "--for", "2h", "--note", "quiet").strip()
    equal(rows(ctl(t, daemon))[0]["QUIET"], f"acknowledged by ann (noise), silenced by {silence}")
    (one,) = rows(ctl(t, daemon, "silences"))
    equal((one["MATCHERS"], one["NOTE"], one["ID"]), ('{rule="hot"}', "quiet", silence))
    assert 7190e6 < int(one["LEFT"]) <= 7200e6, one
    kept = daemon.call("alerts.silences")["silences"][0]
    assert abs(kept["until_us"] - kept["from_us"] - 7200e6) < 10e6, kept
    equal(ctl(t, daemon, "unsilence", silence), "")
    equal(rows(ctl(t, daemon, "silences")), [])
    equal(rows(ctl(t, daemon))[0]["QUIET"], "acknowledged by ann (noise)")
    # from then on, and until then
    ctl(t, daemon, "silence", '{team="a"}', "--from", "2030-01-01T00:00:00Z", "--for", "1h")
    ctl(t, daemon, "silence", '{team="b"}', "--until", "2030-01-01T00:00:00Z")
    equal({one["MATCHERS"]: (one["FROM"][:10], one["UNTIL"]) for one in rows(ctl(t, daemon, "silences"))}['{team="a"}'],
          ("2030-01-01", "2030-01-01T01:00:00.000000Z"))
    for wrong in (("ack",), ("silence", "{}"), ("silence", "{}", "--for", "soon"), ("silence", "{}", "--for", "1h", "--until", "2030-01-01"), ("unsilence",)):
        ctl(t, daemon, *wrong, expect=USAGE)
    for wrong in (("ack", "al-99"), ("ack", alert, "--verdict", "bad"), ("unsilence", "si-99"), ("silence", "{", "--for", "1h"),
                  ("silence", '{a="b"}', "--until", "2020-01-01")):
        ctl(t, daemon, *wrong, expect=SERVER_ERROR)


def test_history_and_explain(t):
    daemon = start_firing(t)
    alert = daemon.call("alerts.active")["alerts"][0]["id"]
    ctl(t, daemon, "ack", alert, "--author", "ann", "--note", "seen")
    record(daemon, 20, device='gpu "0"')
    wait_for(lambda: daemon.call("alerts.history")["alerts"][0]["state"] == "resolved", "its end")
    record(daemon, -20, device="b")
    # it is active before it is on disk
    wait_for(lambda: len(daemon.call("alerts.history")["alerts"]) == 2, "the other one")
    listed = rows(ctl(t, daemon, "history"))
    equal([(one["RULE"], one["STATE"], one["NOTE"]) for one in listed], [("cold", "firing", "-"), ("hot", "resolved", "ann: seen")])
    assert listed[0]["LASTED"] == "-" and int(listed[1]["LASTED"]) > 0, listed
    equal([one["ID"] for one in rows(ctl(t, daemon, "history", "--rule", "hot"))], [alert])
    equal(len(rows(ctl(t, daemon, "history", "--limit", "1"))), 1)
    equal(rows(ctl(t, daemon, "history", "--to", "-1d")), [])
    for way in (daemon, None):
        where = () if way is daemon else ("--db", daemon.db)
        if way is None:
            daemon.stop()
        code, text, err = t.ctl(way, *where, "alerts", "explain", alert)
        equal(code, DONE, err)
        head, table = text.split("\n\n")
        equal(head.splitlines()[0], f"{alert} of rule hot: resolved, warning")
        for part in ("acknowledged by ann", "seen", "20 (threshold 80)", 'team="a"', *(() if way is None else ("open the window", "https://example.org/hot"))):
            contains(head, part)
        steps = rows(table)
        equal([one["STEP"] for one in steps], ["firing", "acknowledged", "resolved"])
        equal(steps[0]["AFTER"], "0")
        contains(steps[0]["REASON"], "91.5 > 80")
        equal(sorted(int(one["AFTER"]) for one in steps), [int(one["AFTER"]) for one in steps])
        equal(len(rows(t.ctl(way, *where, "alerts", "history")[1])), 2)
        equal(len(rows(t.ctl(way, *where, "alerts")[1])), 1)
        equal(t.ctl(way, *where, "alerts", "explain", "al-99")[0], SERVER_ERROR)
    equal(t.ctl(None, "--db", daemon.db, "alerts", "ack", alert)[0], USAGE)


def rule_row(t, daemon, name):
    return next((one for one in rows(ctl(t, daemon, "rules")) if one["RULE"] == name), None)


def test_rules(t):
    daemon = start_firing(t)
    ctl(t, daemon, "ack", daemon.call("alerts.active")["alerts"][0]["id"], "--verdict", "useful")
    equal(rule_row(t, daemon, "hot"), {
        "RULE": "hot", "STATE": "on", "SEVERITY": "warning", "CONDITION": "temp > 80", "FOR": "0", "FIRED": "1", "PRECISION": "100", "SAID BY": "config",
        "WAITS FOR": "-",
    })
    equal(rule_row(t, daemon, "host_cpu_high")["STATE"], "off")
    waits = rule_row(t, daemon, "error_rate_high")
    equal((waits["STATE"], waits["PRECISION"]), ("waits", "-"))
    contains(waits["WAITS FOR"], "error_rate_percent")
    me = f"unix:uid={os.getuid()}"
    (one,) = rows(ctl(t, daemon, "set", "mine", "--expr", "queue > 5", "--threshold", "1e2", "--for", "30s", "--keep-firing-for", "1m", "--cooldown", "0",
                      "--severity", "info", "--labels", "a=b,c=d=e", "--inhibited-by", "hot,cold", "--summary", "{value} wait", "--advice", "wait",
                      "--runbook", "https://example.org", "--hysteresis", "2"))
    equal((one["CONDITION"], one["FOR"], one["SEVERITY"], one["SAID BY"]), ("queue > 100", "30000000", "info", me))
    made = next(one for one in daemon.call("alerts.rules")["rules"] if one["rule"] == "mine")
    equal({key: made[key] for key in ("threshold", "hysteresis", "for_us", "keep_firing_for_us", "cooldown_us", "labels", "summary", "help", "runbook", "inhibited_by", "enabled")}, {
        "threshold": 100, "hysteresis": 2, "for_us": 30000000, "keep_firing_for_us": 60000000, "cooldown_us": 0, "labels": {"a": "b", "c": "d=e"},
        "summary": "{value} wait", "help": "wait", "runbook": "https://example.org", "inhibited_by": ["hot", "cold"], "enabled": True,
    })
    equal(rows(ctl(t, daemon, "set", "mine", "--disable"))[0]["STATE"], "off")
    equal(rows(ctl(t, daemon, "set", "mine", "--enable", "--for", "0"))[0]["FOR"], "0")
    for text, threshold in (("85%", 85), ("4GiB", 4 << 30), ("250ms", 250000), ("-1.5", -1.5)):
        equal(rows(ctl(t, daemon, "set", "mine", "--threshold", text))[0]["CONDITION"], f"queue > {threshold}")
    equal(ctl(t, daemon, "delete", "mine"), "")
    equal(rule_row(t, daemon, "mine"), None)
    for wrong in (("set", "hot"), ("set",), ("set", "hot", "--threshold", "much"), ("set", "hot", "--threshold", "4GiBs"), ("set", "hot", "--enable", "--disable"), ("set", "hot", "--labels", "a"),
                  ("set", "hot", "--for", "x"), ("delete",)):
        ctl(t, daemon, *wrong, expect=USAGE)
    for wrong in (("delete", "hot"), ("delete", "none"), ("set", "new", "--threshold", "5"), ("set", "hot", "--expr", "temp >")):
        ctl(t, daemon, *wrong, expect=SERVER_ERROR)


def test_rules_check(t):
    def write(name, text):
        path = os.path.join(t.dir, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    good = write("good.conf", "[base]\nexpr=x > 5\nfor_us=3s\n")
    uses = write("uses", "[more]\nexpr=y > 85%\ninhibited_by=base\n")
    equal(ctl(t, None, "rules", "check", good), "ok\n")
    equal(ctl(t, None, "rules", "check", good, uses), "ok\n")
    contains(ctl(t, None, "rules", "check", uses, expect=CHECK_FAILED), "there is no rule base")
    for text, why in (("[a]\nexpr=x >\n", "alerts.a.expr"), ("[a]\nexpr=x > 5\nsometimes=3\n", "alerts.a.sometimes"), ("nonsense", "key-value"),
                      ("[a]\nexpr=x > 5\nfor_us=3 parsecs\n", "alerts.a.for_us"), ("[a b]\nexpr=x > 5\n", "a b")):
        bad = write("bad.conf", text)
        said = ctl(t, None, "rules", "check", good, bad, expect=CHECK_FAILED)
        contains(said, why)
        assert "orfeasctl-rules" not in said, said
    contains(ctl(t, None, "rules", "check", write("bad.conf", "nonsense"), expect=CHECK_FAILED), os.path.join(t.dir, "bad.conf"))
    # beside a config
    config = write("orfeasd.conf", "[alerts]\nbase=z > 1\n")
    equal(ctl(t, None, "rules", "check", "--config", config, uses), "ok\n")
    contains(ctl(t, None, "rules", "check", os.path.join(t.dir, "none"), expect=USAGE), "none")
    ctl(t, None, "rules", "check", expect=USAGE)


def test_watch(t):
    daemon = t.start(settings=SETTINGS)
    child = subprocess.Popen([orfeas_test.ORFEASCTL, "--socket", daemon.socket, "alerts", "watch"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, env=t.environment())
    record(daemon, 91, device="a")
    time, alert, *rest = child.stdout.readline().rstrip("\n").split("\t")
    equal(rest, ["firing", "warning", "hot", "91 (threshold 80)", daemon.call("alerts.active")["alerts"][0]["summary"]])
    daemon.call("alerts.acknowledge", {"id": alert, "author": "ann"})
    equal(child.stdout.readline().rstrip("\n").split("\t")[-1], "acknowledged by ann")
    record(daemon, 20, device="a")
    equal(child.stdout.readline().split("\t")[1:3], [alert, "resolved"])
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=orfeas_test.PATIENCE_S)
    equal((child.returncode, out), (DONE, ""), err)


def on_terminal(t, *arguments):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(orfeas_test.ORFEASCTL, [orfeas_test.ORFEASCTL, *arguments], {**t.environment(), "TERM": "xterm", "LC_ALL": "C.UTF-8", "COLUMNS": "110"})
    shown = b""
    try:
        while part := os.read(terminal, 65536):
            shown += part
    except OSError:  # EIO: it has gone
        pass
    os.close(terminal)
    equal(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), DONE, shown)
    return shown.decode()


def test_on_a_terminal(t):
    daemon = start_firing(t)
    record(daemon, -11, device="b")
    wait_for(lambda: len(daemon.call("alerts.active")["alerts"]) == 2, "both")
    shown = on_terminal(t, "--socket", daemon.socket, "alerts").splitlines()
    equal(["\x1b[31mcritical\x1b[0m" in line for line in shown], [False, True, False], shown)
    equal(["\x1b[33mwarning\x1b[0m" in line for line in shown], [False, False, True], shown)
    contains(on_terminal(t, "--socket", daemon.socket, "alerts", "explain", daemon.call("alerts.active")["alerts"][1]["id"]), "91.5 > 80")
    daemon.stop()
    calm = t.start(settings=SETTINGS, db=os.path.join(t.dir, "calm.db"))
    equal(on_terminal(t, "--socket", calm.socket, "alerts"), "nothing fires\r\n")


orfeas_test.main()
