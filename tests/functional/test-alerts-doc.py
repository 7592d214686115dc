#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""doc/alerts.md and doc/prometheus-rules.yml say what is so."""

import os
import re
import shutil
import subprocess

import orfeas_test
from orfeas_test import Skip, contains, equal, wait_for

DOC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../doc")
RULES = os.path.join(DOC, "prometheus-rules.yml")
SETTINGS = {"gpu.backends": "", "alerts.host_cpu_high.enabled": "false", "alerts.hot": "temp > 80", "alerts.hot.severity": "critical"}


def page(name="alerts.md"):
    with open(os.path.join(DOC, name), encoding="utf-8") as file:
        return file.read()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", page(), flags=re.M | re.S)


def test_builtin_rules(t):
    daemon = t.start(settings={"gpu.backends": ""})
    rules = [one for one in daemon.call("alerts.rules")["rules"] if one["builtin"]]
    told = re.findall(r"^\| `(\w+)` \| `(.*)` \| (\d+) s \| (\w+) \|$", page(), flags=re.M)
    equal([(name, expr.replace("\\|", "|"), int(seconds) * 1000000, severity) for name, expr, seconds, severity in told],
          [(one["rule"], one["expr"], one["for_us"], one["severity"]) for one in rules])
    equal(len(rules), 11)
    # what is to be done is a command that there is
    for one in rules:
        for command in re.findall(r"orfeasctl ([a-z -]+[a-z])", one["help"]):
            code, out, err = t.ctl(None, *command.split(), "--help")
            equal((code, err), (0, ""), command)
            contains(out, f"orfeasctl {command}")


def test_rules_file(t):
    (text,) = blocks("ini")
    path = os.path.join(t.dir, "rules.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    equal(t.ctl(None, "alerts", "rules", "check", path), (0, "ok\n", ""))
    with open(path, "a", encoding="utf-8") as file:
        file.write("threshold=much\n")
    equal(t.ctl(None, "alerts", "rules", "check", path)[0], 5)


def test_sql(t):
    daemon = t.start(settings=SETTINGS, config="[receivers]\nlog=exec\n[receivers.log]\ncommand=/bin/true\n")
    daemon.call("events.mark", {"text": "studio 2.4", "kind": "deploy"})
    daemon.call("metrics.record", {"samples": [{"name": "temp", "value": 85}]})
    alert = wait_for(lambda: daemon.call("alerts.history", {"rule": "hot"})["alerts"], "the alert")[0]
    daemon.call("alerts.acknowledge", {"id": alert["id"], "author": "ann", "verdict": "useful"})
    wait_for(lambda: daemon.sql("SELECT 1 FROM alert_notice WHERE state = 'delivered'"), "the telling")
    fired, records, tellings, before = (daemon.call("sql.query", {"sql": sql})["rows"] for sql in blocks("sql"))
    (row,) = [row for row in fired if row[1] == "hot"]
    equal(row[4:6], ["useful", "ann"])
    (row,) = [row for row in records if row[0] == "hot"]
    equal(row[1:3], [1, 1])
    equal([row[:4] for row in tellings], [["log", 1, 1, 0]])
    assert any(row[0] == "hot" and "studio 2.4" in row[4] for row in before), before


def test_prometheus_rules(t):
    if shutil.which("promtool") is None:
        raise Skip("no promtool")
    done = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True, text=True)
    equal(done.returncode, 0, done.stdout + done.stderr)
    contains(done.stdout, "10 rules found")
    # what they look at is told
    text = page("prometheus-rules.yml")
    names = set(re.findall(r"\b(?:orfeas|hw)_[a-z_]+\b", " ".join(re.findall(r"expr: (.*)", text))))
    assert len(names) >= 9, names
    told = page("prometheus.md")
    equal(sorted(name for name in names if f"`{name}`" not in told), [])


def test_prometheus_fires(t):
    """Each rule is given what it is for, and fires; and what is well, and does not."""
    if shutil.which("promtool") is None:
        raise Skip("no promtool")
    faults = {
        "OrfeasDown": ('up{job="orfeas"}', "1+0x20", "0+0x20"),
        "OrfeasAlertCritical": ('orfeas_alerts_firing{severity="critical"}', "0+0x20", "1+0x20"),
        "OrfeasDeliveryDropped": ("orfeas_outbox_dropped_total", "0+0x20", "0+1x20"),
        "OrfeasFramesDropped": ("orfeas_db_frames_dropped_total", "5+0x20", "0+1x20"),
        "OrfeasProbeRestarts": ("orfeas_probe_restarts_total", "2+0x20", "0+1x20"),
        "GpuMemoryCritical": ("hw_gpu_memory_utilization_ratio", "0.5+0x20", "0.96+0x20"),
        "GpuMemoryOrphaned": ("orfeas_gpu_memory_orphaned_bytes", "0+0x20", "1e9+0x20"),
        "GpuEventOpen": ('orfeas_gpu_events_open{severity="critical"}', "0+0x20", "1+0x20"),
        "WorkerLost": ("orfeas_worker_lost", "0+0x20", "1+0x20"),
    }
    path = os.path.join(t.dir, "test.yml")
    for well in (True, False):
        tests = ""
        for name, (series, good, bad) in faults.items():
            values = good if well else bad
            tests += f"""  - interval: 1m
    input_series: [{{series: '{series}', values: '{values}'}}]
    promql_expr_test:
      - expr: count(ALERTS{{alertname="{name}",alertstate="firing"}})
        eval_time: 15m
        exp_samples: {"[]" if well else "[{labels: '{}', value: 1}]"}
"""
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"rule_files: [{RULES}]\nevaluation_interval: 1m\ntests:\n{tests}")
        done = subprocess.run(["promtool", "test", "rules", path], capture_output=True, text=True)
        equal(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])


orfeas_test.main()
