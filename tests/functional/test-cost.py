#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What devices cost: the bill is price by time, and every split of it adds up to it, to the last digit."""

import datetime
import json
import os
import shutil
import signal
import sqlite3
from decimal import ROUND_HALF_UP, Decimal

import orfeas_test
from orfeas_test import contains, equal, fails, now_us, wait_for

HOUR = 3_600_000_000
NANO = Decimal("0.000000001")
SPLITS = ("device", "process", "worker", "service", "operation")
STORED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "migrations", "version-013.db")


def start(t, settings=None, simulated="processes=3 used_percent=40", **options):
    daemon = t.start(settings={"gpu.simulated_devices": 2, "gpu.sample_us": 100000, "cost.gpu_hour": 2.5, **(settings or {})},
                     env={"ORFEAS_SIMULATED": simulated}, **options)
    wait_for(lambda: daemon.call("cost.summary")["device_us"] > 300_000, "time of devices")
    return daemon


def exact(text):
    return json.loads(text, parse_float=Decimal)


def summary(daemon, **params):
    """With amounts as the text has them."""
    answer = exact(daemon.post(orfeas_test.request("cost.summary", params)))
    assert "result" in answer, answer
    return answer["result"]


def assert_adds_up(bill, price=None):
    equal(bill["used_us"] + bill["idle_us"], bill["device_us"])
    equal(sum(entry["used_us"] for entry in bill["entries"]), bill["used_us"], bill)
    equal(sum(Decimal(entry["cost"]) for entry in bill["entries"]) + bill["idle_cost"], bill["total_cost"], bill)
    if price is not None:
        equal((Decimal(price) * bill["device_us"] / HOUR).quantize(NANO, ROUND_HALF_UP), Decimal(bill["total_cost"]).quantize(NANO), bill)


def worker(daemon, name="painter"):
    got = daemon.call("worker.register", {"name": name, "device": "simulated-0", "pid": os.getpid()})["worker"]
    daemon.call("worker.report", {"worker": got, "allocator": {"allocated_bytes": 1 << 29, "reserved_bytes": 1 << 30}})
    return got


def span(own, service, operation, start_us, duration_us, parent=0):
    made = {"trace_id": f"{7:032x}", "span_id": f"{own:016x}", "service": service, "operation": operation, "start_us": start_us,
            "duration_us": duration_us}
    return {**made, "parent_id": f"{parent:016x}"} if parent else made


def names(bill):
    return {entry["name"] for entry in bill["entries"]}


def test_every_split_adds_up(t):
    daemon = start(t)
    worker(daemon)
    wait_for(lambda: "painter" in names(summary(daemon, by="worker")), "the worker")
    for by in SPLITS:
        bill = summary(daemon, by=by)
        assert_adds_up(bill, "2.5")
        equal((bill["currency"], bill["basis"], bill["unpriced_us"]), ("USD", "utilization", 0))
        shares = [entry["cost"] for entry in bill["entries"]]
        equal(shares, sorted(shares, reverse=True), "dearest first")
    bill = summary(daemon, by="device")
    equal(names(bill), {"simulated-0", "simulated-1"})
    equal(sum(Decimal(entry["idle_cost"]) for entry in bill["entries"]), bill["idle_cost"])
    equal(sum(entry["idle_us"] for entry in bill["entries"]), bill["idle_us"])
    assert abs(bill["used_us"] / bill["device_us"] - 0.4) < 0.001, bill
    bill = summary(daemon, by="process")
    assert {"simulated-worker-0[100000]", "simulated-worker-2[101002]", f"painter[{os.getpid()}]"} <= names(bill), bill
    bill = summary(daemon, by="worker")
    equal({entry["name"]: entry["rest"] for entry in bill["entries"]}, {"(none)": True, "painter": False})
    status, answer = daemon.rest("GET", "/cost?by=worker")
    equal((status, answer["currency"]), (200, "USD"))
    equal(daemon.call("status.get")["components"]["tier2"]["cost_tracker"], "operational")


def test_a_worker_of_a_driver_that_tells_nothing(t):
    """OpenCL has neither utilisation nor processes: what the worker says that it holds is what was used."""
    daemon = t.start(settings={"gpu.backends": "opencl", "gpu.sample_us": 100000, "cost.gpu_hour": 2.5})
    wait_for(lambda: daemon.call("gpu.list")["devices"], "an OpenCL device")
    demo = t.demo_worker(daemon, "--name", "painter", "--max-batch", "0")
    wait_for(lambda: "painter" in names(summary(daemon, by="worker")), "the worker")
    bill = summary(daemon, by="process")
    assert_adds_up(bill, "2.5")
    assert f"painter[{demo.pid}]" in names(bill), bill
    equal(bill["basis"], "memory")


