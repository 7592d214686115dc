#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The post-mortem as a page, in a real Chromium; see test-report.mjs."""

import contextlib
import http.server
import json
import os
import threading
import types

import browser_test
import orfeas_test
from orfeas_test import Teller, equal

DOCUMENT = os.path.join(browser_test.HERE, "..", "unit", "ctl", "postmortem.json")
ATTACK = "\"'></td></svg></style><script>window.hit = 1</script><img src=/x onerror='window.hit = 1'>\u202egpj"


@contextlib.contextmanager
def served(page):
    """The page and nothing else, as a mail or a ticket would have it; gives what else was asked for."""
    others = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path != "/":
                others.append(self.path)
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page if self.path == "/" else b"")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", others
        server.shutdown()


def twist(value, change):
    if isinstance(value, dict):
        return {name: twist(member, change) for name, member in value.items()}
    if isinstance(value, list):
        return [twist(member, change) for member in value]
    return change(value)


def visit(t, case, change=lambda value: value):
    with open(DOCUMENT, encoding="utf-8") as file:
        document = twist(json.load(file), change)
    path = os.path.join(t.dir, "report.html")
    with Teller(t, {"document": document}) as teller:
        code, _, err = t.ctl(teller, "postmortem", "--last", "2h", "-o", path)
    equal(code, 0, err)
    with open(path, "rb") as file, served(file.read()) as (url, others):
        browser_test.run(t, "test-report.mjs", case, types.SimpleNamespace(ready={"http": url}))
        equal(others, [])


def test_reads(t):
    visit(t, "reads")


def test_nothing(t):
    visit(t, "nothing", lambda value: None)


def test_attack(t):
    visit(t, "attack", lambda value: ATTACK if isinstance(value, str) else value)


def test_policy(t):
    visit(t, "policy")


orfeas_test.main()
