#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""orfeasctl load: against the daemon by each way, and against servers whose faults are known."""

import html.parser
import http.server
import json
import os
import signal
import socketserver
import subprocess
import threading
import time

import orfeas_test
from break_in import make_certificate
from orfeas_test import ORFEASCTL, contains, equal, fails

DONE, SERVER_ERROR, USAGE, NO_CONNECTION, DEADLINE, CHECK_FAILED = range(6)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Answers by `answer(path, body)`: (status, seconds to wait)."""

    daemon_threads = True
    request_queue_size = 1000

    def __init__(self, answer):
        self.answer = answer
        self.seen = []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, request, client_address):
        pass  # a client that was told enough goes away


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.command, self.path, body, self.headers.get("X-Test")))
        status, wait_s = self.server.answer(self.path, body)
        time.sleep(wait_s)
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_POST = do_PUT = do_GET

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", "2000")
        self.end_headers()

    def log_message(self, *_):
        pass


def start_server(answer=lambda path, body: (200, 0)):
    return Server(answer)


def load(t, kind, url, *options, expect=DONE):
    """The report."""
    path = os.path.join(t.dir, "report.json")
    code, out, error = t.ctl(None, "load", kind, url, "-o", path, *options)
    equal(code, expect, f"{out} {error}")
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def test_daemon(t):
    """Each way to it, and each answer is an answer."""
    daemon = t.start()
    http_url = "http://{}:{}".format(*daemon.address)
    call = '{"jsonrpc":"2.0","id":{{n}},"method":"health.check"}'
    for url, options in ((f"unix:{daemon.socket}", []), (http_url.replace("http", "ws") + "/rpc", []), (http_url + "/healthz", []), (http_url + "/rpc", ["--body", call])):
        report = load(t, "sustained", url, "--rate", "50", "--duration", "1s", *options)
        total = report["orfeas"]["total"]
        equal((total["sent"], total["answered"], total["failed"]), (50, 50, 0), url)
    assert daemon.call("metrics.query", {"select": "orfeas.rpc.calls"})["series"]
    # no URL: the daemon itself
    code, out, error = t.ctl(daemon, "load", "sustained", "--rate", "20", "--duration", "1s", "--json", "-o", os.path.join(t.dir, "own.json"))
    equal(code, DONE, error)
    equal(json.loads(out)["orfeas"]["total"]["answered"], 20)
    equal(json.loads(out)["target_url"], f"unix:{daemon.socket}")


def test_errors_of_calls(t):
    """A JSON-RPC error is a failure, though HTTP says 200."""
    daemon = t.start()
    for url in ("http://{}:{}/rpc".format(*daemon.address), "ws://{}:{}/rpc".format(*daemon.address), f"unix:{daemon.socket}"):
        report = load(t, "sustained", url, "--rate", "20", "--duration", "1s", "--body", '{"jsonrpc":"2.0","id":1,"method":"no.such"}', expect=CHECK_FAILED)
        equal(report["orfeas"]["faults"]["rpc"], 20, url)
        equal(report["results"]["load_test"]["execution"]["error_rate_percent"], 100)


def test_original_fields(t):
    server = start_server()
    report = load(t, "sustained", server.url(), "--rate", "40", "--duration", "1s")
    test = report["results"]["load_test"]
    equal(report["target_url"], server.url())
    equal(test["test_config"], {"duration_seconds": 1, "target_rps": 40})
    equal({key: test["execution"][key] for key in ("total_requests", "successful_requests", "failed_requests", "error_rate_percent")},
          {"total_requests": 40, "successful_requests": 40, "failed_requests": 0, "error_rate_percent": 0})
    equal(set(test["response_times_ms"]), {"min", "max", "mean", "median", "stdev", "p50", "p75", "p90", "p95", "p99"})
    equal(test["assessment"]["status"], "excellent")
    equal(report["summary"]["load_test_status"], "excellent")
    equal(set(report["results"]), {"load_test", "stress_test", "spike_test", "endurance_test"})


class Page(html.parser.HTMLParser):
    """Which elements a page has, and its text."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.text = [], ""
        with open(path, encoding="utf-8") as file:
            self.feed(file.read())

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)

    def handle_data(self, data):
        self.text += data


