#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""NVIDIA's devices, by a stand-in for NVIDIA's library (tests/nvml): what is listed, recorded and told to Prometheus."""

import os
import subprocess
import time

from prometheus_client import parser as text_parser
from prometheus_client.openmetrics import parser as openmetrics_parser

import orfeas_test
from orfeas_test import PATIENCE_S, contains, equal, wait_for

FIRST = "pci-0000:a0:00.0"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
# each query of NVIDIA's own board for its exporter that asks for what we can know, and all that
# the exporter's default list has of the same; its names, not its text
BOARD = {
    "DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_POWER_USAGE", "DCGM_FI_DEV_SM_CLOCK", "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_FB_FREE",
    "DCGM_FI_DEV_MEM_CLOCK", "DCGM_FI_DEV_MEMORY_TEMP", "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "DCGM_FI_DEV_GPU_UTIL",
    "DCGM_FI_DEV_MEM_COPY_UTIL", "DCGM_FI_DEV_ENC_UTIL", "DCGM_FI_DEV_DEC_UTIL", "DCGM_FI_DEV_XID_ERRORS",
    "DCGM_FI_DEV_ROW_REMAP_FAILURE",
}


def write(t, text):
    path = os.path.join(t.dir, "nvml")
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(text)
    os.rename(path + ".new", path)
    return path


def start(t, script, age="3", **settings):
    library = os.path.join(os.environ["NVML_STAND_INS"], f"nvml-stand-in-{age}.so")
    env = {"NVML_STAND_IN": write(t, script), "ORFEAS_NVML_LIBRARY": library, "ORFEAS_PROBE_PATHS": t.dir}
    daemon = t.start(env=env, settings={"gpu.backends": "nvml", "gpu.sample_us": 100000, **settings})
    wait_for(lambda: daemon.call("gpu.list")["devices"], "devices")
    return daemon


def look(daemon, device=FIRST):
    return daemon.call("gpu.list", {"device": device})["devices"][0]


def scrape(daemon, accept=None):
    status, _, body = daemon.http("GET", "/metrics", headers={"Accept": accept} if accept else {})
    equal(status, 200)
    return body.decode()


def test_list(t):
    daemon = start(t, f"gpus 2\nprocess 0 compute {os.getpid()} 1073741824\nset 0 throttle 68\nset 1 free 1000\n")
    device = look(daemon)
    equal((device["backend"], device["vendor"], device["name"]), ("nvml", "NVIDIA Corporation", "Stand-in GPU"))
    equal((device["uuid"], device["index"], device["parent"]), ("GPU-00000000-0000-4000-8000-0000000000AA", 0, None))
    equal(device["used_bytes"], 20 << 30)
    equal(device["driver_reserved_bytes"], 512 << 20)
    equal(device["pressure_level"], "low")
    equal([(row["pid"], row["used_bytes"]) for row in device["processes"]], [(os.getpid(), 1 << 30)])
    expected = {
        "utilization_percent": 87, "memory_utilization_percent": 43, "encoder_percent": 5, "decoder_percent": 6, "fan_percent": 30,
        "temperature_c": 55, "temperature_memory_c": 66, "power_w": 250.5, "power_limit_w": 700, "energy_j": 123.456,
        "clock_graphics_mhz": 1000, "clock_sm_mhz": 1001, "clock_memory_mhz": 1002, "clock_video_mhz": 1003, "pcie_replays": 4,
        "throttled_power_us": 5000, "ecc_corrected_errors": 0, "ecc_uncorrected_errors": 10, "retired_pages": 3,
        "retirement_pending": False, "retirement_failed": False, "throttle_reasons": ["power_cap", "hw_thermal"], "xid": 0,
    }
    equal({name: device[name] for name in expected}, expected)
    equal(look(daemon, "pci-0000:a1:00.0")["pressure_level"], "critical")
    equal(daemon.sources()["nvml"]["state"], "operational")


def test_failures_are_null(t):
    daemon = start(t, "fail nvmlDeviceGetPowerUsage 999\nfail nvmlDeviceGetComputeRunningProcesses_v3 4\n"
                      "fail nvmlDeviceRegisterEvents 3\nfail nvmlDeviceGetTotalEccErrors 3\n")
    device = look(daemon)
    equal((device["power_w"], device["xid"], device["ecc_corrected_errors"]), (None, None, None))
    equal(device["processes"], [])
    equal(device["clock_sm_mhz"], 1001)


