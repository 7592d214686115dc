#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The live page in a real Chromium; see test-page.mjs. ORFEAS_SCREENSHOTS=FOLDER keeps pictures to look at."""

import browser_test
import orfeas_test
from orfeas_test import wait_for


def visit(t, case, **options):
    daemon = t.start(**options)
    wait_for(lambda: daemon.call("metrics.query", {"select": "host.cpu.used_percent"})["series"], "a sample")
    browser_test.run(t, "test-page.mjs", case, daemon)


def test_live(t):
    visit(t, "live")


def test_restart(t):
    visit(t, "restart")


def test_gap(t):
    visit(t, "gap")


def test_no_gpu(t):
    visit(t, "no-gpu", settings={"gpu.backends": "opencl"}, env={"OCL_ICD_VENDORS": "/nonexistent"})


def test_no_backend(t):
    visit(t, "no-backend", settings={"gpu.backends": ""})


def test_no_data(t):
    daemon = t.start(settings={"gpu.backends": "", "host.enabled": "false"})
    browser_test.run(t, "test-page.mjs", "no-data", daemon)


def test_search(t):
    visit(t, "search")


def test_keyboard(t):
    visit(t, "keyboard")


def test_login(t):
    visit_with_token(t, "login")


def visit_with_token(t, case):
    daemon = t.start(settings={"auth.require": "true"})
    browser_test.run(t, "test-page.mjs", case, daemon)


def test_accessibility(t):
    visit(t, "accessibility")


def test_themes(t):
    visit(t, "themes")


def test_narrow(t):
    visit(t, "narrow")


orfeas_test.main()
