#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hits of the cache's second level on one Redis node, beside redis-benchmark at the same depth: node on core 0, who asks on core 1.
"""

import json
import os
import subprocess

from orfeas_bench import BUILD, SECONDS, Session, Table, on

DEPTHS = (1, 8, 32, 128)
SIZES = (3, 1024)
MIN_SHARE = 0.5


def of_benchmark(port, size, depth):
    def run(test, n):
        done = subprocess.run([*on(-1), "redis-benchmark", "-p", str(port), "-t", test, "-n", str(n), "-c", "1", "-P", str(depth),
                               "-r", "10000", "-d", str(size), "--csv"], capture_output=True, text=True, check=True)
        return float(done.stdout.strip().splitlines()[-1].split(",")[1].strip('"'))
    run("set", 50000)
    return run("get", int(run("get", 20000) * SECONDS))


def of_level(port, size, depth):
    done = subprocess.run([*on(-1), os.path.join(BUILD, "tests", "bench", "bench-redis"), f"127.0.0.1:{port}", str(size), str(depth),
                           str(SECONDS)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main():
    node, = Session().redis_nodes(1, tcp=True)
    for size in SIZES:
        table = Table(f"L2 hits of {size} bytes, one connection; {SECONDS} s each")
        for depth in DEPTHS:
            peer = of_benchmark(node.port, size, depth)
            ours = of_level(node.port, size, depth)
            share = ours["per_s"] / peer
            table.add(f"depth {depth}", f"{ours['per_s']:,.0f}/s, redis-benchmark {peer:,.0f}/s, {share:.2f} of it; "
                      f"{ours['cpu_us']:.2f} µs of our CPU a hit", f">= {MIN_SHARE}", share >= MIN_SHARE and ours["missed"] == 0)
        table.print()


main()
