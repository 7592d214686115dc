#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""span.gpu: what devices were like at a span's start and end, as their series say; operations ranked by it."""

import bisect
import json

import orfeas_test
from orfeas_test import contains, equal, now_us, wait_for

SECOND = 1_000_000
HOLD = 3 * SECOND  # a sample says nothing of later times
FIELDS = {"used_bytes": "gpu.memory.used_bytes", "pressure_level": "gpu.pressure", "fragmentation_percent": "gpu.memory.fragmentation_percent",
          "utilization_percent": "gpu.utilization_percent"}
LEVELS = ("low", "medium", "high", "critical")
FAST = {"gpu.sample_us": 100_000, "gpu.burst_us": 100_000, "gpu.simulated_period_us": 4 * SECOND}


def span(number, operation, start_us, duration_us, **more):
    return {"trace_id": f"{number:032x}", "span_id": f"{number:016x}", "service": "studio", "operation": operation, "start_us": start_us,
            "duration_us": duration_us, **more}


def record(daemon, *spans):
    equal(daemon.call("traces.record", {"spans": list(spans)}), {"accepted": len(spans)})


def gpu(daemon, number):
    return daemon.call("traces.get", {"trace_id": f"{number:032x}"})["spans"][0]["gpu"]


def series(daemon):
    """{device: {field: [[t_us, value]]}}"""
    found = {}
    for field, name in FIELDS.items():
        for one in daemon.call("metrics.query", {"select": name, "from_us": now_us() - 600 * SECOND, "to_us": now_us()})["series"]:
            found.setdefault(one["labels"]["device"], {})[field] = one["points"]
    return found


def wait_for_points(daemon, n):
    """Of each device, as its series tell them."""
    wait_for(lambda: len(points := series(daemon)) == 2 and all(len(one) == 4 and min(map(len, one.values())) >= n for one in points.values()), "samples")
    return series(daemon)


def at(points, t_us):
    """The last that is not later, if it is near enough."""
    place = bisect.bisect_right([t for t, _ in points], t_us) - 1
    return points[place][1] if place >= 0 and t_us < points[place][0] + HOLD else None


def in_gap(times, one):
    """It is not told when a machine that is slow took its next sample: frames without it may have held the last one for longer."""
    ends = (one["start_us"], one["start_us"] + one["duration_us"])
    last = [max((t for t in times if t <= end), default=None) for end in ends]
    return any(t is not None and HOLD <= end - t for t, end in zip(last, ends))


def state(device, t_us):
    values = {field: at(points, t_us) for field, points in device.items()}
    if values["pressure_level"] is not None:
        values["pressure_level"] = LEVELS[int(values["pressure_level"])]
    return {field: value for field, value in values.items() if value is not None} or None


def expected(devices, start_us, end_us):
    told = {}
    for name, device in devices.items():
        start, end = state(device, start_us), state(device, end_us)
        if start or end:
            told[name] = {"start": start} if start == end else {"start": start, "end": end}
    return {"devices": told} if told else None


def test_as_series_say(t):
    daemon = t.start(settings=FAST)
    points = wait_for_points(daemon, 30)
    times = [t_us for t_us, _ in points["simulated-0"]["used_bytes"]]
    newest = min(one[-1][0] for device in points.values() for one in device.values())
    spans = [span(1, "before all", times[0] - 60 * SECOND, 5), span(2, "begins before", times[0] - 60 * SECOND, times[4] + 60 * SECOND - times[0])]
    for i in range(3, 40):
        start_us = times[0] + (newest - times[0]) * i // 45
        spans.append(span(i, "some", start_us, (0, 30, 99_999, 700_001)[i % 4]))
    spans = [one for one in spans if one["start_us"] + one["duration_us"] <= newest and not in_gap(times, one)]
    record(daemon, *spans)
    kinds = set()
    for one in spans:
        want = expected(points, one["start_us"], one["start_us"] + one["duration_us"])
        equal(gpu(daemon, int(one["trace_id"], 16)), want, str(one))
        kinds.add(want and frozenset(want["devices"]["simulated-0"]))
    equal(kinds, {None, frozenset(("start",)), frozenset(("start", "end"))})
    listed = daemon.call("traces.list", {"operation": "begins before"})["traces"][0]
    equal(listed["gpu"], gpu(daemon, 2))
    equal(listed["gpu"]["devices"]["simulated-0"]["start"], None)
    # the same by OTLP, which is decoded elsewhere
    otlp = {"traceId": "ff" * 16, "spanId": "ff" * 8, "name": "sent", "startTimeUnixNano": str(times[5] * 1000), "endTimeUnixNano": str(times[20] * 1000)}
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [otlp]}]}]})
    equal(daemon.http("POST", "/v1/traces", body)[0], 200)
    equal(gpu(daemon, int("ff" * 16, 16)), expected(points, times[5], times[20]))


