#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""GET /metrics is what Prometheus, its linter and its Python client read, whatever was recorded."""

import gzip
import http.client
import http.server
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
import urllib.parse

from prometheus_client import parser as text_parser
from prometheus_client.openmetrics import parser as openmetrics_parser

import orfeas_test
from orfeas_test import PATIENCE_S, contains, equal, wait_for
from receivers import free_port

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
ASK_OPENMETRICS = ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                   "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")

DEFINITIONS = [
    {"name": "job.wait", "kind": "histogram", "unit": "ms", "buckets": [1, 250, 1000, 2e9],
     "help": "Waited \\ \"so\"\nlong."},
    {"name": "drift_hours", "kind": "histogram", "unit": "h", "buckets": [-1, 0, 1]},
    {"name": "size.count", "kind": "histogram", "unit": "MiB"},
    {"name": "requests_total", "kind": "counter"},
    {"name": "requests", "kind": "counter", "help": "   "},
    {"name": "requests.count", "kind": "counter", "unit": "requests"},
    {"name": "busy_us", "kind": "counter", "unit": "us"},
    {"name": "tx", "kind": "counter", "unit": "kB"},
    {"name": "speed", "unit": "MiB/s"},
    {"name": "room.temp_f", "unit": "fahrenheit"},
    {"name": "odd/unit", "unit": "{wid\ngets} per \"d\""},
]
# names that the format, or the linter, does not take as they are
GAUGES = [
    "a.b", "a_b", "a:b", "a/b", "a-b", "A.B", "_", "__", "_1", "a..b", "renderTimeMs", "queue_gauge", "histogram",
    "x_histogram_y", "x_total", "x_count", "x_sum", "x_bucket", "x_info", "x_created", "used_mb", "disk.b.reads",
    "age_minutes", "shift.hours.worked", "weight_kilograms", "milliseconds", "days", "fahrenheit", "kilo_miles",
    "latency_ms_p99", "power_w", "temp_c", "load_percent", "ratio", "bytes", "bytes_total", "orfeas_build_info",
    "orfeas.build", "hw_gpu_memory_usage_bytes", "system_disk_io_bytes_total", "up", "rows_per_second", "a" * 200,
]
LABELS = [
    {}, {"le": "1"}, {"quantile": "0.5"}, {"deviceId": "1"}, {"device_id": "1"}, {"deviceId": "1", "device_id": "2"},
    {"__name__": "evil"}, {"_": "x"}, {"_1": "x"}, {"job": "j", "instance": "i"}, {"empty": ""},
    {"text": "quote \" back \\ line \n tab \t cr \r h\u00e9 \u2028 \U0001f525"}, {"v": "{a=\"b\"} 1\n# EOF"},
]


def fill(daemon):
    for definition in DEFINITIONS:
        daemon.call("metrics.define", definition)
    samples = [{"name": definition["name"], "value": value, "labels": labels}
               for definition in DEFINITIONS for labels in ({}, {"queue": "b"}) for value in (0.5, 300)]
    samples += [{"name": name, "value": 1.5} for name in GAUGES]
    samples += [{"name": "labelled", "value": index, "labels": labels} for index, labels in enumerate(LABELS)]
    samples += [{"name": f"value.v{index}", "value": value}
                for index, value in enumerate((0, -0.0, 1e300, -1e-300, 5e-324, 2**53, 0.1, 1e21, 1 / 3))]
    samples += [{"name": "drift_hours", "value": -7}]
    for index, one in enumerate(samples):
        one["t_us"] = orfeas_test.now_us() - len(samples) + index
    equal(daemon.call("metrics.record", {"samples": samples}), {"accepted": len(samples)})


def scrape(daemon, accept=None, expected=TEXT):
    status, headers, body = daemon.http("GET", "/metrics", headers={"Accept": accept} if accept else {})
    equal((status, headers["Content-Type"]), (200, expected))
    return body.decode()


def scrape_both(daemon):
    """Both formats, once a text holds the last that was recorded."""
    wait_for(lambda: "\ndrift_bucket" in scrape(daemon) or "\ndrift_seconds_bucket" in scrape(daemon), "the histogram")
    return scrape(daemon), scrape(daemon, ASK_OPENMETRICS, OPENMETRICS)


def samples_of(families):
    found = {}
    for family in families:
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found, f"{key} stands twice"
            found[key] = sample.value
    return found


def promtool(text):
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=PATIENCE_S)
    equal((done.returncode, done.stdout, done.stderr), (0, "", ""))


