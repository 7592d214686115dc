#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python client against the real daemon, by each transport."""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import typing

import orfeas
import orfeas_test
from orfeas import _methods
from orfeas_test import PATIENCE_S, contains, equal, now_us, wait_for

README = pathlib.Path(__file__).resolve().parents[2] / "client/python/README.md"


def addresses(daemon):
    return [daemon.ready["http"], "unix:" + daemon.socket, daemon.ready["http"].replace("http:", "ws:")]


def clients(daemon, **options):
    for address in addresses(daemon):
        with orfeas.connect(address, timeout=PATIENCE_S, **options) as client:
            yield client


def raises(kind, call):
    try:
        result = call()
    except orfeas.Error as error:
        assert isinstance(error, kind), f"{type(error).__name__}: {error}"
        return error
    raise AssertionError(f"answered {result!r:.300}, not {kind.__name__}")


def conforms(value, hint, where):
    """Whether an answer is what its annotation says."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is typing.Any:
        return
    if origin is typing.Union:
        for argument in arguments:
            with contextlib.suppress(AssertionError):
                return conforms(value, argument, where)
        raise AssertionError(f"{where}: {value!r:.100} is none of {arguments}")
    if origin is typing.Literal:
        assert value in arguments, f"{where}: {value!r}"
    elif origin is list:
        assert isinstance(value, list), f"{where}: {value!r:.100}"
        for i, item in enumerate(value):
            conforms(item, arguments[0], f"{where}[{i}]")
    elif origin is dict:
        assert isinstance(value, dict), f"{where}: {value!r:.100}"
        for name, item in value.items():
            conforms(item, arguments[1], f"{where}.{name}")
    elif typing.is_typeddict(hint):
        assert isinstance(value, dict), f"{where}: {value!r:.100}"
        missing = hint.__required_keys__ - set(value)
        assert not missing, f"{where}: {missing} missing"
        hints = typing.get_type_hints(hint)
        for name, item in value.items():
            assert name in hints, f"{where}.{name} is not described"
            conforms(item, hints[name], f"{where}.{name}")
    else:
        wanted = (int, float) if hint is float else hint
        assert isinstance(value, wanted) and (hint is bool or not isinstance(value, bool)), f"{where}: {value!r:.100} is no {hint}"


def fill(daemon, series, points, name="filled"):
    start = now_us() - points * 1000
    with orfeas.connect("unix:" + daemon.socket, timeout=PATIENCE_S) as client:
        for first in range(0, points, 1000):
            for n in range(series):
                client.metrics.record([{"name": name, "labels": {"n": str(n)}, "value": t, "t_us": start + t * 1000}
                                       for t in range(first, min(first + 1000, points))])
    return start


# ---- calls


def test_calls(t):
    daemon = t.start()
    for client in clients(daemon):
        equal(client.health.check(), {"serving": "SERVING"})
        equal(client.status.get()["version"], orfeas.__version__)
        equal(client.metrics.record([{"name": "a", "value": 1.5, "labels": {"k": "größe \n"}}]), {"accepted": 1})
        series = client.metrics.list(select="a")["series"]
        equal((series[0]["name"], series[0]["labels"]), ("a", {"k": "größe \n"}))
        equal(client.call("health.check", [""]), {"serving": "SERVING"}, "parameters by position")
        equal(client.call("health.check"), {"serving": "SERVING"})
        contains(repr(client), client.address)


def test_answers_are_of_their_types(t):
    """Every method that takes nothing, and some that take something."""
    daemon = t.start()
    fill(daemon, 2, 10)
    with orfeas.connect(daemon.ready["http"], timeout=PATIENCE_S) as client:
        check_types(client)


def check_types(client):
    checked = 0
    for name, manner in _methods.MANNERS.items():
        service, _, low = name.partition(".")
        method = getattr(getattr(client, service), low)
        hints = typing.get_type_hints(method)
        arguments = {"metrics.query": {"select": "filled"}, "gpu.profile": {}, "metrics.define": {"name": "d"},
                     "rpc.cancel": {"id": 1}, "metrics.list": {}, "gpu.list": {}, "health.check": {}}.get(name)
        if arguments is None and (set(hints) - {"timeout", "return"} or manner == "stream" or name.startswith("db.")):
            continue
        try:
            answer = method(**(arguments or {}))
        except orfeas.Unavailable:  # not built yet
            continue
        conforms(answer, hints["return"], name)
        checked += 1
    assert checked >= 8, checked
    for device in wait_for(lambda: client.gpu.list()["devices"], "a device"):
        conforms(device, orfeas.types.GpuDevice, "device")


def test_errors(t):
    daemon = t.start()
    for client in clients(daemon):
        error = raises(orfeas.InvalidArgument, lambda: client.metrics.list(limit=0))
        equal((error.status, error.code, error.field, error.method), ("INVALID_ARGUMENT", -32602, "limit", "metrics.list"))
        contains(error.allowed, "1000")
        error = raises(orfeas.InvalidArgument, lambda: client.metrics.record([{"name": "a", "value": "b"}]))
        contains(error.field, "samples[0].value")
        raises(orfeas.NotFound, lambda: client.health.check(service="nobody"))
        raises(orfeas.MethodNotFound, lambda: client.call("no.such"))
        raises(orfeas.InvalidArgument, lambda: client.call("health.check", {"servce": "x"}))
        equal(client.load.list()["runs"], [])
        try:
            client.call("health.check", {"service": float("nan")})
        except ValueError as wrong:
            assert not isinstance(wrong, orfeas.Error), "what is no JSON is not sent"
        else:
            raise AssertionError("NaN was sent")
        equal(client.health.check(), {"serving": "SERVING"})


def test_by_default_the_local_daemon(t):
    daemon = t.daemon()
    daemon.command = [word for word in daemon.command if word not in ("--socket", daemon.socket)]
    daemon.start()
    script = "import orfeas\nwith orfeas.connect() as client: print(client.address, client.health.check()['serving'])"
    done = subprocess.run([sys.executable, "-c", script], env=daemon.env, capture_output=True, text=True,
                          timeout=PATIENCE_S)
    equal(done.stdout, f"unix:{daemon.ready['socket']} SERVING\n", done.stderr)


def test_example_of_the_readme(t):
    daemon = t.daemon()
    daemon.command = [word for word in daemon.command if word not in ("--socket", daemon.socket)]
    daemon.start()
    wait_for(lambda: daemon.call("gpu.list")["devices"], "a device")
    example = re.search(r"```python\n(import .*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[1]
    done = subprocess.run([sys.executable, "-W", "error", "-c", example], env=daemon.env, capture_output=True, text=True,
                          timeout=PATIENCE_S)
    equal((done.returncode, done.stderr), (0, ""))
    equal(len(done.stdout.splitlines()), len(daemon.call("gpu.list")["devices"]), done.stdout)


def test_stream_of_the_readme(t):
    daemon = t.daemon()
    daemon.command = [word for word in daemon.command if word not in ("--socket", daemon.socket)]
    daemon.start()
    example = re.search(r"```python\n(with client.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[1]
    process = subprocess.Popen([sys.executable, "-u", "-c", "import orfeas\nclient = orfeas.connect()\n" + example], env=daemon.env,
                               stdout=subprocess.PIPE, text=True)
    with process:
        for _ in range(2):
            assert re.fullmatch(r"\d+ \{.*\}\n", line := process.stdout.readline()), line
        process.terminate()


def test_admin_by_cookie(t):
    daemon = t.start()
    daemon.keep_port()
    cookie = os.path.join(t.dir, "cookie")
    with orfeas.connect(daemon.ready["http"], token="none") as client:
        raises(orfeas.Unauthenticated, client.health.check)
    with orfeas.connect(daemon.ready["http"]) as client:
        raises(orfeas.PermissionDenied, client.db.check)
    with orfeas.connect(daemon.ready["http"], cookie=cookie, timeout=PATIENCE_S) as client:
        equal(client.db.check()["ok"], True)
        daemon.restart()  # makes a new cookie
        equal(client.health.check(), {"serving": "SERVING"})
        equal(client.db.check()["ok"], True)
    with orfeas.connect("unix:" + daemon.socket, timeout=PATIENCE_S) as client:
        equal(client.db.check()["ok"], True, "the socket's owner")


def test_cookie_of_another_daemon(t):
    """The one that lies at the default place opens this door, not the other; there it is as none."""
    local = t.daemon()
    local.command = [word for word in local.command if word not in ("--socket", local.socket)]
    local.start()
    other = t.daemon(db=os.path.join(t.dir, "other.db")).start()
    script = """
