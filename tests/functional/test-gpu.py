#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Devices beside clinfo and /proc; probes that die, hang or are missing."""

import os
import re
import shutil
import signal
import subprocess

import orfeas_test
from orfeas_test import Skip, contains, equal, wait_for

# how much the machine's memory may move between two looks at it, on a busy one
MOVES_BYTES = 1024 * 1024 * 1024


def opencl_device(t):
    daemon = t.start(settings={"gpu.backends": "opencl"})
    wait_for(lambda: daemon.call("gpu.list")["devices"], "an OpenCL device")
    return daemon, daemon.call("gpu.list")["devices"][0]


def clinfo(t):
    """The first device's raw facts."""
    if not shutil.which("clinfo"):
        raise Skip("no clinfo")
    text = subprocess.run(["clinfo", "--raw"], capture_output=True, text=True, env=t.environment()).stdout
    facts = {}
    for line in text.splitlines():
        match = re.match(r"\[\w+/(\d+)\]\s+(CL_DEVICE_\w+)\s+(.*)", line)
        if match and match.group(1) == "0":
            facts.setdefault(match.group(2), match.group(3).strip())
    if not facts:
        raise Skip("clinfo sees no device")
    return facts


def meminfo():
    with open("/proc/meminfo", encoding="ascii") as file:
        return {line.split(":")[0]: int(line.split()[1]) * 1024 for line in file if line.endswith("kB\n")}


def test_beside_clinfo(t):
    daemon, device = opencl_device(t)
    facts = clinfo(t)
    equal(device["backend"], "opencl")
    equal(device["name"], facts["CL_DEVICE_NAME"])
    equal(device["vendor"], facts["CL_DEVICE_VENDOR"])
    total = int(facts["CL_DEVICE_GLOBAL_MEM_SIZE"])
    if facts.get("CL_DEVICE_HOST_UNIFIED_MEMORY") == "CL_TRUE":
        # PoCL says what it would give to OpenCL; ours is at most what the machine has
        assert total * 0.5 <= device["total_bytes"] <= meminfo()["MemTotal"], f"{device['total_bytes']}, clinfo {total}"
    else:
        equal(device["total_bytes"], total)
    daemon.stop()


def test_beside_proc(t):
    daemon, device = opencl_device(t)
    if clinfo(t).get("CL_DEVICE_HOST_UNIFIED_MEMORY") != "CL_TRUE":
        raise Skip("the device has memory of its own")
    memory = meminfo()
    if device["total_bytes"] == memory["MemTotal"]:  # else a cgroup's limit counts
        used = memory["MemTotal"] - memory["MemAvailable"]
        assert abs(device["used_bytes"] - used) < MOVES_BYTES, f"{device['used_bytes']} beside {used}"
    equal(device["used_bytes"] + device["free_bytes"], device["total_bytes"])
    percent = 100 * device["used_bytes"] / device["total_bytes"]
    assert abs(device["memory_percent"] - percent) < 0.1, device


def test_unknown_is_null(t):
    _, device = opencl_device(t)
    for member in ("allocated_bytes", "reserved_bytes", "largest_free_bytes", "fragmentation_percent"):
        equal(device[member], None, member)


def test_by_name(t):
    daemon = t.start(settings={"gpu.simulated_devices": 3, "gpu.simulated_total_bytes": 1 << 30})
    devices = wait_for(lambda: daemon.call("gpu.list")["devices"], "devices")
    equal(len(devices), 3)
    equal(len({device["device"] for device in devices}), 3)
    for device in devices:
        equal(daemon.call("gpu.list", {"device": device["device"]})["devices"][0]["device"], device["device"])
        equal(device["total_bytes"], 1 << 30)
        contains(("low", "medium", "high", "critical"), device["pressure_level"])


def test_samples_reach_the_file(t):
    daemon = t.start(settings={"gpu.sample_us": 100000})
    device = wait_for(lambda: daemon.call("gpu.list")["devices"], "devices")[0]["device"]
    series = f'gpu.memory.used_bytes{{device="{device}"}}'
    rows = "SELECT t_us, value FROM v_sample WHERE series=? ORDER BY t_us"
    wait_for(lambda: len(daemon.sql(rows, series)) >= 5, "five rows")
    stored = daemon.sql(rows, series)
    answer = daemon.call("metrics.query", {"select": series, "from_us": stored[0][0], "to_us": stored[-1][0] + 1})
    equal([tuple(point) for point in answer["series"][0]["points"]], stored)


