#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Windows of the past on the live page, in a real Chromium; see test-window.mjs."""

import signal

import browser_test
import orfeas_test


def test_zoom(t):
    browser_test.run(t, "test-window.mjs", "zoom", t.start(settings={"gpu.backends": ""}))


def test_timeline(t):
    rules = {"alerts.deep": "studio.depth > 80", "alerts.deep.summary": "{value} wait", "alerts.host_cpu_high.enabled": "false"}
    browser_test.run(t, "test-window.mjs", "timeline", t.start(settings={"gpu.backends": "", **rules}))


def test_past(t):
    browser_test.run(t, "test-window.mjs", "past", t.start(settings={"gpu.backends": "simulated"}))


def test_requests(t):
    browser_test.run(t, "test-window.mjs", "requests", t.start(settings={"gpu.backends": "simulated"}))


def test_late(t):
    daemon = t.start(settings={"gpu.backends": ""})
    signals = {name: lambda number=number: daemon.process.send_signal(number) for name, number in (("stop", signal.SIGSTOP), ("continue", signal.SIGCONT))}
    browser_test.run(t, "test-window.mjs", "late", daemon, signals)


def test_login(t):
    """A link that is followed by somebody who has to log in first."""
    browser_test.run(t, "test-window.mjs", "login", t.start(settings={"auth.require": "true", "gpu.backends": ""}))


orfeas_test.main()
