#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""worker.*: processes that hold GPU memory register, report, listen, answer, and go."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import orfeas_test
from orfeas_test import contains, equal, fails, now_us, request, wait_for

DEVICE = "simulated-0"


def start(t, **settings):
    """With its devices known."""
    daemon = t.start(settings={"gpu.sample_us": 100000, **{key.replace("__", "."): value for key, value in settings.items()}})
    wait_for(lambda: daemon.call("gpu.list")["devices"], "the devices")
    return daemon


def register(daemon, name="vllm-0", **params):
    return daemon.call("worker.register", {"name": name, **params})["worker"]


def workers(daemon, **params):
    return daemon.call("worker.list", params)["workers"]


def find(daemon, worker):
    return next((found for found in workers(daemon) if found["worker"] == worker), None)


def wait_state(daemon, worker, state):
    return wait_for(lambda: (found := find(daemon, worker)) and found["state"] == state and found, f"{worker} to be {state}")


def sleeper():
    """A process that is there until its input ends."""
    return subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)


def test_registers_and_reports(t):
    daemon = start(t)
    before = now_us()
    answer = daemon.call("worker.register", {"name": "vllm-0", "device": DEVICE, "pid": os.getpid(), "capabilities": ["trim", "batch_size"]})
    equal(answer, {"worker": "w-1", "lease_us": 30000000})
    found = find(daemon, "w-1")
    assert before <= found["registered_us"] <= now_us(), found
    equal({key: found[key] for key in ("name", "device", "pid", "state", "source", "capabilities", "reported_us", "lost_us", "allocated_bytes", "ooms", "batches")},
          {"name": "vllm-0", "device": DEVICE, "pid": os.getpid(), "state": "connected", "source": "registered",
           "capabilities": ["trim", "batch_size"], "reported_us": None, "lost_us": None, "allocated_bytes": None, "ooms": None, "batches": 0})
    report = {"worker": "w-1", "allocator": {"allocated_bytes": 10, "reserved_bytes": 40, "largest_free_bytes": 20, "ooms": 0}}
    equal(daemon.call("worker.report", report), {"accepted": 1})
    report = {"worker": "w-1", "allocator": {"allocated_bytes": 15}, "batches": [{"size": 4, "peak_bytes": 100}, {"size": 8}]}
    equal(daemon.call("worker.report", report), {"accepted": 3})
    found = find(daemon, "w-1")
    equal([found[key] for key in ("allocated_bytes", "reserved_bytes", "largest_free_bytes", "active_bytes", "batches")], [15, 40, 20, None, 2])
    assert found["reported_us"] >= found["registered_us"]
    equal(workers(daemon, device="simulated-1"), [])
    equal(len(workers(daemon, device=DEVICE)), 1)


def test_by_rest_and_websocket(t):
    daemon = start(t)
    status, answer = daemon.rest("POST", "/workers", {"name": "a"})
    equal((status, answer["worker"]), (200, "w-1"))
    status, answer = daemon.rest("POST", "/workers/w-1/report", {"allocator": {"reserved_bytes": 5}})
    equal((status, answer["accepted"]), (200, 1))
    status, answer = daemon.rest("GET", "/workers")
    equal((status, answer["workers"][0]["reserved_bytes"], answer["workers"][0]["pid"]), (200, 5, None))
    # who cannot be told anything unasked cannot listen
    fails(lambda: daemon.call("worker.advice", {"worker": "w-1"}), "FAILED_PRECONDITION")
    with daemon.websocket() as socket:
        socket.send_text(json.dumps(request("worker.advice", {"worker": "w-1"})))
        equal(json.loads(socket.receive_text())["result"], {"stream": "s1"})
        # a second one would get the same advice, and answer it again
        with daemon.peer() as peer:
            fails(lambda: peer.call("worker.advice", {"worker": "w-1"}), "FAILED_PRECONDITION", field="worker")
        equal(find(daemon, "w-1")["state"], "connected")
    wait_state(daemon, "w-1", "silent")
    # it comes back
    with daemon.peer() as peer:
        equal(peer.call("worker.advice", {"worker": "w-1"}), {"stream": "s1"})
        equal(find(daemon, "w-1")["state"], "connected")
        equal(peer.call("stream.cancel", {"stream": "s1"}), {"cancelled": True})
        equal(find(daemon, "w-1")["state"], "silent")
    status, answer = daemon.rest("POST", "/workers/w-1/done", {"advice": "a-1"})
    equal((status, answer["error"]["status"]), (404, "NOT_FOUND"))
    status, answer = daemon.rest("POST", "/workers/w-1/leave", {})
    equal((status, answer["left"]), (200, True))
    equal(find(daemon, "w-1")["state"], "left")


