#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every text of the JSON corpus, as a whole message and as params and id of one, by each transport."""

import http.client
import importlib.util
import json
import os
import subprocess
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


def is_utf8(text):
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_line(text):
    """A line in which nothing else is left of it: a break would make two."""
    return text.strip(b"\r\n") == text and b"\n" not in text and text[:1] not in (b"C", b"c", b"")


def converse(send, receive, messages):
    """Each message, and a call behind it that says when its answer would have come, as some of them are notifications."""
    wrong = []
    for number, (name, around, message) in enumerate(messages):
        send(message)
        send(json.dumps(orfeas_test.request("health.check", request_id=f"after {number}")).encode())
        answer = b""
        while (text := receive()) is not None and f'"after {number}"' not in text:
            answer = text.encode()
        assert text is not None, f"{name} as {around}: the connection was closed"
        judge(name, around, message, answer, wrong)
    equal(wrong, [])
    assert len(messages) > 800, f"only {len(messages)} messages"


def test_socket(t):
    daemon = t.start()
    with daemon.peer("length") as peer:
        converse(peer.send_text, peer.receive_text, corpus())
    daemon.call("status.get")


def test_socket_lines(t):
    daemon = t.start()
    with daemon.peer("line") as peer:
        converse(peer.send_text, peer.receive_text, [one for one in corpus() if is_line(one[2])])
    daemon.call("status.get")


def test_websocket(t):
    """What is no UTF-8 is no text message either: it ends the connection, as test-websocket-cases.py has it."""
    daemon = t.start()
    with daemon.websocket() as socket:
        converse(socket.send_text, socket.receive_text, [one for one in corpus() if is_utf8(one[2])])
    daemon.call("status.get")


def test_stdio(t):
    """By --stdio, which answers from the file alone."""
    daemon = t.start()
    daemon.stop()
    with subprocess.Popen([orfeas_test.ORFEASD, "--stdio", "--db", daemon.db], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=t.environment()) as process:
        def send(message):
            process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(message) + message)
            process.stdin.flush()

        def receive():
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = process.stdout.readline()
                if not line:
                    return None
                head += line
            return process.stdout.read(int(head.partition(b":")[2])).decode()

        converse(send, receive, corpus())
        process.stdin.close()
        equal(process.wait(PATIENCE_S), 0)


orfeas_test.main()
