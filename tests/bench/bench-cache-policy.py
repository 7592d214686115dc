#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hit ratios of the cache's eviction beside LRU, SIEVE, S3-FIFO and W-TinyLFU: made traces, and those of CACHE_TRACES (files with a key a line, .gz or plain, with : between)."""

import gzip
import json
import os
import shutil
import subprocess
import tempfile

from orfeas_bench import BUILD, Table

PROGRAM = os.path.join(BUILD, "tests", "bench", "bench-cache-policy")
# exponent, keys, requests, ranks drift each so many requests, share of keys that come once
MADE = {
    "Zipf 1.0": ("1.0", "50000", "500000", "0", "0"),
    "Zipf 0.7": ("0.7", "50000", "500000", "0", "0"),
    "Zipf 1.0, ranks drift": ("1.0", "50000", "500000", "2000", "0"),
    "Zipf 0.9, 30 % come once": ("0.9", "50000", "500000", "0", "0.3"),
    "Zipf 0.8, drift, 20 % come once": ("0.8", "50000", "1000000", "5000", "0.2"),
}
SHARED = "/work/shared/data/cachetrace/cloudphysics.txt.gz"
# of ratios that chance decides in the last digit
SLACK = 0.002


def measure(words):
    return json.loads(subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=True).stdout)


def measure_file(path):
    if not path.endswith(".gz"):
        return measure([path])
    with tempfile.NamedTemporaryFile() as plain, gzip.open(path) as packed:
        shutil.copyfileobj(packed, plain)
        plain.flush()
        return measure([plain.name])


def tell(name, told):
    table = Table(f"{name}: {told['requests']:,} requests, {told['keys']:,} keys; hit ratio where 1, 10, 30 % of them fit")
    ratios = told["hit_ratios"]
    for policy, row in ratios.items():
        ours = policy == "orfeasd"
        good = all(a >= b - SLACK for a, b in zip(row, ratios["S3-FIFO"])) if ours else None
        table.add(policy, "  ".join(f"{ratio:.3f}" for ratio in row), "S3-FIFO's" if ours else "", good)
    table.print()


def main():
    for name, words in MADE.items():
        tell(name, measure(words))
    for path in os.environ.get("CACHE_TRACES", SHARED if os.path.exists(SHARED) else "").split(":"):
        if path:
            tell(os.path.basename(path), measure_file(path))


main()