def test_promtool(t):
    daemon = t.start()
    wait_for(lambda: "hw_gpu_memory_usage_bytes" in scrape(daemon), "a first frame")
    promtool(scrape(daemon))
    fill(daemon)
    promtool(scrape_both(daemon)[0])


def test_random_names(t):
    """Names, units and labels put together by chance: nothing that metrics.record takes is refused."""
    chance = random.Random(20)
    words = ["a", "B", "x1", "kilo", "Miles", "s", "ms", "total", "Count", "sum", "bucket", "info", "gauge", "9", "Hours",
             "mb", "seconds", "per", "created", "histogram", "bytes", "le", "deci", "percent"]
    units = [None, "", "1", "s", "ms", "MB", "%", "bytes/s", "widgets", "h", "{x}", "MiBy", "Cel", "\n"]
    keys = ["a", "A", "aB", "a_b", "a__b", "_", "__a", "le", "quantile", "_1", "job"]
    daemon = t.start()
    samples, named = [], set()
    while len(named) < 400:
        name = chance.choice("aZ_") + "".join(chance.choice(words) + chance.choice([".", "_", "-", "/", ":", "", "__"])
                                              for _ in range(chance.randrange(5)))
        kind = chance.choice(["gauge", "counter", "histogram"])
        try:
            if name not in named:
                daemon.call("metrics.define", {"name": name, "kind": kind, "unit": chance.choice(units)})
                named.add(name)
        except orfeas_test.RpcError as error:  # a histogram's own counter
            equal(error.status, "ALREADY_EXISTS")
            continue
        labels = {key: chance.choice(["", "1", "2"]) for key in chance.sample(keys, chance.randrange(4))
                  if key != "le" or kind != "histogram"}
        samples.append({"name": name, "value": chance.randrange(100), "labels": labels})
    for sample in samples:
        try:
            daemon.call("metrics.record", {"samples": [sample]})
        except orfeas_test.RpcError as error:  # it became one since
            equal(error.status, "INVALID_ARGUMENT")
    daemon.call("metrics.record", {"samples": [{"name": "the.end", "value": 1}]})
    wait_for(lambda: "the_end 1" in scrape(daemon), "the last of them")
    text, openmetrics = scrape(daemon), scrape(daemon, ASK_OPENMETRICS, OPENMETRICS)
    promtool(text)
    families = list(openmetrics_parser.text_string_to_metric_families(openmetrics))
    assert len(families) > 300, len(families)
    samples_of(families)


def test_python_client(t):
    daemon = t.start()
    fill(daemon)
    text, openmetrics = scrape_both(daemon)
    plain = list(text_parser.text_string_to_metric_families(text))
    strict = list(openmetrics_parser.text_string_to_metric_families(openmetrics))
    for families in (plain, strict):
        names = [family.name for family in families]
        equal(len(set(names)), len(names), "a family stands twice")
    found = samples_of(plain)
    queue = (("le", "1.0"), ("queue", "b"))
    equal(found["job_wait_seconds_bucket", queue], 2.0)
    equal(found["job_wait_seconds_bucket", (("le", "2e+06"), ("queue", "b"))], 2.0)
    equal(found["job_wait_seconds_sum", (("queue", "b"),)], 0.3005)
    equal(found["job_wait_seconds_count", ()], 2.0)
    equal(found["busy_seconds_total", ()], 0.0003)
    equal(found["tx_bytes_total", ()], 300000.0)
    equal(found["speed_bytes_per_second", ()], 300.0 * 2**20)
    equal(found["labelled", (("text", LABELS[-2]["text"]),)], float(len(LABELS) - 2))
    equal(found["labelled", (("v", LABELS[-1]["v"]),)], float(len(LABELS) - 1))
    equal(found["value_v4", ()], 5e-324)
    equal(found["value_v8", ()], 1 / 3)
    # the same series in both, but for sums that OpenMetrics has no place for
    only_plain = set(found) - set(samples_of(strict))
    equal({name for name, _ in only_plain}, {"drift_seconds_sum", "drift_seconds_count"})
    equal(set(samples_of(strict)) - set(found), set())
    units = {family.name: family.unit for family in strict}
    equal((units["job_wait_seconds"], units["speed_bytes_per_second"]), ("seconds", "bytes_per_second"))
    helps = {family.name: family.documentation for family in strict}
    equal(helps["job_wait_seconds"], 'Waited \\ "so"\nlong. (job.wait in ms)')


def test_negotiation(t):
    daemon = t.start()
    for accept, expected in (
        (None, TEXT), ("*/*", TEXT), ("text/html,*/*;q=0.8", TEXT), (ASK_OPENMETRICS, OPENMETRICS),
        ("application/openmetrics-text;q=0.1,text/plain;q=0.9", TEXT), ("image/png", TEXT),
    ):
        text = scrape(daemon, accept, expected)
        equal(text.endswith("\n# EOF\n"), expected == OPENMETRICS)
        contains(text, "\norfeas_build_info{version=\"")


