#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The OpenRPC document and its examples, judged by the OpenRPC project's tools; see openrpc/."""

import glob
import os
import subprocess

import node_packages
import orfeas_test
from orfeas_test import now_us, wait_for

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "openrpc")
EXAMPLE_BACKUPS = "/tmp/orfeas-backup-example-*"


def remove_backups():
    for path in glob.glob(EXAMPLE_BACKUPS):
        os.remove(path)


def find_anomaly(daemon):
    begin_us = now_us() - 100_000 * 1_000_000
    values = [i * 7919 % 13 for i in range(6000)] + [1000] * 5
    samples = [{"name": "odd.value", "value": value, "t_us": begin_us + i * 1_000_000} for i, value in enumerate(values)]
    daemon.call("metrics.record", {"samples": samples})
    wait_for(lambda: daemon.call("anomalies.list")["anomalies"], "an anomaly")


def judge(t, name):
    packages = node_packages.install(HERE)
    daemon = t.start()
    devices = wait_for(lambda: daemon.call("gpu.list")["devices"], "a device")
    wait_for(lambda: daemon.call("metrics.query", {"select": "gpu.memory.used_bytes"})["series"], "its first sample")
    daemon.call("incidents.pin", {"from_us": 1, "to_us": 2})  # what the examples call i-1
    daemon.call("load.record", {"name": "sustained", "kind": "sustained", "started_us": 1, "took_us": 2, "requests": 3, "errors": 0})  # l-1
    daemon.call("worker.register", {"name": "vllm-0", "device": devices[0]["device"]})  # and w-1
    daemon.admin("alerts.set_rule", {"rule": "mine", "expr": "example.value > 0"})
    daemon.call("alerts.silence", {"matchers": '{rule="mine"}', "until_us": 4102444800000000})  # si-1
    daemon.call("metrics.record", {"samples": [{"name": "example.value", "value": 1}]})
    wait_for(lambda: daemon.call("alerts.history")["alerts"], "al-1")
    find_anomaly(daemon)  # an-1
    span = {"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331", "service": "studio", "operation": "render", "duration_us": 1200}
    daemon.call("traces.record", {"spans": [span]})  # and the trace of theirs
    with open(os.path.join(t.dir, "cookie"), encoding="utf-8") as file:
        token = file.read().strip()
    remove_backups()
    try:
        done = subprocess.run(
            ["node", os.path.join(HERE, "test-openrpc.mjs"), name, packages, daemon.ready["http"], token],
            capture_output=True, text=True, stdin=subprocess.DEVNULL,
        )
    finally:
        remove_backups()
    orfeas_test.diagnose(done.stderr)
    assert done.returncode == 0, f"node ended with {done.returncode}"


def test_document(t):
    judge(t, "document")


def test_examples(t):
    judge(t, "examples")


def test_unavailable(t):
    judge(t, "unavailable")


orfeas_test.main()
