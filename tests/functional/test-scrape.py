#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""[scrape]: real exporters told value by value, and targets that mean ill."""

import base64
import gzip
import json
import math
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request

import orfeas_test
from orfeas_test import PATIENCE_S, Skip, contains, equal, now_us, wait_for
from receivers import free_port

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Server:
    """HTTP by hand, so that it can do all that is wrong: answer(path, head) gives chunks of bytes, sent as they come."""

    def __init__(self, answer, path=None):
        self.answer = answer
        self.heads = []
        if path is None:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        else:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(path)
            self.listener.listen()
            self.url = f"http://unix:{path}:/metrics"
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join()

    def accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            self.threads.append(threading.Thread(target=self.serve, args=(connection,)))
            self.threads[-1].start()

    def serve(self, connection):
        connection.settimeout(PATIENCE_S)
        try:
            with connection, connection.makefile("rb") as reader:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    line = reader.readline()
                    if not line:
                        return
                    head += line
                self.heads.append(head.decode())
                for chunk in self.answer(head.decode().split()[1], self):
                    if self.stop.is_set():
                        return
                    connection.sendall(chunk)
        except OSError:
            pass


def page(text, content_type=TEXT, extra="", length=None):
    body = text if isinstance(text, bytes) else text.encode()
    length = len(body) if length is None else length
    return (f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n{extra}"
            "Connection: close\r\n\r\n").encode() + body


def tells(text, **options):
    return lambda path, server: [page(text, **options)]


def settings(targets, **more):
    return {**{f"scrape.{name}": url for name, url in targets.items()}, "scrape.period_us": "1000000", **more}


def targets(daemon):
    return {target["target"]: target for target in daemon.call("scrape.targets")["targets"]}


def wait_state(daemon, name, state, after_us=0):
    return wait_for(lambda: (one := targets(daemon)[name])["state"] == state and one["last_us"] > after_us and one,
                    f"{name} {state}")


def series(daemon, select):
    """{text: newest value}, and its metadata by metrics.list."""
    found = daemon.call("metrics.query", {"select": select, "from_us": now_us() - 60_000_000, "to_us": now_us() + 1_000_000})
    return {one["series"]: one["points"][-1][1] for one in found["series"] if one["points"]}


# ---- real ones


class Exporter:
    """A real server of Debian's, on a free port."""

    def __init__(self, t, *command):
        if shutil.which(command[0]) is None:
            raise Skip(f"{command[0]} is not installed")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/metrics"
        self.process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{self.port}"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=t.dir, env=t.environment())

    def __enter__(self):
        wait_for(self.get, "the exporter")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(PATIENCE_S)

    def get(self):
        try:
            with urllib.request.urlopen(self.url, timeout=PATIENCE_S) as response:
                return response.read().decode()
        except OSError:
            return None


