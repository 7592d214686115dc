#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""orfeasctl: each verb, and each exit status."""

import json
import os
import signal

import orfeas_test
from orfeas_test import contains, equal, wait_for

DONE, SERVER_ERROR, USAGE, NO_CONNECTION, DEADLINE, CHECK_FAILED = range(6)


def ctl(t, daemon, *arguments, expect=DONE, stdin=None):
    code, out, err = t.ctl(daemon, *arguments, stdin=stdin)
    equal(code, expect, f"{arguments}: {out[-500:]} {err[-500:]}")
    return out if expect in (DONE, CHECK_FAILED) else err


def test_status(t):
    daemon = t.start()
    text = ctl(t, daemon, "status")
    for part in ("custom_metrics", "alerting_system", daemon.db):
        contains(text, part)
    equal(json.loads(ctl(t, daemon, "status", "--json"))["phase4_enabled"], True)


def test_gpu(t):
    daemon = t.start()
    devices = wait_for(lambda: daemon.call("gpu.list")["devices"], "devices")
    text = ctl(t, daemon, "gpu")
    for device in devices:
        contains(text, device["device"])
    one = ctl(t, daemon, "gpu", devices[1]["device"])
    contains(one, devices[1]["device"])
    assert devices[0]["device"] not in one, one
    contains(ctl(t, daemon, "gpu", "nosuch", expect=SERVER_ERROR), "nosuch")


def test_metrics(t):
    daemon = t.start()
    for value in (1.5, 2.5, 4):
        ctl(t, daemon, "metrics", "record", f'job.size{{kind="a"}}={value}')
    text = ctl(t, daemon, "metrics", "list", "--match", "job.")
    contains(text, 'job.size{kind="a"}')
    result = json.loads(ctl(t, daemon, "metrics", "query", "job.size", "--last", "5m", "--json"))
    equal([point[1] for point in result["series"][0]["points"]], [1.5, 2.5, 4])
    piped = ctl(t, daemon, "metrics", "query", "job.size", "--last", "5m")
    for value in ("1.5", "2.5", "4"):
        contains(piped, value)
    ctl(t, daemon, "metrics", "query", "job.size{", expect=SERVER_ERROR)


def test_metrics_query_as_in_the_readme(t):
    daemon = t.start(settings={"gpu.sample_us": 100000})
    wait_for(lambda: daemon.call("metrics.query", {"select": "gpu.memory.used_bytes"})["series"], "samples")
    contains(ctl(t, daemon, "metrics", "query", "gpu.memory.used_bytes", "--last", "5m"), "gpu.memory.used_bytes")


def test_call_and_discover(t):
    daemon = t.start()
    equal(json.loads(ctl(t, daemon, "call", "health.check")), {"serving": "SERVING"})
    equal(json.loads(ctl(t, daemon, "call", "health.check", '{"service":"custom_metrics"}')), {"serving": "SERVING"})
    contains(ctl(t, daemon, "call", "no.such", expect=SERVER_ERROR), "no.such")
    contains(ctl(t, daemon, "call", "metrics.list", '{"limit":0}', expect=SERVER_ERROR), "limit")
    contains(json.loads(ctl(t, daemon, "discover", "--json")), "openrpc")
    contains(ctl(t, daemon, "discover"), "status.get")


def test_db(t):
    daemon = t.start()
    contains(ctl(t, daemon, "db", "check"), "ok")
    target = os.path.join(t.dir, "copy.db")
    ctl(t, daemon, "db", "backup", target)
    equal(orfeas_test.integrity(target), "ok")
    ctl(t, daemon, "db", "backup", target, expect=SERVER_ERROR)


def test_check_failed(t):
    daemon = t.start()
    daemon.call("metrics.record", {"samples": [{"name": f"a.{i}", "value": i} for i in range(1000)]})
    daemon.stop()
    connection = orfeas_test.sqlite3.connect(daemon.db)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    orfeas_test.damage(daemon.db)
    daemon.start()
    ctl(t, daemon, "db", "check", expect=CHECK_FAILED)