def raw(daemon, verb, headers):
    """(status, headers, body) as they come, also of HEAD."""
    connection = http.client.HTTPConnection(*daemon.address, timeout=PATIENCE_S)
    try:
        connection.request(verb, "/metrics", headers=headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def test_gzip_and_head(t):
    daemon = t.start()
    for encoding, packed in (("gzip", True), ("gzip;q=0", False), ("*;q=0", False), ("br, *;q=0.5", True), ("identity", False)):
        status, headers, body = raw(daemon, "GET", {"Accept-Encoding": encoding})
        equal((status, headers["Content-Encoding"]), (200, "gzip" if packed else None), encoding)
        contains((gzip.decompress(body) if packed else body).decode(), "orfeas_build_info")
        contains(headers["Vary"], "Accept-Encoding")
        status, headers, body = raw(daemon, "HEAD", {"Accept-Encoding": encoding})
        equal((status, headers["Content-Encoding"], body), (200, "gzip" if packed else None, b""), encoding)
        assert int(headers["Content-Length"]) > 50, headers["Content-Length"]
    equal(daemon.http("POST", "/metrics", "{}")[0], 405)


def test_roles(t):
    path = os.path.join(t.dir, "tokens")
    tokens = {}
    for role in ("read", "ingest"):
        code, out, err = t.ctl(None, "token", "new", "--name", role, "--role", role, "--file", path)
        equal(code, 0, err)
        tokens[role] = out.strip()
    daemon = t.start(settings={"auth.token_file": path, "auth.require": "true"})
    for token, expected in ((None, 401), ("x" * 43, 401), (tokens["ingest"], 403), (tokens["read"], 200)):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        equal(daemon.http("GET", "/metrics", headers=headers)[0], expected, str(token))


def test_histogram_after_a_restart(t):
    daemon = t.start()
    daemon.call("metrics.define", {"name": "job.wait", "kind": "histogram", "unit": "ms", "buckets": [10]})
    for value in (3, 30):
        daemon.call("metrics.record", {"samples": [{"name": "job.wait", "value": value}]})
    daemon.stop()
    daemon.start()
    wait_for(lambda: "\njob_wait_seconds_sum 0.033\n" in scrape(daemon), "the histogram")
    contains(scrape(daemon), 'job_wait_seconds_bucket{le="0.01"} 1\n')


def test_documented(t):
    """Every built-in name is in the table of doc/prometheus.md."""
    with open(os.path.join(ROOT, "doc", "prometheus.md"), encoding="utf-8") as file:
        documented = set(re.findall(r"`([a-z0-9_]+)`", file.read()))
    with open(os.path.join(ROOT, "schema", "metrics.json"), encoding="utf-8") as file:
        metrics = json.load(file)["metrics"]
    histograms = tuple(metric["name"] for metric in metrics if metric["kind"] == "histogram")
    for metric in metrics:
        if metric["name"] in [name + part for name in histograms for part in ("_bucket", "_count", "_sum")]:
            continue  # told with it
        assert "export" in metric, f"{metric['name']} has no export"
        name = metric["export"]["family"] + ("_total" if metric["kind"] == "counter" else "")
        assert name in documented, f"{name} is not in doc/prometheus.md"


def test_schema(t):
    """What the generator would not let into schema/metrics.json."""
    sys.path.insert(0, os.path.join(ROOT, "schema"))
    from generator import exports
    from generator.model import SchemaError

    def metric(name="m", kind="gauge", labels=("device",), **export):
        return {"name": name, "kind": kind, "help": "H.", "labels": list(labels),
                "export": {"family": "m_bytes", "unit": "bytes", "labels": {"hw_id": "$device"}, **export}}

    equal(exports.read([metric()])["m"].family, "m_bytes")
    shared = [{**metric(name, labels=()), "export": {"family": "io_bytes", "unit": "bytes", "labels": {"way": name}}}
              for name in ("read", "write")]
    equal(len(exports.read(shared)), 2)
    wrong = [
        [metric(family="M_bytes")], [metric(family="m__bytes")], [metric(family="m_total", unit="")],
        [metric(family="m_bytes_count", unit="")], [metric(unit="us")], [metric(family="bytes_m")], [metric(unit="seconds")],
        [metric(divide=0)], [metric(divide=0.5)], [metric(kind="histogram")], [metric(scale=2)],
        [metric(labels=("device", "x"))], [metric(labels=())],
        [{**metric(), "export": {**metric()["export"], "labels": {"le": "$device"}}}],
        [{**metric(), "export": {**metric()["export"], "labels": {"hw_id": "$device", "x": 'a"b'}}}],
        [metric("a"), metric("b")], [shared[0], {**shared[1], "kind": "counter"}], [shared[0], {**shared[1], "help": "I."}],
    ]
    for metrics in wrong:
        try:
            exports.read(metrics)
        except SchemaError:
            continue
        raise AssertionError(f"taken: {metrics}")


class TextOnly(http.server.BaseHTTPRequestHandler):
    """Asks the daemon for the older format, in the place of a Prometheus that knows no other."""

    def do_GET(self):
        status, headers, body = self.server.daemon.http("GET", self.path, headers={"Accept": "text/plain;version=0.0.4"})
        self.send_response(status)
        self.send_header("Content-Type", headers["Content-Type"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Prometheus:
    """The real one, which scrapes the daemon each second, as it likes and through TextOnly."""

    def __init__(self, t, daemon):
        self.proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), TextOnly)
        self.proxy.daemon = daemon
        self.thread = threading.Thread(target=self.proxy.serve_forever)
        self.thread.start()
        self.log_path = os.path.join(t.dir, "prometheus.log")
        config = os.path.join(t.dir, "prometheus.yml")
        jobs = {"openmetrics": "%s:%d" % daemon.address, "text": "127.0.0.1:%d" % self.proxy.server_port}
        with open(config, "w", encoding="utf-8") as file:  # JSON is YAML
            json.dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
                       "scrape_configs": [{"job_name": job, "static_configs": [{"targets": [target]}]}
                                          for job, target in jobs.items()]}, file)
        self.port = free_port()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={t.dir}/tsdb",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--storage.tsdb.retention.size=64MB"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=t.environment())

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        self.proxy.shutdown()
        self.thread.join()
        self.proxy.server_close()

    def get(self, path, **query):
        assert self.process.poll() is None, self.log()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request("GET", f"/api/v1/{path}?{urllib.parse.urlencode(query)}")
            return json.load(connection.getresponse())["data"]
        except (OSError, http.client.HTTPException, ValueError):
            return None  # not yet
        finally:
            connection.close()

    def query(self, expression):
        """{job: value} of the last scrapes."""
        data = self.get("query", query=expression, time=str(time.time()))
        return {one["metric"]["job"]: float(one["value"][1]) for one in data["result"]} if data else {}