import orfeas, sys
for address in sys.argv[1:]:
    for scheme in ("http", "ws"):
        with orfeas.connect(address.replace("http", scheme)) as client, client.batch() as batch:
            health = batch.health.check()
        with orfeas.connect(address.replace("http", scheme)) as client:
            next(client.health.watch())
            print(health.result()["serving"], client.health.check()["serving"])
            try:
                print(client.db.check()["ok"])
            except orfeas.PermissionDenied:
                print("not admin")
"""
    done = subprocess.run([sys.executable, "-c", script, local.ready["http"], other.ready["http"]], env=local.env, capture_output=True, text=True,
                          timeout=PATIENCE_S)
    equal((done.stdout, done.stderr), (2 * "SERVING SERVING\nTrue\n" + 2 * "SERVING SERVING\nnot admin\n", ""))


def test_tokens_where_they_are_demanded(t):
    daemon = t.start(settings={"auth.require": "true"})
    for address in addresses(daemon):
        if address.startswith("unix:"):
            continue
        with orfeas.connect(address, retries=0) as client:
            raises(orfeas.Unauthenticated, client.health.check)
            raises(orfeas.Unauthenticated, client.health.watch)
        with orfeas.connect(address, cookie=os.path.join(t.dir, "cookie"), timeout=PATIENCE_S) as client:
            equal(client.health.check(), {"serving": "SERVING"})
            equal(next(client.health.watch()), {"serving": "SERVING"})


# ---- batches


def test_batch(t):
    daemon = t.start()
    for client in clients(daemon):
        with client.batch() as batch:
            good = batch.health.check()
            wrong = batch.metrics.list(limit=0)
            unknown = batch.call("no.such")
            write = batch.metrics.record([{"name": "b", "value": 1}])
            raises(orfeas.FailedPrecondition, good.result)
        equal(good.result(), {"serving": "SERVING"})
        equal(raises(orfeas.InvalidArgument, wrong.result).method, "metrics.list")
        raises(orfeas.MethodNotFound, unknown.result)
        equal(write.result(), {"accepted": 1})
        with client.batch():
            pass  # nothing to send
        with contextlib.suppress(KeyError), client.batch() as batch:
            dropped = batch.health.check()
            raise KeyError
        raises(orfeas.FailedPrecondition, dropped.result)


def test_too_large_a_batch(t):
    daemon = t.start(settings={"rpc.max_batch": 3})
    for client in clients(daemon):
        batch = client.batch()
        pending = [batch.health.check() for _ in range(4)]
        raises(orfeas.Error, lambda: (batch.send(), pending[0].result()))
        equal(client.health.check(), {"serving": "SERVING"})


# ---- deadlines


def test_deadline(t):
    """The server hears of it: it is the one that stops."""
    daemon = t.start(settings={"store.readers": 1})
    fill(daemon, 1, 20000)
    for client in clients(daemon):
        error = raises(orfeas.DeadlineExceeded, lambda: [client.metrics.query(select="filled", timeout=0.001)
                                                         for _ in range(1000)])
        assert isinstance(error, TimeoutError)
        equal(client.health.check(), {"serving": "SERVING"}, "and the client goes on")
        raises(orfeas.DeadlineExceeded, lambda: client.health.check(timeout=0))


def test_deadline_of_a_stopped_daemon(t):
    daemon = t.start()
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(orfeas.connect(address, retries=0)) for address in addresses(daemon)]
        for client in held:
            client.health.check()
        daemon.process.send_signal(orfeas_test.signal.SIGSTOP)
        for client in held:
            begun = time.monotonic()
            raises(orfeas.DeadlineExceeded, lambda: client.health.check(timeout=0.3))
            assert time.monotonic() - begun >= 0.3
        daemon.process.send_signal(orfeas_test.signal.SIGCONT)
        for client in held:
            equal(client.health.check(), {"serving": "SERVING"})


# ---- lost connections


class Cutter:
    """A proxy before the daemon that cuts the first connections once their answer has come, before it is passed on."""

    def __init__(self, target, cuts):
        self.target = target
        self.cuts = cuts
        self.seen = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.pass_on, args=(connection,), daemon=True).start()

    def pass_on(self, connection):
        with connection, self.target() as upstream:
            back = threading.Thread(target=self.pass_back, args=(upstream, connection), daemon=True)
            back.start()
            with contextlib.suppress(OSError):
                while data := connection.recv(65536):
                    self.seen.append(data)
                    upstream.sendall(data)
            with contextlib.suppress(OSError):
                upstream.shutdown(socket.SHUT_RDWR)
            back.join()

    def pass_back(self, upstream, connection):
        with contextlib.suppress(OSError):
            while data := upstream.recv(65536):
                if self.cuts > 0:
                    self.cuts -= 1
                    break
                connection.sendall(data)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()


def test_write_is_done_once_over_a_cut_connection(t):
    daemon = t.start()
    for cuts in (1, 2):
        cutter = Cutter(daemon.tcp, cuts)
        with orfeas.connect(f"http://127.0.0.1:{cutter.port}", timeout=PATIENCE_S) as client:
            name = f"once.{cuts}"
            equal(client.metrics.record([{"name": name, "value": 1, "t_us": now_us()}]), {"accepted": 1})
            equal(daemon.sql("SELECT count(*) FROM v_sample WHERE series=?", name)[0][0], 1)
        sent = [data for data in cutter.seen if name.encode() in data]
        equal(len(sent), cuts + 1)
        equal(len({re.search(rb'"idempotency_key":"(\w+)"', data)[1] for data in sent}), 1)
        cutter.close()


def test_what_is_not_repeated(t):
    daemon = t.start()
    cutter = Cutter(daemon.tcp, 100)
    address = f"http://127.0.0.1:{cutter.port}"
    with orfeas.connect(address, retries=0) as client:
        error = raises(orfeas.ConnectionLost, lambda: client.metrics.record([{"name": "lost", "value": 1}]))
        assert error.sent
        raises(orfeas.ConnectionLost, client.health.check)
    equal(len(cutter.seen), 2)
    with orfeas.connect(address, cookie=os.path.join(t.dir, "cookie")) as client:
        raises(orfeas.ConnectionLost, client.db.check)
        equal(len(cutter.seen), 3, "nobody says that it may be done twice")
        with contextlib.suppress(orfeas.ConnectionLost), client.batch() as batch:
            batch.health.check()
            batch.db.check()
        equal(len(cutter.seen), 4, "nor a batch that holds such a one")
        raises(orfeas.ConnectionLost, client.health.check)
        equal(len(cutter.seen), 8, "a read is sent four times")
    cutter.close()


def test_daemon_goes_and_comes_back(t):
    daemon = t.start()
    daemon.keep_port()
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(orfeas.connect(address, timeout=PATIENCE_S, retries=1000))
                for address in addresses(daemon)]
        for client in held:
            client.health.check()
        daemon.restart()
        for client in held:
            equal(client.health.check(), {"serving": "SERVING"}, "a connection that was lost at rest is not noticed")
        daemon.kill()
        answers = []
        waiting = [threading.Thread(target=lambda client=client: answers.append(client.health.check()))
                   for client in held]
        for thread in waiting:
            thread.start()
        daemon.start()
        for thread in waiting:
            thread.join(PATIENCE_S)
        equal(answers, [{"serving": "SERVING"}] * len(held), "calls made meanwhile wait for it")
        daemon.stop()
        for address in addresses(daemon):
            with orfeas.connect(address, retries=1) as client:
                error = raises(orfeas.ConnectionLost, client.health.check)
                contains(str(error), address.partition("/")[2].lstrip("/"))
                assert not error.sent


# ---- streams


def test_streams(t):
    """By HTTP too: a WebSocket carries the values beside it."""
    daemon = t.start(settings={"host.sample_us": 100000})
    wait_for(lambda: daemon.call("metrics.query", {"select": "host.cpu.used_percent"})["series"], "a first value")
    for client in clients(daemon):
        with client.metrics.watch(select="host.cpu.used_percent", period_us=100000) as stream:
            frames = [next(stream) for _ in range(3)]
            for frame in frames:
                conforms(frame, orfeas.types.MetricsFrame, "frame")
            times = [frame["t_us"] for frame in frames]
            equal(times, sorted(set(times)))
            assert any("host.cpu.used_percent" in frame["values"] for frame in frames), frames
            equal(client.health.check(), {"serving": "SERVING"}, "calls go on beside it")
        equal((stream.status, stream.dropped), ("CANCELLED", 0))
        for value in client.health.watch():
            conforms(value, orfeas.types.HealthWatchValue, "value")
            equal(value, {"serving": "SERVING"})
            break
        equal(client.health.watch(service="nobody").next(PATIENCE_S), {"serving": "SERVICE_UNKNOWN"})


def test_stream_with_history(t):
    daemon = t.start()
    client_of_first = orfeas.connect("unix:" + daemon.socket, timeout=PATIENCE_S)
    wait_for(lambda: len((client_of_first.metrics.query(select="host.cpu.used_percent")["series"] or [{"points": []}])[0]["points"]) > 2,
             "some samples")
    for client in clients(daemon):
        with client.metrics.watch(select="host.cpu.used_percent", history_us=60_000_000) as stream:
            first = next(stream)
            conforms(first, orfeas.types.MetricsFrame, "frame")
            columns = first["history"]
            equal([len(column) for column in columns["series"].values()], [len(columns["t_us"])])
            assert columns["t_us"] == sorted(columns["t_us"]) and columns["t_us"][-1] < first["t_us"], columns
            assert "history" not in next(stream)


def test_refused_streams(t):
    daemon = t.start()
    for client in clients(daemon):
        equal(raises(orfeas.InvalidArgument, lambda: client.metrics.watch(select="a{")).method, "metrics.watch")
        raises(orfeas.InvalidArgument, lambda: client.metrics.watch(select="a", period_us=1))
        raises(orfeas.NotFound, lambda: client.stream.cancel("s99999"))
        equal(client.health.check(), {"serving": "SERVING"})


def test_many_streams_and_threads(t):
    daemon = t.start(settings={"host.sample_us": 100000})
    for client in clients(daemon):
        wrong = []

        def work(names):
            try:
                with client.metrics.watch(select=names, period_us=100000) as stream:
                    for _ in range(3):
                        values = stream.next(PATIENCE_S)["values"]
                        assert all(names in series for series in values), values
            except BaseException as error:
                wrong.append(error)

        threads = [threading.Thread(target=work, args=(name,))
                   for name in ("host.cpu.used_percent", "host.memory.used_bytes", "orfeas.memory.rss_bytes") * 3]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(wrong, [])


def test_stream_ends_with_the_daemon(t):
    daemon = t.start()
    daemon.keep_port()
    for address in addresses(daemon):
        with orfeas.connect(address, retries=0) as client:
            stream = client.health.watch()
            equal(stream.next(PATIENCE_S), {"serving": "SERVING"})
            daemon.kill()
            raises(orfeas.ConnectionLost, lambda: [stream.next(PATIENCE_S) for _ in range(1000)])
        daemon.start()


def test_stream_comes_back_with_the_daemon(t):
    daemon = t.start()
    daemon.keep_port()
    for address in addresses(daemon):
        with orfeas.connect(address) as client:
            with client.health.watch(reconnect=True) as stream:
                equal(stream.next(PATIENCE_S), {"serving": "SERVING"})
                for stop in (daemon.kill, daemon.stop):
                    before = stream.reconnects
                    stop()
                    daemon.start()
                    while stream.reconnects == before:
                        next(stream)
                equal(stream.status, None)


# ---- TLS


def test_tls(t):
    """By https and wss: calls of many threads at once, large ones both ways, streams, and whom it trusts."""
    if not shutil.which("openssl"):
        raise orfeas_test.Skip("no openssl to make a certificate with")
    certificate, key = os.path.join(t.dir, "a.pem"), os.path.join(t.dir, "a.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=a", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    os.chmod(key, 0o600)
    daemon = t.start(settings={"listen.tls_certificate": certificate, "listen.tls_key": key})
    context = ssl.create_default_context(cafile=certificate)
    for scheme in ("https", "wss"):
        address = f"{scheme}://127.0.0.1:{daemon.address[1]}"
        with orfeas.connect(address, retries=0) as client:
            contains(raises(orfeas.PermissionDenied, client.health.check).message, "certificate")
        with orfeas.connect(address, ssl_context=context, timeout=PATIENCE_S) as client:
            wrong = []

            def work(number):
                try:
                    for _ in range(5):
                        assert len(client.rpc.discover()["methods"]) > 50
                        error = raises(orfeas.InvalidArgument, lambda: client.health.check(service=str(number) * 300000))
                        equal(error.field, "service")
                except BaseException as error:
                    wrong.append(error)

            threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            with client.metrics.watch(select="host.cpu.used_percent") as stream:
                assert next(stream)["t_us"] < next(stream)["t_us"]
            for thread in threads:
                thread.join()
            equal(wrong, [])
            if scheme == "https":
                kept = client._caller._calls._idle[-1]
                for _ in range(5):
                    client.health.check()
                assert client._caller._calls._idle[-1] is kept, "what TLS says of itself is no end of the connection"


# ---- threads, sizes, processes


def test_many_threads(t):
    daemon = t.start()
    for client in clients(daemon):
        wrong = []

        def work(number):
            try:
                for i in range(50):
                    name = f"no-{number}-{i}"
                    error = raises(orfeas.NotFound, lambda: client.health.check(service=name))
                    contains(error.message, name)
                    equal(client.metrics.record([{"name": f"t{number}", "value": i}]), {"accepted": 1})
            except BaseException as error:
                wrong.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(wrong, [])


def test_slow_call_does_not_hold_up_others(t):
    """On the Unix socket all share one connection."""
    daemon = t.start()
    with orfeas.connect("unix:" + daemon.socket, timeout=PATIENCE_S) as client:
        fill(daemon, 1, 50000)

        def overtakes():
            done = threading.Event()

            def slow():
                client.db.check()
                done.set()

            thread = threading.Thread(target=slow)
            thread.start()
            equal(client.health.check(), {"serving": "SERVING"})
            overtaken = not done.is_set()
            thread.join()
            return overtaken

        # on a busy machine the slow one may be done before the other is sent
        wait_for(overtakes, "a quick call to be done before the slow one")


def test_huge_answer(t):
    daemon = t.start()
    start = fill(daemon, 5, 20000)
    for client in clients(daemon):
        series = client.metrics.query(select="filled", from_us=start, to_us=start + 20000 * 1000)["series"]
        equal([len(one["points"]) for one in series], [20000] * 5)
        equal(series[0]["points"][-1][1], 19999)
    for client in clients(daemon, max_answer_bytes=100000, retries=0):
        raises((orfeas.ResourceExhausted, orfeas.ConnectionLost),
               lambda: client.metrics.query(select="filled", from_us=start, to_us=start + 20000 * 1000))
        equal(client.health.check(), {"serving": "SERVING"}, "the client goes on")


def test_too_large_a_request(t):
    daemon = t.start(settings={"rpc.max_message_bytes": 65536})
    for client in clients(daemon):
        samples = [{"name": "x" * 150, "value": 1}] * 1000
        raises((orfeas.ResourceExhausted, orfeas.ConnectionLost), lambda: client.metrics.record(samples))
        equal(client.health.check(), {"serving": "SERVING"})


def test_after_a_fork(t):
    daemon = t.start()
    for client in clients(daemon):
        client.health.check()
        pid = os.fork()
        if pid == 0:
            try:
                good = client.health.check() == {"serving": "SERVING"}
                client.close()
                os._exit(0 if good else 1)
            finally:
                os._exit(2)
        equal(os.waitpid(pid, 0)[1], 0)
        equal(client.health.check(), {"serving": "SERVING"}, "the parent's connection is its own")


def test_closed(t):
    daemon = t.start()
    for client in clients(daemon):
        client.health.check()
        client.close()
        client.close()
        raises(orfeas.Cancelled, client.health.check)
    wait_for(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("orfeas ")],
             "the threads to end")


def test_left_open_at_exit(t):
    """A program that closes nothing ends at once and in silence."""
    daemon = t.start()
    script = f"""
