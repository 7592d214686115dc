#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python client by each transport, beside http.client and json by hand."""

import http.client
import json
import os
import sys
import time

from orfeas_bench import BUILD, CORES, SECONDS, Session, Table, call_text, orfeas_test

sys.path.insert(0, os.path.join(BUILD, "client", "python"))

import orfeas  # noqa: E402 (needs the path)

ROUNDS = 10  # in turn, so that all meet the same machine


def by_hand(daemon):
    connection = http.client.HTTPConnection(*daemon.address)
    number = 0

    def call():
        nonlocal number
        number += 1
        body = json.dumps({"jsonrpc": "2.0", "id": number, "method": "gpu.profile"})
        connection.request("POST", "/rpc", body, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        if "error" in answer or answer["id"] != number:
            raise RuntimeError(answer)
        return answer["result"]

    return call


def rate(call, seconds):
    begun, done = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        for _ in range(20):
            call()
        done += 20
    return done / (time.perf_counter() - begun)


def main():
    session = Session()
    daemon = session.daemon()
    os.sched_setaffinity(0, {CORES[-1]})
    orfeas_test.wait_for(lambda: daemon.call("gpu.list")["devices"], "devices")
    calls = {"http.client and json": by_hand(daemon)}
    for name, address in (("HTTP", daemon.ready["http"]), ("Unix socket", "unix:" + daemon.socket),
                          ("WebSocket", daemon.ready["http"].replace("http:", "ws:"))):
        client = orfeas.connect(address)
        try:
            client.health.check()
        except orfeas.MethodNotFound:
            continue  # not by this daemon
        calls["client, " + name] = client.gpu.profile
    rates = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            rates[name].append(rate(call, SECONDS / ROUNDS))
    best = {name: max(figures) for name, figures in rates.items()}  # whatever else the machine does only takes away
    hand = best.pop("http.client and json")
    table = Table(f"gpu.profile, {len(daemon.post(call_text('gpu.profile')))} bytes of answer, one thread, {SECONDS} s each")
    table.add("http.client and json by hand", f"{hand:,.0f}/s")
    for name, figure in best.items():
        table.add(name, f"{figure:,.0f}/s")
        table.add(name + " beside by hand", f"{figure / hand:.2f}", ">= 1", figure >= hand)
    for name in calls:
        if name.startswith("client"):
            client = calls[name].__self__._caller
            begun = time.perf_counter()
            for _ in range(20):
                batch = [client.request("gpu.profile", None, None)[0] for _ in range(100)]
                client.exchange_batch(batch, True, None)
            table.add(name + ", batches of 100", f"{2000 / (time.perf_counter() - begun):,.0f}/s")
    daemon.stop()
    table.print()


main()