def test_page(t):
    server = start_server(lambda path, body: (500 if body == b"7" else 200, 0))
    load(t, "spike", server.url("/a?<b>"), "--rate", "2", "--peak", "10", "--duration", "9s", "--body", "{{n}}", "--require", "errors<1%", expect=CHECK_FAILED)
    page = Page(os.path.join(t.dir, "report.html"))
    assert "script" not in page.elements and page.elements.count("svg") >= 3, page.elements
    for words in ("/a?<b>", "baseline", "spike", "recovery", "errors<1%", "missed", "Latency", "Failed"):
        contains(page.text, words)
    load(t, "sustained", "http://127.0.0.1:1/", "--rate", "10", "--duration", "1s", expect=NO_CONNECTION)
    contains(Page(os.path.join(t.dir, "report.html")).text, "connect")


def test_stall_is_seen(t):
    """A server that answers nothing for a second: each request that was due then has waited, and is told so; one that is
    closed shows one slow answer a connection, which is why it is not the default."""
    begin = time.monotonic()

    def stall(_path, _body):
        return 200, max(0, begin + 3 - time.monotonic()) if time.monotonic() > begin + 2 else 0

    server = start_server(stall)
    begin = time.monotonic()
    report = load(t, "sustained", server.url(), "--rate", "50", "--duration", "4s", "--connections", "4")
    total = report["orfeas"]["total"]
    equal((total["answered"], total["dropped"]), (200, 0))
    assert total["max_us"] >= 900e3, total
    assert total["p90_us"] >= 400e3, total  # a quarter of them waited, the first of them a second
    assert total["late"] > 20, total  # with four connections


def test_patience(t):
    """What has no answer in time has failed; what could not even be sent is dropped, and has failed too."""
    server = start_server(lambda path, body: (200, 30))
    report = load(t, "sustained", server.url(), "--rate", "20", "--duration", "1s", "--patience", "500ms", expect=CHECK_FAILED)
    load(t, "sustained", server.url(), "--rate", "5", "--duration", "1s", "--patience", "500ms", "--require", "errors>99%")  # as it should be
    equal((report["orfeas"]["total"]["answered"], report["orfeas"]["faults"]["timeout"]), (0, 20))
    server = start_server(lambda path, body: (200, 0.3))
    report = load(t, "sustained", server.url(), "--rate", "20", "--duration", "2s", "--patience", "500ms", "--connections", "1")
    total = report["orfeas"]["total"]
    equal(total["sent"] + total["dropped"], 40)
    equal(total["answered"] + report["orfeas"]["faults"]["timeout"], 40)
    assert report["orfeas"]["faults"]["timeout"] > 10, report["orfeas"]["faults"]
    assert total["max_us"] is None or total["max_us"] <= 500e3, total


def test_closed(t):
    server = start_server(lambda path, body: (200, 0.05))
    report = load(t, "sustained", server.url(), "--model", "closed", "--connections", "3", "--duration", "1s")
    total = report["orfeas"]["total"]
    assert 3 <= total["answered"] <= 3 * 21, total
    assert total["p50_us"] >= 49e3, total
    equal((total["late"], total["failed"], report["orfeas"]["planned_per_s"]), (0, 0, None))


def test_requirements(t):
    server = start_server(lambda path, body: (200, 0.05))
    options = ("--rate", "20", "--duration", "1s")
    report = load(t, "sustained", server.url(), *options, "--require", "min>=49ms,errors<1%,dropped<=0")
    equal([one["met"] for one in report["orfeas"]["requirements"]], [True, True, True])
    report = load(t, "sustained", server.url(), *options, "--require", "p50<1ms,errors<1%", expect=CHECK_FAILED)
    equal([(one["requirement"], one["met"]) for one in report["orfeas"]["requirements"]], [("p50<1ms", False), ("errors<1%", True)])
    equal(report["orfeas"]["passed"], False)


