#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the original promised of a service, of the daemon itself with all sampling on and each call in a trace: 200 mixed
requests/s, a spike, the breaking point, and 24 hours of 30/s as fast as they go (BENCH_TARGETS_REQUESTS of them).

BENCH_TARGETS chooses: rate, spike, breaking, endurance. BENCH_REALTIME=1: daemon and sender have real-time priority."""

import collections
import json
import os
import subprocess
import time

from orfeas_bench import PRIORITY, Session, Table, cpu_ns, on, orfeas_test, rss_bytes

DAY = 24 * 3600 * 30
REQUESTS = int(os.environ.get("BENCH_TARGETS_REQUESTS", str(DAY)))
ROUND_S = 30  # of endurance: memory is looked at between two
STEP = 500  # of the search for the breaking point
# Memory has to be flat from then on: windows of time (ten minutes of open chunks, what anomalies are judged by) are full.
WARM_S = int(os.environ.get("BENCH_TARGETS_WARM_S", "1200"))
SETTINGS = {"trace.sample_percent": 100, "trace.max_spans_per_s": 100_000, "trace.retention_bytes": 256 << 20,
            "listen.max_connections": 4096}
MIX = [
    {"path": "/api/v1/status"},
    {"path": "/api/v1/dashboard/summary"},
    {"method": "PUT", "path": "/api/v1/cache/keys/load:a", "headers": {"Content-Type": "application/octet-stream"}, "body": "{{random}}"},
    {"path": "/api/v1/cache/keys/load:a"},
    {"method": "POST", "path": "/api/v1/metrics/record", "headers": {"Content-Type": "application/json"},
     "body": '{"samples":[{"name":"load.value","value":{{random}}}]}'},
    {"path": "/api/v1/traces?limit=20"},
]


def write_mix(session):
    path = os.path.join(session.dir, "requests")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(one) + "\n" for one in MIX)
    return path


def load(session, daemon, kind, *options):
    """What orfeasctl's report says; it runs on the other core."""
    path = os.path.join(session.dir, "report.json")
    command = [*PRIORITY, *on(1), orfeas_test.ORFEASCTL, "load", kind, daemon.ready["http"] + "/", "--requests", write_mix(session), "-o", path, *options]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode in (0, 5), done.stderr
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def percent_failed(total):
    ended = total["answered"] + total["failed"]
    return 100 * total["failed"] / ended if ended else 100


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


def measure_endurance(session, daemon, table):
    began = time.monotonic()
    done, failed, took_us, rss, faults = 0, 0, 0, [], collections.Counter()
    while done < REQUESTS:
        report = load(session, daemon, "endurance", "--model", "closed", "--connections", "32", "--duration", f"{ROUND_S}s")["orfeas"]
        done += report["total"]["answered"] + report["total"]["failed"]
        failed += report["total"]["failed"]
        took_us += report["took_us"]
        faults.update(report["faults"])
        rss.append((time.monotonic() - began, rss_bytes(daemon.process.pid)))
        print(f"    {done} done, RSS {rss[-1][1] / 1048576:.1f} MiB", flush=True)
    table.add(f"{done} requests ({done / 30 / 3600:.1f} h of 30/s)", f"in {took_us / 60e6:.1f} min, {done / took_us * 1e6:.0f}/s")
    why = ", ".join(f"{name} {n}" for name, n in faults.items() if n)
    table.add("of them failed", f"{100 * failed / done:.4f} %{' (' + why + ')' if why else ''}", "< 0.1 %", failed < 0.001 * done)
    warm = [one for at_s, one in rss if at_s >= WARM_S]
    if len(warm) < 2:
        table.absent("RSS", f"all were done {WARM_S} s after the start, when windows of time are not full")
        return
    growth = 100 * (max(warm) / warm[0] - 1)
    table.add(f"RSS at first, {WARM_S // 60} min later, and the most from then on", " ".join(f"{one / 1048576:.1f}" for one in (rss[0][1], warm[0], max(warm)))
              + f" MiB, {growth:+.1f} %", "<= 2 %", growth <= 2)


PARTS = {"rate": measure_rate, "spike": measure_spike, "breaking": measure_breaking, "endurance": measure_endurance}


def main():
    session = Session()
    daemon = session.test.start(wrapper=[*PRIORITY, *on(0)], settings=SETTINGS)
    daemon.call("cache.set", {"key": "load:a", "value": "1"})
    table = Table(f"orfeasd, every call traced, mixed calls by HTTP; load of the machine {os.getloadavg()[0]:.0f}")
    for name in os.environ.get("BENCH_TARGETS", " ".join(PARTS)).split():
        PARTS[name](session, daemon, table)
    session.close()
    table.print()


main()