def test_devices_of_a_file(t):
    daemon = t.start(settings={"gpu.sample_us": 100000})
    stored = "SELECT count(*) FROM v_sample WHERE series LIKE 'gpu.memory.used_bytes%'"
    wait_for(lambda: daemon.sql(stored)[0][0] >= 4, "samples of both devices")
    live = {device["device"]: device["total_bytes"] for device in daemon.call("gpu.list")["devices"]}
    daemon.stop()
    devices = json.loads(ctl(t, None, "--db", daemon.db, "gpu", "--json"))["devices"]
    equal({device["device"]: device["total_bytes"] for device in devices}, live)
    for device in devices:
        assert device["used_bytes"] > 0 and device["pressure_level"] and device["backend"] == "file", device
    contains(ctl(t, None, "--db", daemon.db, "gpu"), devices[0]["device"])


def test_on_a_file_with_no_daemon(t):
    daemon = t.start()
    daemon.call("metrics.record", {"samples": [{"name": "kept", "value": 42}]})
    daemon.stop()
    for arguments in (("metrics", "list", "--match", "kept"), ("metrics", "query", "kept", "--last", "1h")):
        contains(ctl(t, None, "--db", daemon.db, *arguments), "kept")
    contains(ctl(t, None, "--db", daemon.db, "db", "check"), "ok")
    ctl(t, None, "--db", daemon.db, "metrics", "record", "kept=1", expect=USAGE)
    equal(daemon.sql("SELECT value FROM v_sample WHERE series='kept'"), [(42.0,)])


def test_by_url(t):
    daemon = t.start()
    equal(json.loads(ctl(t, None, "--url", daemon.ready["http"], "status", "--json"))["phase4_enabled"], True)
    ctl(t, None, "--url", daemon.ready["http"], "db", "check", expect=SERVER_ERROR)
    ctl(t, None, "--url", daemon.ready["http"], "--token-file", os.path.join(t.dir, "cookie"), "db", "check")


def test_usage(t):
    for arguments in ((), ("nosuch",), ("status", "stray"), ("--nosuch",), ("metrics",), ("metrics", "query"), ("--timeout", "x", "status"),
                      ("call", "status.get", "{"), ("call",), ("--socket", "/a", "--url", "http://127.0.0.1:1", "status")):
        code, out, err = t.ctl(None, *arguments)
        equal((code, out), (USAGE, ""), str(arguments))
        assert err, arguments


def test_help(t):
    text = ctl(t, None, "--help")
    for verb in ("status", "gpu", "metrics", "call", "discover", "db"):
        contains(text, verb)
    for verb in (("status",), ("gpu",), ("metrics", "query"), ("metrics", "record"), ("call",), ("db", "check")):
        contains(ctl(t, None, *verb, "--help"), "orfeasctl " + verb[0])
    equal(ctl(t, None, "--version").split()[-1], t.start().call("status.get")["version"])


def test_no_connection(t):
    err = ctl(t, None, "--socket", os.path.join(t.dir, "nobody.sock"), "status", expect=NO_CONNECTION)
    contains(err, "nobody.sock")
    ctl(t, None, "--url", "http://127.0.0.1:1", "status", expect=NO_CONNECTION)


def test_deadline(t):
    daemon = t.start()
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        ctl(t, daemon, "--timeout", "200", "status", expect=DEADLINE)
        ctl(t, None, "--url", daemon.ready["http"], "--timeout", "200", "status", expect=DEADLINE)
    finally:
        daemon.process.send_signal(signal.SIGCONT)
    ctl(t, daemon, "status")


def test_output_can_be_cut(t):
    daemon = t.start()
    code = orfeas_test.subprocess.run(
        ["bash", "-o", "pipefail", "-c", '"$0" --socket "$1" discover --json | head -c 10 >/dev/null', orfeas_test.ORFEASCTL, daemon.socket],
        env=t.environment(), stderr=orfeas_test.subprocess.PIPE,
    )
    assert not orfeas_test.FAULTS.search(code.stderr.decode()), code.stderr


orfeas_test.main()
