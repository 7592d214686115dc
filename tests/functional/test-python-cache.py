#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""orfeas.Cache of the Python client: values, functions whose results are kept, bounds, forks."""

import os
import signal
import threading
import time

import orfeas
import orfeas_test
from orfeas_test import contains, equal, wait_for


def open_cache(daemon, **options):
    cache = orfeas.Cache("unix:" + daemon.ready["cache_socket"], **options)
    assert cache.wait_until_fresh(orfeas_test.PATIENCE_S)
    return cache


def test_values(t):
    """Text, bytes and None come back as they were, also without a call."""
    daemon = t.start()
    with open_cache(daemon) as cache, open_cache(daemon) as other:
        for value in ("text \u00e9\n", "", b"\x00\xff", b"", None):
            assert cache.set("k", value, ttl=60)
            for one in (cache, other, other):
                # what one read before the other wrote may be there for a moment
                wait_for(lambda: one.get("k", default=orfeas.cache.MISSING) == value, f"{value!r}")

        def is_held():
            calls = other.stats().calls
            equal(other.get("k"), None)
            return other.stats().calls == calls

        wait_for(is_held, "it to be held: what was read before its change was heard of need not be")
        equal((cache.delete("k"), cache.delete("k"), cache.get("k", default=7)), (True, False, 7))
        cache.set("a:1", "1", tags=["t"])
        cache.set("a:2", "2")
        equal((cache.invalidate(tag="t"), cache.get("a:1"), cache.get("a:2")), (1, None, "2"))
        equal((cache.invalidate("a:*"), cache.get("a:2")), (1, None))
        equal(cache.set("l", "1", lease="nobody"), False)
        for wrong in ("", "k" * 1025):
            try:
                cache.get(wrong)
            except orfeas.InvalidArgument as error:
                equal(error.field, "key")
            else:
                raise AssertionError("taken")
    # by the main transports too, where calls and the stream go by connections of their own
    for address in (daemon.ready["http"], "unix:" + daemon.socket):
        with orfeas.Cache(address) as cache:
            assert cache.wait_until_fresh(orfeas_test.PATIENCE_S)
            cache.set("h", "1")
            wait_for(lambda: cache.get("h") == "1" and cache.stats().hits > 0, "a hit")
            daemon.call("cache.set", {"key": "h", "value": "2"})
            wait_for(lambda: cache.get("h") == "2", "the change")


def test_bounds(t):
    daemon = t.start()
    with open_cache(daemon, max_entries=100, max_bytes=100_000, prefix="k") as cache:
        for i in range(300):
            cache.set(f"k{i}", "x" * 100)
            cache.get("k0")
            cache.set(f"j{i}", "x")
        stats = cache.stats()
        equal((stats.entries, stats.evictions, stats.used_bytes <= 100_000), (100, 200, True))
        before = stats.calls
        cache.get("k0")  # asked for all the time
        cache.get("k299")
        equal(cache.stats().calls, before)
        cache.get("j299")
        equal(cache.stats().calls, before + 1)
        cache.set("k", "x" * 60_000)
        assert cache.stats().used_bytes <= 100_000, cache.stats()
        equal(cache.get("k"), "x" * 60_000)
        equal(cache.stats().calls, before + 2)


def test_cached(t):
    """Made once for all arguments that are the same; what was told is what a hit would be."""
    daemon = t.start()
    made = []
    with open_cache(daemon) as cache, open_cache(daemon) as other:
        def double(number, times=2):
            """Doubles."""
            made.append((number, times))
            return None if number == 0 else (number * times, {"of": number})

        one, two = cache.cached(ttl=60, key="double:")(double), other.cached(ttl=60, key="double:")(double)
        equal((one.__doc__, one.__wrapped__), ("Doubles.", double))
        equal([one(3), one(3), two(3)], [[6, {"of": 3}]] * 3)
        equal(made, [(3, 2)])
        equal((one(3, times=4), one(3, times=4)), ([12, {"of": 3}],) * 2)
        equal((one(0), one(0), two(0)), (None, None, None))
        equal(made, [(3, 2), (3, 4), (0, 2)])
        equal((one.key_of(3), one.key_of(3, times=4)), ("double:[3]", 'double:[3,{"times":4}]'))
        assert one.forget(3)
        one(3)
        equal(made[3:], [(3, 2)])
        assert len(one.key_of("x" * 2000).encode()) < 100
        raw = cache.cached(codec=None, key=lambda name: f"raw:{name}")(lambda name: name.encode())
        equal((raw("a"), raw("a"), daemon.call("cache.get", {"key": "raw:a"})["value"]), (b"a", b"a", "YQ=="))
        contains(cache.cached()(test_bounds).key_of(1), "test_bounds:[1]")
        costs = {space["name"]: space for space in daemon.call("cache.stats")["namespaces"]}
        assert costs["double"]["miss_cost_us"] is not None, costs


