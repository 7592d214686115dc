#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Forecasts: made of rows, stored, compared with what came, across restarts too. Time is that of the samples, so nothing
here waits for a forecast's time: hours are recorded at once."""

import json
import math
import os
import random

import orfeas_test
from orfeas_test import contains, equal, fails, now_us, wait_for

ROW = 60_000_000
SELECT = "queue.depth"
# only what the test records
QUIET = {"forecast." + name: "" for name in ("gpu_memory", "gpu_utilization", "host_memory", "host_cpu", "disk")}
SETTINGS = {**QUIET, "forecast.queue": SELECT, "forecast.queue.horizons": "2,6", "forecast.queue.every_rows": 3, "forecast.queue.threshold": 90}


class Series:
    """Records a sample a row, hours ago and on."""

    def __init__(self, daemon, name=SELECT, hours=20):
        self.daemon = daemon
        self.name = name
        self.labels = {}
        self.t_us = now_us() - hours * 60 * ROW
        self.values = {}

    def record(self, values):
        samples = []
        for value in values:
            samples.append({"name": self.name, "labels": self.labels, "value": value, "t_us": self.t_us})
            self.values[self.t_us] = value
            self.t_us += ROW
        equal(self.daemon.call("metrics.record", {"samples": samples})["accepted"], len(samples))


def wave(n, since=0):
    return [40 + 10 * math.sin(i / 7) for i in range(since, since + n)]


def judged(daemon, at_least):
    """Waits until so many are; the rows of the table."""
    count = "SELECT count(*) FROM prediction WHERE judged_us IS NOT NULL"
    wait_for(lambda: daemon.sql(count)[0][0] >= at_least, f"{at_least} forecasts to be judged")
    return daemon.sql("SELECT id, horizon_us, made_us, due_us, last, value, lower80, upper80, lower90, upper90, actual, error, naive_error, inside80, inside90 "
                      "FROM prediction WHERE judged_us IS NOT NULL ORDER BY id")


def all_judged(daemon, series):
    """Waits until all are made and judged that the samples of the series so far are enough for; the rows of the table."""
    last_us = (series.t_us - ROW) // ROW * ROW
    wait_for(lambda: daemon.sql("SELECT coalesce(max(made_us), 0) FROM prediction")[0][0] > last_us - 3 * ROW, "all forecasts to be made")
    wait_for(lambda: not daemon.sql("SELECT 1 FROM prediction WHERE judged_us IS NULL AND due_us <= ? LIMIT 1", last_us), "all forecasts to be judged")
    return judged(daemon, 1)


def check_rows(rows, series):
    """Each says truly what was and what came: a row's end lies behind its one sample, by less than a row."""
    times = sorted(series.values)

    def at(end_us):
        return series.values[max(t for t in times if t < end_us)]

    for _, horizon, made, due, last, value, lower80, upper80, lower90, upper90, actual, error, naive, inside80, inside90 in rows:
        equal(due - made, horizon)
        assert horizon in (2 * ROW, 6 * ROW), horizon
        equal((last, actual), (at(made), at(due)))
        assert lower90 <= lower80 <= value <= upper80 <= upper90, (lower90, lower80, value, upper80, upper90)
        equal((error, naive), (value - actual, last - actual))
        equal((inside80, inside90), (int(lower80 <= actual <= upper80), int(lower90 <= actual <= upper90)))


def test_foretold_and_judged(t):
    daemon = t.start(settings=SETTINGS)
    series = Series(daemon)
    series.record(wave(300))
    # of 299 whole rows every third makes two, from the third on; those due by the last are judged
    rows = judged(daemon, 190)
    check_rows(rows, series)
    answer = daemon.call("predictions.list")
    equal([one["horizon_us"] for one in answer["predictions"]], [2 * ROW, 6 * ROW])
    one = answer["predictions"][0]
    equal((one["series"], one["metric"], one["threshold"]), (SELECT, "queue", 90))
    assert one["lower90"] <= one["lower"] <= one["value"] <= one["upper"] <= one["upper90"], one
    assert 0 < one["confidence"] <= 1, one
    assert one["trend"] in (None, "improving", "degrading", "stable"), one
    equal(answer["next_cursor"], None)


