#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The disk fills up at any moment, to the last byte or nearly, while clients write; now and then the daemon is killed or ended, started or
backed up meanwhile. What is refused is told why, nothing that was accepted is lost, and five seconds after there is room all write again."""

import os
import time

import orfeas_torture  # first: it knows where the harness is

import mixed_load
from orfeas_test import RpcError, wait_for
from small_disk import MIB, fill, in_own_mounts, make_room, mount

CHECK_EVERY = 5  # rounds
BACK_S = 5
REFUSALS = ("RESOURCE_EXHAUSTED: the disk that holds", "UNAVAILABLE", "429", "503")


def hold(torture, daemon, crew):
    """For a while."""
    time.sleep(torture.chance.uniform(0, 1))


def hold_until_seen(torture, daemon, crew):
    wait_for(lambda: daemon.call("status.get")["db"]["disk_full"], "the full disk to be seen")


def kill(torture, daemon, crew):
    hold(torture, daemon, crew)
    daemon.kill()
    crew.join()


def start_while_full(torture, daemon, crew):
    kill(torture, daemon, crew)
    said = len(daemon.stderr())
    if torture.start_or_end(daemon, "ready on a full disk"):
        crew.start()
    else:
        torture.check(os.path.dirname(daemon.db) in daemon.stderr()[said:], f"refused, and no file is named: {daemon.stderr()[said:]}")


def end(torture, daemon, crew):
    hold(torture, daemon, crew)
    daemon.stop()
    crew.join()


def back_up(torture, daemon, crew):
    path = os.path.join(os.path.dirname(daemon.db), "copy.db")
    try:
        daemon.admin("db.backup", {"path": path})
        os.remove(path)
    except RpcError as error:
        torture.check("disk" in str(error), f"a backup: {error}")
    left = [name for name in os.listdir(os.path.dirname(daemon.db)) if name.startswith("copy")]
    torture.equal(left, [], "left of a backup")


WAYS = {hold: 6, hold_until_seen: 3, kill: 2, start_while_full: 2, end: 1, back_up: 2}


def check_goes_on(torture, daemon, crew):
    make_room(daemon)
    if not daemon.alive():
        torture.start(daemon)
        crew.start()
    torture.wait_all_write(crew, "all write after there is room", BACK_S)


def run(torture):
    db = os.path.join(mount(torture, "160m"), "orfeas.db")
    daemon = torture.daemon(db=db, settings={**mixed_load.SETTINGS, "store.min_free_bytes": MIB})
    torture.start(daemon)
    mixed_load.prepare(daemon)
    crew = mixed_load.crew(daemon)
    crew.start()
    for number in torture.rounds():
        wait_for(lambda: crew.accepted_now() > 0, "what is accepted")
        time.sleep(torture.chance.uniform(0, 0.3))
        fill(daemon, torture.chance.choice((0, 0, 4096, 100000, MIB, 4 * MIB)))
        (way,) = torture.chance.choices(list(WAYS), list(WAYS.values()))
        torture.count(f"full, then {way.__name__.replace('_', ' ')}")
        way(torture, daemon, crew)
        check_goes_on(torture, daemon, crew)
        if number % CHECK_EVERY == CHECK_EVERY - 1:
            crew.stop()
            torture.check_crew(crew)
            torture.equal(daemon.admin("db.check", meta={"deadline_ms": 60000})["problems"], [], "db.check")
            crew.start()
    crew.stop()
    torture.check_crew(crew)
    torture.check_refusals(crew, REFUSALS)
    torture.count("accepted", crew.accepted())
    daemon.stop()
    torture.check_file(daemon)


in_own_mounts()
orfeas_torture.main(run, rounds=3)
