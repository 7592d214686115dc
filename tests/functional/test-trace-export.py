#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""[trace_export]: every span arrives, with all its fields, whoever dies meanwhile."""

import gzip
import os
import signal

import orfeas_test
import otlp_wire as otlp
from orfeas_test import equal, now_us, wait_for
from receivers import Receiver, free_port

SECOND = 1_000_000
# All that came with a span; the rest is the file's own.
COLUMNS = ("trace_id, span_id, parent_id, t_us, service, operation, kind, duration_us, outcome, message, attributes, events, links, resource, scope")


class Collector(Receiver):
    """Takes OTLP by HTTP, and keeps (trace id, span id) of each span in the order of arrival."""

    def __init__(self, port=0):
        super().__init__(port)
        self.url = f"http://127.0.0.1:{self.port}/v1/traces"
        self.spans = []
        self.max_bytes = None

    def take(self, handler, body):
        equal((handler.headers["Content-Type"], handler.headers["Content-Encoding"]), ("application/x-protobuf", "gzip"))
        found, text = [], gzip.decompress(body)
        if self.max_bytes and len(text) > self.max_bytes:
            handler.answer(413, b"too large")
            return
        for resource in otlp.fields(text):
            for scoped in (value for number, value in otlp.fields(resource[1]) if number == 2):
                for number, value in otlp.fields(scoped):
                    if number == 2:
                        own = dict(otlp.fields(value))
                        found.append((int.from_bytes(own[1], "big"), int.from_bytes(own[2], "big")))
        with self.lock:
            self.spans += found
        handler.answer(200)


def has(found, expected):
    equal({key: found.get(key) for key in expected}, expected)


def settings(**more):
    return {
        "trace_export.period_us": 20000,
        "outbox.backoff_us": 10000,
        "outbox.backoff_max_us": 100000,
        **{key.replace("__", "."): value for key, value in more.items()},
    }


def start_receiver(t, **more):
    """A second daemon, whose socket is in a folder of its own."""
    os.makedirs(f"{t.dir}/other", 0o700, exist_ok=True)
    return t.start(db=f"{t.dir}/other/orfeas.db", options=["--socket", f"{t.dir}/other/orfeas.sock"], settings=more)


def url_of(daemon):
    return daemon.ready["http"] + "/v1/traces"


def span(trace, own, name="work", start_us=None, length_us=1000, parent=0, **more):
    start_us = start_us or now_us() - SECOND
    return otlp.span(trace.to_bytes(16, "big"), own.to_bytes(8, "big"), name, start_us * 1000, (start_us + length_us) * 1000,
                     parent.to_bytes(8, "big") if parent else b"", **more)


def send(daemon, *resources):
    status, _, answer = daemon.http("POST", "/v1/traces", b"".join(resources), {"Content-Type": "application/x-protobuf"})
    equal(status, 200, answer)


def send_plain(daemon, trace, owns):
    send(daemon, otlp.spans_of("api", [span(trace, own) for own in owns]))


def rows(daemon):
    found = daemon.sql(f"SELECT {COLUMNS} FROM v_span ORDER BY trace_id, span_id")
    more = daemon.sql("SELECT lower(hex(trace_id)), lower(hex(span_id)), trace_state, flags, dropped FROM span JOIN trace USING (trace_no) ORDER BY 1, 2")
    return found, more


def same(one, other):
    for found, expected in zip(rows(one), rows(other)):
        equal(len(found), len(expected))
        for left, right in zip(found, expected):
            equal(left, right)


def destination(daemon, name="there"):
    found = daemon.call("outbox.list")["destinations"]
    return next(one for one in found if one["destination"] == f"trace_export/{name}")


def settle(daemon, name="there"):
    """Until all that is stored was handed on, or given up."""
    last = daemon.sql("SELECT max(span_no) FROM span")[0][0]
    wait_for(lambda: daemon.sql("SELECT count(*) FROM outbox_cursor WHERE destination = ? AND next_rowid > ? AND NOT EXISTS "
                                "(SELECT 1 FROM outbox WHERE destination = ?)", f"trace_export/{name}", last, f"trace_export/{name}")[0][0],
             "all to be handed on")