def test_health_of_clocks_ahead(t):
    """What one caller's clock says of the time to come makes nothing else old."""
    daemon = t.start(settings={"gpu.backends": "simulated", "metrics.future_us": 3_600_000_000})

    def scores():
        health = daemon.call("predictions.list", {"select": "no.such.series"})["health"]
        return {part["part"]: part["score"] for part in health["parts"]}

    wait_for(lambda: scores()["gpu"] is not None, "a sample of a device")
    daemon.call("metrics.record", {"samples": [{"name": "error_rate_percent", "value": 0, "t_us": now_us() + 1_800_000_000}]})
    equal(scores()["requests"], 100)
    assert scores()["gpu"] is not None, scores()


def test_health_is_what_its_reasons_leave(t):
    daemon = t.start()
    now = now_us()
    daemon.call("metrics.record", {"samples": [
        {"name": "cache.hit_rate_percent", "value": 10, "t_us": now},
        {"name": "error_rate_percent", "value": 5.5, "t_us": now}]})
    # nothing is forecast yet, and nothing chosen: health is of what is measured, all the same
    health = daemon.call("predictions.list", {"select": "no.such.series"})["health"]
    equal(sum(part["weight"] for part in health["parts"]), 100)
    lost = {reason["reason"]: (reason["part"], reason["deduction"]) for reason in health["reasons"]}
    equal(lost["requests: 5.5 % fail"], ("requests", 12.5))
    equal(lost["cache answers only 10 % of what it is asked"], ("cache", 8))
    assert math.isclose(health["score"], 100 - sum(reason["deduction"] for reason in health["reasons"]), abs_tol=0.01), health
    scores = {part["part"]: part["score"] for part in health["parts"]}
    equal((scores["requests"], scores["cache"], scores["workers"]), (50, 20, None))
    contains(t.ctl(daemon, "health")[1], "requests: 5.5 % fail")


def test_accuracy_is_what_the_rows_say(t):
    daemon = t.start(settings=SETTINGS)
    series = Series(daemon)
    series.record(wave(300))
    rows = all_judged(daemon, series)
    answer = daemon.call("predictions.accuracy", {"select": SELECT})
    equal(sum(one["forecasts"] for one in answer["accuracy"]), len(rows))
    equal(answer["open"], daemon.sql("SELECT count(*) FROM prediction WHERE judged_us IS NULL")[0][0])
    for horizon in (2 * ROW, 6 * ROW):
        mine = [row for row in rows if row[1] == horizon]
        theirs = [one for one in answer["accuracy"] if one["horizon_us"] == horizon]
        equal(sum(one["forecasts"] for one in theirs), len(mine))
        for member, column in (("error", 11), ("naive_error", 12)):
            total = sum(one[member] * one["forecasts"] for one in theirs)
            assert math.isclose(total, sum(abs(row[column]) for row in mine), rel_tol=1e-9), member
        inside = sum(one["coverage_percent"] * one["forecasts"] / 100 for one in theirs)
        assert math.isclose(inside, sum(row[13] for row in mine), rel_tol=1e-9, abs_tol=1e-9)
        for one in theirs:
            assert math.isclose(one["error_ratio"], one["error"] / one["naive_error"], rel_tol=1e-9)
            equal((one["metric"], one["series"], one["missing"]), (SELECT, None, 0))
    view = daemon.sql("SELECT sum(forecasts) FROM v_prediction_accuracy")
    equal(view[0][0], len(rows))
    by_series = daemon.call("predictions.accuracy", {"by": "series"})["accuracy"]
    equal({one["series"] for one in by_series}, {SELECT})
    nothing = daemon.call("predictions.accuracy", {"to_us": 1})
    equal((nothing["accuracy"], nothing["warnings"], nothing["open"]), ([], [], 0))


