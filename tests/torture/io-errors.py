#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls on the daemon's files fail, and SQLite gets no memory, one call or many: while clients write, in backups, at the start. What fails is
refused and said, nothing that was accepted is lost, and writing goes on within five seconds of the last fault.

GLib ends a process that gets no memory, so allocations fail in SQLite alone.
"""

import errno
import os
import time

import orfeas_torture  # first: it knows where the harness is

import mixed_load
from orfeas_test import RpcError
from shim import ALWAYS, Shim

ERRORS = (errno.EIO, errno.ENOSPC, errno.EMFILE, errno.EACCES, errno.EDQUOT)
# What is called while clients write, and how many of those calls are let pass at most.
CALLS = (("write", "wal", 20), ("write", "database", 20), ("sync", "wal", 20), ("sync", "database", 1), ("read", "wal", 20), ("read", "database", 20))
BACKUP_CALLS = (("open", 1), ("write", 200), ("sync", 1), ("rename", 0), ("read", 20))
START_CALLS = (("open", 12), ("read", 100), ("write", 10), ("sync", 2), ("truncate", 2))
CHECK_EVERY = 25  # rounds
BACK_S = 5
MET_S = 0.5  # a fault of which nothing came: the call was not made
# What a refused client is told. DATA_LOSS: to SQLite, what cannot be read (EIO) is damaged.
REFUSALS = ("RESOURCE_EXHAUSTED", "UNAVAILABLE", "DATA_LOSS", "429", "503")


def fail_calls(torture, shim, *_):
    chance = torture.chance
    op, file, skip = chance.choice(CALLS)
    times = chance.choice((1, 1, 1, 2, 10, ALWAYS))
    before = shim.met
    action = chance.choice(("fail", "fail", "short")) if op == "write" else "fail"
    shim.arm(op, (file,), action, chance.choice(ERRORS), chance.randint(0, skip), times)
    wait_met(shim, before)
    if times == ALWAYS:
        time.sleep(chance.uniform(0, 0.3))
    shim.disarm()
    torture.count(f"{op} of the {file}", shim.met - before)


def fail_memory(torture, shim, *_):
    before = shim.met
    shim.arm_memory(torture.chance.randrange(200), torture.chance.choice((1, 1, 2, 20, 1000)))
    wait_met(shim, before)
    shim.disarm_memory()
    torture.count("memory of SQLite", shim.met - before)


def fail_a_backup(torture, shim, daemon, _):
    """It is complete, or nothing of it is there; where it was answered, it is there."""
    op, skip = torture.chance.choice(BACKUP_CALLS)
    name = f"copy-{torture.round}"  # whose kind is "other"
    path = os.path.join(shim.folder, name)
    before = shim.met
    shim.arm(op, ("other",), "fail", torture.chance.choice(ERRORS), torture.chance.randint(0, skip))
    answered = False
    try:
        daemon.admin("db.backup", {"path": path})
        answered = True
    except RpcError as error:
        torture.check(shim.folder in str(error), f"no file is named: {error}")
    shim.disarm()
    torture.count(f"{op} of a backup", shim.met - before)
    left = [one for one in os.listdir(shim.folder) if one.startswith(name)]
    if left == [name]:
        torture.equal(orfeas_torture.verdict(path), "ok", "the backup")
        os.remove(path)
    else:
        torture.equal(left, [], "left of a backup")
        torture.check(not answered, "a backup was answered, and is not there")


def fail_the_start(torture, shim, daemon, crew):
    """It starts all the same, or refuses and names the file; then it starts."""
    crew.stop()
    torture.chance.choice((daemon.stop, daemon.kill))()
    op, skip = torture.chance.choice(START_CALLS)
    before, said = shim.met, len(daemon.stderr())
    if torture.chance.random() < 0.2:
        op = "memory"
        shim.arm_memory(torture.chance.randrange(1000), torture.chance.choice((1, 100)))
    else:
        shim.arm(op, ("database", "wal", "index", "other"), "fail", torture.chance.choice(ERRORS), torture.chance.randint(0, skip))
    if not torture.start_or_end(daemon):
        torture.check(shim.folder in daemon.stderr()[said:], f"{op} failed, and no file is named: {daemon.stderr()[said:]}")
        torture.count("starts refused")
        shim.disarm()
        shim.disarm_memory()
        torture.start(daemon)
    shim.disarm()
    shim.disarm_memory()
    torture.count(f"{op} at the start", shim.met - before)
    crew.start()


ATTACKS = {fail_calls: 10, fail_memory: 2, fail_a_backup: 1, fail_the_start: 2}


def wait_met(shim, before):
    end = time.monotonic() + MET_S
    while shim.met == before and time.monotonic() < end:
        time.sleep(0.002)


def check_goes_on(torture, daemon, crew):
    """All write again, soon; and what they wrote is there."""
    torture.wait_all_write(crew, "all write again", BACK_S)
    crew.stop()
    torture.check_crew(crew)
    torture.equal(daemon.admin("db.check", meta={"deadline_ms": 60000})["problems"], [], "db.check")


def run(torture):
    shim = Shim(torture)
    daemon = shim.daemon(torture, **mixed_load.SETTINGS, **{"store.check_us": 100000})
    torture.start(daemon)
    shim.check_loaded(daemon)
    mixed_load.prepare(daemon)
    crew = mixed_load.crew(daemon)
    crew.start()
    for number in torture.rounds():
        torture.chance.choices(list(ATTACKS), list(ATTACKS.values()))[0](torture, shim, daemon, crew)
        torture.check(daemon.alive(), f"the daemon ended with {daemon.process.poll()}: {daemon.stderr()[-1500:]}")
        if number % CHECK_EVERY == CHECK_EVERY - 1:
            check_goes_on(torture, daemon, crew)
            crew.start()
    check_goes_on(torture, daemon, crew)
    torture.check_refusals(crew, REFUSALS)
    torture.check(shim.met > 0 or torture.round < CHECK_EVERY, "no call was met")
    torture.count("faults", shim.met)
    torture.count("accepted", crew.accepted())
    daemon.stop()
    torture.check_file(daemon)


orfeas_torture.main(run, rounds=30)
