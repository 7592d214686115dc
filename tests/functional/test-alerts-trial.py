#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""alerts.test_rule: would it have fired on what was recorded? By the daemon and from a file alone."""

import json

import orfeas_test
from alert_daemon import find_rule, refusal, rule, start
from orfeas_test import contains, equal, fails, now_us

S = 1000000
MINUTE = 60 * S


def record_past(daemon, name, points, **labels):
    """points: (t_us, value)"""
    for at in range(0, len(points), 10000):
        daemon.call("metrics.record", {"samples": [{"name": name, "labels": labels, "value": value, "t_us": t_us} for t_us, value in points[at:at + 10000]]})


def spans(result):
    return [(one["from_us"], one["to_us"], one["labels"]) for one in result["intervals"]]


def test_seconds(t):
    daemon = start(t, rule("hot", expr="temp > 80", for_us="10s"))
    base = (now_us() - 1000 * S) // MINUTE * MINUTE
    over = set(range(100, 150)) | set(range(300, 305)) | set(range(500, 601))
    record_past(daemon, "temp", [(base + i * S, 90 if i in over else 70) for i in range(601)], device="a")
    record_past(daemon, "temp", [(base + i * S, 90 if i in (400, 401) else 70) for i in range(601)], device="b")
    span = {"from_us": base, "to_us": base + 601 * S}
    result = daemon.call("alerts.test_rule", {"expr": "temp > 80", "for_us": 0, **span})
    a, b = {"device": "a"}, {"device": "b"}
    equal(spans(result), [(base + 100 * S, base + 150 * S, a), (base + 300 * S, base + 305 * S, a), (base + 400 * S, base + 402 * S, b), (base + 500 * S, None, a)])
    equal((result["count"], result["step_us"], result["present_count"], result["added"], result["removed"]), (4, S, None, None, None))
    # the present rule itself; and beside another threshold, and less patience
    present = daemon.call("alerts.test_rule", {"rule": "hot", **span})
    equal(spans(present), [(base + 110 * S, base + 150 * S, a), (base + 510 * S, None, a)])
    equal((present["count"], present["present_count"], present["added"], present["removed"]), (2, 2, 0, 0))
    impatient = daemon.call("alerts.test_rule", {"rule": "hot", "for_us": 0, **span})
    equal((impatient["count"], impatient["present_count"], impatient["added"], impatient["removed"]), (4, 2, 2, 0))
    higher = daemon.call("alerts.test_rule", {"rule": "hot", "threshold": 95, **span})
    equal((higher["count"], higher["present_count"], higher["added"], higher["removed"]), (0, 2, 0, 2))
    other = daemon.call("alerts.test_rule", {"rule": "hot", "expr": "max by () (temp) > 80", **span})
    equal((other["count"], other["present_count"], other["added"], other["removed"]), (2, 2, 2, 2))  # other labels
    kept = daemon.call("alerts.test_rule", {"expr": "temp > 80", "for_us": 0, "keep_firing_for_us": 200 * S, **span})
    equal(spans(kept), [(base + 100 * S, None, a), (base + 400 * S, None, b)])
    cooled = daemon.call("alerts.test_rule", {"expr": "temp > 80", "for_us": 0, "cooldown_us": 250 * S, **span})
    equal(spans(cooled), [(base + 100 * S, base + 150 * S, a), (base + 400 * S, base + 402 * S, b), (base + 500 * S, None, a)])
    sticky = daemon.call("alerts.test_rule", {"expr": "temp > 80", "for_us": 0, "hysteresis": 10, **span})
    equal(spans(sticky)[0], (base + 100 * S, base + 150 * S, a))  # 70 is not > 70
    # nothing there; an empty span
    equal(daemon.call("alerts.test_rule", {"expr": "nosuch > 1"})["count"], 0)
    equal(daemon.call("alerts.test_rule", {"expr": "temp > 80", "from_us": base + 1, "to_us": base + 2})["count"], 0)
    daemon.stop()
    ask = t.ctl(None, "--db", daemon.db, "--json", "call", "alerts.test_rule", json.dumps({"expr": "temp > 80", "for_us": 0, "cooldown_us": 0, **span}))
    equal(json.loads(ask[1]), result, ask[2])
    config = ["--db", daemon.db, "alerts", "test", "--from", str(base), "--to", str(base + 601 * S), "--cooldown", "0"]
    code, out, err = t.ctl(None, *config, "--expr", "temp > 80", "--for", "0")
    equal((code, len(out.splitlines())), (0, 6), err)
    equal(out.splitlines()[3].split("\t")[2:], [str(2 * S), '{device="b"}'])
    contains(out.splitlines()[5], "fired 4 times")
    code, out, err = t.ctl(None, *config, "gpu_memory_high")
    contains(out, "fired 0 times")
    contains(out, "the rule in force: 0 times")
    equal((t.ctl(None, *config)[0], t.ctl(None, *config, "nosuch")[0]), (2, 1))
    equal(find_rule(daemon.start(), "hot")["record"]["fired"], 0)


