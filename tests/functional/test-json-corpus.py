#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every text of the JSON corpus, as a whole message and as params and id of one, by both transports."""

import http.client
import importlib.util
import json
import os
import sys

import orfeas_test
from orfeas_test import PATIENCE_S, equal

PARSE_ERROR = -32700
AROUND = {
    "whole": (b"", b""),
    "params": (b'{"jsonrpc":"2.0","id":1,"method":"status.get","params":', b"}"),
    "id": (b'{"jsonrpc":"2.0","method":"health.check","id":', b"}"),
}


def corpus():
    path = os.path.join(os.path.dirname(__file__), "..", "corpus", "make-json-corpus.py")
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location("make_json_corpus", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [(name, around, AROUND[around][0] + text + AROUND[around][1]) for name, text in module.texts() for around in AROUND]


def codes(answer):
    """The error codes in an answer: None where a call succeeded."""
    if not answer:
        return []
    value = json.loads(answer)
    members = value if isinstance(value, list) else [value]
    return [(member.get("error") or {}).get("code") for member in members]


# A NUL in a member's name is JSON, and the one text of that kind that jansson does not take.
REFUSED = {"y_object_024.json"}


def judge(name, around, message, answer, wrong):
    if name in REFUSED:
        name = "n" + name[1:]
    parse_error = PARSE_ERROR in codes(answer)
    if name[0] == "n" and not parse_error or name[0] == "y" and parse_error:
        wrong.append(f"{name} as {around}: {message[:80]!r} was answered {answer[:200]!r}")


def test_http(t):
    daemon = t.start()
    connection = http.client.HTTPConnection(*daemon.address, timeout=PATIENCE_S)
    wrong, count = [], 0
    for name, around, message in corpus():
        connection.request("POST", "/rpc", message, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
        assert response.status in (200, 204), f"{name} as {around}: HTTP {response.status} {answer[:200]!r}"
        judge(name, around, message, answer, wrong)
        count += 1
    connection.close()
    equal(wrong, [])
    assert count >= 3 * 318, f"only {count} messages"
    daemon.call("status.get")


def test_socket(t):
    daemon = t.start()
    wrong = []
    with daemon.peer("length") as peer:
        for number, (name, around, message) in enumerate(corpus()):
            # some of them are notifications, so a call after each says when its answer would have come
            peer.send_text(message)
            peer.send_text(json.dumps(orfeas_test.request("health.check", request_id=f"after {number}")))
            answer = b""
            while (text := peer.receive_text()) is not None and f'"after {number}"' not in text:
                answer = text.encode()
            assert text is not None, f"{name} as {around}: the connection was closed"
            judge(name, around, message, answer, wrong)
    equal(wrong, [])
    daemon.call("status.get")


orfeas_test.main()
