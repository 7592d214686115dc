#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemon's own spans cost it: CPU a call with none, with 1 % of the calls in traces, and with all."""

import json
import os
import statistics
import time

from orfeas_bench import Session, Table, cpu_ns

CALLS = 2000
WINDOW = 50  # sent before their answers are read
ROUNDS = int(os.environ.get("BENCH_OWN_TRACING_ROUNDS", "5"))
SHARES = (0, 1, 100)


def requests():
    """Answers from memory, from the registry, and from the file."""
    kinds = [("health.check", {}), ("gpu.list", {}), ("metrics.list", {"limit": 10}), ("events.list", {"limit": 10})]
    return [json.dumps({"jsonrpc": "2.0", "id": i, "method": kinds[i % 4][0], "params": kinds[i % 4][1]}) for i in range(CALLS)]


def run(daemon, peer, texts):
    """Microseconds of CPU a call; what is written later is waited for, and is in it."""
    before = cpu_ns(daemon.process.pid)
    began = time.monotonic()
    for first in range(0, len(texts), WINDOW):
        peer.send_text("\n".join(texts[first:first + WINDOW]))
        for _ in range(WINDOW):
            assert '"error"' not in peer.receive_text()
    time.sleep(1.2)
    return (cpu_ns(daemon.process.pid) - before) / 1000 / len(texts), time.monotonic() - began


def idle_us(daemons, length_s):
    """What they do in a second with no calls, a daemon."""
    before = sum(cpu_ns(daemon.process.pid) for daemon in daemons)
    time.sleep(length_s)
    return (sum(cpu_ns(daemon.process.pid) for daemon in daemons) - before) / 1000 / length_s / len(daemons)


def start(session, share):
    socket = os.path.join(session.dir, f"{share}.sock")
    daemon = session.daemon(db=os.path.join(session.dir, f"{share}.db"), options=["--socket", socket],
                            settings={"trace.sample_percent": share, "trace.max_spans_per_s": 100_000})
    daemon.socket = socket
    return daemon


def main():
    session, texts = Session(), requests()
    daemons = {share: start(session, share) for share in SHARES}
    peers = {share: daemon.peer() for share, daemon in daemons.items()}
    costs = {share: [] for share in SHARES}
    for share in SHARES:
        run(daemons[share], peers[share], texts)
    idle = idle_us(list(daemons.values()), 3)
    for _ in range(ROUNDS):
        for share in SHARES:
            cost, length_s = run(daemons[share], peers[share], texts)
            costs[share].append(cost - idle * length_s / CALLS)
    for peer in peers.values():
        peer.close()
    spans = daemons[100].sql("SELECT count(*) FROM span")[0][0]
    session.close()
    bare = statistics.median(costs[0])
    a_span = (statistics.median(costs[100]) - bare) * CALLS * (ROUNDS + 1) / spans
    table = Table(f"CPU of the daemon a call, median of {ROUNDS} rounds of {CALLS}, by the Unix socket")
    table.add("no call is traced", f"{bare:.1f} us")
    ratio = statistics.median(costs[1]) / bare - 1
    table.add("1 % of them are", f"{statistics.median(costs[1]):.1f} us, {100 * ratio:+.1f} %")
    table.add("all of them are", f"{statistics.median(costs[100]):.1f} us")
    table.add("a span, its writing included", f"{a_span:.1f} us")
    share = a_span / bare
    table.add("so 1 % costs", f"{share:.2f} % of a call", "<= 2 %", share <= 2)
    table.print()


main()
