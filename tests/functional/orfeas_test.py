# SPDX-License-Identifier: LGPL-2.1-or-later
"""Drives the real daemon: starts it on a free port in a folder of its own, calls it, kills it.

A test file defines functions test_*(t) and ends in orfeas_test.main(); each gets a Test with a fresh
folder, and is one case of TAP. Standard library only. Nothing here depends on speed: events are
awaited with a patience that only a fault uses up.
"""

import glob
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import traceback

PATIENCE_S = 60
ORFEASD = os.environ.get("ORFEASD", "build/server/orfeasd")
ORFEASCTL = os.environ.get("ORFEASCTL", "build/client/ctl/orfeasctl")
ORFEAS_DEMO_WORKER = os.environ.get("ORFEAS_DEMO_WORKER", "build/client/demo/orfeas-demo-worker")
ORFEAS_PROBE = os.environ.get("ORFEAS_PROBE", "build/server/probe/orfeas-probe")

# Whose reports are kept in files (script/sanitizer-options): also those of programs whose standard error nobody reads.
SANITIZER_OPTIONS = ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS") if os.environ.get("ORFEAS_SANITIZED") else ()
REPORT = "sanitizer-report"
REPORT_LENGTH = 20000  # one says the same in many ways

# What a daemon may never print, whatever else went right.
FAULTS = re.compile(
    r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehavior|runtime error:|CRITICAL|"
    r"Assertion .* failed|stack smashing|free\(\): "
)


class Skip(Exception):
    """The machine lacks what the case needs."""


class RpcError(Exception):
    def __init__(self, error):
        super().__init__(json.dumps(error))
        self.code = error["code"]
        self.message = error["message"]
        self.data = error.get("data") or {}
        self.status = self.data.get("status")


def wait_for(predicate, what, patience_s=PATIENCE_S):
    """Polls until predicate() is true, and returns what it gave."""
    end = time.monotonic() + patience_s
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience_s} s for {what}")
        time.sleep(0.02)


def now_us():
    return time.time_ns() // 1000