def test_minutes(t):
    """A day: a minute's largest value counts where it is to be above, its smallest where below, the mean for an average."""
    daemon = start(t)
    base = (now_us() - 26 * 60 * MINUTE) // MINUTE * MINUTE
    points = []
    for minute in range(24 * 60):
        values = [50, 50, 50, 50, 50, 50]
        if minute % 100 == 10:
            values[3] = 95  # one sample of ten seconds
        if minute % 200 == 50:
            values[1] = 5
        points += [(base + minute * MINUTE + i * 10 * S, value) for i, value in enumerate(values)]
    record_past(daemon, "load", points, device="a")
    span = {"from_us": base, "to_us": base + 25 * 60 * MINUTE}

    def count(expr, **more):
        result = daemon.call("alerts.test_rule", {"expr": expr, "for_us": 0, "cooldown_us": 0, **span, **more})
        equal(len(result["intervals"]), min(result["count"], 1000))
        return result["count"], result["step_us"]

    def check():
        equal(count("load > 90"), (15, MINUTE))
        equal(count("90 < load"), (15, MINUTE))
        equal(count("load < 10"), (7, MINUTE))
        equal(count("0 - load < -90"), (15, MINUTE))
        equal(count("not (load < 90)"), (15, MINUTE))
        equal(count("avg(load, 1m) > 57"), (15, MINUTE))  # 57.5
        equal(count("avg(load, 1m) > 58"), (0, MINUTE))
        equal(count("avg(load, 10m) > 50.5"), (15, MINUTE))
        equal(count("max(load, 10m) > 90"), (15, MINUTE))
        equal(count("min(load, 10m) < 10"), (7, MINUTE))
        equal(count("load > 90", step_us=10 * S), (15, 10 * S))
        equal(count("count(load, 1m) < 6"), (2, MINUTE))  # of points: at the beginning and the end
        equal(count("load > 90", to_us=span["to_us"] + 60 * 24 * 60 * MINUTE)[0], 15)

    check()
    daemon.stop()
    daemon.start()
    check()
    # without a span
    found = daemon.call("alerts.test_rule", {"expr": "load > 90", "for_us": 0, "cooldown_us": 0})
    equal((found["count"], found["step_us"]), (15, MINUTE))
    equal(found["intervals"][0]["from_us"], base + 11 * MINUTE)


def test_many(t):
    daemon = start(t)
    base = (now_us() - 5000 * S) // MINUTE * MINUTE
    record_past(daemon, "temp", [(base + i * S, 90 * (i % 2)) for i in range(4000)])
    found = daemon.call("alerts.test_rule", {"expr": "temp > 80", "for_us": 0, "cooldown_us": 0, "from_us": base, "to_us": base + 4000 * S})
    equal((found["count"], len(found["intervals"]), found["intervals"][-1]["to_us"]), (2000, 1000, None))


def test_refused(t):
    daemon = start(t, rule("hot", expr="temp > 80"), settings={"metrics.max_query_points": 5000})
    for field, params in (("expr", {}), ("expr", {"expr": "temp >"}), ("threshold", {"expr": "absent(temp, 1m)", "threshold": 1}),
                          ("hysteresis", {"expr": "temp > 1", "hysteresis": -1}), ("for_us", {"expr": "temp > 1", "for_us": -1}),
                          ("cooldown_us", {"expr": "temp > 1", "cooldown_us": 86400 * S + 1}), ("step_us", {"expr": "temp > 1", "step_us": 1}),
                          ("keep_firing_for_us", {"expr": "temp > 1", "keep_firing_for_us": -1}),
                          ("from_us", {"expr": "temp > 1", "from_us": 10, "to_us": 10}), ("rule", {"rule": ""}),
                          ("step_us", {"expr": "temp > 1", "step_us": 100000, "from_us": 0})):
        status, named, _, message = refusal(daemon, "alerts.test_rule", **params)
        equal((status, named), ("INVALID_ARGUMENT", field), message)
    equal(refusal(daemon, "alerts.test_rule", rule="nosuch")[:2], ("NOT_FOUND", "rule"))
    base = now_us() - 4000 * S
    for device in "abc":
        record_past(daemon, "temp", [(base + i * S, 90) for i in range(3000)], device=device)
    fails(lambda: daemon.call("alerts.test_rule", {"expr": "temp > 80", "from_us": base, "to_us": base + 3000 * S}), "RESOURCE_EXHAUSTED")
    equal(daemon.call("alerts.test_rule", {"rule": "hot", "from_us": base, "to_us": base + 1000 * S})["count"], 3)


if __name__ == "__main__":
    orfeas_test.main()