def test_every_field(t):
    receiver = start_receiver(t)
    daemon = t.start(settings=settings(trace_export__there=url_of(receiver)))
    at = now_us() - SECOND
    labels = {"text": "é\"\n\\", "int": -5, "big": 1 << 60, "float": 0.1, "whole": 2.0, "tiny": 5e-324, "nan": float("nan"), "yes": True, "no": False,
              "list": [1, "x", [1.5, {"a": [True]}]], "map": {"k": 1, "deep": {"er": "v"}}, "raw": b"\0\1", "none": "", "": "no key"}
    send(
        daemon,
        otlp.spans_of(
            "api",
            [span(1, 2, "GET /", at, 1234, parent=9, kind=2, labels=labels, state="a=b", flags=0x101, dropped=(1, 0, 3),
                  events=[((at + 1) * 1000, "retry", {"n": 1}), (at * 1000, "", {})], links=[((7).to_bytes(16, "big"), (8).to_bytes(8, "big"), {"why": "batch"})],
                  status=(2, "it broke")),
             *(span(2, 10 + kind, f"kind {kind}", at, 0, kind=kind) for kind in range(6)),
             span(1 << 127, 1, "ok", at, 5, status=(1, "")), span(3, 1, "unset with a word", at, 5, status=(0, "hm"))],
            scope="lib",
            resource={"host.name": "h", "process.pid": 7, "a": [1, 2]},
        ),
        otlp.spans_of("db", [span(1, 3, "SELECT", at, 10, parent=2)]),
    )
    # a resource that names no service, and spans that came by another way
    send(daemon, otlp.piece(1, otlp.piece(2, otlp.piece(2, span(4, 1, "", at, 1)))))
    settle(daemon)
    equal(len(rows(daemon)[0]), 11)
    same(receiver, daemon)
    daemon.call("traces.record", {"spans": [{"trace_id": f"{5:032x}", "span_id": f"{1:016x}", "service": "own", "operation": "x", "duration_us": 3,
                                             "attributes": {"a": "b"}, "message": "m"}]})
    settle(daemon)
    found, sent = rows(receiver)[0], rows(daemon)[0]
    equal(len(found), 12)
    equal([row[:13] for row in found], [row[:13] for row in sent])
    equal(found[-2][13], '{"service.name":"own"}')
    state = destination(daemon)
    has(state, {"url": url_of(receiver), "spans_sent": 12, "spans_dropped": 0, "spans_pending": 0, "dropped": 0, "failed": 0, "samples_sent": None})
    wait_for(lambda: 'orfeas_trace_export_spans_sent_total{receiver="there"} 12' in daemon.http("GET", "/metrics")[2].decode(), "the series")


def test_what_is_there(t):
    """A new receiver gets what is stored; what comes while nobody takes it waits; two do not wait for each other."""
    daemon = t.start(settings=settings())
    send_plain(daemon, 1, range(1, 501))
    daemon.stop()
    hanging = Collector()
    hanging.behave = lambda number, handler: handler.rfile.read(1) or True  # until the sender gives up
    with Collector() as collector, hanging:
        settings_ = settings(trace_export__there=collector.url, trace_export__hanging=hanging.url, trace_export__max_spans=100)
        daemon = t.start(settings=settings_)
        settle(daemon)
        equal(collector.spans, [(1, own) for own in range(1, 501)])
        equal(len(collector.requests), 5)
        wait_for(lambda: destination(daemon, "hanging")["spans_pending"] == 500, "what waits to be counted")
        equal(destination(daemon, "hanging")["spans_sent"], 0)
        send_plain(daemon, 2, range(1, 6))
        settle(daemon)
        equal(collector.spans[500:], [(2, own) for own in range(1, 6)])