def test_one_makes_it(t):
    """Of many who miss at once one is asked; when it fails the next is."""
    daemon = t.start()
    made, lock = [], threading.Lock()
    with open_cache(daemon) as cache, open_cache(daemon) as other:
        def slow(number):
            with lock:
                made.append(number)
                first = len(made) == 1
            time.sleep(1.3 if number == 21 else 0.2)
            if first and number == 13:
                raise ValueError("unlucky")
            return number

        functions = [one.cached(key="slow:")(slow) for one in (cache, other)]

        def ask_all(number):
            got = []

            def ask(function):
                try:
                    got.append(function(number))
                except ValueError as error:
                    got.append(str(error))

            threads = [threading.Thread(target=ask, args=(functions[i % 2],)) for i in range(10)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return got

        for number in (7, 21):  # the second in more time than one call waits
            equal(ask_all(number), [number] * 10)
            equal(made, [number])
            made.clear()
        equal(sorted(map(str, ask_all(13))), ["13"] * 9 + ["unlucky"])
        equal(made, [13, 13])


def test_stale(t):
    """After its lifetime the old value is there while one is made anew."""
    daemon = t.start(settings={"cache.ttl_jitter_percent": 0})
    made, may_end = [], threading.Event()
    with open_cache(daemon) as cache:
        @cache.cached(ttl=0.2, stale=60)
        def count():
            made.append(1)
            if len(made) > 1:
                assert may_end.wait(orfeas_test.PATIENCE_S), "it was waited for"
            return len(made)

        equal((count(), count()), (1, 1))
        wait_for(lambda: count() == 1 and len(made) == 2, "it to be made anew, while the old one is there")
        may_end.set()
        wait_for(lambda: count() > 1, "the new one")


def test_away(t):
    """No daemon, no cache; but the function is called, and all is as before when it is back."""
    daemon = t.start()
    made = []
    with orfeas.Cache("unix:" + daemon.ready["cache_socket"]) as cache:
        @cache.cached()
        def count():
            made.append(1)
            return len(made)

        assert cache.wait_until_fresh(orfeas_test.PATIENCE_S)
        equal((count(), count()), (1, 1))
        daemon.kill()
        wait_for(lambda: not cache.stats().fresh, "it to be noticed")
        calls = cache.stats().calls
        equal((count(), count()), (2, 3))
        equal(cache.stats().calls, calls, "nobody is asked who is known to be away")
        daemon.start()
        assert cache.wait_until_fresh(orfeas_test.PATIENCE_S)
        equal((count(), count()), (4, 4))
        equal(cache.stats().connections, 2)


def test_stopped(t):
    """A daemon that does not answer holds a function up for a second and the cache's time, and then not at all."""
    daemon = t.start()
    with orfeas.Cache(daemon.ready["http"], timeout=0.2) as cache:
        one = cache.cached(lease=60)(lambda n: n)
        assert cache.wait_until_fresh(orfeas_test.PATIENCE_S)
        equal(one(0), 0)
        daemon.process.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        equal(one(1), 1)
        assert time.monotonic() - begun < 30, "it waited for a lease of nobody's"
        wait_for(lambda: (one(1), cache.stats().calls)[1] == (one(2), cache.stats().calls)[1], "nobody to be asked any more")
        daemon.process.send_signal(signal.SIGCONT)
        assert cache.wait_until_fresh(orfeas_test.PATIENCE_S)

        def is_kept():
            try:
                return (one(3), cache.get(one.key_of(3))) == (3, "3")
            except orfeas.Error:  # a busy machine took longer than 0.2 s
                return False

        wait_for(is_kept, "a value to be kept again")


def test_fork(t):
    """The child asks for itself: what the parent holds nobody keeps true for it."""
    daemon = t.start()
    with open_cache(daemon) as cache:
        cache.set("k", "1")
        equal(cache.get("k"), "1")
        child = os.fork()
        if child == 0:
            try:
                good = cache.get("k") == "1" and cache.set("k", "2") and cache.get("k") == "2"
                good = good and not cache.stats().fresh and cache.stats().entries == 0 and not cache.wait_until_fresh(0)
                os._exit(0 if good else 1)
            except BaseException:
                os._exit(2)
        equal(os.waitpid(child, 0)[1], 0)
        wait_for(lambda: cache.get("k") == "2", "what the child wrote")
        # nor does it ask each time for a daemon that is away, though nobody watches for it
        daemon.kill()
        child = os.fork()
        if child == 0:
            try:
                calls = cache.stats().calls
                one = cache.cached()(lambda n: n)
                good = [one(n) for n in range(100)] == list(range(100)) and cache.stats().calls - calls < 50
                os._exit(0 if good else 1)
            except BaseException:
                os._exit(2)
        equal(os.waitpid(child, 0)[1], 0)


orfeas_test.main()
