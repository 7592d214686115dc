# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the cases of the break-in list share: daemons with every door open, tokens of every role, and raw requests.

A case is refused() or it fails: each says what is tried in its docstring, of which doc/break-ins.md makes its table.
"""

import importlib.util
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys

import orfeas_test
from orfeas_test import PATIENCE_S, Shared, equal, request

HERE = os.path.dirname(os.path.abspath(__file__))
SERVICES = os.path.join(HERE, "..", "..", "schema", "services")
ROLES = ("read", "ingest", "operate", "admin")
HOLDS = {"read": {"read"}, "ingest": {"ingest"}, "operate": {"read", "ingest", "operate"}, "admin": set(ROLES)}


def methods():
    """Every method as the schema has it."""
    found = []
    for name in sorted(os.listdir(SERVICES)):
        with open(os.path.join(SERVICES, name), encoding="utf-8") as file:
            found += json.load(file)["methods"]
    return found


def new_token(t, path, name, *roles, expires=None):
    options = ["--expires", expires] if expires else []
    code, out, err = t.ctl(None, "token", "new", "--name", name, "--role", ",".join(roles), "--file", path, *options)
    equal(code, 0, err)
    return out.strip()


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def make_certificate(folder):
    if not shutil.which("openssl"):
        raise orfeas_test.Skip("no openssl to make a certificate with")
    certificate, key = f"{folder}/tls.pem", f"{folder}/tls.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=a",
         "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    os.chmod(key, 0o600)
    return certificate, key


class House:
    """A daemon, with a token of each role where it asks for one."""

    def __init__(self, t, require=False, tls=False, **settings):
        self.t = t
        self.tokens = {}
        # who is answered and not closed is closed soon
        more = {"otlp.listen": "127.0.0.1:0", "jaeger.listen": "127.0.0.1:0", "listen.idle_us": 3000000, "listen.header_us": 3000000, **settings}
        if require:
            path = f"{t.dir}/tokens"
            self.tokens = {role: new_token(t, path, role, role) for role in ROLES}
            more.update({"auth.token_file": path, "auth.require": "true"})
        self.context = None
        if tls:
            pair = make_certificate(t.dir)
            self.context = ssl.create_default_context(cafile=pair[0])
            more.update({"listen.tls_certificate": pair[0], "listen.tls_key": pair[1]})
        self.daemon = t.start(settings=more)

    @property
    def doors(self):
        """Each address that speaks HTTP."""
        urls = {"main": self.daemon.ready["http"], "otlp": self.daemon.ready["otlp"], "jaeger": self.daemon.ready["jaeger"]}
        return {name: ("127.0.0.1", int(url.rpartition(":")[2])) for name, url in urls.items()}

    def connect(self, door="main"):
        connection = socket.create_connection(self.doors[door], PATIENCE_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a handshake's end and what follows are two packets
        return self.context.wrap_socket(connection, server_hostname="127.0.0.1") if self.context else connection

    def exchange(self, data, door="main"):
        """All that is answered to the bytes, until the daemon closes."""
        with self.connect(door) as connection:
            try:
                connection.sendall(data)
            except OSError:
                pass  # it may have closed before all was sent
            return read_to_end(connection)

    def knows(self, name):
        """Whether there is a series of that name."""
        return any(one["name"] == name for one in self.daemon.admin("metrics.list", {"match": name})["series"])


def read_to_end(connection):
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except (ConnectionResetError, ssl.SSLError):
        pass
    return data


def statuses(answer):
    """The status of each answer in what a connection gave."""
    found = []
    while answer:
        head, _, rest = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 "), head[:200]
        found.append(int(head.split(b" ")[1]))
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        answer = rest[int(fields.get(b"content-length", b"0")):]
    return found


def post(body, *lines, path="/rpc", host="localhost"):
    """A whole call, with lines of its own in the head."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"POST {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json", f"Content-Length: {len(text)}", *lines]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + text


def define(name):
    """A call that leaves a mark, by which is known that it was made."""
    return request("metrics.define", {"name": name, "kind": "gauge"})


def status_of(answer):
    """Of a JSON-RPC answer: its error's, or None."""
    return (answer.get("error") or {}).get("data", {}).get("status")


open_house = Shared(House)
guarded_house = Shared(lambda t: House(t, require=True))
tls_house = Shared(lambda t: House(t, tls=True))


def load(path):
    """A test file as a module, by which its cases are known."""
    sys.dont_write_bytecode = True
    name = os.path.basename(path)[:-3].replace("-", "_")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
