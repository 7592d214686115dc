#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The first level in the program: liborfeas' OrfCache and Python's orfeas.Cache, told what changes by a real daemon."""

import bisect
import collections
import json
import os
import signal
import subprocess
import sys
import time

import orfeas_test
from orfeas_test import PATIENCE_S, Peer, equal, wait_for

C_CALLER = [os.environ.get("ORFEAS_CACHE_CALLER", "cache-caller")]
PYTHON_CALLER = [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "cache_caller.py")]
LEASE_US = 2_000_000


class Caller:
    """A process with a cache of its own, which does what it is told."""

    def __init__(self, t, command, path):
        self.process = subprocess.Popen([*command, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=t.environment())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.close()
        equal(self.process.wait(PATIENCE_S), 0)
        self.process.stdout.close()

    def tell(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()

    def hear(self):
        return json.loads(self.process.stdout.readline())

    def do(self, *words):
        self.tell(*words)
        return self.hear()

    def get(self, key):
        return self.do("get", key)["value"]

    def is_held(self, key, value):
        """Whether a get of it costs no call."""
        before = self.do("state")
        equal(self.get(key), value)
        return self.do("state")["calls"] == before["calls"]

    def wait_held(self, key, value):
        """What was read while a change was under way need not be held; what is read after it is."""
        wait_for(lambda: self.is_held(key, value), f"{key} to be held")

    def ready(self):
        equal(self.do("fresh"), {"status": "done"})
        return self


def by_each(test):
    def run(t):
        for command in CALLERS:
            test(t, command)
            t.daemons.pop().stop()
    return run


def pair(t, command):
    daemon = t.start()
    return daemon, Caller(t, command, daemon.ready["cache_socket"]).ready(), Peer(daemon.ready["cache_socket"])


def check_changes(t, command):
    """Each way in which another may change what is held."""
    daemon, caller, peer = pair(t, command)
    with caller, peer:
        def put(value):
            peer.call("cache.set", {"key": "m:1", "value": value, "tags": ["t"]})
            wait_for(lambda: caller.get("m:1") == value, "the new value")
            caller.wait_held("m:1", value)

        put("1")
        put("2")
        for change in (lambda: peer.call("cache.delete", {"key": "m:1"}), lambda: peer.call("cache.invalidate", {"pattern": "m:*"}),
                       lambda: peer.call("cache.invalidate", {"tag": "t"}), lambda: daemon.call("cache.clear")):
            change()
            wait_for(lambda: caller.get("m:1") is None, "it to be gone")
            put("3")
        # what others do with other keys is no matter
        peer.call("cache.set", {"key": "x", "value": "1"})
        peer.call("cache.invalidate", {"pattern": "x*"})
        assert caller.is_held("m:1", "3")
        # the end of a lifetime nobody has to tell
        peer.call("cache.set", {"key": "short", "value": "1", "ttl_ms": 3000})
        equal(caller.get("short"), "1")
        wait_for(lambda: caller.get("short") is None, "its end")


def check_own(t, command):
    """What one wrote oneself is there at once, and held."""
    daemon, caller, peer = pair(t, command)
    with caller, peer:
        for i in range(50):
            equal(caller.do("set", "k", str(i)), {"status": "done"})
            equal(caller.get("k"), str(i))
        equal(daemon.call("cache.get", {"key": "k"})["value"], "49")
        caller.wait_held("k", "49")
        equal(caller.do("delete", "k"), {"status": "done"})
        equal(caller.get("k"), None)


def check_many(t, command):
    """Several in one call, which are held then; and many dropped by one, here at once."""
    daemon, caller, peer = pair(t, command)
    with caller, peer:
        peer.call("cache.set", {"key": "m:2", "value": "two"})
        wait_for(lambda: caller.do("many", "m:1", "m:2") == {"values": [None, "two"]}, "both")
        wait_for(lambda: caller.do("many", "m:2", "m:2") == {"values": ["two", "two"]} and caller.is_held("m:2", "two"), "it to be held")
        caller.do("set", "m:1", "one")
        equal(caller.do("many", "m:1", "m:2"), {"values": ["one", "two"]})
        equal(caller.do("invalidate", "m:*"), {"removed": 2})
        equal(caller.do("many", "m:1", "m:2"), {"values": [None, None]})


def check_restart(t, command):
    """With the daemon all goes; it comes back by itself."""
    daemon, caller, peer = pair(t, command)
    with caller:
        with peer:
            caller.do("set", "k", "1")
            caller.wait_held("k", "1")
        daemon.kill()
        wait_for(lambda: "error" in caller.do("get", "k"), "what was held to be gone")
        wait_for(lambda: not caller.do("state")["fresh"], "it to be noticed")
        daemon.start()
        wait_for(lambda: caller.do("get", "k") == {"value": None}, "the new daemon")
        caller.ready()
        caller.do("set", "k", "2")
        caller.wait_held("k", "2")


def check_stopped(t, command):
    """A process that was stopped, and a daemon that is, serve nothing that may be old."""
    daemon, caller, peer = pair(t, command)
    with caller, peer:
        caller.do("set", "k", "1")
        caller.wait_held("k", "1")
        caller.process.send_signal(signal.SIGSTOP)
        for i in range(300):
            peer.call("cache.mset", {"entries": [{"key": f"n{i}:{j}" + "x" * 500, "value": "1"} for j in range(100)]})
        peer.call("cache.set", {"key": "k", "value": "2"})
        time.sleep(LEASE_US / 1e6)
        caller.tell("get", "k")
        caller.process.send_signal(signal.SIGCONT)
        equal(caller.hear(), {"value": "2"})
        wait_for(lambda: caller.is_held("k", "2"), "it to be held again")
        daemon.process.send_signal(signal.SIGSTOP)
        wait_for(lambda: not caller.do("state")["fresh"], "the lease's end")
        caller.tell("get", "k")
        daemon.process.send_signal(signal.SIGCONT)
        caller.hear()  # an answer or, where it took too long, an error; but nothing that is held
        caller.ready()
        wait_for(lambda: caller.is_held("k", "2"), "it to be held again")


# ---- many at once

Write = collections.namedtuple("Write", "begun ended")


class History:
    """What all processes did, by the one clock of the machine."""

    def __init__(self):
        self.writes = collections.defaultdict(dict)  # key → value → Write; ended None: maybe never
        self.reads = []

    def add(self, line):
        verb, key, value, begun, ended, status = line.split()
        if verb == "s":
            self.writes[key][value] = Write(int(begun), int(ended) if status == "0" else None)
        elif status == "0" and value != "-":
            self.reads.append((key, value, int(begun)))

    def find_stale(self):
        """For each read that was older than it could be: by how much, and whether by a write of its own process."""
        done = {key: sorted((write.ended, write.begun, value) for value, write in writes.items() if write.ended)
                for key, writes in self.writes.items()}
        for key, value, begun in self.reads:
            mine = self.writes[key].get(value)
            assert mine is not None, f"{key} was {value}, which nobody wrote"
            # the oldest write that was done before the read began, and begun after this value's was done
            for ended, began, other in done[key][bisect.bisect_left(done[key], (mine.ended or 1 << 62,)):]:
                if ended >= begun:
                    break
                if mine.ended is not None and began > mine.ended:
                    yield begun - ended, key, value, other
                    break


def check_together(t, commands, seconds=4, disturb=None):
    """Processes read and write the same few keys; no value is older than the lease allows, none is older than an own write."""
    daemon = t.start()
    processes = [subprocess.Popen([*command, daemon.ready["cache_socket"], str(seconds), str(number), "20", "2"], stdout=subprocess.PIPE, text=True,
                                  env=t.environment()) for number, command in enumerate(commands, 1)]
    if disturb:
        disturb(daemon, processes)
    history, worst = History(), 0
    for process in processes:
        lines = process.communicate(timeout=PATIENCE_S)[0].splitlines()
        equal((process.returncode, lines[-1]), (0, f"end {process.pid}"))
        pid = str(process.pid)
        for line in lines[:-1]:
            history.add(line)
        own = History()
        for line in lines[:-1]:
            if line.startswith("s") or line.split()[2].split("-")[0] == pid:
                own.add(line)
        equal(list(own.find_stale()), [], "own writes")
    assert len(history.reads) > 200, len(history.reads)
    for late_us, key, value, other in history.find_stale():
        worst = max(worst, late_us)
        assert late_us <= LEASE_US, f"{key} was {value} {late_us} us after {other} was acknowledged"
    print(f"# {len(history.reads)} reads, at most {worst} us behind", file=sys.stderr)


def stop_and_kill(daemon, processes):
    for process in processes:
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.6)
        process.send_signal(signal.SIGCONT)
    daemon.restart()


CALLERS = [C_CALLER, PYTHON_CALLER]
test_changes, test_own, test_many, test_restart, test_stopped = map(by_each, (check_changes, check_own, check_many, check_restart, check_stopped))


def test_together(t):
    check_together(t, [C_CALLER] * 3 + [PYTHON_CALLER] * 2)


def test_together_disturbed(t):
    check_together(t, [C_CALLER] * 2 + [PYTHON_CALLER] * 2, seconds=6, disturb=stop_and_kill)


orfeas_test.main()
