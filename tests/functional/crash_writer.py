# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that write until their daemon dies, and go on when it is back; what was accepted must be there, and once.

The crash tests, the crash bench and script/torture use them.
"""

import collections
import http.client
import json
import threading
import time
import traceback

import otlp_wire as otlp
from orfeas_test import PATIENCE_S, now_us, request

SPANS = 5  # of one request
REFUSED_S = 0.02  # before it is tried again


class Writer:
    """Sends numbers, and remembers which were accepted. What a kill left unanswered is sent again as it was."""

    path = "/rpc"
    content_type = "application/json"

    def __init__(self, daemon, number):
        self.daemon, self.number = daemon, number
        self.next = 0
        self.accepted = set()
        self.refusals = collections.Counter()  # by what was said
        self.pending = None  # (numbers, body)
        self.stopping = False
        self.faults = []  # what it did not foresee, and ended of

    def live(self):
        """On its thread, of which nobody hears how it ended."""
        try:
            self.run()
        except Exception:
            self.faults.append(traceback.format_exc())

    def run(self):
        connection = http.client.HTTPConnection(*self.daemon.address, timeout=PATIENCE_S)
        try:
            while not self.stopping:
                self.send(connection)
        except (OSError, http.client.HTTPException):
            pass  # the daemon is gone
        finally:
            connection.close()

    def send(self, connection):
        if self.pending is None:
            self.pending = self.make()
        numbers, body = self.pending
        connection.request("POST", self.path, body, {"Content-Type": self.content_type})
        response = connection.getresponse()
        refusal = self.refusal(response.status, response.read())
        if refusal is None:
            self.accepted.update(numbers)
            self.note_accepted(numbers)
            self.pending = None
        else:
            self.refusals[refusal] += 1
            time.sleep(REFUSED_S)

    def note_accepted(self, numbers):
        """At once when they were."""

    def take(self, count):
        self.next += count
        return range(self.next - count, self.next)

    def problems(self, accepted=None):
        """What is wrong in the file, in words. accepted: what must be there, if that is not all that was."""
        stored = self.find()
        sent = set(stored)
        lost = sorted((self.accepted if accepted is None else accepted) - sent)
        doubled = sorted(value for value, n in collections.Counter(stored).items() if n > 1)
        strange = sorted(value for value in sent if not 0 <= value < self.next)
        return [f"{self.name()}: {len(found)} {what}: {found[:5]} of {self.next}"
                for found, what in ((lost, "accepted and lost"), (doubled, "stored twice"), (strange, "never sent")) if found]

    def name(self):
        return f"{type(self).__name__} {self.number}"


class Caller(Writer):
    """One number a call, which has a key: so it may be sent again."""

    def make(self):
        numbers = self.take(1)
        method, params = self.call(numbers[0])
        key = f"{type(self).__name__}-{self.number}-{numbers[0]}"
        return numbers, json.dumps(request(method, params, {"idempotency_key": key}))

    @staticmethod
    def refusal(_, body):
        answer = json.loads(body)
        return None if "result" in answer else f"{answer['error']['data']['status']}: {answer['error']['message']}"


class SampleWriter(Caller):
    def series(self):
        return f"writer.{self.number}"

    def call(self, number):
        return "metrics.record", {"samples": [{"name": self.series(), "value": number, "t_us": now_us()}]}

    def find(self):
        return [row[0] for row in self.daemon.sql("SELECT value FROM v_sample WHERE series=?", self.series())]


class SpanWriter(Writer):
    """Some spans a request, all of a writer in one trace; an exporter sends them again as they were."""

    path = "/v1/traces"
    content_type = "application/x-protobuf"

    def make(self):
        numbers = self.take(SPANS)
        end_ns = time.time_ns()
        spans = [otlp.span(self.trace_id(), (1 + n).to_bytes(8, "big"), f"o{n - numbers[0]}", end_ns - 1000, end_ns,
                           (1 + numbers[0]).to_bytes(8, "big")) for n in numbers]
        return numbers, otlp.spans_of(f"s{numbers[0] % 3}", spans)

    @staticmethod
    def refusal(status, body):
        if status != 200:
            return f"{status}: {body[:200]!r}"
        rejected, message = otlp.partial_success(body)
        return message if rejected else None

    def trace_id(self):
        return (1 + self.number).to_bytes(16, "big")

    def find(self):
        rows = self.daemon.sql("SELECT span_id FROM span JOIN trace USING (trace_no) WHERE trace_id = ?", self.trace_id())
        return [int.from_bytes(row[0], "big") - 1 for row in rows]


class Crew:
    """Writers, each on a thread of its own while they are started."""

    def __init__(self, writers):
        self.writers = writers
        self.threads = []
        self.before = 0

    @classmethod
    def of(cls, daemon, kind, count=4):
        return cls([kind(daemon, number) for number in range(count)])

    def start(self):
        self.before = self.accepted()
        self.threads = []
        for writer in self.writers:
            writer.stopping = False
            self.threads.append(threading.Thread(target=writer.live))
            self.threads[-1].start()

    def accepted(self):
        return sum(len(writer.accepted) for writer in self.writers)

    def accepted_now(self):
        """Since they were started."""
        return self.accepted() - self.before

    def stop(self):
        """While the daemon goes on."""
        for writer in self.writers:
            writer.stopping = True
        self.join()

    def join(self):
        for thread in self.threads:
            thread.join()

    def problems(self):
        """What was accepted and is not in the file, or twice; and who did not go on."""
        return [problem for writer in self.writers for problem in writer.problems() + [f"{writer.name()}: {fault}" for fault in writer.faults]]
