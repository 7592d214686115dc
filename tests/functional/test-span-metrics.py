#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Spans as metrics, and exemplars: in traces.stats, in OpenMetrics, through kill -9, and as long as their traces."""

import bisect
import json
import signal

from prometheus_client.openmetrics import parser as openmetrics_parser

import orfeas_test
from orfeas_test import equal, now_us, wait_for

BOUNDS = [100, 1000, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 60_000_000]
FAILED = 100
MINUTE = 60_000_000
ACCEPT = {"Accept": "application/openmetrics-text;version=1.0.0"}
DANGLING = ("SELECT count(*) FROM span_exemplar AS e WHERE NOT EXISTS (SELECT 1 FROM span AS s JOIN trace AS t ON t.trace_no = s.trace_no "
            "WHERE s.span_no = e.span_no AND s.trace_no = e.trace_no)")


def span(number, operation, start_us, duration_us, **more):
    return {"trace_id": f"{number:032x}", "span_id": f"{number:016x}", "service": "studio", "operation": operation, "start_us": start_us,
            "duration_us": duration_us, **more}


def record(daemon, spans, **more):
    equal(daemon.call("traces.record", {"spans": spans}, **more), {"accepted": len(spans)})


def get_class(duration_us):
    return bisect.bisect_left(BOUNDS, duration_us)


