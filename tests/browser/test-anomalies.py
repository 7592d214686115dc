#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Anomalies on the live page, in a real Chromium; see test-anomalies.mjs."""

import os
import random

import browser_test
import orfeas_test
from orfeas_test import now_us, wait_for

S = 1_000_000
WARM = 6000


class Shop:
    """A series that has been steady for long; what comes next is recorded as if it had been later."""

    def __init__(self, daemon, headers=None):
        self.daemon = daemon
        self.headers = headers
        self.random = random.Random(5)
        self.t_us = now_us() - WARM * S
        self.record([self.random.gauss(50, 2) for _ in range(WARM)])

    def record(self, values):
        samples = [{"name": "shop.queue", "value": value, "t_us": self.t_us + i * S} for i, value in enumerate(values)]
        self.t_us += len(values) * S
        for i in range(0, len(samples), 4000):
            self.daemon.call("metrics.record", {"samples": samples[i : i + 4000]}, headers=self.headers)

    def spike(self):
        self.record([400.0] * 3)


def test_told(t):
    daemon = t.start(settings={"gpu.backends": ""})
    shop = Shop(daemon)
    browser_test.run(t, "test-anomalies.mjs", "told", daemon, requests={"spike": shop.spike})


def test_no_right(t):
    """A token that may only read."""
    file = os.path.join(t.dir, "tokens")
    code, token, err = t.ctl(None, "token", "new", "--name", "reader", "--role", "read", "--file", file)
    assert code == 0, err
    daemon = t.start(settings={"gpu.backends": "", "auth.require": "true", "auth.token_file": file})
    headers = {"Authorization": f"Bearer {browser_test.cookie(t)}"}
    Shop(daemon, headers).spike()
    wait_for(lambda: daemon.call("anomalies.list", {"select": "shop.queue"}, headers=headers)["anomalies"], "the spike")
    browser_test.run(t, "test-anomalies.mjs", "no-right", daemon, token=token.strip())


orfeas_test.main()
