#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Spans a second, on disk when answered, by OTLP protobuf and JSON, beside what SQLite alone inserts in the same
layout; then what is asked of as many as there are by then. BENCH_SECONDS says how long each load goes; with
BENCH_SPANS the file is filled until it has so many, and the last fifth of that is measured, with other callers beside it."""

import http.client
import json
import os
import struct
import subprocess
import threading
import time

from orfeas_bench import SECONDS, Session, Table, compile_c, cpu_s, on, orfeas_test, rss_bytes

import otlp_wire as otlp

CONNECTIONS = 8
OVERLOAD = 24  # connections: three times as many senders
GOAL = int(os.environ.get("BENCH_SPANS", "0"))
SPANS = 512  # of one request: an SDK's batch
A_TRACE = 8
PLACE_NS = 0x0123456789000000
ID_MARK = b"\xf1\xe2\xd3"
HERE = os.path.dirname(os.path.abspath(__file__))


def own_id(connection, number):
    return ID_MARK + bytes([connection]) + number.to_bytes(4, "big")


def labels(i):
    return {"http.request.method": "GET", "http.route": f"/v1/items/{i % 50}", "url.path": f"/v1/items/{i}", "http.response.status_code": 200,
            "server.address": "api-7.internal", "server.port": 8080, "user_agent.original": "python-requests/2.32", "worker": i}


def made(connection, i):
    """One of a trace of eight, each the next one's parent; every hundredth failed, some are long."""
    trace = own_id(connection, 1 << 20 | i // A_TRACE) * 2
    length_ns = 1000 * (50 + i * 7 % 400 + (10_000 if i % 256 == 255 else 0))
    start_ns = PLACE_NS + 1000 * (i % A_TRACE)
    return otlp.span(trace, own_id(connection, i), f"GET /v1/items/{i % 10}", start_ns, start_ns + length_ns,
                     own_id(connection, i - 1) if i % A_TRACE else b"", kind=2 if i % 2 else 3, labels=labels(i),
                     status=(2, "broken") if i % 100 == 0 else None)


def protobuf_body(connection):
    spans = [made(connection, i) for i in range(SPANS)]
    return b"".join(otlp.spans_of(f"service-{k}", spans[k::4], scope="bench", resource={"host.name": "node-7"}) for k in range(4))


def find_all(body, mark):
    at, found = body.find(mark), []
    while at >= 0:
        found.append(at)
        at = body.find(mark, at + 1)
    return struct.pack(f"<{len(found)}I", *found)


def write_bodies(folder):
    os.makedirs(folder)
    for connection in range(OVERLOAD):
        body = protobuf_body(connection)
        times = struct.unpack(f"<{len(find_all(body, PLACE_NS.to_bytes(8, 'little')[3:])) // 4}I", find_all(body, PLACE_NS.to_bytes(8, "little")[3:]))
        for name, data in (("body", body), ("times", struct.pack(f"<{len(times)}I", *(at - 3 for at in times))), ("ids", find_all(body, ID_MARK))):
            with open(f"{folder}/{name}-{connection}", "wb") as file:
                file.write(data)
    return folder, len(body)


def load(program, daemon, folder, seconds, connections=CONNECTIONS):
    done = subprocess.run([*on(1), program, str(daemon.address[1]), "/v1/traces", "application/x-protobuf", str(connections), str(seconds), folder],
                          capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)
    figures["rate"] = figures["requests_per_s"] * SPANS
    return figures


def stored(daemon):
    return daemon.sql("SELECT spans FROM span_total")[0][0]


class Neighbour(threading.Thread):
    """One who calls by HTTP a hundred times a second meanwhile."""

    def __init__(self, daemon):
        super().__init__()
        self.daemon_under_test = daemon
        self.took = []
        self.over = threading.Event()

    def run(self):
        connection = http.client.HTTPConnection(*self.daemon_under_test.address, timeout=60)
        body = json.dumps(orfeas_test.request("health.check", {}))
        while not self.over.wait(0.01):
            begin = time.perf_counter()
            connection.request("POST", "/rpc", body, {"Content-Type": "application/json"})
            connection.getresponse().read()
            self.took.append((time.perf_counter() - begin) * 1000)
        connection.close()

    def p99_ms(self):
        self.over.set()
        self.join()
        return sorted(self.took)[len(self.took) * 99 // 100]


def measure_sustained(table, program, daemon, folder, inserted):
    """From four fifths of the goal on, in runs of ten seconds; then with three times the senders."""
    alone = Neighbour(daemon)
    alone.start()
    time.sleep(10)
    alone_ms = alone.p99_ms()
    while stored(daemon) < GOAL * 4 // 5:
        load(program, daemon, folder, 10)
    rates, worst_ms = [], 0
    while stored(daemon) < GOAL:
        other = Neighbour(daemon)
        other.start()
        rates.append(load(program, daemon, folder, 10)["rate"])
        worst_ms = max(worst_ms, other.p99_ms())
    rates.sort()
    middle = rates[len(rates) // 2]
    table.add(f"{GOAL * 4 // 5:,} to {GOAL:,} spans, runs of 10 s", f"median {middle:,.0f}  least {rates[0]:,.0f} spans/s  {rss_bytes(daemon.process.pid) >> 20} MiB",
              ">= 50,000", middle >= 50_000)
    table.add("  beside SQLite alone, empty", f"{middle / inserted:.2f}", ">= 0.6", middle / inserted >= 0.6)
    table.add("  another's health.check, p99", f"{worst_ms:.1f} ms, {alone_ms:.1f} without", "<= 2 x", worst_ms <= 2 * alone_ms)
    figures = load(program, daemon, folder, 10, OVERLOAD)
    rss = rss_bytes(daemon.process.pid)
    table.add(f"{OVERLOAD} connections", f"{figures['rate']:,.0f} spans/s  {figures['refused']} refused  {rss >> 20} MiB", "<= 150 MiB", rss <= 150 << 20)


def json_body(number):
    spans = [
        {"traceId": f"{number:016x}{i // A_TRACE:016x}", "spanId": f"{number:08x}{i + 1:08x}", "parentSpanId": f"{number:08x}{i:08x}" if i % A_TRACE else "",
         "name": f"GET /v1/items/{i % 10}", "kind": 2, "startTimeUnixNano": str(time.time_ns()), "endTimeUnixNano": str(time.time_ns() + 50_000),
         "attributes": [{"key": key, "value": {"intValue": value} if isinstance(value, int) else {"stringValue": value}} for key, value in labels(i).items()],
         "status": {}}
        for i in range(SPANS)
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "json"}}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}, separators=(",", ":")).encode()


