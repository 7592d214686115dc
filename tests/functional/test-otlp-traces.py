#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""POST /v1/traces: what becomes of spans, how requests are answered, and what is lost: nothing."""

import gzip
import http.client
import json
import threading
import time

import orfeas_test
import otlp_wire as otlp
from crash_writer import Crew, SpanWriter
from orfeas_test import PATIENCE_S, contains, equal, integrity, wait_for

PROTOBUF = {"Content-Type": "application/x-protobuf"}
SECOND = 1_000_000_000


def now_ns():
    return time.time_ns() // 1000 * 1000


def trace_id(number):
    return number.to_bytes(16, "big")


def span_id(number):
    return number.to_bytes(8, "big")


def made(trace, own, name, start_ns, length_ns, parent=0, **more):
    return otlp.span(trace_id(trace), span_id(own), name, start_ns, start_ns + length_ns, span_id(parent) if parent else b"", **more)


def post(daemon, body, headers=None, path="/v1/traces"):
    return daemon.http("POST", path, body, {**PROTOBUF, **(headers or {})})


def send(daemon, *resources, rejected=0, headers=None):
    """One request that must be answered 200; the message of what was rejected."""
    status, fields, answer = post(daemon, b"".join(resources), headers)
    assert status == 200, (status, answer)
    equal(fields["Content-Type"], "application/x-protobuf")
    count, message = otlp.partial_success(answer)
    equal(count, rejected, message or "")
    return message


