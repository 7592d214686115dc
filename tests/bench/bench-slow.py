#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A thousand idle and two hundred slow connections: when they are gone, and what others notice."""

import os
import shutil
import socket
import statistics
import subprocess
import threading
import time

from orfeas_bench import Session, Table, call_text, cpu_s, on, orfeas_test, raise_descriptors, rss_bytes, wrk

IDLE = 1000
SLOW = 200
GONE_S = 30
CALLERS = 16
WINDOW_S = 2  # medians of short windows: another guest of the machine spoils one, not all
# slow headers, bodies, readers and ranges: a line, a byte or a read each second
MODES = (
    ["-H", "-t", "GET"],
    ["-B", "-t", "POST", "-s", "8192"],
    ["-X", "-w", "1", "-y", "64", "-n", "1", "-z", "5", "-k", "3"],
    ["-R", "-t", "HEAD"],
)


def connect_idle(daemon, count):
    connections = []
    for _ in range(count):
        connection = socket.create_connection(daemon.address, 30)
        connection.setblocking(False)
        connections.append(connection)
    return connections


def n_sockets(daemon):
    """Those that the daemon holds: what a client still has in its own buffers does not count."""
    folder = f"/proc/{daemon.process.pid}/fd"
    count = 0
    for name in os.listdir(folder):
        try:
            count += os.readlink(f"{folder}/{name}").startswith("socket:")
        except FileNotFoundError:
            pass
    return count


class Watcher(threading.Thread):
    """When the daemon has no more sockets than it had, wrk's beside."""

    def __init__(self, daemon, usual):
        super().__init__()
        self.daemon, self.usual, self.seconds = daemon, usual, None
        self.begin = time.monotonic()
        self.most = 0

    def run(self):
        while time.monotonic() - self.begin < 2 * GONE_S:
            count = n_sockets(self.daemon)
            self.most = max(self.most, count - self.usual)
            if count <= self.usual and time.monotonic() - self.begin > 5:
                self.seconds = time.monotonic() - self.begin
                return
            time.sleep(0.25)


def attack(options, url, count):
    """Niced: the core that it shares with wrk is not what is measured."""
    return subprocess.Popen(
        [*on(1), "nice", "-n", "19", "slowhttptest", *options, "-c", str(count), "-r", str(count), "-i", "1", "-x", "8",
         "-l", str(2 * GONE_S), "-u", url, "-v", "1"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def window(daemon, url, body):
    """(p99 ms, CPU us a call) of a short while."""
    before = cpu_s(daemon.process.pid)
    rate, _, p99, _ = wrk(url, CALLERS, body, WINDOW_S)
    return p99, 1e6 * (cpu_s(daemon.process.pid) - before) / max(rate * WINDOW_S, 1)


def medians(windows):
    return [statistics.median(values) for values in zip(*windows)]


def measure_slow(session, table):
    daemon = session.daemon(settings={"gpu.backends": "simulated"})
    body = call_text("health.check")
    url = f"http://127.0.0.1:{daemon.address[1]}"
    alone = medians([window(daemon, url + "/rpc", body) for _ in range(5)])
    usual, before = n_sockets(daemon) + CALLERS, rss_bytes(daemon.process.pid)
    watcher = Watcher(daemon, usual)
    watcher.start()
    idle = connect_idle(daemon, IDLE)
    attacks = [attack(options, url + "/openrpc.json", SLOW // len(MODES)) for options in MODES]
    windows, grown = [], 0
    while watcher.is_alive():
        windows.append(window(daemon, url + "/rpc", body))
        grown = max(grown, rss_bytes(daemon.process.pid) - before)
    for process in attacks:
        process.kill()
        process.wait()
    for connection in idle:
        connection.close()
    with_them = medians(windows)
    table.add("connections held at once", f"{watcher.most}")
    table.add("all gone", f"{watcher.seconds:.1f} s" if watcher.seconds else "not all", f"<= {GONE_S} s",
              watcher.seconds is not None and watcher.seconds <= GONE_S)
    ratio = with_them[0] / alone[0]
    table.add("others' p99 meanwhile, of that alone", f"{ratio:.2f} x ({alone[0]:.2f} -> {with_them[0]:.2f} ms)", "<= 2 x", ratio <= 2)
    ratio = with_them[1] / alone[1]
    table.add("CPU of a call meanwhile, of that alone", f"{ratio:.2f} x ({alone[1]:.0f} -> {with_them[1]:.0f} us)")
    table.add("memory meanwhile", f"{grown / 2**20:+.1f} MiB, {grown / max(watcher.most, 1) / 1024:.0f} KiB a connection")
    daemon.stop()


def measure_descriptors(session, table):
    daemon = session.test.start(wrapper=("prlimit", "--nofile=128"))
    crowd = []
    for _ in range(500):
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex(daemon.address)
        crowd.append(connection)
    time.sleep(1)
    for connection in crowd:
        connection.close()
    begin = time.monotonic()
    daemon.call("health.check")
    seconds = time.monotonic() - begin
    table.add("128 descriptors, 500 connects: answers after they went", f"{seconds * 1000:.0f} ms", "<= 1 s", seconds <= 1)
    daemon.stop()


def main():
    raise_descriptors(4 * IDLE)
    session = Session()
    table = Table(f"{IDLE} idle and {SLOW} slow connections")
    if shutil.which("slowhttptest"):
        measure_slow(session, table)
    else:
        table.absent("slow connections", "slowhttptest is not installed")
    measure_descriptors(session, table)
    table.print()


main()