def test_stress_ends_at_the_breaking_point(t):
    server = start_server(lambda path, body: (500 if len(server.seen) > 10 + 20 + 5 else 200, 0))  # early in the third step
    report = load(t, "stress", server.url(), "--rate", "10", "--step", "10", "--duration", "1s", "--max-rate", "500")
    stress = report["results"]["stress_test"]
    assert 20 <= stress["breaking_point_rps"] <= 60, stress
    assert stress["test_config"]["steps_completed"] < 10, stress
    equal(report["summary"]["stress_test_breaking_point_rps"], stress["breaking_point_rps"])


def test_spike(t):
    server = start_server()
    report = load(t, "spike", server.url(), "--rate", "5", "--peak", "20", "--duration", "12s")
    equal(set(report["results"]["spike_test"]["phases"]), {"baseline", "spike", "recovery"})
    equal([level["sent"] for level in report["orfeas"]["levels"]], [20, 80, 20])


def test_requests(t):
    server = start_server()
    path = os.path.join(t.dir, "requests")
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"path":"/a"}\n{"method":"PUT","path":"/b","headers":{"X-Test":"1"},"body":{"n":"{{n}}"}}\n')
    load(t, "sustained", server.url(), "--rate", "4", "--duration", "1s", "--requests", path)
    equal(sorted(server.seen), sorted([("GET", "/a", b"", None), ("PUT", "/b", b'{"n":"1"}', "1"), ("GET", "/a", b"", None), ("PUT", "/b", b'{"n":"3"}', "1")]))


def test_connection_is_closed_each_time(t):
    class Closing(Handler):
        protocol_version = "HTTP/1.0"

    server = start_server()
    server.RequestHandlerClass = Closing
    report = load(t, "sustained", server.url(), "--rate", "30", "--duration", "1s")
    equal((report["orfeas"]["total"]["answered"], report["orfeas"]["total"]["failed"]), (30, 0))


def test_interrupted(t):
    server = start_server()
    path = os.path.join(t.dir, "report.json")
    process = subprocess.Popen([ORFEASCTL, "load", "endurance", server.url(), "--rate", "50", "-o", path], stdout=subprocess.PIPE, text=True, env=t.environment())
    orfeas_test.wait_for(lambda: len(server.seen) > 20, "some requests")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=orfeas_test.PATIENCE_S)
    equal(process.returncode, DONE)
    contains(out, "all")
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    equal(report["orfeas"]["stopped"], True)
    assert 20 < report["orfeas"]["total"]["sent"] < 108000, report["orfeas"]["total"]
    equal(report["orfeas"]["total"]["failed"], 0)


def test_recorded(t):
    daemon = t.start()
    options = ("--rate", "20", "--duration", "1s", "-o", os.path.join(t.dir, "own.json"))
    code, out, error = t.ctl(daemon, "load", "sustained", *options, "--record", "nightly", "--require", "errors<1%")
    equal(code, DONE, error)
    contains(out, "recorded as l-1")
    with open(options[-1], encoding="utf-8") as file:
        server = json.load(file)["server"]
    assert server["seen_to_us"] >= server["to_us"], server  # it waited for the end of the run
    contains(Page(options[-1].replace("json", "html")).text, "What the daemon recorded meanwhile")
    code, out, error = t.ctl(daemon, "load", "sustained", *options, "--record", "bad", "--require", "rate>1000")
    equal(code, CHECK_FAILED, error)
    bad, good = daemon.call("load.list")["runs"]
    equal((good["id"], good["name"], good["kind"], good["requests"], good["errors"], good["passed"]), ("l-1", "nightly", "sustained", 20, 0, True))
    equal((bad["name"], bad["passed"]), ("bad", False))
    assert good["p50_us"] <= good["p95_us"] <= good["p99_us"], good
    code, out, error = t.ctl(daemon, "load", "list")
    equal([line.split("\t")[2] for line in out.splitlines()], ["NAME", "bad", "nightly"])
    # after a kill they are there, and the next has a number of its own; its report can be asked for
    daemon.restart()
    call = {"name": "by hand", "kind": "spike", "started_us": 1, "took_us": 2, "requests": 3, "errors": 1}
    equal(daemon.call("load.record", call, meta={"idempotency_key": "once"}), {"id": "l-3"})
    equal(daemon.call("load.record", call, meta={"idempotency_key": "once"}), {"id": "l-3"})
    page = daemon.call("load.list", {"limit": 2})
    equal([run["name"] for run in page["runs"]], ["bad", "nightly"])
    last = daemon.call("load.list", {"cursor": page["next_cursor"]})
    equal(last["runs"], [{**call, "id": "l-3", "rate_per_s": None, "p50_us": None, "p95_us": None, "p99_us": None, "passed": None}])
    equal(daemon.call("load.list", {"from_us": 2, "to_us": good["started_us"]})["runs"], [])
    (report, name), = daemon.sql("SELECT report, v.name FROM load_run JOIN v_load_run AS v ON v.id = 'l-1' WHERE load_run.id = 1")
    equal((json.loads(report)["orfeas"]["total"]["sent"], name), (20, "nightly"))
    fails(lambda: daemon.call("load.record", {**call, "errors": 4}), "INVALID_ARGUMENT", field="errors")
    daemon.stop()
    code, out, error = t.ctl(None, "--db", daemon.db, "load", "list", "--json")
    equal(len(json.loads(out)["runs"]), 3, error)


