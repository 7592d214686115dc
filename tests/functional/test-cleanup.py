#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gpu.cleanup: real processes that hold memory are asked for it; the verdicts beside what /proc and the pools say."""

import json
import os
import re
import subprocess
import sys
import threading
import time

import fake_probe
import orfeas_test
from orfeas_test import Skip, contains, equal, fails, now_us, wait_for

MIB = 1024 * 1024
HERE = os.path.dirname(os.path.abspath(__file__))
FAKE = "fake-0"


def pss_bytes(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Pss:\s+(\d+) kB", file.read(), re.MULTILINE).group(1)) * 1024


def within(value, expected, percent, what):
    assert abs(value - expected) <= expected * percent / 100, f"{what}: {value / MIB:.1f} MiB, expected {expected / MIB:.1f} MiB"


class Worker:
    """cleanup_worker.py in a process of its own."""

    def __init__(self, daemon, device, behaviour="honest", held_mib=128, name=None, folder=None):
        self.name = name or behaviour
        command = [sys.executable, os.path.join(HERE, "cleanup_worker.py"), daemon.socket, self.name, device, str(held_mib), behaviour]
        if folder is not None:
            command.append(os.path.join(folder, "by-name-" + self.name))
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        facts = json.loads(self.process.stdout.readline())
        self.worker, self.pid = facts["worker"], facts["pid"]
        if folder is not None:
            os.symlink(command[-1], os.path.join(folder, str(self.pid)))

    def take(self, mib):
        self.process.stdin.write(f"take {mib}\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Crew:
    """Workers that end with the test."""

    def __init__(self, daemon, device, folder=None):
        self.daemon, self.device, self.folder, self.workers = daemon, device, folder, []

    def add(self, *arguments, **options):
        self.workers.append(Worker(self.daemon, self.device, *arguments, folder=self.folder, **options))
        return self.workers[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for worker in self.workers:
            worker.close()


def settings(**more):
    return {"gpu.cleanup_grace_us": 1000000, "gpu.cleanup_timeout_us": 9000000, **{key.replace("__", "."): value for key, value in more.items()}}


def unified(t, **more):
    """On the host's own memory: (daemon, device)."""
    daemon = t.start(settings={"gpu.backends": "opencl", **settings(**more)})
    device = wait_for(lambda: daemon.call("gpu.list")["devices"], "an OpenCL device")[0]
    if "pthread" not in device["name"] and "cpu" not in device["name"]:
        raise Skip("the device has memory of its own")
    return daemon, device["device"]


def discrete(t, **more):
    """On a device that files make up: (daemon, crew)."""
    folder = os.path.join(t.dir, "device")
    os.mkdir(folder)
    daemon = orfeas_test.Daemon(t, settings=settings(**more), env={"FAKE_DEVICE": folder})
    daemon.command[0] = fake_probe.install(t.dir, orfeas_test.ORFEASD)
    daemon.start()
    wait_for(lambda: daemon.call("gpu.list")["devices"], "the device")
    return daemon, Crew(daemon, FAKE, folder)


def put(crew, name, size):
    path = os.path.join(crew.folder, name)
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(str(size))
    os.replace(path + ".new", path)


def get_looks(crew):
    with open(os.path.join(crew.folder, "looks"), encoding="ascii") as file:
        return int(file.read())


def by_name(result):
    return {worker["name"]: worker for worker in result["workers"]}


def test_three_demo_workers(t):
    """What the pools held idle comes back, and the verdict is what the pools and the system say."""
    if os.environ.get("ORFEAS_SANITIZED"):
        raise Skip("a sanitizer keeps what was freed")
    daemon, device = unified(t)
    demos = [t.demo_worker(daemon, "--name", f"studio-{i}", "--weights-mib", "20", "--idle-mib", str(96 + 64 * i), "--max-batch", "0",
                           "--report-ms", "100") for i in range(3)]
    idle = sum(96 + 64 * i for i in range(3)) * MIB
    before = [pss_bytes(demo.pid) for demo in demos]
    plan = daemon.call("gpu.cleanup", {"device": device, "dry_run": True})
    equal([worker["name"] for worker in plan["workers"]], ["studio-2", "studio-1", "studio-0"])
    equal((plan["cleanup_id"], plan["verdict"], sum(worker["idle_bytes"] for worker in plan["workers"])), (None, None, idle))
    result = daemon.call("gpu.cleanup", {"device": device})
    after = [pss_bytes(demo.pid) for demo in demos]
    really = sum(before) - sum(after)
    print(f"# {result['text']} idle {idle / MIB:.1f} MiB, by /proc {really / MIB:.1f} MiB, verdict {result['freed_bytes'] / MIB:.1f} MiB, "
          f"{result['took_us'] / 1e3:.0f} ms")
    equal((result["verdict"], result["measured_by"]), ("freed", "process"))
    assert really >= 0.9 * idle, f"{really / MIB:.1f} of {idle / MIB:.1f} MiB"
    within(result["freed_bytes"], really, 5, "freed beside /proc")
    within(result["freed_bytes"], idle, 5, "freed beside the pools")
    equal([worker["name"] for worker in result["workers"]], ["studio-2", "studio-1", "studio-0"])
    for worker in result["workers"]:
        equal((worker["verdict"], worker["measured_by"]), ("freed", "process"), worker)
        within(worker["freed_bytes"], worker["idle_bytes"], 5, worker["name"])
    assert result["retained_bytes"] <= 0.1 * idle, result
    equal(daemon.call("gpu.cleanups", {"device": device})["cleanups"][0]["cleanup_id"], result["cleanup_id"])


def test_each_kind(t):
    """Each by what it did, in one cleanup."""
    # each has its share of the time, of which a busy machine needs more than of a second
    daemon, device = unified(t, gpu__cleanup_timeout_us=30000000, gpu__cleanup_grace_us=3000000)
    expected = {"honest": "freed", "half": "partial", "liar": "overclaimed", "refuser": "refused", "dier": "lost", "hanger": "timed_out",
                "late": "freed", "silent": "freed"}
    gives = {"honest": 128, "half": 64, "liar": 0, "refuser": 0, "dier": None, "hanger": 0, "late": 128, "silent": 128}
    with Crew(daemon, device) as crew:
        for behaviour in expected:
            crew.add(behaviour)
        crew.add("deaf")
        result = daemon.call("gpu.cleanup", {"device": device}, meta={"deadline_ms": 32000})
        print(f"# {result['text']} {result['took_us'] / 1e6:.2f} s")
        equal(result["verdict"], "partial")
        found = by_name(result)
        equal({name: worker["verdict"] for name, worker in found.items()}, expected)
        for name, mib in gives.items():
            if mib is not None:
                assert abs(found[name]["freed_bytes"] - mib * MIB) <= max(0.05 * mib, 4) * MIB, found[name]
        # what a process had that died came back, and is told
        assert found["dier"]["freed_bytes"] >= 128 * MIB, found["dier"]
        equal(found["liar"]["claimed_bytes"], 128 * MIB)
        equal(found["silent"]["claimed_bytes"], None)
        equal([left["name"] for left in result["left_out"]], ["deaf"])
        # one of them does not report what it holds
        equal(result["retained_bytes"], None)
        for text in ("liar claims 128.0 MiB", "hanger did not answer", "dier went away", "refuser refused"):
            contains(result["text"], text)
        # who lies or hangs is asked after those who keep their word
        plan = daemon.call("gpu.cleanup", {"device": device, "dry_run": True})
        order = [worker["name"] for worker in plan["workers"]]
        assert order.index("half") < order.index("liar"), order


def test_with_batches(t):
    """While they run batches: who gives and takes again is never called a liar, and who lies always is."""
    if os.environ.get("ORFEAS_SANITIZED"):
        raise Skip("a sanitizer keeps what was freed")
    daemon, device = unified(t, gpu__cleanup_timeout_us=60000000)
    options = ("--weights-mib", "8", "--base-mib", "16", "--item-kib", "512", "--period-ms", "5", "--report-ms", "100")
    for i in range(2):
        t.demo_worker(daemon, "--name", f"honest-{i}", "--idle-mib", "64", "--seed", str(i + 1), *options)
    t.demo_worker(daemon, "--name", "liar", "--idle-mib", "128", "--misbehave", "lie", "--seed", "9", *options)
    for _ in range(4):
        result = daemon.call("gpu.cleanup", {"device": device}, meta={"deadline_ms": 90000})
        print(f"# {result['text']}", *(f"{worker['name']} {worker['verdict']} claimed {(worker['claimed_bytes'] or 0) >> 20} released "
                                       f"{worker['released_bytes'] >> 20} regained {worker['regained_bytes'] >> 20};" for worker in result["workers"]))
        found = by_name(result)
        equal(found["liar"]["verdict"], "overclaimed", found["liar"])
        contains(result["text"], "liar claims")
        for i in range(2):
            worker = found[f"honest-{i}"]
            assert worker["verdict"] in ("freed", "partial", "nothing_freed"), worker
            equal(worker["regained_bytes"], max(worker["released_bytes"] - worker["freed_bytes"], 0))
        # what is said of the whole is what is there at the end
        equal(result["freed_bytes"], result["before_bytes"] - result["after_bytes"])
        if result["freed_bytes"] <= 0:
            equal(result["verdict"], "nothing_freed")
        record = daemon.call("gpu.cleanups")["cleanups"][0]
        for member in ("released_bytes", "freed_bytes", "verdict", "workers"):
            equal(record[member], result[member], member)
    # an honest one is not held for a liar later
    reasons = {worker["name"]: worker["reason"] for worker in daemon.call("gpu.cleanup", {"device": device, "dry_run": True})["workers"]}
    contains(reasons["liar"], "of what it promised came")
    assert "promised" not in reasons["honest-0"] + reasons["honest-1"], reasons


def test_taken_again(t):
    """What was given back is told beside what is free at the end."""
    daemon, crew = discrete(t, gpu__sample_us=60000000)
    with crew:
        crew.add("seen", held_mib=1024)
        result = daemon.call("gpu.cleanup", {"device": FAKE})
        worker = result["workers"][0]
        equal((worker["verdict"], worker["freed_bytes"], worker["released_bytes"], worker["regained_bytes"]), ("freed", 0, 1024 * MIB, 1024 * MIB))
        equal((result["verdict"], result["freed_bytes"], result["released_bytes"]), ("nothing_freed", 0, 1024 * MIB))
        contains(result["text"], "1.0 GiB was given back, and taken again at once")
        equal(daemon.sql("SELECT verdict, released_bytes, worker_verdict, worker_released_bytes, worker_regained_bytes FROM v_cleanup"),
              [("nothing_freed", 1024 * MIB, "freed", 1024 * MIB, 1024 * MIB)])


def test_books(t):
    """Who takes memory again before anybody looked is believed by what its allocator says; not where its process says otherwise."""
    daemon, crew = discrete(t, gpu__cleanup_grace_us=4000000, gpu__cleanup_timeout_us=30000000)
    with crew:
        crew.add("unseen", held_mib=1024)
        crew.add("forger", held_mib=512)
        crew.add("liar", held_mib=256)
        result = daemon.call("gpu.cleanup", {"device": FAKE}, meta={"deadline_ms": 40000})
        print(f"# {result['text']}")
        equal({name: worker["verdict"] for name, worker in by_name(result).items()},
              {"unseen": "nothing_freed", "forger": "overclaimed", "liar": "overclaimed"})
        equal((result["verdict"], result["released_bytes"]), ("nothing_freed", 0))
        # neither kept nor broken
        plan = daemon.call("gpu.cleanup", {"device": FAKE, "dry_run": True})
        assert "promised" not in by_name(plan)["unseen"]["reason"], plan


def test_many(t):
    """More than there are seconds: several at once, each measured by itself."""
    daemon, crew = discrete(t)
    with crew:
        for i in range(12):
            crew.add("honest", held_mib=16 * (i + 1), name=f"worker-{i}")
        result = daemon.call("gpu.cleanup", {"device": FAKE})
        equal(result["verdict"], "freed", result)
        equal([worker["name"] for worker in result["workers"]], [f"worker-{i}" for i in reversed(range(12))])
        for i, worker in enumerate(reversed(result["workers"])):
            equal((worker["verdict"], worker["released_bytes"]), ("freed", 16 * (i + 1) * MIB), worker)
        # before its turn nobody is touched; of twelve in nine seconds two have theirs at once
        equal(result["freed_bytes"], sum(16 * (i + 1) for i in range(12)) * MIB)


def test_by_name(t):
    """A worker's name does as well as its id, where it says which."""
    daemon, crew = discrete(t)
    with crew:
        one = crew.add("honest", held_mib=512, name="trainer")
        result = daemon.call("gpu.cleanup", {"worker": "trainer"})
        equal([worker["worker"] for worker in result["workers"]], [one.worker])
        status, out, _ = t.ctl(daemon, "gpu", "cleanup", "--worker", "trainer", "--json", "--dry-run")
        equal((status, [worker["worker"] for worker in json.loads(out)["workers"]]), (0, [one.worker]))
        two = crew.add("honest", held_mib=512, name="trainer")
        error = fails(lambda: daemon.call("gpu.cleanup", {"worker": "trainer"}), "INVALID_ARGUMENT", field="worker")
        for text in (one.worker, two.worker):
            contains(str(error), text)
        fails(lambda: daemon.call("gpu.batch_size", {"worker": "trainer"}), "INVALID_ARGUMENT", field="worker")
        equal(daemon.call("gpu.cleanup", {"worker": two.worker})["workers"][0]["worker"], two.worker)
        # of those that are there it is the only one
        one.close()
        wait_for(lambda: [worker["state"] for worker in daemon.call("worker.list")["workers"]][0] == "lost", "the first to be gone")
        equal(daemon.call("gpu.cleanup", {"worker": "trainer"})["workers"][0]["worker"], two.worker)
        fails(lambda: daemon.call("gpu.cleanup", {"worker": "trainer-2"}), "NOT_FOUND", field="worker")
        # the key keeps what was asked for
        first = daemon.call("gpu.cleanup", {"worker": "trainer"}, meta={"idempotency_key": "k"})
        equal(daemon.call("gpu.cleanup", {"worker": "trainer"}, meta={"idempotency_key": "k"}), first)


def test_hanger_within_deadline(t):
    """The caller has less time than the daemon would take: the verdict comes in it."""
    daemon, device = unified(t)
    with Crew(daemon, device) as crew:
        crew.add("hanger")
        result = daemon.call("gpu.cleanup", {"device": device}, meta={"deadline_ms": 4000})  # or it is DEADLINE_EXCEEDED
        assert result["took_us"] < 4_000_000, result
        equal((result["verdict"], result["workers"][0]["verdict"]), ("timed_out", "timed_out"))
        equal(daemon.call("gpu.cleanups")["cleanups"][0]["verdict"], "timed_out")


def test_nothing_to_free(t):
    daemon, device = unified(t)
    result = daemon.call("gpu.cleanup", {"device": device})
    equal((result["verdict"], result["workers"]), ("no_workers", []))
    with Crew(daemon, device) as crew:
        crew.add("honest", held_mib=0)
        result = daemon.call("gpu.cleanup", {"device": device})
        equal((result["verdict"], result["workers"][0]["verdict"]), ("nothing_freed", "nothing_freed"))
        contains(result["text"], "Nothing was freed")


def test_wrong_parameters(t):
    daemon, crew = discrete(t)
    with crew:
        fails(lambda: daemon.call("gpu.cleanup", {"device": "nonsense"}), "NOT_FOUND", field="device")
        fails(lambda: daemon.call("gpu.cleanup", {"worker": "w-99"}), "NOT_FOUND", field="worker")
        fails(lambda: daemon.call("gpu.cleanup", {"level": "brutal"}), "INVALID_ARGUMENT", field="level")
        fails(lambda: daemon.call("gpu.cleanups", {"device": "nonsense"}), "NOT_FOUND", field="device")
        one = crew.add("honest", held_mib=512)
        crew.add("refuser", held_mib=512)
        # only one of them; its device is its own
        result = daemon.call("gpu.cleanup", {"worker": one.worker})
        equal((result["device"], [worker["name"] for worker in result["workers"]]), (FAKE, ["honest"]))


def test_device_with_its_own_memory(t):
    """Measured on the device, each worker by its process; what others take meanwhile is told."""
    daemon, crew = discrete(t)
    put(crew, "others", 1024 * MIB)
    with crew:
        crew.add("honest", held_mib=2048)
        hanger = crew.add("hanger", held_mib=1024)
        answers = []
        caller = threading.Thread(target=lambda: answers.append(daemon.call("gpu.cleanup", {"device": FAKE})))
        caller.start()
        wait_for(lambda: os.path.getsize(os.path.join(crew.folder, "by-name-honest")) == 1, "it to be freed")
        put(crew, "others", 1536 * MIB)
        caller.join()
        result = answers[0]
        print(f"# {result['text']}")
        equal((result["verdict"], result["measured_by"]), ("partial", "device"))
        equal((result["before_bytes"], result["after_bytes"]), (4096 * MIB, 2560 * MIB))
        equal((result["freed_bytes"], result["others_bytes"]), (1536 * MIB, 512 * MIB))
        contains(result["text"], "Others took 512.0 MiB meanwhile")
        found = by_name(result)
        equal((found["honest"]["freed_bytes"], found["honest"]["measured_by"]), (2048 * MIB, "process"))
        # who hung holds what it had
        equal(result["retained_bytes"], 1024 * MIB)
        equal(found["hanger"]["freed_bytes"], 0)
        equal(hanger.process.poll(), None)


def test_without_processes(t):
    """The driver names nobody: the device is all there is."""
    daemon, crew = discrete(t)
    put(crew, "unnamed", 1)
    with crew:
        crew.add("honest", held_mib=2048)
        crew.add("liar", held_mib=1024)
        result = daemon.call("gpu.cleanup", {"device": FAKE})
        found = by_name(result)
        equal((result["verdict"], result["freed_bytes"], result["others_bytes"]), ("partial", 2048 * MIB, None))
        equal((found["honest"]["verdict"], found["honest"]["freed_bytes"], found["honest"]["measured_by"]), ("freed", 2048 * MIB, "device"))
        equal((found["liar"]["verdict"], found["liar"]["freed_bytes"]), ("overclaimed", 0))


def test_probe_that_hangs(t):
    """Nothing can be measured, and it is said; it takes no longer for it."""
    daemon, crew = discrete(t, gpu__probe_timeout_us=600000000)
    with crew:
        crew.add("honest", held_mib=2048)
        put(crew, "hang", 1)
        begun = time.monotonic()
        result = daemon.call("gpu.cleanup", {"device": FAKE})
        took = time.monotonic() - begun
        equal((result["verdict"], result["measured_by"], result["freed_bytes"]), ("unmeasured", None, None))
        equal(result["workers"][0]["verdict"], "unmeasured")
        equal(result["workers"][0]["claimed_bytes"], 2048 * MIB)
        assert took < 9, took
        os.unlink(os.path.join(crew.folder, "hang"))


def test_calls_join(t):
    """Those that ask for as much are one cleanup; more, or another's, comes behind it."""
    daemon, crew = discrete(t)
    with crew:
        slow = crew.add("late", held_mib=1024)
        other = crew.add("half", held_mib=512)
        answers = {}

        def call(name, params, **meta):
            try:
                answers[name] = daemon.call("gpu.cleanup", params, meta=meta or None)
            except orfeas_test.RpcError as error:
                answers[name] = error

        threads = [threading.Thread(target=call, args=("first", {"device": FAKE}))]
        threads[0].start()
        wait_for(lambda: daemon.call("gpu.cleanups", {"device": FAKE})["cleanups"], "the first to begin")
        for name, params, meta in (
            ("same", {"device": FAKE}, {}), ("less", {"level": "light"}, {}), ("one", {"worker": other.worker}, {}),
            ("more", {"device": FAKE, "level": "aggressive"}, {}), ("hurried", {"device": FAKE}, {"deadline_ms": 50}),
        ):
            threads.append(threading.Thread(target=call, args=(name, params), kwargs=meta))
            threads[-1].start()
        for thread in threads:
            thread.join()
        equal(answers["hurried"].status, "DEADLINE_EXCEEDED")
        first = answers["first"]
        for name in ("same", "less", "one"):
            equal(answers[name], first, name)
        assert answers["more"]["cleanup_id"] != first["cleanup_id"]
        equal(answers["more"]["level"], "aggressive")
        equal(slow.process.poll(), None)
        rows = daemon.sql("SELECT id, level, verdict FROM cleanup ORDER BY id")
        equal([row[1] for row in rows], ["normal", "aggressive"])
        assert all(row[2] for row in rows), rows


def test_goes_on_without_its_caller(t):
    daemon, crew = discrete(t)
    with crew:
        crew.add("late", held_mib=1024)
        with daemon.peer() as peer:
            peer.send_text(json.dumps(orfeas_test.request("gpu.cleanup", {"device": FAKE})))
            wait_for(lambda: daemon.call("gpu.cleanups")["cleanups"], "it to begin")
        record = wait_for(lambda: (found := daemon.call("gpu.cleanups")["cleanups"][0])["verdict"] and found, "its end")
        equal((record["verdict"], record["freed_bytes"]), ("freed", 1024 * MIB))


def test_repeated(t):
    """With its key a call is answered the same, and nobody is asked twice; across a restart too."""
    daemon, crew = discrete(t)
    with crew:
        worker = crew.add("honest", held_mib=1024)
        first = daemon.call("gpu.cleanup", {"device": FAKE}, meta={"idempotency_key": "k1"})
        worker.take(256)
        equal(daemon.call("gpu.cleanup", {"device": FAKE}, meta={"idempotency_key": "k1"}), first)
        fails(lambda: daemon.call("gpu.cleanup", {"worker": worker.worker}, meta={"idempotency_key": "k1"}), "FAILED_PRECONDITION")
        equal(daemon.sql("SELECT count(*) FROM cleanup"), [(1,)])
        daemon.restart()
        wait_for(lambda: daemon.call("gpu.list")["devices"], "the device")
        equal(daemon.call("gpu.cleanup", {"device": FAKE}, meta={"idempotency_key": "k1"}), first)


def test_rows_and_regained(t):
    """All of it is in the file: for SQL, and across a restart."""
    daemon, crew = discrete(t, gpu__cleanup_regain_us=5000000)
    with crew:
        worker = crew.add("honest", held_mib=1024)
        crew.add("liar", held_mib=512)
        crew.add("deaf", held_mib=64)
        before = now_us()
        result = daemon.call("gpu.cleanup", {"device": FAKE})
        record = daemon.call("gpu.cleanups")["cleanups"][0]
        equal((record["regained_bytes"], record["trigger"], record["actor"]), (None, "call", "loopback"))
        assert before <= record["started_us"] <= now_us()
        # the morning after it is known who was not asked, and why
        equal([(left["name"], left["reason"]) for left in record["left_out"]], [("deaf", "does not listen")])
        contains(by_name(record)["honest"]["reason"], "1.0 GiB held")
        equal(by_name(record)["honest"]["expected_bytes"], 1024 * MIB)
        for member in ("cleanup_id", "verdict", "took_us", "before_bytes", "after_bytes", "freed_bytes", "workers", "measured_by", "released_bytes",
                       "left_out"):
            equal(record[member], result[member], member)
        worker.take(300)
        wait_for(lambda: daemon.call("gpu.cleanups")["cleanups"][0]["regained_bytes"] is not None, "the minute to be over")
        equal(daemon.call("gpu.cleanups")["cleanups"][0]["regained_bytes"], 300 * MIB)
        rows = daemon.sql("SELECT worker_name, worker_verdict, worker_claimed_bytes, worker_freed_bytes FROM v_cleanup ORDER BY worker_name")
        equal(rows, [("honest", "freed", 1024 * MIB, 1024 * MIB), ("liar", "overclaimed", 512 * MIB, 0)])
        equal(daemon.sql("SELECT count(*) FROM audit WHERE method='gpu.cleanup'"), [(1,)])
        # a second one, whose minute does not end before the daemon does
        worker.take(100)
        second = daemon.call("gpu.cleanup", {"device": FAKE})
        daemon.restart()
        wait_for(lambda: daemon.call("gpu.list")["devices"], "the device")
        records = daemon.call("gpu.cleanups", {"device": FAKE})["cleanups"]
        equal([(record["cleanup_id"], record["regained_bytes"]) for record in records],
              [(second["cleanup_id"], None), (result["cleanup_id"], 300 * MIB)])
        page = daemon.call("gpu.cleanups", {"limit": 1})
        equal(len(page["cleanups"]), 1)
        rest = daemon.call("gpu.cleanups", {"limit": 1, "cursor": page["next_cursor"]})
        equal((rest["cleanups"], rest["next_cursor"]), (records[1:], None))


def test_the_daemon_ends(t):
    """What runs then ends with what there is, and its caller is told."""
    daemon, crew = discrete(t)
    with crew:
        crew.add("hanger", held_mib=1024)
        with daemon.peer() as peer:
            looks = get_looks(crew)
            peer.send_text(json.dumps(orfeas_test.request("gpu.cleanup", {"device": FAKE})))
            # one before, one as its turn begins, then many; some are of each second
            wait_for(lambda: get_looks(crew) >= looks + 8, "the hanger to be asked")
            begun = time.monotonic()
            daemon.process.terminate()
            result = orfeas_test.unwrap(json.loads(peer.receive_text()))
            equal((result["verdict"], result["workers"][0]["verdict"]), ("timed_out", "timed_out"))
            assert time.monotonic() - begun < 5
        equal(daemon.process.wait(orfeas_test.PATIENCE_S), 0)


def test_by_itself(t):
    """Under pressure: until it is low again, with a row that says why, and not again within the cooldown."""
    daemon, crew = discrete(t, gpu__cleanup="act", gpu__sample_us=100000, gpu__burst_us=100000)
    with crew:
        crew.add("honest", held_mib=8192, name="large")
        crew.add("honest", held_mib=1024, name="small")
        put(crew, "others", 4096 * MIB)
        record = wait_for(lambda: (found := daemon.call("gpu.cleanups")["cleanups"]) and found[0]["verdict"] and found[0], "a cleanup")
        equal((record["trigger"], record["actor"], record["verdict"], record["level"]), ("pressure", None, "freed", "normal"))
        contains(record["reason"], "pressure is high")
        # the large one was enough
        equal([worker["name"] for worker in record["workers"]], ["large"])
        wait_for(lambda: daemon.call("gpu.list")["devices"][0]["used_bytes"] == (4096 + 1024) * MIB, "a sample of it")
        put(crew, "others", 15 << 30)
        wait_for(lambda: daemon.call("gpu.list")["devices"][0]["pressure_level"] == "critical", "pressure")
        sampled = daemon.call("gpu.list")["devices"][0]["sampled_us"]
        wait_for(lambda: daemon.call("gpu.list")["devices"][0]["sampled_us"] > sampled + 1000000, "ten samples more")
        equal(len(daemon.call("gpu.cleanups")["cleanups"]), 1)
        equal(daemon.sql("SELECT actor FROM audit WHERE method='gpu.cleanup'"), [("orfeasd",)])


def test_advises(t):
    daemon, crew = discrete(t, gpu__sample_us=100000)
    with crew:
        crew.add("honest", held_mib=8192)
        put(crew, "others", 6 << 30)
        wait_for(lambda: "orfeasctl gpu cleanup --device fake-0" in daemon.stderr(), "the advice")
        contains(daemon.stderr(), "can give back 8.0 GiB")
        note = wait_for(lambda: daemon.call("events.list")["events"], "the note")[0]
        equal((note["kind"], note["author"]), ("note", "orfeasd"))
        contains(note["text"], "can give back 8.0 GiB: orfeasctl gpu cleanup --device fake-0")
        equal(daemon.call("gpu.cleanups")["cleanups"], [])


def test_series(t):
    daemon, crew = discrete(t, gpu__sample_us=100000)
    with crew:
        crew.add("honest", held_mib=1024)
        daemon.call("gpu.cleanup", {"device": FAKE})
        daemon.call("gpu.cleanup", {"device": FAKE})
        rows = ("orfeas_gpu_cleanups_total{hw_id=\"fake-0\",hw_type=\"gpu\",verdict=\"freed\"} 1",
                "orfeas_gpu_cleanups_total{hw_id=\"fake-0\",hw_type=\"gpu\",verdict=\"nothing_freed\"} 1",
                f"orfeas_gpu_cleanup_freed_bytes_total{{hw_id=\"fake-0\",hw_type=\"gpu\"}} {1024 * MIB}")
        for row in rows:
            wait_for(lambda: row in daemon.http("GET", "/metrics")[2].decode(), row)


def test_ctl(t):
    daemon, crew = discrete(t)
    with crew:
        crew.add("honest", held_mib=1024)
        crew.add("deaf", held_mib=512)
        status, out, _ = t.ctl(daemon, "gpu", "cleanup", "--dry-run", "--json")
        equal((status, json.loads(out)["verdict"]), (0, None))
        status, out, _ = t.ctl(daemon, "gpu", "cleanup", "--device", FAKE, "--level", "light")
        lines = [line.split("\t") for line in out.splitlines()]
        equal(lines[1], ["w-1", "honest", "freed", str(1024 * MIB), str(1024 * MIB), str(1024 * MIB), "0", "-"])
        equal(lines[2], ["w-2", "deaf", "not asked", "-", "-", "-", "-", "does not listen"])
        equal(status, 0)
        # nothing came: a script can tell
        status, out, _ = t.ctl(daemon, "gpu", "cleanup")
        equal(status, 5, out)
        status, out, _ = t.ctl(daemon, "gpu", "cleanups", "--limit", "1")
        contains(out, "nothing_freed")
        equal(t.ctl(daemon, "gpu", "cleanup", "--device", "nonsense")[0], 1)


def test_rest(t):
    """By REST: an operator's, and for readers."""
    daemon, crew = discrete(t)
    with crew:
        status, answer = daemon.rest("POST", "/gpu/cleanup", {})
        equal((status, answer["verdict"], answer["device"]), (200, "no_workers", FAKE))
        status, answer = daemon.rest("GET", "/gpu/cleanups")
        equal((status, len(answer["cleanups"])), (200, 1))


def test_while_others_call(t):
    """A cleanup delays nobody: calls go on while it runs."""
    daemon, crew = discrete(t)
    with crew:
        crew.add("hanger", held_mib=1024)
        answers = []
        caller = threading.Thread(target=lambda: answers.append(daemon.call("gpu.cleanup", {"device": FAKE}, meta={"deadline_ms": 4000})))
        caller.start()
        n = 0
        while caller.is_alive():
            equal(len(daemon.call("gpu.profile")["devices"]), 1)
            n += 1
        assert n > 20, n
        equal(answers[0]["verdict"], "timed_out")


orfeas_test.main()
