#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Jaeger's query API: the requests of Jaeger's page and of Grafana's data source, and the answers that they read."""

import gzip
import http.client
import json
import threading
import time
import urllib.parse

import orfeas_test
import otlp_wire as otlp
from orfeas_test import PATIENCE_S, equal, now_us

SECOND = 1_000_000


def trace_id(number):
    return number.to_bytes(16, "big")


def span_id(number):
    return number.to_bytes(8, "big")


def made(trace, own, name, start_us, length_us, parent=0, **more):
    return otlp.span(trace_id(trace), span_id(own), name, start_us * 1000, (start_us + length_us) * 1000, span_id(parent) if parent else b"", **more)


def send(daemon, *resources):
    status, _, answer = daemon.http("POST", "/v1/traces", b"".join(resources), {"Content-Type": "application/x-protobuf"})
    assert status == 200, (status, answer)


def get(daemon, path, expected=200, prefix="/jaeger/api/", headers=None, **query):
    text = urllib.parse.urlencode(query, doseq=True)
    status, fields, body = daemon.http("GET", prefix + path + ("?" + text if text else ""), headers=headers)
    equal((status, fields["Content-Type"]), (expected, "application/json"), body[:500])
    answer = json.loads(gzip.decompress(body) if fields["Content-Encoding"] == "gzip" else body)
    equal(list(answer), ["data", "total", "limit", "offset", "errors"])
    return answer


def data(daemon, path, **query):
    answer = get(daemon, path, **query)
    equal((answer["limit"], answer["offset"], answer["errors"]), (0, 0, None))
    return answer["data"]


def refused(daemon, path, status, word, **query):
    answer = get(daemon, path, status, **query)
    equal((answer["data"], answer["total"], len(answer["errors"])), (None, 0, 1))
    equal(answer["errors"][0]["code"], status)
    assert word in answer["errors"][0]["msg"], answer


def ids(traces):
    return [int(trace["traceID"], 16) for trace in traces]


def tags(span, member="tags"):
    return {tag["key"]: (tag["type"], tag["value"]) for tag in span[member]}


def shop(daemon, at):
    send(
        daemon,
        otlp.spans_of("page", [made(1, 1, "load", at, 100_000, kind=1), made(1, 2, "fetch", at + 5000, 90_000, 1, kind=3)]),
        otlp.spans_of("api/v 1", [made(1, 3, "GET /a", at + 6000, 80_000, 2, kind=2, status=(2, "it broke"), labels={"http.status_code": 500})]),
    )
    for i in range(2, 12):
        send(daemon, otlp.spans_of("page", [made(i, 1, "load", at + i * SECOND, i * 1000, labels={"n": str(i), "even": i % 2 == 0})]))


def test_every_field(t):
    daemon = t.start()
    at = now_us() - SECOND
    labels = {"text": "é\"\n", "int": -5, "big": 1 << 60, "float": 0.5, "whole": 2.0, "yes": True, "no": False, "list": [1, "x", [1.5]], "map": {"k": 1}}
    send(
        daemon,
        otlp.spans_of(
            "api",
            [made(1 << 100, 2, "GET /", at, 1234, parent=9, kind=2, labels=labels, state="a=b", flags=0x101, dropped=(1, 0, 3),
                  events=[((at + 1) * 1000, "retry", {"n": 1}), (at * 1000, "", {})], links=[(trace_id(7), span_id(8), {"why": "batch"})],
                  status=(2, "it broke"))],
            scope="lib",
            resource={"host.name": "h"},
        ),
    )
    (trace,) = data(daemon, f"traces/{1 << 100:032x}")
    equal(list(trace), ["traceID", "spans", "processes", "warnings"])
    (span,) = trace["spans"]
    own = f"{1 << 100:032x}"
    equal({key: value for key, value in span.items() if key != "tags"}, {
        "traceID": own, "spanID": f"{2:016x}", "flags": 1, "operationName": "GET /",
        "references": [{"refType": "CHILD_OF", "traceID": own, "spanID": f"{9:016x}"}, {"refType": "FOLLOWS_FROM", "traceID": f"{7:016x}", "spanID": f"{8:016x}"}],
        "startTime": at, "duration": 1234,
        "logs": [{"timestamp": at + 1, "fields": [{"key": "event", "type": "string", "value": "retry"}, {"key": "n", "type": "int64", "value": 1}]},
                 {"timestamp": at, "fields": []}],
        "processID": "p1", "warnings": None,
    })
    equal(tags(span), {
        "otel.scope.name": ("string", "lib"), "otel.scope.version": ("string", "1.0"), "text": ("string", "é\"\n"), "int": ("int64", -5), "big": ("string", str(1 << 60)), "float": ("float64", 0.5),
        "whole": ("float64", 2.0), "yes": ("bool", True), "no": ("bool", False), "list": ("string", '[1,"x",[1.5]]'), "map": ("string", '{"k":1}'),
        "span.kind": ("string", "server"), "otel.status_code": ("string", "ERROR"), "error": ("bool", True), "otel.status_description": ("string", "it broke"),
        "w3c.tracestate": ("string", "a=b"), "otel.dropped_attributes_count": ("int64", 1), "otel.dropped_links_count": ("int64", 3),
    })
    equal(trace["processes"], {"p1": {"serviceName": "api", "tags": [{"key": "host.name", "type": "string", "value": "h"}]}})


