#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What devices tell: raised, cleared, and kept by the black box."""

import json
import os
import signal
import subprocess

import orfeas_test
from orfeas_test import contains, equal, fails, now_us, wait_for

SECOND = 10**6
FAST = {"gpu.sample_us": "100000"}


def start(t, simulated, settings=None):
    return t.start(settings={**FAST, **(settings or {})}, env={"ORFEAS_SIMULATED": simulated})


def events(daemon, **params):
    return daemon.call("gpu.events", params)["events"]


def incidents(daemon):
    return daemon.call("incidents.list")["incidents"]


def test_driver_error(t):
    """A row, a series, and an incident whose member it is."""
    before = now_us()
    daemon = start(t, "xid=79 xid_at=3")
    event = wait_for(lambda: events(daemon), "the event")[0]
    equal((event["id"], event["device"], event["kind"], event["severity"], event["code"]), ("g-1", "simulated-0", "xid", "critical", 79))
    equal((event["text"], event["cleared_us"]), ("XID 79: the GPU has fallen off the bus", None))
    assert before <= event["raised_us"] <= now_us(), event
    equal(events(daemon, device="simulated-1"), [])
    fails(lambda: events(daemon, device="none"), "NOT_FOUND", field="device")
    fails(lambda: events(daemon, cursor="x"), "INVALID_ARGUMENT", field="cursor")

    one = wait_for(lambda: incidents(daemon), "the incident")[0]
    equal((one["title"], one["author"], one["reason"]), ("XID 79 on simulated-0", "black box", event["text"]))
    equal((one["from_us"], one["to_us"]), (event["raised_us"] - 600 * SECOND, event["raised_us"] + 60 * SECOND))
    member = [m for m in daemon.call("incidents.get", {"id": one["id"]})["members"] if m["kind"] == "gpu_event"][0]
    equal((member["id"], member["t_us"], member["title"]), ("g-1", event["raised_us"], "simulated-0: " + event["text"]))
    equal(daemon.sql("SELECT from_us, to_us FROM pin"), [(one["from_us"], one["to_us"])])

    def value(select):
        series = daemon.call("metrics.query", {"select": select, "from_us": before, "to_us": now_us() + SECOND})["series"]
        return series and series[0]["points"] and series[0]["points"][-1][1]

    wait_for(lambda: value('gpu.events.open{device="simulated-0",severity="critical"}') == 1, "the gauge")
    wait_for(lambda: value('gpu.events.raised{device="simulated-0"}') == 1, "the counter")
    equal(daemon.sql("SELECT device, kind, text FROM v_gpu_event"), [("simulated-0", "xid", event["text"])])


def test_throttling(t):
    """Raised after two seconds, cleared after ten without, and then its end is when it was last so."""
    daemon = start(t, "hot_at=5 cool_at=40", {"gpu.backends": "simulated"})
    event = wait_for(lambda: events(daemon), "the event")[0]
    equal((event["kind"], event["severity"], event["code"]), ("throttle", "warning", None))
    event = wait_for(lambda: [e for e in events(daemon) if e["cleared_us"]], "its end", 60)[0]
    assert SECOND < event["cleared_us"] - event["raised_us"] < 30 * SECOND, event
    equal(incidents(daemon), [])


def test_lost(t):
    daemon = start(t, "missing_at=5", {"gpu.simulated_devices": "1"})
    event = wait_for(lambda: events(daemon), "the event")[0]
    equal((event["kind"], event["severity"]), ("lost", "critical"))
    equal(wait_for(lambda: incidents(daemon), "the incident")[0]["title"], "simulated-0 is lost")


def test_across_a_kill(t):
    """What the daemon that was killed left open has an end; the incident is made longer."""
    daemon = start(t, "missing_at=5", {"gpu.simulated_devices": "1"})
    wait_for(lambda: incidents(daemon), "the incident")
    daemon.restart()  # by kill -9
    wait_for(lambda: len(events(daemon)) == 2, "the second event")
    second, first = events(daemon)
    assert first["raised_us"] <= first["cleared_us"] <= second["raised_us"], (first, second)
    equal((second["id"], second["cleared_us"]), ("g-2", None))
    wait_for(lambda: incidents(daemon)[0]["to_us"] == second["raised_us"] + 60 * SECOND, "the longer one")
    equal(len(incidents(daemon)), 1)
    equal(daemon.sql("SELECT to_us FROM pin"), [(second["raised_us"] + 60 * SECOND,)])


