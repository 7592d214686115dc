# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small file system of a test's own, which it fills."""

import os
import subprocess
import sys

from orfeas_test import Skip

MARK = "ORFEAS_TEST_OWN_MOUNTS"
MIB = 1024 * 1024


def in_own_mounts():
    """Runs the file again where a tmpfs may be mounted that nobody else sees."""
    if os.environ.get(MARK):
        return
    options = ["-m"] if os.geteuid() == 0 else ["-Urm"]
    if subprocess.run(["unshare", *options, "true"], capture_output=True).returncode == 0:
        os.environ[MARK] = "1"
        os.execvp("unshare", ["unshare", *options, sys.executable, *sys.argv])


def mount(t, size):
    """A folder that holds no more than that."""
    disk = os.path.join(t.dir, "disk")
    os.mkdir(disk)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], capture_output=True, text=True)
    if not os.environ.get(MARK) or done.returncode != 0:
        raise Skip(f"no file system of our own: {done.stderr.strip()}")
    return disk


def filler(daemon):
    return os.path.join(os.path.dirname(daemon.db), "filler")


def fill(daemon, leave_bytes):
    """Takes what is free, but for leave_bytes."""
    with open(filler(daemon), "ab") as file:
        while True:
            stat = os.statvfs(os.path.dirname(daemon.db))
            more = min(stat.f_bavail * stat.f_frsize - leave_bytes, MIB)
            if more <= 0:
                return
            try:
                file.write(b"\0" * more)
                file.flush()
            except OSError:
                return


def make_room(daemon):
    os.remove(filler(daemon))
