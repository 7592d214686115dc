#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""JSON-RPC 2.0 by HTTP POST, to the letter."""

import json

import orfeas_test
from orfeas_test import contains, equal, fails, request


def test_single(t):
    daemon = t.start()
    answer = daemon.ask(request("health.check"))
    equal(answer, {"jsonrpc": "2.0", "id": 1, "result": {"serving": "SERVING"}})
    status, headers, _ = daemon.http("POST", "/rpc", request("health.check"))
    equal(status, 200)
    equal(headers["Content-Type"].split(";")[0], "application/json")


def test_ids_are_echoed_exactly(t):
    daemon = t.start()
    for text in (
        '"a"', '""', '"0"', '"\u00e9\u20ac\\"\\\\"', '"' + "x" * 200 + '"', "0", "-1", "7", "1.5", "-0.25", "1e3", "1.0",
        "9007199254740991", "-9007199254740993", "9223372036854775807", "18446744073709551616", "123456789012345678901234567890",
    ):
        answer = daemon.post('{"jsonrpc":"2.0","method":"health.check","id":%s}' % text).decode()
        numbers_as_text = {"parse_int": str, "parse_float": str}
        equal(json.loads(answer, **numbers_as_text)["id"], json.loads(text, **numbers_as_text), text)
        contains(json.loads(answer), "result")


def test_id_null_is_answered(t):
    daemon = t.start()
    answer = daemon.ask('{"jsonrpc":"2.0","method":"health.check","id":null}')
    equal(answer["id"], None)
    contains(answer, "result")


def test_id_of_a_wrong_type(t):
    daemon = t.start()
    for text in ("true", "{}", "[1]"):
        answer = daemon.ask('{"jsonrpc":"2.0","method":"health.check","id":%s}' % text)
        equal(answer["error"]["code"], -32600)
        equal(answer["id"], None)


def test_notification_is_204(t):
    daemon = t.start()
    for message in (
        {"jsonrpc": "2.0", "method": "health.check"},
        {"jsonrpc": "2.0", "method": "no.such"},
        [{"jsonrpc": "2.0", "method": "health.check"}, {"jsonrpc": "2.0", "method": "status.get"}],
    ):
        status, _, body = daemon.http("POST", "/rpc", message)
        equal((status, body), (204, b""))


def test_batch_is_answered_in_order(t):
    daemon = t.start()
    batch = [
        request("metrics.list", request_id="slow"),
        request("no.such", request_id=2),
        {"jsonrpc": "2.0", "method": "health.check"},
        request("health.check", request_id=None),
        7,
        request("health.check", {"service": 5}, request_id=3.5),
        request("status.get", request_id="last"),
    ]
    answers = daemon.ask(batch)
    equal([answer["id"] for answer in answers], ["slow", 2, None, None, 3.5, "last"])
    equal([answer.get("error", {}).get("code") for answer in answers], [None, -32601, None, -32600, -32602, None])


def test_empty_batch_is_one_error(t):
    daemon = t.start()
    answer = daemon.ask("[]")
    equal((answer["id"], answer["error"]["code"]), (None, -32600))


def test_batch_of_nonsense(t):
    daemon = t.start()
    answers = daemon.ask("[1,2,3]")
    equal([(answer["id"], answer["error"]["code"]) for answer in answers], [(None, -32600)] * 3)


def test_batch_too_long(t):
    daemon = t.start(settings={"rpc.max_batch": 10})
    answers = daemon.ask([request("health.check", request_id=i) for i in range(10)])
    equal(len(answers), 10)
    answer = daemon.ask([request("health.check", request_id=i) for i in range(11)])
    assert isinstance(answer, dict) and "error" in answer, answer
    equal(answer["id"], None)


def test_not_json(t):
    daemon = t.start()
    for text in ("", "{", "nonsense", '{"jsonrpc":"2.0",}', "[" * 100000):
        answer = daemon.ask(text)
        equal((answer["id"], answer["error"]["code"]), (None, -32700), text[:20])
        equal(answer["error"]["data"]["status"], "PARSE_ERROR")


def test_not_a_request(t):
    daemon = t.start()
    for text, expected in (
        ("1", None), ('"a"', None), ("null", None), ("{}", None),
        ('{"jsonrpc":"2.0","id":5}', 5), ('{"jsonrpc":"1.0","id":5,"method":"health.check"}', 5),
        ('{"id":5,"method":"health.check"}', 5), ('{"jsonrpc":"2.0","id":5,"method":7}', 5),
        ('{"jsonrpc":"2.0","id":5,"method":"health.check","params":"x"}', 5),
        ('{"jsonrpc":"2.0","id":"q","method":"health.check","params":7}', "q"),
    ):
        answer = daemon.ask(text)
        equal((answer["id"], answer["error"]["code"]), (expected, -32600), text)
        equal(answer["error"]["data"]["status"], "INVALID_REQUEST")


