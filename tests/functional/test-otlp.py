#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""POST /v1/metrics: what each kind of point becomes, how requests are answered, and what is lost: nothing."""

import gzip
import http.client
import json
import threading
import time

import orfeas_test
import otlp_wire as otlp
from orfeas_test import PATIENCE_S, contains, equal, integrity, wait_for

PROTOBUF = {"Content-Type": "application/x-protobuf"}
SECOND = 1_000_000_000


def now_ns():
    return time.time_ns() // 1_000_000_000 * SECOND


def post(daemon, body, headers=None, path="/v1/metrics", verb="POST"):
    return daemon.http(verb, path, body, {**PROTOBUF, **(headers or {})})


def send(daemon, *metrics, resource=None, scope="", rejected=0, headers=None):
    """One request that must be answered 200; the message of what was rejected."""
    body = otlp.metrics_request(metrics, resource, scope)
    status, fields, answer = post(daemon, body, headers)
    assert status == 200, (status, answer)
    equal(fields["Content-Type"], "application/x-protobuf")
    count, message = otlp.partial_success(answer)
    equal(count, rejected, message or "")
    return message


def series(daemon, name):
    """Newest value by labels, as JSON text of them."""
    found = daemon.call("metrics.query", {"select": name, "from_us": time.time_ns() // 1000 - 3_600_000_000,
                                          "to_us": time.time_ns() // 1000 + 60_000_000})["series"]
    return {json.dumps(one["labels"], sort_keys=True): one["points"] for one in found}


def only(daemon, name):
    found = series(daemon, name)
    assert len(found) == 1, found
    return [value for _, value in next(iter(found.values()))]


def test_gauge_and_sums(t):
    daemon = t.start()
    at = now_ns()
    send(
        daemon,
        otlp.gauge("queue.depth", [otlp.number_point(at + 1, 7, {"pool.name": "a"}), otlp.number_point(at, 1.5, {"pool.name": "b"})],
                   unit="{request}", description="how many wait"),
        otlp.counter("requests", [otlp.number_point(at, 41)]),
        otlp.counter("in.flight", [otlp.number_point(at, -3)], monotonic=False),
        resource={"service.name": "api", "service.namespace": "shop", "service.instance.id": "i-1", "host.name": "h"},
        scope="lib",
    )
    labels = {"instance": "i-1", "job": "shop/api", "otel_scope_name": "lib"}
    equal(
        series(daemon, "queue.depth"),
        {
            json.dumps({**labels, "pool_name": "a"}, sort_keys=True): [[at // 1000, 7]],
            json.dumps({**labels, "pool_name": "b"}, sort_keys=True): [[at // 1000, 1.5]],
        },
    )
    equal(only(daemon, "requests"), [41])
    equal(only(daemon, "in.flight"), [-3])
    equal(
        daemon.sql("SELECT DISTINCT name, kind, unit, help FROM series WHERE name IN ('queue.depth','requests','in.flight') ORDER BY name"),
        [("in.flight", "gauge", None, None), ("queue.depth", "gauge", "{request}", "how many wait"), ("requests", "counter", None, None)],
    )


def test_attributes(t):
    daemon = t.start(settings={"otlp.resource_attributes": "k8s.pod.name;"})
    labels = {
        "a.b": "1", "a_b": "2", "9": True, "n": -5, "f": 0.5, "list": [1, "x", [False]], "map": {"k": 1}, "raw": b"\0\1", "job": "mine",
        "empty": "", "le": "fine",
    }
    send(daemon, otlp.gauge("g", [otlp.number_point(now_ns(), 1, labels)]), resource={"service.name": "s", "k8s.pod.name": "p-0"})
    (found,) = series(daemon, "g")
    equal(
        json.loads(found),
        {"a_b": "1;2", "key_9": "true", "n": "-5", "f": "0.5", "list": '[1,"x",[false]]', "map": '{"k":1}', "raw": "AAE=",
         "exported_job": "mine", "job": "s", "k8s_pod_name": "p-0", "le": "fine"},
    )


def test_delta(t):
    daemon = t.start()
    at = now_ns() - 60 * SECOND

    def delta(value, start, end, name="d"):
        send(daemon, otlp.counter(name, [otlp.number_point(at + end * SECOND, value, start_ns=at + start * SECOND)], otlp.DELTA))

    delta(5, 0, 10)
    delta(3, 10, 20)
    delta(3, 10, 20)  # the answer was lost, and the client sent it again
    equal(only(daemon, "d"), [5, 8])
    delta(2, 5, 15)  # late: it counts, and the counter does not seem to fall
    equal(only(daemon, "d"), [5, 10])
    delta(1, 20, 30)
    equal(only(daemon, "d"), [5, 10, 11])
    daemon.restart()
    wait_for(lambda: only(daemon, "d") == [5, 10, 11], "what the file has")
    delta(4, 30, 40)
    wait_for(lambda: only(daemon, "d")[-1] in (15, 4), "it goes on")
    send(daemon, otlp.counter("g", [otlp.number_point(at, -2, start_ns=at - 1)], otlp.DELTA, monotonic=False))
    send(daemon, otlp.counter("g", [otlp.number_point(at + SECOND, -1, start_ns=at)], otlp.DELTA, monotonic=False))
    equal(only(daemon, "g"), [-2, -3])


def test_reset(t):
    """A counter that began anew, and is higher by now: its start tells."""
    daemon = t.start()
    at = now_ns() - 60 * SECOND
    for value, start, end in ((10, 0, 5), (20, 0, 10), (30, 12, 20)):
        send(daemon, otlp.counter("c", [otlp.number_point(at + end * SECOND, value, start_ns=at + start * SECOND)]))
    equal(only(daemon, "c"), [10, 20, 0, 30])


def test_histogram(t):
    daemon = t.start()
    at = now_ns()

    def told():
        found = {json.loads(labels)["le"]: points[-1][1] for labels, points in series(daemon, "h_bucket").items()}
        return found, only(daemon, "h_count")[-1], only(daemon, "h_sum")[-1]

    send(daemon, otlp.histogram("h", [otlp.histogram_point(at - SECOND, [1, 0, 2], [0.5, 10.0], 31.5)], unit="ms", description="how long"))
    equal(told(), ({"0.5": 1, "10": 1, "+Inf": 3}, 3, 31.5))
    send(daemon, otlp.histogram("h", [otlp.histogram_point(at, [4, 1, 2], [0.5, 10.0], 40)], unit="ms"))
    equal(told(), ({"0.5": 4, "10": 5, "+Inf": 7}, 7, 40))
    equal(daemon.sql("SELECT kind, unit, help FROM series WHERE name='h' AND labels='{}'"), [("histogram", "ms", "how long")])
    text = daemon.http("GET", "/metrics")[2]
    contains(text, b"# TYPE h_milliseconds histogram") if b"h_milliseconds" in text else contains(text, b" histogram")
    for i in range(2):
        point = otlp.histogram_point(at + i * SECOND, [1, 1], [1.0], 3, start_ns=at + (i - 1) * SECOND)
        send(daemon, otlp.histogram("d", [point], otlp.DELTA))
    equal({labels: points[-1][1] for labels, points in series(daemon, "d_bucket").items()}, {'{"le": "1"}': 2, '{"le": "+Inf"}': 4})
    equal(only(daemon, "d_sum"), [3, 6])


def test_exponential(t):
    daemon = t.start()
    at = now_ns()

    def told(name):
        found = {float(json.loads(labels)["le"].replace("+Inf", "inf")): points[-1][1] for labels, points in series(daemon, f"{name}_bucket").items()}
        return dict(sorted(found.items()))

    # scale 0: (1,2] has 2, (2,4] none, (4,8] 3; one zero
    send(daemon, otlp.exponential("e", [otlp.exponential_point(at, 0, 0, [2, 0, 3], zeros=1)]))
    equal(told("e"), {1: 1, 2: 3, 4: 3, 8: 6, float("inf"): 6})
    # finer than is kept: 4 buckets of scale 2 are one of scale 0
    for i, (counts, offset) in enumerate((([1, 1, 1, 1], 0), ([5], 4), ([7], -1))):
        point = otlp.exponential_point(at + i * SECOND, 2, offset, counts, start_ns=at + (i - 1) * SECOND)
        send(daemon, otlp.exponential("f", [point], otlp.DELTA))
    found = told("f")
    equal(found[float("inf")], 16)
    values = list(found.values())
    assert values == sorted(values), found
    equal((found[1], found[2]), (7, 11))


def test_summary(t):
    daemon = t.start()
    send(daemon, otlp.summary("s", [otlp.summary_point(now_ns(), 10, 25.0, {0.5: 2.0, 0.99: float("nan")})]))
    equal({labels: points[-1][1] for labels, points in series(daemon, "s").items()}, {'{"quantile": "0.5"}': 2})
    equal((only(daemon, "s_count"), only(daemon, "s_sum")), ([10], [25]))


def test_partial_success(t):
    daemon = t.start()
    at = now_ns()
    point = otlp.number_point
    message = send(
        daemon,
        otlp.gauge("ok", [point(at, 1), point(at, None, flags=1)]),
        otlp.gauge("9 no name", [point(at, 1)]),
        otlp.gauge("nan", [point(at, float("nan"))]),
        otlp.gauge("none", [point(at, None)]),
        otlp.gauge("old", [point(at - 90 * 86400 * SECOND, 1)]),
        otlp.gauge("ahead", [point(at + 3600 * SECOND, 1)]),
        otlp.gauge("gpu.power_w", [point(at, 1)]),
        otlp.gauge("long", [point(at, 1, {"k": "x" * 300})]),
        otlp.counter("negative", [point(at, -1)]),
        otlp.counter("unspecified", [point(at, 1)], temporality=0),
        otlp.histogram("bounds", [otlp.histogram_point(at, [1, 1, 1], [2.0, 1.0], 3)]),
        rejected=10,
    )
    contains(message, "10 data points were not taken")
    equal(only(daemon, "ok"), [1])
    equal(daemon.sql("SELECT count(*) FROM series WHERE name IN ('nan','none','old','ahead','long','negative','bounds_bucket')"), [(0,)])


def test_no_place_for_series(t):
    daemon = t.start(settings={"metrics.max_series": 2010, "metrics.builtin_series": 2000})
    at = now_ns()
    many = [otlp.number_point(at, i, {"i": i}) for i in range(30)]
    message = send(daemon, otlp.gauge("many", many), rejected=20)
    contains(message, "max_series")
    equal(len(series(daemon, "many")), 10)
    # those that are there go on
    send(daemon, otlp.gauge("many", [otlp.number_point(at + SECOND, i, {"i": i}) for i in range(30)]), rejected=20)


def test_json(t):
    daemon = t.start()
    at = now_ns()

    def value(**one):
        return {"attributes": [{"key": "k", "value": one}], "timeUnixNano": str(at), "asInt": "7"}

    request = {
        "resourceMetrics": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "j"}}], "unknown": [{}]},
                "schemaUrl": "x",
                "scopeMetrics": [
                    {
                        "scope": {"name": "s", "version": "1"},
                        "metrics": [
                            {"name": "g", "unit": "1", "gauge": {"dataPoints": [
                                value(stringValue="a"), value(intValue="-9007199254740993"), value(doubleValue=0.5), value(boolValue=False),
                                value(arrayValue={"values": [{"intValue": 1}, {}]}), value(kvlistValue={"values": [{"key": "x", "value": {"stringValue": "y"}}]}),
                                value(bytesValue="AAE="),
                            ]}},
                            {"name": "d", "gauge": {"dataPoints": [{"timeUnixNano": at, "asDouble": 1}, {"timeUnixNano": at + SECOND, "asDouble": "NaN"}]}},
                            {"name": "c", "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [{"timeUnixNano": str(at), "asInt": 3}]}},
                            {"name": "h", "histogram": {"aggregationTemporality": 2, "dataPoints": [
                                {"timeUnixNano": str(at), "count": "3", "sum": 4.5, "bucketCounts": ["1", 2], "explicitBounds": [1]}]}},
                            {"name": "e", "exponentialHistogram": {"aggregationTemporality": 2, "dataPoints": [
                                {"timeUnixNano": str(at), "count": 1, "sum": 1, "scale": 0, "zeroCount": "0", "positive": {"offset": 1, "bucketCounts": ["1"]}}]}},
                            {"name": "q", "summary": {"dataPoints": [{"timeUnixNano": str(at), "count": 1, "sum": 2, "quantileValues": [{"quantile": 0.5, "value": 2}]}]}},
                        ],
                    }
                ],
            }
        ]
    }
    status, fields, answer = daemon.http("POST", "/v1/metrics", request)
    equal((status, fields["Content-Type"]), (200, "application/json"))
    told = json.loads(answer)["partialSuccess"]
    equal(told["rejectedDataPoints"], "1")
    found = [json.loads(labels) for labels in series(daemon, "g")]
    equal(sorted(labels["k"] for labels in found), sorted(["a", "-9007199254740993", "0.5", "false", "[1,null]", '{"x":"y"}', "AAE="]))
    equal({(labels["job"], labels["otel_scope_name"]) for labels in found}, {("j", "s")})
    equal([only(daemon, name) for name in ("d", "c", "h_sum", "q_count")], [[1], [3], [4.5], [1]])
    equal(len(series(daemon, "e_bucket")), 3)
    # the same series, whichever way it is told
    send(daemon, otlp.counter("c", [otlp.number_point(at + SECOND, 4)]), resource={"service.name": "j"}, scope="s")
    equal(only(daemon, "c"), [3, 4])
    equal(json.loads(daemon.http("POST", "/v1/metrics", {})[2]), {})
    for wrong in ({"resourceMetrics": {}}, {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": 1}]}]}]}, [],
                  {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"sum": {"aggregationTemporality": "AGGREGATION_TEMPORALITY_DELTA"}}]}]}]}):
        status, _, answer = daemon.http("POST", "/v1/metrics", json.dumps(wrong))
        equal((status, set(json.loads(answer))), (400, {"code", "message"}), wrong)
    # what would be a gigabyte to a parser of JSON
    packed = gzip.compress(b'{"x":[' + b"{}," * 5_000_000 + b"{}]}")
    equal(daemon.http("POST", "/v1/metrics", packed, {"Content-Encoding": "gzip"})[0], 413)
    equal(daemon.http("POST", "/v1/metrics", b"[" * 1_000_000)[0], 400)


