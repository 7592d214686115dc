#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hit rate by a Zipf law over three Redis nodes once all is warm: the first level has room for a tenth of the keys, the nodes for all."""

import json
import os
import subprocess

from orfeas_bench import SECONDS, Session, Table, fill_cache, on, orfeas_test
from redis_nodes import count_up

N_NODES, N_KEYS, VALUE_BYTES, EXPONENT = 3, 100_000, 200, 1.0
MIN_PERCENT = 95


def bound(node):
    """It has no room for more than it holds."""
    used = next(line for line in node.answers("INFO", "memory").splitlines() if line.startswith("used_memory:"))
    node.answers("CONFIG", "SET", "maxmemory", used.partition(":")[2].strip(), "maxmemory-policy", "volatile-lru")


def bench(daemon, seconds):
    words = ["--socket", daemon.socket, "--json", "cache", "bench", "--sets", "0", "--keys", str(N_KEYS), "--zipf", str(EXPONENT),
             "--bytes", str(VALUE_BYTES), "--for", f"{seconds}s"]
    done = subprocess.run([*on(-1), os.environ["ORFEASCTL"], *words], capture_output=True, text=True, check=False)
    return json.loads(done.stdout)


def main():
    session = Session()
    nodes = session.redis_nodes(N_NODES)
    daemon = session.daemon(settings={"cache.nodes": ",".join(node.address for node in nodes), "cache.l1_entries": N_KEYS // 10,
                                      "cache.redis_command_us": 5000000})
    orfeas_test.wait_for(lambda: count_up(daemon) == N_NODES, "all nodes serve")
    fill_cache(daemon, "bench", N_KEYS, "x" * VALUE_BYTES)  # as `orfeasctl cache bench` names them
    for node in nodes:
        bound(node)
    bench(daemon, SECONDS)  # the first level learns who is asked for
    told = bench(daemon, SECONDS)
    table = Table(f"{told['get']['calls']:,} gets by Zipf({EXPONENT}) of {N_KEYS:,} keys in {SECONDS} s; "
                  f"first level {N_KEYS // 10:,} entries, {N_NODES} nodes for all")
    rate = told["hit_rate_percent"]
    table.add("hits", f"{rate:.2f} %", f">= {MIN_PERCENT} %", rate >= MIN_PERCENT and told["errors"] == 0)
    if told["errors"]:
        table.add("errors", f"{told['errors']}", told["first_error"], False)
    table.add("of the first level", f"{100 * told['l1_hits'] / told['get']['calls']:.2f} % of gets")
    table.add("gets", f"{told['get']['calls_per_s']:,.0f}/s, p50 {told['get']['p50_us']} us, p99 {told['get']['p99_us']} us")
    table.print()


main()
