# SPDX-License-Identifier: LGPL-2.1-or-later
"""In a daemon's place, on a Unix socket or a port: answers each call as the test says, where it says nothing by the schema's example."""

import http.server
import json
import os
import socket
import threading

from break_in import methods
from schema_edges import sample, text_of

METHODS = {method["name"]: method for method in methods()}


def example(name):
    """A result of the method as its schema has it."""
    method = METHODS[name]
    examples = [one["result"]["value"] for one in method.get("examples", []) if "result" in one]
    return examples[0] if examples else sample(method["result"]["schema"])


class Liar:
    """`results`: by method, instead of the example. `answer`: a function of the call that gives the bytes of the whole answer."""

    def __init__(self, folder):
        self.socket = os.path.join(folder, "liar.sock")
        self.results = {}
        self.answer = None
        self.calls = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.socket)
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        try:
            with peer, peer.makefile("rwb") as lines:
                for line in lines:
                    lines.write(self.answer_to(json.loads(line)) + b"\n")
                    lines.flush()
        except OSError:
            pass  # who asked has gone

    def answer_to(self, call):
        self.calls.append(call["method"])
        if self.answer is not None:
            return self.answer(call)
        name = call["method"]
        return text_of({"jsonrpc": "2.0", "id": call["id"], "result": self.results.get(name, example(name))}).encode()


class Page(http.server.ThreadingHTTPServer):
    """By HTTP: each request is answered by `respond(handler)`; `heard` has the headers of each."""

    daemon_threads = True

    def __init__(self, respond):
        self.respond = respond
        self.heard = []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.heard.append(dict(self.headers))
        try:
            self.server.respond(self)
        except OSError:
            self.close_connection = True  # who asked has gone

    do_GET = do_POST  # what a redirect may become

    def say(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
