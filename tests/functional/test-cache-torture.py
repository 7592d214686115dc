#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two daemons read and write while their Redis nodes are killed, paused, cut off and come back, with what they had on disk.

What is promised (doc/redis.md) is checked at every read:

1. Within one daemon never an older value than one that it acknowledged.
2. Of what was acknowledged as written on the node, no daemon is more than two seconds behind.

Not being there is always allowed. A write that failed may be done late, even after those that follow it, so what it wrote proves
nothing. Of a key one write is under way at a time, so that the order of acknowledgements is the one of writes.

TORTURE_KILLS=1000 and TORTURE_SEED=7 ask for more of it, or for another order.
"""

import os
import random
import threading
import time

import orfeas_test
from orfeas_test import Peer, RpcError, diagnose, wait_for
from redis_nodes import N_NODES, count_up, start_before, with_cluster, with_nodes

KILLS = int(os.environ.get("TORTURE_KILLS", "5"))
SEED = int(os.environ.get("TORTURE_SEED", "1"))
N_DAEMONS, N_CALLERS, N_KEYS = 2, 3, 40
BEHIND_S = 2
# after so many faults nothing is written for a while: what was missed at the last is seen for longer than is allowed then
CALM_EVERY, CALM_S = 6, 3
MGET_KEYS = 5

HASTY = {"redis_command_us": 100000, "redis_connect_us": 100000, "redis_breaker_failures": 2, "redis_backoff_us": 1000,
         "redis_backoff_max_us": 50000, "redis_max_owed": 20}


class Key:
    """What was acknowledged of it, by version; versions grow by one."""

    def __init__(self, number):
        self.number, self.name = number, f"ns{number % 3}:{number}"
        self.writing = False
        self.versions = 0
        self.failed = set()
        self.own = [0] * N_DAEMONS  # the last that each acknowledged
        self.shared = []  # (version, when), rising

    def least(self, daemon):
        """What a read of it by that daemon may not be older than."""
        by = time.monotonic() - BEHIND_S
        while len(self.shared) > 1 and self.shared[1][1] <= by:
            del self.shared[0]
        shared = self.shared[0][0] if self.shared and self.shared[0][1] <= by else 0
        return max(self.own[daemon], shared)


class Torture:
    def __init__(self, cache_sockets):
        self.cache_sockets = cache_sockets
        self.lock = threading.Lock()  # of all below
        self.keys = [Key(number) for number in range(N_KEYS)]
        self.quiet = self.ending = False
        self.counts = dict.fromkeys(("reads", "found", "at home", "shared", "alone", "failed", "kills", "other faults"), 0)
        self.wrong = []

    def count(self, what, n=1):
        self.counts[what] += n


class Caller(threading.Thread):
    def __init__(self, torture, daemon, seed):
        super().__init__(daemon=True)
        self.torture, self.daemon_number = torture, daemon
        self.random = random.Random(seed)

    def run(self):
        with Peer(self.torture.cache_sockets[self.daemon_number]) as peer:
            while not self.torture.ending:
                key = self.pick()
                version = self.begin_write(key)
                if version is not None:
                    self.write(peer, key, version)
                elif self.random.random() < 0.1:
                    self.read(peer, [self.pick() for _ in range(MGET_KEYS)])
                else:
                    self.read(peer, [key])

    def pick(self):
        """A few get most of it."""
        return self.torture.keys[int(N_KEYS * self.random.random() * self.random.random())]

    def begin_write(self, key):
        """Half of the keys have one writer, so that what others hold of them goes by what they hear alone. None: it is read."""
        if self.random.random() > 0.25 or (key.number % 2 == 1 and key.number // 2 % N_DAEMONS != self.daemon_number):
            return None
        with self.torture.lock:
            if key.writing or self.torture.quiet:
                return None
            key.writing = True
            key.versions += 1
            return key.versions

    def write(self, peer, key, version):
        removes = self.random.random() < 1 / 6
        try:
            if removes:
                peer.call("cache.delete", {"key": key.name})
                kind = None  # it is not told where it was removed
            else:
                answer = peer.call("cache.set", {"key": key.name, "value": str(version), "tags": ["odd" if version % 2 else "even"]})
                kind = "alone" if "alone" in answer else "shared"
        except RpcError:
            kind = "failed"
        with self.torture.lock:
            key.writing = False
            if kind is not None:
                self.torture.count(kind)
            if kind == "failed":
                key.failed.add(version)
            else:
                key.own[self.daemon_number] = version
            if kind == "shared":
                key.shared.append((version, time.monotonic()))

    def read(self, peer, keys):
        with self.torture.lock:
            least = [key.least(self.daemon_number) for key in keys]
        if len(keys) == 1:
            entries = [peer.call("cache.get", {"key": keys[0].name})]
        else:
            entries = peer.call("cache.mget", {"keys": [key.name for key in keys]})["entries"]
        with self.torture.lock:
            self.torture.count("reads", len(keys))
            for key, bound, entry in zip(keys, least, entries):
                if entry["hit"]:
                    self.judge(key, bound, entry)

    def judge(self, key, bound, entry):
        version = int(entry["value"])
        self.torture.count("found")
        self.torture.count("at home", entry["tier"] == "l1")
        if version < bound and version not in key.failed:
            self.torture.wrong.append(f"daemon {self.daemon_number}, {key.name}: {version}, after {bound} "
                                      f"(own {key.own[self.daemon_number]}, shared {key.shared[:2]}, now {time.monotonic()}) by {entry['tier']}")


def sleep_up_to(chance, seconds):
    time.sleep(chance.random() * seconds)


def kill_and_return(torture, node, chance, long_s):
    """Half of them come back with what is old; one of eight is away for long."""
    if chance.random() < 0.5:
        node.answers("SAVE")
        sleep_up_to(chance, 0.05)
    node.kill()
    sleep_up_to(chance, long_s if chance.random() < 1 / 8 else 0.2)
    node.start()
    torture.count("kills")


def pause_and_go_on(node, chance, long_s):
    node.pause()
    sleep_up_to(chance, long_s if chance.random() < 1 / 20 else 0.2)
    node.go_on()


def fault(torture, node, chance, long_kill_s, long_pause_s):
    kind = chance.randrange(6)
    if kind < 3:
        kill_and_return(torture, node, chance, long_kill_s)
        return
    torture.count("other faults")
    if kind == 3:
        node.answers("CLIENT", "KILL", "TYPE", chance.choice(["normal", "pubsub"]))
    elif kind == 4:
        node.answers("FLUSHALL")
    else:
        pause_and_go_on(node, chance, long_pause_s)


def run_faults(torture, nodes, **lengths):
    chance = random.Random(SEED)
    rounds = 0
    while torture.counts["kills"] < KILLS and not torture.wrong:
        fault(torture, chance.choice(nodes), chance, **lengths)
        rounds += 1
        torture.quiet = rounds % CALM_EVERY == 0
        if torture.quiet:
            time.sleep(CALM_S)
        else:
            sleep_up_to(chance, 0.3)
        torture.quiet = False
        if rounds % 100 == 0:
            diagnose(f"{time.strftime('%H:%M:%S')} {torture.counts}")


def run_torture(t, nodes, settings, **lengths):
    daemons = [start_before(t, nodes, **settings) for _ in range(N_DAEMONS)]
    torture = Torture([daemon.ready["cache_socket"] for daemon in daemons])
    callers = [Caller(torture, number % N_DAEMONS, SEED + number) for number in range(N_DAEMONS * N_CALLERS)]
    for caller in callers:
        caller.start()
    try:
        time.sleep(0.5)
        run_faults(torture, nodes, **lengths)
        for daemon in daemons:
            wait_for(lambda daemon=daemon: count_up(daemon) == N_NODES, "all nodes serve again")
        assert all(caller.is_alive() for caller in callers), "a caller has failed"
    finally:
        torture.ending = True
        for caller in callers:
            caller.join(orfeas_test.PATIENCE_S)
    diagnose(f"{torture.counts}")
    assert not torture.wrong, "\n".join(torture.wrong[:20])
    assert all(torture.counts[what] > 0 for what in ("found", "at home", "shared", "kills")), torture.counts


def run_sharded(t, nodes):
    """Independent nodes."""
    run_torture(t, nodes, HASTY, long_kill_s=1, long_pause_s=3)


def run_exclusive(t, nodes):
    """The same of nodes that have nothing else, and are flushed where they may not be believed."""
    run_torture(t, nodes, {**HASTY, "redis_exclusive": "true"}, long_kill_s=1, long_pause_s=3)


def run_cluster(t, nodes):
    """A Redis Cluster, each of its masters with a replica that takes its place; what a paused master does before it hears of that is not promised."""
    run_torture(t, nodes, {**HASTY, "mode": "cluster"}, long_kill_s=6, long_pause_s=0.5)


test_sharded = with_nodes(run_sharded)
test_exclusive = with_nodes(run_exclusive)
test_cluster = with_cluster(run_cluster)

orfeas_test.main()
