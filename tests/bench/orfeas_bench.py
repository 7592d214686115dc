# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the benches share: the release build, cores, load, and a table with a verdict.

Absolute figures belong to the machine; each target is a ratio of one run, or a cost. The server under
test has core 0 for itself, the load generator core 1.
"""

import atexit
import glob
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("ORFEAS_BUILD", os.path.join(HERE, "..", "..", "build-release"))
os.environ.setdefault("ORFEASD", os.path.join(BUILD, "server", "orfeasd"))
os.environ.setdefault("ORFEASCTL", os.path.join(BUILD, "client", "ctl", "orfeasctl"))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "functional"))

import orfeas_test  # noqa: E402 (needs the path)
import redis_nodes  # noqa: E402

SECONDS = int(os.environ.get("BENCH_SECONDS", "5"))
CORES = sorted(os.sched_getaffinity(0))
# for a machine with other work on it, whose waiting for a core would be measured otherwise
PRIORITY = ["chrt", "-f", "1"] if os.environ.get("BENCH_REALTIME") else []


def on(core):
    """The words before a command that keep it on that core, where there are two."""
    return ["taskset", "-c", str(CORES[core])] if len(CORES) > 1 and shutil.which("taskset") else []


class Table:
    def __init__(self, title):
        self.title = title
        self.rows = []

    def add(self, what, value, target="", good=None):
        self.rows.append((what, value, target, "" if good is None else "ok" if good else "MISSED"))

    def absent(self, what, why):
        self.rows.append((what, "not measured", why, ""))

    def print(self):
        widths = [max(len(row[i]) for row in self.rows) for i in range(4)]
        print(self.title)
        for row in self.rows:
            print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        print(flush=True)


class Session:
    """A harness's Test that ends with the program, whose daemons have core 0 for themselves."""

    def __init__(self):
        self.test = orfeas_test.Test()
        self.children = []
        atexit.register(self.close)

    @property
    def dir(self):
        return self.test.dir

    def daemon(self, **options):
        return self.test.start(wrapper=on(0), **options)

    def redis_nodes(self, n, tcp=False):
        """Real ones, on core 0."""
        nodes = [redis_nodes.Node(self.test, number, port=redis_nodes.find_port() if tcp else None, wrapper=on(0)) for number in range(n)]
        for node in nodes:
            atexit.register(node.kill)
        return redis_nodes.start_all(self.test, nodes)

    def child(self, command, **options):
        """A peer, on core 0 too."""
        process = subprocess.Popen([*on(0), *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, **options)
        self.children.append(process)
        return process

    def end(self, process):
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.children.remove(process)

    def close(self):
        for process in list(self.children):
            self.end(process)
        for problem in self.test.close(False):
            print(problem, file=sys.stderr)


UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


def wrk(url, connections=32, body=None, seconds=SECONDS, headers=None):
    """(requests/s, p50 ms, p99 ms, errors and time-outs) of wrk on core 1."""
    raise_descriptors(connections + 100)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        if body is not None:
            script.write(f'wrk.method="POST"\nwrk.body=[=[{body}]=]\nwrk.headers["Content-Type"]="application/json"\n')
        for name, value in (headers or {}).items():
            script.write(f'wrk.headers["{name}"]=[=[{value}]=]\n')
        script.flush()
        text = subprocess.run(
            [*on(1), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency", "-s", script.name, url],
            capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL,
        ).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))

    def percentile(name):
        value, unit = re.search(rf"{name}%\s+([\d.]+)(us|ms|s|m)", text).groups()
        return float(value) * UNITS[unit]

    errors = 0
    failed = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    if failed:
        errors += sum(int(number) for number in failed.groups())
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    if bad:
        errors += int(bad.group(1))
    return rate, percentile("50"), percentile("99"), errors


def raise_descriptors(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


def reachable(url, patience_s=20):
    import urllib.request

    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return response.status < 400
        except OSError:
            time.sleep(0.1)
    return False


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_s(pid):
    """User and system time of a process with all its threads."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_ns(pid):
    """Of all its threads, to the nanosecond, where /proc/PID/stat counts in ticks."""
    return sum(int(open(path, encoding="ascii").read().split()[0]) for path in glob.glob(f"/proc/{pid}/task/*/schedstat"))


def rss_bytes(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def written_bytes(pid):
    """What it gave to the block layer, by /proc/PID/io."""
    with open(f"/proc/{pid}/io", encoding="ascii") as file:
        return int(re.search(r"^write_bytes: (\d+)", file.read(), re.MULTILINE).group(1))


def compile_c(session, source, *packages):
    """A small C program of this folder, built with -O2; its path."""
    out = os.path.join(session.dir, os.path.basename(source)[:-2])
    flags = []
    if packages:
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", *packages], capture_output=True, text=True, check=True).stdout.split()
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", out, os.path.join(HERE, source), *flags], check=True)
    return out


def fill_cache(daemon, prefix, n, value):
    """Keys PREFIX:0 and on, for an hour."""
    step = 200  # a node has half a second for each call
    with orfeas_test.Peer(daemon.ready["cache_socket"]) as peer:
        for first in range(0, n, step):
            entries = [{"key": f"{prefix}:{number}", "value": value, "ttl_ms": 3600000} for number in range(first, first + step)]
            orfeas_test.equal(peer.call("cache.mset", {"entries": entries}), {"stored": step})


def call_text(method, params=None):
    return json.dumps(orfeas_test.request(method, params), separators=(",", ":"))
