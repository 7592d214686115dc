#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Anomalies: found while samples come, explained, told, quieted, kept. Time is that of the samples, so that hours are
recorded at once; nothing here waits for more than the daemon's next frames."""

import json
import math
import random

import orfeas_test
from orfeas_test import contains, equal, fails, now_us, wait_for

S = 1_000_000
WARM = 6000


class Shop:
    """An entity of three series and one by itself, a sample a second, since long ago."""

    def __init__(self, daemon, seed=1, begin_us=None):
        self.daemon = daemon
        self.random = random.Random(seed)
        self.t_us = begin_us or now_us() - 30000 * S

    def record(self, n, **faults):
        samples = []
        for _ in range(n):
            values = {"shop.queue": self.random.gauss(50, 2), "shop.latency_ms": self.random.gauss(100, 3), "shop.errors": self.random.gauss(5, 1),
                      "store.size": self.random.gauss(1000, 4), **faults}
            samples += [{"name": name, "value": value, "t_us": self.t_us} for name, value in values.items()]
            self.t_us += S
        for i in range(0, len(samples), 4000):
            self.daemon.call("metrics.record", {"samples": samples[i:i + 4000]})


def listed(daemon, **params):
    return [one for one in daemon.call("anomalies.list", params)["anomalies"] if one["entity"] in ("shop", "store")]


def warmed(t, **options):
    daemon = t.start(**options)
    shop = Shop(daemon)
    shop.record(WARM)
    equal(listed(daemon), [])
    return daemon, shop


def found(daemon, what, n=1, **params):
    wait_for(lambda: len(listed(daemon, **params)) >= n, what)
    return listed(daemon, **params)


def test_found_and_explained(t):
    daemon, shop = warmed(t)
    mark = daemon.call("events.mark", {"text": "v2", "kind": "deploy", "t_us": shop.t_us - 5 * S})
    shop.record(5, **{"shop.queue": 400})
    (one,) = found(daemon, "the spike to be found")
    equal((one["entity"], one["series"], one["value"], one["ended_us"], one["verdict"]), ("shop", "shop.queue", 400, None, None))
    contains(("spike", "outlier", "pattern", "correlated"), one["kind"])
    contains(("warning", "critical"), one["severity"])
    assert 40 < one["expected"]["lower"] < one["expected"]["upper"] < 60, one
    assert one["score"] > 4.9, one
    assert one["text"].startswith("shop.queue was 400, expected "), one["text"]
    equal(one["events"], [mark["id"]])
    same = daemon.call("anomalies.get", {"id": one["id"]})
    equal({**same, "incident": None}, {**one, "incident": None})
    if one["severity"] == "critical":
        kept = wait_for(lambda: daemon.call("anomalies.get", {"id": one["id"]})["incident"], "what led to it to be kept")
        equal(daemon.call("incidents.get", {"id": kept})["title"], "anomaly of shop")
    shop.record(200)
    wait_for(lambda: listed(daemon)[0]["ended_us"] is not None, "its end")
    equal(len(listed(daemon)), 1)
    for select, n in (("shop.queue", 1), ("shop.latency_ms", 0), ('{__name__=~"shop.*"}', 1)):
        equal(len(listed(daemon, select=select)), n, select)
    equal(listed(daemon, to_us=one["started_us"]), [])
    (one,) = listed(daemon)
    equal(len(listed(daemon, kind=one["kind"], from_us=one["started_us"])), 1)
    row = daemon.sql("SELECT id, series, severity, value, related FROM v_anomaly WHERE entity = 'shop'")
    equal(row, [(one["id"], "shop.queue", one["severity"], 400.0, len(one["related"]))])
    told = {one["detector"]: one for one in daemon.call("anomalies.detectors")["detectors"]}
    assert told[one["detector"]]["realised_per_day"] > 0, told
    assert abs(sum(one["promised_per_day"] for one in told.values()) - 1) < 1e-6, told


def test_refused(t):
    daemon = t.start()
    for identity in ("an-7", "7", "al-1", "x"):
        fails(lambda: daemon.call("anomalies.get", {"id": identity}), "NOT_FOUND", field="id")
        fails(lambda: daemon.call("anomalies.feedback", {"id": identity, "verdict": "noise"}), "NOT_FOUND", field="id")
    fails(lambda: daemon.call("anomalies.list", {"cursor": "x"}), "INVALID_ARGUMENT", field="cursor")
    fails(lambda: daemon.call("anomalies.list", {"select": "a{"}), "INVALID_ARGUMENT")


def test_kinds(t):
    daemon, shop = warmed(t)
    shop.record(120, **{"store.size": 1007.0})
    (frozen,) = found(daemon, "a value that stands still", select="store.size")
    equal((frozen["kind"], frozen["detector"]), ("silence", "frozen"))
    shop.record(100)
    shop.record(10, **{"shop.queue": 90, "shop.latency_ms": 220, "shop.errors": 40})
    (all_at_once,) = found(daemon, "three series at once", select='{__name__=~"shop.*"}')
    equal((all_at_once["kind"], all_at_once["entity"]), ("correlated", "shop"))
    assert len(all_at_once["related"]) >= 2, all_at_once