def test_switched_off(t):
    daemon = start(t, "xid_at=2", {"history.max_black_boxes": "0"})
    wait_for(lambda: events(daemon), "the event")
    equal(incidents(daemon), [])


def test_worker_death(t):
    """A worker that dies is an incident, with what it said last."""
    daemon = start(t, "")
    wait_for(lambda: daemon.call("gpu.list")["devices"], "the devices")
    process = subprocess.Popen(["sleep", "600"])
    try:
        worker = daemon.call("worker.register", {"name": "studio", "pid": process.pid, "device": "simulated-0"})["worker"]
        daemon.call("worker.report", {"worker": worker, "allocator": {"reserved_bytes": 1 << 30, "ooms": 0}})
        daemon.call("worker.report", {"worker": worker, "allocator": {"reserved_bytes": 1 << 30, "ooms": 2}})
        one = wait_for(lambda: incidents(daemon), "the incident of the OOM")[0]
        equal(one["title"], "out of GPU memory in worker studio")
        contains(one["reason"], "2 allocations failed")
        contains(one["reason"], "reserved 1024.0 MiB")
    finally:
        process.kill()
        process.wait()
    wait_for(lambda: len(incidents(daemon)) == 2, "the incident of the death")
    one = [i for i in incidents(daemon) if "lost" in i["title"]][0]
    equal(one["title"], "worker studio was lost")
    contains(one["reason"], f"process {process.pid}")


def test_orphans(t):
    """The processes of simulated devices were never there; what they hold is nobody's."""
    daemon = start(t, "used_percent=50", {"gpu.simulated_devices": "1", "gpu.simulated_total_bytes": str(12 << 30)})
    found = wait_for(lambda: (lambda r: len(r["orphans"]) == 3 and r)(daemon.call("gpu.orphans")), "the orphans")
    equal(found["unknown"], [])
    # two processes have a third and a sixth of what is used, and nobody the other half
    rest, first, second = found["orphans"]
    equal([(o["kind"], o["used_bytes"]) for o in found["orphans"]], [("unaccounted", 3 << 30), ("ended", 2 << 30), ("ended", 1 << 30)])
    equal([(o["last_pid"], o["last_name"], o["last_worker"]) for o in (first, second)], [(100000, "simulated-worker-0", None), (100001, "simulated-worker-1", None)])
    equal(wait_for(lambda: daemon.call("gpu.orphans")["orphans"][0]["last_pid"], "its last owner"), 100000)
    assert rest["since_us"] <= now_us() - 5 * SECOND, rest
    fails(lambda: daemon.call("gpu.orphans", {"device": "none"}), "NOT_FOUND", field="device")
    status, out, _ = t.ctl(daemon, "gpu", "orphans")
    equal((status, out.splitlines()[2].split("\t")[4:6]), (0, ["100000", "simulated-worker-0"]))

    def gauge():
        series = daemon.call("metrics.query", {"select": "gpu.memory.orphaned_bytes", "from_us": now_us() - 60 * SECOND, "to_us": now_us() + SECOND})["series"]
        return series and series[0]["points"] and series[0]["points"][-1][1]

    wait_for(lambda: gauge() == 6 << 30, "the gauge")


def test_orphans_of_a_probe_that_hangs(t):
    """What it told is no more than that: not of now, and no sample of each frame."""
    daemon = start(t, "used_percent=50", {"gpu.simulated_devices": "1", "gpu.simulated_total_bytes": str(12 << 30), "gpu.probe_timeout_us": "60000000"})
    wait_for(lambda: daemon.call("gpu.orphans")["orphans"], "the orphans")
    probe = [source["pid"] for source in daemon.call("status.get")["sources"] if source["kind"] == "probe" and source["pid"]][0]
    os.kill(probe, signal.SIGSTOP)
    try:
        found = wait_for(lambda: (lambda r: not r["orphans"] and r)(daemon.call("gpu.orphans")), "them to be of another time")
        equal([one["reason"] for one in found["unknown"]], ["its probe tells nothing at present"])
        equal(daemon.call("metrics.query", {"select": "gpu.memory.orphaned_bytes", "from_us": now_us() - 2 * SECOND, "to_us": now_us() + SECOND})["series"], [])
    finally:
        os.kill(probe, signal.SIGCONT)
    wait_for(lambda: daemon.call("gpu.orphans")["orphans"], "the orphans again")


