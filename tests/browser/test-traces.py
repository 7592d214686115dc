#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Traces on the live page, in a real Chromium; see test-traces.mjs. ORFEAS_SCREENSHOTS=FOLDER keeps pictures to look at."""

import browser_test
import orfeas_test


def visit(t, case, **settings):
    daemon = t.start(settings={"gpu.backends": "", "trace.service_name": "", **settings})
    browser_test.run(t, "test-traces.mjs", case, daemon)


def test_plain(t):
    visit(t, "plain")


def test_empty(t):
    visit(t, "empty")


def test_lists(t):
    visit(t, "lists")


def test_pages(t):
    visit(t, "pages")


def test_map(t):
    visit(t, "map")


def test_waterfall(t):
    visit(t, "waterfall")


def test_devices(t):
    visit(t, "devices", **{"gpu.backends": "simulated"})


def test_names(t):
    visit(t, "names")


def test_large(t):
    visit(t, "large")


def test_unseen(t):
    visit(t, "unseen")


def test_login(t):
    visit(t, "login", **{"auth.require": "true"})


orfeas_test.main()