def test_operations(t):
    daemon = start(t)
    # a page that only waits for the api, which alone works, for a tenth of the time until now
    at = wait_for(lambda: daemon.call("cost.summary")["device_us"] > 6_000_000 and now_us() - 1_200_000, "three seconds")
    daemon.call("traces.record", {"spans": [span(1, "page", "load", at, 100_000), span(2, "api", "paint", at, 100_000, 1)]})
    wait_for(lambda: "api" in names(summary(daemon, by="service")), "the spans")
    bill = summary(daemon, by="service")
    assert_adds_up(bill, "2.5")
    equal(names(bill), {"api", "(none)"})
    entry = next(one for one in summary(daemon, by="operation")["entries"] if one["name"] == "paint")
    equal((entry["service"], entry["rest"]), ("api", False))
    # two devices: no span used them for longer than it was active
    assert 0 < entry["used_us"] <= 2 * 100_000, entry


def test_no_price(t):
    daemon = start(t, {"cost.gpu_hour": 0})
    for by in SPLITS:
        bill = daemon.call("cost.summary", {"by": by})
        equal((bill["total_cost"], bill["idle_cost"], {entry["cost"] for entry in bill["entries"]}), (None, None, {None}))
        assert bill["used_us"] > 0 and bill["unpriced_us"] == bill["device_us"], bill
    month = daemon.call("cost.trend")["months"][-1]
    equal((month["cost"], month["projected_cost"]), (None, None))
    assert month["device_us"] > 0, month
    status, out, _ = t.ctl(daemon, "cost")
    equal((status, out.splitlines()[-1].split("\t")[-1]), (0, "-"))


def test_nothing_used(t):
    daemon = start(t, simulated="processes=1 used_percent=0")
    for by in SPLITS:
        bill = summary(daemon, by=by)
        assert_adds_up(bill, "2.5")
        equal((bill["used_us"], bill["idle_us"], bill["idle_cost"]), (0, bill["device_us"], bill["total_cost"]))
    equal({entry["cost"] for entry in summary(daemon)["entries"]}, {0})


def test_price_changes(t):
    settings = "[gpu]\nbackends=simulated\nsimulated_devices=2\nsample_us=100000\n[cost]\n{}\n"
    daemon = t.start(config=settings.format(""))

    def reload(cost):
        with open(daemon.config, "w", encoding="utf-8") as file:
            file.write(settings.format(cost))
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "settings read again" in daemon.stderr()[said[0]:], "the reload")
        said[0] = len(daemon.stderr())
        before = summary(daemon)["device_us"]
        wait_for(lambda: summary(daemon)["device_us"] > before + 1_000_000, "time at the new price")

    said = [0]
    wait_for(lambda: summary(daemon)["device_us"] > 300_000, "time of devices")
    reload("gpu_hour=1\ncurrency=EUR")
    reload("gpu_hour=3600\ndevices=simulated-1=0.5")
    bill = summary(daemon, by="process")
    assert bill["unpriced_us"] > 0, bill
    daemon.stop()
    prices = dict(daemon.sql("SELECT price_nano, sum(device_us) FROM cost WHERE kind IN ('used', 'idle') GROUP BY 1"))
    equal(set(prices), {-1, 1_000_000_000, 3_600_000_000_000, 500_000_000})
    expected = sum(Decimal(price) / 10**9 * us / HOUR for price, us in prices.items() if price >= 0)
    for by in SPLITS:
        bill = exact(t.ctl(None, "--db", daemon.db, "cost", by, "--json")[1])
        equal(bill["unpriced_us"], prices[-1])
        equal(Decimal(bill["total_cost"]), expected.quantize(NANO, ROUND_HALF_UP))
        assert_adds_up(bill)