def test_samples_reach_the_file(t):
    daemon = start(t, "process 0 compute 99999999 5000\n")
    names = ["gpu.clock_sm_hz", "gpu.energy_j", "gpu.ecc_uncorrected_errors", "gpu.power_limit_w", "gpu.memory_utilization_percent"]
    rows = "SELECT value FROM v_sample WHERE series=? LIMIT 1"

    def stored():
        return [daemon.sql(rows, f'{name}{{device="{FIRST}"}}') for name in names]
    wait_for(lambda: all(stored()), "rows")
    equal([row[0][0] for row in stored()], [1001e6, 123.456, 10, 700, 43])
    wait_for(lambda: daemon.sql("SELECT 1 FROM gpu_process WHERE pid=99999999 AND used_bytes=5000"), "its process")


def test_parts(t):
    daemon = start(t, "mig 0 2\nset 0 part1-total 1000\nset 0 part1-free 100\npart-process 0 1 99999999 50\n")
    devices = daemon.call("gpu.list")["devices"]
    equal([device["parent"] for device in devices], [None, FIRST, FIRST])
    equal((devices[2]["uuid"], devices[2]["instance"]), ("MIG-00000000-0000-4000-8000-000000000002", 8))
    equal((devices[2]["used_bytes"], devices[2]["pressure_level"], devices[2]["power_w"]), (900, "critical", None))
    equal([row["pid"] for row in devices[2]["processes"]], [99999999])


def test_xid_comes_and_lost(t):
    daemon = start(t, "gpus 2\n")
    equal(look(daemon)["xid"], 0)
    write(t, "gpus 2\nxid 0 79\nfail nvmlDeviceGetMemoryInfo 15 0\nfail nvmlDeviceGetMemoryInfo_v2 15 0\n")
    wait_for(lambda: look(daemon)["xid"] == 79, "the error")
    wait_for(lambda: look(daemon)["used_bytes"] is None, "the loss")
    assert look(daemon, "pci-0000:a1:00.0")["used_bytes"] is not None


def test_dcgm(t):
    daemon = start(t, "gpus 2\nmig 1 1\n")
    wait_for(lambda: "DCGM_FI_DEV_FB_USED" in scrape(daemon) and "orfeas_gpu_clock_hertz" in scrape(daemon), "the families")
    text = scrape(daemon)
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=PATIENCE_S)
    equal((done.returncode, done.stdout, done.stderr), (0, "", ""))
    families = {family.name: family for family in text_parser.text_string_to_metric_families(text)}
    equal(BOARD - set(families), set())
    used = {(sample.labels["gpu"], sample.labels.get("GPU_I_ID")): sample for sample in families["DCGM_FI_DEV_FB_USED"].samples}
    equal({key: sample.value for key, sample in used.items()}, {("0", None): 20 * 1024 - 512, ("1", "7"): (20 * 1024 - 512) / 8})
    whole, part = used["0", None].labels, used["1", "7"].labels
    equal((whole["UUID"], whole["device"], whole["pci_bus_id"]),
          ("GPU-00000000-0000-4000-8000-0000000000AA", "nvidia0", "00000000:A0:00.0"))
    assert whole["Hostname"], whole
    equal((part["UUID"], part["GPU_I_PROFILE"]), ("GPU-00000001-0000-4000-8000-0000000000AA", "1g.0gb"))
    open_families = {family.name for family in openmetrics_parser.text_string_to_metric_families(scrape(daemon, OPENMETRICS))}
    equal(BOARD - open_families, set())


def test_no_dcgm_for_others(t):
    daemon = t.start()
    wait_for(lambda: "hw_gpu_memory_usage_bytes" in scrape(daemon), "a first frame")
    assert "DCGM" not in scrape(daemon)


def test_found_by_itself(t):
    """The default is whatever finds devices; what finds none is no fault."""
    daemon = start(t, "gpus 1\n", **{"gpu.backends": "auto"})
    wait_for(lambda: any(device["backend"] == "nvml" for device in daemon.call("gpu.list")["devices"]), "it")
    sources = wait_for(lambda: (lambda s: s["opencl"]["state"] != "unavailable" and s["amdgpu"]["state"] != "unavailable" and s)(
        daemon.sources()), "the others to have looked")
    equal(sources["nvml"]["state"], "operational")
    for name in ("amdgpu", "opencl"):
        contains(("operational", "disabled"), sources[name]["state"])
        if sources[name]["state"] == "disabled":
            assert sources[name]["reason"], sources
    reasons = [reason["reason"] for reason in daemon.call("status.get")["reasons"] if reason["component"] == "gpu_optimizer"]
    equal([reason for reason in reasons if "probe" in reason], [])


