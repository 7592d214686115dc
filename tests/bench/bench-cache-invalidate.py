#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cache.invalidate of a million keys, in the daemon's memory and on three Redis nodes: how long it takes, and what other callers see meanwhile."""

import threading
import time

from orfeas_bench import Session, Table, fill_cache, orfeas_test
from redis_nodes import count_up

N_KEYS, N_NODES = 1_000_000, 3
BEFORE_S = 2
LOCAL = {"cache.l1_bytes": 1 << 30, "cache.l1_entries": 2 * N_KEYS}


class Caller(threading.Thread):
    """One get after the other, of a key that stays."""

    def __init__(self, path):
        super().__init__()
        self.path, self.over = path, False
        self.answers = []  # (when, ms)

    def run(self):
        with orfeas_test.Peer(self.path) as peer:
            while not self.over:
                at = time.monotonic()
                assert peer.call("cache.get", {"key": "stays"})["hit"]
                self.answers.append((at, (time.monotonic() - at) * 1e3))

    def quantiles(self, begin, end):
        """p99 and longest, of what was asked then."""
        values = sorted(ms for at, ms in self.answers if begin <= at < end)
        return f"p99 {values[int(0.99 * (len(values) - 1))]:.2f} ms, longest {values[-1]:.1f} ms"


def measure(table, what, daemon):
    fill_cache(daemon, "big", N_KEYS, "0123456789")
    with orfeas_test.Peer(daemon.ready["cache_socket"]) as peer:
        peer.call("cache.set", {"key": "stays", "value": "x", "ttl_ms": 3600000})
        caller = Caller(daemon.ready["cache_socket"])
        caller.start()
        begun = time.monotonic()
        time.sleep(BEFORE_S)
        at = time.monotonic()
        removed = peer.call("cache.invalidate", {"pattern": "big:*"}, {"deadline_ms": 600000})["removed"]
        end = time.monotonic()
        caller.over = True
        caller.join()
    table.add(what, f"{removed:,} keys in {end - at:.2f} s", f"all {N_KEYS:,}", removed == N_KEYS)
    table.add("  gets of others", f"{caller.quantiles(at, end)}; before: {caller.quantiles(begun, at)}")


def main():
    session = Session()
    table = Table("cache.invalidate while another caller goes on")
    measure(table, "in the daemon's memory", session.daemon(settings=LOCAL))
    nodes = session.redis_nodes(N_NODES)
    daemon = session.daemon(db=f"{session.dir}/nodes.db", options=("--socket", f"{session.dir}/nodes.sock"),
                            settings={"cache.nodes": ",".join(node.address for node in nodes), "cache.redis_command_us": 5000000})
    orfeas_test.wait_for(lambda: count_up(daemon) == N_NODES, "all nodes serve")
    measure(table, f"on {N_NODES} nodes", daemon)
    table.print()


main()
