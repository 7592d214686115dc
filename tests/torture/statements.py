# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemon's writer does, by the statements that only that does; and who makes it do so."""

import http.server
import os
import threading

import otlp_wire as otlp
from orfeas_test import RpcError, now_us

HOUR_US = 3600000000

# What is to be met, and one of the texts that its SQL has.
STATEMENTS = {
    "samples": ("INTO sample_raw", "INTO series", "INTO idempotency"),
    "spans": ("INTO trace", "INTO span", "INTO span_stat", "UPDATE span_total"),
    "marks, load tests": ("INTO event", "INTO load_run", "INTO audit"),
    "packing": ("INTO chunk", "INTO chunk_block", "INTO rollup_1m", "INTO rollup_1h", "UPDATE packing"),
    "alerts": ("INTO alert_event", "UPDATE alert", "INTO silence", "INTO alert_rule", "INTO alert_notice"),
    "incidents": ("INTO incident", "INTO pin", "DELETE FROM incident", "DELETE FROM pin"),
    "outbox": ("INTO outbox", "DELETE FROM outbox", "INTO outbox_cursor"),
    "workers": ("INTO worker", "INTO worker_batch"),
    "retention": ("DELETE FROM sample_raw", "DELETE FROM chunk", "DELETE FROM chunk_block", "DELETE FROM span", "DELETE FROM trace", "UPDATE retention"),
    "vacuum": ("incremental_vacuum",),
}
OLD = ("retention", "vacuum")  # needs what is old enough to go: see grow_old()


class Sink(http.server.ThreadingHTTPServer):
    """Takes all that is handed on."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Taker)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # the daemon is gone

    def settings(self):
        url = f"http://127.0.0.1:{self.server_port}"
        return {"remote_write.url": url, "remote_write.period_us": 100000, "trace_export.one": url, "trace_export.period_us": 100000,
                "receivers.hook": "webhook", "receivers.hook.url": url, "notify.group_interval_us": 0, "notify.repeat_us": 0}


class Taker(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Busy(threading.Thread):
    """Who pins, silences, sets rules, fires alerts and is a worker, as long as the daemon is there."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.daemon_ = daemon
        self.start()

    def run(self):
        try:
            with self.daemon_.peer() as peer:
                for number in range(1 << 30):
                    self.round(peer, number)
        except (OSError, AssertionError, ValueError):
            pass  # the daemon is gone

    @staticmethod
    def round(peer, number):
        calls = (("incidents.pin", {"from_us": now_us() - HOUR_US, "to_us": now_us()}), ("alerts.silence", {"matchers": '{rule="busy"}', "until_us": now_us() + HOUR_US}),
                 # another each time, which is written; and no wait before it fires again
                 ("alerts.set_rule", {"rule": f"busy{number % 3}", "expr": f"busy.value > {number % 1000 / 1e6}", "cooldown_us": 0}), ("metrics.record", {"samples": [{"name": "busy.value", "value": number % 2}]}),
                 ("worker.register", {"name": f"busy{number % 10}", "pid": 1 << 40}))
        answers = {method: Busy.ask(peer, method, params) for method, params in calls}
        undone = (("incidents.unpin", "incidents.pin", "id"), ("alerts.unsilence", "alerts.silence", "id"))
        for method, of, name in undone:
            if answers[of]:  # so that there is room for the next
                Busy.ask(peer, method, {name: answers[of][name]})
        if answers["worker.register"]:
            Busy.ask(peer, "worker.report", {"worker": answers["worker.register"]["worker"], "batches": [{"size": 1}] * 10})

    @staticmethod
    def ask(peer, method, params):
        """The result; None: one too many, others go on."""
        try:
            return peer.call(method, params)
        except RpcError:
            return None


def grow_old(daemon):
    """What is to go soon: samples in blocks of their own, and spans, of which enough pages come free for the file to shrink."""
    old_us = now_us() - 5 * HOUR_US
    daemon.call("metrics.record", {"samples": [{"name": f"old.{i % 20}", "value": i % 7 + i / 3, "t_us": old_us + i} for i in range(1000)]})
    what = {f"a{i}": "x" * 250 for i in range(16)}
    for _ in range(6):  # 10 MB
        spans = [otlp.span(os.urandom(16), os.urandom(8), "old", old_us * 1000, old_us * 1000 + 1000, labels=what) for _ in range(400)]
        status, _, body = daemon.http("POST", "/v1/traces", otlp.spans_of("old", spans), {"Content-Type": "application/x-protobuf"})
        assert status == 200, body


# With them it goes at once.
SHORT = [word for key in ("history.packed_us", "history.rollup_1m_us", "trace.retention_us") for word in ("--set", f"{key}={HOUR_US}")]
