#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every parameter of every method by values at the edges of what the schema allows, and beyond them, over real connections."""

import http.client
import json
import random
import re

import orfeas_test
from break_in import methods, open_house, status_of
from orfeas_test import equal, now_us, request
from schema_edges import MAX, attacks, text_of

# what a fault of ours looks like, beside what Test.close() looks for
BROKEN = re.compile(r"critical|panic|assert|must not be NULL|malformed|SQLITE_", re.IGNORECASE)
WINDOW = 40  # calls: what is answered to them fits into the connection's queue
# an edge that is allowed and may be asked for here: it ends in a file, or in a wait
LEFT_OUT = {("db.backup", "path"), ("cache.get", "wait_us")}


def calls():
    """(method, parameter, path in it, whether it is forbidden, the parameters)."""
    for method in methods():
        given = {one["name"]: one["value"] for one in (method.get("examples") or [{"params": []}])[0]["params"]}
        for param in method["params"]:
            needed = example(method, param["name"])
            for path, value, bad in attacks(param["schema"], given.get(param["name"])):
                if bad or (method["name"], param["name"]) not in LEFT_OUT:
                    yield method, param["name"], param["name"] + path, bad, {**needed, param["name"]: value}


def windows(count):
    """The calls by so many, which are sent before the first of them is answered."""
    window = []
    for call in calls():
        window.append((*call, text_of(request(call[0]["name"], call[4], {"deadline_ms": 2000}, len(window)))))
        if len(window) == count:
            yield window
            window = []
    yield window


def answers_to(peer, window):
    """What is answered to each, whose id is its number in the window, or null where its text could not be read."""
    peer.send_text("\n".join(text for *_, text in window))
    found, streams = [], []
    while len(found) < len(window):
        text = peer.receive_text()
        assert text is not None, "the connection ended"
        answer = json.loads(text)
        if "method" not in answer:
            found.append(answer)
            streams += [answer["result"]["stream"]] if "stream" in (answer.get("result") or {}) else []
    for stream in streams:
        peer.send_text(json.dumps({"jsonrpc": "2.0", "method": "stream.cancel", "params": {"stream": stream}}))
    return found


def example(method, *others):
    """The parameters that it needs, as the schema has them, but for those."""
    given = {one["name"]: one["value"] for one in (method.get("examples") or [{"params": []}])[0]["params"]}
    return {param["name"]: given[param["name"]] for param in method["params"] if param.get("required") and param["name"] in given and param["name"] not in others}


def wrong_with(method, name, path, bad, answer):
    """What the answer should not be, or None."""
    if "result" in answer:
        return "taken" if bad else None
    error = answer["error"]
    status, field = status_of(answer), error["data"].get("field")
    assert status is not None and error["message"], answer
    if status not in method.get("errors", []) and status not in ("INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"):
        return f"{status}, which the method does not name: {error['message']}"
    if bad and status != "INVALID_ARGUMENT":
        return f"{status}, not INVALID_ARGUMENT"
    if bad and not (field or "").startswith(name):
        return f"field {field}, not {path}"
    return None


def test_every_parameter(_):
    """each parameter of each method, and each part of it, by some 50 values at the edges of its range and of every other type"""
    daemon, wrong, count = open_house.get().daemon, [], 0
    with daemon.peer() as peer:
        for window in windows(WINDOW):
            for answer in answers_to(peer, window):
                if answer["id"] is None:  # a number or text that is none to JSON; a message beyond its limit
                    assert status_of(answer) in ("PARSE_ERROR", "RESOURCE_EXHAUSTED"), answer
                    continue
                method, name, path, bad, _, text = window[answer["id"]]
                fault = wrong_with(method, name, path, bad, answer)
                if fault:
                    wrong.append(f"{method['name']} {path} = {text[text.find(name):][:60]}: {fault}")
            count += len(window)
    print(f"# {count} calls", flush=True)
    assert not wrong, "\n".join([f"{len(wrong)} of {count} calls:", *wrong])
    assert count > 10000, count
    assert not BROKEN.search(daemon.stderr()), daemon.stderr()
    equal(daemon.call("health.check"), {"serving": "SERVING"})


def ask_all(asks):
    """Each answer is a result, or an error that the method names."""
    daemon, wrong, count = open_house.get().daemon, [], 0
    with daemon.peer() as peer:
        for method, params in asks:
            answer = peer.ask(request(method["name"], params, {"deadline_ms": 2000}))
            fault = wrong_with(method, "", "", None, answer)
            if fault:
                wrong.append(f"{method['name']} {params}: {fault}")
            count += 1
    print(f"# {count} calls", flush=True)
    assert not wrong, "\n".join(wrong)
    return count