def compare(t, exporter):
    """What the exporter told, by a recording proxy, and what the file has of it."""
    from prometheus_client import parser as text_parser
    from prometheus_client.openmetrics import parser as openmetrics_parser

    told = {}

    def answer(path, server):
        if told:  # each page after the first is as that: one that is asked for at the end may not come to the file
            return [page(told["body"], content_type=told["type"])]
        accept = next(line for line in server.heads[-1].splitlines() if line.startswith("Accept:"))[7:].strip()
        request = urllib.request.Request(exporter.url, headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            body, content_type = response.read(), response.headers["Content-Type"]
        told.update(body=body.decode(), type=content_type)
        return [page(body, content_type=content_type)]

    with Server(answer) as proxy:
        daemon = t.start(settings=settings({"real": proxy.url}))
        target = wait_state(daemon, "real", "up")
        daemon.stop()  # what was told last is in the file
    parser = openmetrics_parser if "openmetrics" in told["type"] else text_parser
    samples = {}
    for family in parser.text_string_to_metric_families(told["body"]):
        for sample in family.samples:
            labels = {key: value for key, value in sample.labels.items() if value}
            samples[sample.name, json.dumps({**labels, "target": "real"}, sort_keys=True)] = sample.value
    rows = {(name, json.dumps(json.loads(labels), sort_keys=True)): value for name, labels, value in daemon.sql(
        "SELECT name, labels, value FROM sample_raw JOIN series ON id = series_id WHERE json_extract(labels, '$.target') = 'real'"
        " AND name NOT LIKE 'scrape.%' ORDER BY sample_raw.rowid")}
    finite = {key: value for key, value in samples.items() if math.isfinite(value)}
    assert len(finite) > 100, len(finite)
    equal(set(finite) - set(rows), set())
    # the last page is the newest row of each
    differing = {key: (value, rows[key]) for key, value in finite.items() if rows[key] != value}
    equal(differing, {})
    assert target["samples"] >= len(finite) and target["left_out"] == 0, target
    return daemon


def test_prometheus_value_by_value(t):
    with Exporter(t, "prometheus", "--config.file=/dev/null", f"--storage.tsdb.path={t.dir}/tsdb") as exporter:
        daemon = compare(t, exporter)
    kinds = dict(daemon.sql("SELECT DISTINCT name, kind FROM series"))
    equal((kinds["prometheus_http_requests_total"], kinds["go_goroutines"], kinds["prometheus_http_request_duration_seconds_bucket"],
           kinds["go_gc_duration_seconds"], kinds["go_gc_duration_seconds_count"]), ("counter", "gauge", "counter", "gauge", "counter"))
    equal(daemon.sql("SELECT DISTINCT help FROM series WHERE name = 'go_goroutines'"), [("Number of goroutines that currently exist.",)])


def test_node_exporter_value_by_value(t):
    with Exporter(t, "prometheus-node-exporter") as exporter:
        compare(t, exporter)


def test_orfeasd_by_orfeasd(t):
    first = t.start()
    other = orfeas_test.Test()
    try:
        second = other.start(settings=settings({"a": "http://%s:%d" % first.address + "/metrics"}))
        wait_state(second, "a", "up")
        wait_for(lambda: series(second, 'hw_gpu_memory_limit_bytes{target="a",hw_id="simulated-0"}'), "its GPU")
        equal(list(series(second, 'hw_gpu_memory_limit_bytes{target="a",hw_id="simulated-0"}').values()), [2.0**34])
        # what others tell is not told again: no loops, and no names that two have
        told = wait_for(lambda: (text := second.http("GET", "/metrics")[2].decode()).count('orfeas_scrape_up{target="a"} 1') and text, "the target's state")
        equal([line for line in told.splitlines() if 'target="a"' in line and not line.startswith("orfeas_scrape_")], [])
        # also after a start, when series come from the file
        second.stop()
        second.start()
        told = second.http("GET", "/metrics")[2].decode()
        equal([line for line in told.splitlines() if 'target="a"' in line and not line.startswith("orfeas_scrape_")], [])
    finally:
        equal(other.close(False), [])


# ---- what becomes of a page


def test_mapping(t):
    text = (
        "# HELP jobs_total All \\\\ of\\nthem.\n# TYPE jobs_total counter\n"
        'jobs_total{kind="a",empty="",target="x"} 3\n'
        'jobs_total{exported_target="y",target="x",kind="b"} 4\n'
        "# TYPE wait_seconds histogram\n"
        'wait_seconds_bucket{le="0.1"} 1\nwait_seconds_bucket{le="+Inf"} 2\nwait_seconds_sum 0.5\nwait_seconds_count 2\n'
        "# TYPE rpc summary\n"
        'rpc{quantile="0.5"} NaN\nrpc{quantile="0.9"} 7\nrpc_sum 8\nrpc_count 9\n'
        "plain 1\nplain 2\nhuge +Inf\n:colon 1\nmany{%s} 1\nlong{a=\"%s\"} 1\n"
        % (",".join(f'l{i}="1"' for i in range(32)), "x" * 257)
    )
    with Server(tells(text)) as server:
        daemon = t.start(settings=settings({"svc": server.url}))
        target = wait_state(daemon, "svc", "up")
        wait_for(lambda: "plain" in str(series(daemon, "plain")), "samples")
        equal(series(daemon, '{target="svc",__name__!~"scrape.*"}'), {
            'jobs_total{exported_target="x",kind="a",target="svc"}': 3,
            'jobs_total{exported_exported_target="y",exported_target="x",kind="b",target="svc"}': 4,
            'wait_seconds_bucket{le="0.1",target="svc"}': 1, 'wait_seconds_bucket{le="+Inf",target="svc"}': 2,
            'wait_seconds_sum{target="svc"}': 0.5, 'wait_seconds_count{target="svc"}': 2,
            'rpc{quantile="0.9",target="svc"}': 7, 'rpc_sum{target="svc"}': 8, 'rpc_count{target="svc"}': 9,
            'plain{target="svc"}': 1,
        })
        # told twice, a colon first, too many labels, too long a value
        equal((target["samples"], target["left_out"]), (16, 4))
        contains(target["left_out_reason"], "plain: it is told twice")

        def own():
            return {name.split("{")[0]: value for name, value in series(daemon, '{__name__=~"scrape.*",target="svc"}').items() if "duration" not in name}

        wait_for(lambda: own() == {"scrape.up": 1, "scrape.samples": 16, "scrape.samples_left_out": 4, "scrape.body_bytes": len(text)}, "its own series")
        daemon.stop()
        equal(daemon.sql("SELECT DISTINCT kind, unit, help FROM series WHERE name = 'jobs_total'"),
              [("counter", None, "All \\ of\nthem.")])


def test_times_and_units(t):
    """A page's own times are taken once; OpenMetrics says units."""
    moment = now_us() // 1_000_000 - 30
    state = {"value": 1}

    def answer(path, server):
        return [page(f"# TYPE t_seconds gauge\n# UNIT t_seconds seconds\nt_seconds {state['value']} {moment}.25\n"
                     f"future 1 {moment + 86400}\nold 1 {moment - 86400}\n# EOF\n", content_type=OPENMETRICS)]

    with Server(answer) as server:
        daemon = t.start(settings=settings({"svc": server.url}, **{"metrics.late_us": "7200000000"}))
        first = wait_state(daemon, "svc", "up")
        wait_state(daemon, "svc", "up", first["last_us"])
        state["value"] = 2
        contains(server.heads[0], "application/openmetrics-text;version=1.0.0")
        contains(server.heads[0], "X-Prometheus-Scrape-Timeout-Seconds: 1\r\n")
        daemon.stop()
    equal(daemon.sql("SELECT name, unit, t_us, value FROM sample_raw JOIN series ON id = series_id WHERE name NOT LIKE '%.%'"),
          [("t_seconds", "seconds", moment * 1_000_000 + 250_000, 1.0)])


def test_grid(t):
    """A target is asked at the same share of each period, and its samples lie on that grid."""
    with Server(tells("x 1\n")) as server:
        daemon = t.start(settings=settings({"svc": server.url}))
        seen = []

        def two_on_a_grid():
            """A loaded machine may begin late, and says so by the time."""
            seen.append(wait_state(daemon, "svc", "up", seen[-1] if seen else 0)["last_us"])
            return any((seen[-1] - before) % 1_000_000 == 0 for before in seen[:-1])

        wait_for(two_on_a_grid, "two samples on one grid")


# ---- ways to a target


def test_unix_socket_and_secrets(t):
    path = os.path.join(t.dir, "m.sock")
    token = os.path.join(t.dir, "token")
    with open(token, "w", encoding="ascii") as file:
        file.write("s3cret\n")
    with Server(tells("x 1\n"), path) as unix, Server(tells("y 1\n")) as tcp:
        url = tcp.url.replace("//", "//user:pa%20ss@") + "/m?key=hidden"
        daemon = t.start(settings=settings({"unix": unix.url, "basic": url}, **{"scrape.unix.token_file": token}))
        wait_state(daemon, "unix", "up")
        wait_state(daemon, "basic", "up")
        contains(unix.heads[0], "GET /metrics HTTP/1.1\r\n")
        contains(unix.heads[0], "Authorization: Bearer s3cret\r\n")
        contains(tcp.heads[0], "GET /m?key=hidden HTTP/1.1\r\n")
        contains(tcp.heads[0], "Authorization: Basic " + base64.b64encode(b"user:pa ss").decode())
        text = json.dumps(targets(daemon)) + daemon.stderr()
        for secret in ("s3cret", "pa%20ss", "pa ss", "hidden"):
            assert secret not in text, secret
        equal(targets(daemon)["basic"]["url"], tcp.url + "/m")
        os.unlink(token)
        contains(wait_state(daemon, "unix", "down")["error"], "has no token")


def test_tls(t):
    """https is verified: by ca_file, and not at all without."""
    import ssl

    key, certificate = os.path.join(t.dir, "key.pem"), os.path.join(t.dir, "cert.pem")
    done = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                           "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise Skip("openssl makes no certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class TlsServer(Server):
        def serve(self, connection):
            try:
                super().serve(context.wrap_socket(connection, server_side=True))
            except (OSError, ssl.SSLError):
                pass

    # one of its own for who trusts nobody: a session of the same host and port, which another target verified, is resumed
    with TlsServer(tells("x 1\n")) as server, TlsServer(tells("x 1\n")) as alone:
        port, own = (one.url.rpartition(":")[2] for one in (server, alone))
        daemon = t.start(settings=settings(
            {"good": f"https://localhost:{port}", "other": f"https://127.0.0.1:{port}", "none": f"https://localhost:{own}",
             "nofile": f"https://localhost:{port}"},
            **{"scrape.good.ca_file": certificate, "scrape.other.ca_file": certificate, "scrape.nofile.ca_file": "/nowhere.pem"}))
        wait_state(daemon, "good", "up")
        # on a busy machine a target may not be there in time at first
        for name, reason in {"other": "certificate", "none": "certificate", "nofile": "ca_file"}.items():
            wait_for(lambda: reason in (targets(daemon)[name]["error"] or "").lower(), f"{name} to be down for its {reason}")


def test_redirects(t):
    def answer(path, server):
        where = {"/metrics": "/a", "/a": "http://LOCALHOST:%s/b" % server.url.rpartition(":")[2], "/b": "c", "/loop": "/loop",
                 "/away": "http://127.0.0.2:1/metrics", "/nowhere": None}
        if path in where:
            location = f"Location: {where[path]}\r\n" if where[path] else ""
            return [f"HTTP/1.1 302 Found\r\n{location}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()]
        return [page("x 1\n")]

    with Server(answer) as server:
        base = server.url.replace("127.0.0.1", "localhost")
        daemon = t.start(settings=settings({name: f"{base}/{name}" for name in ("metrics", "loop", "away", "nowhere")}))
        wait_state(daemon, "metrics", "up")
        contains(wait_state(daemon, "loop", "down")["error"], "more than 3 times")
        for name in ("away", "nowhere"):
            contains(wait_state(daemon, name, "down")["error"], "not followed")


def test_gzip(t):
    packed = gzip.compress(b"x 1\n" * 1 + b"# " + b"y" * 5000 + b"\n")
    with Server(tells(packed, extra="Content-Encoding: gzip\r\n")) as server:
        daemon = t.start(settings=settings({"svc": server.url}))
        equal(wait_state(daemon, "svc", "up")["body_bytes"], 5007)
        contains(server.heads[0], "Accept-Encoding: identity\r\n")  # a loopback needs none


def test_reload(t):
    with Server(tells("x 1\n")) as server, Server(tells("x 2\n")) as other:
        config = "[gpu]\nbackends=simulated\n[memory]\nbudget_bytes=68719476736\n[scrape]\nperiod_us=1000000\n"
        daemon = t.start(config=config + f"stays={server.url}\ngoes={server.url}\nmoves={server.url}\n")
        for name in ("stays", "goes", "moves"):
            wait_state(daemon, name, "up")
        before = targets(daemon)["stays"]["last_us"]
        with open(daemon.config, "w", encoding="utf-8") as file:
            file.write(config + f"stays={server.url}\nmoves={other.url}\ncomes={other.url}\n[scrape.comes]\nmax_bytes=1024\n")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: set(targets(daemon)) == {"stays", "moves", "comes"}, "the other targets")
        assert targets(daemon)["stays"]["last_us"] >= before > 0  # it goes on as it is
        wait_state(daemon, "comes", "up")
        wait_state(daemon, "moves", "up")
        wait_for(lambda: series(daemon, 'x{target="moves"}') == {'x{target="moves"}': 2}, "the new target's value")


# ---- those that mean ill


def forever(first, chunk, pause_s=0.0):
    def answer(path, server):
        yield first
        while True:
            yield chunk
            if pause_s:
                time.sleep(pause_s)
    return answer


def hang(path, server):
    server.stop.wait(PATIENCE_S)
    yield b""


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n"


def test_hostile(t):
    """Each is cut, says why, and delays nobody else; memory does not grow by them."""
    bomb = gzip.compress(b"# " + b"x" * (200 << 20) + b"\n", 9)
    answers = {
        "drip": (forever(HEAD + b"\r\n", b"#", 0.05), "not there within"),
        "endless": (forever(HEAD + b"\r\n", b"#" * 65536), "larger than"),
        "endlesshead": (forever(HEAD, b"X-A: " + b"b" * 4096 + b"\r\n"), ""),
        "endlessline": (forever(b"", b"x" * 65536), ""),
        "chunks": (forever(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"#" * 65536 + b"\r\n"), "larger than"),
        "bomb": (lambda path, server: [page(bomb, extra="Content-Encoding: gzip\r\n")], "larger than"),
        "html": (tells("<html></html>", content_type="text/html"), "text/html"),
        "binary": (tells(b"\0\xff\n"), "line 1, column 1: this is no UTF-8"),
        "cut": (tells("x 1\ny 12"), "line 2, column 5: the page was cut"),
        "openmetrics": (tells("x 1\n", content_type=OPENMETRICS), "no # EOF"),
        "shorter": (tells("x 1\n", length=100), "4 of 100 bytes"),
        "cutgzip": (tells(gzip.compress(b"x 1\n" * 1000 + os.urandom(5000).hex().encode())[:3000], extra="Content-Encoding: gzip\r\n"), ""),
        "hang": (hang, "not there within"),
        "close": (lambda path, server: [], ""),
        "garbage": (lambda path, server: [b"\x16\x03\x01 nonsense\r\n\r\n"], ""),
        "error": (lambda path, server: [b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"], "HTTP 503"),
    }
    servers = {name: Server(answer) for name, (answer, _) in answers.items()}
    good = Server(tells("x 1\n"))
    try:
        urls = {name: server.url for name, server in servers.items()}
        daemon = t.start(settings=settings({**urls, "good": good.url, "refused": "http://127.0.0.1:1/"},
                                           **{"scrape.max_bytes": str(1 << 20), "scrape.timeout_us": "500000"}))
        for name, (_, error) in answers.items():
            # a loaded machine may be too slow for the shortest of them at first
            wait_for(lambda: (one := targets(daemon)[name])["state"] == "down" and error in one["error"], f"{name}: {error}")
        wait_state(daemon, "refused", "down")
        # the good one went on each second meanwhile
        last = wait_state(daemon, "good", "up")["last_us"]
        for _ in range(3):
            last = wait_state(daemon, "good", "up", last)["last_us"]
        equal(daemon.call("status.get")["db"]["path"], daemon.db)
        # none of a broken page is kept
        equal(series(daemon, 'x{target!="good"}'), {})
        if "ORFEAS_SANITIZED" not in os.environ:
            with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as file:
                peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
            assert peak < 200 << 10, f"{peak} KiB"
        daemon.stop()  # with scrapes under way
    finally:
        for server in (*servers.values(), good):
            server.__exit__()


def test_too_many_series(t):
    """New names in each page: bounded by max_series, counted, said once; then also by what all share."""
    state = {"n": 0}

    def answer(path, server):
        state["n"] += 1
        return [page("steady 1\n" + "".join(f'request_{state["n"]}{{id="{i}"}} 1\n' for i in range(400)))]

    with Server(answer) as server:
        daemon = t.start(settings=settings({"churn": server.url}, **{"scrape.max_series": "500"}))
        first = wait_state(daemon, "churn", "up")
        for _ in range(3):
            first = wait_state(daemon, "churn", "up", first["last_us"])
        equal((first["samples"], first["left_out"], first["series"]), (401, 400, 500))
        contains(first["left_out_reason"], "max_series")
        equal(daemon.stderr().count("samples left out"), 1)
        equal(daemon.sql("SELECT count(*) <= 500 FROM series WHERE name LIKE 'request%'"), [(1,)])
    many = "".join(f'flood{{id="{i}"}} 1\n' for i in range(1500))
    with Server(tells(many)) as server:
        other = t.daemon(settings=settings({"flood": server.url}, **{"metrics.max_series": "1000", "metrics.builtin_series": "200"}),
                         db=os.path.join(t.dir, "other.db"))
        daemon.stop()
        other.start()
        target = wait_state(other, "flood", "up")
        equal((target["samples"], target["left_out"], target["series"]), (1500, 700, 800))
        contains(target["left_out_reason"], "max_series")


def test_many_names_at_once(t):
    """65,536 labels' values: the look-up is by a seeded hash, whatever they are."""
    text = "".join(f'n{{v="{i:016b}"}} {i}\n' for i in range(65536))
    with Server(tells(text)) as server:
        daemon = t.start(settings=settings({"svc": server.url}, **{"scrape.max_series": "100000", "metrics.max_series": "100000",
                                                                   "scrape.timeout_us": "20000000", "scrape.period_us": "5000000"}))
        target = wait_state(daemon, "svc", "up")
        equal((target["samples"], target["left_out"], target["series"]), (65536, 0, 65536))


# ---- what people see


def test_rest_and_orfeasctl(t):
    with Server(tells("x 1\nx 1\n")) as server:
        daemon = t.start(settings=settings({"svc": server.url, "gone": "http://127.0.0.1:1/"}))
        wait_state(daemon, "svc", "up")
        wait_state(daemon, "gone", "down")
        status, answer = daemon.rest("GET", "/scrape/targets")
        equal((status, [target["target"] for target in answer["targets"]]), (200, ["gone", "svc"]))
        code, out, err = t.ctl(daemon, "scrape")
        equal(code, 0, err)
        rows = [line.split("\t") for line in out.splitlines()]
        equal((rows[0][0], rows[1][:2], rows[2][:2], rows[2][5:7]), ("TARGET", ["gone", "down"], ["svc", "up"], ["2", "1"]))
        contains(rows[1][-1], "refused")
        equal(rows[2][-1], "x: it is told twice")
        equal(json.loads(t.ctl(daemon, "scrape", "--json")[1])["targets"][0]["state"], "down")
        # a target that is down is not the daemon's fault
        equal([reason for reason in daemon.call("status.get")["reasons"] if "scrape" in str(reason)], [])


orfeas_test.main()
