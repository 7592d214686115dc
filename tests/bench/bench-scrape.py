#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""GET /metrics of 18,000 series: what a scrape costs, the main loop above all, beside two peers that tell the same."""

import http.client
import json
import os
import shutil
import time

from orfeas_bench import Session, Table, cpu_s, free_port, orfeas_test, reachable, rss_bytes

NAMES, LABELS = 100, 180
ROUNDS = 20
PACKED = {"Accept-Encoding": "gzip"}


def record(daemon, step):
    """All series anew, so that no page can be told twice."""
    for first in range(0, LABELS, 90):
        daemon.call("metrics.record", {"samples": [
            {"name": f"service.component{name}.requests", "value": (name * 7919 + label * 131 + step) % 100000 / 8,
             "labels": {"device": f"opencl-{label % 10}", "handler": f"/api/v1/thing/{label}", "instance": "worker-17:9000"}}
            for name in range(NAMES) for label in range(first, first + 90)]})


def get(address, path, headers=None):
    connection = http.client.HTTPConnection(*address, timeout=60)
    try:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, response.status
        return body
    finally:
        connection.close()


def main_cpu_ms(pid):
    """Of the thread that runs the main loop."""
    with open(f"/proc/{pid}/task/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e6


def scrape(pid, address, path, headers, prepare=lambda step: None):
    """Medians of one scrape: wall ms, the main thread's CPU ms; and the mean of all CPU ms."""
    walls, mains, whole = [], [], 0.0
    for step in range(ROUNDS):
        prepare(step)
        time.sleep(1)  # a page that took long is told again for a while
        cpu, main = cpu_s(pid), main_cpu_ms(pid)
        begin = time.monotonic()
        get(address, path, headers)
        walls.append((time.monotonic() - begin) * 1e3)
        mains.append(main_cpu_ms(pid) - main)
        whole += (cpu_s(pid) - cpu) * 1e3
    return sorted(walls)[ROUNDS // 2], sorted(mains)[ROUNDS // 2], whole / ROUNDS


def measure_prometheus(session, table, daemon, ours_ms):
    """The same series out of the real one, which has scraped them, by /federate."""
    if shutil.which("prometheus") is None:
        table.absent("Prometheus, /federate", "it is not installed")
        return
    config = os.path.join(session.dir, "prometheus.yml")
    with open(config, "w", encoding="utf-8") as file:
        json.dump({"global": {"scrape_interval": "5s"}, "scrape_configs": [
            {"job_name": "orfeas", "static_configs": [{"targets": ["%s:%d" % daemon.address]}]}]}, file)
    port = free_port()
    peer = session.child(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={session.dir}/tsdb",
                          f"--web.listen-address=127.0.0.1:{port}"])
    path = "/federate?match[]=%7B__name__%3D~%22.%2B%22%7D"
    address = ("127.0.0.1", port)
    assert reachable(f"http://127.0.0.1:{port}/-/ready", 60), "Prometheus does not start"
    orfeas_test.wait_for(lambda: get(address, path).count(b"\n") > NAMES * LABELS, "its first scrape")
    for headers, name in ((None, "plain"), (PACKED, "gzip")):
        wall, _, cpu = scrape(peer.pid, address, path, headers)
        table.add(f"Prometheus, /federate, {name}", f"{wall:.0f} ms, {cpu:.0f} ms CPU; ours in ratio {ours_ms[name] / wall:.2f}")
    session.end(peer)


def main():
    session = Session()
    daemon = session.daemon(settings={"gpu.backends": "simulated"})
    pid = daemon.process.pid
    record(daemon, 0)
    before = rss_bytes(pid)
    table = Table(f"a scrape of {NAMES * LABELS:,} series, median of {ROUNDS}")
    get(daemon.address, "/metrics", PACKED)
    table.add("memory that the first one took", f"{(rss_bytes(pid) - before) / 1e6:.1f} MB")
    ours_ms = {}
    for headers, name in ((None, "plain"), (PACKED, "gzip")):
        length = len(get(daemon.address, "/metrics", headers))
        wall, main_ms, cpu = scrape(pid, daemon.address, "/metrics", headers, lambda step: record(daemon, step))
        ours_ms[name] = wall
        table.add(f"{name}, {length / 1e6:.2f} MB", f"{wall:.0f} ms, {cpu:.0f} ms CPU")
        table.add(f"{name}, of that in the main loop", f"{main_ms:.1f} ms", "<= 5 ms", main_ms <= 5)
    measure_prometheus(session, table, daemon, ours_ms)
    table.print()


main()