def test_pressure_bursts(t):
    # anything in use counts as critical, so sampling goes at burst_us
    daemon = t.start(settings={
        "gpu.sample_us": 3600000000, "gpu.burst_us": 50000,
        "gpu.pressure_medium_percent": 0, "gpu.pressure_high_percent": 0.0001, "gpu.pressure_critical_percent": 0.0002,
    })
    first = wait_for(lambda: daemon.call("gpu.list")["devices"], "devices")[0]
    equal(first["pressure_level"], "critical")
    wait_for(lambda: daemon.call("gpu.list")["devices"][0]["sampled_us"] > first["sampled_us"] + 100000, "a burst")


def fast_probe(t, **settings):
    """sampled often, given up soon, restarted soon."""
    daemon = t.start(settings={
        "gpu.sample_us": 100000, "gpu.probe_timeout_us": 1000000, "gpu.probe_backoff_us": 50000, "gpu.probe_backoff_max_us": 200000,
        **settings,
    })
    wait_for(lambda: daemon.call("gpu.list")["devices"], "devices")
    return daemon


def host_goes_on(daemon):
    before = daemon.sources()["host"]["sampled_us"]
    wait_for(lambda: (daemon.sources()["host"]["sampled_us"] or 0) > (before or 0), "the next sample of the host")


def restarted(daemon, old_pid):
    def up():
        source = daemon.sources()["simulated"]
        return source["state"] == "operational" and source["pid"] not in (None, old_pid) and source
    source = wait_for(up, "a new probe")
    assert source["restarts"] >= 1, source
    sampled_us = source["sampled_us"] or 0
    wait_for(lambda: (daemon.sources()["simulated"]["sampled_us"] or 0) > sampled_us, "its sample")


def test_probe_killed(t):
    daemon = fast_probe(t)
    pid = daemon.sources()["simulated"]["pid"]
    os.kill(pid, signal.SIGKILL)
    restarted(daemon, pid)
    host_goes_on(daemon)


def test_probe_hung(t):
    # the first probe stands still; it is given up, said so, killed and replaced
    daemon = fast_probe(t, **{"gpu.probe_backoff_us": 3000000, "gpu.probe_backoff_max_us": 3000000})
    pid = daemon.sources()["simulated"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    source = wait_for(lambda: (lambda s: s["state"] != "operational" and s)(daemon.sources()["simulated"]), "the hang to be seen")
    assert source["reason"], source
    status = daemon.call("status.get")  # before the next probe is there
    contains([reason["component"] for reason in status["reasons"]], "gpu_optimizer")
    host_goes_on(daemon)
    restarted(daemon, pid)
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "the hung process to go")


def test_probe_that_keeps_dying_backs_off(t):
    daemon = fast_probe(t, **{"gpu.probe_backoff_us": 100000, "gpu.probe_backoff_max_us": 60000000})
    killed = 0
    while killed < 4:
        pid = wait_for(lambda: daemon.sources()["simulated"]["pid"], "a probe")
        try:
            os.kill(pid, signal.SIGKILL)
            killed += 1
        except ProcessLookupError:
            pass
        wait_for(lambda: daemon.sources()["simulated"]["pid"] != pid, "it to be missed")
    daemon.call("gpu.list")
    host_goes_on(daemon)


def test_unknown_backend(t):
    daemon = t.daemon(settings={"gpu.backends": "nonsense"})
    contains(daemon.start_refused(), "nonsense")


def test_no_orphans(t):
    for end in ("stop", "kill"):
        daemon = fast_probe(t)
        pid = daemon.sources()["simulated"]["pid"]
        getattr(daemon, end)()
        wait_for(lambda: not os.path.exists(f"/proc/{pid}"), f"the probe to go with its daemon on {end}")


def test_no_backend_at_all(t):
    daemon = t.start(settings={"gpu.backends": ""})
    equal(daemon.call("gpu.list")["devices"], [])
    host_goes_on(daemon)


orfeas_test.main()
