#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gpu.cleanup beside what the pools and /proc say, and 1,000 connections that ask for gpu.profile while one runs."""

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
import time

from orfeas_bench import BUILD, HERE, Session, Table, call_text, orfeas_test, raise_descriptors

CONNECTIONS = 1000
CALLS = 10
MIB = 1024 * 1024
IDLE_MIB = (128, 192, 256)
os.environ.setdefault("ORFEAS_DEMO_WORKER", os.path.join(BUILD, "client", "demo", "orfeas-demo-worker"))
orfeas_test.ORFEAS_DEMO_WORKER = os.environ["ORFEAS_DEMO_WORKER"]
PROFILE = call_text("gpu.profile").encode()
REQUEST = b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(PROFILE), PROFILE)


def pss_bytes(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Pss:\s+(\d+) kB", file.read(), re.MULTILINE).group(1)) * 1024


async def one_connection(address, taken_s, errors):
    reader, writer = await asyncio.open_connection(*address)
    try:
        for _ in range(CALLS):
            begun = time.monotonic()
            writer.write(REQUEST)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
            answer = json.loads(await reader.readexactly(length))
            taken_s.append(time.monotonic() - begun)
            if "result" not in answer:
                errors.append(answer)
    except (OSError, EOFError, ValueError) as error:
        errors.append(repr(error))
    finally:
        writer.close()


async def all_connections(address, taken_s, errors):
    await asyncio.gather(*(one_connection(address, taken_s, errors) for _ in range(CONNECTIONS)))


def start(session):
    daemon = session.daemon(settings={"gpu.backends": "opencl", "gpu.cleanup_timeout_us": 10000000})
    device = orfeas_test.wait_for(lambda: daemon.call("gpu.list")["devices"], "a device")[0]["device"]
    return daemon, device


def measure_verdict(session, daemon, device, table):
    demos = [session.test.demo_worker(daemon, "--name", f"studio-{size}", "--weights-mib", "32", "--idle-mib", str(size), "--max-batch", "0")
             for size in IDLE_MIB]
    idle = sum(IDLE_MIB) * MIB
    before = sum(pss_bytes(demo.pid) for demo in demos)
    result = daemon.call("gpu.cleanup", {"device": device})
    really = before - sum(pss_bytes(demo.pid) for demo in demos)
    freed = result["freed_bytes"]
    table.add("three demo workers, held idle and freed", f"{idle / MIB:.0f} MiB, {really / MIB:.1f} MiB by /proc", ">= 90 %", really >= 0.9 * idle)
    table.add("the verdict beside /proc", f"{result['verdict']}, {freed / MIB:.1f} MiB, {100 * (freed / really - 1):+.2f} %", "within 5 %",
              abs(freed - really) <= 0.05 * really)
    table.add("it took", f"{result['took_us'] / 1e6:.2f} s")


def measure_others(daemon, device, table):
    """While a worker that hangs keeps a cleanup at work."""
    worker = subprocess.Popen(
        [sys.executable, os.path.join(HERE, "..", "functional", "cleanup_worker.py"), daemon.socket, "hanger", device, "64", "hanger"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    answers, taken_s, errors = [], [], []
    params = {"device": device, "worker": json.loads(worker.stdout.readline())["worker"]}
    caller = threading.Thread(target=lambda: answers.append(daemon.call("gpu.cleanup", params)))
    begun = time.monotonic()
    caller.start()
    asyncio.run(all_connections(daemon.address, taken_s, errors))
    ended = time.monotonic()
    running = caller.is_alive()
    caller.join()
    worker.kill()
    taken_s.sort()
    table.add(f"{CONNECTIONS} connections x {CALLS} gpu.profile meanwhile", f"{len(taken_s)} answers in {ended - begun:.2f} s, {len(errors)} errors",
              "no error", not errors and len(taken_s) == CONNECTIONS * CALLS)
    table.add("the cleanup outlasted them", f"{running}, verdict {answers[0]['verdict']}", "timed_out", answers[0]["verdict"] == "timed_out")
    table.add("a call", f"p50 {1e3 * taken_s[len(taken_s) // 2]:.1f} ms  p99 {1e3 * taken_s[len(taken_s) * 99 // 100]:.1f} ms (this client in Python included)")
    if errors:
        print(f"# {errors[0]}")


def main():
    raise_descriptors(CONNECTIONS + 100)
    session = Session()
    table = Table("cleanup")
    daemon, device = start(session)
    measure_verdict(session, daemon, device, table)
    measure_others(daemon, device, table)
    table.print()


main()
