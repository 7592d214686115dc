#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gpu.profile by HTTP beside a bare libsoup handler and Flask; a range query beside Netdata and Prometheus."""

import os
import shutil
import sys
import time
import urllib.parse

from orfeas_bench import HERE, SECONDS, Session, Table, call_text, compile_c, free_port, orfeas_test, reachable, wrk

POINTS = 300
BODY = call_text("gpu.profile")


def measure_bare(session, answer):
    """The same bytes from a handler that only parses and answers."""
    path = os.path.join(session.dir, "answer.json")
    with open(path, "wb") as file:
        file.write(answer)
    port = free_port()
    server = session.child([compile_c(session, "bare-libsoup.c", "libsoup-3.0", "jansson"), str(port), path])
    try:
        if not reachable_post(port):
            return None
        return {connections: wrk(f"http://127.0.0.1:{port}/rpc", connections, BODY) for connections in (32, 1000)}
    finally:
        session.end(server)


def reachable_post(port, patience_s=20):
    import http.client

    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("POST", "/rpc", BODY, {"Content-Type": "application/json"})
            return connection.getresponse().status == 200
        except OSError:
            time.sleep(0.1)
    return False


def measure_flask(session):
    if not shutil.which("gunicorn"):
        return None
    port = free_port()
    server = session.child(
        ["gunicorn", "--workers", "1", "--bind", f"127.0.0.1:{port}", "--chdir", HERE, "flask_peer:app"],
        env={**os.environ, "BODY": os.path.join(session.dir, "answer.json"), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    try:
        return wrk(f"http://127.0.0.1:{port}/rpc", 32, BODY) if reachable_post(port) else None
    finally:
        session.end(server)


def show(table, name, figures):
    rate, p50, p99, errors = figures
    table.add(name, f"{rate:,.0f}/s  p50 {p50:.2f} ms  p99 {p99:.2f} ms  {errors} errors")


def profile(session):
    daemon = session.daemon()
    orfeas_test.wait_for(lambda: daemon.call("gpu.list")["devices"], "devices")
    answer = daemon.post(BODY)
    url = daemon.ready["http"] + "/rpc"
    ours = {connections: wrk(url, connections, BODY) for connections in (32, 1000)}
    daemon.stop()
    table = Table(f"gpu.profile by HTTP POST, {len(answer)} bytes of answer, {SECONDS} s each")
    for connections, figures in ours.items():
        show(table, f"orfeasd, {connections} connections", figures)
    bare = measure_bare(session, answer)
    if bare:
        for connections, figures in bare.items():
            show(table, f"bare libsoup, {connections} connections", figures)
        rate = ours[32][0] / bare[32][0]
        tail = ours[32][2] / bare[32][2]
        table.add("rate beside bare libsoup, 32", f"{rate:.2f}", ">= 0.80", rate >= 0.8)
        table.add("p99 beside bare libsoup, 32", f"{tail:.2f}", "<= 1.5", tail <= 1.5)
    else:
        table.absent("bare libsoup", "it did not start")
    table.add("errors and time-outs at 1000", str(ours[1000][3]), "0", ours[1000][3] == 0)
    flask = measure_flask(session)
    if flask:
        show(table, "Flask, gunicorn, 1 worker, 32", flask)
        table.add("rate beside Flask", f"{ours[32][0] / flask[0]:.1f}", ">= 5", ours[32][0] >= 5 * flask[0])
    else:
        table.absent("Flask", "gunicorn or python3-flask is not installed")
    table.print()


def start_netdata(session):
    """(process, URL of the query), or (None, why not)."""
    if not shutil.which("netdata"):
        return None, "netdata-core is not installed"
    port = free_port()
    folder = os.path.join(session.dir, "netdata")
    for name in ("cache", "lib", "log", "etc"):
        os.makedirs(os.path.join(folder, name))
    config = os.path.join(folder, "netdata.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(
            f"[global]\n run as user = {os.environ.get('USER', 'root')}\n"
            f"[directories]\n cache = {folder}/cache\n lib = {folder}/lib\n log = {folder}/log\n config = {folder}/etc\n"
            "[db]\n mode = ram\n retention = 600\n update every = 1\n"
            f"[web]\n bind to = 127.0.0.1:{port}\n web server threads = 1\n[ml]\n enabled = no\n[health]\n enabled = no\n"
        )
    server = session.child(["netdata", "-D", "-c", config])
    url = f"http://127.0.0.1:{port}/api/v1/data?chart=mem.available&points={POINTS}&after=-{POINTS}&format=json"
    return (server, url) if reachable(url, 40) else (None, "it did not start")


def start_prometheus(session):
    """The same."""
    if not shutil.which("prometheus"):
        return None, "prometheus is not installed"
    port = free_port()
    config = os.path.join(session.dir, "prometheus.yml")
    with open(config, "w", encoding="utf-8") as file:
        file.write(
            "global:\n  scrape_interval: 1s\nscrape_configs:\n  - job_name: self\n    static_configs:\n"
            f"      - targets: ['127.0.0.1:{port}']\n"
        )
    server = session.child(
        ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={session.dir}/prometheus",
         f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"],
        env={**os.environ, "GOMAXPROCS": "1"},
    )
    if not reachable(f"http://127.0.0.1:{port}/-/ready", 40):
        return None, "it did not start"
    # the span begins now: it is asked for once it is over
    start = int(time.time()) + 2
    query = urllib.parse.urlencode({"query": "process_resident_memory_bytes", "start": start, "end": start + POINTS - 1, "step": 1})
    return server, f"http://127.0.0.1:{port}/api/v1/query_range?{query}"


def range_query(session):
    peers = {"Netdata": start_netdata(session), "Prometheus, 1 core": start_prometheus(session)}
    time.sleep(POINTS + 5)  # until they have as many points, one a second
    daemon = session.daemon(settings={"host.enabled": "false"})
    now = orfeas_test.now_us()
    samples = [{"name": "bench", "value": i * 1.25, "t_us": now - (POINTS - i) * 1000000} for i in range(POINTS)]
    daemon.call("metrics.record", {"samples": samples})
    query = {"select": "bench", "from_us": now - POINTS * 1000000, "to_us": now + 1}
    points = daemon.call("metrics.query", query)["series"][0]["points"]
    assert len(points) == POINTS, len(points)
    by_rest = wrk(daemon.ready["http"] + "/api/v1/metrics/query?" + urllib.parse.urlencode(query), 32)
    by_rpc = wrk(daemon.ready["http"] + "/rpc", 32, call_text("metrics.query", query))
    daemon.stop()
    table = Table(f"a range query of {POINTS} points, 32 connections")
    show(table, "orfeasd, REST", by_rest)
    show(table, "orfeasd, JSON-RPC", by_rpc)
    for name, (server, url) in peers.items():
        if server is None:
            table.absent(name, url)
            continue
        figures = wrk(url, 32)
        session.end(server)
        show(table, name, figures)
        ratio = by_rest[0] / figures[0]
        table.add(f"rate beside {name}", f"{ratio:.2f}", "> 1", ratio > 1)
    table.print()


def main():
    session = Session()
    wanted = sys.argv[1:] or ["profile", "range"]
    if "profile" in wanted:
        profile(session)
    if "range" in wanted:
        range_query(session)


main()