def test_same_name_and_pid(t):
    daemon = start(t)
    first = register(daemon, pid=os.getpid(), device=DEVICE)
    daemon.call("worker.report", {"worker": first, "allocator": {"reserved_bytes": 7}})
    equal(register(daemon, pid=os.getpid(), device="simulated-1", capabilities=["trim"]), first)
    found = find(daemon, first)
    equal((found["device"], found["capabilities"], found["reserved_bytes"]), ("simulated-1", ["trim"], 7))
    assert register(daemon, pid=os.getppid()) != first
    assert register(daemon) != first
    # by the Unix socket its own pid is known
    with daemon.peer() as peer:
        equal(peer.call("worker.register", {"name": "vllm-0"})["worker"], first)
        other = peer.call("worker.register", {"name": "b"})["worker"]
    equal(find(daemon, other)["pid"], os.getpid())


def test_killed_is_lost_at_once(t):
    """Its lease lasts for half a minute more, and its parent does not look."""
    daemon = start(t)
    process = sleeper()
    worker = register(daemon, pid=process.pid)
    daemon.call("worker.report", {"worker": worker, "allocator": {"reserved_bytes": 9}})
    process.kill()
    found = wait_state(daemon, worker, "lost")
    equal(found["reserved_bytes"], 9)
    assert found["lost_us"] > found["reported_us"], found
    process.wait()
    # whoever says that he is that worker is there again
    daemon.call("worker.report", {"worker": worker})
    found = find(daemon, worker)
    equal((found["state"], found["lost_us"]), ("connected", None))


def test_lease(t):
    daemon = start(t, workers__lease_us=400000, workers__keep_us=4000000)
    worker = register(daemon)
    with daemon.peer() as peer:
        peer.call("worker.advice", {"worker": worker})
        wait_state(daemon, worker, "silent")  # it listens, and does not report
        equal(find(daemon, worker)["lost_us"], None)
        wait_for(lambda: peer.call("worker.report", {"worker": worker}) and find(daemon, worker)["state"] == "connected", "it to be heard again")
    wait_state(daemon, worker, "lost")
    wait_for(lambda: find(daemon, worker) is None, "it to be forgotten")
    fails(lambda: daemon.call("worker.report", {"worker": worker}), "NOT_FOUND", field="worker")
    assert register(daemon) != worker


