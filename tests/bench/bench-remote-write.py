#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Remote write: how fast a backlog of a million samples is handed on, and what a sample costs, beside Prometheus' own sender."""

import http.server
import os
import re
import shutil
import threading
import time
import urllib.request

from orfeas_bench import CORES, Session, Table, cpu_s, free_port, reachable

SERIES, TICKS = 10000, 100  # a call is a tick: a sample of each series, as a request is then
TOTAL = SERIES * TICKS
AGENT_S = 6


class Sink:
    """Takes everything and looks at nothing."""

    def __init__(self):
        self.requests = self.bytes = 0
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                size = int(self.headers["Content-Length"])
                self.rfile.read(size)
                sink.requests += 1
                sink.bytes += size
                self.wfile.write(b"HTTP/1.1 204 No Content\r\n\r\n")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/api/v1/write"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def fill(session):
    daemon = session.daemon(settings={"history.raw_us": 86400 * 10**6})
    begin = time.time_ns() // 10**6 * 1000 - TICKS * 10**6
    for tick in range(TICKS):
        daemon.call("metrics.record", {"samples": [
            {"name": f"load.s{k % 50}", "labels": {"handler": f"/api/v1/thing/{k}", "device": f"gpu{k % 8}"},
             "value": (k * 7919 + tick) % 100000 / 8, "t_us": begin + tick * 10**6} for k in range(SERIES)]})
    daemon.stop()
    return daemon.db


def destination(daemon):
    found = daemon.call("outbox.list")["destinations"]
    return next(one for one in found if one["destination"] == "remote_write")


def catch_up(session, db, url):
    """(samples a second, µs of CPU a sample) of one copy of the file, until all is taken."""
    copy = f"{session.dir}/copy-{time.monotonic_ns()}.db"
    shutil.copy(db, copy)
    shutil.copy(db + "-wal", copy + "-wal")
    daemon = session.daemon(db=copy, settings={
        "history.raw_us": 86400 * 10**6, "remote_write.url": url, "remote_write.period_us": 100000, "outbox.backoff_us": 10000})
    begin, cpu = time.monotonic(), cpu_s(daemon.process.pid)
    while destination(daemon)["samples_sent"] < TOTAL:
        time.sleep(0.02)
    seconds, cpu = time.monotonic() - begin, cpu_s(daemon.process.pid) - cpu
    state = destination(daemon)
    assert state["samples_dropped"] == 0, state
    daemon.stop()
    return state["samples_sent"] / seconds, cpu / state["samples_sent"] * 1e6


class Exporter:
    """The same series."""

    def __init__(self):
        body = "".join(f'load_s{k % 50}{{handler="/api/v1/thing/{k}",device="gpu{k % 8}"}} {k * 7919 % 100000 / 8}\n'
                       for k in range(SERIES)).encode()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def read_sent(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    return sum(float(v) for v in re.findall(r"^prometheus_remote_storage_samples_total(?:\{[^}]*\})? ([0-9.e+]+)$", text, re.M))


def run_agent(session, exporter, url):
    """(CPU s a second, samples sent a second) of Prometheus' agent that scrapes, and sends to url."""
    port, folder = free_port(), f"{session.dir}/agent-{time.monotonic_ns()}"
    os.makedirs(folder)
    with open(f"{folder}/agent.yml", "w", encoding="utf-8") as file:
        file.write(f"global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: x\n  static_configs: [{{targets: ['127.0.0.1:{exporter.port}']}}]\n"
                   + (f"remote_write:\n- url: {url}\n" if url else ""))
    agent = session.child(["prometheus", "--enable-feature=agent", f"--config.file={folder}/agent.yml",
                           f"--storage.agent.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"])
    reachable(f"http://127.0.0.1:{port}/-/ready")
    time.sleep(4)  # its first scrapes make the series
    begin, cpu, sent = time.monotonic(), cpu_s(agent.pid), read_sent(port)
    time.sleep(AGENT_S)
    seconds, cpu, sent = time.monotonic() - begin, cpu_s(agent.pid) - cpu, read_sent(port) - sent
    session.end(agent)
    return cpu / seconds, sent / seconds


def main():
    session = Session()
    table = Table(f"remote write: {TOTAL} samples of {SERIES} series that wait, {len(CORES)} cores")
    db = fill(session)
    sink = Sink()
    rate, cost = catch_up(session, db, sink.url)
    table.add("orfeasd, catching up", f"{rate:,.0f} samples/s", "≥ 100,000: ten times what it records", rate >= 100000)
    table.add("  CPU a sample, all threads", f"{cost:.2f} µs")
    table.add("  bytes a sample", f"{sink.bytes / TOTAL:.2f}")
    sink.close()
    if shutil.which("victoria-metrics"):
        port = free_port()
        peer = session.child(["victoria-metrics", f"-storageDataPath={session.dir}/vm", f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y"])
        reachable(f"http://127.0.0.1:{port}/health")
        rate, _ = catch_up(session, db, f"http://127.0.0.1:{port}/api/v1/write")
        table.add("  into VictoriaMetrics, on the same core", f"{rate:,.0f} samples/s")
        session.end(peer)
    if shutil.which("prometheus"):
        exporter, sink = Exporter(), Sink()
        without, _ = run_agent(session, exporter, None)
        with_it, sent = run_agent(session, exporter, sink.url)
        agent_cost = (with_it - without) / max(sent, 1) * 1e6
        table.add(f"Prometheus' agent at {sent:,.0f} samples/s, what sending adds", f"{agent_cost:.2f} µs", "ours ≤ it", cost <= agent_cost)
    else:
        table.absent("Prometheus' agent", "script/bootstrap --bench")
    table.print()


main()