def test_params_forms(t):
    daemon = t.start()
    for params in (None, {}, [], {"service": "custom_metrics"}, ["custom_metrics"]):
        equal(daemon.call("health.check", params), {"serving": "SERVING"})


def test_params_refused(t):
    daemon = t.start()
    error = fails(lambda: daemon.call("health.check", {"service": 5}), "INVALID_ARGUMENT", -32602, "service")
    assert error.data.get("allowed"), error
    fails(lambda: daemon.call("health.check", [5]), "INVALID_ARGUMENT", -32602, "service")
    fails(lambda: daemon.call("health.check", {"servise": "x"}), "INVALID_ARGUMENT", -32602, "servise")
    fails(lambda: daemon.call("health.check", ["", "too many"]), "INVALID_ARGUMENT", -32602)
    fails(lambda: daemon.call("metrics.record"), "INVALID_ARGUMENT", -32602, "samples")
    error = fails(lambda: daemon.call("metrics.list", {"limit": 1001}), "INVALID_ARGUMENT", -32602, "limit")
    contains(error.data["allowed"], "1000")
    fails(lambda: daemon.call("metrics.list", {"limit": 0}), "INVALID_ARGUMENT", -32602, "limit")
    fails(lambda: daemon.call("metrics.list", {"limit": 1.5}), "INVALID_ARGUMENT", -32602, "limit")
    fails(lambda: daemon.call("metrics.list", {"limit": "5"}), "INVALID_ARGUMENT", -32602, "limit")
    fails(lambda: daemon.call("metrics.query", {"select": "x", "aggregate": "mode"}), "INVALID_ARGUMENT", -32602, "aggregate")
    error = fails(
        lambda: daemon.call("metrics.record", {"samples": [{"name": "a", "value": 1}, {"name": "b", "value": "1"}]}),
        "INVALID_ARGUMENT", -32602, "samples[1].value",
    )
    fails(lambda: daemon.call("metrics.query", {"select": "x", "from_us": 2**53 + 2}), "INVALID_ARGUMENT", -32602, "from_us")


def test_unknown_method(t):
    daemon = t.start()
    error = fails(lambda: daemon.call("no.such"), "METHOD_NOT_FOUND", -32601)
    fails(lambda: daemon.call("rpc.nothing"), "METHOD_NOT_FOUND", -32601)
    fails(lambda: daemon.call("STATUS.GET"), "METHOD_NOT_FOUND", -32601)
    fails(lambda: daemon.call("status.get\u0000"), "METHOD_NOT_FOUND", -32601)


def test_not_found(t):
    daemon = t.start()
    fails(lambda: daemon.call("gpu.list", {"device": "no such"}), "NOT_FOUND", -32005)
    fails(lambda: daemon.call("health.check", {"service": "no such"}), "NOT_FOUND", -32005)


def test_streams_need_a_connection(t):
    daemon = t.start()
    fails(lambda: daemon.call("metrics.watch", {"select": "orfeas.series"}), "FAILED_PRECONDITION", -32009)
    fails(lambda: daemon.call("health.watch"), "FAILED_PRECONDITION", -32009)


def test_roles(t):
    daemon = t.start()
    fails(lambda: daemon.call("db.check"), "PERMISSION_DENIED", -32007)
    with open(t.dir + "/cookie", encoding="utf-8") as file:
        token = file.read().strip()
    headers = {"Authorization": "Bearer " + token}
    equal(daemon.call("db.check", headers=headers)["ok"], True)
    wrong = {"Authorization": "Bearer " + token[:-1] + ("0" if token[-1] != "0" else "1")}
    fails(lambda: daemon.call("db.check", headers=wrong), "UNAUTHENTICATED", -32016)
    equal(daemon.admin("db.check")["ok"], True)


def test_refused_by_http_itself(t):
    daemon = t.start()
    body = json.dumps(request("health.check"))
    for headers, expected in (
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Host": "evil.example"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
    ):
        status, _, answer = daemon.http("POST", "/rpc", body, headers)
        equal(status, expected, f"{headers} {answer[:200]}")


def test_too_large(t):
    daemon = t.start(settings={"listen.max_body_bytes": 100000, "rpc.max_message_bytes": 100000})
    equal(daemon.http("POST", "/rpc", " " * 90000 + "[]")[0], 200)
    status, _, _ = daemon.http("POST", "/rpc", " " * 100001)
    equal(status, 413)
    daemon.call("health.check")


def test_other_verbs(t):
    daemon = t.start()
    for verb in ("GET", "PUT", "DELETE", "PATCH"):
        status, headers, _ = daemon.http(verb, "/rpc")
        assert status in (405, 426), f"{verb}: {status}"
        contains(headers["Allow"], "POST")


orfeas_test.main()