def test_gzip(t):
    daemon = t.start(settings={"otlp.max_body_bytes": 1 << 20})
    body = otlp.metrics_request([otlp.gauge("z", [otlp.number_point(now_ns(), 3)])])
    packed = {"Content-Encoding": "gzip"}
    equal(post(daemon, gzip.compress(body), packed)[0], 200)
    equal(only(daemon, "z"), [3])
    equal(post(daemon, gzip.compress(body)[:-9], packed)[0], 400)
    equal(post(daemon, body, packed)[0], 400)
    equal(post(daemon, body, {"Content-Encoding": "br"})[0], 415)
    # what becomes too large only when it is unpacked
    status, _, answer = post(daemon, gzip.compress(b"\n" * (2 << 20)), packed)
    equal(status, 413)
    contains(dict(otlp.fields(answer))[2], b"too large")


def test_statuses(t):
    daemon = t.start(settings={"otlp.max_body_bytes": 100_000, "listen.max_body_bytes": 1024})
    status, fields, answer = post(daemon, b"\xff\xff")
    equal((status, fields["Content-Type"]), (400, "application/x-protobuf"))
    contains(dict(otlp.fields(answer))[2], b"protobuf")
    equal(post(daemon, b"")[:1], (200,))
    equal(post(daemon, b"", verb="GET")[0], 405)
    equal(post(daemon, b"x", {"Content-Type": "text/plain"})[0], 415)
    equal(post(daemon, b"\n" * 50_000)[0], 400)  # above what a call may have
    status, fields, answer = post(daemon, b"\n" * 200_000)
    equal((status, fields["Content-Type"]), (413, "application/x-protobuf"))
    contains(dict(otlp.fields(answer))[2], b"otlp.max_body_bytes")
    status, fields, answer = post(daemon, b"{", {"Content-Type": "application/json; charset=utf-8"})
    equal((status, fields["Content-Type"]), (400, "application/json"))
    assert json.loads(answer)["message"], answer


