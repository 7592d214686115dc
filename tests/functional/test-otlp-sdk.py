#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenTelemetry's SDK for JavaScript with its exporters, JSON and protobuf; see otlp/."""

import json
import os
import signal
import subprocess

import node_packages
import orfeas_test
from orfeas_test import PATIENCE_S, equal, now_us

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "otlp")
OWN = {"job": "test/sdk", "instance": "n-1", "otel_scope_name": "sdk-test"}


def start_sdk(t, daemon, encoding, temporality, compression):
    packages = node_packages.install(HERE)
    command = ["node", os.path.join(HERE, "test-otlp-sdk.mjs"), encoding, temporality, compression, packages, daemon.ready["http"]]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=t.environment())


def end_sdk(process, expected):
    out, err = process.communicate(timeout=PATIENCE_S)
    orfeas_test.diagnose(err)
    equal((process.returncode, out), (0, expected), err)


def newest(daemon, select):
    """Value by labels, without those of the resource and the scope."""
    found = {}
    for one in daemon.call("metrics.query", {"select": select, "from_us": now_us() - 600_000_000, "to_us": now_us() + 60_000_000})["series"]:
        equal({key: one["labels"].get(key) for key in OWN}, OWN, select)
        found[json.dumps({key: value for key, value in one["labels"].items() if key not in OWN}, sort_keys=True)] = one["points"][-1][1]
    return found


def check_values(daemon):
    """The same whichever way they came: every counter in the file is cumulative."""
    equal(newest(daemon, "sdk.counter"), {'{"http_method": "GET", "ok": "true"}': 6, '{"http_method": "PUT"}': 30})
    equal(newest(daemon, "sdk.in_flight"), {"{}": -3})
    equal(newest(daemon, "sdk.gauge"), {"{}": 23})
    equal(newest(daemon, "sdk.observed"), {'{"cpu": "0"}': 1234.5})
    buckets = {json.loads(labels)["le"]: value for labels, value in newest(daemon, "sdk.histogram_bucket").items()}
    equal(buckets, {"1": 2, "10": 5, "100": 8, "+Inf": 12})
    equal((newest(daemon, "sdk.histogram_count"), newest(daemon, "sdk.histogram_sum")), ({"{}": 12}, {"{}": 3333}))
    spread = {float(json.loads(labels)["le"].replace("+Inf", "inf")): value for labels, value in newest(daemon, "sdk.exponential_bucket").items()}
    equal(spread[float("inf")], 18)
    values = [spread[bound] for bound in sorted(spread)]
    equal(values, sorted(values))
    equal([spread[bound] for bound in (0.5, 1, 2, 1024)], [9, 12, 15, 18])  # bounds that are exact at each scale
    equal(newest(daemon, "sdk.exponential_sum"), {"{}": 3 * 1003.501})
    equal(
        daemon.sql("SELECT DISTINCT name, kind, unit, help FROM series WHERE name IN ('sdk.counter', 'sdk.gauge') ORDER BY name"),
        [("sdk.counter", "counter", "{item}", "things"), ("sdk.gauge", "gauge", "Cel", None)],
    )


def check(t, encoding, temporality, compression):
    daemon = t.start()
    end_sdk(start_sdk(t, daemon, encoding, temporality, compression), "done\n")
    check_values(daemon)


def test_proto_cumulative(t):
    check(t, "proto", "cumulative", "none")


def test_proto_delta_gzip(t):
    check(t, "proto", "delta", "gzip")


def test_json_cumulative_gzip(t):
    check(t, "json", "cumulative", "gzip")


def test_json_delta(t):
    check(t, "json", "delta", "none")


def start_traces(t, daemon, encoding, compression):
    packages = node_packages.install(HERE)
    command = ["node", os.path.join(HERE, "test-otlp-sdk-traces.mjs"), encoding, compression, packages, daemon.ready["http"]]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=t.environment())


def end_traces(daemon, process):
    """Every field as it was made."""
    out, err = process.communicate(timeout=PATIENCE_S)
    equal(process.returncode, 0, err)
    *answers, made = out.splitlines()
    columns = ["trace_id", "span_id", "parent_id", "service", "operation", "kind", "t_us", "outcome", "message", "attributes", "events", "links"]
    rows = daemon.sql(f"SELECT {', '.join(columns)}, t_us + duration_us, scope FROM v_span")
    stored = {}
    for row in rows:
        one = dict(zip(columns, row))
        one.update(start_us=one.pop("t_us"), end_us=row[-2], attributes=json.loads(one["attributes"] or "{}"))
        for name in ("events", "links"):
            one[name] = [{"attributes": {}, **{key: value for key, value in item.items() if key != "flags"}} for item in json.loads(one[name] or "[]")]
        equal(json.loads(row[-1]), {"name": one["service"] + "-lib", "version": "1.0"})
        stored[one["trace_id"], one["span_id"]] = one
    made = json.loads(made)
    equal(len(rows), len(made))
    for one in made:
        equal(stored[one["trace_id"], one["span_id"]], one)
    equal(daemon.sql("SELECT parent, child, sum(calls), sum(errors) FROM span_edge GROUP BY 1, 2 ORDER BY 2"), [("page", "api", 200, 0), ("api", "db", 200, 20)])
    return answers


def check_traces(t, encoding, compression):
    daemon = t.start()
    equal(end_traces(daemon, start_traces(t, daemon, encoding, compression)), [])


def test_traces_proto(t):
    check_traces(t, "proto", "none")


def test_traces_proto_gzip(t):
    check_traces(t, "proto", "gzip")


def test_traces_json(t):
    check_traces(t, "json", "none")


def test_traces_json_gzip(t):
    check_traces(t, "json", "gzip")


def test_traces_retried(t):
    """As below."""
    daemon = t.start(config=FULL.format(1 << 25))
    process = start_traces(t, daemon, "proto", "gzip")
    equal(process.stdout.readline(), "429 1\n")
    make_room(daemon)
    equal(set(end_traces(daemon, process)) - {"429 1"}, set())


FULL = "[gpu]\nbackends=simulated\n[memory]\nbudget_bytes={}\ningest_stop_percent=10\ningest_resume_percent=5\n"


def make_room(daemon):
    with open(daemon.config, "w", encoding="utf-8") as file:
        file.write(FULL.format(1 << 36))
    daemon.process.send_signal(signal.SIGHUP)


def test_retried(t):
    """Refused for want of memory, until there is more: the exporter waits as it is told, and nothing is lost."""
    daemon = t.start(config=FULL.format(1 << 25))
    process = start_sdk(t, daemon, "proto", "delta", "gzip")
    equal(process.stdout.readline(), "429 1\n")
    make_room(daemon)
    out, err = process.communicate(timeout=PATIENCE_S)
    equal((process.returncode, out.replace("429 1\n", "")), (0, "done\n"), err)
    check_values(daemon)


orfeas_test.main()
