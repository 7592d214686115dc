#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Workers that lie: that claim what they keep, forge their books, answer for others, twice, late, never, with impossible numbers, die meanwhile,
come as somebody else, or come in thousands. What is said of each is what the device says, the honest are served, and nobody makes the daemon grow."""

import json
import os
import time

import orfeas_torture  # first: it knows where the harness is

import fake_probe
import mixed_load
import orfeas_test
from lying_worker import GIB, LARGEST, MOODS, Worker
from orfeas_test import RpcError, request, wait_for

ANSWER_S = 5
LIARS = 4  # at once
CLEANUP_S = 3
MOST_WORKERS = 1000
CROWD = MOST_WORKERS + 50
BATCH = 50
# The answer to who is asked in vain may take as long as the cleanup; what was given back is looked at without delay.
SETTINGS = {"gpu.cleanup_timeout_us": CLEANUP_S * 1000000, "gpu.cleanup_grace_us": 200000, "gpu.cleanup_settle_us": 100000, "workers.max_workers": MOST_WORKERS}
WRONG = (-1, LARGEST + 2, 1 << 63, 1 << 70, 1e308, -0.5, "1", True, [], {})
NUMBERS = ("allocated_bytes", "reserved_bytes", "active_bytes", "inactive_split_bytes", "largest_free_bytes", "ooms", "retries", "returned_bytes")


class Attack:
    def __init__(self, torture):
        self.torture, self.chance = torture, torture.chance
        self.folder = os.path.join(torture.dir, "device")
        os.mkdir(self.folder)
        self.daemon = torture.daemon(settings={**mixed_load.SETTINGS, **SETTINGS}, env={"FAKE_DEVICE": self.folder})
        self.daemon.command[0] = fake_probe.install(torture.dir, orfeas_test.ORFEASD)
        torture.start(self.daemon)
        mixed_load.prepare(self.daemon)
        wait_for(lambda: self.daemon.call("gpu.list")["devices"], "the device")
        self.moods = []

    def refuse(self, method, params, status=("INVALID_ARGUMENT",)):
        try:
            self.torture.violate(f"{method} {params}: {self.daemon.call(method, params)}")
        except RpcError as error:
            self.torture.count("refused, and told")
            self.torture.check(error.status in status, f"{method} {params}: {error}")

    def sane(self):
        """The sums over what workers say."""
        for method in ("gpu.list", "gpu.report", "worker.list", "gpu.cleanups", "status.get"):
            begin = time.monotonic()
            self.daemon.call(method)
            self.torture.took("answers meanwhile", time.monotonic() - begin, ANSWER_S)

    def batches(self, method, params):
        """The answers to a call for each."""
        answers = []
        with self.daemon.peer() as peer:
            for at in range(0, len(params), BATCH):
                answers += peer.ask(json.dumps([request(method, one, None, i) for i, one in enumerate(params[at : at + BATCH])]))
        return answers

    # --- what they do

    def asked_for_memory(self):
        """One that keeps its word among those that do not."""
        self.moods = self.moods if len(self.moods) >= LIARS else self.chance.sample(sorted(MOODS), len(MOODS))
        moods = ["keeps its word"] + [self.moods.pop() for _ in range(LIARS)]
        workers = [Worker(self.daemon, self.folder, f"{self.torture.round}-{i} {mood}", mood, (i + 1) * GIB) for i, mood in enumerate(moods)]
        for worker in workers:
            worker.others = [other for other in workers if other is not worker]
            self.torture.count(worker.mood)
        held = {worker.name_: worker.held_bytes for worker in workers}
        begin = time.monotonic()
        result = self.daemon.call("gpu.cleanup", {"device": fake_probe.DEVICE, "level": "aggressive"}, {"deadline_ms": 30000})
        self.torture.took("a cleanup", time.monotonic() - begin, CLEANUP_S + 1)
        for worker in workers:  # whether it was late is known only then
            assert worker.acted.wait(orfeas_test.PATIENCE_S), f"{worker.mood}: it was not asked, or hangs"
        told = {one["name"]: one for one in result["workers"]}
        for worker in workers:
            self.judge(worker, told.get(worker.name_), held[worker.name_], result["text"])
        self.torture.check(result["verdict"] != "freed" or all(worker.held_bytes == 0 for worker in workers), f"all are believed: {result['text']}")
        really = sum(held.values()) - sum(worker.held_bytes for worker in workers if worker.process.poll() is None)
        self.torture.check(result["freed_bytes"] in (really, None) or any(worker.late for worker in workers), f"what came free: {result['text']}, really {really:,} bytes")
        for worker in workers:
            worker.close()
        self.sane()

    def judge(self, worker, told, held, text):
        for problem in worker.refused:
            self.torture.violate(problem)
        if not self.torture.check(told is not None, f"{worker.mood}: it is not told of: {text}"):
            return
        if worker.late:
            self.torture.count("too late")
            self.torture.check(told["verdict"] in ("timed_out", "unmeasured"), f"{worker.mood}, too late: {told}")
            return
        if told["freed_bytes"] is None:  # the device did not say in time: nothing is proven, and it is said
            self.torture.count("could not be measured")
            self.torture.check(told["verdict"] in MOODS[worker.mood][1] - {"freed", "overclaimed", "nothing_freed"} | {"unmeasured"}, f"{worker.mood}: {told}")
            return
        self.torture.check(told["verdict"] in MOODS[worker.mood][1], f"{worker.mood}: {told}")
        if worker.process.poll() is None:
            self.torture.equal(told["freed_bytes"], held - worker.held_bytes, f"{worker.mood}: {told}")
        if told["verdict"] == "overclaimed":
            self.torture.check(f"{worker.name_} claims" in text, f"{worker.mood}: {text}")

    def wrong_numbers(self):
        """Refused where they cannot be; where they only are not true they harm nobody's."""
        worker = self.daemon.call("worker.register", {"name": "numbers", "device": fake_probe.DEVICE})["worker"]
        for name in NUMBERS:
            self.refuse("worker.report", {"worker": worker, "allocator": {name: self.chance.choice(WRONG)}})
        for size in (0, -1, LARGEST + 2, 1e308, "1"):
            self.refuse("worker.report", {"worker": worker, "batches": [{"size": size}]})
        others = [self.daemon.call("worker.register", {"name": f"huge {i}", "device": fake_probe.DEVICE})["worker"] for i in range(3)]
        for one in [worker, *others]:
            self.daemon.call("worker.report", {"worker": one, "allocator": {name: LARGEST for name in NUMBERS},
                                               "batches": [{"size": LARGEST, "peak_bytes": LARGEST, "duration_us": LARGEST, "operation": "o" * 200}] * 1000})
        self.sane()
        for one in [worker, *others]:
            self.daemon.call("worker.report", {"worker": one, "allocator": {name: 0 for name in NUMBERS}})
            self.daemon.call("worker.leave", {"worker": one})

    def as_somebody_else(self):
        """The same name and process is the same worker; what is done in its name it can say otherwise."""
        victim = Worker(self.daemon, self.folder, f"victim {self.torture.round}", "keeps its word")
        facts = {"name": victim.name_, "device": fake_probe.DEVICE, "pid": victim.process.pid}
        self.torture.equal(self.daemon.call("worker.register", {**facts, "capabilities": ["trim", "shrink", "unload"]})["worker"], victim.worker, "the same name and pid")
        with self.daemon.peer() as thief:  # its stream is not to be had
            try:
                thief.call("worker.advice", {"worker": victim.worker})
                self.torture.violate("two hear what one is asked")
            except RpcError as error:
                self.torture.equal(error.status, "FAILED_PRECONDITION", "a second stream")
        for pid in (self.daemon.process.pid, 1, LARGEST, (1 << 32) + victim.process.pid):
            one = self.daemon.call("worker.register", {**facts, "name": "pid", "pid": pid})["worker"]
            self.torture.check(one != victim.worker, f"pid {pid} is taken for another's")
            self.daemon.call("worker.leave", {"worker": one})
        for wrong in ({"pid": 0}, {"pid": -1}, {"pid": 1.5}, {"name": ""}, {"name": "n" * 201}, {"name": None}, {"capabilities": ["c"] * 17}):
            self.refuse("worker.register", {**facts, **wrong})
        self.refuse("worker.register", {**facts, "device": "fake-9"}, ("NOT_FOUND",))
        result = self.daemon.call("gpu.cleanup", {"worker": victim.worker})
        verdict = (result["workers"][0]["verdict"], result["freed_bytes"])  # the device may not say in time
        self.torture.check(verdict in (("freed", GIB), ("unmeasured", None)), f"the victim's own cleanup: {verdict}")
        victim.close()

    def in_crowds(self):
        """More than there may be; each as large as it can be."""
        before = orfeas_torture.rss_bytes(self.daemon)
        facts = {"device": fake_probe.DEVICE, "capabilities": ["c" * 64] * 16}
        names = [f"{self.torture.round} {i} ".ljust(200, "n") for i in range(CROWD)]
        answers = self.batches("worker.register", [{**facts, "name": name, "pid": LARGEST - i} for i, name in enumerate(names)])
        taken = [one["result"]["worker"] for one in answers if "result" in one]
        for error in (one["error"] for one in answers if "error" in one):
            self.torture.check(error["data"]["status"] == "RESOURCE_EXHAUSTED" and error["data"]["retry_after_ms"], f"one too many: {error}")
        self.torture.check(0 < len(taken) <= MOST_WORKERS, f"{len(taken)} were taken")
        self.sane()
        left = self.batches("worker.leave", [{"worker": worker} for worker in taken])
        self.torture.check(all("result" in one for one in left), f"not all could leave: {left[-1]}")
        self.torture.count("registered at once", len(taken))
        self.torture.check_growth(self.daemon, before)

    WAYS = (asked_for_memory, wrong_numbers, as_somebody_else, in_crowds)


def run(torture):
    attack = Attack(torture)
    crew = mixed_load.crew(attack.daemon)
    crew.start()
    wait_for(crew.accepted_now, "what is accepted")
    ways = []
    for _ in torture.rounds():
        ways = ways or torture.chance.sample(Attack.WAYS, len(Attack.WAYS)) + [Attack.asked_for_memory] * 2
        ways.pop()(attack)
        torture.check(attack.daemon.alive(), f"the daemon ended with {attack.daemon.process.poll()}: {attack.daemon.stderr()[-1500:]}")
        torture.wait_all_write(crew, "all write meanwhile", ANSWER_S)
    crew.stop()
    torture.check_crew(crew)
    torture.count("accepted", crew.accepted())
    attack.daemon.stop()
    torture.check_file(attack.daemon)


orfeas_torture.main(run, rounds=6)
