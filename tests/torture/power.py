#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Power cuts: what is done to the files is recorded, and then the disk is made as it may be after a cut at any point of that. The daemon
opens it, the file is whole, and what was answered before the cut is there, once."""

import errno
import os
import shutil
import threading
import time

import orfeas_torture  # first: it knows where the harness is

import mixed_load
from orfeas_test import RpcError, now_us, wait_for
from power_cut import Disk, read_record
from shim import Shim

CUTS = 50  # of one record
LOAD_S = 2
INTERESTING = "sftrc"  # entries beside which half of the cuts are


class Recording:
    """A while of the daemon's life: two starts, load, a backup, and what was accepted when."""

    def __init__(self, torture):
        self.chance = torture.chance
        self.shim = Shim(torture, record=True)
        self.daemon = self.shim.daemon(torture, **mixed_load.SETTINGS, **{"store.commit_us": 100000, "store.check_us": 100000})
        self.copy = os.path.join(self.shim.folder, "copy.db")
        self.copied_at = None
        self.fails = self.chance.random() < 0.5
        torture.start(self.daemon, "first start")
        mixed_load.prepare(self.daemon)
        self.crew = mixed_load.durable_crew(self.daemon)
        self.accepted = {writer: {} for writer in self.crew.writers}  # number -> length of the record when it was
        for writer in self.crew.writers:
            writer.note_accepted = lambda numbers, writer=writer: self.accepted[writer].update(dict.fromkeys(numbers, self.position()))
        self.live()
        self.entries = read_record(self.shim.record_path)

    def position(self):
        return self.shim.get("n_recorded")

    def live(self):
        self.crew.start()
        timer = threading.Timer(LOAD_S / 2, self.back_up)
        timer.start()
        begin_us = now_us()
        while now_us() < begin_us + LOAD_S * 500000:
            self.fail_a_sync()
        self.crew.stop()
        timer.join()
        self.shim.disarm()
        self.daemon.stop()
        self.daemon.start()
        self.crew.start()
        wait_for(lambda: now_us() > begin_us + LOAD_S * 1000000 and self.crew.accepted_now() > 0, "the rest of it")
        self.daemon.kill()
        self.crew.join()
        self.shim.disarm()

    def fail_a_sync(self):
        """In half of the recordings; what waited for it may be lost then, though everyone reads it."""
        if self.fails:
            self.shim.arm("sync", (self.chance.choice(("wal", "wal", "database")),), number=errno.EIO, skip=self.chance.randrange(3))
        time.sleep(0.05)

    def back_up(self):
        try:
            self.daemon.admin("db.backup", {"path": self.copy})
            self.copied_at = self.position()
        except RpcError:
            assert self.fails

    def choose_cuts(self, chance, n):
        near = [i for i, entry in enumerate(self.entries) if entry[0] in INTERESTING]
        cuts = [chance.randrange(len(self.entries)) for _ in range(n - n // 2)]
        cuts += [min(len(self.entries), chance.choice(near) + chance.randrange(3)) for _ in range(n // 2)]
        return sorted(cuts)

    def forget(self):
        os.remove(self.shim.record_path)
        shutil.rmtree(self.shim.folder)


def lay_out(disk, folder):
    """The disk after a cut, in a folder of its own."""
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    for path, data in disk.after_cut().items():
        with open(os.path.join(folder, os.path.basename(path)), "wb") as file:
            file.write(data)
    return os.path.join(folder, "orfeas.db")


def check_integrity(path):
    verdict = orfeas_torture.verdict(path)
    return [] if verdict == "ok" else [f"{os.path.basename(path)}: {verdict}"]


def problems_after(torture, recording, position, db):
    """What is wrong after a cut at that entry, in words; the daemon must start."""
    folder = os.path.dirname(db)
    problems = []
    copy = os.path.join(folder, os.path.basename(recording.copy))
    if os.path.exists(copy):
        problems += check_integrity(copy)
    elif recording.copied_at is not None and recording.copied_at <= position:
        problems.append("the backup is gone")
    daemon = torture.daemon(db=db, settings=mixed_load.SETTINGS)
    if not torture.start_or_end(daemon, "ready after a cut"):
        return problems + [f"refused: {daemon.stderr()}"]
    for writer in recording.crew.writers:
        writer.daemon = daemon
        problems += writer.problems({number for number, at in recording.accepted[writer].items() if at <= position})
    problems += daemon.admin("db.check", meta={"deadline_ms": 60000})["problems"]
    daemon.kill()
    return problems + check_integrity(db)


def cut(torture, recording, disk, position):
    db = lay_out(disk, os.path.join(torture.dir, "cut"))
    found = problems_after(torture, recording, position, db)
    torture.check(not found, f"cut at {position} of {len(recording.entries)} ({recording.entries[min(position, len(recording.entries) - 1)][0]}): {found}")
    torture.count("cuts")


def check_the_check(torture, recording):
    """A disk that calls synced what is not loses what was accepted, and that must be seen here."""
    disk = Disk(recording.shim.folder, torture.chance, lies=True)
    for entry in recording.entries:
        disk.change(*entry)
    db = lay_out(disk, os.path.join(torture.dir, "cut"))
    found = problems_after(torture, recording, len(recording.entries), db)
    torture.check(found, "a disk that lies went unnoticed")
    torture.count("losses of a disk that lies, seen", bool(found))


def run(torture):
    cuts, recording, disk, done = [], None, None, 0
    for _ in torture.rounds():
        if not cuts:
            if recording is not None:
                recording.forget()
            recording = Recording(torture)
            torture.count("syncs that failed", sum(kind == "f" for kind, *_ in recording.entries))
            torture.count("entries recorded", len(recording.entries))
            torture.count("accepted", recording.crew.accepted())
            torture.equal([fault for writer in recording.crew.writers for fault in writer.faults], [], "writers that ended")
            check_the_check(torture, recording)
            cuts = recording.choose_cuts(torture.chance, min(CUTS, torture.n_rounds or CUTS))
            disk, done = Disk(recording.shim.folder, torture.chance), 0
        position = cuts.pop(0)
        for entry in recording.entries[done:position]:
            disk.change(*entry)
        done = position
        cut(torture, recording, disk, position)


orfeas_torture.main(run, rounds=8)
