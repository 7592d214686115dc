#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the original promised of a service, of the daemon itself with all sampling on and each call in a trace: 200 mixed
requests/s, a spike, and the breaking point; the day of 30/s is bench-day.py.

BENCH_TARGETS chooses: rate, spike, breaking. BENCH_REALTIME=1: daemon and sender have real-time priority."""

import os

from mixed_requests import SETTINGS, load, percent_failed
from orfeas_bench import PRIORITY, Session, Table, cpu_ns, on

STEP = 500  # of the search for the breaking point


def measure_rate(session, daemon, table):
    before = cpu_ns(daemon.process.pid)
    total = load(session, daemon, "sustained", "--rate", "200", "--duration", "60s")["orfeas"]["total"]
    cpu_us = (cpu_ns(daemon.process.pid) - before) / 1000 / total["sent"]
    share = total["p95_us"] / 100e3
    table.add("200/s, p95", f"{total['p95_us'] / 1000:.2f} ms, {share:.3f} of 100 ms", "<= 1", share <= 1)
    failed = percent_failed(total)
    table.add("200/s, failed", f"{failed:.3f} %", "< 0.1 %", failed < 0.1)
    table.add("200/s, CPU of the daemon, sampling and writing included", f"{cpu_us:.0f} us a request, {200 * cpu_us / 1e4:.1f} % of a core")
    table.add("200/s, sent late (the sender's share)", f"{100 * total['late'] / total['sent']:.1f} %")


def measure_breaking(session, daemon, table):
    report = load(session, daemon, "stress", "--rate", str(STEP), "--step", str(STEP), "--max-rate", "5000", "--duration", "3s")
    broke = report["results"]["stress_test"]["breaking_point_rps"]
    last = report["orfeas"]["levels"][-1]
    reached = (broke or last["planned_per_s"] + STEP) - STEP
    table.add("holds (errors <= 1 %, p99 <= 1 s)", f"{reached:.0f}/s{'' if broke else ' and more'}, {reached / 100:.0f} times 100/s", "> 1", reached > 100)


def measure_spike(session, daemon, table):
    report = load(session, daemon, "spike", "--rate", "20", "--peak", "100", "--duration", "60s")
    recovery_s = report["results"]["spike_test"]["recovery_time_seconds"]
    shown = "not seen" if recovery_s is None else f"{recovery_s:.1f} s, {recovery_s / 10:.2f} of 10 s"
    table.add("20, 100, 20/s: recovered after", shown, "< 1", recovery_s is not None and recovery_s < 10)


PARTS = {"rate": measure_rate, "spike": measure_spike, "breaking": measure_breaking}


def main():
    session = Session()
    daemon = session.test.start(wrapper=[*PRIORITY, *on(0)], settings=SETTINGS)
    table = Table(f"orfeasd, every call traced, mixed calls by HTTP; load of the machine {os.getloadavg()[0]:.0f}")
    for name in os.environ.get("BENCH_TARGETS", " ".join(PARTS)).split():
        PARTS[name](session, daemon, table)
    session.close()
    table.print()


main()
