#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the Python client's cache holds, with nobody at the other end."""

import time

import orfeas_test
from orfeas._shelf import Pattern, Shelf
from orfeas_test import equal


def test_patterns(_):
    """All that the daemon means is meant here too; ? is any letters."""
    for pattern, key, meant in (
        ("*", "", True), ("*", "a", True), ("", "", True), ("", "a", False), ("a", "a", True), ("a", "ab", False), ("a*", "ab", True), ("a*", "ba", False),
        ("*a", "ba", True), ("*a", "ab", False), ("a*a", "a", False), ("a*a", "aa", True), ("a?c", "abc", True), ("?", "\u00e9", True), ("??", "\u00e9", True),
        ("*b*b*", "ab", False), ("*b*b*", "abab", True), ("a*bc*c", "abc", False), ("a*bc*c", "abcc", True), ("a*b\n", "a.*b\n", True), ("[a]", "a", False),
    ):
        equal(Pattern(pattern).matches(key), meant, f"{pattern} {key}")


def test_a_pattern_of_many_stars(_):
    """It is somebody else's, and holds nobody up."""
    shelf = Shelf(1 << 20, 1000)
    for i in range(100):
        key = "a" * 1000 + str(i)
        shelf.put(shelf.begin(key), "v", 1, float("inf"))
    begun = time.monotonic()
    for pattern in ("*a" * 500 + "*b", "?" * 1000 + "b", "a*" * 500 + "5"):
        shelf.change_matching(pattern, 2)
    equal(shelf.dropped, 10)
    assert time.monotonic() - begun < 10


orfeas_test.main()