def test_refused(t):
    daemon = start(t, workers__max_workers=3)
    fails(lambda: register(daemon, device="opencl-7"), "NOT_FOUND", field="device")
    fails(lambda: workers(daemon, device="opencl-7"), "NOT_FOUND", field="device")
    fails(lambda: register(daemon, name=""), "INVALID_ARGUMENT", field="name")
    fails(lambda: register(daemon, name="a" * 201), "INVALID_ARGUMENT", field="name")
    fails(lambda: register(daemon, pid=0), "INVALID_ARGUMENT", field="pid")
    fails(lambda: register(daemon, capabilities=["a"] * 17), "INVALID_ARGUMENT", field="capabilities")
    for method in ("worker.report", "worker.advice", "worker.leave"):
        fails(lambda: daemon.admin(method, {"worker": "w-1"}), "NOT_FOUND", field="worker")
    equal(workers(daemon), [])
    ids = [register(daemon, name=f"n{i}") for i in range(3)]
    error = fails(lambda: register(daemon, name="n3"), "RESOURCE_EXHAUSTED")
    assert "workers.max_workers" in error.message and error.data["retry_after_ms"] > 0, error.data
    equal(register(daemon, name="n1"), ids[1])
    daemon.call("worker.leave", {"worker": ids[0]})
    register(daemon, name="n3")
    huge = {"worker": ids[1], "batches": [{"size": 1, "operation": "o" * 200}] * 1001}
    fails(lambda: daemon.call("worker.report", huge), "INVALID_ARGUMENT", field="batches")
    fails(lambda: daemon.call("worker.report", {"worker": ids[1], "allocator": {"ooms": -1}}), "INVALID_ARGUMENT")
    fails(lambda: daemon.call("worker.report", {"worker": ids[1], "batches": [{"size": 0}]}), "INVALID_ARGUMENT")
    fails(lambda: daemon.call("worker.done", {"worker": ids[1], "advice": "a-1"}), "NOT_FOUND", field="advice")


def test_unknown_device(t):
    """It may be one of a probe that has not told its devices; of one that said that it has none it is not."""
    daemon = t.start(settings={"gpu.backends": "simulated,nvml"}, env={"ORFEAS_NVML_LIBRARY": "/none"})
    wait_for(lambda: daemon.call("gpu.list")["devices"], "the devices")
    error = fails(lambda: register(daemon, device="nvml-0"), "UNAVAILABLE")
    assert "nvml" in error.message and error.data["retry_after_ms"] > 0, error
    register(daemon, device=DEVICE)
    daemon.stop()
    daemon = t.start(settings={"gpu.backends": "auto"}, env={"ORFEAS_NVML_LIBRARY": "/none"}, db=os.path.join(t.dir, "other.db"))

    def refused():
        try:
            register(daemon, device="nvml-0")
        except orfeas_test.RpcError as error:
            return error.status == "NOT_FOUND"

    wait_for(refused, "all probes to have told")


