#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`script/server --demo`: within seconds there is something to see in every section, and it ends with all that it began."""

import orfeas_test
from orfeas_test import equal, wait_for
from studio import start_daemon, studio, wait_for_batches

SERVICES = {"gateway", "queue", "mesher", "painter", "storage", "llm", "embedder"}


def test_all_sections_live(t):
    daemon, ledger = start_daemon(t)
    with studio(t, daemon, ledger):
        wait_for(lambda: SERVICES <= {one["service"] for one in daemon.call("traces.services")["services"]}, "spans of all services")
        pids = {one["pid"] for one in wait_for_batches(daemon, 4)}
        device = wait_for(lambda: (one := daemon.call("gpu.list")["devices"][0]) and len(one["processes"]) == 4 and one, "their memory on the device")
        equal({process["pid"] for process in device["processes"]}, pids)
        assert 3 << 30 < device["used_bytes"] < 7 << 30, device
        wait_for(lambda: daemon.call("cache.stats")["hits"] > 0, "hits")
        wait_for(lambda: daemon.call("predictions.list")["predictions"], "forecasts")
        wait_for(lambda: daemon.call("cost.summary")["total_cost"], "a bill")
        equal([one["kind"] for one in daemon.call("events.list", {"kind": "deploy"})["events"]], ["deploy"])
        names = {one["name"] for one in daemon.call("metrics.list", {"limit": 1000})["series"]}
        assert {"studio.queue_depth", "studio.models", "response_time_ms"} <= names, names
    wait_for(lambda: daemon.call("gpu.list")["devices"][0]["used_bytes"] == 0, "all memory to be given back")


if __name__ == "__main__":
    orfeas_test.main()
