#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""postmortem.build tells what happened: three staged incidents, and where nothing did."""

import json
import time

import orfeas_test
from orfeas_test import contains, equal, fails, wait_for

S = 1000000
MINUTE = 60 * S


def build(daemon, from_us, to_us):
    answer = daemon.call("postmortem.build", {"from_us": from_us, "to_us": to_us})
    document = answer["document"]
    equal(len(document["summary"]), 5)
    assert all(sentence["section"] in document for sentence in document["summary"]), document["summary"]
    for name, section in document.items():
        if isinstance(section, dict) and "sql" in section:
            try:
                daemon.call("sql.query", {"sql": section["sql"]})
            except orfeas_test.RpcError as error:
                raise AssertionError(f"{name}: {section['sql']}: {error}") from error
    return document


def texts(document):
    return [sentence["text"] for sentence in document["summary"]]


def test_empty(t):
    """A window of which there is nothing says so."""
    daemon = t.start()
    document = build(daemon, 1000 * MINUTE, 1010 * MINUTE)
    equal(document["culprit"], None)
    contains(texts(document)[0], "Nothing happened")
    equal([(gap["what"], gap["why"]) for gap in document["gaps"]["rows"]], [("everything", "nothing was recorded")])
    equal(document["gaps"]["covered_percent"], 0)


def record_spans(daemon, service, operation, times_us, duration_us, failing=0):
    """Every `failing`th of them fails; 0: none."""
    spans = [{"trace_id": f"{record_spans.next_id + i:032x}", "span_id": f"{i + 1:016x}", "service": service, "operation": operation,
              "duration_us": duration_us + i % 7 * 1000, "start_us": t_us,
              "outcome": "error" if failing and i % failing == 0 else "ok"} for i, t_us in enumerate(times_us)]
    record_spans.next_id += len(spans)
    equal(daemon.call("traces.record", {"spans": spans})["accepted"], len(spans))


record_spans.next_id = 1


def moments(document, *kinds):
    return [(row["kind"], row["text"]) for row in document["timeline"]["rows"] if row["kind"] in kinds]


def test_deploy(t):
    """A deploy, then slow traces: the deploy it was, and who became slow."""
    daemon = t.start()
    now_us = int(time.time() * S)
    from_us = (now_us - 11 * MINUTE) // MINUTE * MINUTE
    deploy_us, to_us = from_us + 4 * MINUTE + 5 * S, from_us + 10 * MINUTE
    daemon.call("events.mark", {"text": "api 2.4", "kind": "deploy", "t_us": deploy_us})
    daemon.call("events.mark", {"text": "web 1.1", "kind": "deploy", "t_us": from_us - 20 * MINUTE})
    for begin, end, duration, failing in ((from_us - 10 * MINUTE, deploy_us, 100000, 0), (deploy_us + 5 * S, to_us, 900000, 3)):
        times = range(begin, end, 10 * S)
        record_spans(daemon, "api", "/infer", times, duration, failing)
        record_spans(daemon, "web", "/health", times, 5000)
        daemon.call("metrics.record", {"samples": [{"name": "request.latency_us", "value": duration + i % 5 * 1000, "t_us": t_us}
                                                   for i, t_us in enumerate(times)]})
        daemon.call("metrics.record", {"samples": [{"name": "users", "value": 40 + i % 5, "t_us": t_us} for i, t_us in enumerate(times)]})
    document = build(daemon, from_us, to_us)
    culprit = document["culprit"]
    equal((culprit["kind"], culprit["name"], culprit["since_us"]), ("deploy", "api 2.4", deploy_us))
    assert culprit["confidence"] in ("medium", "high"), culprit
    equal([kind for kind, _ in moments(document, "deploy", "operation")], ["deploy", "operation"])
    operations = document["traces"]["operations"]
    equal([(row["service"], row["from_us"] is not None) for row in operations], [("api", True), ("web", False)])
    assert operations[0]["slower_percent"] > 500 and operations[0]["errors_percent"] > 10 > operations[0]["before_errors_percent"], operations
    changed = [row["series"] for row in document["changes"]["rows"]]
    contains(changed, "request.latency_us")
    assert "users" not in changed, changed
    latency = document["changes"]["rows"][changed.index("request.latency_us")]
    assert deploy_us <= latency["from_us"] + MINUTE and latency["from_us"] < deploy_us + MINUTE and latency["effect"] > 10, latency
    slowest = document["traces"]["slowest"][0]
    equal((slowest["service"], slowest["operation"], slowest["critical_path"][0]["share_percent"]), ("api", "/infer", 100))
    equal(document["traces"]["waterfalls"][0]["trace_id"], slowest["trace_id"])
    equal(document["traces"]["failing"][0]["outcome"], "error")
    said = texts(document)
    for text, part in zip(said, ("deploy", "api 2.4", "changed most", "api /infer", "recorded")):
        contains(text, part)
    # the same is told by the file alone
    daemon.stop()
    status, shown, errors = t.ctl(None, "--db", daemon.db, "call", "postmortem.build",
                                  json.dumps({"from_us": from_us, "to_us": to_us}))
    equal(status, 0, errors)
    copy = json.loads(shown)["document"]
    equal((copy["culprit"], copy["source"]["live"]), (culprit, False))


if __name__ == "__main__":
    orfeas_test.main()