def test_shape(t):
    """The same heights at another pace, of a series that was chosen for it."""
    step = 60 * S
    daemon = t.start(settings={"anomaly.discord": '{__name__="shop.beat"}', "anomaly.discord_us": 24 * step, "anomaly.alarms_per_day": 20})
    chance = random.Random(1)

    def beats(n, pace=12):
        for _ in range(n):
            yield from (chance.uniform(-.3, .3) for _ in range(chance.randrange(12)))
            yield from (math.sin(i * math.pi / pace) + chance.uniform(-.3, .3) for i in range(24))

    usual = list(beats(170))
    values = [*usual, *beats(1, pace=5), *beats(10)]
    begin = now_us() - 6000 * step
    odd = begin + len(usual) * step
    samples = [{"name": "shop.beat", "value": value, "t_us": begin + i * step} for i, value in enumerate(values)]
    for i in range(0, len(samples), 4000):
        daemon.call("metrics.record", {"samples": samples[i:i + 4000]})
    one = wait_for(lambda: next((one for one in listed(daemon) if one["detector"] == "discord"), None), "the shape")
    equal((one["kind"], one["series"]), ("pattern", "shop.beat"))
    assert odd <= one["started_us"] < odd + 48 * step, (odd, one)
    assert one["text"].startswith("shop.beat took a shape that it had not taken before: "), one["text"]


def test_source_stops(t):
    """As it is now: what no longer comes is found by the clock."""
    daemon = t.start()
    shop = Shop(daemon, begin_us=now_us() - WARM * S)
    shop.record(WARM)

    def both():
        # one may have ended: of the time between two of the records, on a busy machine
        found = [one for one in listed(daemon) if one["ended_us"] is None]
        return len(found) == 1 and {name.split(".")[0] for name in [found[0]["series"], *found[0]["related"]]} == {"shop", "store"} and found[0]

    one = wait_for(both, "both entities to be silent, as one anomaly")
    equal((one["kind"], one["detector"], one["value"]), ("silence", "stopped", None))
    contains(one["text"], "no longer comes")


def next_value(watch):
    while True:
        value = json.loads(watch.receive_text()).get("params", {}).get("value", {})
        if value.get("entity") == "shop":
            return value


def test_watched(t):
    daemon, shop = warmed(t)
    with daemon.peer() as watch:
        assert watch.call("anomalies.watch")["stream"]
        shop.record(3, **{"shop.latency_ms": 900})
        began = next_value(watch)
        equal((began["series"], began["ended_us"]), ("shop.latency_ms", None))
        shop.record(200)
        ended = began
        while ended["ended_us"] is None:
            ended = next_value(watch)
        equal(ended["id"], began["id"])


def test_alert_input(t):
    """A rule can be about what is out of the ordinary, with its entity as a label."""
    daemon, shop = warmed(t, settings={"alerts.anomaly": "orfeas.anomaly.score > 0", "alerts.anomaly.summary": "{entity} is unusual"})
    shop.record(3, **{"shop.latency_ms": 900})
    def told():
        return [one for one in daemon.call("alerts.active")["alerts"] if one["rule"] == "anomaly" and one["labels"]["entity"] == "shop"]
    alert = wait_for(told, "the alert")[0]
    equal((alert["state"], alert["summary"]), ("firing", "shop is unusual"))
    shop.record(200)
    wait_for(lambda: not told(), "its end")


def test_feedback(t):
    """What is noise quiets its like, across a restart, until it is useful again."""
    daemon, shop = warmed(t)
    shop.record(3, **{"shop.queue": 400})
    (one,) = found(daemon, "the spike")
    shop.record(200)
    equal(daemon.call("anomalies.feedback", {"id": one["id"], "verdict": "noise", "note": "the nightly job"}), {"quieted": 1})
    got = daemon.call("anomalies.get", {"id": one["id"]})
    equal((got["verdict"], got["note"]), ("noise", "the nightly job"))
    equal(daemon.sql("SELECT count(*) FROM audit WHERE method = 'anomalies.feedback'"), [(1,)])
    daemon.restart()
    equal(daemon.call("anomalies.get", {"id": one["id"]})["verdict"], "noise")
    equal(daemon.call("anomalies.feedback", {"id": one["id"], "verdict": "useful"}), {"quieted": 0})
    equal(daemon.call("anomalies.get", {"id": one["id"]})["verdict"], "useful")


def test_restart(t):
    """What was learnt is not learnt anew: a fault right after a restart is found."""
    daemon, shop = warmed(t)
    daemon.stop()
    daemon.start()
    shop.record(3)
    shop.record(5, **{"shop.queue": 400})
    (one,) = found(daemon, "the spike after the restart")
    equal(one["series"], "shop.queue")


def test_killed(t):
    """What was told is in the file; what went on is over when it begins again."""
    daemon, shop = warmed(t)
    with daemon.peer() as watch:
        watch.call("anomalies.watch")
        shop.record(3, **{"shop.latency_ms": 900})
        told = next_value(watch)
        daemon.kill()
    daemon.start()
    (one,) = listed(daemon)
    equal((one["id"], one["series"]), (told["id"], told["series"]))
    wait_for(lambda: listed(daemon)[0]["ended_us"] is not None, "its end")
    daemon.stop()
    status, text, _ = t.ctl(None, "--db", daemon.db, "anomalies", "list")
    equal((status, text.count(one["id"])), (0, 1))


def test_left_out(t):
    daemon = t.start(settings={"anomaly.max_series": 5})
    wait_for(lambda: daemon.call("metrics.query", {"select": "orfeas.anomaly.left_out"})["series"], "series to be left out")
    contains(daemon.stderr(), "[anomaly] max_series")


def test_off(t):
    daemon = t.start(settings={"anomaly.enabled": "false"})
    equal(daemon.call("anomalies.list"), {"anomalies": [], "next_cursor": None})
    equal(daemon.call("status.get")["components"]["tier3"]["anomaly_detector"], "disabled")
    with daemon.peer() as watch:
        fails(lambda: watch.call("anomalies.watch"), "UNAVAILABLE")


if __name__ == "__main__":
    orfeas_test.main()
