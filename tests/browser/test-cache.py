#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The cache on the live page, in a real Chromium; see test-cache.mjs."""

import browser_test
import orfeas_test


def test_used(t):
    browser_test.run(t, "test-cache.mjs", "used", t.start())


def test_empty(t):
    browser_test.run(t, "test-cache.mjs", "empty", t.start())


orfeas_test.main()