def test_pages(t):
    daemon = t.start(settings={**SETTINGS, "forecast.queue": "{__name__=~\"queue.*\"}"})
    for name in ("queue.a", "queue.b", "queue.c"):
        Series(daemon, name).record(wave(50))
    wait_for(lambda: len(daemon.call("predictions.list")["predictions"]) == 6, "all of them")
    everything = daemon.call("predictions.list")["predictions"]
    seen, cursor = [], None
    while True:
        page = daemon.call("predictions.list", {"limit": 4, **({"cursor": cursor} if cursor else {})})
        seen += page["predictions"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    equal([(one["series"], one["horizon_us"]) for one in seen], [(one["series"], one["horizon_us"]) for one in everything])
    one = daemon.call("predictions.list", {"select": "queue.b", "horizon_us": 6 * ROW})["predictions"]
    equal([(each["series"], each["horizon_us"]) for each in one], [("queue.b", 6 * ROW)])
    whole = daemon.call("predictions.accuracy", {"by": "series"})["accuracy"]
    first = daemon.call("predictions.accuracy", {"by": "series", "limit": 2})
    rest = daemon.call("predictions.accuracy", {"by": "series", "limit": 1000, "cursor": first["next_cursor"]})
    equal(first["accuracy"] + rest["accuracy"], whole)
    fails(lambda: daemon.call("predictions.list", {"cursor": "no"}), "INVALID_ARGUMENT", field="cursor")
    fails(lambda: daemon.call("predictions.list", {"select": "{{"}), "INVALID_ARGUMENT", field="select")
    status, answer = daemon.rest("GET", "/predictions?select=queue.a")
    equal((status, len(answer["predictions"])), (200, 2))
    status, answer = daemon.rest("GET", "/predictions/accuracy")
    equal((status, answer["status"]), (200, "success"))


def check_continued(daemon, series, since):
    """What waited before the daemon ended is judged by what came afterwards, and no row is missing."""
    series.record(wave(60, since))
    wait_for(lambda: daemon.sql("SELECT count(*) FROM prediction WHERE judged_us IS NULL AND due_us < ?", series.t_us - 2 * ROW)[0][0] == 0,
             "those that waited")
    rows = judged(daemon, 1)
    check_rows(rows, series)
    made = [row[0] for row in daemon.sql("SELECT DISTINCT made_us FROM prediction ORDER BY made_us")]
    equal({after - before for before, after in zip(made, made[1:])}, {3 * ROW})


def test_restart_loses_nothing(t):
    daemon = t.start(settings={**SETTINGS, "forecast.history_rows": 0})
    series = Series(daemon)
    series.record(wave(101))
    judged(daemon, 50)
    daemon.stop()
    daemon.start()
    equal(daemon.sql("SELECT count(*) FROM forecast_state WHERE subject = ?", SELECT)[0][0], 1)
    assert daemon.sql("SELECT count(*) FROM prediction WHERE judged_us IS NULL")[0][0] > 0
    check_continued(daemon, series, 101)


def test_kill_loses_nothing(t):
    daemon = t.start(settings=SETTINGS)
    series = Series(daemon)
    series.record(wave(100))
    judged(daemon, 50)
    daemon.restart()
    check_continued(daemon, series, 100)


def test_killed_while_judging(t):
    """However many were judged when it is killed: none is there twice, none is judged by another row, none waits for ever."""
    daemon = t.start(settings={**SETTINGS, "forecast.queue": "{__name__=~\"queue.*\"}"})
    many = [Series(daemon, f"queue.{i}") for i in range(6)]
    n_judged = "SELECT count(*) FROM prediction WHERE judged_us IS NOT NULL"
    for series in many:
        series.record(wave(20))
    # with nothing learnt, the past is read as minutes, which are not the rows that are compared here
    wait_for(lambda: daemon.sql("SELECT count(*) FROM forecast_state")[0][0] == len(many), "what was learnt to be written")
    for kill in range(4):
        before = daemon.sql(n_judged)[0][0]
        for series in many:
            series.record(wave(40, len(series.values)))
        wait_for(lambda: daemon.sql(n_judged)[0][0] > before + 17 * kill, "some to be judged")
        daemon.kill()
        daemon.start()
    for series in many:
        series.record(wave(60, len(series.values)))
    by_name = {series.name: series for series in many}
    late = "SELECT count(DISTINCT series_id) FROM prediction WHERE judged_us IS NOT NULL AND due_us > ?"
    wait_for(lambda: daemon.sql(late, many[0].t_us - 8 * ROW)[0][0] == len(many), "the last rows of all to be judged")
    waiting = "SELECT count(*) FROM prediction WHERE judged_us IS NULL AND due_us < ?"
    wait_for(lambda: daemon.sql(waiting, many[0].t_us - 2 * ROW)[0][0] == 0, "those that waited")
    equal(daemon.sql("SELECT count(*) FROM (SELECT 1 FROM prediction GROUP BY series_id, horizon_us, made_us HAVING count(*) > 1)"), [(0,)])
    rows = daemon.sql("SELECT s.name, p.id, horizon_us, made_us, due_us, last, value, lower80, upper80, lower90, upper90, actual, error, naive_error, inside80, "
                      "inside90 FROM prediction AS p JOIN series AS s ON s.id = p.series_id WHERE judged_us IS NOT NULL ORDER BY p.id")
    equal({row[0] for row in rows}, set(by_name))
    for name, *row in rows:
        check_rows([row], by_name[name])
    equal(daemon.admin("db.check")["ok"], True)
    daemon.stop()
    equal(orfeas_test.integrity(daemon.db), "ok")


def test_gap_is_told(t):
    daemon = t.start(settings=SETTINGS)
    series = Series(daemon)
    series.record(wave(60))
    series.t_us += 200 * ROW
    series.record(wave(60))
    all_judged(daemon, series)
    missing = daemon.sql("SELECT count(*) FROM prediction WHERE judged_us IS NOT NULL AND actual IS NULL")[0][0]
    assert missing > 0
    accuracy = daemon.call("predictions.accuracy")["accuracy"]
    equal(sum(one["missing"] for one in accuracy), missing)


def test_threshold_that_nobody_foretold(t):
    daemon = t.start(settings=SETTINGS)
    series = Series(daemon)
    series.record(wave(60) + [99] * 10 + wave(60))
    wait_for(lambda: daemon.sql("SELECT count(*) FROM forecast_warning WHERE fate = 'missed'")[0][0] == 1, "the one that was missed")
    one = daemon.call("predictions.accuracy")["warnings"]
    equal([(each["metric"], each["missed"], each["came_true"], each["found_percent"]) for each in one], [(SELECT, 1, 0, 0)])
    text = [row[0] for row in daemon.sql("SELECT text FROM v_timeline WHERE source = 'forecast'")]
    equal(text, [f"{SELECT} reached 90"])


def leak(n_flat=240, n_rising=240):
    """Flat, and then a quarter more a row, with the noise of memory that is quiet."""
    noise = random.Random(5)
    return [40 + noise.gauss(0, 0.3) for _ in range(n_flat)] + [40 + i / 4 + noise.gauss(0, 0.3) for i in range(n_rising)]


def test_threshold_that_was_foretold(t):
    daemon = t.start(settings=SETTINGS)
    series = Series(daemon)
    series.record(leak())
    wait_for(lambda: daemon.sql("SELECT count(*) FROM forecast_warning WHERE fate = 'came_true'")[0][0] == 1, "the warning to come true")
    made, expected, upper, came, action = daemon.sql("SELECT made_us, expected_us, expected_upper_us, came_us, action FROM forecast_warning WHERE fate = 'came_true'")[0]
    assert made < came <= upper and made < expected <= made + 30 * ROW, (made, expected, upper, came)
    equal(action, "none")  # of no device
    one = daemon.call("predictions.accuracy")["warnings"][0]
    equal((one["came_true"], one["missed"], one["found_percent"], one["lead_us"]), (1, 0, 100, came - made))
    contains(daemon.stderr(), "expected to reach 90 in ")
    equal([row[0] for row in daemon.sql("SELECT kind FROM v_timeline WHERE source = 'forecast' ORDER BY t_us")], ["warning", "came_true"])


def predictive(t, mode):
    """A daemon with a worker that could give back memory, and a device of which it is foretold that it runs out."""
    daemon = t.start(settings={**QUIET, "gpu.simulated_devices": 1, "gpu.predictive_cleanup": mode, "gpu.cleanup": "off", "gpu.cleanup_timeout_us": 500000,
                               "forecast.pool": "gpu.memory.pool_percent", "forecast.pool.threshold": 90, "forecast.pool.horizons": "2"})
    wait_for(lambda: daemon.call("gpu.list")["devices"], "the device")
    peer = daemon.peer()
    worker = peer.call("worker.register", {"name": "hoarder", "device": "simulated-0", "pid": os.getpid(), "capabilities": ["trim"]})["worker"]
    peer.call("worker.report", {"worker": worker, "allocator": {"allocated_bytes": 1 << 30, "reserved_bytes": 8 << 30}})
    peer.call("worker.advice", {"worker": worker})  # listens, and will not answer
    series = Series(daemon, "gpu.memory.pool_percent")
    series.labels = {"device": "simulated-0"}
    series.record(leak())
    wait_for(lambda: daemon.sql("SELECT count(*) FROM forecast_warning WHERE fate = 'came_true'")[0][0] == 1, "the warning to come true")
    return daemon, daemon.sql("SELECT device, action, cleanup_id FROM forecast_warning WHERE made_us IS NOT NULL")


def test_memory_is_asked_for_before_it_runs_out(t):
    daemon, warnings = predictive(t, "act")
    equal([(row[0], row[1]) for row in warnings], [("simulated-0", "act")])
    cleanups = daemon.sql("SELECT id, trigger, device, actor FROM cleanup")
    equal(cleanups, [(warnings[0][2], "prediction", "simulated-0", None)])
    contains(daemon.sql("SELECT reason FROM cleanup")[0][0], "expected to reach 90 in ")
    equal(daemon.sql("SELECT count(*) FROM audit WHERE method = 'gpu.cleanup' AND actor = 'orfeasd'")[0][0], 1)


def test_memory_is_advised_of_before_it_runs_out(t):
    daemon, warnings = predictive(t, "advise")
    equal(warnings, [("simulated-0", "advise", None)])
    equal(daemon.sql("SELECT count(*) FROM cleanup")[0][0], 0)
    contains(daemon.stderr(), "its workers can give back")
    contains(daemon.stderr(), "orfeasctl gpu cleanup --device simulated-0")


def test_memory_is_only_watched(t):
    daemon, warnings = predictive(t, "off")
    equal(warnings, [("simulated-0", "none", None)])
    equal(daemon.sql("SELECT count(*) FROM cleanup")[0][0], 0)


def test_on_a_file(t):
    daemon = t.start(settings=SETTINGS)
    series = Series(daemon)
    series.record(wave(120))
    all_judged(daemon, series)

    def read(where, *arguments):
        status, out, err = t.ctl(where, *arguments)
        equal(status, 0, err)
        return out

    live = json.loads(read(daemon, "--json", "predictions"))
    accuracy = json.loads(read(daemon, "--json", "predictions", "accuracy"))
    table = read(daemon, "predictions", SELECT, "--horizon", "2m")
    contains(table, SELECT)
    equal(len(table.splitlines()), 2)
    contains(read(daemon, "predictions", "accuracy"), SELECT)
    daemon.stop()
    file = json.loads(read(None, "--db", daemon.ready["db"], "--json", "predictions"))
    equal([{**one, "metric": None} for one in file["predictions"]], [{**one, "metric": None} for one in live["predictions"]])
    equal(json.loads(read(None, "--db", daemon.ready["db"], "--json", "predictions", "accuracy")), accuracy)


def test_bounded(t):
    daemon = t.start(settings={**SETTINGS, "forecast.queue": "{__name__=~\"queue.*\"}", "forecast.max_series": 2, "forecast.max_rows": 1000})
    all_series = [Series(daemon, f"queue.n{i}") for i in range(4)]
    for series in all_series:
        series.record(wave(900))
    judged(daemon, 500)

    def newest(name):
        points = [one["points"] for one in daemon.call("metrics.query", {"select": name})["series"]]
        return points[0][-1][1] if points and points[0] else None

    wait_for(lambda: newest("orfeas.forecast.left_out") == 2, "two to be left out")
    wait_for(lambda: newest("orfeas.forecast.series") == 2, "two to be forecast")
    for series in all_series[:2]:
        series.record(wave(10))
    wait_for(lambda: daemon.sql("SELECT count(*) FROM prediction")[0][0] <= 1050, "the oldest to go")
    contains(daemon.stderr(), "no room to forecast more series")


def test_turned_off(t):
    daemon = t.start(settings={**SETTINGS, "forecast.enabled": "false"})
    Series(daemon).record(wave(50))
    equal(daemon.call("predictions.list")["predictions"], [])
    equal(daemon.sql("SELECT count(*) FROM prediction")[0][0], 0)
    state = daemon.call("status.get")["components"]["tier2"]["predictive_optimizer"]
    equal(state, "disabled")


def test_refused_settings(t):
    for settings, said in (({"forecast.horizons": "9,3"}, "forecast.horizons"), ({"forecast.queue": "{{"}, "forecast.queue"),
                           ({"forecast.queue": SELECT, "forecast.queue.threshold": "high"}, "forecast.queue.threshold")):
        contains(t.daemon(settings={**QUIET, **settings}).start_refused(), said)


def test_of_devices_by_itself(t):
    """With small rows forecasts come of what is sampled, and nobody records anything."""
    daemon = t.start(settings={"gpu.backends": "simulated", "gpu.sample_us": 100000, "forecast.row_us": 200000, "forecast.horizons": "1,3",
                               "forecast.every_rows": 2})
    wait_for(lambda: daemon.call("predictions.list", {"select": "gpu.memory.used_percent"})["predictions"], "a forecast")
    equal(daemon.call("status.get")["components"]["tier2"]["predictive_optimizer"], "operational")
    judged(daemon, 10)
    use = daemon.call("status.get")["memory"]["forecasts"]
    assert 0 < use["used_bytes"] < use["budget_bytes"], use


if __name__ == "__main__":
    orfeas_test.main()
