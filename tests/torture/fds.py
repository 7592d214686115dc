#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""File descriptors run out, while a crowd wants to connect, in a backup, a statement, a read, a new probe: who is connected is served and
told, the daemon does not spin, nothing accepted is lost, and all is as before when there are descriptors again."""

import glob
import os
import resource
import signal
import socket
import time

import orfeas_torture  # first: it knows where the harness is

import mixed_load
import orfeas_test
from orfeas_test import PATIENCE_S, RpcError, now_us, wait_for

ANSWER_S = 5
BACK_S = 5
CROWD = 200
STARVED_S = 0.5
# Of one processor, over STARVED_S, beyond what it was with the same writers: who tries again without a pause takes all there is.
MOST_CPU = 0.5
REFUSALS = ("UNAVAILABLE", "RESOURCE_EXHAUSTED")
SETTINGS = {"gpu.backends": "simulated", "gpu.probe_backoff_us": 10000, "gpu.probe_backoff_max_us": 100000}


def cpu_s(daemon):
    with open(f"/proc/{daemon.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def probes(daemon):
    for path in glob.glob(f"/proc/{daemon.process.pid}/task/*/children"):
        with open(path, encoding="ascii") as file:
            yield from (int(pid) for pid in file.read().split())


class Attack:
    def __init__(self, torture):
        self.torture, self.chance = torture, torture.chance
        self.daemon = torture.start(torture.daemon(settings={**mixed_load.SETTINGS, **SETTINGS}))
        mixed_load.prepare(self.daemon)
        wait_for(self.device, "the device")
        self.crew = mixed_load.durable_crew(self.daemon)  # whose connections are there already
        self.crew.start()
        wait_for(self.crew.accepted_now, "what is accepted")
        self.peer = self.daemon.peer()
        self.limits = resource.prlimit(self.daemon.process.pid, resource.RLIMIT_NOFILE)

    def device(self, since_us=0):
        """Those that were looked at since then."""
        return [one for one in self.daemon.call("gpu.list")["devices"] if one["used_bytes"] is not None and one["sampled_us"] > since_us]

    def starve(self):
        """A few descriptors are left, or none. Never fewer than are open: poll() takes no more than the limit, and a process that came to it has no more."""
        used = [int(fd) for fd in os.listdir(f"/proc/{self.daemon.process.pid}/fd")]
        left = self.chance.choice((0, 0, 1, 2, 5))
        free = [fd for fd in range(max(used) + 2 + left) if fd not in used]
        resource.prlimit(self.daemon.process.pid, resource.RLIMIT_NOFILE, (max(free[left], len(used) + 1), self.limits[1]))

    def feed(self):
        resource.prlimit(self.daemon.process.pid, resource.RLIMIT_NOFILE, self.limits)

    # --- what needs a descriptor

    def ask(self, method, params=None):
        """By the connection that there is: answered, or refused and told."""
        begin = time.monotonic()
        try:
            answer = self.peer.call(method, params, {"deadline_ms": PATIENCE_S * 1000})
        except RpcError as error:
            self.torture.count("refused, and told")
            self.torture.check(error.status in REFUSALS, f"{method}: {error}")
            answer = None
        self.torture.took("answers meanwhile", time.monotonic() - begin, ANSWER_S)
        return answer

    def crowd(self):
        crowd = []
        for _ in range(CROWD):
            crowd.append(socket.socket())
            crowd[-1].setblocking(False)
            crowd[-1].connect_ex(self.daemon.address)
        self.starved_for(STARVED_S)
        return crowd

    def starved_for(self, seconds):
        begin, cpu = time.monotonic(), cpu_s(self.daemon)
        while time.monotonic() < begin + seconds:
            self.torture.equal(self.ask("health.check"), {"serving": "SERVING"}, "health")
            time.sleep(0.02)
        share = (cpu_s(self.daemon) - cpu) / (time.monotonic() - begin)
        self.torture.times["processor time of a second"].append(share)
        return share

    def backup(self):
        path = os.path.join(self.torture.dir, "copy.db")
        if self.ask("db.backup", {"path": path}) is not None:
            self.torture.equal(orfeas_torture.verdict(path), "ok", "the backup")
            os.remove(path)
        self.torture.equal(glob.glob(path + "*"), [], "what is left of a backup")

    def statement(self):
        self.ask("sql.query", {"sql": "SELECT count(*) FROM series"})

    def reads(self):
        for method, params in (("metrics.query", {"select": '{__name__=~"writer.*"}'}), ("db.check", None), ("status.get", None), ("gpu.list", None), ("traces.list", None)):
            self.ask(method, params)

    def probe(self):
        for pid in probes(self.daemon):
            os.kill(pid, signal.SIGKILL)
        self.starved_for(STARVED_S)

    WAYS = (crowd, backup, statement, reads, probe)


def run(torture):
    attack = Attack(torture)
    calm = attack.starved_for(STARVED_S)
    for _ in torture.rounds():
        way = torture.chance.choice(Attack.WAYS)
        torture.count(way.__name__)
        attack.starve()
        left = way(attack) or ()
        torture.check(attack.daemon.alive(), f"{way.__name__}: ended with {attack.daemon.process.poll()}: {attack.daemon.stderr()[-1500:]}")
        torture.wait_all_write(attack.crew, "all write meanwhile", ANSWER_S)
        attack.feed()
        for connection in left:
            connection.close()
        begin, since_us = time.monotonic(), now_us()
        wait_for(lambda: attack.daemon.call("health.check") == {"serving": "SERVING"}, "a new connection")
        wait_for(lambda: attack.device(since_us), "the device")
        torture.took("all is back", time.monotonic() - begin, BACK_S)
    most = max(torture.times["processor time of a second"])
    # beside other tests, the writers alone may get more of the machine later than at first
    torture.check(most < calm + MOST_CPU or not torture.bounds_times, f"took {most:.2f} processors, {calm:.2f} before")
    attack.peer.close()
    attack.crew.stop()
    torture.check_crew(attack.crew)
    torture.check_refusals(attack.crew, REFUSALS)
    torture.count("accepted", attack.crew.accepted())
    attack.daemon.stop()
    torture.check_file(attack.daemon)


orfeas_torture.main(run, rounds=8)