def test_no_microsecond_is_lost_or_told_twice(t):
    daemon = start(t)
    for attempt in range(3):
        daemon.restart() if attempt < 2 else (daemon.stop(), daemon.start())
        before = daemon.call("cost.summary")["device_us"]
        wait_for(lambda: daemon.call("cost.summary")["device_us"] > before + 200_000, "time after a restart")
    bill = summary(daemon)
    assert bill["unseen_us"] > 0 and bill["unseen_cost"] > 0, bill
    assert_adds_up(bill, "2.5")
    daemon.stop()
    lines = daemon.sql("SELECT d.device, until_us - first_us, sum(device_us) FROM cost_device AS d JOIN cost AS c USING (device) "
                       "WHERE kind IN ('used', 'idle', 'unseen') GROUP BY 1")
    equal([device for device, _, _ in lines], ["simulated-0", "simulated-1"])
    for device, passed, told in lines:
        equal(told, passed, device)
    for kind in ("process", "worker"):
        equal(daemon.sql("SELECT sum(device_us) FROM cost WHERE kind = ?", kind), daemon.sql("SELECT sum(device_us) FROM cost WHERE kind = 'used'"))
    equal(daemon.sql("SELECT sum(used_us) FROM cost_minute"), daemon.sql("SELECT sum(device_us) FROM cost WHERE kind = 'used'"))
    equal(orfeas_test.integrity(daemon.db), "ok")


def test_counters(t):
    daemon = start(t, {"cost.gb_counter": "render.bytes"})
    equal([daemon.call("cost.summary")[name] for name in ("cost_per_gb", "gb", "cache_saved_cost", "cache_saved_us")], [None] * 4)
    at = now_us()
    for name in ("render.bytes", "cache.saved_us"):
        daemon.call("metrics.define", {"name": name, "kind": "counter"})
    for rendered, saved in ((10**9, 0), (3 * 10**9, 1_000_000)):
        daemon.call("metrics.record", {"samples": [{"name": "render.bytes", "value": rendered}, {"name": "cache.saved_us", "value": saved}]})
    bill = daemon.call("cost.summary")
    equal((bill["gb"], bill["cache_saved_us"]), (2, 1_000_000))
    assert abs(bill["cost_per_gb"] - bill["total_cost"] / 2) < 1e-12, bill
    # the price is that of the bill, whose total is rounded to the billionth, of however little time there was
    assert abs(bill["cache_saved_cost"] - 2.5 / 3600) < 1e-9 * (1 + 1_000_000 / bill["device_us"]), bill
    spent = wait_for(lambda: daemon.call("metrics.query", {"select": "cost.spent"})["series"], "what alerts can be set on")
    equal({one["labels"]["device"] for one in spent}, {"simulated-0", "simulated-1"})
    daemon.call("metrics.query", {"expr": "sum by () (increase(cost.spent, 1d)) > 100", "from_us": at - 1_000_000, "to_us": at, "step_us": 1_000_000})
    page = daemon.http("GET", "/metrics")[2]
    assert b'orfeas_cost_spent_total{hw_id="simulated-0"}' in page and b"orfeas_cost_idle_total{" in page, page[-2000:]
    # anybody who may record feeds these: what no result can have is told as the most that it can
    daemon.call("metrics.record", {"samples": [{"name": "cache.saved_us", "value": 1e300}]})
    equal(daemon.call("cost.summary")["cache_saved_us"], 1 << 53)


def test_batch_changes(t):
    daemon = start(t)
    painter = worker(daemon)
    report = lambda size, took: daemon.call("worker.report", {
        "worker": painter, "batches": [{"size": size, "duration_us": took + i % 2 * 2000, "operation": "paint"} for i in range(25)]})
    report(1, 99_000)
    equal(daemon.call("cost.summary")["batch_changes"], [])
    daemon.call("events.mark", {"text": "v2", "kind": "deploy"})
    report(4, 199_000)
    changes = wait_for(lambda: daemon.call("cost.summary")["batch_changes"], "the change")
    equal(len(changes), 1)
    change = changes[0]
    equal((change["worker"], change["name"], change["operation"], change["mark"]), (painter, "painter", "paint", "v2"))
    equal([(run["size"], run["batches"]) for run in (change["before"], change["after"])], [(1, 25), (4, 25)])
    assert change["saved_percent_lower"] < 50 < change["saved_percent_upper"] and abs(change["saved_percent"] - 50) < 1, change
    assert abs(change["after"]["item_cost"] - change["after"]["item_us"] * 2.5 / HOUR) < 1e-12, change