def connect_unix(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(PATIENCE_S)
    connection.connect(path)
    return connection


class Connection:
    """A socket, and what reads it: each kind's __init__ makes both."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.reader.close()
        self.socket.close()


class Peer(Connection):
    """One connection to the Unix socket. framing: "line" or "length"."""

    def __init__(self, path, framing="line"):
        self.framing = framing
        self.socket = connect_unix(path)
        self.reader = self.socket.makefile("rb")

    def send_text(self, text):
        data = text if isinstance(text, bytes) else text.encode()
        if self.framing == "line":
            self.socket.sendall(data + b"\n")
        else:
            self.socket.sendall(b"Content-Length: %d\r\n\r\n" % len(data) + data)

    def receive_text(self):
        """The next message, or None at the end of the connection."""
        if self.framing == "line":
            line = self.reader.readline()
            return line.rstrip(b"\n").decode() if line else None
        length = None
        while True:
            line = self.reader.readline()
            if not line:
                return None
            if line == b"\r\n":
                break
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return self.reader.read(length).decode()

    def ask(self, message):
        self.send_text(message if isinstance(message, (bytes, str)) else json.dumps(message))
        text = self.receive_text()
        assert text is not None, "the connection ended with no answer"
        return json.loads(text)

    def call(self, method, params=None, meta=None):
        return unwrap(self.ask(request(method, params, meta)))


class WebSocket(Connection):
    """A client that shows each frame, and answers pings while it reads."""

    def __init__(self, daemon, headers=None, path="/rpc", receive_buffer_bytes=None):
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE_S)
        if receive_buffer_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.socket.connect(daemon.address)
        fields = {"Host": "127.0.0.1", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                  "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", **(headers or {})}
        self.socket.sendall((f"GET {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n").encode())
        self.reader = self.socket.makefile("rb")
        status = self.reader.readline().decode()
        assert " 101 " in status, status
        while self.reader.readline() != b"\r\n":
            pass

    def send_frame(self, first, data):
        """first: opcode and flags."""
        size = len(data)
        head = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big") if size < 65536 else b"\xff" + size.to_bytes(8, "big")
        self.socket.sendall(bytes([first]) + head + b"\0\0\0\0" + data)

    def send_text(self, text):
        self.send_frame(0x81, text if isinstance(text, bytes) else text.encode())

    def receive_frame(self):
        """(opcode, payload), or None at the end of the connection."""
        head = self.reader.read(2)
        if len(head) < 2:
            return None
        size = head[1]
        if size >= 126:
            size = int.from_bytes(self.reader.read(2 if size == 126 else 8), "big")
        return head[0] & 0x0F, self.reader.read(size)

    def receive(self):
        """The same of the next that is no ping; those are answered."""
        while (frame := self.receive_frame()) is not None and frame[0] == 9:
            self.send_frame(0x8A, frame[1])
        return frame

    def receive_text(self):
        """The next message, or None at a close."""
        frame = self.receive()
        return frame[1].decode() if frame is not None and frame[0] == 1 else None

    def closed_with(self):
        """The code that the daemon closes with."""
        while (frame := self.receive()) is not None and frame[0] != 8:
            pass
        assert frame is not None, "the connection ended without a close frame"
        return int.from_bytes(frame[1][:2], "big")


def request(method, params=None, meta=None, request_id=1):
    message = {"jsonrpc": "2.0", "id": request_id, "method": method}
    if params is not None:
        message["params"] = params
    if meta is not None:
        message["meta"] = meta
    return message


def unwrap(answer):
    if "error" in answer:
        raise RpcError(answer["error"])
    return answer["result"]


class Daemon:
    def __init__(self, test, options=(), settings=None, db=None, config=None, env=None, wrapper=()):
        self.test = test
        self.db = db or os.path.join(test.dir, "orfeas.db")
        self.socket = os.path.join(test.dir, "orfeas.sock")
        # traces are those that a test makes
        self.settings = {"gpu.backends": "simulated", "trace.sample_percent": 0, **(settings or {})}
        if config is None:  # a sanitizer's own memory is counted too
            self.settings.setdefault("memory.budget_bytes", 1 << 36)
        self.command = [*wrapper, ORFEASD, "--listen", "127.0.0.1:0", "--db", self.db, "--socket", self.socket]
        if config is not None:
            self.config = os.path.join(test.dir, "orfeasd.conf")
            with open(self.config, "w", encoding="utf-8") as file:
                file.write(config)
            self.command += ["--config", self.config]
        for key, value in self.settings.items():
            self.command += ["--set", f"{key}={value}"]
        self.command += options
        self.env = test.environment(env)
        self.stderr_path = os.path.join(test.dir, f"stderr-{len(test.daemons)}")
        self.pass_fds = ()
        self.process = None
        self.ready = None
        self.keeps_port, self.held = False, None
        test.daemons.append(self)

    def launch(self):
        """Starts it, without waiting."""
        assert self.process is None or self.process.poll() is not None, "it runs already"
        with open(self.stderr_path, "ab") as stderr:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, env=self.env,
                pass_fds=self.pass_fds
            )
        return self

    def start(self):
        self.launch()
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait(PATIENCE_S)
            raise AssertionError(f"ended with {code} before it was ready:\n{self.stderr()}")
        return self.take_ready(line)

    def take_ready(self, line):
        self.ready = json.loads(line)
        assert self.ready["ready"] is True, line
        host, _, port = self.ready["http"].rpartition("/")[2].rpartition(":")
        self.address = (host, int(port))
        return self

    def start_refused(self):
        """It must end by itself with a failure; returns what it said."""
        self.launch()
        code = self.process.wait(PATIENCE_S)
        out = self.process.stdout.read()
        assert code not in (0, None) and code > 0, f"ended with {code}: {self.stderr()}"
        assert out == b"", f"said it was ready: {out}"
        return self.stderr()

    def stderr(self):
        with open(self.stderr_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """As a power cut for the process: no handler runs."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE_S)
        self.process.stdout.close()
        self.hold_port()

    def stop(self, sig=signal.SIGTERM):
        """Asks it to end; it drains and exits 0."""
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(sig)
        code = self.process.wait(PATIENCE_S)
        rest = self.process.stdout.read()
        self.process.stdout.close()
        self.hold_port()
        assert code == 0, f"ended with {code} on {sig.name}:\n{self.stderr()[-4000:]}"
        assert rest == b"", f"more than the ready line on standard output: {rest[:200]}"

    def keep_port(self):
        """When it is started again it is where it was, and where its callers look for it."""
        self.command[self.command.index("--listen") + 1] = "%s:%d" % self.address
        self.keeps_port = True

    def hold_port(self):
        """Where it comes back to it the kernel gives it to nobody else meanwhile; it can listen beside who only holds it."""
        if self.keeps_port and self.held is None:
            self.held = socket.socket()
            self.held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.held.bind(self.address)

    def release_port(self):
        self.keeps_port = False
        if self.held is not None:
            self.held.close()
            self.held = None

    def restart(self):
        self.kill()
        return self.start()

    # --- calls

    def http(self, verb, path, body=None, headers=None):
        """(status, headers, body) of one request on a connection of its own."""
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE_S)
        try:
            if body is not None and not isinstance(body, (bytes, str)):
                body = json.dumps(body)
            if isinstance(body, str):
                body = body.encode()
            fields = {"Content-Type": "application/json"} if body is not None else {}
            fields.update(headers or {})
            connection.request(verb, path, body, fields)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def post(self, message, headers=None):
        """The bytes that answer one JSON-RPC text by HTTP, which is always 200 (or 204)."""
        status, _, body = self.http("POST", "/rpc", message, headers)
        assert status in (200, 204), f"{status} {body[:300]}"
        return body

    def ask(self, message, headers=None):
        return json.loads(self.post(message, headers))

    def call(self, method, params=None, meta=None, headers=None):
        return unwrap(self.ask(request(method, params, meta), headers))

    def rest(self, verb, path, body=None, headers=None):
        status, _, answer = self.http(verb, "/api/v1" + path, body, headers)
        return status, json.loads(answer)

    def peer(self, framing="line"):
        return Peer(self.socket, framing)

    def admin(self, method, params=None, meta=None):
        """By the Unix socket, whose peer is admin."""
        with self.peer() as peer:
            return peer.call(method, params, meta)

    def websocket(self, path="/rpc", **options):
        return WebSocket(self, path=path, **options)

    def tcp(self):
        return socket.create_connection(self.address, PATIENCE_S)

    def n_descriptors(self):
        """That are open, but for files: the database is opened once more whenever another thread comes to read it."""
        folder, count = f"/proc/{self.process.pid}/fd", 0
        for name in os.listdir(folder):
            try:
                count += not os.readlink(f"{folder}/{name}").startswith("/")
            except FileNotFoundError:
                pass
        return count

    def sources(self):
        return {source["source"]: source for source in self.call("status.get")["sources"]}

    def sql(self, query, *values):
        """Straight from the file, as anyone with sqlite3 would."""
        connection = sqlite3.connect(f"file:{self.db}?mode=ro", uri=True, timeout=PATIENCE_S)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()


