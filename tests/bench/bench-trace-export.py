#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Handing spans on: how fast a backlog goes, what a span costs, and what accepting one costs more while a receiver takes nothing."""

import http.client
import http.server
import os
import sys
import threading
import time

from orfeas_bench import CORES, Session, Table, cpu_s, rss_bytes

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../functional"))
import otlp_wire as otlp

BATCHES, BATCH = 100, 512
TOTAL = BATCHES * BATCH
LABELS = {f"attribute.{i}": f"value {i}" for i in range(8)}


class Sink:
    """Takes everything and looks at nothing; or never answers."""

    def __init__(self, answers=True):
        self.bytes = 0
        sink, self.over = self, threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                size = int(self.headers["Content-Length"])
                self.rfile.read(size)
                sink.bytes += size
                if not answers:
                    sink.over.wait()
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1/traces"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


def make_bodies():
    at = time.time_ns() // 1000 - 10**7

    def span(batch, i):
        return otlp.span((batch * BATCH + i // 8 + 1).to_bytes(16, "big"), (i + 1).to_bytes(8, "big"), f"op {i % 20}", (at + i) * 1000,
                         (at + i + 1000) * 1000, i.to_bytes(8, "big") if i % 8 else b"", labels=LABELS)

    return [otlp.spans_of("api", [span(batch, i) for i in range(BATCH)], scope="lib") for batch in range(BATCHES)]


def fill(daemon, bodies):
    """µs of CPU a span, of the daemon."""
    cpu = cpu_s(daemon.process.pid)
    connection = http.client.HTTPConnection(*daemon.address)
    for body in bodies:
        connection.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
    connection.close()
    return (cpu_s(daemon.process.pid) - cpu) / TOTAL * 1e6


def catch_up(session, db, url):
    """(spans a second, µs of CPU a span, RSS) until all is taken."""
    daemon = session.daemon(db=db, settings={"trace_export.sink": url})
    begin, cpu = time.monotonic(), cpu_s(daemon.process.pid)
    while (sent := daemon.call("outbox.list")["destinations"][0]["spans_sent"]) < TOTAL:
        time.sleep(0.05)
    seconds, cpu, rss = time.monotonic() - begin, cpu_s(daemon.process.pid) - cpu, rss_bytes(daemon.process.pid)
    daemon.stop()
    return sent / seconds, cpu / sent * 1e6, rss


def main():
    session, bodies = Session(), make_bodies()
    table = Table(f"handing on {TOTAL} spans with 8 attributes, {len(CORES)} cores")
    daemon = session.daemon(db=f"{session.dir}/a.db")
    alone = fill(daemon, bodies)
    daemon.stop()
    hanging = Sink(answers=False)
    beside = session.daemon(db=f"{session.dir}/b.db", settings={"trace_export.sink": hanging.url})
    more = fill(beside, bodies)
    beside.stop()
    hanging.close()
    table.add("accepted, CPU a span: nobody to hand on to", f"{alone:.2f} µs")
    table.add("  while a receiver hangs", f"{more:.2f} µs", "the same", more < alone * 1.15)
    sink = Sink()
    rate, cost, rss = catch_up(session, daemon.db, sink.url)
    sink.close()
    table.add("handed on, backlog", f"{rate:,.0f} spans/s")
    table.add("  CPU a span, all threads", f"{cost:.2f} µs")
    table.add("  bytes a span", f"{sink.bytes / TOTAL:.1f}")
    table.add("  RSS", f"{rss / 1e6:.0f} MB", "≤ 150", rss <= 150e6)
    table.print()


main()
