#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""[scrape]: what it costs to pull a real node exporter each second and each 15 s, and a page of 10,000 series,
beside a Prometheus that pulls the same."""

import http.server
import json
import os
import shutil
import threading
import time

from orfeas_bench import SECONDS, Session, Table, free_port, orfeas_test, reachable, rss_bytes

SPAN_S = max(4 * SECONDS, 15)
N_SERIES = 10000


class BigPage(http.server.BaseHTTPRequestHandler):
    """10,000 series whose values move."""

    protocol_version = "HTTP/1.1"
    step = 0

    def do_GET(self):
        BigPage.step += 1
        body = "# TYPE requests_total counter\n" + "".join(
            f'requests_total{{handler="/api/v1/thing/{i % 100}",code="200",worker="worker-{i // 100}:9000"}} {i * 17 + BigPage.step}\n'
            for i in range(N_SERIES))
        data = body.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def thread_cpu_s(pid, thread):
    """Exact, where /proc/PID/stat counts in ticks of 10 ms."""
    with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e9


def main_cpu_s(pid):
    return thread_cpu_s(pid, pid)


def cpu_s(pid):
    """Of all threads; none ends meanwhile."""
    return sum(thread_cpu_s(pid, thread) for thread in os.listdir(f"/proc/{pid}/task"))


def percent(pid):
    before, begin = cpu_s(pid), time.monotonic()
    time.sleep(SPAN_S)
    return (cpu_s(pid) - before) / (time.monotonic() - begin) * 100


def ours(session, url, period_s):
    """(percent of a core, percent in the main loop, MiB, samples a scrape) with one target, or none."""
    settings = {"gpu.backends": "simulated"}
    if url:
        settings |= {"scrape.node": url, "scrape.period_us": period_s * 1_000_000}
    daemon = session.daemon(settings=settings)
    pid, samples = daemon.process.pid, 0
    if url:
        targets = lambda: daemon.call("scrape.targets")["targets"]
        orfeas_test.wait_for(lambda: targets()[0]["state"] == "up", "the first scrape")
        samples = targets()[0]["samples"]
    time.sleep(2)
    main_before, begin = main_cpu_s(pid), time.monotonic()
    whole = percent(pid)
    in_main = (main_cpu_s(pid) - main_before) / (time.monotonic() - begin) * 100
    rss = rss_bytes(pid) / 2**20
    daemon.stop()
    os.unlink(daemon.db)
    return whole, in_main, rss, samples


def prometheus(session, url, period_s):
    config = os.path.join(session.dir, "prometheus.yml")
    with open(config, "w", encoding="utf-8") as file:
        host, _, path = (url or "").partition("//")[2].partition("/")
        json.dump({"global": {"scrape_interval": f"{period_s}s", "scrape_timeout": f"{min(period_s, 10)}s"}, "scrape_configs": [
            {"job_name": "node", "metrics_path": "/" + path, "static_configs": [{"targets": [host]}] if url else []}]}, file)
    port, data = free_port(), os.path.join(session.dir, f"tsdb-{period_s}-{time.monotonic_ns()}")
    peer = session.child(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={data}", f"--web.listen-address=127.0.0.1:{port}"])
    assert reachable(f"http://127.0.0.1:{port}/-/ready", 60), "Prometheus does not start"
    time.sleep(min(period_s, 15) + 2)
    result = percent(peer.pid), rss_bytes(peer.pid) / 2**20
    session.end(peer)
    return result


def measure(session, table, what, url, period_s, idle, their_idle):
    """Both by what a target adds, for we sample a machine each second besides."""
    whole, in_main, rss, samples = ours(session, url, period_s)
    cost = max(whole - idle[0], 0.001)
    table.add(f"{what} each {period_s} s, {samples} samples", f"{whole:.2f} % of a core, {rss:.0f} MiB")
    table.add("  added by the target", f"{cost:.2f} %, of it {max(in_main - idle[1], 0):.2f} in the main loop")
    if their_idle is None:
        table.absent("  Prometheus", "it is not installed")
        return
    theirs, their_rss = prometheus(session, url, period_s)
    added = max(theirs - their_idle[0], 0.001)
    text = f"{theirs:.2f} %, {their_rss:.0f} MiB; added {added:.2f} %"
    if period_s == 1:  # else both are within what cannot be told apart
        table.add("  Prometheus", f"{text}; ours in ratio {cost / added:.2f}", "<= 1", cost <= added)
    else:
        table.add("  Prometheus", text)


def main():
    session = Session()
    table = Table(f"pulling /metrics for {SPAN_S} s each")
    idle = ours(session, None, 0)
    table.add("no target", f"{idle[0]:.2f} % of a core, {idle[2]:.0f} MiB")
    their_idle = prometheus(session, None, 1) if shutil.which("prometheus") else None
    if their_idle:
        table.add("  Prometheus", f"{their_idle[0]:.2f} %, {their_idle[1]:.0f} MiB")
    if shutil.which("prometheus-node-exporter") is None:
        table.absent("node exporter", "it is not installed")
    else:
        port = free_port()
        exporter = session.child(["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}"])
        url = f"http://127.0.0.1:{port}/metrics"
        assert reachable(url), "the node exporter does not start"
        for period_s in (1, 15):
            before, begin = cpu_s(exporter.pid), time.monotonic()
            measure(session, table, "node exporter", url, period_s, idle, their_idle)
            if period_s == 1:
                rate = (cpu_s(exporter.pid) - before) / (time.monotonic() - begin) * 100
                table.add("  the exporter's own cost meanwhile", f"{rate:.2f} %")
        session.end(exporter)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), BigPage)
    server.handle_error = lambda *_: None  # who pulls goes in the middle of a page
    threading.Thread(target=server.serve_forever, daemon=True).start()
    measure(session, table, f"a page of {N_SERIES}", f"http://127.0.0.1:{server.server_port}/metrics", 1, idle, their_idle)
    server.shutdown()
    table.print()


main()
