#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""status.get and health beside /proc and the file."""

import os

import orfeas_test
from orfeas_test import contains, equal, wait_for

STATES = ("operational", "degraded", "unavailable", "disabled")


def components(status):
    return {name: state for tier in status["components"].values() for name, state in tier.items()}


def test_components_and_reasons(t):
    daemon = t.start()
    status = daemon.call("status.get")
    states = components(status)
    for state in states.values():
        contains(STATES, state)
    bad = [name for name, state in states.items() if state != "operational"]
    equal([reason["component"] for reason in status["reasons"]], bad)
    for reason in status["reasons"]:
        equal(reason["state"], states[reason["component"]])
        assert reason["reason"], reason
    equal(states["custom_metrics"], "operational")
    equal(states["alerting_system"], "operational")
    equal(states["anomaly_detector"], "operational")
    assert status["completion"].endswith("%") and 0 < int(status["completion"][:-1]) <= 100, status["completion"]


def test_health_follows_components(t):
    daemon = t.start()
    wait_for(lambda: all(s["state"] == "operational" for s in daemon.sources().values()), "all sources")
    for name, state in components(daemon.call("status.get")).items():
        serving = daemon.call("health.check", {"service": name})["serving"]
        if state == "unavailable":
            equal(serving, "NOT_SERVING", name)
        if state == "degraded" or state == "operational":
            equal(serving, "SERVING", name)


def test_own_cost_is_right(t):
    daemon = t.start()
    pid = daemon.process.pid

    def is_right():
        """It is looked at once a second, and grows meanwhile."""
        own = daemon.call("status.get")["self"]
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            rss = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return own["rss_bytes"] and abs(own["rss_bytes"] - rss) < 16 * 1024 * 1024 and abs(own["threads"] - len(os.listdir(f"/proc/{pid}/task"))) <= 1

    wait_for(is_right, "memory and threads that are what the kernel counts")


def test_db_is_right(t):
    daemon = t.start()
    daemon.call("metrics.record", {"samples": [{"name": f"s.{i}", "value": i} for i in range(500)]})
    db = daemon.call("status.get")["db"]
    equal(db["path"], daemon.db)
    equal((db["disk_full"], db["fault"]), (False, None))
    assert db["rows_written"] >= 500, db
    assert db["wal_bytes"] > 0, db
    wait_for(lambda: daemon.call("status.get")["db"]["wal_bytes"] > 0, "a WAL")


def test_memory_within_budget(t):
    daemon = t.start()
    for name, use in daemon.call("status.get")["memory"].items():
        assert 0 <= use["used_bytes"] <= use["budget_bytes"] and use["budget_bytes"] > 0, f"{name}: {use}"


def test_sources(t):
    daemon = t.start()
    wait_for(lambda: all(s["state"] == "operational" for s in daemon.sources().values()), "all sources")
    sources = daemon.sources()
    equal(set(sources), {"simulated", "host", "self"})
    probe = sources["simulated"]
    with open(f"/proc/{probe['pid']}/stat", encoding="ascii") as file:
        equal(file.read().split(") ")[1].split()[1], str(daemon.process.pid), "the probe's parent")


def test_host_beside_proc(t):
    daemon = t.start()

    def last(name):
        series = daemon.call("metrics.query", {"select": name})["series"]
        return series and series[0]["points"] and series[0]["points"][-1][1]

    wait_for(lambda: last("host.memory.total_bytes"), "a sample of the host")
    with open("/proc/meminfo", encoding="ascii") as file:
        total = int(file.readline().split()[1]) * 1024
    equal(last("host.memory.total_bytes"), total)
    equal(last("host.cpu.count"), os.cpu_count())


def test_uptime_and_version(t):
    daemon = t.start()
    first = daemon.call("status.get")
    second = wait_for(lambda: (lambda s: s["uptime_us"] > first["uptime_us"] and s)(daemon.call("status.get")), "time to pass")
    equal(second["version"], first["version"])


orfeas_test.main()
