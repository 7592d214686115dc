# SPDX-License-Identifier: LGPL-2.1-or-later
"""npm packages of a test by its lock file, installed once in the build tree; nothing of them runs then."""

import fcntl
import os
import shutil
import subprocess

from orfeas_test import Skip

ROOT = os.environ.get("ORFEAS_NODE_PACKAGES", os.path.join(os.getcwd(), "build/tests/functional/node-packages"))


def install(folder):
    """folder has package.json and package-lock.json; returns where node_modules is."""
    if not shutil.which("npm"):
        raise Skip("no npm")
    target = os.path.join(ROOT, os.path.basename(folder))
    os.makedirs(target, exist_ok=True)
    with open(os.path.join(folder, "package-lock.json"), encoding="utf-8") as file:
        wanted = file.read()
    with open(os.path.join(target, "lock"), "a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = os.path.join(target, "installed")
        if os.path.exists(stamp):
            with open(stamp, encoding="utf-8") as file:
                if file.read() == wanted:
                    return target
        for name in ("package.json", "package-lock.json"):
            shutil.copy(os.path.join(folder, name), target)
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=target, capture_output=True, text=True, stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0 and os.environ.get("CI") != "true" and "network" in done.stderr:
            raise Skip("the npm registry is out of reach")
        assert done.returncode == 0, done.stderr
        with open(stamp, "w", encoding="utf-8") as file:
            file.write(wanted)
    return target
