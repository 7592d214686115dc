#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Samples a second, on disk when answered: by OTLP protobuf and by metrics.record, beside what SQLite alone
inserts and what VictoriaMetrics takes (in memory) by the same load; once more with 2 ms added to each sync."""

import http.client
import json
import os
import shutil
import struct
import subprocess
import threading
import time

from orfeas_bench import SECONDS, Session, Table, compile_c, cpu_s, free_port, on, orfeas_test, reachable, rss_bytes

import otlp_wire as otlp

CONNECTIONS = 8
POINTS = 1000  # of one request: an SDK's or a collector's batch
PLACE_NS = 0x0123456789000000  # where the time goes


def labels(connection, i):
    return {"http.request.method": "GET", "http.route": f"/v1/items/{i % 50}", "server": f"s{connection}", "worker": str(i)}


def otlp_body(connection):
    points = [otlp.number_point(PLACE_NS, i + connection, labels(connection, i), start_ns=1_700_000_000_000_000_000) for i in range(POINTS)]
    metrics = [otlp.counter(f"http.server.requests.{k}", points[k * 100 : (k + 1) * 100], unit="{request}") for k in range(POINTS // 100)]
    return otlp.metrics_request(metrics, {"service.name": "api", "service.instance.id": f"i{connection}", "host.name": "node-7",
                                          "telemetry.sdk.language": "c"}, "bench")


def record_body(connection):
    samples = [{"name": "http.server.requests", "labels": {"worker": f"{connection}-{i}"}, "value": i + 0.5} for i in range(POINTS)]
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "metrics.record", "params": {"samples": samples}}, separators=(",", ":")).encode()


def text_body(connection):
    rows = [",".join(f'{key.replace(".", "_")}="{value}"' for key, value in labels(connection, i).items()) for i in range(POINTS)]
    return "".join(f"http_server_requests_total{{{row}}} {i + 0.5}\n" for i, row in enumerate(rows)).encode()


def write_bodies(folder, make):
    os.makedirs(folder)
    place = struct.pack("<Q", PLACE_NS)
    for connection in range(CONNECTIONS):
        body = make(connection)
        offsets, at = [], body.find(place)
        while at >= 0:
            offsets.append(at)
            at = body.find(place, at + 8)
        with open(f"{folder}/body-{connection}", "wb") as file:
            file.write(body)
        with open(f"{folder}/times-{connection}", "wb") as file:
            file.write(struct.pack(f"<{len(offsets)}I", *offsets))
    return folder, len(body)


def load(program, port, path, content_type, folder):
    done = subprocess.run([*on(1), program, str(port), path, content_type, str(CONNECTIONS), str(SECONDS), folder],
                          capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)
    figures["rate"] = figures["requests_per_s"] * POINTS
    return figures


class Probe(threading.Thread):
    """health.check by the Unix socket, every few milliseconds, beside the load."""

    def __init__(self, daemon):
        super().__init__()
        self.daemon_path, self.took_ms, self.stopping = daemon.socket, [], False

    def run(self):
        with orfeas_test.Peer(self.daemon_path) as peer:
            while not self.stopping:
                begin = time.perf_counter()
                peer.call("health.check")
                self.took_ms.append((time.perf_counter() - begin) * 1000)
                time.sleep(0.003)

    def p99(self):
        self.stopping = True
        self.join()
        return sorted(self.took_ms)[int(len(self.took_ms) * 0.99)]


def commits(daemon):
    rows = daemon.call("metrics.query", {"select": "orfeas.db.commits", "from_us": orfeas_test.now_us() - 5_000_000, "to_us": orfeas_test.now_us()})
    return rows["series"][0]["points"][-1][1]


def measure(table, session, program, what, path, content_type, folder, target, env=None, both_cores=False):
    daemon = session.test.start(env=env, wrapper=() if both_cores else on(0), settings={"gpu.backends": ""})
    load_port = daemon.address[1]
    time.sleep(1.5)  # the counters' first second
    before = (daemon.call("status.get")["db"]["rows_written"], commits(daemon), cpu_s(daemon.process.pid))
    probe = Probe(daemon)
    probe.start()
    figures = load(program, load_port, path, content_type, folder)
    p99 = probe.p99()
    time.sleep(1.2)
    rows = daemon.call("status.get")["db"]["rows_written"] - before[0]
    done = commits(daemon) - before[1]
    seconds = cpu_s(daemon.process.pid) - before[2]
    table.add(what, f"{figures['rate']:,.0f} samples/s  p50 {figures['p50_us'] / 1000:.1f} p99 {figures['p99_us'] / 1000:.1f} ms  {figures['refused']} refused",
              f">= {target:,}", figures["rate"] >= target)
    table.add("  of it", f"{rows / max(done, 1):,.0f} rows a commit  {seconds / SECONDS:.2f} cores  {rss_bytes(daemon.process.pid) >> 20} MiB  "
                         f"health.check p99 {p99:.1f} ms")
    stored = daemon.call("status.get")["db"]["rows_written"]
    daemon.stop()
    os.remove(daemon.db)
    return figures["rate"], stored


def main():
    session = Session()
    program = compile_c(session, "ingest-load.c")
    bare = compile_c(session, "bare-insert.c", "sqlite3")
    shim = os.path.join(session.dir, "slow-sync.so")
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", shim, os.path.join(os.path.dirname(__file__), "slow-sync.c"), "-ldl"], check=True)
    slow = {"LD_PRELOAD": shim}
    protobuf, protobuf_bytes = write_bodies(f"{session.dir}/protobuf", otlp_body)
    record, record_bytes = write_bodies(f"{session.dir}/record", record_body)
    text, text_bytes = write_bodies(f"{session.dir}/text", text_body)
    table = Table(f"{CONNECTIONS} connections, {POINTS} samples a request ({protobuf_bytes >> 10} KiB protobuf, {record_bytes >> 10} KiB JSON, "
                  f"{text_bytes >> 10} KiB text), {SECONDS} s each; daemon on core 0, load on core 1")
    inserted = float(subprocess.run([*on(0), bare, f"{session.dir}/bare.db", str(SECONDS), "5000"], capture_output=True, text=True, check=True).stdout)
    table.add("SQLite alone, 5,000 rows a commit, FULL", f"{inserted:,.0f} rows/s")
    both, _ = measure(table, session, program, "OTLP protobuf", "/v1/metrics", "application/x-protobuf", protobuf, 300_000)
    table.add("  beside SQLite alone", f"{both / inserted:.2f}")
    measure(table, session, program, "OTLP protobuf, 2 ms more a sync", "/v1/metrics", "application/x-protobuf", protobuf, 300_000, slow)
    measure(table, session, program, "metrics.record", "/rpc", "application/json", record, 150_000)
    measure(table, session, program, "metrics.record, 2 ms more a sync", "/rpc", "application/json", record, 150_000, slow)
    if shutil.which("victoria-metrics"):
        port = free_port()
        peer = session.child(["victoria-metrics", f"-httpListenAddr=127.0.0.1:{port}", f"-storageDataPath={session.dir}/vm"])
        if reachable(f"http://127.0.0.1:{port}/health"):
            figures = load(program, port, "/api/v1/import/prometheus", "text/plain", text)
            table.add("VictoriaMetrics, text, not on disk when answered", f"{figures['rate']:,.0f} samples/s  p99 {figures['p99_us'] / 1000:.1f} ms")
            table.add("  OTLP beside it", f"{both / figures['rate']:.2f}")
        session.end(peer)
    else:
        table.absent("VictoriaMetrics", "not installed")
    table.print()


main()
