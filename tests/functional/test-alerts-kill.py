#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 at random moments of alerts' lives. ORFEAS_ALERT_KILLS: how often; 10 if it is not set."""

import collections
import os
import random
import time

import orfeas_test
from alert_daemon import active, history, prepare, receivers, rule
from alert_receivers import Webhook
from orfeas_test import equal, wait_for

N = int(os.environ.get("ORFEAS_ALERT_KILLS", "10"))
DEVICES = 6
RULES = (rule("now", "m > 80"), rule("soon", "m > 70", for_us="150ms"), rule("kept", "m > 60", keep_firing_for_us="200ms", severity="critical"),
         rule("cooled", "m > 50", for_us="50ms", cooldown_us="300ms"))
LEVELS = (10, 55, 65, 75, 90)


def record_some(daemon, chance):
    samples = [{"name": "m", "value": chance.choice(LEVELS), "labels": {"device": str(device)}}
               for device in chance.sample(range(DEVICES), chance.randrange(1, DEVICES))]
    daemon.call("metrics.record", {"samples": samples})


def rows(daemon):
    """What the file has of each alert that fired: it may end, and nothing else."""
    return {alert: (rule, labels, started, fired) for alert, rule, labels, started, fired in daemon.sql(
        "SELECT id, rule, labels, started_us, fired_us FROM alert WHERE fired_us IS NOT NULL")}


def check_order(ids):
    """An alert's end is not told before it, nor it again once its end was."""
    of = collections.defaultdict(list)
    for one in ids:
        alert, event = one.split("/")
        if not of[alert] or of[alert][-1] != event:
            of[alert].append(event)
    for alert, events in of.items():
        assert events in (["firing"], ["firing", "resolved"]), (alert, events)


def test_killed(t):
    seed = random.randrange(1 << 32)
    print(f"# seed {seed}", flush=True)
    chance = random.Random(seed)
    with Webhook() as hook:
        hook.behave = lambda number, handler: chance.random() < 0.1 and (handler.answer(500) or True)
        daemon = prepare(t, *RULES, receivers(one=hook), settings={"notify.max_per_minute": 10000})
        kept = {}
        for _ in range(N):
            daemon.start()
            for _ in range(chance.randrange(1, 5)):
                record_some(daemon, chance)
                time.sleep(chance.random() * 0.3)  # where in its work it is killed
            daemon.kill()
            now = rows(daemon)
            equal({alert: now.get(alert) for alert in kept}, kept, "alerts of before")
            kept = now
        daemon.start()
        daemon.call("metrics.record", {"samples": [{"name": "m", "value": 10, "labels": {"device": str(i)}} for i in range(DEVICES)]})
        wait_for(lambda: not active(daemon), "all to end")
        # Nothing is active a moment before the ends, and what is to be told of them, are in the file.
        wait_for(lambda: not daemon.sql("SELECT 1 FROM alert WHERE fired_us IS NOT NULL AND resolved_us IS NULL"), "all ends on disk")
        fired = [one["id"] for one in history(daemon)]
        due = {f"{one}/{event}" for one in fired for event in ("firing", "resolved")}
        wait_for(lambda: due <= set(hook.ids()), f"{len(due)} to be told")
        wait_for(lambda: not daemon.sql("SELECT 1 FROM alert_notice WHERE state <> 'delivered'"), "all receipts on disk")
        ids = hook.ids()
        equal(sorted(set(ids)), sorted(due))
        check_order(ids)
        print(f"# {N} kills, {len(fired)} alerts, {len(set(ids))} notifications, {len(ids) - len(set(ids))} came again", flush=True)


if __name__ == "__main__":
    orfeas_test.main()