def test_names(t):
    daemon = t.start()
    equal(get(daemon, "services"), {"data": [], "total": 0, "limit": 0, "offset": 0, "errors": None})
    shop(daemon, now_us() - 60 * SECOND)
    equal(get(daemon, "services"), {"data": ["api/v 1", "page"], "total": 2, "limit": 0, "offset": 0, "errors": None})
    equal(data(daemon, "services/page/operations"), ["fetch", "load"])
    equal(data(daemon, "services/" + urllib.parse.quote("api/v 1", safe="") + "/operations"), ["GET /a"])
    equal(data(daemon, "services/none/operations"), [])
    equal(data(daemon, "operations", service="page"), [{"name": "fetch", "spanKind": "client"}, {"name": "load", "spanKind": "internal"}])
    equal(data(daemon, "operations", service="api/v 1", spanKind="server"), [{"name": "GET /a", "spanKind": "server"}])
    equal(data(daemon, "operations", service="page", spanKind="server"), [])
    refused(daemon, "operations", 400, "service")
    refused(daemon, "operations", 400, "spanKind", service="page", spanKind="SERVER?")
    now_ms = now_us() // 1000
    equal(data(daemon, "dependencies", endTs=now_ms, lookback=604_800_000), [{"parent": "page", "child": "api/v 1", "callCount": 1}])
    equal(data(daemon, "dependencies"), [{"parent": "page", "child": "api/v 1", "callCount": 1}])
    equal(data(daemon, "dependencies", endTs=now_ms - 10 * 86_400_000, lookback=1000), [])
    refused(daemon, "dependencies", 400, "endTs", endTs="now")
    refused(daemon, "dependencies", 400, "lookback", lookback="1h")


def test_search(t):
    daemon = t.start()
    at = now_us() - 60 * SECOND
    shop(daemon, at)

    def found(**query):
        return ids(data(daemon, "traces", **query))

    everything = list(range(11, 0, -1))
    # as the page sends it, what was left empty too
    page = {"end": at + 3600 * SECOND, "limit": 20, "lookback": "1h", "maxDuration": "", "minDuration": "", "service": "page", "start": at - 1, "tags": ""}
    equal(found(**page), everything)
    equal(found(service="page"), everything)
    equal(found(service="page", limit=3), everything[:3])
    equal(found(service="page", operation="fetch"), [1])
    equal(found(service="page", operation="load", minDuration="9ms"), [11, 10, 9, 1])
    equal(found(service="page", operation="load", minDuration="0.009s", maxDuration="10ms"), [10, 9])
    equal(found(service="page", maxDuration="3000us", limit=1), [3])
    equal(found(service="page", tags='{"n":"7"}'), [7])
    equal(found(service="page", tag="n:7"), [7])
    equal(found(service="page", tags='{"even":"true"}', limit=2), [10, 8])
    equal(found(service="page", tags='{"even":"true"}', tag=["n:4", "span.kind:internal"]), [4])
    equal(found(service="api/v 1", tags='{"error":"true","http.status_code":"500"}'), [1])
    equal(found(service="page", tags='{"error":"true"}'), [])
    equal(found(service="page", tags='{"span.kind":"client"}'), [1])
    equal(found(service="api/v 1", tags='{"otel.status_code":"OK"}'), [])
    equal(found(service="page", start=at + 4 * SECOND, end=at + 5 * SECOND), [5, 4])
    equal(found(service="none"), [])
    (trace,) = data(daemon, "traces", service="api/v 1")
    equal([span["operationName"] for span in trace["spans"]], ["load", "fetch", "GET /a"])
    equal({key: value["serviceName"] for key, value in trace["processes"].items()}, {"p1": "page", "p2": "api/v 1"})
    answer = get(daemon, "traces", traceID=["3", f"{99:032x}", f"{2:032X}"])
    equal((ids(answer["data"]), answer["errors"]), ([3, 2], [{"msg": "trace not found", "traceID": f"{99:016x}"}]))


