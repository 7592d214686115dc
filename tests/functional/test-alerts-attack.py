#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What alerts must survive: a storm of them, expressions without end, receivers that hang."""

import threading
import time

import orfeas_test
from alert_daemon import active, history, receivers, record, rule, start, steps, wait_state
from alert_receivers import Webhook
from orfeas_test import PATIENCE_S, contains, equal, now_us, wait_for

S = 1000000
MANY = 20000


def record_many(daemon, value, n=MANY):
    for at in range(0, n, 10000):
        daemon.call("metrics.record", {"samples": [{"name": "m", "value": value, "labels": {"device": f"d{i}"}} for i in range(at, min(at + 10000, n))]})


def count(daemon, state):
    return daemon.sql("SELECT count(*) FROM alert WHERE state = ?", state)[0][0]


class Asker:
    """Asks all the time how the daemon is; the longest that it took."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.worst_s = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        with self.daemon.peer() as peer:
            while not self.ended.wait(0.02):
                begun = time.monotonic()
                peer.call("health.check")
                self.worst_s = max(self.worst_s, time.monotonic() - begun)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def test_storm(t):
    """20,000 alerts of one rule at once: all fire, are kept, and end; nobody is told 20,000 times."""
    with Webhook() as hook:
        daemon = start(t, rule("many", "m > 80"), receivers(one=hook),
                       settings={"alerts.max_active": 10 * MANY, "metrics.max_series": MANY + 5000, "gpu.sample_us": 1000000, "notify.max_waiting": 100000})
        with Asker(daemon) as asker:
            record_many(daemon, 81)
            wait_for(lambda: count(daemon, "firing") == MANY, "all of them to fire", 120)
            print(f"# fired; the longest that health.check took: {asker.worst_s:.2f} s", flush=True)
            equal(len(active(daemon)), 1000)
            wait_for(lambda: hook.get(), "somebody to be told")
        daemon.restart()
        with Asker(daemon) as asker:
            equal(count(daemon, "firing"), MANY)
            record_many(daemon, 70)
            wait_for(lambda: count(daemon, "resolved") == MANY, "all of them to end", 120)
            print(f"# ended; the longest that health.check took: {asker.worst_s:.2f} s", flush=True)
        assert len(hook.get()) < MANY / 10, len(hook.get())
        equal(active(daemon), [])


def test_no_room(t):
    """Of one rule at most a tenth of max_active, or 1000; another has room still, and that is said."""
    daemon = start(t, rule("many", "m > 80"), rule("other", "temp > 80"), settings={"alerts.max_active": 5000})
    record_many(daemon, 81, 3000)
    wait_for(lambda: count(daemon, "firing") == 1000, "as many as may be")
    wait_for(lambda: "[alerts] max_active" in daemon.stderr(), "it to be said")
    record(daemon, "temp", 81)
    wait_state(daemon, "other", "firing")
    equal(count(daemon, "firing"), 1001)


def test_regex_without_end(t):
    """Patterns that would try for ever: in a rule, a silence, a receiver's matchers."""
    endless = '(a+)+b'
    name = "a" * 60
    with Webhook() as hook, Webhook() as other:
        daemon = start(t, rule("hot", "temp > 80"), receivers(one={"url": hook.url, "matchers": f'{{device!~"{endless}"}}'}, two=other))
        with Asker(daemon):
            daemon.admin("alerts.set_rule", {"rule": "endless", "expr": f'{{__name__=~"{endless}"}} > 1'})
            daemon.call("alerts.silence", {"matchers": f'{{device=~"{endless}"}}', "until_us": now_us() + 3600 * S})
            record(daemon, name, 5)
            record(daemon, "temp", 81, device=name)
            alert = wait_state(daemon, "hot", "firing")
            wait_for(lambda: other.ids() == [f"{alert['id']}/firing"], "it to be told")
            equal(active(daemon, "endless"), [])


def test_hangs(t):
    """One hangs; the other is told of each step meanwhile, and the first of all of it when it is back."""
    with Webhook() as bad, Webhook() as good:
        released = threading.Event()
        bad.behave = lambda number, handler: not released.is_set() and (released.wait(PATIENCE_S), handler.connection.close(), True)[2]
        daemon = start(t, rule("hot", "temp > 80"), receivers(bad={"url": bad.url, "timeout_us": 1000000}, good=good))
        for turn in range(3):
            record(daemon, "temp", 81)
            wait_state(daemon, "hot", *["resolved"] * turn, "firing")
            record(daemon, "temp", 70)
            wait_state(daemon, "hot", *["resolved"] * (turn + 1))
        told = [f"{one['id']}/{event}" for one in reversed(history(daemon)) for event in ("firing", "resolved")]
        wait_for(lambda: len(good.ids()) == 6, "the good one to be told")
        equal(good.ids(), told)
        equal(bad.ids(), [])
        released.set()
        wait_for(lambda: list(dict.fromkeys(bad.ids())) == told, "the bad one to be told")
        wait_for(lambda: steps(daemon, history(daemon)[-1]["id"], "bad")[-1] == "delivered", "it to be noted")
        contains(steps(daemon, history(daemon)[-1]["id"], "bad"), "failed")


if __name__ == "__main__":
    orfeas_test.main()
