# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that write until their daemon dies; the crash tests and the crash bench use them."""

import http.client
import json
import threading
import time

import otlp_wire as otlp
from orfeas_test import PATIENCE_S, now_us, request

SPANS = 5  # of one request


class Writer(threading.Thread):
    """Sends numbers, each once, and remembers which were accepted."""

    def __init__(self, daemon, number, start):
        super().__init__()
        self.address, self.number, self.next, self.accepted = daemon.address, number, start, []

    def run(self):
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE_S)
        try:
            while True:
                self.accepted += self.send(connection)
        except (OSError, http.client.HTTPException, ValueError):
            pass  # the daemon is gone
        finally:
            connection.close()

    def take(self, count):
        self.next += count
        return range(self.next - count, self.next)


class SampleWriter(Writer):
    """One sample a call."""

    def send(self, connection):
        numbers = self.take(1)
        samples = [{"name": f"writer.{self.number}", "value": value, "t_us": now_us()} for value in numbers]
        message = json.dumps(request("metrics.record", {"samples": samples}))
        connection.request("POST", "/rpc", message, {"Content-Type": "application/json"})
        return numbers if "result" in json.loads(connection.getresponse().read()) else ()

    @staticmethod
    def find(daemon, number):
        return {row[0] for row in daemon.sql("SELECT value FROM v_sample WHERE series=?", f"writer.{number}")}


class SpanWriter(Writer):
    """Some spans a request, all of a writer in one trace."""

    def send(self, connection):
        numbers = self.take(SPANS)
        end_ns = time.time_ns()
        spans = [otlp.span(self.trace_id(self.number), (1 + n).to_bytes(8, "big"), f"o{n - numbers[0]}", end_ns - 1000, end_ns,
                           (1 + numbers[0]).to_bytes(8, "big")) for n in numbers]
        connection.request("POST", "/v1/traces", otlp.spans_of(f"s{numbers[0] % 3}", spans), {"Content-Type": "application/x-protobuf"})
        response = connection.getresponse()
        response.read()
        return numbers if response.status == 200 else ()

    @staticmethod
    def trace_id(number):
        return (1 + number).to_bytes(16, "big")

    @classmethod
    def find(cls, daemon, number):
        rows = daemon.sql("SELECT span_id FROM span JOIN trace USING (trace_no) WHERE trace_id = ?", cls.trace_id(number))
        return {int.from_bytes(row[0], "big") - 1 for row in rows}


class Crew:
    """Writers of a kind, which go on with further numbers when their daemon is back."""

    def __init__(self, daemon, kind, count=4):
        self.daemon, self.kind = daemon, kind
        self.writers = []
        self.accepted = [set() for _ in range(count)]
        self.nexts = [0] * count

    def start(self):
        self.writers = [self.kind(self.daemon, number, start) for number, start in enumerate(self.nexts)]
        for writer in self.writers:
            writer.start()

    def accepted_now(self):
        """Since they were started."""
        return sum(len(writer.accepted) for writer in self.writers)

    def join(self):
        for number, writer in enumerate(self.writers):
            writer.join()
            self.accepted[number].update(writer.accepted)
            self.nexts[number] = writer.next

    def lost(self):
        """What was accepted and is not in the file, by writer."""
        return [self.accepted[number] - self.kind.find(self.daemon, number) for number in range(len(self.nexts))]
