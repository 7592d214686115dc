#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon says who holds its main loop up, and who keeps its write-ahead log from being written back."""

import os
import pathlib
import signal
import sqlite3
import subprocess
import sys

import orfeas_test
from orfeas_test import contains, equal, wait_for

# What is told only after 10 s, and a little.
HELD_PATIENCE_S = 40
READER = """
import sqlite3, sys
db = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True)
db.execute("BEGIN")
db.execute("SELECT count(*) FROM series").fetchone()
print("reads", flush=True)
sys.stdin.read()
"""


def stalls(daemon):
    return [stall["source"] for stall in daemon.call("status.get")["self"]["stalls"]]


def answers(daemon):
    with daemon.tcp() as connection:
        connection.settimeout(1)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        try:
            return connection.recv(1) != b""
        except TimeoutError:
            return False


def test_reload_that_waits_is_named(t):
    """A settings file that is a pipe: who opens it waits for who writes it."""
    daemon = t.start(config="[log]\nlevel=info\n")
    config = pathlib.Path(t.dir, "orfeasd.conf")
    config.unlink()
    os.mkfifo(config)
    daemon.process.send_signal(signal.SIGHUP)
    # it stands from when it opened the pipe until somebody writes: nobody is answered
    wait_for(lambda: not answers(daemon), "the loop to stand")
    with open(config, "w"):
        pass
    wait_for(lambda: "signal reload" in stalls(daemon), "the stall")
    stall = next(stall for stall in daemon.call("status.get")["self"]["stalls"] if stall["source"] == "signal reload")
    assert stall["took_us"] > stall["cpu_us"], stall
    wait_for(lambda: "ms in signal reload" in daemon.stderr(), "the line in the log")
    wait_for(lambda: daemon.call("metrics.query", {"select": 'orfeas.loop_stalls{source="signal reload"}'})["series"], "the series")


def test_call_is_named(t):
    """With a limit of 1 ms a large call is one that took longer; the machine's own stalls may come beside it."""
    daemon = t.start(settings={"host.stall_us": 1000})
    samples = [{"name": f"s{i % 20}", "value": i, "t_us": orfeas_test.now_us() - i * 1000} for i in range(9000)]

    def record():
        daemon.call("metrics.record", {"samples": samples})
        return any(source.startswith(("call metrics.record", "connections")) for source in stalls(daemon))

    wait_for(record, "the stall of a call")


def test_reader_that_stays_is_told(t):
    daemon = t.start()
    reader = subprocess.Popen([sys.executable, "-c", READER, daemon.db], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        equal(reader.stdout.readline(), "reads\n")

        def told():
            # more than a checkpoint is begun for
            for _ in range(4):
                daemon.call("metrics.record", {"samples": [{"name": f"s{i % 100}", "value": i} for i in range(10000)]})
            return daemon.call("status.get")["db"].get("wal_reader")

        found = wait_for(told, "the reader", HELD_PATIENCE_S)
        equal(found["pid"], reader.pid)
        contains(found["program"], "python")
        wait_for(lambda: f"process {reader.pid} (" in daemon.stderr(), "the line in the log")
        wait_for(lambda: daemon.call("metrics.query", {"select": "orfeas.db.wal_held_us"})["series"][0]["points"][-1][1] >= 1e7, "the series")
    finally:
        reader.communicate("")
    wait_for(lambda: daemon.call("status.get")["db"].get("wal_reader") is None, "the end")
    wait_for(lambda: "is written back again" in daemon.stderr(), "the line in the log")
    with sqlite3.connect(f"file:{daemon.db}?mode=ro", uri=True) as db:
        equal(db.execute("PRAGMA quick_check").fetchone()[0], "ok")


if __name__ == "__main__":
    orfeas_test.main()
