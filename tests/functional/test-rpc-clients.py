#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""JSON-RPC clients that others wrote work with the daemon as they are: npm's in rpc-clients/, Debian's python3-jsonrpclib-pelix, curl."""

import json
import os
import shutil
import subprocess

import node_packages
import orfeas_test
from orfeas_test import PATIENCE_S, Skip, equal, request, wait_for

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rpc-clients")


def is_told(daemon, name):
    """A notification has no answer; what it did shows."""
    wait_for(lambda: daemon.call("metrics.query", {"select": f"told.by.{name}"})["series"], "what the notification recorded")


def run_node(t, case):
    packages = node_packages.install(HERE)
    daemon = t.start()
    done = subprocess.run(["node", os.path.join(HERE, "test-rpc-clients.mjs"), case, packages, daemon.ready["http"], daemon.socket],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=PATIENCE_S)
    orfeas_test.diagnose(done.stdout + done.stderr)
    equal(done.returncode, 0)
    is_told(daemon, case.replace("-", "_"))


def test_jayson(t):
    run_node(t, "jayson")


def test_json_rpc_2_0(t):
    run_node(t, "json-rpc-2.0")


def test_open_rpc_client_js(t):
    run_node(t, "client-js")


def test_vscode_jsonrpc(t):
    run_node(t, "vscode-jsonrpc")


def test_jsonrpclib(t):
    try:
        import jsonrpclib
    except ImportError:
        raise Skip("no python3-jsonrpclib-pelix; script/bootstrap --test installs it") from None
    daemon = t.start()
    jsonrpclib.config.DEFAULT.content_type = "application/json"  # its own default is application/json-rpc
    server = jsonrpclib.ServerProxy(daemon.ready["http"] + "/rpc")
    equal(server.health.check(), {"serving": "SERVING"})
    equal(server.health.check(service=""), {"serving": "SERVING"})
    equal(server.health.check(""), {"serving": "SERVING"})
    try:
        server.gpu.list(device="none")
    except jsonrpclib.ProtocolError as error:
        equal(error.args[0], (-32005, "no device 'none'"))
    else:
        raise AssertionError("answered")
    try:
        server._notify.metrics.record(samples=[{"name": "told.by.jsonrpclib", "value": 1}])
    except jsonrpclib.TransportError as error:  # it takes nothing but 200 for done; it is
        equal(error.args[1], 204)
    is_told(daemon, "jsonrpclib")
    server = jsonrpclib.ServerProxy(daemon.ready["http"] + "/rpc")
    batch = jsonrpclib.MultiCall(server)
    batch.health.check()
    batch._notify.metrics.record(samples=[{"name": "told.by.jsonrpclib.batch", "value": 1}])
    batch.status.get()
    health, status = batch()
    equal((health["serving"], status["phase4_enabled"]), ("SERVING", True))
    is_told(daemon, "jsonrpclib.batch")
    server("close")()


def curl(*arguments, body=None):
    """(HTTP status, body)."""
    done = subprocess.run(["curl", "--silent", "--show-error", "--write-out", "\n%{http_code}", *arguments], input=body, capture_output=True, text=True, timeout=PATIENCE_S)
    equal((done.returncode, done.stderr), (0, ""), " ".join(arguments))
    answer, _, status = done.stdout.rpartition("\n")
    return int(status), answer


def test_curl(t):
    """By TCP and by the Unix socket: calls, batch, notification, error, REST and a raw value."""
    if not shutil.which("curl"):
        raise Skip("no curl")
    daemon = t.start()
    for name, where, url in (("tcp", [], daemon.ready["http"]), ("unix", ["--unix-socket", daemon.socket], "http://localhost")):
        rpc = [*where, "--json", "@-", url + "/rpc"]
        call, record = request("health.check"), request("metrics.record", {"samples": [{"name": f"told.by.curl.{name}", "value": 1}]})
        del record["id"]
        status, answer = curl(*rpc, body=json.dumps(call))
        equal((status, json.loads(answer)["result"]), (200, {"serving": "SERVING"}))
        status, answer = curl(*rpc, body=json.dumps([call, request("no.such")]))
        equal((status, [one.get("result", one.get("error", {}).get("code")) for one in json.loads(answer)]), (200, [{"serving": "SERVING"}, -32601]))
        equal(curl(*rpc, body=json.dumps(record)), (204, ""))
        is_told(daemon, f"curl.{name}")
        status, answer = curl(*where, url + "/api/v1/gpu?device=none")
        equal((status, json.loads(answer)["error"]["status"]), (404, "NOT_FOUND"))
        key = url + f"/api/v1/cache/keys/a/{name}"
        equal(curl(*where, "--request", "PUT", "--data-binary", "value", "--header", "Content-Type: application/octet-stream", key)[0], 200)
        equal(curl(*where, "--header", "Accept: application/octet-stream", key), (200, "value"))


orfeas_test.main()
