#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gpu.profile by the Unix socket, beside the same by HTTP."""

import json
import subprocess

from orfeas_bench import SECONDS, Session, Table, call_text, compile_c, on, orfeas_test, wrk

BODY = call_text("gpu.profile")


def load(program, daemon, connections, in_flight):
    done = subprocess.run([*on(1), program, daemon.socket, str(connections), str(in_flight), str(SECONDS), BODY],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main():
    session = Session()
    program = compile_c(session, "socket-load.c")
    daemon = session.daemon()
    orfeas_test.wait_for(lambda: daemon.call("gpu.list")["devices"], "devices")
    table = Table(f"gpu.profile, {len(daemon.post(BODY))} bytes of answer, {SECONDS} s each")
    http = wrk(daemon.ready["http"] + "/rpc", 32, BODY)
    table.add("HTTP, 32 connections", f"{http[0]:,.0f}/s  p99 {http[2]:.2f} ms")
    for connections, in_flight, target in ((4, 8, 4), (32, 1, 3)):
        figures = load(program, daemon, connections, in_flight)
        ratio = figures["calls_per_s"] / http[0]
        name = f"socket, {connections} x {in_flight}"
        table.add(name, f"{figures['calls_per_s']:,.0f}/s  p99 {figures['p99_us'] / 1000:.2f} ms  {figures['errors']} errors")
        table.add(name + " beside HTTP", f"{ratio:.2f}", f">= {target}", ratio >= target and figures["errors"] == 0)
    daemon.stop()
    table.print()


main()
