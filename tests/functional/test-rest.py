#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""REST: the same methods, in an envelope."""

import json
import urllib.parse

import orfeas_test
from orfeas_test import contains, equal, now_us, wait_for


def test_envelope(t):
    daemon = t.start()
    status, body = daemon.rest("GET", "/status")
    equal((status, body["status"], body["phase4_enabled"]), (200, "success", True))


def test_prefixes_are_the_same(t):
    daemon = t.start()
    for prefix in ("/api/v1", "/api/phase4", "/api"):
        status, headers, body = daemon.http("GET", prefix + "/gpu")
        equal((status, json.loads(body)["status"]), (200, "success"))
        equal(headers["Content-Type"].split(";")[0], "application/json")


def test_query_parameters(t):
    daemon = t.start()
    status, body = daemon.rest("POST", "/metrics/record", {"samples": [{"name": "a.b", "labels": {"k": "v &="}, "value": 2.5}]})
    equal((status, body), (200, {"status": "success", "accepted": 1}))
    query = urllib.parse.urlencode({"select": 'a.b{k="v &="}', "by": json.dumps(["k"]), "aggregate": "max", "step_us": 1000000})
    status, body = daemon.rest("GET", "/metrics/query?" + query)
    equal(status, 200, str(body))
    equal([point[1] for point in body["series"][0]["points"] if point[1] is not None], [2.5])
    status, body = daemon.rest("GET", "/metrics/list?match=a.b&limit=1")
    equal([series["series"] for series in body["series"]], ['a.b{k="v &="}'])


def refused(daemon, verb, path, expected, name, body=None, headers=None):
    status, _, answer = daemon.http(verb, "/api/v1" + path, body, headers)
    equal(status, expected, f"{verb} {path}: {answer[:300]}")
    value = json.loads(answer)
    equal((value["status"], value["error"]["status"]), ("error", name), path)
    assert isinstance(value["error"]["code"], int) and value["error"]["message"], answer
    return value["error"]


def not_built(daemon):
    """Paths of methods that only the schema has so far."""
    methods = [method for method in daemon.call("rpc.discover")["methods"] if method.get("x-unavailable")]
    return [
        route["path"] for method in methods if not any(one["required"] for one in method["params"])
        for route in method.get("x-rest", []) if route["verb"] == "GET"
    ]


def test_codes(t):
    daemon = t.start(settings={"listen.max_body_bytes": 100000})
    refused(daemon, "GET", "/metrics/list?limit=5000", 400, "INVALID_ARGUMENT")
    refused(daemon, "GET", "/metrics/list?limit=x", 400, "INVALID_ARGUMENT")
    refused(daemon, "GET", "/metrics/list?nosuch=1", 400, "INVALID_ARGUMENT")
    refused(daemon, "POST", "/metrics/record", 400, "INVALID_ARGUMENT", "{}")
    refused(daemon, "POST", "/metrics/record", 400, "PARSE_ERROR", "{")
    refused(daemon, "GET", "/gpu?device=nosuch", 404, "NOT_FOUND")
    refused(daemon, "GET", "/no/such", 404, "METHOD_NOT_FOUND")
    refused(daemon, "GET", "/", 404, "METHOD_NOT_FOUND")
    refused(daemon, "POST", "/db/check", 403, "PERMISSION_DENIED", "{}")
    for path in not_built(daemon):
        refused(daemon, "GET", path, 503, "UNAVAILABLE")
    refused(daemon, "GET", "/metrics/query?expr=avg(a)", 400, "INVALID_ARGUMENT")


def test_wrong_verb_names_the_right_one(t):
    daemon = t.start()
    status, headers, _ = daemon.http("DELETE", "/api/v1/status")
    equal(status, 405)
    contains(headers["Allow"], "GET")
    status, headers, _ = daemon.http("GET", "/api/v1/metrics/record")
    equal(status, 405)
    contains(headers["Allow"], "POST")


def test_content_type_and_size(t):
    daemon = t.start(settings={"listen.max_body_bytes": 100000})
    body = json.dumps({"samples": [{"name": "a", "value": 1}]})
    status, _, _ = daemon.http("POST", "/api/v1/metrics/record", body, {"Content-Type": "text/plain"})
    equal(status, 415)
    status, _, _ = daemon.http("POST", "/api/v1/metrics/record", body + " " * 100000)
    equal(status, 413)
    equal(daemon.call("metrics.list", {"match": "a"})["series"], [])


def test_head_and_unknown_paths(t):
    daemon = t.start()
    equal(daemon.http("GET", "/no-such-page")[0], 404)
    equal(daemon.http("GET", "/api")[0], 404)
    equal(daemon.http("GET", "/..%2f..%2fetc/passwd")[0], 404)


def test_health_has_no_envelope(t):
    daemon = t.start()
    wait_for(lambda: daemon.http("GET", "/healthz")[0] == 200, "health")
    equal(json.loads(daemon.http("GET", "/healthz")[2]), {"serving": "SERVING"})
    for query, status, serving in (("service=cache_manager", 200, "SERVING"), ("service=", 200, "SERVING"), ("_=17", 200, "SERVING"),
                                   ("service=cache%5Fmanager", 200, "SERVING"), ("service=nope", 404, "UNKNOWN"), ("service=%FF", 404, "UNKNOWN")):
        answer = daemon.http("GET", f"/healthz?{query}")
        equal((answer[0], json.loads(answer[2])), (status, {"serving": serving}), query)
    equal(daemon.http("GET", "/readyz")[0], 200)
    document = json.loads(daemon.http("GET", "/openrpc.json")[2])
    contains(document, "openrpc")


def test_original_profile(t):
    daemon = t.start()
    wait_for(lambda: daemon.call("gpu.list")["devices"], "a device")
    status, body = daemon.rest("GET", "/gpu/profile")
    equal(status, 200)
    first = body["devices"][0]
    equal(body["profile"]["device"], first["device"])
    assert abs(body["profile"]["total_mb"] - first["total_bytes"] / 1048576) < 1, body["profile"]
    assert "profile" not in daemon.call("gpu.profile"), "only REST has it"


def test_headers_as_metadata(t):
    daemon = t.start()
    sample = {"samples": [{"name": "once", "value": 1, "t_us": now_us()}]}
    headers = {"Idempotency-Key": "rest-1"}
    for _ in range(3):
        status, _, body = daemon.http("POST", "/api/v1/metrics/record", sample, headers)
        equal((status, json.loads(body)["accepted"]), (200, 1))
    equal(daemon.sql("SELECT count(*) FROM v_sample WHERE series='once'"), [(1,)])


orfeas_test.main()
