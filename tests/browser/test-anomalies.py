#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Anomalies on the live page, in a real Chromium; see test-anomalies.mjs."""

import os
import random
import threading

import browser_test
import orfeas_test
from orfeas_test import now_us, wait_for

S = 1_000_000
WARM = 6000


class Shop:
    """A series that has been steady for long and goes on, a sample a second: one that stopped would be an anomaly, too."""

    def __init__(self, daemon, headers=None):
        self.daemon = daemon
        self.headers = headers
        self.random = random.Random(5)
        self.t_us = now_us() - WARM * S
        self.strange = 0  # values to come that are; of go_on alone, once it runs
        self.spikes = threading.Event()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.go_on)

    def __enter__(self):
        self.record(WARM)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()

    def record(self, n):
        samples = [{"name": "shop.queue", "value": self.value(), "t_us": self.t_us + i * S} for i in range(n)]
        self.t_us += n * S
        for i in range(0, n, 4000):
            self.daemon.call("metrics.record", {"samples": samples[i : i + 4000]}, headers=self.headers)

    def value(self):
        self.strange -= self.strange > 0
        return 400.0 if self.strange > 0 else self.random.gauss(50, 2)

    def go_on(self):
        while not self.done.wait(0.5):
            if self.spikes.is_set():
                self.spikes.clear()
                self.strange = 4
            self.record(max(0, (now_us() - self.t_us) // S))

    def spike(self):
        self.spikes.set()


def test_told(t):
    daemon = t.start(settings={"gpu.backends": ""})
    with Shop(daemon) as shop:
        browser_test.run(t, "test-anomalies.mjs", "told", daemon, requests={"spike": shop.spike})


def test_no_right(t):
    """A token that may only read."""
    file = os.path.join(t.dir, "tokens")
    code, token, err = t.ctl(None, "token", "new", "--name", "reader", "--role", "read", "--file", file)
    assert code == 0, err
    daemon = t.start(settings={"gpu.backends": "", "auth.require": "true", "auth.token_file": file})
    headers = {"Authorization": f"Bearer {browser_test.cookie(t)}"}
    with Shop(daemon, headers) as shop:
        shop.spike()
        wait_for(lambda: daemon.call("anomalies.list", {"select": "shop.queue"}, headers=headers)["anomalies"], "the spike")
        browser_test.run(t, "test-anomalies.mjs", "no-right", daemon, token=token.strip())


orfeas_test.main()
