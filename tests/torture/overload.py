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
N_SERIES, N_POINTS = 100, 50
CONNECTIONS = 1000
PATIENCE = "2s"
FACTORS = (3, 5)
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


def find_capacity(daemon, folder):
    """How many it answers a second, of callers that wait for their answers."""
    path = os.path.join(folder, "capacity.json")
    process = load(daemon.address, path, "--model", "closed", "--connections", "8", "--duration", f"{CAPACITY_S}s")
    return report(process, path)["total"]["rate_per_s"]


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
        rate = int(factor * find_capacity(daemon, torture.dir))
        seen = polite.flood(torture, daemon, f"{factor} x, {rate}/s", overload(rate, torture.dir), LONG_S if long else SHORT_S, {polite.HEALTH, polite.NORMAL} if long else ())
        strange = [what for what in seen if isinstance(what, int) and what != 200]  # without Retry-After
        torture.check(not strange, f"{factor} x: {strange} in {dict(seen)}")
        if "ORFEAS_SANITIZED" not in os.environ:  # which keeps what is freed
            torture.check(polite.rss_bytes(daemon) < BUDGET_BYTES, f"{factor} x: beyond its ceiling")
        torture.count("overloads")


orfeas_torture.main(run, rounds=len(FACTORS))
