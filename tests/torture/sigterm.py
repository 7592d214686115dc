#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""SIGTERM in the middle of everything: writers, streams, slow readers, half requests, a backup, a check, a heavy statement, a cleanup. It
drains and exits 0 within five seconds, and what was accepted is there."""

import glob
import json
import os
import socket
import threading
import time

import orfeas_torture  # first: it knows where the harness is

import mixed_load
from orfeas_test import RpcError, WebSocket, integrity, request, wait_for

DRAIN_S = 5
HEAD = b"POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


class Company:
    """Who is connected when the end comes; each may be cut off."""

    def __init__(self, torture, daemon):
        self.torture, self.daemon = torture, daemon
        self.open = []
        self.threads = []

    def ask(self, method, params=None):
        def call():
            try:
                self.daemon.admin(method, params, {"deadline_ms": 30000})
            except (RpcError, OSError, AssertionError, ValueError):
                pass  # cut off, or refused
        self.threads.append(threading.Thread(target=call))
        self.threads[-1].start()

    def stream(self):
        stream = WebSocket(self.daemon, receive_buffer_bytes=4096)
        for number in range(10):
            stream.send_text(json.dumps(request("metrics.watch", {"select": '{__name__=~".+"}'}, request_id=number)))
        self.open.append(stream)

    def half_a_request(self):
        connection = self.daemon.tcp()
        connection.sendall(self.torture.chance.choice((b"", HEAD[:20], HEAD + b"Content-Length: 1000\r\n\r\n{", HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n")))
        self.open.append(connection)

    def slow_reader(self):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(self.daemon.address)
        connection.sendall(b"GET /openrpc.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
        self.open.append(connection)

    def copy(self):
        return f"{self.torture.dir}/copy-{self.torture.round}.db"

    def heavy_work(self):
        for method, params in (("db.backup", {"path": self.copy()}), ("db.check", None), ("sql.query", {"sql": ENDLESS}),
                               ("gpu.cleanup", None), ("postmortem.build", {"from_us": 1, "to_us": 2}), ("metrics.query", {"select": '{__name__=~".+"}', "from_us": 0})):
            if self.torture.chance.random() < 0.5:
                self.ask(method, params)

    def leave(self):
        for one in self.open:
            one.close()
        for thread in self.threads:
            thread.join()
        if os.path.exists(self.copy()):  # under its name only when it is complete
            self.torture.equal(orfeas_torture.verdict(self.copy()), "ok", "the backup")
        self.torture.equal(glob.glob(self.copy() + ".*"), [], "what is left of a backup")


def run(torture):
    daemon = torture.start(torture.daemon(settings=mixed_load.SETTINGS))
    mixed_load.prepare(daemon)
    crew = mixed_load.crew(daemon)
    for number in torture.rounds():
        company = Company(torture, daemon)
        crew.start()
        for _ in range(torture.chance.randrange(4)):
            company.stream()
            company.half_a_request()
            company.slow_reader()
        company.heavy_work()
        wait_for(crew.accepted_now, "what is accepted")
        time.sleep(torture.chance.uniform(0, 0.3))
        begin = time.monotonic()
        daemon.stop()
        torture.took("drained", time.monotonic() - begin, DRAIN_S)
        crew.join()
        company.leave()
        torture.equal(integrity(daemon.db), "ok", "integrity_check")
        torture.start(daemon)
    torture.check_crew(crew)
    torture.count("accepted", crew.accepted())


orfeas_torture.main(run, rounds=3)