def make_report(n, failing_from, started_us=0):
    """Of n seconds at 10/s, of which all fail from that one on."""
    def tell(i):
        failed = 10 if i >= failing_from else 0
        return {"from_us": i * 1000000, "rate_per_s": 10.0 - failed, "failed": failed, "answered": 10 - failed, "p50_us": 1000, "p95_us": 2000, "p99_us": 3000}

    slices = [tell(i) for i in range(n)]
    total = {**tell(0), "rate_per_s": 10.0 * failing_from / n, "failed": 10 * (n - failing_from), "answered": 10 * failing_from}
    return {"orfeas": {"kind": "sustained", "started_us": started_us, "slice_us": 1000000, "faults": {"status": 10 * (n - failing_from), "rpc": 0}, "total": total,
                       "levels": [{"from_us": 0, "planned_per_s": 10.0}], "slices": slices}}


def record(daemon, name, n, failing_from):
    """A run that begins now."""
    now_us = orfeas_test.now_us()
    report = make_report(n, failing_from, now_us)
    return daemon.call("load.record", {"name": name, "kind": "sustained", "started_us": now_us, "took_us": n * 1000000, "requests": 10 * n,
                                       "errors": 10 * (n - failing_from), "rate_per_s": 7.5, "report": report})["id"]


def test_joined(t):
    """A run beside what was recorded meanwhile, by RPC, REST, SQL, on a page, and from the file alone."""
    daemon = t.start()
    name = record(daemon, "<joined>", 12, 4)
    good = record(daemon, "good", 12, 12)
    daemon.call("events.mark", {"text": "in the midst of it"})
    joined = daemon.call("load.get", {"id": name})
    status, rest = daemon.rest("GET", f"/load/{name}")
    equal((status, rest["run"], rest["slices"]), (200, joined["run"], joined["slices"]))
    equal((joined["run"]["name"], len(joined["slices"]), joined["report"]["orfeas"]["kind"]), ("<joined>", 12, "sustained"))
    equal(joined["slices"][4], {"at_us": 4000000, "planned_per_s": 10, "rate_per_s": 0, "failed": 10, "p50_us": 1000, "p95_us": 2000, "p99_us": 3000})
    first = [one for one in joined["server"]["saturated"] if one["side"] == "client"][0]
    equal((first["name"], first["kind"], first["at_us"], first["value"], first["limit"], first["planned_per_s"]), ("errors_percent", "limit", 4000000, 100, 1, 10))

    def seen():
        return {one["name"] for one in daemon.call("load.get", {"id": name})["server"]["series"]}

    orfeas_test.wait_for(lambda: {"orfeas.memory.rss_bytes", "orfeas.cpu_percent", "host.cpu.used_percent", "orfeas.rpc.calls"} <= seen(), "the daemon's own samples")
    equal(daemon.sql("SELECT kind, text FROM v_timeline WHERE source = 'load' AND text LIKE '<joined>%' ORDER BY t_us"),
          [("begin", "<joined> (sustained; for 12.0 s)"), ("end", "<joined>: 120 requests, 80 failed")])
    equal(daemon.sql("SELECT text FROM v_load_timeline WHERE id = ? AND source = 'event'", name), [("in the midst of it",)])
    equal(daemon.sql("SELECT at_s, failed, p95_ms FROM v_load_slice WHERE id = ? AND failed > 0 LIMIT 1", name), [(4, 10, 2)])
    equal(daemon.sql("SELECT count(*) FROM v_load_metric_1m WHERE id = 'l-0'"), [(0,)])
    for wrong in ("l-99", "al-1", "nothing"):
        fails(lambda: daemon.call("load.get", {"id": wrong}), "NOT_FOUND", field="id")
    path = os.path.join(t.dir, "run.html")
    equal(t.ctl(daemon, "load", "show", name, "-o", path)[0], DONE)
    page = Page(path)
    for words in ("What saturated", "errors_percent", "What the daemon recorded meanwhile", "orfeas.memory.rss_bytes", "Slow", "Device memory", "Failed by: status 80"):
        contains(page.text.lower(), words.lower())
    # its times are the run's, by which its curves are drawn
    assert "1970" not in page.text and "There is nothing to draw" not in page.text.split("Failed a second")[0], page.text[:2000]
    bare = daemon.call("load.record", {"name": "bare", "kind": "spike", "started_us": 1, "took_us": 2, "requests": 3, "errors": 1})["id"]
    # whoever says that it ran until the end of numbers, and beyond
    far = daemon.call("load.record", {"name": "far", "kind": "spike", "started_us": 2**53 - 1, "took_us": 2**53 - 1, "requests": 3, "errors": 1})["id"]
    equal(daemon.call("load.get", {"id": far})["server"]["to_us"], 2**53)
    equal([daemon.call("load.get", {"id": bare})[key] for key in ("report", "slices")], [None, []])
    equal(t.ctl(daemon, "load", "show", bare, "-o", path)[0], SERVER_ERROR)
    equal(t.ctl(daemon, "load", "compare", name, bare)[0], SERVER_ERROR)
    # the same from the file, and compared by ids
    daemon.stop()
    code, out, error = t.ctl(None, "--db", daemon.db, "load", "show", name)
    equal(code, DONE, error)
    for words in ("<joined> (sustained)", "80 failed", "requests fail: errors_percent was at 100 % 4.0 s into the run, at 10 requests a second", "orfeas.memory.rss_bytes"):
        contains(out, words)
    code, out, error = t.ctl(None, "--db", daemon.db, "load", "compare", good, name)
    equal(code, CHECK_FAILED, error)
    verdicts = {line.split("\t")[0]: line.split("\t")[-1] for line in out.splitlines() if line}
    equal((verdicts["rate_per_s"], verdicts["p95_us"], verdicts["orfeas.memory.rss_bytes"] in ("by chance", "not known")), ("worse", "by chance", True))
    equal(t.ctl(None, "--db", daemon.db, "load", "compare", good, "l-99")[0], SERVER_ERROR)


