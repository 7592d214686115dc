# SPDX-License-Identifier: LGPL-2.1-or-later
"""Receivers of remote write: one of our own that can misbehave, Debian's prometheus and victoria-metrics."""

import http.server
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

import orfeas_test
from orfeas_test import PATIENCE_S, wait_for


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value, at
        shift += 7


def unsnappy(data):
    """The block format: literals and copies."""
    length, at = varint(data, 0)
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        if tag & 3 == 0:
            size = tag >> 2
            if size >= 60:
                n = size - 59
                size = int.from_bytes(data[at : at + n], "little")
                at += n
            out += data[at : at + size + 1]
            at += size + 1
            continue
        if tag & 3 == 1:
            size, offset = (tag >> 2 & 7) + 4, tag >> 5 << 8 | data[at]
            at += 1
        else:
            n = 2 if tag & 3 == 2 else 4
            size, offset = (tag >> 2) + 1, int.from_bytes(data[at : at + n], "little")
            at += n
        for _ in range(size):
            out.append(out[-offset])
    assert len(out) == length, (len(out), length)
    return bytes(out)


def fields(data):
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        elif tag & 7 == 1:
            value, at = struct.unpack_from("<d", data, at)[0], at + 8
        else:
            assert tag & 7 == 2, tag
            size, at = varint(data, at)
            value, at = data[at : at + size], at + size
        yield tag >> 3, value


def read_request(body):
    """[(labels, [(t_ms, value), …]), …]; checks what the protocol asks of a sender."""
    series = []
    for number, one in fields(unsnappy(body)):
        assert number == 1, number
        labels, samples = [], []
        for number, part in fields(one):
            values = dict(fields(part))
            if number == 1:
                labels.append((values[1].decode(), values[2].decode()))
            else:
                samples.append((values[2], values[1]))
        names = [name for name, _ in labels]
        assert names == sorted(set(names)), f"labels are not sorted, or not each once: {names}"
        assert all(name and value for name, value in labels), labels
        assert [t for t, _ in samples] == sorted({t for t, _ in samples}), f"{labels}: not in order"
        series.append((dict(labels), samples))
    return series


def text_of(labels):
    rest = ",".join(f'{k}="{v}"' for k, v in sorted(labels.items()) if k not in ("__name__", "job", "instance"))
    return labels["__name__"] + ("{" + rest + "}" if rest else "")


class Receiver:
    """Takes requests and keeps their samples. `behave(request number, handler)` may answer instead: True, then."""

    def __init__(self, port=0, tls=None):
        self.samples = {}  # series' text -> [(t_ms, value), …] in the order of arrival
        self.labels = {}
        self.requests = []  # headers
        self.behave = None
        self.refuse = None  # labels -> TRUE: a request that has such a series is answered 400, as a whole
        self.lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.lock:
                    receiver.requests.append(dict(self.headers))
                    number = len(receiver.requests)
                if receiver.behave and receiver.behave(number, self):
                    return
                receiver.take(self, body)

            def answer(self, status, text=b"", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), str(value))
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/api/v1/write"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def take(self, handler, body):
        series = read_request(body)
        if self.refuse and any(self.refuse(labels) for labels, _ in series):
            handler.answer(400, b"one of them is out of order\n")
            return
        with self.lock:
            for labels, samples in series:
                self.samples.setdefault(text_of(labels), []).extend(samples)
                self.labels[text_of(labels)] = labels
        handler.answer(204)

    def get(self, name):
        with self.lock:
            return list(self.samples.get(name, []))

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


held = []


def hold_port(port):
    """Whether it was free; from here on it is held. 0: the kernel chooses one."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        one.bind(("127.0.0.1", port))
    except OSError:
        one.close()
        return False
    held.append(one)
    return True


def free_port():
    """At which nobody listens until the test has somebody do so. It is held to the end, so that the kernel gives it to nobody else;
    who sets SO_REUSEADDR, as servers do, can listen beside who only holds it."""
    assert hold_port(0), "no port is free"
    return held[-1].getsockname()[1]


class Process:
    """A receiver of Debian's."""

    def __init__(self, t, name, arguments, ready):
        self.path = shutil.which(name)
        if self.path is None:
            raise orfeas_test.Skip(f"no {name}")
        self.t = t
        self.arguments = arguments
        self.ready = ready
        self.log_path = os.path.join(t.dir, name + ".log")
        self.process = None

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [self.path, *self.arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.t.dir)

        def is_ready():
            assert self.process.poll() is None, open(self.log_path, encoding="utf-8").read()[-2000:]
            try:
                return self.get(self.ready)
            except (OSError, urllib.error.URLError):
                return None

        wait_for(is_ready, f"{self.path} to answer")
        return self

    def get(self, path, **query):
        url = self.root + path + ("?" + urllib.parse.urlencode(query, doseq=True) if query else "")
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
            return answer.read()

    def stop(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        self.process.wait(PATIENCE_S)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()


class Prometheus(Process):
    def __init__(self, t):
        port = free_port()
        config = os.path.join(t.dir, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write("global: {}\n")
        self.root = f"http://127.0.0.1:{port}"
        self.url = self.root + "/api/v1/write"
        super().__init__(t, "prometheus", [
            f"--config.file={config}", f"--storage.tsdb.path={t.dir}/tsdb", f"--web.listen-address=127.0.0.1:{port}",
            "--web.enable-remote-write-receiver"], "/-/ready")

    def samples(self, selector='{job="orfeas"}', span="2h"):
        """series' text -> [(t_ms, value), …]"""
        result = json.loads(self.get("/api/v1/query", query=f"{selector}[{span}]"))["data"]["result"]
        return {text_of(one["metric"]): [(round(t * 1000), float(v)) for t, v in one["values"]] for one in result}


class VictoriaMetrics(Process):
    def __init__(self, t):
        port = free_port()
        self.root = f"http://127.0.0.1:{port}"
        self.url = self.root + "/api/v1/write"
        super().__init__(t, "victoria-metrics", [
            f"-storageDataPath={t.dir}/vm", f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y",
            "-memory.allowedBytes=200MB"], "/health")

    def samples(self, selector='{job="orfeas"}', span=None):
        self.get("/internal/force_flush")
        lines = self.get("/api/v1/export", **{"match[]": selector}).decode().splitlines()
        found = {}
        for one in map(json.loads, lines):
            points = found.setdefault(text_of(one["metric"]), [])
            points += list(zip(one["timestamps"], map(float, one["values"])))
        return {name: sorted(set(points)) for name, points in found.items()}
