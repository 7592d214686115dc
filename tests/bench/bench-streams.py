#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""1,000 subscribers of 50 metrics a second: how late, how dear, and what other callers notice; calls by WebSocket."""

import json
import re
import subprocess
import time

from orfeas_bench import SECONDS, Session, Table, call_text, compile_c, cpu_s, on, orfeas_test, rss_bytes, wrk

SUBSCRIBERS = 1000
METRICS = 50
SILENT = 100
TICKS = 30
CALL = call_text("gpu.profile")
WATCH = call_text("metrics.watch", {"select": '{__name__=~"bench.value|orfeas.*|host.*|gpu.*"}'})


def port(daemon):
    return int(daemon.ready["http"].rpartition(":")[2])


def choose(daemon):
    """A selector that means METRICS built-in series, and how many."""
    names = []
    for series in daemon.call("metrics.list", {"limit": 1000})["series"]:
        names.append(series["series"])
    chosen = names[:METRICS]
    families = sorted({name.split("{")[0] for name in chosen})
    pattern = "|".join(re.escape(family) for family in families)
    select = f'{{__name__=~"{pattern}"}}'
    return select, len([name for name in names if name.split("{")[0] in families])


def watch(program, daemon, subscribers, silent, seconds, text):
    return subprocess.Popen([*on(1), program, str(port(daemon)), "watch", str(subscribers), str(silent), str(seconds), text],
                            stdout=subprocess.PIPE, text=True)


def finish(child):
    return json.loads(child.communicate()[0])


def kernel_bytes(number):
    """What the kernel holds for our ends of the connections."""
    text = subprocess.run(["ss", "-tmnH", "state", "established", f"( sport = :{number} )"],
                          capture_output=True, text=True, check=True).stdout
    return [int(held) for held in re.findall(r",w(\d+),", text)]


def measure_subscribers(program, daemon, table):
    select, count = choose(daemon)
    text = call_text("metrics.watch", {"select": select})
    alone = wrk(daemon.ready["http"] + "/rpc", 32, CALL)
    before = rss_bytes(daemon.ready["pid"])
    idle_s = cpu_s(daemon.ready["pid"])
    time.sleep(10)
    idle = (cpu_s(daemon.ready["pid"]) - idle_s) / 10
    child = watch(program, daemon, SUBSCRIBERS, 0, TICKS + 4, text)
    time.sleep(4)
    start_s, start = cpu_s(daemon.ready["pid"]), time.monotonic()
    time.sleep(TICKS - 1)
    share = 100 * ((cpu_s(daemon.ready["pid"]) - start_s) / (time.monotonic() - start) - idle)
    grown = (rss_bytes(daemon.ready["pid"]) - before) / 1e6
    figures = finish(child)
    table.add(f"{SUBSCRIBERS} x {count} metrics at 1 Hz, tick to received",
              f"p50 {figures['p50_us'] / 1000:.1f} ms  p99 {figures['p99_us'] / 1000:.1f} ms  {figures['values']} values",
              "p99 <= 30 ms", figures["p99_us"] <= 30000)
    table.add("lost", f"{figures['dropped']} values, {SUBSCRIBERS - figures['open']} connections", "none",
              figures["dropped"] == 0 and figures["open"] == SUBSCRIBERS)
    table.add("CPU more than idle, of a core", f"{share:.2f} %", "<= 3 %", share <= 3)
    table.add("RSS more", f"{grown:.1f} MB", "<= 10 MB", grown <= 10)
    child = watch(program, daemon, SUBSCRIBERS, 0, SECONDS + 4, text)
    time.sleep(3)
    meanwhile = wrk(daemon.ready["http"] + "/rpc", 32, CALL)
    finish(child)
    table.add("HTTP, no subscribers", f"{alone[0]:,.0f}/s  p99 {alone[2]:.2f} ms")
    table.add("HTTP meanwhile", f"{meanwhile[0]:,.0f}/s  p99 {meanwhile[2]:.2f} ms")
    table.add("p99 meanwhile beside alone", f"{meanwhile[2] / alone[2]:.2f}", "<= 1.5", meanwhile[2] <= 1.5 * alone[2])


def measure_silent(program, daemon, table):
    before = rss_bytes(daemon.ready["pid"])
    child = watch(program, daemon, 1, SILENT, 16, WATCH)
    start = time.monotonic()
    orfeas_test.wait_for(lambda: len(kernel_bytes(port(daemon))) > SILENT, "connections")
    most = most_kernel = 0
    closed = None
    while time.monotonic() - start < 15 and closed is None:
        held = kernel_bytes(port(daemon))
        most = max(most, rss_bytes(daemon.ready["pid"]) - before)
        most_kernel = max(most_kernel, max(held, default=0))
        if len(held) <= 2:
            closed = time.monotonic() - start
        time.sleep(0.2)
    finish(child)
    each = (most / SILENT + most_kernel) / 2**20
    table.add(f"{SILENT} that never read, each", f"{each:.3f} MiB with the kernel's part", "<= 1 MiB", each <= 1)
    table.add("closed after", f"{closed:.1f} s" if closed else "not", "<= 10 s", closed is not None and closed <= 10)


def measure_calls(program, daemon, table):
    http = wrk(daemon.ready["http"] + "/rpc", 32, CALL)
    table.add("calls by HTTP, 32 connections", f"{http[0]:,.0f}/s  p99 {http[2]:.2f} ms")
    for connections, in_flight in ((32, 1), (4, 8)):
        done = subprocess.run([*on(1), program, str(port(daemon)), "calls", str(connections), str(in_flight), str(SECONDS), CALL],
                              capture_output=True, text=True, check=True)
        figures = json.loads(done.stdout)
        ratio = figures["calls_per_s"] / http[0]
        name = f"calls by WebSocket, {connections} x {in_flight}"
        table.add(name, f"{figures['calls_per_s']:,.0f}/s  p99 {figures['p99_us'] / 1000:.2f} ms  {figures['errors']} errors")
        table.add(name + " beside HTTP", f"{ratio:.2f}", ">= 1", ratio >= 1 and figures["errors"] == 0)


def main():
    session = Session()
    program = compile_c(session, "websocket-load.c")
    daemon = session.daemon(settings={"gpu.backends": "simulated", "dashboard.max_subscribers": "2000"})
    orfeas_test.wait_for(lambda: daemon.call("gpu.list")["devices"], "devices")
    time.sleep(2)
    table = Table(f"{SUBSCRIBERS} subscribers, {TICKS} s; calls {SECONDS} s each")
    measure_calls(program, daemon, table)
    measure_subscribers(program, daemon, table)
    measure_silent(program, daemon, table)
    daemon.stop()
    table.print()


main()
