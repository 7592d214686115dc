#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Grafana board on a Prometheus that scrapes orfeas: board.py schema/metrics.json BOARD.json.

Panels name our series; how Prometheus knows them is looked up in the schema, so that a name that is gone fails the build."""

import json
import re
import sys

WIDTH, HEIGHT, COLUMNS = 8, 8, 3

# Row, or title, unit, and lines: (series, of the value or its rate, legend, what to sum by)
PANELS = [
    "GPU",
    ("Memory in use", "percentunit", [("gpu.memory.used_percent", "value", "{{hw_id}}", None)]),
    ("Used, reserved, allocated", "bytes", [("gpu.memory.used_bytes", "value", "used {{hw_id}}", None), ("gpu.memory.reserved_bytes", "value", "reserved {{hw_id}}", None),
                                            ("gpu.memory.allocated_bytes", "value", "allocated {{hw_id}}", None)]),
    ("Fragmentation", "percentunit", [("gpu.memory.fragmentation_percent", "value", "{{hw_id}}", None)]),
    ("Utilization", "percentunit", [("gpu.utilization_percent", "value", "{{hw_id}}", None)]),
    ("Power", "watt", [("gpu.power_w", "value", "{{hw_id}}", None)]),
    ("Temperature", "celsius", [("gpu.temperature_c", "value", "{{hw_parent}}", None)]),
    ("Memory freed by cleanups", "Bps", [("gpu.cleanup.freed_bytes", "rate", "{{hw_id}}", None)]),
    ("Cleanups by verdict, a second", "ops", [("gpu.cleanup.attempts", "rate", "{{verdict}}", "verdict")]),
    ("Memory of workers", "bytes", [("worker.memory.allocated_bytes", "value", "{{worker}}", None)]),
    "Service",
    ("Calls by operation, a second", "reqps", [("span.calls", "rate", "{{service}} {{operation}}", None)]),
    ("Errors by operation, a second", "reqps", [("span.errors", "rate", "{{service}} {{operation}}", None)]),
    ("Cache: hits and misses, a second", "ops", [("cache.hits", "rate", "hits {{namespace}}", None), ("cache.misses", "rate", "misses {{namespace}}", None)]),
    "What is out of the ordinary",
    ("Alerts that fire", "none", [("orfeas.alerts.firing", "value", "{{severity}}", None)]),
    ("Anomalies that go on", "none", [("orfeas.anomaly.open", "value", "open", None)]),
    ("Device events open", "none", [("gpu.events.open", "value", "{{hw_id}} {{severity}}", None)]),
    "Host and orfeas",
    ("CPU and memory of the host", "percentunit", [("host.cpu.used_percent", "value", "CPU", None), ("host.memory.used_percent", "value", "memory", None)]),
    ("CPU of orfeasd", "percentunit", [("orfeas.cpu_percent", "value", "of a core", None)]),
    ("Database", "bytes", [("orfeas.db.size_bytes", "value", "file", None), ("orfeas.db.wal_bytes", "value", "WAL", None)]),
]


def expression(metric, of, by):
    family = metric["export"]["family"]
    text = f'{family}{"_total" if metric["kind"] == "counter" else ""}{{job=~"$job",instance=~"$instance"}}'
    if of == "rate":
        text = f"rate({text}[$__rate_interval])"
    return f"sum by ({by}) ({text})" if by else text


def check_legend(metric, legend):
    unknown = set(re.findall(r"{{(\w+)}}", legend)) - set(metric["export"].get("labels", {}))
    if unknown:
        sys.exit(f"board.py: {metric['name']} has no label {', '.join(unknown)}")
    return legend


def make_panel(number, title, unit, targets, x, y):
    source = {"type": "prometheus", "uid": "$datasource"}
    return {"id": number, "type": "timeseries", "title": title, "datasource": source, "gridPos": {"x": x, "y": y, "w": WIDTH, "h": HEIGHT},
            "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []}, "options": {"tooltip": {"mode": "multi", "sort": "desc"}},
            "targets": [{"refId": chr(ord("A") + i), "expr": expr, "legendFormat": legend, "datasource": source} for i, (expr, legend) in enumerate(targets)]}


def make_panels(metrics):
    panels, y, column = [], 0, 0
    for number, panel in enumerate(PANELS, 1):
        if isinstance(panel, str):
            y += HEIGHT if column else 0
            column = 0
            panels.append({"id": number, "type": "row", "title": panel, "collapsed": False, "panels": [], "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}})
            y += 1
            continue
        title, unit, lines = panel
        targets = [(expression(metrics[name], of, by), check_legend(metrics[name], legend)) for name, of, legend, by in lines]
        panels.append(make_panel(number, title, unit, targets, column * WIDTH, y))
        column = (column + 1) % COLUMNS
        y += HEIGHT if column == 0 else 0
    return panels


def make_variable(name, query, **more):
    return {"name": name, "type": "query", "datasource": {"type": "prometheus", "uid": "$datasource"}, "query": query, "includeAll": True, "multi": True,
            "current": {"text": "All", "value": "$__all"}, "refresh": 2, **more}


def main():
    schema, output = sys.argv[1:]
    with open(schema, encoding="utf-8") as file:
        metrics = {one["name"]: one for one in json.load(file)["metrics"]}
    up = metrics["orfeas.series"]["export"]["family"]
    board = {"title": "orfeas", "uid": "orfeas", "tags": ["gpu", "orfeas"], "schemaVersion": 38, "editable": True, "graphTooltip": 1, "refresh": "10s",
             "time": {"from": "now-1h", "to": "now"}, "panels": make_panels(metrics), "annotations": {"list": []}, "links": [],
             "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}, make_variable("job", f"label_values({up}, job)"),
                                     make_variable("instance", f'label_values({up}{{job=~"$job"}}, instance)')]}}
    with open(output, "w", encoding="utf-8") as file:
        json.dump(board, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