def test_as_pages_read_it(t):
    """What the models of Jaeger's page and of Grafana take for granted of a trace, whatever was sent."""
    daemon = t.start()
    at = now_us() - SECOND
    link = [(trace_id(1), span_id(1), {}), (b"", b"", {}), (b"\1", b"\2", {})]
    send(
        daemon,
        otlp.spans_of("a", [made(1, 1, "root", at, 10, links=link), made(1, 2, "child", at, 0, 1, links=link), made(1, 3, "orphan", at, 5, 99)]),
        otlp.spans_of("b", [made(1, 4, "self", at, 5, 4), made(1, 5, "circle", at, 5, 6), made(1, 6, "circle", at, 5, 5)], resource={"x": [], "y": {}}),
        otlp.spans_of("b", [made(1, 7, "other resource", at, 5, 1, events=[(0, "", {})])]),
        otlp.spans_of("", [made(1, 8, "", at, 5, 1, labels={"": "", "span.kind": "internal", "error": False})]),
    )
    daemon.call("traces.record", {"spans": [{"trace_id": f"{1:032x}", "span_id": f"{9:016x}", "service": "a", "operation": "recorded", "duration_us": 0}]})
    (trace,) = data(daemon, "traces", service="a")
    equal(len(trace["spans"]), 9)
    equal(len({span["spanID"] for span in trace["spans"]}), 9)
    equal(sorted(process["serviceName"] for process in trace["processes"].values()), ["a", "a", "b", "b", "unknown_service"])
    for span in trace["spans"]:
        equal(span["traceID"], trace["traceID"])
        assert span["startTime"] > 0 and span["duration"] >= 0 and span["operationName"], span
        assert isinstance(trace["processes"][span["processID"]]["tags"], list), span
        # the first is taken for the parent
        assert [ref["refType"] for ref in span["references"]] in ([], ["CHILD_OF"], ["FOLLOWS_FROM"] * 3, ["CHILD_OF"] + ["FOLLOWS_FROM"] * 3), span
        for tag in span["tags"] + [field for log in span["logs"] for field in log["fields"]]:
            equal(list(tag), ["key", "type", "value"])
            assert not isinstance(tag["value"], (list, dict, type(None))), tag


