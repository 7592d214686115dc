#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a foreign page tries from within a user's Chromium; see test-attacks.mjs."""

import browser_test
import orfeas_test


def attack(t, case, **settings):
    browser_test.run(t, "test-attacks.mjs", case, t.start(settings=settings))


def test_rebinding(t):
    attack(t, "rebinding")


def test_cross_origin_post(t):
    attack(t, "cross-origin-post")


def test_same_site_post(t):
    attack(t, "same-site-post")


def test_session_post(t):
    attack(t, "session-post", **{"auth.require": "true"})


def test_websocket(t):
    attack(t, "websocket")


def test_framing(t):
    attack(t, "framing")


def test_reading(t):
    attack(t, "reading")


orfeas_test.main()