def measure_json(table, daemon):
    """Bodies are made before, each with ids of its own; a few connections send them."""
    bodies = [json_body(1 << 30 | number) for number in range(40 * SECONDS)]
    length = len(bodies[0])

    def work():
        connection = http.client.HTTPConnection(*daemon.address, timeout=60)
        while bodies:
            try:
                body = bodies.pop()
            except IndexError:
                break
            connection.request("POST", "/v1/traces", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            assert response.status == 200, response.read()
            response.read()
        connection.close()

    count = len(bodies)
    threads = [threading.Thread(target=work) for _ in range(4)]
    begin, cpu = time.perf_counter(), cpu_s(daemon.process.pid)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, cpu = time.perf_counter() - begin, cpu_s(daemon.process.pid) - cpu
    rate = count * SPANS / took
    table.add(f"OTLP JSON, {length >> 10} KiB a request, 4 connections", f"{rate:,.0f} spans/s  {cpu / took:.2f} cores", ">= 25,000", rate >= 25_000)


def ask(table, daemon, what, target_ms, method, params):
    took = []
    with orfeas_test.Peer(daemon.socket) as peer:
        for _ in range(30):
            begin = time.perf_counter()
            answer = peer.call(method, params)
            took.append((time.perf_counter() - begin) * 1000)
    took.sort()
    count = len(next((value for value in answer.values() if isinstance(value, list)), []))
    table.add(what, f"p50 {took[15]:.2f}  max {took[-1]:.2f} ms  {count} told", f"<= {target_ms} ms", took[15] <= target_ms)
    return answer


def ask_all(table, daemon):
    hour_ago = orfeas_test.now_us() - 3_600_000_000
    newest = ask(table, daemon, "list, the newest", 30, "traces.list", {})["traces"]
    ask(table, daemon, "list, a service and operation", 30, "traces.list", {"service": "service-1", "operation": "GET /v1/items/3"})
    ask(table, daemon, "list, a service, long (1 of 256)", 30, "traces.list", {"service": "service-3", "min_duration_us": 10_000})
    ask(table, daemon, "list, longer than any", 30, "traces.list", {"min_duration_us": 10_449})
    ask(table, daemon, "list, failed", 30, "traces.list", {"outcome": "error"})
    ask(table, daemon, "list, an attribute that all have", 30, "traces.list", {"tags": {"server.port": "8080"}})
    ask(table, daemon, "list, an attribute that none has", 30, "traces.list", {"tags": {"none": "1"}})
    ask(table, daemon, "list, an hour ago", 30, "traces.list", {"to_us": hour_ago})
    ask(table, daemon, "get", 5, "traces.get", {"trace_id": newest[0]["trace_id"]})
    ask(table, daemon, "slow", 50, "traces.slow", {})
    ask(table, daemon, "dependencies", 20, "traces.dependencies", {})
    ask(table, daemon, "services", 30, "traces.services", {})
    ask(table, daemon, "stats", 100, "traces.stats", {})


def main():
    session = Session()
    program = compile_c(session, "ingest-load.c")
    bare = compile_c(session, "bare-spans.c", "sqlite3")
    folder, body_bytes = write_bodies(f"{session.dir}/protobuf")
    table = Table(f"{CONNECTIONS} connections, {SPANS} spans a request with 8 attributes ({body_bytes >> 10} KiB protobuf), {SECONDS} s; daemon on core 0, load on core 1")
    migration = os.path.join(HERE, "..", "..", "migrations", "013-trace.sql")
    inserted = float(subprocess.run([*on(0), bare, f"{session.dir}/bare.db", migration, str(SECONDS), "5000"], capture_output=True, text=True, check=True).stdout)
    table.add("SQLite alone, 5,000 spans a commit, FULL", f"{inserted:,.0f} spans/s")
    for what, wrapper in (("OTLP protobuf, the daemon on one core", on(0)), ("OTLP protobuf, the daemon on both", ())):
        daemon = session.test.start(wrapper=wrapper, settings={"gpu.backends": ""})
        cpu = cpu_s(daemon.process.pid)
        figures = load(program, daemon, folder, SECONDS)
        cpu = cpu_s(daemon.process.pid) - cpu
        table.add(what, f"{figures['rate']:,.0f} spans/s  p50 {figures['p50_us'] / 1000:.1f} p99 {figures['p99_us'] / 1000:.1f} ms  {figures['refused']} refused  "
                        f"{cpu / SECONDS:.2f} cores  {rss_bytes(daemon.process.pid) >> 20} MiB", ">= 50,000", figures["rate"] >= 50_000)
        table.add("  beside SQLite alone", f"{figures['rate'] / inserted:.2f}", ">= 0.6", figures["rate"] / inserted >= 0.6)
        if wrapper:
            daemon.stop()
            os.remove(daemon.db)
    measure_json(table, daemon)
    if GOAL:
        measure_sustained(table, program, daemon, folder, inserted)
    n_spans, size = daemon.sql("SELECT spans, bytes FROM span_total")[0]
    table.add(f"asked of {n_spans:,} spans", f"{os.path.getsize(daemon.db) / n_spans:.0f} B a span in the file, {size / n_spans:.0f} by span_total")
    ask_all(table, daemon)
    table.print()


main()