def test_nothing_to_find(t):
    env = {"ORFEAS_NVML_LIBRARY": "/nonexistent", "OCL_ICD_VENDORS": "/nonexistent"}
    daemon = t.start(env=env, settings={"gpu.backends": "nvml"})
    source = wait_for(lambda: (lambda s: s["reason"] and "no NVML library" in s["reason"] and s)(daemon.sources()["nvml"]), "the reason")
    equal(source["state"], "unavailable")  # it was asked for by name
    equal(daemon.call("gpu.list")["devices"], [])


def test_blocked_delays_nothing(t):
    """A call of the library that takes more than ten seconds: all else goes on, and then it is there again."""
    daemon = start(t, "gpus 1\n", **{"gpu.backends": "nvml,simulated", "gpu.probe_timeout_us": 600000000})
    wait_for(lambda: len(daemon.call("gpu.list")["devices"]) == 3, "all devices")
    pid = daemon.sources()["nvml"]["pid"]
    write(t, "gpus 1\nhang nvmlDeviceGetMemoryInfo_v2 600000\n")
    wait_for(lambda: look(daemon)["sampled_us"] < orfeas_test.now_us() - 3000000, "it to be stuck")
    stuck_us, samples, hosts, longest_s = look(daemon)["sampled_us"], set(), set(), [0]

    def others_went_on():
        begun = time.monotonic()
        devices = {row["device"]: row for row in daemon.call("gpu.profile")["devices"]}
        longest_s[0] = max(longest_s[0], time.monotonic() - begun)
        samples.add(devices["simulated-0"]["sampled_us"])
        hosts.add(daemon.sources()["host"]["sampled_us"])
        equal(devices[FIRST]["sampled_us"], stuck_us)
        return orfeas_test.now_us() > stuck_us + 10000000 and len(samples) >= 10 and len(hosts) >= 5
    wait_for(others_went_on, "samples of the others")
    print(f"# longest call {longest_s[0] * 1000:.1f} ms; {len(samples)} samples beside it, {len(hosts)} of the host")
    frame = daemon.sql("SELECT value FROM v_sample WHERE series='orfeas.frame_us' ORDER BY t_us DESC LIMIT 1")
    print(f"# the last frame took {frame} us")
    write(t, "gpus 1\n")
    wait_for(lambda: look(daemon)["sampled_us"] > stuck_us, "it to be back")
    equal((daemon.sources()["nvml"]["pid"], daemon.sources()["nvml"]["restarts"]), (pid, 0))


def test_crash_in_the_library(t):
    daemon = start(t, "gpus 1\n", **{"gpu.probe_backoff_us": 50000, "gpu.probe_backoff_max_us": 200000})
    write(t, "gpus 1\ncrash nvmlDeviceGetFanSpeed\n")
    wait_for(lambda: look(daemon)["used_bytes"] is None, "it to be gone")
    wait_for(lambda: "gpu_optimizer" in [reason["component"] for reason in daemon.call("status.get")["reasons"]], "the reason")
    write(t, "gpus 1\n")
    wait_for(lambda: look(daemon)["used_bytes"] is not None, "it to be back")


def test_prints_are_the_log_s(t):
    """A library that prints to standard output, before the first message and among them."""
    daemon = start(t, "gpus 1\nprint nvmlInit_v2\nprint nvmlDeviceGetFanSpeed\n")
    sampled_us = wait_for(lambda: look(daemon)["sampled_us"], "a sample")
    wait_for(lambda: look(daemon)["sampled_us"] > sampled_us, "another")
    source = daemon.sources()["nvml"]
    equal((source["state"], source["restarts"]), ("operational", 0))
    for call in ("nvmlInit_v2", "nvmlDeviceGetFanSpeed"):
        wait_for(lambda: f"nvml probe: stand-in: {call}" in daemon.stderr(), call)


orfeas_test.main()