def test_trouble(t):
    """What may go well later is tried again, when it is said; what never will is dropped and counted."""
    with Collector() as collector:
        answers = [(503, {}), (429, {"Retry_After": 0}), (500, {}), (401, {}), (302, {"Location": "/"})]

        def behave(number, handler):
            if number > len(answers):
                return False
            status, headers = answers[number - 1]
            handler.answer(status, b"not now", **headers)
            return True

        collector.behave = behave
        daemon = t.start(settings=settings(trace_export__there=collector.url, outbox__retry_after_max_us=1000000))
        send_plain(daemon, 1, range(1, 4))
        settle(daemon)
        equal(collector.spans, [(1, own) for own in range(1, 4)])
        has(destination(daemon), {"failed": 5, "dropped": 0, "spans_sent": 3, "spans_dropped": 0, "last_error": None})
        collector.behave = lambda number, handler: number == len(answers) + 2 and (handler.answer(400, b"never") or True)
        send_plain(daemon, 2, range(1, 4))
        settle(daemon)
        send_plain(daemon, 3, [1])
        settle(daemon)
        equal(collector.spans[3:], [(3, 1)])
        has(destination(daemon), {"dropped": 1, "spans_sent": 4, "spans_dropped": 3})
        assert "never" in daemon.stderr()


def test_too_large(t):
    """413: halves, until what is too large stands alone."""
    with Collector() as collector:
        collector.max_bytes = 4000
        daemon = t.start(settings=settings(trace_export__there=collector.url))
        send(daemon, otlp.spans_of("api", [span(1, own, labels={"x": "y" * (5000 if own == 40 else 10)}) for own in range(1, 101)]))
        settle(daemon)
        equal(sorted(collector.spans), [(1, own) for own in range(1, 101) if own != 40])
        has(destination(daemon), {"spans_sent": 99, "spans_dropped": 1, "dropped": 0})


def test_receiver_killed(t):
    receiver = start_receiver(t)
    # its port stays
    receiver.command[receiver.command.index("--listen") + 1] = "%s:%d" % receiver.address
    daemon = t.start(settings=settings(trace_export__there=url_of(receiver), trace_export__max_spans=20))
    for trace in range(1, 31):
        send_plain(daemon, trace, range(1, 11))
        if trace in (10, 20):
            receiver.kill()
        if trace in (15, 25):
            receiver.start()
    settle(daemon)
    same(receiver, daemon)


def test_sender_killed(t):
    """At least once: after each kill -9 the same runs go out again, and the receiver knows their spans."""
    receiver = start_receiver(t)
    daemon = t.start(settings=settings(trace_export__there=url_of(receiver), trace_export__max_spans=50))
    for trace in range(1, 41):
        send_plain(daemon, trace, range(1, 26))
        if trace % 5 == 0:
            daemon.kill()
            daemon.start()
    settle(daemon)
    equal(daemon.sql("SELECT count(*) FROM span"), [(1000,)])
    same(receiver, daemon)


def test_numbers(t):
    """Numbers of spans that are gone are not given again: what is handed on by its number would be left out."""
    with Collector() as collector:
        daemon = t.start(settings=settings(trace_export__there=collector.url))
        send_plain(daemon, 1, range(1, 3))
        settle(daemon)
        daemon.stop()
        # as retention leaves it, when all have gone
        connection = orfeas_test.sqlite3.connect(daemon.db)
        connection.execute("DELETE FROM span")
        connection.execute("DELETE FROM trace")
        connection.commit()
        connection.close()
        daemon.start()
        send_plain(daemon, 2, range(1, 4))
        settle(daemon)
        equal(collector.spans, [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3)])
        equal(daemon.sql("SELECT span_no FROM span ORDER BY 1"), [(3,), (4,), (5,)])
        equal(destination(daemon)["spans_dropped"], 0)


def test_gone(t):
    """Spans that retention took before anybody had them are counted."""
    port = free_port()
    daemon = t.start(settings=settings(trace_export__there=f"http://127.0.0.1:{port}/v1/traces", trace_export__max_spans=10))
    send_plain(daemon, 1, range(1, 101))
    wait_for(lambda: destination(daemon)["failed"] > 0, "a refusal")
    send_plain(daemon, 2, range(1, 11))
    wait_for(lambda: destination(daemon)["spans_pending"] == 110, "what waits to be counted")
    daemon.stop()
    connection = orfeas_test.sqlite3.connect(daemon.db)
    connection.execute("DELETE FROM span WHERE span_no <= 60")
    connection.commit()
    connection.close()
    daemon.start()
    with Collector(port) as collector:
        settle(daemon)
        equal(sorted(collector.spans), [(1, own) for own in range(61, 101)] + [(2, own) for own in range(1, 11)])
        equal(destination(daemon)["spans_dropped"], 60)


