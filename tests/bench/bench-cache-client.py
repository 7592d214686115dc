#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The cache's first level in the program: what a hit costs there, and how many look-ups of the daemon it saves."""

import bisect
import gzip
import itertools
import json
import os
import random
import subprocess
import sys
import time

from orfeas_bench import BUILD, Session, Table, on

CALLER = os.path.join(BUILD, "tests", "bench", "bench-cache-client")
TRACE = os.environ.get("CACHE_TRACE", "/work/shared/data/cachetrace/cloudphysics.txt.gz")
TARGET_NS = 1000
ROUNDS, HITS = 7, 20000
ZIPF_KEYS, ZIPF_GETS = 2_000, 40_000
SHARES = (1, 10, 30, 100)

sys.path.insert(0, os.path.join(BUILD, "client", "python"))


def call(daemon, *arguments, keys=None):
    done = subprocess.run([*on(1), CALLER, daemon.ready["cache_socket"], *arguments], input="".join(f"{key}\n" for key in keys) if keys else None,
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def python_hit_ns(daemon):
    """CPU of the calling thread, the best of some rounds; and of a function with @cached."""
    import orfeas

    def best(work):
        figures = []
        for _ in range(ROUNDS):
            begun = time.thread_time_ns()
            for _ in range(HITS):
                work()
            figures.append((time.thread_time_ns() - begun) / HITS)
        return min(figures)

    with orfeas.Cache("unix:" + daemon.ready["cache_socket"]) as cache:
        cache.wait_until_fresh(10)
        cache.set("hit", "v" * 10)

        @cache.cached(key="f:")
        def function(number):
            return {"number": number}

        function(7)
        return best(lambda: cache.get("hit")), best(lambda: function(7))


def measure_hits(table, session):
    daemon = session.daemon()
    figures = call(daemon)
    assert figures["calls"] == 0, figures
    for name, what in (("small_ns", "C, 10 bytes"), ("large_ns", "C, 16 KiB"), ("threads_ns", "C, 16 KiB, 4 threads at once")):
        table.add(what, f"{figures[name]:,.0f} ns", f"<= {TARGET_NS:,} ns", figures[name] <= TARGET_NS)
    get, function = python_hit_ns(daemon)
    table.add("Python, cache.get", f"{get:,.0f} ns", f"<= {TARGET_NS:,} ns", get <= TARGET_NS)
    table.add("Python, @cache.cached, JSON read", f"{function:,.0f} ns")
    daemon.stop()


def zipf():
    sums = list(itertools.accumulate(1 / rank for rank in range(1, ZIPF_KEYS + 1)))
    rand = random.Random(1)
    return [f"key:{bisect.bisect_left(sums, rand.random() * sums[-1])}" for _ in range(ZIPF_GETS)]


def read_trace():
    with gzip.open(TRACE, "rt", encoding="ascii") as file:
        return ["block:" + line.split()[-1] for line in file if line.strip() and not line.startswith("#")]


def measure_trace(table, session, name, keys, halves):
    """Each get that misses is followed by a set; the daemon has room for all."""
    n_keys = len(set(keys))
    plain = None
    for share in (0, *SHARES):
        daemon = session.daemon(settings={"cache.l1_bytes": 1 << 28, "cache.l1_entries": 1_000_000})
        figures = call(daemon, str(max(n_keys * share // 100, 1) if share else 0), keys=keys)
        daemon.stop()
        if share == 0:
            plain = figures
            table.add(f"{name}: {len(keys):,} gets of {n_keys:,} keys, nothing held", f"{figures['calls']:,} look-ups", f"{figures['mean_us']:.1f} us a get")
            continue
        ratio = figures["calls"] / plain["calls"]
        wanted = share in halves
        table.add(f"  {share} % of the keys held", f"{100 * ratio:.1f} % of the look-ups",
                  f"{100 * figures['mean_us'] / plain['mean_us']:.0f} % of the time" + (", <= 50 % of the look-ups" if wanted else ""),
                  ratio <= 0.5 if wanted else None)


def main():
    session = Session()
    table = Table(f"The first level in the program; load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    measure_hits(table, session)
    measure_trace(table, session, "Zipf 1.0", zipf(), (10, 30, 100))
    if os.path.exists(TRACE):
        measure_trace(table, session, os.path.basename(TRACE), read_trace(), (100,))
    else:
        table.absent("a real trace", f"CACHE_TRACE names one; no {TRACE}")
    table.print()


main()