import orfeas, threading
clients = [orfeas.connect(address) for address in {addresses(daemon)}]
streams = [client.health.watch() for client in clients]
for client, stream in zip(clients, streams):
    client.health.check(), next(stream)
    threading.Thread(target=list, args=(stream,), daemon=True).start()
print("done")
"""
    done = subprocess.run([sys.executable, "-X", "dev", "-c", script], env=daemon.env, capture_output=True, text=True,
                          timeout=PATIENCE_S)
    equal((done.returncode, done.stdout, done.stderr), (0, "done\n", ""))


def test_forgotten_clients_leave_nothing(t):
    daemon = t.start()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        for address in addresses(daemon):
            orfeas.connect(address).health.check()
    wait_for(lambda: len(os.listdir("/proc/self/fd")) <= before and
             not [thread for thread in threading.enumerate() if thread.name.startswith("orfeas ")],
             "connections and threads to go with their clients")


def test_trace(t):
    """By each transport: calls in a block are in its trace, batches too, and spans are recorded in the background."""
    daemon = t.start()
    for client in clients(daemon, service="front"):
        trace, caller = os.urandom(16).hex(), os.urandom(8).hex()
        with client.trace(f"00-{trace}-{caller}-01", "a=1"), client.span("request", kind="server", attributes={"n": 1}) as span:
            client.gpu.list()
            with client.batch() as batch:
                batch.status.get()
            raises(orfeas.NotFound, lambda client=client: client.gpu.list(device="none"))
        client.gpu.list()
        assert client.flush_spans(PATIENCE_S) and client.dropped_spans == 0
        tree = wait_for(lambda client=client, trace=trace: len(found := client.traces.get(trace_id=trace)["spans"]) == 4 and found, "the tree")
        equal((tree[0]["service"], tree[0]["operation"], tree[0]["kind"], tree[0]["parent_id"]), ("front", "request", "server", caller))
        equal((tree[0]["span_id"], tree[0]["attributes"]), (span.traceparent[36:52], {"n": "1"}))
        equal([(one["service"], one["operation"], one["depth"], one["outcome"]) for one in tree[1:]],
              [("orfeasd", "gpu.list", 1, None), ("orfeasd", "status.get", 1, None), ("orfeasd", "gpu.list", 1, "error")])


def test_spans_at_exit(t):
    """A program that ends closes nothing, and loses nothing."""
    daemon = t.start()
    program = "import orfeas, sys\nclient = orfeas.connect(sys.argv[1])\nfor i in range(700):\n  with client.span('step'): pass\n"
    subprocess.run([sys.executable, "-c", program, daemon.ready["http"]], check=True, env=t.environment({"OTEL_SERVICE_NAME": "short"}), timeout=PATIENCE_S)
    equal(daemon.call("traces.services", {})["services"][0]["service"], "short")
    equal(daemon.sql("SELECT count(*) FROM span"), [(700,)])


orfeas_test.main()
