#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What devices cost, on the live page, in a real Chromium; see test-cost.mjs."""

import browser_test
import orfeas_test
from orfeas_test import wait_for


def visit(t, case, **settings):
    daemon = t.start(settings={"gpu.backends": "simulated", "trace.service_name": "", **settings})
    wait_for(lambda: daemon.call("cost.summary")["device_us"] > 0, "device time")
    browser_test.run(t, "test-cost.mjs", case, daemon)


def test_priced(t):
    visit(t, "priced", **{"cost.gpu_hour": "3600", "cost.currency": "EUR"})


def test_no_price(t):
    visit(t, "no-price")


orfeas_test.main()
