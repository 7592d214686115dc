#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""https: what it speaks, what it refuses, how connections end, and where it is demanded."""

import base64
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading

import orfeas_test
from orfeas_test import PATIENCE_S, contains, equal, request, wait_for

LARGE = "rpc.discover"  # its answer has some 150 KB


def make_certificate(folder, name="a"):
    if not shutil.which("openssl"):
        raise orfeas_test.Skip("no openssl to make a certificate with")
    certificate, key = f"{folder}/{name}.pem", f"{folder}/{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    os.chmod(key, 0o600)
    return certificate, key


def settings_of(pair, **more):
    return {"listen.tls_certificate": pair[0], "listen.tls_key": pair[1], **more}


class Client:
    """Connections to a daemon that trust but its own certificate."""

    def __init__(self, daemon, certificate):
        self.address = daemon.address
        self.context = ssl.create_default_context(cafile=certificate)

    def tls(self, context=None):
        return (context or self.context).wrap_socket(socket.create_connection(self.address, PATIENCE_S), server_hostname="127.0.0.1")

    def connection(self):
        return http.client.HTTPSConnection(*self.address, timeout=PATIENCE_S, context=self.context)

    def http(self, verb, path, body=None, headers=None):
        connection = self.connection()
        try:
            fields = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(verb, path, body, {**fields, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def call(self, method, params=None, headers=None):
        status, _, body = self.http("POST", "/rpc", json.dumps(request(method, params)), headers)
        equal(status, 200)
        return orfeas_test.unwrap(json.loads(body))


def start(t, **more):
    pair = make_certificate(t.dir)
    daemon = t.start(settings=settings_of(pair, **more))
    return daemon, Client(daemon, pair[0])


def head(path, method="GET", extra=""):
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{extra}\r\n".encode()


def read_all(connection):
    data = b""
    while True:
        try:
            part = connection.recv(65536)
        except (ConnectionResetError, ssl.SSLError):
            return data
        if not part:
            return data
        data += part


def test_calls(t):
    daemon, client = start(t)
    contains(daemon.ready["http"], "https://127.0.0.1:")
    equal(client.call("health.check")["serving"], "SERVING")
    connection = client.connection()
    text = json.dumps(request(LARGE))
    for _ in range(20):
        connection.request("POST", "/rpc", text, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        equal(answer.getheader("X-Content-Type-Options"), "nosniff")
        contains(json.loads(answer.read())["result"], "methods")
    connection.close()
    # a large body, too
    samples = [{"name": f"series.{i % 10}", "value": i, "labels": {"filler": "x" * 200}} for i in range(10000)]
    equal(client.call("metrics.record", {"samples": samples})["accepted"], 10000)
    if shutil.which("curl"):
        done = subprocess.run(["curl", "-sS", "--cacert", client_certificate(t), daemon.ready["http"] + "/readyz"],
                              capture_output=True, text=True, timeout=PATIENCE_S)
        equal(done.stdout, '{"ready":true}', done.stderr)


def client_certificate(t):
    return f"{t.dir}/a.pem"


def ctl(t, *arguments):
    # GIO's TLS has threads of its own: LeakSanitizer's look at them crashes on one that ends just then
    before = os.environ.get("ASAN_OPTIONS", "")
    os.environ["ASAN_OPTIONS"] = before + ":detect_leaks=0"
    try:
        return t.ctl(None, *arguments)
    finally:
        os.environ["ASAN_OPTIONS"] = before


def test_ctl(t):
    daemon, _ = start(t)
    with open(f"{t.dir}/secret", "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as secret:
        with open(f"{t.dir}/cookie", encoding="utf-8") as file:
            secret.write(file.read())
    url = ["--url", daemon.ready["http"]]
    trusted = ["--ca-file", client_certificate(t)]
    code, _, err = ctl(t, *url, "db", "check")
    equal(code, 3, err)
    code, out, err = ctl(t, *url, *trusted, "status", "--json")
    if "TLS support is not available" in err:
        raise orfeas_test.Skip("no glib-networking for orfeasctl")
    equal(code, 0, err)
    equal(json.loads(out)["phase4_enabled"], True)
    equal(ctl(t, *url, *trusted, "--token-file", f"{t.dir}/secret", "db", "check")[0], 0)
    contains(ctl(t, *url, "--ca-file", f"{t.dir}/none", "status")[2], "--ca-file")
    equal(ctl(t, *trusted, "status")[0], 2)


def test_many_at_once(t):
    daemon, client = start(t)
    failures = []

    def work():
        try:
            for _ in range(10):
                assert len(client.http("GET", "/openrpc.json")[2]) > 100000
        except (AssertionError, OSError) as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(failures, [])


def test_versions(t):
    daemon, client = start(t)
    seen = set()
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl.create_default_context(cafile=client_certificate(t))
        context.minimum_version = context.maximum_version = version
        with client.tls(context) as connection:
            seen.add(connection.version())
            connection.sendall(head("/healthz"))
            contains(connection.recv(65536).decode(), "200 OK")
    equal(seen, {"TLSv1.2", "TLSv1.3"})
    # -tls1_1 of an openssl that still can, at a level where it may
    for option in ("-tls1", "-tls1_1"):
        done = subprocess.run(["openssl", "s_client", option, "-cipher", "ALL:@SECLEVEL=0", "-connect", "%s:%d" % daemon.address],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode != 0 and "Cipher is (NONE)" in done.stdout, done.stdout[-500:]
    with client.tls() as connection:
        connection.sendall(head("/healthz"))
        contains(connection.recv(65536).decode(), "200 OK")


def test_wrong_protocols(t):
    """Plain HTTP, garbage, half a hello, a hello that shares nothing: closed, and others do not notice."""
    daemon, client = start(t, **{"listen.header_us": "3000000"})
    for text in (head("/healthz"), b"\x00" * 1000, b"\x16\x03\x01\xff\xff" + b"x" * 2000, b""):
        with daemon.tcp() as connection:
            connection.sendall(text)
            if not text:
                connection.shutdown(socket.SHUT_WR)
            data = read_all(connection)
            assert b"HTTP/" not in data, data[:200]
    # an unknown certificate authority on the client's side
    try:
        client.tls(ssl.create_default_context())
        raise AssertionError("trusted what it does not know")
    except ssl.SSLCertVerificationError:
        pass
    equal(client.call("health.check")["serving"], "SERVING")


class Openssl:
    """s_client, whose letters on a line of their own are orders."""

    def __init__(self, daemon, version):
        self.process = subprocess.Popen(
            ["openssl", "s_client", "-crlf", version, "-connect", "%s:%d" % daemon.address],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def say(self, text):
        os.write(self.process.stdin.fileno(), text.encode())

    def hears(self, part):
        """FALSE: it ended before."""
        data = b""
        while part.encode() not in data:
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                return False
            data += more
        return True

    def close(self):
        self.process.kill()
        self.process.communicate()


def test_new_keys(t):
    """A new key is taken, with what comes behind it; a second handshake (1.2) is not."""
    daemon, client = start(t)
    call = "GET /healthz HTTP/1.1\nHost: 127.0.0.1\n\n"
    for version, order, done in (("-tls1_3", "k\n", "KEYUPDATE"), ("-tls1_3", "K\n", "KEYUPDATE"), ("-tls1_2", "R\n", "RENEGOTIATING")):
        openssl = Openssl(daemon, version)
        try:
            assert openssl.hears("---\nSSL handshake has read"), version
            openssl.say(call)
            assert openssl.hears("SERVING"), version
            openssl.say(order)
            assert openssl.hears(done), f"{version}: openssl knows no {order}"
            if version == "-tls1_2":
                equal(openssl.hears("SERVING"), False)
                continue
            for _ in range(3):
                openssl.say(call)
                assert openssl.hears("SERVING"), f"{order}: nothing came after it"
        finally:
            openssl.close()
    client.call("health.check")


def test_half_handshakes_hold_nobody(t):
    daemon, client = start(t, **{"listen.header_us": "5000000"})
    client.call("health.check")
    wait_for(lambda: daemon.sql("SELECT 1 FROM sample_raw LIMIT 1"), "a first frame, by which all threads are there")
    threads = len(os.listdir(f"/proc/{daemon.process.pid}/task"))
    before = daemon.n_descriptors()
    half = [daemon.tcp() for _ in range(200)]
    for connection in half:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01")
    equal(client.call("health.check")["serving"], "SERVING")
    for connection in half:  # still there, so the call did not have to wait for their end
        connection.setblocking(False)
        try:
            raise AssertionError(f"closed too early: {connection.recv(1)!r}")
        except BlockingIOError:
            connection.settimeout(PATIENCE_S)
    wait_for(lambda: len(os.listdir(f"/proc/{daemon.process.pid}/task")) <= threads, "no thread for any of them")
    for connection in half:  # and then their time is over
        read_all(connection)
        connection.close()
    wait_for(lambda: daemon.n_descriptors() <= before, "the descriptors")


def test_half_close(t):
    """A client that says the end of what it sends gets its answers."""
    daemon, client = start(t)
    text = json.dumps(request(LARGE)).encode()
    connection = client.tls()
    connection.sendall(head("/rpc", "POST", f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\nConnection: close\r\n") + text)
    data = read_all(connection)
    contains(data.decode(), "HTTP/1.1 200 OK")
    contains(data.decode(), '"methods"')
    # the server says its end too: an attacker who cuts the answer short is noticed
    raw = connection.unwrap()
    equal(raw.recv(1), b"")
    raw.close()


def test_pipelined(t):
    daemon, client = start(t)
    with client.tls() as connection:
        connection.sendall(head("/healthz") * 200 + head("/healthz", extra="Connection: close\r\n"))
        equal(read_all(connection).count(b'{"serving":"SERVING"}'), 201)


def test_slow_reader(t):
    """One that does not read is closed in time, and holds little of ours meanwhile."""
    daemon, client = start(t, **{"listen.body_us": "1000000"})
    text = json.dumps(request(LARGE)).encode()
    one = head("/rpc", "POST", f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n") + text
    before = daemon.n_descriptors()
    connection = client.tls()
    connection.setblocking(False)
    sent = 0
    try:
        for _ in range(2000):
            sent += connection.send(one)
    except (ssl.SSLWantWriteError, BlockingIOError, OSError):
        pass
    assert sent > 0
    wait_for(lambda: daemon.n_descriptors() <= before, "the end of the connection")
    connection.close()
    equal(client.call("health.check")["serving"], "SERVING")


def test_clients_that_vanish(t):
    daemon, client = start(t)
    client.call("health.check")
    before = daemon.n_descriptors()
    for i in range(60):
        connection = client.tls()
        if i % 3:
            connection.sendall(head("/rpc", "POST", "Content-Type: application/json\r\nContent-Length: 1000\r\n")[: 30 * (i % 3)])
        if i % 2:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
        connection.close()
    wait_for(lambda: daemon.n_descriptors() <= before, "the descriptors")
    client.call("health.check")


def test_browser_guards(t):
    """Under TLS our own pages are https, and the cookie is for https alone."""
    daemon, client = start(t)
    own = daemon.ready["http"]
    call = json.dumps(request("health.check"))
    equal(client.http("POST", "/rpc", call, {"Origin": own})[0], 200)
    equal(client.http("POST", "/rpc", call, {"Origin": own.replace("https:", "http:")})[0], 403)
    with open(f"{t.dir}/cookie", encoding="utf-8") as file:
        token = file.read().strip()
    status, headers, _ = client.http("POST", "/login", json.dumps({"token": token}), {"Origin": own})
    equal(status, 204)
    pair, _, attributes = headers["Set-Cookie"].partition("; ")
    contains(pair, "__Host-orfeas-session-")
    equal(attributes, "Path=/; HttpOnly; SameSite=Strict; Secure")
    equal(client.call("db.check", headers={"Cookie": pair, "Origin": own})["ok"], True)
    # who calls is told from the client's own address, not from the pair in between
    equal(client.call("metrics.define", {"name": "a", "kind": "gauge"})["created"], True)
    equal(daemon.sql("SELECT actor FROM audit WHERE method='metrics.define'"), [("loopback",)])


def open_websocket(client, origin):
    """(TLS socket, the answer's head) of GET /rpc upgraded."""
    connection = client.tls()
    connection.sendall(head("/rpc", extra="Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                          f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nOrigin: {origin}\r\n"))
    text = b""
    while b"\r\n\r\n" not in text:
        part = connection.recv(1)
        assert part, text
        text += part
    return connection, text.decode()


def send_frame(connection, text):
    """Masked, as a client has to; of less than 64 KiB."""
    data = text.encode()
    size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    connection.sendall(b"\x81" + size + b"\0\0\0\0" + data)


def read_exactly(connection, count):
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        assert part, "the connection ended"
        data += part
    return data


def read_frame(connection):
    first, size = read_exactly(connection, 2)
    if size == 126:
        size = int.from_bytes(read_exactly(connection, 2), "big")
    elif size == 127:
        size = int.from_bytes(read_exactly(connection, 8), "big")
    return first & 0x0F, read_exactly(connection, size)


def test_websocket(t):
    daemon, client = start(t)
    own = daemon.ready["http"]
    connection, answer = open_websocket(client, own)
    contains(answer, "HTTP/1.1 101 ")
    for i in range(50):
        send_frame(connection, json.dumps(request("health.check", request_id=i)))
    for i in range(50):
        kind, data = read_frame(connection)
        equal((kind, json.loads(data)["id"]), (1, i))
    send_frame(connection, json.dumps(request(LARGE)))
    contains(json.loads(read_frame(connection)[1])["result"], "methods")
    send_frame(connection, json.dumps(request("metrics.watch", {"select": "host.cpu.used_percent", "period_us": 100000})))
    methods = [json.loads(read_frame(connection)[1]).get("method") for _ in range(4)]
    equal(methods, [None, "stream.next", "stream.next", "stream.next"])
    for origin in (own.replace("https:", "http:"), "https://evil.test", "null"):
        contains(open_websocket(client, origin)[1], "HTTP/1.1 403 ")
    # the end of the daemon reaches it as one: a close frame (1001), then TLS's own end
    daemon.process.send_signal(signal.SIGTERM)
    kind = 1
    while kind == 1:
        kind, data = read_frame(connection)
    equal((kind, int.from_bytes(data[:2], "big")), (8, 1001))
    connection.sendall(b"\x88\x82\0\0\0\0" + data[:2])
    equal(read_all(connection), b"")
    connection.close()
    equal(daemon.process.wait(PATIENCE_S), 0)


def test_certificate_is_read_again(t):
    daemon, client = start(t)
    other, key = make_certificate(t.dir, "b")
    held = client.connection()
    held.request("GET", "/healthz")
    equal(held.getresponse().read(), b'{"serving":"SERVING"}')

    def serial():
        context = ssl._create_unverified_context()
        with client.tls(context) as connection:
            return connection.getpeercert(binary_form=True)

    first = serial()
    # a pair that does not belong together changes nothing
    os.replace(other, f"{t.dir}/a.pem")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "the certificate stays as it is" in daemon.stderr(), "the complaint")
    contains(daemon.stderr(), "does not belong to")
    equal(serial(), first)
    os.replace(key, f"{t.dir}/a.key")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: serial() != first, "the new certificate")
    held.request("GET", "/healthz")  # a connection that was there goes on
    equal(held.getresponse().read(), b'{"serving":"SERVING"}')
    held.close()


def test_term_sends_what_is_answered(t):
    daemon, client = start(t)
    text = json.dumps(request(LARGE)).encode()
    connections = [client.tls() for _ in range(10)]
    for connection in connections:
        connection.sendall(head("/rpc", "POST", f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n") + text)
    for connection in connections:
        connection.recv(1)  # the answer is on its way
    daemon.process.send_signal(signal.SIGTERM)
    for connection in connections:
        data = read_all(connection)
        assert data.rstrip().endswith(b"}"), f"cut short: {data[-100:]}"
        connection.close()
    equal(daemon.process.wait(PATIENCE_S), 0)


def test_bad_files_refuse_to_start(t):
    one, two = make_certificate(t.dir), make_certificate(t.dir, "b")
    for pair, parts in (((one[0], two[1]), ("listen.tls_key", "does not belong to")),
                        ((f"{t.dir}/none", one[1]), ("listen.tls_certificate", "No such file")),
                        ((one[0], f"{t.dir}/none"), ("listen.tls_key", "No such file")),
                        ((one[0], one[0]), ("no pair in PEM",)),
                        ((one[0], ""), ("go together",))):
        text = t.daemon(settings=settings_of(pair)).start_refused()
        for part in parts:
            contains(text, part)
    os.chmod(one[1], 0o644)
    daemon = t.start(settings=settings_of(one))
    contains(daemon.stderr(), "every user of this machine may read it")


def test_exposure(t):
    """What other machines reach needs TLS and tokens, or a word."""
    pair = make_certificate(t.dir)
    tokens = f"{t.dir}/tokens"
    code, token, err = t.ctl(None, "token", "new", "--name", "a", "--role", "read", "--file", tokens)
    equal(code, 0, err)
    everywhere = ["--listen", "0.0.0.0:0"]
    tls = settings_of(pair)
    for settings, lacks in (({}, "TLS and tokens"), (tls, "tokens"), ({"auth.token_file": tokens}, "TLS"),
                            ({"auth.require": "true"}, "TLS")):
        text = t.daemon(settings=settings, options=everywhere).start_refused()
        for part in (f"and {lacks} would be missing", "listen.tls_certificate", "listen.tls_key", "auth.token_file",
                     "listen.insecure"):
            contains(text, part)

    daemon = t.start(settings={**tls, "auth.token_file": tokens}, options=everywhere)
    assert "insecure" not in daemon.stderr(), daemon.stderr()
    daemon.address = ("127.0.0.1", daemon.address[1])
    equal(Client(daemon, pair[0]).call("metrics.list", headers={"Authorization": f"Bearer {token.strip()}"})["series"] is not None, True)
    daemon.stop()

    daemon = t.start(settings={"listen.insecure": "true"}, options=everywhere)
    daemon.address = ("127.0.0.1", daemon.address[1])
    contains(daemon.stderr(), "warning: listen.insecure: other machines reach 0.0.0.0:0 without TLS and tokens")
    # by an address that is not loopback a token is asked all the same
    addresses = re.findall(r"inet (\d+\.\d+\.\d+\.\d+)", subprocess.run(["ip", "-4", "addr"], capture_output=True, text=True).stdout) \
        if shutil.which("ip") else []
    for address in [one for one in addresses if not one.startswith("127.")][:1]:
        daemon.address = (address, daemon.address[1])
        equal(daemon.ask(request("health.check"))["error"]["data"]["status"], "UNAUTHENTICATED")


orfeas_test.main()
