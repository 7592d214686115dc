#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pages of a file are damaged, and `orfeasctl db recover` makes a new one of it: whole, taken by the daemon, and with every row but those that
stood on a page that cannot be read."""

import errno
import os
import shutil
import sqlite3
import subprocess

import orfeas_torture  # first: it knows where the harness is

import mixed_load
import orfeas_test
from orfeas_test import now_us, wait_for
from shim import Shim

PAGE, SECTOR = 4096, 512
DONE, SERVER_ERROR, CHECK_FAILED = 0, 1, 5
# Of these a row may be another, or gone, since rows of other tables are.
MADE_AGAIN = {"raw_block", "chunk_block", "packing", "retention", "trace", "span_total", "cost_state"}
PARENTS = {"alert_event": ["alert"], "alert_notice": ["alert", "outbox"], "load_slice": ["load_run"], "pin": ["incident"], "cleanup_worker": ["cleanup"],
           "worker_batch": ["worker"], "leak": ["worker"], "span": ["span_source"], "span_exemplar": ["span", "span_operation"],
           "span_stat": ["span_operation"], "span_gpu": ["span_operation"]}


def make_master(torture):
    """A file of an ended daemon that has some of everything, without a WAL."""
    daemon = torture.start(torture.daemon(settings=mixed_load.SETTINGS), "first start")
    mixed_load.prepare(daemon)
    daemon.call("incidents.pin", {"from_us": now_us() - 10**6, "to_us": now_us(), "title": "kept"})
    crew = mixed_load.crew(daemon)
    crew.start()
    wait_for(lambda: crew.accepted_now() > 4000, "what is accepted")
    wait_for(lambda: daemon.sql("SELECT count(*) FROM chunk")[0][0] > 100, "packed samples")
    crew.stop()
    daemon.stop()
    path = os.path.join(torture.dir, "master.db")
    shutil.move(daemon.db, path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


class Pages:
    """Where the tables of a file lie."""

    def __init__(self, path):
        connection = sqlite3.connect(path)
        self.tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'")]
        self.of = {table: connection.execute("SELECT pageno, pagetype, ncell FROM dbstat WHERE name=?", (table,)).fetchall() for table in self.tables}
        self.numbers = [page[0] for pages in self.of.values() for page in pages]
        connection.close()


class Victim:
    """What can be done to a page; each of the first can surely not be read any more."""

    def __init__(self, torture, pages):
        self.chance, self.pages, self.db = torture.chance, pages, os.path.join(torture.dir, "victim.db")

    def write(self, page, data, offset=0):
        with open(self.db, "r+b") as file:
            file.seek((page - 1) * PAGE + offset)
            file.write(data)

    def zeros(self, page):
        self.write(page, bytes(PAGE))

    def a_broken_head(self, page):
        self.write(page, b"\xff" * 200)

    def random_bytes(self, page):
        self.write(page, b"\x07" + self.chance.randbytes(PAGE - 1))

    def another_page(self, page):
        with open(self.db, "rb") as file:
            file.seek((self.chance.choice(self.pages.numbers) - 1) * PAGE)
            self.write(page, file.read(PAGE))

    def a_sector_of_zeros(self, page):
        self.write(page, bytes(SECTOR), self.chance.randrange(PAGE // SECTOR) * SECTOR)

    def some_bytes(self, page):
        self.write(page, self.chance.randbytes(self.chance.randrange(1, 64)), self.chance.randrange(PAGE - 64))


SURE = (Victim.zeros, Victim.a_broken_head, Victim.random_bytes)
UNSURE = (Victim.another_page, Victim.a_sector_of_zeros, Victim.some_bytes)


def damage(torture, victim, pages):
    """What was done, in words, and the pages of each table that it was done to where that is sure."""
    torn, words, sure = {}, [], torture.chance.random() < 0.6
    for _ in range(torture.chance.choice((1, 1, 1, 2, 4))):
        table = torture.chance.choice([table for table in pages.tables if pages.of[table]])
        page = torture.chance.choice(pages.of[table])
        way = torture.chance.choice(SURE if sure else UNSURE)
        way(victim, page[0])
        torn.setdefault(table, set()).add(page)
        words.append(f"{way.__name__} in page {page[0]} ({page[1]}) of {table}")
    return torn, ", ".join(words), sure


def rows_that_differ(old, new, table):
    """(rows of the old file that the new one has not, rows of the new that the old had not)"""
    connection = sqlite3.connect(new)
    connection.execute("ATTACH ? AS old", (old,))
    rowid = "" if connection.execute("SELECT wr FROM pragma_table_list WHERE schema='main' AND name=?", (table,)).fetchone()[0] else "rowid, "
    one, other = f"SELECT {rowid}* FROM old.{table}", f"SELECT {rowid}* FROM main.{table}"
    counts = [connection.execute(f"SELECT count(*) FROM ({a} EXCEPT {b})").fetchone()[0] for a, b in ((one, other), (other, one))]
    connection.close()
    return counts


def check_rows(torture, what, master, new, pages, torn):
    """All that stood elsewhere is there, and nothing that was not."""
    for table in pages.tables:
        if table in MADE_AGAIN or any(parent in torn for parent in PARENTS.get(table, ())):
            continue
        lost, invented = rows_that_differ(master, new, table)
        torn_here = torn.get(table, ())
        # the recovery's own mark, sample and series, series whose name is lost, operations made of spans, hours of minutes, and text that goes on on a page of its own
        own = {"event": 1, "sample_raw": 1, "series": 1 + lost, "span_operation": lost, "rollup_1h": lost}.get(table, 0) + sum(page[1] == "overflow" for page in torn_here)
        torture.check(invented <= own, f"{what}: {invented} rows of {table} that were not there")
        if not torn_here:
            torture.equal(lost, 0, f"{what}: lost rows of {table}")
        elif all(page[1] == "leaf" for page in torn_here):
            most = sum(page[2] for page in torn_here)
            torture.check(lost <= most, f"{what}: {lost} rows of {table} are lost, and the pages had {most}")
            torture.count("rows lost with their page", lost)


def check_lives(torture, what, db, sure):
    """The daemon takes it, reads it, and writes on. Where a number became another one, and SQLite takes the row, the check may tell of it."""
    daemon = torture.start(torture.daemon(db=db, settings=mixed_load.SETTINGS))
    said = daemon.call("metrics.record", {"samples": [{"name": "after", "value": 1, "t_us": now_us()}]})
    torture.equal(said, {"accepted": 1}, f"{what}: metrics.record")
    marks = [event["text"] for event in daemon.call("events.list", {"limit": 1})["events"]]
    torture.check(marks and "recovered from" in marks[0], f"{what}: no mark tells of it: {marks}")
    series = daemon.call("metrics.query", {"select": "recovered", "from_us": 0})["series"]
    torture.check([points["points"][-1][1] for points in series if points["points"]], f"{what}: no sample tells of it")
    check = daemon.admin("db.check", meta={"deadline_ms": 60000})
    torture.check(check["ok"] or not sure, f"{what}: once it was used: {check['problems'][:5]}")
    daemon.stop()


def make_room(torture, master, victim):
    """The victim is as the master, and there is no other: where that may be."""
    new = os.path.join(torture.dir, "new.db")
    for path in (victim, new, new + "-wal", new + "-shm", new + ".lock"):
        if os.path.exists(path):
            os.unlink(path)
    shutil.copy(master, victim)
    return new


def recover_by_bad_reads(torture, shim, master):
    """The disk cannot be read here and there: a page more or less, never a row that was not there."""
    new = make_room(torture, master, shim.db)
    skip, times = torture.chance.randrange(400), torture.chance.choice((1, 2, 30, 1000))
    what = f"{times} reads fail after {skip}"
    shim.arm("read", ("database",), number=errno.EIO, skip=skip, times=times)
    done = subprocess.run([orfeas_test.ORFEASCTL, "db", "recover", shim.db, new], env=torture.test.environment(shim.env), capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=orfeas_test.PATIENCE_S * 2, check=False)
    torture.count("reads that failed", shim.met)
    if not torture.check(done.returncode in (DONE, CHECK_FAILED, SERVER_ERROR), f"{what}: exit status {done.returncode}: {done.stderr}"):
        return
    torture.equal(done.returncode == SERVER_ERROR, not os.path.exists(new), f"{what}: {new} where it failed, and only there")
    if os.path.exists(new):
        torture.equal(orfeas_torture.verdict(new), "ok", f"{what}: integrity_check")
        code, out, said = torture.test.ctl(None, "--db", new, "db", "check")
        torture.equal(code, DONE, f"{what}: db check: {out}{said}")


def recover(torture, master, pages):
    victim = Victim(torture, pages)
    new = make_room(torture, master, victim.db)
    torn, what, sure = damage(torture, victim, pages)
    before = open(victim.db, "rb").read()
    code, out, said = torture.test.ctl(None, "db", "recover", victim.db, new)
    torture.equal(open(victim.db, "rb").read() == before, True, f"{what}: the damaged file is as it was")
    if not torture.check(code in (DONE, CHECK_FAILED), f"{what}: exit status {code}: {out}{said}"):
        return
    torture.count("recovered in part" if code == CHECK_FAILED else "recovered as a whole")
    torture.check(not sure or code == CHECK_FAILED or set(torn) <= MADE_AGAIN or any(page[1] != "leaf" for page in set().union(*torn.values())),
                  f"{what}: nothing is told to be lost: {out}")
    torture.equal(orfeas_torture.verdict(new), "ok", f"{what}: integrity_check")
    if sure:
        code, out, said = torture.test.ctl(None, "--db", new, "db", "check")
        torture.equal(code, DONE, f"{what}: db check: {out}{said}")
        check_rows(torture, what, master, new, pages, torn)
    check_lives(torture, what, new, sure)


def run(torture):
    master = make_master(torture)
    pages = Pages(master)
    shim = Shim(torture)
    for number in torture.rounds():
        if number % 4 == 3:
            recover_by_bad_reads(torture, shim, master)
        else:
            recover(torture, master, pages)


orfeas_torture.main(run, rounds=8)
