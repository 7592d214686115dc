#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every parameter of every method by values at the edges of what the schema allows, and beyond them, over real connections."""

import json
import re

import orfeas_test
from break_in import methods, open_house, status_of
from orfeas_test import equal, request
from schema_edges import attacks, text_of

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
            needed = {name: value for name, value in given.items() if name != param["name"] and any(one["name"] == name and one.get("required") for one in method["params"])}
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


if __name__ == "__main__":
    orfeas_test.main()