def test_pages(t):
    daemon = start(t)
    ids = [register(daemon, name=f"n{i}") for i in range(7)]
    seen, cursor = [], None
    while True:
        page = daemon.call("worker.list", {"limit": 3, **({"cursor": cursor} if cursor else {})})
        seen += [worker["worker"] for worker in page["workers"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    equal(seen, ids)
    fails(lambda: daemon.call("worker.list", {"cursor": "x"}), "INVALID_ARGUMENT", field="cursor")


def test_on_disk(t):
    """What was accepted is there after a kill, and a worker that goes on is the same."""
    daemon = start(t, workers__max_batches=5)
    with sleeper() as process:
        lost = register(daemon, name="lost", pid=process.pid, device=DEVICE, capabilities=["trim", "unload"])
        allocator = {"allocated_bytes": 1, "reserved_bytes": 2, "active_bytes": 3, "inactive_split_bytes": 4, "largest_free_bytes": 5, "ooms": 6, "retries": 7}
        daemon.call("worker.report", {"worker": lost, "allocator": allocator})
        process.kill()
    wait_state(daemon, lost, "lost")
    left, stays = register(daemon, name="left"), register(daemon, name="stays", device=DEVICE)
    daemon.call("worker.leave", {"worker": left})
    batches = [{"size": n, "peak_bytes": n * 100, "duration_us": n * 10, "operation": "mesh"} for n in range(1, 4)]
    for _ in range(2):
        daemon.call("worker.report", {"worker": stays, "batches": batches})
    before = workers(daemon)
    daemon.restart()
    wait_for(lambda: daemon.call("gpu.list")["devices"], "the devices")
    after = workers(daemon)
    equal([worker["state"] for worker in after], ["lost", "left", "silent"])
    equal([{**worker, "state": None} for worker in after], [{**worker, "state": None} for worker in before])
    equal({key: after[0][key] for key in allocator}, allocator)
    equal(after[2]["batches"], 6)
    equal(daemon.sql("SELECT worker_id, size, peak_bytes, duration_us, operation FROM worker_batch ORDER BY rowid"),
          [(3, n, n * 100, n * 10, "mesh") for n in (2, 3, 1, 2, 3)])
    daemon.call("worker.report", {"worker": stays, "batches": batches[:1]})
    equal((find(daemon, stays)["state"], find(daemon, stays)["batches"]), ("connected", 7))
    equal(register(daemon, name="lost", pid=process.pid), lost)
    equal(register(daemon, name="new"), "w-4")
    equal(daemon.sql("SELECT worker, state FROM v_worker ORDER BY worker"), [("w-1", "there"), ("w-2", "left"), ("w-3", "there"), ("w-4", "there")])


def test_repeated_with_its_key(t):
    """What is repeated later than the next was said: it is answered as the first time, and changes nothing."""
    daemon = start(t)
    worker = register(daemon)

    def repeat(method, key, **params):
        return daemon.call(method, {"worker": worker, **params}, {"idempotency_key": key})

    for ooms in (1, 2):
        equal(repeat("worker.report", f"r{ooms}", allocator={"ooms": ooms}, batches=[{"size": 1}]), {"accepted": 2})
        equal((find(daemon, worker)["ooms"], find(daemon, worker)["batches"]), (ooms, ooms))
    equal(repeat("worker.report", "r1", allocator={"ooms": 1}, batches=[{"size": 1}]), {"accepted": 2})
    equal((find(daemon, worker)["ooms"], find(daemon, worker)["batches"]), (2, 2))
    equal(repeat("worker.leave", "l"), {"left": True})
    equal(find(daemon, worker)["state"], "left")
    equal(daemon.sql("SELECT state FROM v_worker"), [("left",)])
    equal(register(daemon), worker)
    equal(repeat("worker.leave", "l"), {"left": True})
    fails(lambda: repeat("worker.leave", "r1"), "FAILED_PRECONDITION")
    equal(find(daemon, worker)["state"], "connected")
    equal(daemon.sql("SELECT state, (SELECT ooms FROM worker) FROM v_worker"), [("there", 2)])


def test_silent_when_the_daemon_stops(t):
    """One that listens, and has not reported for a lease, is not lost because the daemon ends its stream."""
    daemon = start(t, workers__lease_us=500000)
    with daemon.peer() as peer:
        worker = peer.call("worker.register", {"name": "busy"})["worker"]
        peer.call("worker.advice", {"worker": worker})
        wait_state(daemon, worker, "silent")
        daemon.stop()
        equal(daemon.sql("SELECT state FROM v_worker"), [("there",)])
        equal(daemon.sql("SELECT count(*) FROM incident"), [(0,)])


def test_lost_after_restart(t):
    """Those that were there when the daemon ended, and do not come back."""
    daemon = start(t, workers__lease_us=500000)
    worker = register(daemon)
    daemon.call("worker.report", {"worker": worker, "allocator": {"reserved_bytes": 9}})
    daemon.restart()
    equal(wait_state(daemon, worker, "lost")["reserved_bytes"], 9)
    wait_for(lambda: daemon.sql("SELECT count(*) FROM v_worker WHERE state = 'lost'") == [(1,)], "it to be on disk")
    equal(daemon.sql("SELECT kind, text FROM v_timeline WHERE source = 'worker' ORDER BY t_us"), [("registered", "vllm-0"), ("lost", "vllm-0")])
    # it goes on saying so, for its lease is short
    wait_for(lambda: daemon.call("worker.report", {"worker": worker}) and daemon.sql("SELECT count(*) FROM v_worker WHERE state = 'there'") == [(1,)], "it to be back on disk")


def find_device(daemon, device=DEVICE):
    return daemon.call("gpu.profile", {"device": device})["devices"][0]


def test_device(t):
    """What its live workers report is the device's: sums, and the largest block."""
    daemon = start(t, gpu__backends="simulated")
    keys = ("allocated_bytes", "reserved_bytes", "largest_free_bytes", "fragmentation_percent")
    a, b, elsewhere = register(daemon, name="a", device=DEVICE), register(daemon, name="b", device=DEVICE), register(daemon, name="c", device="simulated-1")
    daemon.call("worker.report", {"worker": a, "allocator": {"allocated_bytes": 100, "reserved_bytes": 200, "largest_free_bytes": 60}})
    daemon.call("worker.report", {"worker": b, "allocator": {"allocated_bytes": 10, "reserved_bytes": 200, "largest_free_bytes": 190}})
    daemon.call("worker.report", {"worker": elsewhere, "allocator": {"reserved_bytes": 7}})
    # of 400 reserved a has 40 idle that are not in its largest block
    equal([find_device(daemon)[key] for key in keys], [110, 400, 190, 10])
    equal([find_device(daemon, "simulated-1")[key] for key in keys], [None, 7, None, None])
    sampled_us = find_device(daemon)["sampled_us"]
    wait_for(lambda: find_device(daemon)["sampled_us"] > sampled_us, "the next sample")
    equal([find_device(daemon)[key] for key in keys], [110, 400, 190, 10])
    daemon.call("worker.leave", {"worker": b})
    equal([find_device(daemon)[key] for key in keys], [100, 200, 60, 20])


def last_values(daemon, select):
    answer = daemon.call("metrics.query", {"select": select, "from_us": now_us() - 600 * 10**6, "to_us": now_us() + 10**6})
    return {series["series"]: series["points"][-1][1] for series in answer["series"] if series["points"]}


def test_series(t):
    daemon = start(t, workers__max_with_series=2)
    a = register(daemon, name="a", device=DEVICE)
    daemon.call("worker.report", {"worker": a, "allocator": {"allocated_bytes": 100, "ooms": 2}, "batches": [{"size": 1}]})
    labels = '{device="simulated-0",worker="a"}'
    wait_for(lambda: f"worker.up{labels}" in last_values(daemon, '{__name__=~"worker[.].*"}'), "its series")
    expected = {f"worker.memory.allocated_bytes{labels}": 100, f"worker.ooms{labels}": 2, f"worker.batches{labels}": 1, f"worker.up{labels}": 1,
                f"worker.lost{labels}": 0}
    wait_for(lambda: last_values(daemon, '{__name__=~"worker[.].*"}') == expected, "all of them")
    # a second of the same name is told apart, and a third has none
    same = register(daemon, name="a", device=DEVICE, pid=os.getpid())
    register(daemon, name="c")
    wait_for(lambda: f'worker.up{{device="simulated-0",worker="a ({same})"}}' in last_values(daemon, "worker.up"), "the second")
    daemon.call("worker.leave", {"worker": a})
    wait_for(lambda: last_values(daemon, "worker.up").get(f"worker.up{labels}") == 0, "it to be told as gone")
    equal(last_values(daemon, "worker.lost")[f"worker.lost{labels}"], 0)
    equal(len(last_values(daemon, "worker.up")), 2)
    _, _, page = daemon.http("GET", "/metrics")
    assert b'orfeas_worker_up{hw_id="simulated-0",worker="a"} 0' in page and b"orfeas_worker_ooms_total{" in page, page[-3000:]


def test_who_leaves_is_no_fault(t):
    daemon = start(t)
    process = sleeper()
    killed = register(daemon, name="killed", device=DEVICE, pid=process.pid)
    ended = register(daemon, name="ended", device=DEVICE)
    wait_for(lambda: len(last_values(daemon, "worker.lost")) == 2, "both")
    daemon.call("worker.leave", {"worker": ended})
    process.kill()
    process.wait()
    wait_for(lambda: sorted(last_values(daemon, "worker.up").values()) == [0, 0], "both to be gone")
    lost = last_values(daemon, "worker.lost")
    equal(lost, {'worker.lost{device="simulated-0",worker="ended"}': 0, 'worker.lost{device="simulated-0",worker="killed"}': 1})
    # the health score names the worker, and not the device that it had
    reasons = lambda: [reason["reason"] for reason in daemon.call("predictions.list")["health"]["reasons"] if reason["part"] == "workers"]
    wait_for(lambda: reasons() == ["killed is lost"], "the health's reason")
    alerts = lambda: [(one["summary"], one["state"]) for one in daemon.call("alerts.history")["alerts"] if one["rule"] == "worker_lost" and one["fired_us"]]
    wait_for(lambda: alerts() == [("worker killed was lost", "firing")], "its alert")
    # it is back, and that is seen; or somebody says that it is not to be waited for
    daemon.call("worker.report", {"worker": killed})
    wait_for(lambda: alerts() == [("worker killed was lost", "resolved")], "its end")
    process = sleeper()
    late = register(daemon, name="late", device=DEVICE, pid=process.pid)
    wait_for(lambda: len(last_values(daemon, "worker.lost")) == 3, "another")
    process.kill()
    process.wait()
    wait_for(lambda: last_values(daemon, "worker.lost")['worker.lost{device="simulated-0",worker="late"}'] == 1, "it to be lost")
    daemon.call("worker.leave", {"worker": late})
    wait_for(lambda: last_values(daemon, "worker.lost")['worker.lost{device="simulated-0",worker="late"}'] == 0, "it to have left")


def next_advice(connection):
    """The next that it is asked."""
    while True:
        message = json.loads(connection.receive_text())
        if message.get("method") == "stream.next":
            return message["params"]["value"]


def test_asked(t):
    """By a cleanup: over a Unix socket and a WebSocket, answered there and by REST."""
    daemon = start(t)
    ids = [register(daemon, name=name, device=DEVICE, capabilities=["trim"]) for name in ("a", "b", "c")]
    for worker in ids:
        daemon.call("worker.report", {"worker": worker, "allocator": {"allocated_bytes": 0, "reserved_bytes": 1 << 30, "largest_free_bytes": 1 << 30}})
    with daemon.peer() as a, daemon.websocket() as b, ThreadPoolExecutor(1) as pool:
        a.call("worker.advice", {"worker": ids[0]})
        b.send_text(json.dumps(request("worker.advice", {"worker": ids[1]})))
        contains(json.loads(b.receive_text()), "result")
        cleanup = pool.submit(daemon.call, "gpu.cleanup", {"device": DEVICE}, {"deadline_ms": 50000})
        asked = next_advice(a)
        equal((asked["kind"], asked["level"], asked["batch_size"]), ("cleanup", "normal", None))
        done = {"worker": ids[0], "advice": asked["advice"], "outcome": "partial", "freed_bytes": 7, "text": "busy",
                "allocator": {"reserved_bytes": 3 << 20}}
        fails(lambda: daemon.call("worker.done", {**done, "worker": ids[1]}), "NOT_FOUND", field="advice")
        fails(lambda: daemon.call("worker.done", {**done, "worker": "w-9"}), "NOT_FOUND", field="worker")
        for _ in range(2):  # a repetition, for the answer was lost on the way
            equal(daemon.call("worker.done", done, {"idempotency_key": "d1"}), {"accepted": 1})
        fails(lambda: daemon.call("worker.done", done), "FAILED_PRECONDITION", field="advice")
        # what it holds now counts as a report
        equal(daemon.call("worker.list")["workers"][0]["reserved_bytes"], 3 << 20)
        asked = next_advice(b)
        status, answer = daemon.rest("POST", f"/workers/{ids[1]}/done", {"advice": asked["advice"], "outcome": "refused"})
        equal((status, answer["accepted"]), (200, 1))
        told = {worker["worker"]: worker for worker in cleanup.result()["workers"]}
    equal(told[ids[0]]["claimed_bytes"], 7)
    equal(told[ids[1]]["verdict"], "refused")
    assert ids[2] not in told or told[ids[2]]["claimed_bytes"] is None, told  # it does not listen


def test_dies_while_asked(t):
    """The process, or the daemon: nobody waits for either."""
    daemon = start(t)
    process = sleeper()
    worker = register(daemon, device=DEVICE, pid=process.pid, capabilities=["trim"])
    daemon.call("worker.report", {"worker": worker, "allocator": {"allocated_bytes": 0, "reserved_bytes": 1 << 30}})
    with daemon.peer() as peer, ThreadPoolExecutor(1) as pool:
        peer.call("worker.advice", {"worker": worker})
        cleanup = pool.submit(daemon.call, "gpu.cleanup", {"device": DEVICE}, {"deadline_ms": 50000})
        asked = next_advice(peer)
        process.kill()
        equal([told["verdict"] for told in cleanup.result()["workers"]], ["lost"])
        fails(lambda: daemon.call("worker.done", {"worker": worker, "advice": asked["advice"]}), "FAILED_PRECONDITION")
        process.wait()
        equal(daemon.call("worker.register", {"name": "vllm-0", "pid": process.pid, "device": DEVICE})["worker"], worker)
    daemon.restart()
    # an advice of the run before is none of this one's
    fails(lambda: daemon.call("worker.done", {"worker": worker, "advice": asked["advice"]}), "NOT_FOUND")


def test_by_orfeasctl(t):
    """From the daemon, and from its file."""
    daemon = start(t)
    first, second = register(daemon, name="a", device=DEVICE, pid=os.getpid(), capabilities=["trim", "unload"]), register(daemon, name="b")
    daemon.call("worker.report", {"worker": first, "allocator": {"reserved_bytes": 1 << 20, "ooms": 2}, "batches": [{"size": 1}]})
    daemon.call("worker.leave", {"worker": second})
    lines = [line.split("\t") for line in t.ctl(daemon, "workers")[1].splitlines()]
    equal([line[:10] for line in lines[-2:]],
          [[first, "a", "connected", DEVICE, str(os.getpid()), "-", "1048576", "-", "2", "1"], [second, "b", "left", "-", "-", "-", "-", "-", "-", "0"]])
    equal(lines[-2][11:], ["registered", "trim,unload"])
    daemon.stop()
    told = json.loads(t.ctl(None, "--db", daemon.db, "workers", "--device", DEVICE, "--json")[1])
    equal([(worker["worker"], worker["state"], worker["reserved_bytes"], worker["batches"]) for worker in told["workers"]], [(first, "silent", 1 << 20, 1)])


def test_repeated(t):
    """With their keys, also after a kill."""
    daemon = start(t)
    key = {"idempotency_key": "k1"}
    first = daemon.call("worker.register", {"name": "a"}, key)
    report = {"worker": first["worker"], "batches": [{"size": 1}]}
    done = {"worker": first["worker"], "advice": "a-1"}
    for _ in range(2):
        equal(daemon.call("worker.register", {"name": "a"}, key), first)
        equal(daemon.call("worker.report", report, {"idempotency_key": "k2"}), {"accepted": 1})
        fails(lambda: daemon.call("worker.done", done, {"idempotency_key": "k3"}), "NOT_FOUND", field="advice")
        daemon.restart()
    equal(find(daemon, first["worker"])["batches"], 1)
    equal(len(workers(daemon)), 1)
    fails(lambda: daemon.call("worker.register", {"name": "b"}, key), "FAILED_PRECONDITION")
    equal(len(workers(daemon)), 1)


def test_rows_are_bounded(t):
    daemon = start(t, workers__max_rows=4)
    for i in range(8):
        worker = register(daemon, name=f"n{i}")
        if i != 2:
            daemon.call("worker.leave", {"worker": worker})
    equal(daemon.sql("SELECT id FROM worker ORDER BY id"), [(3,), (5,), (6,), (7,), (8,)])


if __name__ == "__main__":
    orfeas_test.main()