def spans():
    """(method, parameters) of each that takes a span of time, and beside it what makes the most of one."""
    last, now = MAX, now_us()
    more = {"metrics.query": [{"select": '{__name__=~".*"}', "step_us": step, "aggregate": how} for step in (1000, 31536000000000) for how in ("avg", "rate", "p99", "last")],
            "alerts.test_rule": [{"expr": '{__name__=~".*"} > 1', "step_us": step} for step in (100000, 86400000000)]}
    more["metrics.export"] = more["metrics.query"]
    for method in methods():
        if {"from_us", "to_us"} <= {param["name"] for param in method["params"]}:
            for begin, end in ((0, 0), (0, 1), (1, 0), (0, last), (last, last), (last, 0), (last - 1, last), (now, now), (now, now - 1), (0, now), (now - 1, last)):
                for beside in more.get(method["name"], [{}]):
                    yield method, {**example(method, "from_us", "to_us"), **beside, "from_us": begin, "to_us": end}


def test_spans_of_time(_):
    """spans that are empty, end before they begin, have all the time there is, lie in its last microsecond: of each method that takes one"""
    assert ask_all(spans()) > 200


def cursors(daemon):
    """(method, parameters) of each list by cursors that were never given, were changed, or are another list's."""
    chance, lists, given = random.Random(7), [method for method in methods() if any(param["name"] == "cursor" for param in method["params"])], []
    for method in lists:
        answer = daemon.call(method["name"], {**example(method), "limit": 1})
        given += [answer["next_cursor"]] if answer.get("next_cursor") else []
    assert len(given) > 4, given
    made = ["", "0", "-1", "%00", "null", "9" * 250, "1:2:3", f"-{MAX}", "9223372036854775808:9223372036854775808", "\u202e", "' OR 1=1 --"]
    for one in given:
        at = chance.randrange(len(one))
        made += [one[:at] + chance.choice("0:.-_z") + one[at + 1:], one[:at] + one[at + 1:], one + one, one[:-1]]
    for method in lists:
        for cursor in given + made:
            yield method, {**example(method), "limit": 2, "cursor": cursor[:256]}


def test_cursors(_):
    """cursors that were never given, that were changed by a character, and those of other lists, to each list"""
    daemon = open_house.get().daemon
    for at in range(3):
        daemon.call("metrics.record", {"samples": [{"name": f"paged_{at}", "value": 1}]})
        daemon.call("events.mark", {"text": f"mark {at}"})
        daemon.call("load.record", {"name": "paged", "kind": "stress", "started_us": at, "took_us": 1, "requests": 1, "errors": 0})
        daemon.call("incidents.pin", {"from_us": now_us() - 2000000 - at, "to_us": now_us() - 1000000})
        daemon.call("traces.record", {"spans": [{"trace_id": f"{at + 1:032x}", "span_id": f"{at + 1:016x}", "service": "a", "operation": "b", "start_us": now_us() - 9, "duration_us": 5}]})
    assert ask_all(cursors(daemon)) > 300


# as a query has them, percent-encoded or not
TEXTS = ("", "-0", "9223372036854775808", "1e999", "%00", "%ff%c0%af", "%", "%5B%5B%5B", "%7B%22a%22%3A", "a&NAME=b", "%E2%80%AE", "..%2F..%2Fetc%2Fpasswd")


def test_by_a_query(_):
    """each parameter of each GET route as a query: empty, twice, no UTF-8, NUL, half of JSON, numbers beyond all; and such texts as a part of the path"""
    daemon, wrong, count = open_house.get().daemon, [], 0
    connection = http.client.HTTPConnection(*daemon.address, timeout=orfeas_test.PATIENCE_S)
    for method in methods():
        for route in (one for one in method.get("x-rest", []) if one["verb"] == "GET"):
            path = "/api/v1" + re.sub(r"<\w+>", "x", route["path"])
            asks = [f"{path}?{param['name']}={text.replace('NAME', param['name'])}" for param in method["params"] for text in TEXTS]
            asks += ["/api/v1" + re.sub(r"<\w+>", text, route["path"]) for text in TEXTS if "<" in route["path"]]
            for ask in asks:
                connection.request("GET", ask)
                answer = connection.getresponse()
                answer.read()
                if answer.status not in (200, 400, 403, 404):
                    wrong.append(f"{ask}: {answer.status}")
                count += 1
    connection.close()
    equal(wrong, [])
    assert count > 1000, count
    assert not BROKEN.search(daemon.stderr()), daemon.stderr()


if __name__ == "__main__":
    orfeas_test.main()
