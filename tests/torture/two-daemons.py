#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A second daemon on a file that has one: by the same path, a link, a mount, from another namespace, with its lock file gone, both at once, while
the first is killed. The second is refused by name and leaves nothing behind, the first goes on, nothing is lost; so beside copies and sqlite3."""

import glob
import os
import shutil
import subprocess
import time

import orfeas_torture  # first: it knows where the harness is

import mixed_load
from orfeas_test import wait_for

REFUSAL = "another orfeasd"
ANSWER_S = 5
MOUNTED = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'


class Attack:
    def __init__(self, torture):
        self.torture, self.chance = torture, torture.chance
        os.mkdir(self.path("files"))
        self.first = torture.start(torture.daemon(db=self.path("files/orfeas.db"), settings=mixed_load.SETTINGS))
        mixed_load.prepare(self.first)
        self.crew = mixed_load.durable_crew(self.first)
        self.crew.start()
        wait_for(self.crew.accepted_now, "what is accepted")
        # what a container's build has not the right to
        self.may_mount = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--mount-proc", "true"], capture_output=True, check=False).returncode == 0

    def path(self, name):
        return os.path.join(self.torture.dir, name)

    def second(self, db, wrapper=()):
        return self.torture.daemon(db=db, options=("--socket", self.path("second.sock")), wrapper=wrapper)

    def refuse(self, db, wrapper=(), named=None):
        """It says who has the file, or which it is, and leaves nothing that was not there."""
        before = sorted(glob.glob(db + "*"))
        said = self.second(db, wrapper).start_refused()
        self.torture.check(REFUSAL in said and (named or db) in said, f"{db}: refused with {said[-300:]!r}")
        self.torture.equal(sorted(glob.glob(db + "*")), before, f"what lies beside {db}")

    def by_the_same_path(self):
        self.refuse(self.first.db, named=f"pid {self.first.process.pid}")

    def by_a_symbolic_link(self):
        os.symlink(self.first.db, self.path("link.db"))
        self.refuse(self.path("link.db"), named=f"pid {self.first.process.pid}")
        os.unlink(self.path("link.db"))

    def by_a_hard_link(self):
        os.link(self.first.db, self.path("hard.db"))
        self.refuse(self.path("hard.db"))
        os.unlink(self.path("hard.db"))

    def by_a_mount_of_the_folder(self):
        os.makedirs(self.path("mounted"), exist_ok=True)
        self.refuse_mounted(self.path("files"), self.path("mounted"), self.path("mounted/orfeas.db"))

    def by_a_mount_of_the_file(self):
        open(self.path("mounted.db"), "wb").close()
        self.refuse_mounted(self.first.db, self.path("mounted.db"), self.path("mounted.db"))
        os.unlink(self.path("mounted.db"))

    def refuse_mounted(self, what, where, db):
        if self.may_mount:
            self.refuse(db, ("unshare", "--mount", "sh", "-c", MOUNTED, "sh", what, where), named="mounted")

    def from_another_namespace(self):
        """In which the pid that the lock names is somebody else, or nobody."""
        if self.may_mount:
            self.refuse(self.first.db, ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"))

    def with_the_lock_file_gone(self):
        os.unlink(self.first.db + ".lock")
        self.refuse(self.first.db)
        self.first.kill()
        self.crew.join()
        self.begin_again()

    def several_at_once(self):
        """That come while one is there."""
        others = [self.second(self.first.db).launch() for _ in range(4)]
        for other in others:
            self.torture.check(other.process.wait(orfeas_torture.orfeas_test.PATIENCE_S) > 0 and REFUSAL in other.stderr(), f"of four: {other.stderr()[-300:]!r}")

    def a_copy_with_its_lock_file(self):
        """It is a file of its own, which the copied lock does not hold."""
        copy = self.path("copy.db")
        self.first.admin("db.backup", {"path": copy})
        shutil.copy(self.first.db + ".lock", copy + ".lock")
        other = self.torture.start(self.second(copy), "a copy is ready")
        other.stop()
        self.torture.check_file(other)
        self.remove(copy)

    def copied_by_sqlite3(self):
        copy = self.path("copy.db")
        statement = self.chance.choice((f".backup {copy}", f"VACUUM INTO '{copy}'"))
        done = subprocess.run(["sqlite3", "-cmd", ".timeout 60000", self.first.db, statement], capture_output=True, text=True, check=False)
        self.torture.equal((done.returncode, done.stderr), (0, ""), statement)
        self.torture.equal(orfeas_torture.verdict(copy), "ok", statement)
        self.remove(copy)

    def copied_by_cp(self):
        """What comes of it is not promised; the first is none the worse."""
        for path in glob.glob(self.first.db + "*"):
            subprocess.run(["cp", path, self.path("copy" + path.removeprefix(self.first.db))], check=False, stderr=subprocess.DEVNULL)
        self.remove(self.path("copy"))

    @staticmethod
    def remove(path):
        for one in glob.glob(path + "*"):
            os.remove(one)

    def both_at_once(self):
        """One of two that start together has the file, the other is refused."""
        self.crew.stop()
        self.first.stop()
        link = self.path("hard.db")
        os.link(self.first.db, link)
        both = [self.first, self.second(self.chance.choice((self.first.db, link)))]
        self.chance.shuffle(both)
        for one in both:
            one.launch()
        ready = [one for one in both if self.is_ready(one)]
        self.torture.equal(len(ready), 1, "of two that start at once, ready")
        for one in ready:
            one.stop()
        self.torture.check_file(self.first)
        self.remove(link)
        self.begin_again()

    def while_the_first_is_killed(self):
        other = self.second(self.first.db).launch()
        time.sleep(self.chance.uniform(0, 0.1))
        self.first.kill()
        self.crew.join()
        if self.is_ready(other):
            self.torture.count("of them took the file over")
            other.stop()
        self.torture.check_file(self.first)
        self.begin_again()

    def is_ready(self, daemon):
        """Or refused; nothing else."""
        line = daemon.process.stdout.readline()
        if line:
            daemon.take_ready(line)
        else:
            daemon.process.wait(orfeas_torture.orfeas_test.PATIENCE_S)
            self.torture.check(REFUSAL in daemon.stderr(), f"neither ready nor refused: {daemon.stderr()[-300:]!r}")
        return bool(line)

    def begin_again(self):
        self.torture.start(self.first, "ready again")
        self.crew.start()

    WAYS = (by_the_same_path, by_a_symbolic_link, by_a_hard_link, by_a_mount_of_the_folder, by_a_mount_of_the_file, from_another_namespace,
            with_the_lock_file_gone, several_at_once, a_copy_with_its_lock_file, copied_by_sqlite3, copied_by_cp, both_at_once, while_the_first_is_killed)


def run(torture):
    attack = Attack(torture)
    ways = []
    for _ in torture.rounds():
        ways = ways or torture.chance.sample(Attack.WAYS, len(Attack.WAYS))
        way = ways.pop()
        torture.count(way.__name__.replace("_", " "))
        way(attack)
        torture.check(attack.first.alive(), f"{way.__name__}: the first ended with {attack.first.process.poll()}: {attack.first.stderr()[-1500:]}")
        torture.wait_all_write(attack.crew, "all write again", ANSWER_S)
    attack.crew.stop()
    torture.check_crew(attack.crew)
    torture.count("accepted", attack.crew.accepted())
    if not attack.may_mount:
        torture.count("no right to mount: not met")
    attack.first.stop()
    torture.check_file(attack.first)


orfeas_torture.main(run, rounds=13)
