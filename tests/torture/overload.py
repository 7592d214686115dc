#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Three and five times as many requests as the daemon can answer, by `orfeasctl load`: it refuses what is too much, and is there for others."""

import collections
import http.client
import json
import os
import subprocess
import time

import orfeas_torture  # first: it knows where the harness is

import polite
from orfeas_test import ORFEASCTL, PATIENCE_S, now_us

LONG_S, SHORT_S = 60, 2
CAPACITY_S = 2
GOODPUT = 0.8  # of its capacity, answered in time; both by its processor time, as the machine may have other work
N_SERIES, N_POINTS = 100, 50
CONNECTIONS = 1000
PATIENCE = "2s"
FACTORS = (3, 5)
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
BUDGET_BYTES = 512 << 20
# costs the daemon far more than its caller, who shares the machine with it
PATH = "/api/v1/metrics/query?select=much&from_us=0"


def fill(daemon):
    start_us = now_us() - N_POINTS * 1_000_000
    for at in range(N_POINTS):
        daemon.call("metrics.record", {"samples": [{"name": "much", "labels": {"n": str(i)}, "value": i + at, "t_us": start_us + at * 1_000_000} for i in range(N_SERIES)]})


def load(address, path, *options):
    return subprocess.Popen([ORFEASCTL, "load", "sustained", f"http://{address[0]}:{address[1]}{PATH}", "--output", path, *options],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def report(process, path):
    _, said = process.communicate()
    assert os.path.exists(path), said
    with open(path, encoding="utf-8") as file:
        return json.load(file)["orfeas"]


def cpu_seconds(daemon):
    with open(f"/proc/{daemon.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def find_capacity(daemon, folder):
    """How many it answers a second, and a second of its processor time, of callers that wait for their answers."""
    path, before_s = os.path.join(folder, "capacity.json"), cpu_seconds(daemon)
    process = load(daemon.address, path, "--model", "closed", "--connections", "8", "--duration", f"{CAPACITY_S}s")
    total = report(process, path)["total"]
    return total["rate_per_s"], total["answered"] / max(cpu_seconds(daemon) - before_s, TICK_S)


def probe(address):
    """What one more of the same is told, and whether it is told when to come again."""
    connection = http.client.HTTPConnection(*address, timeout=PATIENCE_S)
    try:
        connection.request("GET", PATH)
        answer = connection.getresponse()
        answer.read()
        again = answer.getheader("Retry-After")
        return answer.status if again is None else f"{answer.status} with Retry-After"
    except (OSError, http.client.HTTPException) as error:
        return repr(error)
    finally:
        connection.close()


def overload(rate, folder):
    def run(address, until):
        path = os.path.join(folder, f"overload-{rate}.json")
        seconds = max(1, int(until - time.monotonic()))
        process = load(address, path, "--rate", str(rate), "--connections", str(CONNECTIONS), "--patience", PATIENCE, "--duration", f"{seconds}s")
        seen = collections.Counter()
        while process.poll() is None:
            seen[probe(address)] += 1
            time.sleep(0.02)
        told = report(process, path)
        seen["sent"], seen["answered"] = told["total"]["sent"], told["total"]["answered"]
        for fault, n in told["faults"].items():
            seen[f"failed by {fault}"] = n
        return seen

    return run


def run(torture):
    daemon = torture.daemon(settings={"gpu.sample_us": 1000000, "memory.budget_bytes": BUDGET_BYTES})
    torture.start(daemon)
    fill(daemon)
    long = torture.seconds is not None
    for number in torture.rounds():
        factor = FACTORS[number % len(FACTORS)]
        capacity, by_cpu = find_capacity(daemon, torture.dir)
        rate, before_s = int(factor * capacity), cpu_seconds(daemon)
        seen = polite.flood(torture, daemon, f"{factor} x, {rate}/s", overload(rate, torture.dir), LONG_S if long else SHORT_S, {polite.HEALTH, polite.NORMAL} if long else (),
                             ceiling_bytes=BUDGET_BYTES)
        used_s = max(cpu_seconds(daemon) - before_s, TICK_S)
        goodput, asked = seen["answered"] / used_s, seen["sent"] / used_s
        print(f"  {factor} x: a second of its processor time {goodput:,.0f} in time of {asked:,.0f}, alone {by_cpu:,.0f}", flush=True)
        torture.check(not long or goodput >= GOODPUT * by_cpu, f"{factor} x: {goodput:.0f} were answered in time, of {by_cpu:.0f}")
        strange = [what for what in seen if isinstance(what, int) and what != 200]  # without Retry-After
        torture.check(not strange, f"{factor} x: {strange} in {dict(seen)}")
        torture.count("overloads")


orfeas_torture.main(run, rounds=len(FACTORS))