class Teller:
    """In a daemon's place: answers each call with the same result, on a socket that orfeasctl is given."""

    def __init__(self, test, result):
        self.socket = os.path.join(test.dir, "teller.sock")
        self.result = result
        self.calls = []

    def __enter__(self):
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.socket)
        self.listener.listen()
        self.thread = threading.Thread(target=self.answer, daemon=True)
        self.thread.start()
        return self

    def answer(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer, peer.makefile("rwb") as lines:
                for line in lines:
                    call = json.loads(line)
                    self.calls.append((call["method"], call.get("params")))
                    lines.write(json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": self.result}).encode() + b"\n")
                    lines.flush()

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(PATIENCE_S)


class DemoWorker:
    """orfeas-demo-worker: a real program that holds OpenCL memory. `facts` is what it says when the daemon knows it."""

    def __init__(self, test, daemon, *options):
        self.stderr_path = os.path.join(test.dir, f"demo-stderr-{len(test.demo_workers)}")
        with open(self.stderr_path, "wb") as stderr:
            self.process = subprocess.Popen([ORFEAS_DEMO_WORKER, "--socket", daemon.socket, *options], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=stderr, env=test.environment())
        self.pid = self.process.pid
        self.facts = None
        self.worker = None
        test.demo_workers.append(self)

    def wait_ready(self):
        line = self.process.stdout.readline()
        assert line, f"ended with {self.process.wait(PATIENCE_S)} before it was ready:\n{self.stderr()}"
        self.facts = json.loads(line)
        self.worker = self.facts["worker"]
        return self

    def stderr(self):
        with open(self.stderr_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        """Asks it to end, and waits; its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(PATIENCE_S)
        self.process.stdout.close()
        return code


class Test:
    def __init__(self):
        # short: a Unix socket's path has 108 bytes
        self.dir = tempfile.mkdtemp(prefix="orf-")
        self.daemons = []
        self.demo_workers = []

    def environment(self, extra=None):
        env = dict(os.environ)
        for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "HOME"):
            env[name] = os.path.join(self.dir, name.lower())
            os.makedirs(env[name], 0o700, exist_ok=True)
        # PoCL's compiled kernels need not be made anew for each case
        env.setdefault("POCL_CACHE_DIR", os.path.join(tempfile.gettempdir(), f"orf-pocl-{os.getuid()}"))
        for name in ("NOTIFY_SOCKET", "JOURNAL_STREAM", "LISTEN_FDS", "DASHBOARD_HISTORY_SIZE"):
            env.pop(name, None)
        env.update(extra or {})
        for name in SANITIZER_OPTIONS:
            env[name] = f"{env.get(name, '')}:log_path={self.dir}/{REPORT}"
        return env

    def reports(self):
        """What sanitizers said of any program of this test that has ended."""
        texts = []
        for path in sorted(glob.glob(f"{glob.escape(self.dir)}/{REPORT}.*")):
            with open(path, encoding="utf-8", errors="replace") as file:
                texts.append(file.read()[:REPORT_LENGTH])
        return [text for text in texts if FAULTS.search(text)]  # not: of one that was killed while it looked for leaks

    def daemon(self, **options):
        return Daemon(self, **options)

    def start(self, **options):
        return Daemon(self, **options).start()

    def demo_worker(self, daemon, *options):
        """One that the daemon knows, with what its options say in its pool."""
        return DemoWorker(self, daemon, *options).wait_ready()

    def ctl(self, daemon, *arguments, stdin=None):
        """orfeasctl's (exit status, standard output, standard error)."""
        where = ["--socket", daemon.socket] if daemon is not None else []
        done = subprocess.run(
            [ORFEASCTL, *where, *arguments],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S * 2,
            env=self.environment(),
        )
        assert not FAULTS.search(done.stderr), done.stderr
        return done.returncode, done.stdout, done.stderr

    def close(self, failed):
        """Ends what still runs, which must end well, and reads what the daemons said."""
        problems = []
        for worker in self.demo_workers:
            worker.stop()
            if FAULTS.search(worker.stderr()):
                problems.append(worker.stderr()[-6000:])
        for daemon in self.daemons:
            daemon.release_port()
            try:
                if daemon.alive():
                    daemon.stop()
            except (AssertionError, subprocess.TimeoutExpired) as error:
                problems.append(str(error))
                daemon.process.kill()
                daemon.process.wait()
            if daemon.process is not None and daemon.process.stdout:
                daemon.process.stdout.close()
            if os.path.exists(daemon.stderr_path):
                text = daemon.stderr()
                fault = FAULTS.search(text)
                if fault:
                    problems.append(text[max(0, fault.start() - 500) : fault.start() + 6000])
                elif failed or problems:
                    problems.append(f"{os.path.basename(daemon.stderr_path)}: {text[-3000:]}")
        problems += self.reports()
        shutil.rmtree(self.dir, ignore_errors=True)
        return problems


def equal(actual, expected, what=""):
    assert actual == expected, f"{what + ': ' if what else ''}{actual!r}, not {expected!r}"


def contains(text, part):
    assert part in text, f"{part!r} is not in {text!r}"


def fails(call, status, code=None, field=None):
    """call() must raise that RpcError; returns it."""
    try:
        result = call()
    except RpcError as error:
        equal(error.status, status, str(error))
        if code is not None:
            equal(error.code, code)
        if field is not None:
            equal(error.data.get("field"), field, str(error))
        return error
    raise AssertionError(f"answered {result!r}, not {status}")


def integrity(path):
    connection = sqlite3.connect(path, timeout=PATIENCE_S)
    try:
        return connection.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        connection.close()


def damage(path):
    """Breaks a page that holds samples, so that the file still opens."""
    connection = sqlite3.connect(path)
    root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name='sample_raw'").fetchone()[0]
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    with open(path, "r+b") as file:
        page = os.pread(file.fileno(), size, (root - 1) * size)
        assert page[0] == 5, "sample_raw has but one page"
        cell = int.from_bytes(page[12:14], "big")
        leaf = int.from_bytes(page[cell : cell + 4], "big")
        os.pwrite(file.fileno(), b"\xff\xff", (leaf - 1) * size + 3)  # more cells than a page can have


def diagnose(text):
    for line in str(text).splitlines():
        print("# " + line, flush=True)


def run_case(number, name, function):
    test = Test()
    failed, note = False, ""
    try:
        function(test)
    except Skip as reason:
        note = f" # SKIP {reason}"
    except Exception:  # a broken test is a failed one
        failed = True
        diagnose(traceback.format_exc())
    for problem in test.close(failed):
        failed, note = True, ""
        diagnose(problem)
    print(f"{'not ok' if failed else 'ok'} {number} {name}{note}", flush=True)
    return not failed


class Shared:
    """What make(test) gives, made for the first case of a file that asks, and for all after it; it ends with the file."""

    made = []

    def __init__(self, make):
        self.make = make
        self.test = None

    def get(self):
        if self.test is None:
            self.test = Test()
            Shared.made.append(self)
            self.value = self.make(self.test)
        return self.value

    @staticmethod
    def close_all():
        """What was wrong with them."""
        return [problem for shared in Shared.made for problem in shared.test.close(False)]


def cases_of(module):
    """(name, function) of each of its cases, in order."""
    return [(name[5:].replace("_", "-"), value) for name, value in vars(module).items() if name.startswith("test_") and callable(value)]


def main():
    """Runs the test_ functions of the calling file in order; arguments choose some by name."""
    cases = cases_of(sys.modules["__main__"])
    wanted = set(sys.argv[1:])
    cases = [case for case in cases if not wanted or case[0] in wanted]
    print(f"1..{len(cases)}", flush=True)
    good = [run_case(number, *case) for number, case in enumerate(cases, 1)]
    problems = Shared.close_all()
    for problem in problems:
        diagnose(problem)
    sys.exit(0 if all(good) and not problems else 1)
