#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The live page in a real Chromium; see test-page.mjs. ORFEAS_SCREENSHOTS=FOLDER keeps pictures to look at."""

import json
import os
import shutil
import socket
import subprocess
import threading

import browser_test
import orfeas_test
from orfeas_test import Skip, equal, wait_for


def visit(t, case, **options):
    daemon = t.start(**options)
    wait_for(lambda: daemon.call("metrics.query", {"select": "host.cpu.used_percent"})["series"], "a sample")
    browser_test.run(t, "test-page.mjs", case, daemon)


def test_live(t):
    visit(t, "live")


def test_restart(t):
    visit(t, "restart")


def test_gap(t):
    visit(t, "gap")


def test_no_gpu(t):
    visit(t, "no-gpu", settings={"gpu.backends": "opencl"}, env={"OCL_ICD_VENDORS": "/nonexistent"})


def test_no_backend(t):
    visit(t, "no-backend", settings={"gpu.backends": ""})


def test_no_data(t):
    daemon = t.start(settings={"gpu.backends": "", "host.enabled": "false"})
    browser_test.run(t, "test-page.mjs", "no-data", daemon)


def test_search(t):
    visit(t, "search")


def test_keyboard(t):
    visit(t, "keyboard")


def test_login(t):
    visit_with_token(t, "login")


def visit_with_token(t, case):
    daemon = t.start(settings={"auth.require": "true"})
    browser_test.run(t, "test-page.mjs", case, daemon)


def test_no_right(t):
    """A token that may only write."""
    file = os.path.join(t.dir, "tokens")
    code, token, err = t.ctl(None, "token", "new", "--name", "writer", "--role", "ingest", "--file", file)
    assert code == 0, err
    daemon = t.start(settings={"auth.require": "true", "auth.token_file": file})
    browser_test.run(t, "test-page.mjs", "no-right", daemon, token=token.strip())


def test_tls(t):
    if not shutil.which("openssl"):
        raise Skip("no openssl to make a certificate with")
    certificate, key = os.path.join(t.dir, "a.pem"), os.path.join(t.dir, "a.key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=a", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    os.chmod(key, 0o600)
    daemon = t.start(settings={"listen.tls_certificate": certificate, "listen.tls_key": key})
    browser_test.run(t, "test-page.mjs", "tls", daemon)


def test_accessibility(t):
    visit(t, "accessibility")


class Liar(threading.Thread):
    """A worker that holds a lot idle, and claims to free it."""

    def __init__(self, daemon):
        super().__init__()
        self.peer = daemon.peer()
        self.peer.socket.settimeout(None)  # it listens as long as the browser takes
        self.worker = self.peer.call("worker.register", {"name": "hoarder", "device": "simulated-0", "capabilities": ["trim"]})["worker"]
        allocator = {"allocated_bytes": 1 << 29, "reserved_bytes": 5 << 30, "largest_free_bytes": 2 << 30, "ooms": 1}
        self.peer.call("worker.report", {"worker": self.worker, "allocator": allocator})
        self.peer.call("worker.advice", {"worker": self.worker})
        self.start()

    def run(self):
        while (text := self.peer.receive_text()) is not None:
            value = json.loads(text).get("params", {}).get("value")
            if value is not None:
                done = {"worker": self.worker, "advice": value["advice"], "outcome": "done", "freed_bytes": 1 << 30}
                self.peer.send_text(json.dumps(orfeas_test.request("worker.done", done, request_id=2)))

    def end(self):
        self.peer.socket.shutdown(socket.SHUT_RDWR)
        self.join()
        self.peer.close()


def test_memory(t):
    daemon = t.start(settings={"gpu.backends": "simulated", "workers.lease_us": 600000000})
    wait_for(lambda: daemon.call("gpu.list")["devices"], "the devices")
    liar = Liar(daemon)
    try:
        browser_test.run(t, "test-page.mjs", "memory", daemon)
    finally:
        liar.end()
    equal(len(daemon.call("gpu.cleanups")["cleanups"]), 1)  # what was asked for, and no more


def test_forecast(t):
    """Only what is recorded is forecast, so that there is nothing first."""
    none = {"forecast." + name: "" for name in ("gpu_memory", "gpu_utilization", "host_memory", "host_cpu", "disk")}
    visit(t, "forecast", settings={**none, "forecast.queue": "{__name__=~\"queue.*\"}", "forecast.queue.threshold": 90})


HOT = {
    "gpu.backends": "", "alerts.host_cpu_high.enabled": "false",
    "alerts.hot": "temp > 80", "alerts.hot.summary": "{value} of {threshold}", "alerts.hot.help": "open the window", "alerts.hot.runbook": "https://example.org/hot",
    "alerts.cold": "temp < -10", "alerts.cold.severity": "critical", "alerts.cold.runbook": "javascript:alert(1)",
}


def test_alerts(t):
    visit(t, "alerts", settings=HOT)


def test_alerts_no_right(t):
    """A token that may only read; and more alerts than there are cards for."""
    file = os.path.join(t.dir, "tokens")
    code, token, err = t.ctl(None, "token", "new", "--name", "reader", "--role", "read", "--file", file)
    assert code == 0, err
    daemon = t.start(settings={**HOT, "auth.require": "true", "auth.token_file": file})
    assert t.ctl(daemon, "metrics", "record", "temp=85", *(f'temp{{n="{i}"}}=85' for i in range(59)))[0] == 0
    browser_test.run(t, "test-page.mjs", "alerts-no-right", daemon, token=token.strip())


def test_themes(t):
    visit(t, "themes")


def test_narrow(t):
    visit(t, "narrow")


orfeas_test.main()
