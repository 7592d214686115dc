#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""client/samples, each as its README says to run it, against the real daemon: the spans, series and cached values that come of it."""

import http.client
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys

import node_packages
import orfeas_test
from cuda_stand_in import CudaStandIn
from orfeas_test import PATIENCE_S, Skip, equal, wait_for
from receivers import free_port

SAMPLES = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../client/samples"))
DEVICE = "simulated-0"
MIB = 1 << 20


class Service:
    """A sample that serves HTTP, with `{port}` in its command."""

    def __init__(self, t, daemon, command, folder=SAMPLES):
        self.port = free_port()
        self.log = os.path.join(t.dir, f"service-{self.port}")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([word.format(port=self.port) for word in command], cwd=folder, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=t.environment({
                                                "ORFEAS_ADDRESS": daemon.ready["http"], "ORFEAS_SOCKET": daemon.socket,
                                                "ORFEAS_CACHE_SOCKET": daemon.ready["cache_socket"], "PORT": str(self.port)}))

    def __enter__(self):
        wait_for(self.answers, f"{self.process.args} to listen")
        return self

    def answers(self):
        assert self.process.poll() is None, self.said()
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()[-3000:]

    def get(self, path, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def __exit__(self, *_):
        """What it has told by then is recorded: it ends as it does when somebody presses Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()
            self.process.wait()


def needs(*modules):
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise Skip(f"no python3-{module}; script/bootstrap --test installs it")


def warm_up(daemon, service):
    """Until what it computes is kept: a cache that has not heard of the daemon yet is none. How many requests that took."""
    asked = []

    def is_kept():
        asked.append(service.get("/embed/warm")[0])
        return daemon.call("cache.get", {"key": 'embed:["warm"]'})["hit"]

    wait_for(is_kept, "a value to be kept")
    equal(set(asked), {200})
    return len(asked)


def check_requests(daemon, service, route, fails=True, has_cache_spans=True):
    """Two requests of one caller for one value, of which one computes it; and one that fails.

    has_cache_spans: it asks the cache by a socket whose calls the daemon makes spans of, which cache.sock is not.
    """
    n_warm = warm_up(daemon, service)
    trace, caller = os.urandom(16).hex(), os.urandom(8).hex()
    text = f"a bc {trace}"
    headers = {"traceparent": f"00-{trace}-{caller}-01"}
    for _ in range(2):
        status, body = service.get("/embed/" + text.replace(" ", "%20"), headers)
        equal((status, json.loads(body)), (200, {"embedding": [1, 2, 32]}), service.said())
    expected = [("GET " + route, "server", "200"), ("embed", "internal", None), ("GET " + route, "server", "200")]
    spans = wait_for(lambda: daemon_spans(daemon, trace, "front", 3), f"its spans\n{service.said()}")
    equal([(one["operation"], one["kind"], (one["attributes"] or {}).get("http.response.status_code")) for one in spans], expected)
    equal([one["parent_id"] for one in spans], [caller, spans[0]["span_id"], caller])
    if has_cache_spans:
        wait_for(lambda: {"cache.get", "cache.set"} <= {one["operation"] for one in daemon_spans(daemon, trace, "orfeasd", 2) or ()}, "what it asked of the cache")
    equal(daemon.call("cache.get", {"key": f'embed:["{text}"]'})["value"], "[1,2,32]")
    if fails:
        equal(service.get("/fail")[0], 500)
        wait_for(lambda: [one for one in daemon.call("traces.list", {"service": "front", "outcome": "error"})["traces"]], "the one that failed")
    counted = {(route, "200"): 2 + n_warm, **({("/fail", "500"): 1} if fails else {})}
    wait_for(lambda: read_counts(daemon) == counted, f"{counted}")
    wait_for(lambda: read_last(daemon, "http.server.active_requests") == [0], "nobody to be served any more")


def daemon_spans(daemon, trace, service, least):
    try:
        spans = daemon.call("traces.get", {"trace_id": trace})["spans"]
    except orfeas_test.RpcError:
        return None
    found = [span for span in spans if span["service"] == service]
    return found if len(found) >= least else None


def read_counts(daemon):
    found = daemon.call("metrics.query", {"select": "http.server.requests", "from_us": orfeas_test.now_us() - 3_600_000_000, "to_us": orfeas_test.now_us()})["series"]
    return {(one["labels"].get("route"), one["labels"]["status"]): one["points"][-1][1] for one in found if one["points"]}


def read_last(daemon, name):
    found = daemon.call("metrics.query", {"select": name, "from_us": orfeas_test.now_us() - 3_600_000_000, "to_us": orfeas_test.now_us()})["series"]
    return [one["points"][-1][1] for one in found if one["points"]]


def start(t):
    return t.start(settings={"trace.sample_percent": 100})


def test_flask(t):
    needs("flask")
    daemon = start(t)
    with Service(t, daemon, [sys.executable, "-m", "flask", "--app", "flask_app", "run", "--port", "{port}"]) as service:
        check_requests(daemon, service, "/embed/<text>")


def test_fastapi(t):
    needs("fastapi", "uvicorn")
    daemon = start(t)
    with Service(t, daemon, [sys.executable, "-m", "uvicorn", "--port", "{port}", "fastapi_app:app"]) as service:
        check_requests(daemon, service, "/embed/{text}")


def test_asgi(t):
    needs("uvicorn")
    daemon = start(t)
    with Service(t, daemon, [sys.executable, "-m", "uvicorn", "--lifespan", "off", "--port", "{port}", "asgi_app:app"]) as service:
        check_requests(daemon, service, "/embed/{text}", fails=False)


def test_express(t):
    folder = os.path.join(SAMPLES, "express")
    installed = node_packages.install(folder)
    shutil.copy(os.path.join(folder, "app.js"), installed)  # beside its packages
    daemon = start(t)
    with Service(t, daemon, ["node", "app.js"], installed) as service:
        check_requests(daemon, service, "/embed/:text", has_cache_spans=False)


def load_sample(name):
    spec = importlib.util.spec_from_file_location(name, os.path.join(SAMPLES, name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_worker_loop(t):
    """Its batches are reported; what does not fit is run in smaller parts; a cleanup empties the cache; a batch size is followed."""
    sample = load_sample("worker_loop")
    daemon = t.start(env={"ORFEAS_SIMULATED": "used_percent=50"})
    wait_for(lambda: daemon.call("gpu.list")["devices"], "a device")
    cuda = CudaStandIn(total_bytes=64 * MIB)

    def model(texts):
        cuda.use(16 * MIB + len(texts) * MIB)
        return [len(text) for text in texts]

    with sample.Loop("embedder", cuda, model, device=DEVICE, size=100, address="unix:" + daemon.socket) as loop:
        texts = ["x" * (i % 7) for i in range(500)]
        equal(list(loop.run(texts, "embed")), [len(text) for text in texts])
        assert cuda.ooms >= 1 and loop.size <= 48, (cuda.ooms, loop.size)
        known = wait_for(lambda: [one for one in daemon.call("worker.list")["workers"] if one["ooms"] == cuda.ooms and one["batches"] >= 500 // 48], "its report")[0]
        equal((known["name"], known["device"], known["capabilities"]), ("embedder", DEVICE, ["trim", "batch_size"]))
        # reserved stays after a batch, until somebody asks for it
        cuda.use(20 * MIB)
        emptied = cuda.n_emptied
        wait_for(lambda: (tried := daemon.call("gpu.cleanup", {"worker": "embedder"}))["workers"] and tried["workers"][0]["claimed_bytes"] is not None, "a cleanup")
        assert cuda.n_emptied > emptied and cuda.reserved == 0
    equal(daemon.call("worker.list")["workers"][0]["state"], "left")


orfeas_test.main()