def test_ranking(t):
    """The operation over whose spans memory grew is told first."""
    daemon = t.start(settings={**FAST, "gpu.simulated_devices": 1})
    used = None

    def rises():
        nonlocal used
        used = (daemon.call("metrics.query", {"select": "gpu.memory.used_bytes"})["series"] or [{"points": []}])[0]["points"]
        return [(a, b) for a, b in zip(used, used[1:]) if b[1] > a[1]] and [(a, b) for a, b in zip(used, used[1:]) if b[1] < a[1]]

    wait_for(rises, "memory that rises and falls")
    pairs = list(zip(used, used[1:]))
    up = max(pairs, key=lambda pair: pair[1][1] - pair[0][1])
    down = min(pairs, key=lambda pair: pair[1][1] - pair[0][1])
    spans = []
    for i in range(1, 11):
        spans.append(span(i, "load model", up[0][0], up[1][0] - up[0][0]))
        spans.append(span(100 + i, "unload", down[0][0], down[1][0] - down[0][0]))
        spans.append(span(200 + i, "wait", up[0][0], 0))
    record(daemon, *spans)
    ranked = daemon.call("sql.query", {"sql": "SELECT operation, device, spans, growth_bytes, mean_start_bytes, max_end_bytes FROM v_operation_gpu"})["rows"]
    equal([row[0] for row in ranked], ["load model", "wait", "unload"], ranked)
    grown = up[1][1] - up[0][1]
    equal(ranked[0], ["load model", "simulated-0", 10, 10 * grown, up[0][1], up[1][1]])
    equal((ranked[1][3], ranked[2][3]), (0, 10 * (down[1][1] - down[0][1])))
    # and without the view
    rows = daemon.sql("SELECT operation, avg(coalesce(json_extract(gpu, '$.devices.\"simulated-0\".end.used_bytes'), "
                      "json_extract(gpu, '$.devices.\"simulated-0\".start.used_bytes')) - json_extract(gpu, '$.devices.\"simulated-0\".start.used_bytes')) AS growth FROM v_span GROUP BY 1 ORDER BY 2 DESC LIMIT 1")
    equal(rows, [("load model", grown)])
    status, shown, errors = t.ctl(daemon, "traces", "show", f"{1:032x}")
    equal(status, 0, errors)
    head, row = (line.split("\t") for line in shown.splitlines())
    row = dict(zip(head, row))
    equal((row["DEVICE"], row["START_BYTES"], row["END_BYTES"]), ("simulated-0", str(up[0][1]), str(up[1][1])))
    contains(" ".join(LEVELS), row["PRESSURE"])


def test_nothing_known(t):
    daemon = t.start(settings={"gpu.backends": ""})
    record(daemon, span(1, "o", now_us(), 10))
    equal(gpu(daemon, 1), None)
    equal(daemon.sql("SELECT gpu FROM span"), [(None,)])
    equal(daemon.sql("SELECT * FROM v_operation_gpu"), [])
    # a cache that somebody measures is told without devices
    daemon.call("metrics.record", {"samples": [{"name": "cache.hit_rate_percent", "value": 87.5}]})
    n = 2

    def is_told():
        nonlocal n
        n += 1
        record(daemon, span(n, "o", now_us() - 10, 10))
        return gpu(daemon, n) == {"cache": {"start": {"hit_rate_percent": 87.5}}}

    wait_for(is_told, "the cache")


def test_max_devices(t):
    for number, most, names in ((1, 1, ["simulated-0"]), (2, 0, [])):
        daemon = t.start(settings={**FAST, "trace.max_devices": most})
        points = wait_for_points(daemon, 3)
        t_us = points["simulated-0"]["used_bytes"][1][0]
        record(daemon, span(number, "o", t_us, 10))
        told = gpu(daemon, number)
        equal(list(told["devices"]) if told else [], names)
        daemon.stop()


if __name__ == "__main__":
    orfeas_test.main()
