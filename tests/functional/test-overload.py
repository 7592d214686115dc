#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""More reads than can be answered soon: some are refused at once, each saying when to come again; what need not wait never is."""

import collections
import json
import socket
import time

import orfeas_test
from orfeas_test import PATIENCE_S, Shared, contains, equal, now_us, request

N_CONNECTIONS, N_SERIES, N_POINTS = 200, 50, 40
QUERY = "/api/v1/metrics/query?select=much&from_us=0"
ASK = f"GET {QUERY} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def flooded(t):
    daemon = t.start(settings={"rpc.max_wait_us": 1000})
    start_us = now_us() - N_POINTS * 1_000_000
    for at in range(N_POINTS):
        daemon.call("metrics.record", {"samples": [{"name": "much", "labels": {"n": str(i)}, "value": i, "t_us": start_us + at * 1_000_000} for i in range(N_SERIES)]})
    return daemon


house = Shared(flooded)


class Asker:
    """Reads one answer after the other of a connection."""

    def __init__(self, daemon):
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(daemon.address)
        self.reader = self.socket.makefile("rb")

    def answer(self):
        status = int(self.reader.readline().split()[1])
        fields = {}
        while (line := self.reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().partition(": ")
            fields[name.lower()] = value.strip()
        return status, fields, self.reader.read(int(fields.get("content-length", 0)))


def ask_all(askers):
    for asker in askers:
        asker.socket.sendall(ASK)
    return [asker.answer() for asker in askers]


def overload(daemon, askers):
    """Answers, of which some are refusals."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        answers = ask_all(askers)
        if any(status == 429 for status, _, _ in answers):
            return answers
    raise AssertionError("nothing was refused")


def test_refused_by_rest(t):
    """On the same connection it is served later, and the refusal is an answer like any other."""
    daemon = house.get()
    askers = [Asker(daemon) for _ in range(N_CONNECTIONS)]
    answers = overload(daemon, askers)
    seen = collections.Counter(status for status, _, _ in answers)
    assert set(seen) <= {200, 429} and seen[200] > 0, seen
    _, fields, body = next(answer for answer in answers if answer[0] == 429)
    equal((fields["retry-after"], fields["content-type"], fields["x-content-type-options"]), ("1", "application/json", "nosniff"))
    error = json.loads(body)["error"]
    equal((error["status"], error["retry_after_ms"]), ("RESOURCE_EXHAUSTED", 1000))
    contains(error["message"], "rpc.max_wait_us")
    for _ in range(3):  # what comes behind on a connection is answered in its order
        for asker in askers:
            asker.socket.sendall(ASK * 2 + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for asker in askers:
            statuses = [asker.answer()[0] for _ in range(3)]
            assert set(statuses[:2]) <= {200, 429} and statuses[2] == 200, statuses
    orfeas_test.wait_for(lambda: daemon.http("GET", QUERY)[0] == 200, "a query that is answered again")


def test_refused_by_sockets(t):
    """JSON-RPC says the same, and only of what would wait."""
    daemon = house.get()
    until = time.monotonic() + PATIENCE_S
    with daemon.peer() as peer:
        seen = collections.Counter()
        while "RESOURCE_EXHAUSTED" not in seen and time.monotonic() < until:
            texts = [json.dumps(request("metrics.query", {"select": "much", "from_us": 0}, request_id=i)) for i in range(300)]
            texts += [json.dumps(request("health.check", request_id=300 + i)) for i in range(20)]
            peer.socket.sendall("".join(text + "\n" for text in texts).encode())
            for _ in texts:
                answer = json.loads(peer.receive_text())
                refused = answer.get("error", {}).get("data", {}).get("status")
                assert answer["id"] < 300 or refused is None, answer
                seen[refused] += 1
        assert seen["RESOURCE_EXHAUSTED"] > 0 and set(seen) == {None, "RESOURCE_EXHAUSTED"}, seen


def test_few_are_never_refused(t):
    daemon = house.get()
    askers = [Asker(daemon) for _ in range(30)]
    for _ in range(10):
        equal({status for status, _, _ in ask_all(askers)}, {200})


orfeas_test.main()
