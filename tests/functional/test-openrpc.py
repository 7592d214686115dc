#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The OpenRPC document and its examples, judged by the OpenRPC project's tools; see openrpc/."""

import fcntl
import glob
import os
import shutil
import subprocess

import orfeas_test
from orfeas_test import Skip, wait_for

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "openrpc")
PACKAGES = os.environ.get("ORFEAS_NODE_PACKAGES", os.path.join(os.getcwd(), "openrpc-packages"))
EXAMPLE_BACKUPS = "/tmp/orfeas-backup-example-*"


def install():
    """The locked packages, once, in the build tree."""
    if not shutil.which("npm"):
        raise Skip("no npm")
    os.makedirs(PACKAGES, exist_ok=True)
    with open(os.path.join(HERE, "package-lock.json"), encoding="utf-8") as file:
        wanted = file.read()
    with open(os.path.join(PACKAGES, "lock"), "a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = os.path.join(PACKAGES, "installed")
        if os.path.exists(stamp):
            with open(stamp, encoding="utf-8") as file:
                if file.read() == wanted:
                    return
        for name in ("package.json", "package-lock.json"):
            shutil.copy(os.path.join(HERE, name), PACKAGES)
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=PACKAGES, capture_output=True, text=True, stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0 and os.environ.get("CI") != "true" and "network" in done.stderr:
            raise Skip("the npm registry is out of reach")
        assert done.returncode == 0, done.stderr
        with open(stamp, "w", encoding="utf-8") as file:
            file.write(wanted)


def remove_backups():
    for path in glob.glob(EXAMPLE_BACKUPS):
        os.remove(path)


def judge(t, name):
    install()
    daemon = t.start()
    wait_for(lambda: daemon.call("gpu.list")["devices"], "a device")
    with open(os.path.join(t.dir, "cookie"), encoding="utf-8") as file:
        token = file.read().strip()
    remove_backups()
    try:
        done = subprocess.run(
            ["node", os.path.join(HERE, "test-openrpc.mjs"), name, PACKAGES, daemon.ready["http"], token],
            capture_output=True, text=True, stdin=subprocess.DEVNULL,
        )
    finally:
        remove_backups()
    orfeas_test.diagnose(done.stderr)
    assert done.returncode == 0, f"node ended with {done.returncode}"


def test_document(t):
    judge(t, "document")


def test_examples(t):
    judge(t, "examples")


def test_unavailable(t):
    judge(t, "unavailable")


def test_jayson(t):
    judge(t, "jayson")


def test_json_rpc_2_0(t):
    judge(t, "json-rpc-2.0")


orfeas_test.main()
