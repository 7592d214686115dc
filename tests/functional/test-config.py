#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Configuration: files, --set, environment, and what is refused with which words."""

import os
import subprocess

import orfeas_test
from orfeas_test import ORFEASD, contains, equal


def check(t, text=None, *options, env=None):
    command = [ORFEASD, "--check-config", *options]
    if text is not None:
        path = os.path.join(t.dir, "check.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        command += ["--config", path]
    done = subprocess.run(command, capture_output=True, text=True, env=t.environment(env), stdin=subprocess.DEVNULL,
                          timeout=orfeas_test.PATIENCE_S)
    return done.returncode, done.stdout + done.stderr


def test_defaults_are_a_config(t):
    done = subprocess.run([ORFEASD, "--print-defaults"], capture_output=True, text=True, env=t.environment(),
                          stdin=subprocess.DEVNULL, timeout=orfeas_test.PATIENCE_S)
    equal(done.returncode, 0)
    for part in ("[gpu]", "sample_us", "1000000", "pressure_medium_percent", "[listen]", "127.0.0.1:5000"):
        contains(done.stdout, part)
    code, text = check(t, done.stdout)
    equal(code, 0, text)
    # and with every line in force
    lines = [line[1:].lstrip() if line.startswith("#") and "=" in line and " " not in line[1:].strip().split("=")[0] else line
             for line in done.stdout.splitlines()]
    code, text = check(t, "\n".join(lines) + "\n")
    equal(code, 0, text)


def test_refusals_name_key_and_range(t):
    for text, key, allowed in (
        ("[gpu]\nsample_us=5\n", "gpu.sample_us", "100000"),
        ("[gpu]\nsample_us=abc\n", "gpu.sample_us", "100000"),
        ("[listen]\nbacklog=1\n", "listen.backlog", "1024"),
        ("[gpu]\npressure_high_percent=101\n", "gpu.pressure_high_percent", "100"),
        ("[gpu]\ncleanup=maybe\n", "gpu.cleanup", "advise"),
        ("[auth]\nrequire=perhaps\n", "auth.require", "true"),
        ("[gpu]\nno_such_key=1\n", "gpu.no_such_key", ""),
        ("[no_such_section]\nkey=1\n", "no_such_section", ""),
        ("not a key file\n", "", ""),
    ):
        code, message = check(t, text)
        assert code > 0, f"{text!r} was taken: {message}"
        contains(message, key)
        contains(message, allowed)
        refusal = t.daemon(config=text).start_refused()
        contains(refusal, key)
        contains(refusal, allowed)


def test_what_ranges_do_not_bound(t):
    """The start refuses it by the same words, and is not needed to hear them."""
    for setting, key in (
        ("listen.http=nonsense", "nonsense"),
        ("otlp.listen=127.0.0.1:99999", "127.0.0.1:99999"),
        ("gpu.backends=nonsense", "nonsense"),
        ("alerts.x=avg(", "alerts.x"),
        ("forecast.x={", "forecast.x"),
        ("cost.devices=bad", "cost.devices"),
        ("actuators.a=nonsense", "actuators.a"),
        ("receivers.a=nonsense", "receivers.a"),
        ("receivers.a=webhook", "receivers.a.url"),
        ("trace_export.a=http://127.0.0.1:1/", "trace_export.a.headers"),
        ("remote_write.url=nonsense", "remote_write.url"),
        ("remote_write.external_labels=bad", "remote_write.external_labels"),
        ("dashboard.series=a{b", "[dashboard] series"),
        ("cache.nodes=nonsense:abc", "[cache] nodes"),
        ("cache.mode=sharded", "[cache] nodes"),
    ):
        more = ("--set", "trace_export.a.headers=bad") if key.startswith("trace_export") else ()
        code, message = check(t, None, "--set", setting, *more)
        assert code > 0, f"{setting} was taken: {message}"
        contains(message, key)


def test_files_are_the_daemons(t):
    """Whoever asks need not be allowed to read what the daemon may."""
    for setting in ("auth.token_file=/nowhere", "remote_write.token_file=/nowhere", "cache.redis_password_file=/nowhere"):
        code, message = check(t, None, "--set", setting, "--set", "remote_write.url=http://127.0.0.1:1/", "--set", "cache.nodes=127.0.0.1:1")
        equal(code, 0, message)


def test_set_is_checked_alike(t):
    for setting, key in (("gpu.sample_us=5", "gpu.sample_us"), ("nonsense", "nonsense"), ("no.such=1", "no"), ("gpu.sample_us", "gpu.sample_us")):
        code, message = check(t, None, "--set", setting)
        assert code > 0, setting
        contains(message, key)
    equal(check(t, None, "--set", "gpu.sample_us=200000")[0], 0)


def test_pressures_rise(t):
    code, message = check(t, "[gpu]\npressure_medium_percent=80\npressure_high_percent=70\n")
    assert code > 0, message
    contains(message, "pressure_")


def test_missing_file(t):
    path = os.path.join(t.dir, "nowhere.conf")
    code, message = check(t, None, "--config", path)
    assert code > 0
    contains(message, path)


def test_set_wins_over_file(t):
    daemon = t.start(config="[gpu]\nsimulated_devices=5\nbackends=simulated\n", settings={"gpu.simulated_devices": 3})
    orfeas_test.wait_for(lambda: len(daemon.call("gpu.list")["devices"]) == 3, "three devices")


def test_file_in_the_users_folder(t):
    daemon = t.daemon()
    folder = os.path.join(daemon.env["XDG_CONFIG_HOME"], "orfeas")
    os.makedirs(folder)
    with open(os.path.join(folder, "orfeasd.conf"), "w", encoding="utf-8") as file:
        file.write("[gpu]\nsimulated_devices=4\n")
    daemon.start()
    orfeas_test.wait_for(lambda: len(daemon.call("gpu.list")["devices"]) == 4, "four devices")


def test_environment(t):
    code, message = check(t, None, env={"DASHBOARD_HISTORY_SIZE": "0"})
    assert code > 0, "an environment variable is checked too"
    contains(message, "DASHBOARD_HISTORY_SIZE")
    equal(check(t, None, env={"DASHBOARD_HISTORY_SIZE": "100"})[0], 0)


orfeas_test.main()