def test_months_of_a_file(t):
    daemon = start(t)
    daemon.stop()
    now = datetime.datetime.now(datetime.timezone.utc)
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    before = (first - datetime.timedelta(days=1)).replace(day=1)
    micro = lambda time: int(time.timestamp()) * 1_000_000
    hours = (micro(first) - micro(before)) // HOUR
    with sqlite3.connect(daemon.db) as file:
        file.executemany("INSERT INTO cost VALUES (?, ?, 'old', '', ?, 2000000000, ?)",
                         [(kind, micro(before) + i * HOUR, name, HOUR // 2) for i in range(hours) for kind, name in (("used", "memory"), ("idle", ""))])
        file.execute("INSERT INTO cost_device VALUES ('old', ?, ?)", (micro(before), micro(first)))
    status, out, _ = t.ctl(None, "--db", daemon.db, "cost", "trend", "--json")
    months = exact(out)["months"]
    equal((status, len(months)), (0, 2))
    equal((months[0]["from_us"], months[0]["to_us"], months[0]["cost"], months[0]["idle_cost"], months[0]["projected_cost"]),
          (micro(before), micro(first), 2 * hours, hours, None))
    equal(months[1]["from_us"], micro(first))
    assert months[1]["projected_cost"] > months[1]["cost"], months[1]
    lines = t.ctl(None, "--db", daemon.db, "cost", "trend")[1].splitlines()
    equal([line.split("\t")[0] for line in lines], ["MONTH", before.strftime("%Y-%m"), first.strftime("%Y-%m")])
    # the month alone, its pages, and what was asked for
    call = lambda **params: exact(t.ctl(None, "--db", daemon.db, "--json", "call", "cost.summary", json.dumps(params))[1])
    month = call(from_us=micro(before), to_us=micro(first))
    equal((month["total_cost"], month["from_us"], month["to_us"], names(month)), (2 * hours, micro(before), micro(first), {"old"}))
    entries, cursor = [], None
    while cursor is not None or not entries:
        page = call(by="device", limit=1, **({"cursor": cursor} if cursor else {}))
        entries += page["entries"]
        cursor = page["next_cursor"]
    equal(len(entries), 3)
    equal(sum(Decimal(entry["cost"]) for entry in entries) + page["idle_cost"], page["total_cost"])


def test_ctl(t):
    daemon = start(t)
    daemon.stop()
    for by in SPLITS:
        status, out, _ = t.ctl(None, "--db", daemon.db, "cost", by)
        head, *rows = [line.split("\t") for line in out.splitlines()]
        equal((status, head[0], head[-1], rows[-1][0], rows[-2][0]), (0, by.upper(), "USD", "total", "idle"))
        equal(sum(Decimal(row[-1]) for row in rows[:-1]), Decimal(rows[-1][-1]))
    equal(t.ctl(None, "--db", daemon.db, "cost", "nobody")[0], 2)
    equal(t.ctl(None, "--db", daemon.db, "cost", "--from", "-1d", "--to", "-2d")[0], 1)
    older = os.path.join(t.dir, "older.db")
    shutil.copy(STORED, older)
    status, out, _ = t.ctl(None, "--db", older, "cost", "operation", "--json")
    equal((status, json.loads(out)["device_us"], json.loads(out)["entries"]), (0, 0, []))
    equal(json.loads(t.ctl(None, "--db", older, "cost", "trend", "--json")[1])["months"], [])


def test_refused(t):
    for settings, key in (({"cost.devices": "simulated-0"}, "cost.devices"), ({"cost.devices": "a=1,a=2"}, "cost.devices"),
                          ({"cost.gb_counter": "x{"}, "cost.gb_counter"), ({"cost.gpu_hour": "-1"}, "cost.gpu_hour")):
        contains(t.daemon(settings=settings).start_refused(), key)
    daemon = start(t)
    fails(lambda: daemon.call("cost.summary", {"from_us": 2, "to_us": 2}), "INVALID_ARGUMENT", field="from_us")
    fails(lambda: daemon.call("cost.summary", {"by": "moon"}), "INVALID_ARGUMENT", field="by")
    fails(lambda: daemon.call("cost.summary", {"cursor": "x"}), "INVALID_ARGUMENT", field="cursor")
    empty = daemon.call("cost.summary", {"from_us": 1, "to_us": 2})
    equal((empty["device_us"], empty["entries"], empty["total_cost"]), (0, [], 0))


if __name__ == "__main__":
    orfeas_test.main()