def test_every_field(t):
    daemon = t.start()
    at = now_ns() - SECOND
    labels = {"text": "é\"\n", "int": -5, "big": 1 << 60, "float": 0.5, "whole": 2.0, "nan": float("nan"), "yes": True, "list": [1, "x", [1.0]],
              "map": {"k": 1}, "raw": b"\0\1", "none": ""}
    send(
        daemon,
        otlp.spans_of(
            "api",
            [made(1, 2, "GET /", at, 1_234_567, parent=9, kind=2, labels=labels, state="a=b", flags=0x101, dropped=(1, 0, 3),
                  events=[(at + 1000, "retry", {"n": 1}), (at, "", {})], links=[(trace_id(7), span_id(8), {"why": "batch"})],
                  status=(2, "it broke"))],
            scope="lib",
            resource={"host.name": "h"},
        ),
    )
    row = daemon.sql(
        "SELECT trace_id, span_id, parent_id, t_us, duration_us, service, operation, kind, outcome, message, attributes, events, links, resource, "
        "scope FROM v_span"
    )
    equal(len(row), 1)
    row = list(row[0])
    parsed = [json.loads(text) for text in row[10:]]
    equal(
        row[:10],
        ["0" * 31 + "1", "0" * 15 + "2", "0" * 15 + "9", at // 1000, 1234, "api", "GET /", "server", "error", "it broke"],
    )
    equal(
        parsed,
        [
            {**labels, "big": str(1 << 60), "nan": "NaN", "raw": "AAE="},
            [{"t_us": at // 1000 + 1, "name": "retry", "attributes": {"n": 1}}, {"t_us": at // 1000, "name": ""}],
            [{"trace_id": "0" * 31 + "7", "span_id": "0" * 15 + "8", "attributes": {"why": "batch"}}],
            {"service.name": "api", "host.name": "h"},
            {"name": "lib", "version": "1.0"},
        ],
    )
    contains(row[10], '"whole":2.0')
    equal(daemon.sql("SELECT trace_state, flags, dropped FROM span"), [("a=b", 0x101, '{"attributes":1,"links":3}')])


def test_json(t):
    daemon = t.start()
    at = now_ns() - SECOND
    request = {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "web"}}], "droppedAttributesCount": 1},
                "unknown": {"a": []},
                "scopeSpans": [
                    {
                        "scope": {"name": "s", "version": "2", "attributes": [{"key": "k", "value": {"boolValue": True}}]},
                        "schemaUrl": "x",
                        "spans": [
                            {
                                "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "eee19b7ec3c1b174", "parentSpanId": "",
                                "name": "op", "kind": 3, "startTimeUnixNano": str(at), "endTimeUnixNano": at + 5000, "flags": 1,
                                "attributes": [{"key": "i", "value": {"intValue": "7"}}], "droppedEventsCount": 2,
                                "events": [{"timeUnixNano": str(at), "name": "e"}], "status": {"code": 1},
                                "links": [{"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "traceState": "t"}],
                            }
                        ],
                    }
                ],
            }
        ]
    }
    status, fields, answer = daemon.http("POST", "/v1/traces", request)
    equal((status, fields["Content-Type"], json.loads(answer)), (200, "application/json", {}))
    equal(
        daemon.sql("SELECT trace_id, span_id, parent_id, service, kind, duration_us, outcome, attributes, scope FROM v_span"),
        [("5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", None, "web", "client", 5, "ok", '{"i":7}',
          '{"name":"s","version":"2","attributes":{"k":true}}')],
    )
    one = request["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    one["traceId"] = "5b8e"
    status, _, answer = daemon.http("POST", "/v1/traces", request)
    told = json.loads(answer)["partialSuccess"]
    equal((status, told["rejectedSpans"]), (200, "1"))
    contains(told["errorMessage"], "trace id")
    for name, wrong in (("traceId", "xyz"), ("kind", "SPAN_KIND_SERVER"), ("name", 5), ("startTimeUnixNano", "-1"), ("events", {})):
        status, _, answer = daemon.http("POST", "/v1/traces", {"resourceSpans": [{"scopeSpans": [{"spans": [{**one, name: wrong}]}]}]})
        equal((status, set(json.loads(answer))), (400, {"code", "message"}), name)


def test_fates(t):
    """Partial success, and what is taken although it is odd."""
    daemon = t.start()
    at = now_ns() - SECOND
    deep = 1
    for _ in range(50):
        deep = [deep]
    good = made(1, 1, "good", at, 1000)
    message = send(
        daemon,
        otlp.spans_of(
            "s",
            [
                good,
                otlp.span(b"\0" * 16, span_id(1), "no trace", at, at),
                otlp.span(b"x" * 15, span_id(1), "short trace", at, at),
                otlp.span(trace_id(1), b"\0" * 8, "no span", at, at),
                otlp.span(trace_id(1), span_id(5), "short parent", at, at, b"x"),
                made(1, 6, "old", at - 90 * 86400 * SECOND, 1000),
                made(1, 7, "ahead", at + 3600 * SECOND, 1000),
                made(1, 8, "long", at, 3600 * SECOND),
                made(1, 9, "no time", 0, 5),
                made(1, 10, b"\xff", at, 5),
                made(1, 11, "attribute", at, 5) + otlp.piece(9, otlp.piece(1, b"\xff")),
                made(1, 12, "deep", at, 5, labels={"k": deep}),
            ],
        ),
        rejected=11,
    )
    contains(message, "11 spans were not taken; the first: span \"no trace\"")
    equal(daemon.sql("SELECT operation FROM span ORDER BY span_no"), [("good",)])
    send(
        daemon,
        otlp.spans_of("s", [good, made(1, 20, "backwards", at, -5000), made(1, 21, "", at, 0), made(1, 22, "zero parent", at, 1)]),
        otlp.piece(1, otlp.piece(2, otlp.piece(2, made(2, 1, "n" * 300, at, 1, kind=77, status=(9, ""))))),
    )
    equal(
        daemon.sql("SELECT operation, service, duration_us, kind, outcome FROM span WHERE span_no > 1 ORDER BY span_no"),
        [("backwards", "s", 0, "internal", None), ("unknown", "s", 0, "internal", None), ("zero parent", "s", 0, "internal", None),
         ("n" * 200, "unknown_service", 0, "internal", None)],
    )


def test_services(t):
    """A request through three services, each of which sends its own, the innermost first."""
    daemon = t.start()
    at = now_ns() - SECOND
    send(daemon, otlp.spans_of("db", [made(1, 4, "SELECT", at + 3000, 4000, parent=3, status=(2, ""))]))
    send(daemon, otlp.spans_of("api", [made(1, 3, "GET /items", at + 2000, 6000, parent=2, kind=2)]))
    send(daemon, otlp.spans_of("page", [made(1, 2, "fetch", at + 1000, 8000, parent=1, kind=3), made(1, 1, "load", at, 10000)]))
    equal(daemon.sql("SELECT parent, child, calls, errors FROM span_edge ORDER BY child"), [("page", "api", 1, 0), ("api", "db", 1, 1)])
    equal(daemon.sql("SELECT spans, errors, end_us - start_us FROM trace"), [(4, 1, 10)])


def test_statuses(t):
    daemon = t.start(settings={"otlp.max_body_bytes": 100_000, "otlp.max_rows": 1000})
    status, fields, answer = post(daemon, b"\xff\xff")
    equal((status, fields["Content-Type"]), (400, "application/x-protobuf"))
    equal(post(daemon, b"")[0], 200)
    equal(daemon.http("GET", "/v1/traces")[0], 405)
    equal(post(daemon, b"x", {"Content-Type": "text/plain"})[0], 415)
    equal(post(daemon, b"x", {"Content-Encoding": "br"})[0], 415)
    equal(post(daemon, b"\n" * 200_000)[0], 413)
    equal(post(daemon, gzip.compress(b"\n" * 200_000), {"Content-Encoding": "gzip"})[0], 413)
    at = now_ns() - SECOND
    send(daemon, otlp.spans_of("s", [made(1, i + 1, "n", at, 1) for i in range(1000)]))
    many = otlp.spans_of("s", [made(2, i + 1, "n", at, 1) for i in range(1001)])
    status, _, answer = post(daemon, gzip.compress(many), {"Content-Encoding": "gzip"})
    equal(status, 413)
    contains(dict(otlp.fields(answer))[2], b"max_rows")
    equal(daemon.sql("SELECT count(*) FROM span"), [(1000,)])


def test_own_port(t):
    daemon = t.start(settings={"otlp.listen": "127.0.0.1:0"})
    host, _, port = daemon.ready["otlp"].rpartition("/")[2].rpartition(":")
    daemon.address = (host, int(port))
    send(daemon, otlp.spans_of("s", [made(1, 1, "n", now_ns() - SECOND, 1)]))
    equal(daemon.sql("SELECT count(*) FROM span"), [(1,)])


def test_overload(t):
    """Beyond what may wait: 429 with Retry-After; all that was accepted is there."""
    daemon = t.start(settings={"otlp.max_in_flight": 2})
    at = now_ns() - SECOND
    answers = []

    def work(number):
        connection = http.client.HTTPConnection(*daemon.address, timeout=PATIENCE_S)
        for i in range(20):
            spans = [made(1 + number, 1 + i * 200 + k, "n", at, 1000) for k in range(200)]
            connection.request("POST", "/v1/traces", otlp.spans_of("s", spans), PROTOBUF)
            response = connection.getresponse()
            response.read()
            answers.append((response.status, response.headers["Retry-After"]))
        connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal({status for status, _ in answers} - {200, 429}, set())
    assert all(retry == "1" for status, retry in answers if status == 429), answers
    equal(daemon.sql("SELECT count(*) FROM span"), [(200 * sum(status == 200 for status, _ in answers),)])


def test_kill(t):
    daemon = t.start()
    crew = Crew.of(daemon, SpanWriter)
    for kill in range(4):
        crew.start()
        wait_for(lambda: crew.accepted_now() >= 300 + 41 * kill, "accepted spans")
        daemon.kill()
        crew.join()
        daemon.start()
        equal(crew.problems(), [], f"after kill {kill}")
    daemon.stop()
    equal(integrity(daemon.db), "ok")
    # what was counted is of what is there
    equal(daemon.sql("SELECT (SELECT count(*) FROM span) = spans AND (SELECT sum(spans) FROM trace) = spans FROM span_total"), [(1,)])
    equal(daemon.sql("SELECT sum(spans) = (SELECT count(*) FROM span) FROM span_stat WHERE step_us = 60000000"), [(1,)])


orfeas_test.main()