def test_settings(t):
    """SIGHUP: receivers come, change and go; a broken one leaves all as it was."""
    with Collector() as collector, Collector() as other:
        path = f"{t.dir}/token"
        with open(path, "w", encoding="utf-8") as file:
            file.write("secret\n")

        def config(*lines):
            before = ["[gpu]", "backends=simulated", "[outbox]", "backoff_us=10000", "backoff_max_us=100000", "[trace_export]", "period_us=20000"]
            text = "\n".join([*before, *lines, ""])
            with open(f"{t.dir}/orfeasd.conf", "w", encoding="utf-8") as file:
                file.write(text)
            return text

        daemon = t.daemon(config=config())
        daemon.start()

        def reload(*lines):
            config(*lines)
            daemon.process.send_signal(signal.SIGHUP)

        send_plain(daemon, 1, [1])
        reload(f"there={collector.url}", "[trace_export.there]", f"token_file={path}", "headers=X-Scope-OrgID=a b;X-More==")
        wait_for(lambda: collector.spans == [(1, 1)], "the first span")
        has(collector.requests[0], {"Authorization": "Bearer secret", "X-Scope-OrgID": "a b", "X-More": "="})
        reload(f"there={other.url}")
        send_plain(daemon, 2, [1])
        wait_for(lambda: (other.spans + collector.spans).count((2, 1)), "the second")
        before = len(daemon.stderr())
        reload("there=ftp://x", f"more={other.url}")
        wait_for(lambda: "handed on as before" in daemon.stderr()[before:], "the warning")
        assert "trace_export.there" in daemon.stderr()[before:], daemon.stderr()[before:]
        send_plain(daemon, 3, [1])
        wait_for(lambda: (other.spans + collector.spans).count((3, 1)), "the third")
        reload()
        wait_for(lambda: daemon.sql("SELECT count(*) FROM outbox_cursor") == [(0,)], "the cursor to go")
        equal(destination(daemon)["url"], None)


def test_refused(t):
    for more, word in (
        ({"trace_export.a": "ftp://x/"}, "trace_export.a"),
        ({"trace_export.a": ""}, "trace_export.a"),
        ({"trace_export.a": "http://u:p@127.0.0.1/"}, "trace_export.a"),
        ({"trace_export.a": "http://127.0.0.1:1/", "trace_export.a.headers": "novalue"}, "trace_export.a.headers"),
        ({"trace_export.a": "http://127.0.0.1:1/", "trace_export.a.headers": "Authorization=x"}, "trace_export.a.headers"),
        ({"trace_export.a": "http://127.0.0.1:1/", "trace_export.a.headers": "content-type=x"}, "trace_export.a.headers"),
        ({"trace_export.a": "http://127.0.0.1:1/", "trace_export.a.headers": "b c=x"}, "trace_export.a.headers"),
        ({"trace_export.a": "http://example.org:1/", "trace_export.a.token_file": "/etc/hostname"}, "https"),
        ({"trace_export.a": "http://127.0.0.1:1/", "trace_export.a.token_file": "/nowhere"}, "/nowhere"),
        ({"trace_export.a": "http://localhost:4318/v1/traces", "otlp.listen": "127.0.0.1:4318"}, "own"),
        ({"trace_export.a": "http://[::1]:4318/v1/traces", "otlp.listen": "0.0.0.0:4318"}, "own"),
    ):
        said = t.daemon(settings=settings(**more)).start_refused()
        assert word in said, (more, said)


class Relay(Collector):
    """Passes on what it gets to a daemon, and keeps it."""

    target = None

    def take(self, handler, body):
        self.target.http("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"})
        super().take(handler, body)


def test_circle(t):
    """To ourselves by an address that nobody could know: it ends by itself, for a span that is there changes nothing."""
    with Relay() as relay:
        daemon = relay.target = t.start(settings=settings(trace_export__there=relay.url))
        send_plain(daemon, 1, range(1, 11))
        settle(daemon)
        send_plain(daemon, 2, [1])
        settle(daemon)
        equal(relay.spans, [(1, own) for own in range(1, 11)] + [(2, 1)])
        equal(daemon.sql("SELECT count(*) FROM span"), [(11,)])


orfeas_test.main()