def mixed(first, at_us):
    """Of two operations, over the classes; every seventh fails."""
    made = []
    for i in range(60):
        duration_us = (3, 99, 100, 101, 1000, 40_000, 70_000, 2_000_000)[i % 8] * (1 + i // 30)
        made.append(span(first + i, ("render", "load")[i % 2], at_us + i, duration_us, **({"outcome": "error"} if i % 7 == 0 else {})))
    return made


def longest(spans, operation):
    """{trace_id} of those that stand for the others of one minute."""
    best = {}
    for one in (one for one in spans if one["operation"] == operation):
        for key in [get_class(one["duration_us"])] + ([FAILED] if one.get("outcome") == "error" else []):
            if key not in best or one["duration_us"] > best[key]["duration_us"]:
                best[key] = one
    return {(one["trace_id"], one["duration_us"], one.get("outcome")) for one in best.values()}


def stats(daemon, operation, **window):
    (one,) = daemon.call("traces.stats", {"operation": operation, **window})["operations"]
    return one


def newest(daemon, select):
    """{le or operation: value}"""
    return {one["labels"].get("le", one["labels"]["operation"]): one["points"][-1][1]
            for one in daemon.call("metrics.query", {"select": select})["series"]}


def test_series(t):
    daemon = t.start()
    sent = mixed(1, now_us() - 1_000_000)
    record(daemon, sent)
    record(daemon, sent[:10])  # again: nothing new
    render = [one["duration_us"] for one in sent if one["operation"] == "render"]
    wait_for(lambda: newest(daemon, "span.calls") == {"render": 30, "load": 30}, "calls")
    equal(newest(daemon, "span.errors"), {name: sum(one["operation"] == name and "outcome" in one for one in sent) for name in ("render", "load")})
    buckets = newest(daemon, 'span.duration_us_bucket{operation="render"}')
    equal(buckets, {**{str(bound): sum(one <= bound for one in render) for bound in BOUNDS}, "+Inf": 30})
    equal(newest(daemon, "span.duration_us_sum")["render"], sum(render))
    equal(newest(daemon, "span.duration_us_count")["render"], 30)
    # as alerts and people would ask
    ratio = daemon.call("metrics.query", {"expr": "sum by (service) (last(span.errors, 10m)) / sum by (service) (last(span.calls, 10m))"})["series"]
    equal([(one["labels"], round(one["points"][-1][1], 3)) for one in ratio], [({"service": "studio"}, round(9 / 60, 3))])


def test_openmetrics(t):
    daemon = t.start()
    sent = mixed(1, now_us() - 1_000_000)
    record(daemon, sent)
    by_id = {one["trace_id"]: one for one in sent}
    page = wait_for(lambda: (text := daemon.http("GET", "/metrics", headers=ACCEPT)[2].decode()).count("orfeas_span_duration_seconds_bucket{") == 30 and text, "buckets")
    families = {family.name: family for family in openmetrics_parser.text_string_to_metric_families(page)}
    equal((families["orfeas_span_duration_seconds"].type, families["orfeas_span_errors"].type), ("histogram", "counter"))
    found = {"render": set(), "load": set()}
    previous = 0
    for sample in families["orfeas_span_duration_seconds"].samples:
        if sample.name.endswith("_bucket"):
            le = float(sample.labels["le"])
            below, previous = (previous if previous < le else 0), le
            counted = sample.exemplar
            if counted is None:
                continue
            one = by_id[counted.labels["trace_id"]]
            equal((one["span_id"], one["operation"]), (counted.labels["span_id"], sample.labels["operation"]))
            assert abs(counted.value - one["duration_us"] / 1e6) < 1e-9 and below < counted.value <= le, (sample, one)
            assert abs(float(counted.timestamp) - one["start_us"] / 1e6) < 1e-3, sample
            found[one["operation"]].add((one["trace_id"], one["duration_us"], one.get("outcome")))
    for sample in families["orfeas_span_errors"].samples:
        one = by_id[sample.exemplar.labels["trace_id"]]
        equal((one["outcome"], sample.exemplar.value), ("error", 1))
        found[one["operation"]].add((one["trace_id"], one["duration_us"], "error"))
    for name, exemplars in found.items():
        equal(exemplars, longest(sent, name))
    # the older format has none
    assert " # {" not in daemon.http("GET", "/metrics")[2].decode()


def test_exemplars_last(t):
    """Through a kill and a restart; a batch that was answered has its own."""
    daemon = t.start()
    minute_us = (now_us() // MINUTE - 10) * MINUTE
    sent = mixed(1, minute_us) + mixed(1001, minute_us + MINUTE)
    record(daemon, sent[:25])
    record(daemon, sent[25:])
    told = {name: stats(daemon, name) for name in ("render", "load")}
    for name, one in told.items():
        equal({(e["trace_id"], e["duration_us"], e["outcome"]) for e in stats(daemon, name, from_us=minute_us, to_us=minute_us + MINUTE)["exemplars"]},
              longest(sent[:60], name))
        durations = [e["duration_us"] for e in one["exemplars"]]
        equal(durations, sorted(durations, reverse=True))
        equal(durations[0], max(s["duration_us"] for s in sent if s["operation"] == name))
        for exemplar in one["exemplars"]:
            spans = daemon.call("traces.get", {"trace_id": exemplar["trace_id"]})["spans"]
            equal([(s["span_id"], s["start_us"], s["duration_us"], s["operation"]) for s in spans],
                  [(exemplar["span_id"], exemplar["t_us"], exemplar["duration_us"], name)])
    equal(daemon.sql(DANGLING), [(0,)])
    equal(daemon.sql("SELECT count(*) FROM v_exemplar"), daemon.sql("SELECT count(*) FROM span_exemplar"))
    for end in (daemon.kill, daemon.stop):
        end()
        daemon.start()
        equal({name: stats(daemon, name) for name in told}, told)
    # a longer one of the same minute takes the place
    record(daemon, [span(5000, "render", minute_us + 5, 59_000_000)])
    equal(stats(daemon, "render")["exemplars"][0]["trace_id"], f"{5000:032x}")
    code, out, errors = t.ctl(daemon, "traces", "stats", "--operation", "render")
    equal(code, 0, errors)
    head, row = (line.split("\t") for line in out.splitlines())
    equal(dict(zip(head, row))["LONGEST"], f"{5000:032x}")
    daemon.stop()
    code, out, errors = t.ctl(None, "--db", daemon.db, "--json", "traces", "stats", "--operation", "render")
    equal((code, json.loads(out)["operations"][0]["exemplars"][0]["trace_id"]), (0, f"{5000:032x}"), errors)


def test_none_dangles(t):
    """What goes by size takes its exemplars with it, also where the limit falls at once."""
    daemon = t.start(config="[trace]\nretention_bytes=1073741824\n")
    at_us = now_us() - 30 * MINUTE
    for batch in range(12):
        record(daemon, [span(1 + batch * 100 + i, f"operation {i % 5}", at_us + batch * MINUTE + i, 1000 * batch + i,
                             attributes={key: "x" * 4000 for key in "abcdefg"}) for i in range(100)])
    total = daemon.sql("SELECT count(*) FROM span_exemplar")[0][0]
    assert total >= 60, total
    with open(daemon.config, "w", encoding="utf-8") as file:
        file.write("[trace]\nretention_bytes=16777216\n")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: daemon.sql("SELECT bytes < 16777216 FROM span_total")[0][0], "retention")
    equal(daemon.sql(DANGLING), [(0,)])
    assert 0 < daemon.sql("SELECT count(*) FROM span_exemplar")[0][0] < total
    for i in range(5):
        for exemplar in stats(daemon, f"operation {i}")["exemplars"]:
            daemon.call("traces.get", {"trace_id": exemplar["trace_id"]})


def test_seats(t):
    daemon = t.start(settings={"trace.max_metric_operations": 2})
    at_us = now_us() - 1_000_000
    record(daemon, [span(1 + i, f"o{i % 3}", at_us, 10) for i in range(30)])
    wait_for(lambda: len(newest(daemon, "span.calls")) == 2, "series of two")
    equal(set(newest(daemon, "span.calls").values()), {10})
    equal(len(daemon.call("traces.stats")["operations"]), 3)


if __name__ == "__main__":
    orfeas_test.main()