def test_wrong(t):
    """What cannot be read is refused by its name; what is not known is not looked at."""
    daemon = t.start()
    for name, values in {
        "start": ["x", "1e3", "-1", "1.5", str(1 << 64)], "end": ["now"], "limit": ["0", "-1", "many"],
        "minDuration": ["5", "ms", "1.2.3s", "-1s", "1d", "1h30", "1e99h", "99999999999h", " 1s"], "maxDuration": ["x", "."],
        "tag": ["novalue"], "tags": ["{", "[]", '{"a":1}', '{"a":{"b":"c"}}', "\0", "error=true"], "traceID": ["", "x", "0", "1" * 33, "é", "-1"],
    }.items():
        for value in values:
            if value:
                refused(daemon, "traces", 400, f"'{name}'", service="a", **{name: value})
    refused(daemon, "traces", 400, "service")
    refused(daemon, "traces", 400, "maxDuration", service="a", minDuration="2s", maxDuration="1s")
    refused(daemon, "traces", 400, "service", operation="a")
    equal(data(daemon, "traces", service="a", unknown="x", limit=2_000_000), [])
    status, _, body = daemon.http("GET", "/jaeger/api/traces?service=%ff")
    equal((status, json.loads(body)["errors"][0]["code"]), (400, 400))
    for path in ("traces/x", "traces/" + "0" * 32, "traces/" + "1" * 33):
        refused(daemon, path, 400, "traceID")
    refused(daemon, f"traces/{5:032x}", 404, "trace not found")
    for path in ("", "nothing", "services/", "services/a", "traces/", "servicesX", "metrics/"):
        refused(daemon, path, 404, "nothing")
    for path in ("metrics/minstep", "metrics/latencies", "metrics/calls", "metrics/errors"):
        refused(daemon, path, 501, "disabled")
    equal(daemon.http("POST", "/jaeger/api/services", b"")[0], 405)


def test_long(t):
    """A trace with more spans than are told, packed for who takes it; and answers side by side."""
    daemon = t.start()
    at = now_us() - SECOND
    for first in range(0, 10_500, 3_500):
        send(daemon, otlp.spans_of("deep", [made(1, i + 1, "down", at + i, 20_000 - i, i) for i in range(first, first + 3_500)]))
    (trace,) = data(daemon, f"traces/{1:032x}", headers={"Accept-Encoding": "gzip"})
    equal((len(trace["spans"]), len(trace["warnings"])), (10_000, 1))
    equal(trace["spans"][-1]["spanID"], f"{10_000:016x}")
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(len(data(daemon, "traces", service="deep")[0]["spans"]))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(answers, [10_000] * 8)


def test_own_listener(t):
    """[jaeger] listen: at /api, as Jaeger's own; nothing else is there, and the same rules hold."""
    daemon = t.start(settings={"jaeger.listen": "127.0.0.1:0"})
    shop(daemon, now_us() - 60 * SECOND)
    host, _, port = daemon.ready["jaeger"].rpartition("/")[2].rpartition(":")

    def ask(path, headers=None, verb="GET"):
        connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE_S)
        connection.request(verb, path, headers=headers or {})
        response = connection.getresponse()
        answer = response.status, response.read()
        connection.close()
        return answer

    status, body = ask("/api/services")
    equal((status, json.loads(body)["data"]), (200, ["api/v 1", "page"]))
    equal(json.loads(ask("/api/traces?service=page&limit=1")[1])["data"][0]["traceID"], f"{11:016x}")
    equal(ask("/api/traces/" + "9" * 32)[0], 404)
    equal(ask("/jaeger/api/services")[0], 404)
    equal(ask("/rpc")[0], 404)
    equal(ask("/api/v1/traces")[0], 404)
    equal(ask("/api/services", {"Host": "evil.example"})[0], 403)


def test_tokens(t):
    daemon = t.start(settings={"auth.require": "true", "jaeger.listen": "127.0.0.1:0"})
    equal(daemon.http("GET", "/jaeger/api/services")[0], 401)
    equal(daemon.http("GET", "/jaeger/api/services", headers={"Host": "evil.example"})[0], 403)
    with open(f"{t.dir}/cookie", encoding="utf-8") as file:
        token = file.read().strip()
    equal(data(daemon, "services", headers={"Authorization": f"Bearer {token}"}), [])


def test_stop(t):
    """A daemon that stops answers what it was asked, or closes; it does not hang."""
    daemon = t.start(settings={"jaeger.listen": "127.0.0.1:0"})
    shop(daemon, now_us() - 60 * SECOND)
    ends = []

    def ask():
        try:
            while True:
                daemon.http("GET", "/jaeger/api/traces?service=page")
        except (OSError, http.client.HTTPException):
            ends.append(time.monotonic())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    data(daemon, "services")
    daemon.stop()
    for thread in threads:
        thread.join()
    equal(len(ends), 4)


orfeas_test.main()
