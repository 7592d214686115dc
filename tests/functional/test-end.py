#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A daemon that served everything, to callers that left in every way, has what it had before: descriptors, threads, children. When it then ends
leaks are told, by LeakSanitizer (--sanitize address) and valgrind (script/valgrind end)."""

import collections
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import time

import orfeas_test
from alert_receivers import Webhook
from orfeas_test import equal, fails, now_us, request, wait_for
from receivers import Receiver
from redis_nodes import Node, start_all

N_CONNECTIONS = 100  # of each kind that goes away
N_STREAMS = 1000
STREAMS_EACH = 20  # of a WebSocket
HALF_POST = b"POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
RULE = "end_rule"
IDLE_US = 2_000_000
# The lock, and who opens the file when there is first something to do: the writer, who packs (by the minute), the reader, who checks.
DB, N_DB_FILES = "orfeas.db", 5


class Everything:
    """A daemon with all its neighbours."""

    def __init__(self, t, stack):
        self.hook, self.receiver = stack.enter_context(Webhook()), stack.enter_context(Receiver())
        self.node = start_all(t, [Node(t, 0)])[0]
        stack.callback(self.node.kill)
        self.folder = t.dir
        self.n_backups = 0
        self.daemon = t.start(config=self.config(), settings={
            "trace.sample_percent": 100, "otlp.listen": "127.0.0.1:0", "jaeger.listen": "127.0.0.1:0", "cache.mode": "sharded",
            "cache.nodes": self.node.address, "listen.idle_us": IDLE_US, "memory.budget_bytes": 1 << 36,
            "cache.redis_command_us": 20_000_000, "store.read_us": 60_000_000,  # valgrind takes its time
            "store.readers": 1})

    def config(self):
        return (f"[remote_write]\nurl={self.receiver.url}\n[alerts]\n{RULE}=end.value > 0\n"
                f"[receivers]\nhook=webhook\n[receivers.hook]\nurl={self.hook.url}\n")

    def ask_everything(self, t):
        """Once each, and to its end."""
        daemon, now = self.daemon, now_us()
        for path in ("/status", "/dashboard/summary", "/gpu", "/gpu/report", "/predictions", "/anomalies", "/alerts/active", "/cost", "/cache/stats", "/workers"):
            equal(daemon.rest("GET", path)[0], 200, path)
        equal(daemon.http("GET", "/metrics")[0], 200)
        equal(daemon.http("GET", "/jaeger/api/services")[0], 200)
        for path, body in (("/v1/metrics", otlp_metrics(now)), ("/v1/traces", otlp_traces(now))):
            equal(daemon.http("POST", path, body)[0], 200, path)
        daemon.call("metrics.record", {"samples": [{"name": "end.value", "value": 1}]})
        wait_for(lambda: any(alert["rule"] == RULE for alert in daemon.call("alerts.active")["alerts"]), "the alert")
        daemon.call("metrics.record", {"samples": [{"name": "end.value", "value": 0}]})
        daemon.call("cache.set", {"key": "a", "value": "b" * 100_000})
        daemon.call("cache.get", {"key": "a"})
        daemon.call("gpu.cleanup", {})
        daemon.call("sql.query", {"sql": "SELECT count(*) FROM series"})
        fails(lambda: daemon.call("sql.query", {"sql": "SELEC"}), "INVALID_ARGUMENT")
        daemon.call("postmortem.build", {"from_us": now - 60_000_000, "to_us": now})
        daemon.admin("db.check")
        self.n_backups += 1
        daemon.admin("db.backup", {"path": os.path.join(self.folder, f"backup-{self.n_backups}")})
        daemon.process.send_signal(signal.SIGHUP)
        equal(t.ctl(daemon, "status")[0], 0)

    def leave_early(self):
        """Connections that go in the middle of something, politely and not."""
        for how in (leave, reset):
            for begin in (b"", b"GET / HT", HALF_POST, json.dumps(request("db.check")).encode()):
                connections = [self.daemon.tcp() for _ in range(N_CONNECTIONS)] + [self.unix() for _ in range(N_CONNECTIONS)]
                for connection in connections:
                    connection.sendall(begin)
                for connection in connections:
                    how(connection)

    def unix(self):
        return orfeas_test.connect_unix(self.daemon.socket)

    def stream(self):
        """As many as are asked for, and nobody says goodbye."""
        sockets = [self.daemon.websocket(headers={"Sec-WebSocket-Protocol": "jsonrpc"}) for _ in range(N_STREAMS // STREAMS_EACH)]
        for web in sockets:
            for each in range(STREAMS_EACH):
                web.send_text(json.dumps(request("metrics.watch", {"select": "host.cpu.used_percent"}, request_id=each)))
        for web in sockets:
            wait_for_answers(web, STREAMS_EACH)
        for web in sockets:
            reset(web.socket)

    def hurt(self):
        """Those beside it die, and come again."""
        self.node.kill()
        self.daemon.call("cache.get", {"key": "elsewhere"})
        self.node.start()
        os.kill(probe_of(self.daemon), signal.SIGKILL)
        with subprocess.Popen(["sleep", "600"]) as process, self.daemon.peer() as peer:
            worker = peer.call("worker.register", {"name": "end", "pid": process.pid})["worker"]
            process.kill()
            process.wait()
            wait_for(lambda: worker not in names(self.daemon.call("worker.list")["workers"]), "the worker to be missed")
        wait_for(lambda: probe_of(self.daemon), "another probe")
        wait_for(lambda: self.daemon.call("cache.stats")["l2"]["nodes"][0]["state"] == "up", "the node")


def otlp_metrics(now):
    point = {"timeUnixNano": str(now * 1000), "asDouble": 1}
    return {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "end.otlp", "gauge": {"dataPoints": [point]}}]}]}]}


def otlp_traces(now):
    span = {"traceId": os.urandom(16).hex(), "spanId": os.urandom(8).hex(), "name": "end", "startTimeUnixNano": str(now * 1000), "endTimeUnixNano": str(now * 1000 + 1)}
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


def leave(connection):
    connection.close()


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def wait_for_answers(web, n):
    while n > 0:
        n -= '"result"' in web.receive_text()


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def names(workers):
    return [worker["worker"] for worker in workers if worker["state"] != "lost"]


def probe_of(daemon):
    for child in children_of(daemon.process.pid):
        with contextlib.suppress(OSError), open(f"/proc/{child}/cmdline", "rb") as file:
            if b"orfeas-probe" in file.read():
                return child
    return 0


def held(daemon):
    """What the process holds: descriptors by what they are, threads, children."""
    pid, found = daemon.process.pid, collections.Counter()
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found[os.path.basename(os.readlink(f"/proc/{pid}/fd/{name}").partition(":[")[0])] += 1
    found["children"] = len(children_of(pid))
    found["threads"] = len(os.listdir(f"/proc/{pid}/task"))
    return found


def more_than(now, before):
    return {what: (before[what], n) for what, n in now.items() if n > max(before[what], N_DB_FILES if what.startswith(DB) else 0)}


def test_all_is_as_before(t):
    with contextlib.ExitStack() as stack:
        everything = Everything(t, stack)
        daemon = everything.daemon
        # what is opened once stays: files of readers, the node's connections
        everything.ask_everything(t)
        everything.leave_early()
        everything.hurt()
        before = wait_rest(daemon)
        for _ in range(2):
            everything.ask_everything(t)
            everything.leave_early()
            everything.stream()
            everything.hurt()
        wait_as_before(daemon, before)
        daemon.stop()


def wait_rest(daemon):
    """What it holds when nothing of that goes any more: who left is gone, who is idle is closed."""
    now = held(daemon)
    while True:
        before = now
        time.sleep(IDLE_US / 1e6 + 1)
        now = held(daemon)
        if not more_than(before, now):
            return now


def wait_as_before(daemon, before):
    try:
        wait_for(lambda: not more_than(held(daemon), before), "all to be as before")
    except AssertionError:
        raise AssertionError(f"more than before: {more_than(held(daemon), before)}") from None


orfeas_test.main()