def test_slices_go_with_their_run(t):
    daemon = t.start(settings={"history.load_rows": 10})
    for n in range(11):
        record(daemon, str(n), n + 1, n + 1)
    orfeas_test.wait_for(lambda: daemon.sql("SELECT count(*) FROM load_run") == [(10,)], "the oldest to go")
    equal(daemon.sql("SELECT min(load_id), count(*) FROM load_slice"), [(2, 65)])


def test_compare(t):
    slow = [0.002]
    server = start_server(lambda path, body: (200, slow[0]))
    paths = [os.path.join(t.dir, name) for name in ("a.json", "b.json")]
    for path in paths:
        code, _, error = t.ctl(None, "load", "sustained", server.url(), "--rate", "20", "--duration", "8s", "-o", path)
        equal(code, DONE, error)
        slow[0] = 0.5
    code, out, error = t.ctl(None, "load", "compare", *paths)
    equal(code, CHECK_FAILED, error)
    verdicts = {line.split("\t")[0]: line.split("\t")[-1] for line in out.splitlines()[1:]}
    equal((verdicts["p50_us"], verdicts["error_percent"]), ("worse", "by chance"))
    code, out, error = t.ctl(None, "load", "compare", paths[1], paths[1])
    equal((code, set(line.split("\t")[-1] for line in out.splitlines()[1:])), (DONE, {"by chance"}))
    code, out, error = t.ctl(None, "load", "compare", paths[0], ORFEASCTL)
    equal(code, USAGE)


