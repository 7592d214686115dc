#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the Python client's cache holds and how its functions fare, with nobody at the other end."""

import threading
import time

import orfeas
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


class Told:
    """In a client's place: answers as it is told, and never says what has changed."""

    address = "nowhere"

    def __init__(self):
        self.calls, self.answer = [], None
        self.cache = self

    def watch(self, **_):
        raise orfeas.FailedPrecondition("not here")

    def call(self, method, params, timeout):
        self.calls.append(method)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_functions_go_on(_):
    """Whatever the cache is, knows, or cannot have: the function's caller has what it makes."""
    told = Told()
    with orfeas.Cache(client=told) as cache:
        double = cache.cached(key="d:")(lambda value: 2 * value)
        for answer in ({"hit": True, "value": "no JSON"}, {"hit": True, "value": 5}, {"hit": True, "value": "[", "lease": "l"}, {"hit": False, "lease": "l"},
                       {"entries": []}, {}, 5, RuntimeError("can't start new thread"), OSError("too many files"), orfeas.Internal("no"), UnicodeEncodeError("a", "b", 0, 1, "c")):
            told.answer = answer
            equal((double("a"), double("\ud83d")), ("aa", "\ud83d\ud83d"), str(answer))
        # a value that cannot be read goes, and so does a lease of one that cannot be made
        told.answer, told.calls = {"hit": True, "value": "no JSON"}, []
        equal((double("a"), told.calls), ("aa", ["cache.get", "cache.delete"]))
        told.answer, told.calls = {"hit": False, "lease": "l"}, []
        try:
            cache.cached(key="t:")(lambda: threading)()
        except TypeError:
            equal(told.calls, ["cache.get", "cache.delete"])
        else:
            raise AssertionError("a module was kept")


def test_too_few_entries(_):
    """That is the daemon's fault, and leaves no ticket."""
    told = Told()
    with orfeas.Cache(client=told) as cache:
        for entries in ([], [{"hit": False}], [{"hit": False}] * 3, [{"hit": False}, {"hit": True, "value": 5, "encoding": "base64"}], [{"hit": True}, 5], 5):
            told.answer = {"entries": entries}
            try:
                cache.get_many(["a", "b"])
            except orfeas.Internal:
                pass
            else:
                raise AssertionError(f"{entries} was taken")
            equal(cache._shelf._tickets, {})


orfeas_test.main()