def test_roles(t):
    path = f"{t.dir}/tokens"
    with open(path, "w", encoding="utf-8") as file:
        file.write("")
    daemon = t.start(settings={"auth.require": "true"})
    status, fields, answer = post(daemon, otlp.metrics_request([]))
    equal((status, fields["Content-Type"]), (401, "application/x-protobuf"))
    with open(f"{t.dir}/cookie", encoding="utf-8") as file:
        token = file.read().strip()
    equal(post(daemon, otlp.metrics_request([]), {"Authorization": f"Bearer {token}"})[0], 200)


def test_own_port(t):
    daemon = t.start(settings={"otlp.listen": "127.0.0.1:0"})
    host, _, port = daemon.ready["otlp"].rpartition("/")[2].rpartition(":")
    daemon.address = (host, int(port))
    send(daemon, otlp.gauge("p", [otlp.number_point(now_ns(), 3)]))
    equal(daemon.http("POST", "/rpc", {"jsonrpc": "2.0", "id": 1, "method": "status.get"})[0], 404)
    equal(daemon.http("GET", "/api/v1/status")[0], 404)
    equal(daemon.sql("SELECT count(*) FROM series WHERE name='p'"), [(1,)])


def test_overload(t):
    """Beyond what may wait: 429 with Retry-After; all that was accepted is there."""
    daemon = t.start(settings={"otlp.max_in_flight": 2})
    at = now_ns()
    answers = []

    def work(number):
        connection = http.client.HTTPConnection(*daemon.address, timeout=PATIENCE_S)
        for i in range(20):
            points = [otlp.number_point(at + i * SECOND // 10, i, {"w": number, "k": k}) for k in range(200)]
            connection.request("POST", "/v1/metrics", otlp.metrics_request([otlp.gauge("load", points)]), PROTOBUF)
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
    taken = sum(status == 200 for status, _ in answers)
    equal(daemon.sql("SELECT count(*) FROM v_sample WHERE series LIKE 'load{%'"), [(200 * taken,)])


class Writer(threading.Thread):
    """Sends counters and deltas until its daemon dies, and remembers what was accepted."""

    def __init__(self, daemon, number, start):
        super().__init__()
        self.address, self.number, self.next, self.accepted = daemon.address, number, start, []

    def run(self):
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE_S)
        try:
            while True:
                value = self.next
                self.next += 1
                at = time.time_ns()
                body = otlp.metrics_request([otlp.gauge(f"w{self.number}", [otlp.number_point(at, value)])])
                connection.request("POST", "/v1/metrics", body, PROTOBUF)
                response = connection.getresponse()
                response.read()
                if response.status == 200:
                    self.accepted.append(value)
        except (OSError, http.client.HTTPException):
            pass  # the daemon is gone
        finally:
            connection.close()


def test_kill(t):
    daemon = t.start()
    accepted, nexts = {n: set() for n in range(4)}, [0] * 4
    for kill in range(4):
        writers = [Writer(daemon, n, nexts[n]) for n in range(4)]
        for writer in writers:
            writer.start()
        wait_for(lambda: sum(len(w.accepted) for w in writers) >= 60 + 41 * kill, "accepted samples")
        daemon.kill()
        for n, writer in enumerate(writers):
            writer.join()
            accepted[n].update(writer.accepted)
            nexts[n] = writer.next
        daemon.start()
        for n in range(4):
            stored = {row[0] for row in daemon.sql("SELECT value FROM v_sample WHERE series=?", f"w{n}")}
            equal(accepted[n] - stored, set(), f"lost by kill {kill}")
    daemon.stop()
    equal(integrity(daemon.db), "ok")


orfeas_test.main()