def test_tls(t):
    """Over https and wss to the daemon, whose certificate is trusted or not."""
    pair = make_certificate(t.dir)
    other = os.path.join(t.dir, "other")
    os.mkdir(other)
    daemon = t.start(settings={"listen.tls_certificate": pair[0], "listen.tls_key": pair[1]})
    https = "https://127.0.0.1:{}".format(daemon.address[1])
    options = ("--rate", "40", "--duration", "1s", "--trust", pair[0])
    for url in (https + "/healthz", https.replace("https", "wss") + "/rpc"):
        total = load(t, "sustained", url, *options)["orfeas"]["total"]
        equal((total["sent"], total["answered"], total["failed"]), (40, 40, 0), url)
    # an answer of many records, and many connections
    body = '{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}'
    total = load(t, "sustained", https + "/rpc", "--model", "closed", "--connections", "5", "--body", body, "--duration", "1s", "--trust", pair[0])["orfeas"]["total"]
    assert total["answered"] >= 5 and total["failed"] == 0, total
    for trust in ([], ["--trust", make_certificate(other)[0]]):
        code, _, error = t.ctl(None, "load", "sustained", https, "--rate", "5", "--duration", "1s", "-o", os.path.join(t.dir, "report.json"), *trust)
        equal(code, NO_CONNECTION, error)
        contains(error, "no connection to https")
        contains(error, "ertificate")  # says why
    code, _, error = t.ctl(None, "load", "sustained", https, "--rate", "5", "--duration", "1s", "-o", os.path.join(t.dir, "report.json"), "--trust", pair[1])
    equal(code, USAGE)


def test_nobody_there(t):
    for url in (f"unix:{t.dir}/none.sock", "http://127.0.0.1:1/", "ws://127.0.0.1:1/rpc"):
        report = load(t, "sustained", url, "--rate", "10", "--duration", "1s", expect=NO_CONNECTION)
        equal(report["orfeas"]["faults"]["connect"], 10, url)
    _, out, _ = t.ctl(None, "load", "sustained", "http://127.0.0.1:1/", "--rate", "10", "--duration", "1s", "-o", os.path.join(t.dir, "none.json"))
    contains(out, "Failed by: connect 10")


def test_head(t):
    """An answer to HEAD tells of a length, and has no body."""
    report = load(t, "sustained", start_server().url(), "--method", "HEAD", "--rate", "20", "--duration", "1s")
    equal(report["orfeas"]["total"]["answered"], 20)


def test_usage(t):
    for options, words in (
        (["ftp://127.0.0.1/"], "another scheme"),
        (["https://127.0.0.1/", "--trust", "/nonexistent"], "--trust"),
        (["nowhere"], "no URL"),
        (["http://127.0.0.1/", "--rate", "0"], "--rate"),
        (["http://127.0.0.1/", "--require", "p95"], "--require"),
        (["http://127.0.0.1/", "--model", "ajar"], "--model"),
        (["http://127.0.0.1/", "--arrivals", "late"], "--arrivals"),
        (["http://127.0.0.1/", "--connections", "0"], "--connections"),
        (["http://127.0.0.1/", "--requests", "/nonexistent"], "/nonexistent"),
        (["http://127.0.0.1/", "--output", "/nonexistent/report.json"], "--output"),
        (["http://127.0.0.1/", "--output", t.dir], "--output"),
        (["http://127.0.0.1/", "--duration", "721h"], "30 days"),
    ):
        code, out, error = t.ctl(None, "load", "sustained", *options)
        equal((code, out), (USAGE, ""), str(options))
        contains(error, words)


if __name__ == "__main__":
    orfeas_test.main()
