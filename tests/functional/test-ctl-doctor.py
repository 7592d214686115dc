#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`orfeasctl doctor`: what is wrong, and that it says so by its exit status."""

import http.server
import json
import os
import signal
import threading

import orfeas_test
from orfeas_test import contains, equal, wait_for


def look(t, daemon, *options):
    status, out, errors = t.ctl(daemon, "doctor", "--json", *options)
    findings = json.loads(out)["findings"]
    equal([one for one in findings if one["level"] in ("warning", "fault") and not one["advice"]], [], "nothing is said to be done")
    return status, findings, errors


def of(findings, area, level="fault"):
    return [one for one in findings if (one["area"], one["level"]) == (area, level)]


def test_healthy(t):
    daemon = t.start()
    wait_for(lambda: daemon.call("gpu.list")["devices"], "a device")
    status, findings, _ = look(t, daemon)
    equal((status, [one for one in findings if one["level"] == "fault"]), (0, []))
    equal(len(of(findings, "endpoint", "good")), 10)
    equal(of(findings, "verify", "good"), [])
    equal(of(findings, "redis", "note")[0]["advice"], None)
    status, shown, _ = t.ctl(daemon, "doctor")
    equal(status, 0)
    assert shown.startswith("AREA\tLEVEL\tWHAT\tADVICE\n"), shown[:200]


def test_verify(t):
    daemon = t.start()
    wait_for(lambda: daemon.sql("SELECT 1 FROM sample_raw"), "samples on disk")
    status, findings, _ = look(t, daemon, "--verify")
    equal((status, len(of(findings, "verify", "good"))), (0, 3), str(findings))


def test_dead_redis(t):
    gone = os.path.join(t.dir, "none.sock")
    daemon = t.start(settings={"cache.nodes": gone})
    wait_for(lambda: daemon.call("cache.stats")["l2"]["nodes"][0]["problem"], "its problem")
    status, findings, _ = look(t, daemon)
    (fault,) = of(findings, "redis")
    equal(status, 5)
    contains(fault["text"], gone)
    contains(fault["advice"], "[cache] nodes")


def test_no_daemon(t):
    daemon = t.start()
    daemon.stop()
    status, findings, _ = look(t, daemon)
    (fault,) = of(findings, "daemon")
    equal(status, 5)
    contains(fault["text"], daemon.socket)
    equal(of(findings, "endpoint", "good"), [])


def test_stopped_daemon(t):
    """It is there, and does not answer: to start it would not help."""
    daemon = t.start()
    daemon.process.send_signal(signal.SIGSTOP)
    status, findings, _ = look(t, daemon, "--timeout", "500")
    daemon.process.send_signal(signal.SIGCONT)
    (fault,) = of(findings, "daemon")
    equal(status, 5)
    contains(fault["advice"], "does not answer")


def test_stranger(t):
    """Something else has the port, as the original's backend may."""
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        status, findings, _ = look(t, None, "--url", f"http://127.0.0.1:{stranger.server_port}")
        stranger.shutdown()
    (fault,) = of(findings, "daemon")
    equal(status, 5)
    contains(fault["advice"], "port 5000")


def test_no_http(t):
    daemon = t.daemon(settings={"listen.http": ""})
    daemon.command = [word for word in daemon.command if word not in ("--listen", "127.0.0.1:0")]
    daemon.launch()
    equal(json.loads(daemon.process.stdout.readline())["ready"], True)
    _, findings, _ = look(t, daemon)
    contains(of(findings, "endpoint", "note")[0]["text"], "[listen] http is empty")


def test_no_gpu(t):
    daemon = t.start(settings={"gpu.backends": "nvml"}, env={"ORFEAS_NVML_LIBRARY": os.path.join(t.dir, "none.so")})
    wait_for(lambda: daemon.sources()["nvml"]["state"] == "unavailable", "the probe to have tried")
    status, findings, _ = look(t, daemon)
    equal(status, 5)
    contains(of(findings, "component")[0]["advice"], "[gpu] backends")
    contains(of(findings, "gpu")[0]["advice"], "driver")


def test_sandbox(t):
    """What a probe's sandbox lacks is a note, and in the log once, however often the probe starts."""
    daemon = t.start(settings={"gpu.probe_sandbox": "false"})
    wait_for(lambda: daemon.sources()["simulated"]["unguarded"], "the probe's hello")
    contains(of(look(t, daemon)[1], "sandbox", "note")[0]["text"], "probe_sandbox is false")
    os.kill(daemon.sources()["simulated"]["pid"], signal.SIGKILL)
    wait_for(lambda: daemon.sources()["simulated"]["restarts"] == 1 and daemon.sources()["simulated"]["state"] == "operational", "the probe's next life")
    equal(daemon.stderr().count("without a part of its sandbox"), 1)


def test_tokens(t):
    daemon = t.start(settings={"auth.require": "true"})
    _, findings, _ = look(t, daemon)
    asked = [one["text"] for one in of(findings, "endpoint", "note")]
    assert any(text.startswith("/metrics asks for a token") for text in asked), findings
    equal(of(findings, "endpoint"), [])


def test_bad_config(t):
    """By the daemon's own code, of the config of who asks."""
    daemon = t.start()
    folder = os.path.join(t.dir, "xdg_config_home", "orfeas")
    os.makedirs(folder)
    with open(os.path.join(folder, "orfeasd.conf"), "w", encoding="utf-8") as file:
        file.write("[gpu]\nsample_us=1\n")
    status, findings, _ = look(t, daemon)
    (fault,) = of(findings, "config")
    equal(status, 5)
    contains(fault["text"], "gpu.sample_us")


if __name__ == "__main__":
    orfeas_test.main()
