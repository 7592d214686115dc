#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One of three Redis nodes is killed under load and comes back: errors, the worst second, and how long until it serves again.

The load is that of a cache: a key of many by a Zipf law is asked for, and stored when it is missing, by several callers in a closed loop.
"""

import random
import threading
import time

from orfeas_bench import Session, Table
from orfeas_test import Peer, RpcError, wait_for
from redis_nodes import count_up

N_NODES, N_CALLERS, N_KEYS = 3, 4, 20000
KILL_S, BACK_S, END_S = 4, 8, 12
MAX_ERRORS_PERCENT, MAX_P99_MS, MAX_RECOVERY_S = 0.1, 50, 2


class Caller(threading.Thread):
    def __init__(self, path, seed, begun):
        super().__init__()
        self.random = random.Random(seed)
        self.path, self.begun = path, begun
        self.answers = []  # (second, ms, whether it failed)

    def pick(self):
        """Zipf(1.0), near enough: the rank whose logarithm is uniform."""
        return f"key:{int(N_KEYS ** self.random.random())}"

    def ask(self, peer, method, params):
        at, failed, answer = time.monotonic(), False, None
        try:
            answer = peer.call(method, params)
        except RpcError:
            failed = True
        self.answers.append((int(at - self.begun), (time.monotonic() - at) * 1e3, failed))
        return answer

    def run(self):
        with Peer(self.path) as peer:
            while time.monotonic() - self.begun < END_S:
                key = self.pick()
                answer = self.ask(peer, "cache.get", {"key": key})
                if answer is not None and not answer["hit"]:
                    self.ask(peer, "cache.set", {"key": key, "value": "x" * 200})


def kill_and_return(daemon, node, begun):
    """Seconds from its return until it serves and is heard."""
    time.sleep(max(0, begun + KILL_S - time.monotonic()))
    node.kill()
    time.sleep(max(0, begun + BACK_S - time.monotonic()))
    at = time.monotonic()
    node.start()
    wait_for(lambda: count_up(daemon) == N_NODES, "the node serves again")
    return time.monotonic() - at


def p99(values):
    values = sorted(values)
    return values[int(0.99 * (len(values) - 1))]


def main():
    session = Session()
    nodes = session.redis_nodes(N_NODES)
    daemon = session.daemon(settings={"cache.nodes": ",".join(node.address for node in nodes), "cache.l1_entries": N_KEYS // 10})
    wait_for(lambda: count_up(daemon) == N_NODES, "all nodes serve")
    begun = time.monotonic()
    callers = [Caller(daemon.ready["cache_socket"], number, begun) for number in range(N_CALLERS)]
    for caller in callers:
        caller.start()
    recovery_s = kill_and_return(daemon, nodes[0], begun)
    for caller in callers:
        caller.join()
    answers = [answer for caller in callers for answer in caller.answers]
    errors = 100 * sum(failed for _, _, failed in answers) / len(answers)
    worst = max(p99([ms for at, ms, _ in answers if at == second]) for second in range(KILL_S, END_S))
    usual = p99([ms for at, ms, _ in answers if at < KILL_S])
    table = Table(f"{len(answers):,} calls of {N_CALLERS} callers in {END_S} s; one node of {N_NODES} away from {KILL_S} to {BACK_S} s")
    table.add("errors", f"{errors:.4f} %", f"<= {MAX_ERRORS_PERCENT} %", errors <= MAX_ERRORS_PERCENT)
    table.add("p99 of the worst second", f"{worst:.1f} ms (before: {usual:.1f} ms)", f"<= {MAX_P99_MS} ms", worst <= MAX_P99_MS)
    table.add("serves after its return", f"{recovery_s:.2f} s", f"<= {MAX_RECOVERY_S} s", recovery_s <= MAX_RECOVERY_S)
    table.print()


main()