def test_orphans_unknown(t):
    daemon = t.start(settings={"gpu.backends": "opencl"})
    if not wait_for(lambda: daemon.call("gpu.list")["devices"], "an OpenCL device"):
        return
    found = wait_for(lambda: daemon.call("gpu.orphans")["unknown"], "the reason")
    contains(found[0]["reason"], "does not tell which processes")
    equal(t.ctl(daemon, "gpu", "orphans")[0], 0)


def opencl_device(daemon):
    return wait_for(lambda: daemon.call("gpu.list")["devices"], "an OpenCL device")[0]["device"]


def test_largest(t):
    """Found on real PoCL, and refused unless it is wanted and nobody else is there."""
    cap = 64 << 20
    daemon = t.start(settings={"gpu.backends": "opencl", "gpu.largest_block": "true", "gpu.max_largest_block_bytes": str(cap)})
    device = opencl_device(daemon)
    found = daemon.call("gpu.largest", {"device": device})
    equal((found["largest_bytes"], found["capped"], found["cap_bytes"]), (cap, True, cap))
    assert found["took_us"] > 0, found
    equal(t.ctl(daemon, "gpu", "largest", device)[:2], (0, f"{cap} or more\n"))
    fails(lambda: daemon.call("gpu.largest", {"device": "none"}), "NOT_FOUND", field="device")
    equal(daemon.sql("SELECT count(*) FROM audit WHERE method='gpu.largest'"), [(3,)])
    daemon.call("worker.register", {"name": "studio", "device": device})
    contains(str(fails(lambda: daemon.call("gpu.largest", {"device": device}), "FAILED_PRECONDITION")), "1 workers use")


def test_largest_refused(t):
    daemon = start(t, "used_percent=50")
    wait_for(lambda: daemon.call("gpu.list")["devices"], "the devices")
    contains(str(fails(lambda: daemon.call("gpu.largest", {"device": "simulated-0"}), "FAILED_PRECONDITION")), "largest_block is false")
    daemon.stop()
    daemon = start(t, "used_percent=50", {"gpu.largest_block": "true"})
    wait_for(lambda: daemon.call("gpu.list")["devices"], "the devices")
    contains(str(fails(lambda: daemon.call("gpu.largest", {"device": "simulated-0"}), "FAILED_PRECONDITION")), "2 processes use")
    daemon.stop()
    daemon = start(t, "used_percent=4 processes=0", {"gpu.largest_block": "true"})
    wait_for(lambda: daemon.call("gpu.list")["devices"], "the devices")
    contains(str(fails(lambda: daemon.call("gpu.largest", {"device": "simulated-0"}), "UNAVAILABLE")), "OpenCL")


def test_orfeasctl(t):
    daemon = start(t, "xid=31 xid_at=2")
    wait_for(lambda: events(daemon), "the event")
    status, out, _ = t.ctl(daemon, "gpu", "events")
    equal(status, 0)
    contains(out, "XID 31: GPU memory page fault")
    contains(out, "warning\tsimulated-0\txid")
    equal(len(t.ctl(daemon, "gpu", "events", "simulated-1")[1].splitlines()), 1)
    equal(t.ctl(daemon, "gpu", "events", "none")[0], 1)
    equal(t.ctl(daemon, "gpu", "simulated-0")[0], 0)
    daemon.stop()
    status, out, _ = t.ctl(None, "--db", daemon.db, "gpu", "events", "simulated-0", "--json")
    equal((status, [e["code"] for e in json.loads(out)["events"]]), (0, [31]))


orfeas_test.main()
