#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The time of day jumps, ahead and back, by seconds and by years, and the whole process is suspended, while clients write: what was accepted
is there still, and it goes on serving."""

import json
import signal
import time

import orfeas_torture  # first: it knows where the harness is

import mixed_load
from orfeas_test import WebSocket, now_us, request, wait_for
from shim import Shim

SECOND, MINUTE, HOUR = 1_000_000, 60_000_000, 3_600_000_000
DAY, YEAR = 24 * HOUR, 8760 * HOUR
JUMPS = (SECOND, MINUTE, HOUR, DAY, 40 * DAY, YEAR, 30 * YEAR)
CHECK_EVERY = 5  # rounds
BACK_S = 5
VALUES = 3  # of a stream: one may be there already


class MarkedSampleWriter(mixed_load.PackedSampleWriter):
    """Samples whose time is the daemon's own, wherever its clock is: they are told by their value alone."""

    def call(self, number):
        return "metrics.record", {"samples": [{"name": self.series(), "value": number}]}

    def find(self):
        query = {"select": self.series(), "from_us": 0, "to_us": 100 * YEAR}
        return list({value for series in self.daemon.admin("metrics.query", query, {"deadline_ms": 60000})["series"] for _, value in series["points"]})


def crew_of(daemon):
    kinds = (MarkedSampleWriter, mixed_load.SpanWriter, mixed_load.EventWriter, mixed_load.LoadWriter, mixed_load.AckWriter, mixed_load.CacheWriter)
    return mixed_load.Crew([kind(daemon, number) for number, kind in enumerate(kinds)])


def jump(torture, shim, daemon):
    by = torture.chance.choice(JUMPS) * torture.chance.choice((1, 1, -1))
    shim.set("clock_us", by)
    marked_us = daemon.call("events.mark", {"text": "jump"})["t_us"]
    torture.check(abs(marked_us - now_us() - by) < HOUR / 2, f"{marked_us} by its clock, {by} from ours")
    torture.count("jumps")
    set_series(daemon, torture.chance.choice((0, 1)))  # with what is written of an alert the old ones go
    time.sleep(torture.chance.uniform(0.1, 0.5))
    retain(daemon)  # what is too old by that clock would go now
    time.sleep(torture.chance.uniform(0.1, 0.5))
    if torture.chance.random() < 0.7:
        shim.set("clock_us", 0)


RULE, SERIES = "once", "torture.once"


def set_series(daemon, value):
    daemon.call("metrics.record", {"samples": [{"name": SERIES, "value": value}]})


def past_alerts(daemon):
    return {one["id"]: one["state"] for one in daemon.call("alerts.history", {"rule": RULE, "limit": 1000})["alerts"]}


def leave_alert(daemon):
    """One that is over, and that is too old by a clock that jumped ahead; its id."""
    daemon.admin("alerts.set_rule", {"rule": RULE, "expr": f"{SERIES} > 0", "for_us": 0, "cooldown_us": 0, "keep_firing_for_us": 0})
    set_series(daemon, 1)
    wait_for(lambda: "firing" in past_alerts(daemon).values(), f"{RULE} to fire")
    set_series(daemon, 0)
    wait_for(lambda: "resolved" in past_alerts(daemon).values(), f"{RULE} to be over")
    return next(iter(past_alerts(daemon)))


def suspend(torture, shim, daemon):
    daemon.process.send_signal(signal.SIGSTOP)
    time.sleep(torture.chance.uniform(0.1, 2))
    daemon.process.send_signal(signal.SIGCONT)
    torture.count("suspended")


def retain(daemon):
    """A pin that goes makes the next round of retention begin now."""
    pinned = daemon.admin("incidents.pin", {"from_us": 1, "to_us": 2, "title": "none"})["id"]
    daemon.admin("incidents.unpin", {"id": pinned})


def check_serves(torture, shim, daemon, crew):
    """Once the clock is right again."""
    shim.set("clock_us", 0)
    torture.wait_all_write(crew, "all write again", BACK_S)
    with WebSocket(daemon) as socket:  # its streams go by the other clock
        socket.send_text(json.dumps(request("metrics.watch", {"select": "orfeas.uptime_us"})))
        for _ in range(1 + VALUES):  # the answer comes first
            assert socket.receive_text() is not None, "the stream ended"
    crew.stop()
    torture.check_crew(crew)
    crew.start()


def run(torture):
    shim = Shim(torture)
    daemon = shim.daemon(torture, **{**mixed_load.SETTINGS, "trace.retention_us": 30 * DAY})
    torture.start(daemon)
    shim.check_loaded(daemon)
    mixed_load.prepare(daemon)
    crew = crew_of(daemon)
    crew.start()
    alert = leave_alert(daemon)
    wait_for(lambda: daemon.sql("SELECT count(*) FROM chunk")[0][0] > 20, "packed samples")
    for number in torture.rounds():
        torture.chance.choices((jump, suspend), (4, 1))[0](torture, shim, daemon)
        if number % CHECK_EVERY == CHECK_EVERY - 1:
            check_serves(torture, shim, daemon, crew)
    check_serves(torture, shim, daemon, crew)
    crew.stop()
    torture.check(alert in past_alerts(daemon), f"{alert} went with a jump of the clock")
    torture.equal(daemon.admin("db.check", meta={"deadline_ms": 60000})["problems"], [], "db.check")
    torture.count("accepted", crew.accepted())
    daemon.stop()
    torture.check_file(daemon)


orfeas_torture.main(run, rounds=5)