def test_prometheus_scrapes_both(t):
    daemon = t.start()
    fill(daemon)
    scrape_both(daemon)
    with Prometheus(t, daemon) as prometheus:
        both = lambda value: {"openmetrics": value, "text": value}
        wait_for(lambda: prometheus.query("up") == both(1), "both scrapes")
        expressions = {
            "hw_gpu_memory_limit_bytes{hw_id='simulated-0'}": 2**34,
            "busy_seconds_total{queue='b'}": 0.0003,
            "job_wait_seconds_count{queue='b'}": 2,
            "histogram_quantile(1, job_wait_seconds_bucket{queue='b'})": 1,
            "labelled{label_le='1'}": 1,
            "orfeas_build_info * 7": 7,
        }
        for expression, value in expressions.items():
            wait_for(lambda: prometheus.query(expression) == both(value), f"{expression}: {value}")
        # none was refused: as many as were told
        def told():
            return float(len(samples_of(text_parser.text_string_to_metric_families(scrape(daemon)))))

        # a series may have come since the last scrape
        wait_for(lambda: prometheus.query("scrape_samples_scraped").get("text") == told(), "as many samples as were told")
        wait_for(lambda: prometheus.query("scrape_samples_post_metric_relabeling - scrape_samples_scraped") == both(0), "none to be refused")
        metadata = {(one["target"]["job"], one["type"], one["unit"])
                    for one in prometheus.get("targets/metadata", metric="job_wait_seconds")}
        equal(metadata, {("openmetrics", "histogram", "seconds"), ("text", "histogram", "")})
        # what Prometheus itself says of a scrape is not overwritten, and the metric of that name is there
        wait_for(lambda: prometheus.query('{__name__=~"up_[0-9a-f]{8}"}') == both(1.5), "the metric of that name")
        # a value that changes comes through
        daemon.call("metrics.record", {"samples": [{"name": "live", "value": 42.5}]})
        wait_for(lambda: prometheus.query("live") == both(42.5), "a value recorded since")
        assert not re.search(r"level=(warn|error)", prometheus.log()), prometheus.log()


orfeas_test.main()
