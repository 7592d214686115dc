#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A file that was damaged, or is something else: the daemon says so and leaves it, or lives with it and says what is lost. It never
crashes, and never makes the evidence go away."""

import os
import shutil
import sqlite3

import orfeas_torture  # first: it knows where the harness is

import mixed_load
from orfeas_test import RpcError, now_us, wait_for

PAGE = 4096
SECTOR = 512
WAL_HEADER, FRAME_HEADER = 32, 24
# What may be said of a damaged file. INTERNAL: a row, or the schema, that SQLite takes and that makes no sense.
CLEAR = {"DATA_LOSS", "UNAVAILABLE", "NOT_FOUND", "DEADLINE_EXCEEDED", "INTERNAL"}
READS = (
    ("metrics.query", {"select": '{__name__=~".+"}', "from_us": 0}), ("metrics.list", {}), ("traces.list", {}), ("traces.services", {}), ("traces.stats", {}),
    ("alerts.history", {"unfired": True}), ("alerts.active", {}), ("events.list", {}), ("incidents.list", {}), ("load.list", {}), ("anomalies.list", {}),
    ("predictions.accuracy", {}), ("cost.summary", {}), ("gpu.cleanups", {}), ("worker.list", {}), ("outbox.list", {}), ("status.get", {}),
    ("postmortem.build", {"from_us": now_us() - 600000000, "to_us": now_us()}), ("sql.query", {"sql": "SELECT count(*) FROM samples"}),
)


def make_master(torture):
    """A file of an ended daemon that has some of everything, and a WAL with what its last seconds wrote."""
    daemon = torture.start(torture.daemon(settings=mixed_load.SETTINGS), "first start")
    mixed_load.prepare(daemon)
    crew = mixed_load.crew(daemon)
    crew.start()
    wait_for(lambda: crew.accepted_now() > 1000, "what is accepted")
    wait_for(lambda: daemon.sql("SELECT count(*) FROM chunk")[0][0] > 20, "packed samples")
    crew.stop()
    daemon.kill()  # so that the WAL has pages that the file has not
    folder = os.path.join(torture.dir, "master")
    os.mkdir(folder)
    for suffix in ("", "-wal", "-shm"):
        shutil.move(daemon.db + suffix, os.path.join(folder, "orfeas.db" + suffix))
    return folder


class Victim:
    """Copies of the master, and what can be done to them; each function says in words what it did."""

    def __init__(self, torture, master):
        self.chance, self.master = torture.chance, master
        self.db = os.path.join(torture.dir, "victim", "orfeas.db")

    def restore(self):
        shutil.rmtree(os.path.dirname(self.db), ignore_errors=True)
        shutil.copytree(self.master, os.path.dirname(self.db))

    def remove(self, *suffixes):
        for suffix in suffixes:
            os.remove(self.db + suffix)

    def write(self, suffix, offset, data):
        with open(self.db + suffix, "r+b") as file:
            file.seek(offset)
            file.write(data)
        return f"{len(data)} bytes of {os.path.basename(self.db + suffix)} at {offset}"

    def write_somewhere(self, suffix, begin=0, end=None):
        size = os.path.getsize(self.db + suffix) if end is None else end
        return self.write(suffix, self.chance.randrange(begin, size), self.chance.randbytes(self.chance.randrange(1, 64)))

    def checkpoint(self):
        """All in the one file."""
        connection = sqlite3.connect(self.db)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    def bytes_of_the_file(self):
        self.checkpoint()
        return self.write_somewhere("")

    def bytes_of_many_pages(self):
        self.checkpoint()
        for _ in range(50):
            self.write_somewhere("")
        return "50 places"

    def a_page_of_zeros(self):
        self.checkpoint()
        return self.write("", self.chance.randrange(os.path.getsize(self.db) // PAGE) * PAGE, bytes(PAGE))

    def a_sector_of_zeros(self):
        """Within a page: its rows are NULLs then, and SQLite finds nothing wrong with them."""
        self.checkpoint()
        return self.write("", self.chance.randrange(1, os.path.getsize(self.db) // SECTOR) * SECTOR, bytes(SECTOR))

    def a_page_twice(self):
        self.checkpoint()
        n_pages = os.path.getsize(self.db) // PAGE
        one, other = self.chance.randrange(n_pages), self.chance.randrange(1, n_pages)
        with open(self.db, "rb") as file:
            file.seek(one * PAGE)
            page = file.read(PAGE)
        return f"page {one} as {other}: " + self.write("", other * PAGE, page)

    def the_header(self):
        self.checkpoint()
        return self.write("", self.chance.randrange(100), self.chance.randbytes(self.chance.randrange(1, 16)))

    def the_schema(self):
        self.checkpoint()
        return self.write_somewhere("", 100, PAGE)

    def cut_short(self):
        self.checkpoint()
        size = self.chance.randrange(os.path.getsize(self.db))
        os.truncate(self.db, size)
        return f"cut to {size}"

    def a_chunk(self):
        connection = sqlite3.connect(self.db)
        rows = connection.execute("SELECT id, data FROM chunk").fetchall()
        number, data = self.chance.choice(rows)
        data = bytearray(data)
        kind = self.chance.randrange(3)
        if kind == 0:
            data[self.chance.randrange(len(data))] ^= 1 << self.chance.randrange(8)
        elif kind == 1:
            del data[self.chance.randrange(len(data)):]
        else:
            data += self.chance.randbytes(10)
        connection.execute("UPDATE chunk SET data=? WHERE id=?", (bytes(data), number))
        connection.commit()
        connection.close()
        return f"chunk {number}, kind {kind}"

    def a_sketch(self):
        connection = sqlite3.connect(self.db)
        connection.execute("UPDATE span_stat SET sketch=?", (self.chance.randbytes(40),))
        connection.commit()
        connection.close()
        return "all sketches of spans"

    def the_wal(self):
        return self.write_somewhere("-wal", WAL_HEADER)

    def the_wals_header(self):
        return self.write_somewhere("-wal", 0, WAL_HEADER)

    def the_wal_cut_short(self):
        size = self.chance.randrange(os.path.getsize(self.db + "-wal"))
        os.truncate(self.db + "-wal", size)
        return f"cut to {size}"

    def another_files_wal(self):
        other = sqlite3.connect(os.path.join(os.path.dirname(self.db), "other.db"))
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("CREATE TABLE mine (a)")
        other.commit()
        shutil.copy(os.path.join(os.path.dirname(self.db), "other.db-wal"), self.db + "-wal")
        other.close()
        return "the WAL of another file"

    def the_shm(self):
        size = os.path.getsize(self.db + "-shm")
        with open(self.db + "-shm", "wb") as file:
            file.write(self.chance.randbytes(size))
        return "random bytes"

    def another_programs_file(self):
        self.remove("", "-wal", "-shm")
        connection = sqlite3.connect(self.db)
        connection.execute("CREATE TABLE mine (a)")
        connection.commit()
        connection.close()
        return "a database of another program"

    def a_text(self):
        self.remove("", "-wal", "-shm")
        with open(self.db, "wb") as file:
            file.write(b"This is a letter, and no database.\n" * self.chance.randrange(1, 1000))
        return "a text"

    def a_folder(self):
        suffix = self.chance.choice(["", "-wal", "-shm", ".lock"])
        self.instead(suffix, os.mkdir)
        return f"a folder as orfeas.db{suffix}"

    def a_pipe(self):
        suffix = self.chance.choice(["", ".lock"])
        self.instead(suffix, os.mkfifo)
        return f"a pipe as orfeas.db{suffix}"

    def a_link_to_nothing(self):
        suffix = self.chance.choice(["", ".lock"])
        self.instead(suffix, lambda path: os.symlink("/nowhere/at/all", path))
        return f"a link to nothing as orfeas.db{suffix}"

    def instead(self, suffix, make):
        if os.path.lexists(self.db + suffix):
            os.remove(self.db + suffix)
        make(self.db + suffix)

    def no_rights(self):
        if os.geteuid() == 0:
            return self.a_folder()  # nothing is kept from root
        suffix = self.chance.choice(["", "-wal", "-shm"])
        os.chmod(self.db + suffix, 0)
        return f"no rights to orfeas.db{suffix}"


ATTACKS = [value for name, value in vars(Victim).items() if not name.startswith("_") and name not in {
    "restore", "remove", "write", "write_somewhere", "checkpoint", "instead"}]

FOREIGN = (Victim.another_programs_file, Victim.a_text)


def look(path):
    """(inode, bytes) of a file; what is no file has no bytes."""
    return os.lstat(path).st_ino, open(path, "rb").read() if os.path.isfile(path) else None


def evidence(db):
    return {suffix: look(db + suffix) for suffix in ("", "-wal") if os.path.lexists(db + suffix)}


def check_refused(torture, daemon, what, before):
    text = daemon.stderr()
    torture.check(daemon.db in text, f"{what}: the file is not named: {text[-400:]}")
    after = evidence(daemon.db)
    for suffix, (inode, data) in before.items():
        there = after.get(suffix, (None, None))
        torture.check(there[0] == inode, f"{what}: refused, and orfeas.db{suffix} is another")
        if there[1] != data:  # what is met late is met by one who reads while the writer is at work
            torture.check(len(there[1]) >= len(data), f"{what}: refused, and orfeas.db{suffix} was cut")
    torture.count("refused at once" if after == before else "refused once it was open")


def check_lived_with(torture, daemon, what, before):
    """It may tell less, and must say so; what is left must be there still, in the file that was."""
    said = set()
    for method, params in READS:
        said |= ask(torture, daemon, what, method, params)
    said |= ask(torture, daemon, what, "metrics.record", {"samples": [{"name": "after", "value": 1, "t_us": now_us()}]})
    problems = []
    try:
        problems = daemon.admin("db.check", meta={"deadline_ms": 60000})["problems"]
    except RpcError as error:
        torture.check(error.status in CLEAR, f"{what}: db.check: {error}")
        said.add(error.status)
    torture.check(os.path.isfile(daemon.db) and os.path.getsize(daemon.db) > 0, f"{what}: the file is gone")
    torture.equal(look(daemon.db)[0], before[""][0], f"{what}: orfeas.db is another file")
    torture.count("found by db.check" if problems else "told by an error" if said else "nothing to be seen")
    daemon.stop()
    return problems


def ask(torture, daemon, what, method, params):
    """The statuses that were not good, of one call."""
    try:
        daemon.admin(method, params, {"deadline_ms": 20000})
        return set()
    except RpcError as error:
        torture.check(error.status in CLEAR, f"{what}: {method}: {error}")
        return {error.status}


def attack(torture, victim, function):
    victim.restore()
    what = f"{function.__name__} ({function(victim)})"
    before = evidence(victim.db)
    daemon = torture.daemon(db=victim.db, settings=mixed_load.SETTINGS)
    if torture.start_or_end(daemon):
        torture.count("lived with")
        torture.check(function not in FOREIGN, f"{what}: it was taken for its own")
        problems = check_lived_with(torture, daemon, what, before)
        torture.check(problems or function is not Victim.a_chunk, f"{what}: db.check found nothing")
    else:
        check_refused(torture, daemon, what, before)


def run(torture):
    victim = Victim(torture, make_master(torture))
    attacks = []
    for _ in torture.rounds():
        # each once, in any order, then again with other bytes
        attacks = attacks or torture.chance.sample(ATTACKS, len(ATTACKS))
        attack(torture, victim, attacks.pop())


orfeas_torture.main(run, rounds=12)
