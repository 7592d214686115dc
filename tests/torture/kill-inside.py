#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 in the middle of what the writer does: before a call on a file, after it, or with half a write made; in commits, checkpoints, packing
and retention, backups, migrations and what they rewrite, at the start and at the end; and at statements of each kind (statements.py). What was
accepted is there, once; what was begun is done or is not."""

import functools
import glob
import os
import shutil
import signal
import sqlite3
import subprocess
import threading

import orfeas_torture  # first: it knows where the harness is

import mixed_load
from orfeas_test import PATIENCE_S, RpcError, now_us, wait_for
from shim import STATEMENT_ACTIONS, Shim
from statements import OLD, SHORT, STATEMENTS, Busy, Sink, grow_old

CHECK_EVERY = 10  # rounds
KILLS = {"write": ("kill", "kill after", "kill torn"), "sync": ("kill", "kill after")}
STORED = sorted(glob.glob(os.path.join(orfeas_torture.HERE, "..", "migrations", "version-*.db")))
STORED_SERIES = 3  # of each of them; what else they have, tests/migrations looks at
REWRITER = os.environ.get("ORFEAS_REWRITER", "build/tests/torture/rewriter")
SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema UNION ALL SELECT 'version', user_version, '', '' FROM pragma_user_version ORDER BY 1, 2"


class Attack:
    def __init__(self, torture):
        self.torture, self.chance = torture, torture.chance
        self.shim = Shim(torture)
        self.sink = Sink()
        self.daemon = self.shim.daemon(torture, **{**mixed_load.SETTINGS, "host.enabled": "false", "store.commit_us": 100000, **self.sink.settings()})
        # beside it is the cookie, which each start writes anew
        self.daemon.socket = os.path.join(self.shim.folder, "orfeas.sock")
        self.daemon.command += ["--socket", self.daemon.socket]
        torture.start(self.daemon, "first start")
        self.shim.check_loaded(self.daemon)
        mixed_load.prepare(self.daemon)
        self.crew = mixed_load.crew(self.daemon)
        self.fresh_schema = self.read_schema(self.shim.db)
        self.groups = []

    @staticmethod
    def read(path, query):
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def read_schema(self, path):
        return self.read(path, SCHEMA)

    def arm(self, op, file, skip):
        self.shim.arm(op, (file,), self.chance.choice(KILLS[op]) if op in KILLS else "kill", 0, self.chance.randint(0, skip))

    def end(self, what, may_exit=False):
        """Waits for the kill; what is not met within a while is killed at random."""
        try:
            wait_for(lambda: not self.daemon.alive(), "the kill", 5)
            self.count_end(what, self.daemon.process.returncode, self.daemon.stderr(), may_exit)
        except AssertionError:
            self.torture.count(f"{what}: not met")
        self.shim.disarm()
        self.daemon.kill()
        self.crew.join()

    def count_end(self, what, code, said, may_exit):
        """It was killed, and did not crash or give up; may_exit: or it ended as it was to."""
        self.torture.count(f"{what}: not met" if code == 0 else what)
        self.torture.check(code == -signal.SIGKILL or (may_exit and code == 0), f"{what}: ended with {code}, not by the kill: {said[-1500:]}")

    def in_a_commit(self):
        self.crew.start()
        self.arm(self.chance.choice(("write", "sync")), "wal", 50)
        self.end("in a commit")

    def in_a_checkpoint(self):
        self.crew.start()
        self.arm(*self.chance.choice((("write", "database", 20), ("sync", "database", 0))))
        self.end("in a checkpoint")

    def in_packing_and_retention(self):
        """With no client there, it is what writes the most."""
        self.crew.start()
        wait_for(lambda: self.crew.accepted_now() > 200, "what is to be packed")
        self.crew.stop()
        self.arm("write", "wal", 40)
        self.end("in packing and retention")

    def in_a_backup(self):
        name = f"copy-{self.torture.round}"
        path = os.path.join(self.shim.folder, name)

        def back_up():
            try:
                self.daemon.admin("db.backup", {"path": path})
            except (RpcError, OSError, AssertionError):
                pass  # the daemon is gone

        self.crew.start()
        op, skip = self.chance.choice((("open", 2), ("write", 300), ("sync", 0), ("rename", 0)))
        self.arm(op, "other", skip)
        thread = threading.Thread(target=back_up)
        thread.start()
        self.end("in a backup")
        thread.join()
        if os.path.exists(path):  # under its name only when it is complete
            self.torture.equal(orfeas_torture.verdict(path), "ok", "the backup")
        for one in glob.glob(path + "*"):
            os.remove(one)

    def at_the_start(self):
        self.daemon.kill()
        self.arm(*self.chance.choice((("open", "database", 3), ("open", "wal", 2), ("read", "database", 30), ("write", "wal", 3), ("truncate", "index", 0),
                                       ("open", "other", 4), ("write", "other", 2), ("rename", "other", 0))))
        self.launch("at the start")
        self.torture.start(self.daemon)
        self.check_cookie()
        self.daemon.kill()

    def check_cookie(self):
        """It is the daemon's, whole, and nobody else's to read."""
        path = os.path.join(self.shim.folder, "cookie")
        with open(path, encoding="ascii") as file:
            token = file.read().strip()
        self.torture.equal(os.stat(path).st_mode & 0o777, 0o600, "who may read the cookie")
        try:
            self.daemon.call("alerts.delete_rule", {"rule": "nobody's"}, headers={"Authorization": f"Bearer {token}"})
        except RpcError as error:
            self.torture.equal(error.status, "NOT_FOUND", "what the cookie lets in")

    def at_the_end(self):
        self.crew.start()
        wait_for(self.crew.accepted_now, "what is accepted")
        self.daemon.process.terminate()
        self.arm(*self.chance.choice((("write", "wal", 3), ("sync", "wal", 3), ("write", "database", 20), ("sync", "database", 0), ("truncate", "wal", 0))))
        self.end("at the end", may_exit=True)

    def launch(self, what):
        """Until it is killed, or ready."""
        self.daemon.launch()
        if self.daemon.process.stdout.readline():
            self.torture.count(f"{what}: not met")
        else:
            self.count_end(what, self.daemon.process.wait(PATIENCE_S), self.daemon.stderr(), False)
        self.shim.disarm()
        self.daemon.kill()

    def at_a_statement(self):
        """Before it, after it, or in the commit that it is part of."""
        self.groups = self.groups or self.chance.sample(sorted(STATEMENTS), len(STATEMENTS))
        group = self.groups.pop()
        text, action = self.chance.choice(STATEMENTS[group]), self.chance.choice(STATEMENT_ACTIONS[1:])
        arm = functools.partial(self.shim.arm_statement, text, action, self.chance.randint(0, 3), self.chance.randint(0, 3))
        if group in OLD:
            self.as_it_grows_old(arm, group)
        else:
            arm()
            self.crew.start()
            Busy(self.daemon)
            self.end(f"at a statement of {group}")

    def as_it_grows_old(self, arm, group):
        """A file of its own, in which what is old came before what is young, as it does; alone, for it gives way to whoever writes."""
        old = self.torture.daemon(db=os.path.join(self.shim.folder, "old.db"), env=self.shim.env, settings={**mixed_load.SETTINGS, "host.enabled": "false"})
        self.daemon.kill()
        self.daemon, kept = old, self.daemon
        self.torture.start(old)
        grow_old(old)
        young = {"samples": [{"name": "young", "value": value, "t_us": now_us() + value} for value in range(100)]}
        old.call("metrics.record", young)
        old.kill()
        arm()
        old.command += SHORT
        if line := old.launch().process.stdout.readline():
            old.take_ready(line)
        self.end(f"at a statement of {group}")
        self.torture.start(old)
        found = old.call("metrics.query", {"select": "young"})["series"]
        self.torture.equal([value for _, value in found[0]["points"]] if found else [], list(range(100)), "what is young")
        self.torture.equal(old.admin("db.check", meta={"deadline_ms": PATIENCE_S * 1000})["problems"], [], "db.check")
        self.give_up(old, kept)

    def give_up(self, daemon, kept):
        """The file is whole, and not needed any more."""
        daemon.stop()
        self.torture.check_file(daemon)
        for path in glob.glob(daemon.db + "*"):
            os.remove(path)
        self.daemon = kept

    def in_a_migration(self):
        """Of a file of an earlier version, which then is what a new one would be, with all that it had."""
        stored = self.chance.choice(STORED)
        old = self.torture.daemon(db=os.path.join(self.shim.folder, "old.db"), env=self.shim.env)
        shutil.copy(stored, old.db)
        self.daemon.kill()
        self.daemon, kept = old, self.daemon
        self.arm(*self.chance.choice((("write", "wal", 60), ("sync", "wal", 18), ("open", "wal", 0))))
        self.launch("in a migration")
        self.torture.start(old)
        self.torture.equal(self.read_schema(old.db), self.fresh_schema, f"{os.path.basename(stored)}: the schema")
        self.torture.equal(old.sql("SELECT count(*) FROM series WHERE id <= ?", STORED_SERIES), [(STORED_SERIES,)], f"{os.path.basename(stored)}: its series")
        self.give_up(old, kept)

    def in_a_rewrite(self):
        """Of a file of an earlier version by a step that drops what is there: until that is done the file is as it was, and from then on its copy."""
        self.daemon.kill()
        db = os.path.join(self.shim.folder, "old.db")
        shutil.copy(self.chance.choice(STORED), db)
        before = self.contents(db)
        copy = f"{db}.version-{before[0]}"
        self.arm(*self.chance.choice((("open", "other", 2), ("write", "other", 40), ("sync", "other", 1), ("rename", "other", 0), ("write", "wal", 60), ("sync", "wal", 18))))
        done = subprocess.run([REWRITER, db], env={**os.environ, **self.shim.env}, capture_output=True, text=True, check=False)
        self.count_end("in a rewrite", done.returncode, done.stderr, True)
        self.shim.disarm()
        now = self.contents(db)
        self.torture.equal((now if now[0] == before[0] else self.contents(copy))[1:], before[1:], "what was there")
        if self.contents(db)[0] <= len(STORED):  # not killed too late
            done = subprocess.run([REWRITER, db], capture_output=True, text=True, check=False)
            self.torture.equal(done.returncode, 0, done.stderr)
        self.torture.equal(self.contents(db)[1:], (["new." + name for name in before[1]], 0), "what was to come of it")
        self.torture.equal(self.contents(copy), before, "the copy")
        self.torture.equal((orfeas_torture.verdict(db), orfeas_torture.verdict(copy)), ("ok", "ok"), "integrity_check")
        self.torture.equal(glob.glob(db + ".version-*.??????"), [], "what was begun of a copy")
        for path in glob.glob(db + "*"):
            os.remove(path)

    def contents(self, path):
        """Version, and what is rewritten."""
        return (self.read(path, "PRAGMA user_version")[0][0], [name for name, in self.read(path, f"SELECT name FROM series WHERE id <= {STORED_SERIES} ORDER BY id")],
                self.read(path, "SELECT count(*) FROM sample_raw")[0][0])

    WAYS = {at_a_statement: 10, in_a_commit: 4, in_a_checkpoint: 4, in_packing_and_retention: 3, in_a_backup: 3, at_the_start: 2, at_the_end: 2, in_a_migration: 3, in_a_rewrite: 3}


def run(torture):
    attack = Attack(torture)
    for number in torture.rounds():
        (way,) = torture.chance.choices(list(Attack.WAYS), list(Attack.WAYS.values()))
        way(attack)
        torture.start(attack.daemon, "ready after a kill")
        if number % CHECK_EVERY == CHECK_EVERY - 1:
            torture.check_crew(attack.crew)
    torture.check_crew(attack.crew)
    torture.equal(attack.daemon.admin("db.check", meta={"deadline_ms": PATIENCE_S * 1000})["problems"], [], "db.check")
    torture.count("accepted", attack.crew.accepted())
    attack.daemon.stop()
    torture.check_file(attack.daemon)


orfeas_torture.main(run, rounds=5)
