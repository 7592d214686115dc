#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A probe of a device with memory of its own, by the protocol of orfeas-probe: what is in use of it stands in files.

FAKE_DEVICE is a folder: PID holds the bytes of that process, `others` those of nobody who is named; while `hang` is there it answers nothing;
while `unnamed` is there it names no process; `facts` are further members of the device, as JSON. `looks` holds how often it was looked at.
"""

import json
import os
import shutil
import sys
import time

FOLDER = os.environ.get("FAKE_DEVICE", "")
TOTAL = 16 << 30
DEVICE = "fake-0"


def read(name):
    try:
        with open(os.path.join(FOLDER, name), encoding="ascii") as file:
            return int(file.read())
    except FileNotFoundError:
        return 0


def is_there(pid):
    return os.path.exists(f"/proc/{pid}")


def install(folder, orfeasd):
    """A tree of its own for the daemon, beside which it finds this as its probe; the daemon there."""
    tree = os.path.join(folder, "tree")
    os.makedirs(os.path.join(tree, "probe"))
    shutil.copy(os.path.abspath(__file__), os.path.join(tree, "probe", "orfeas-probe"))
    shutil.copy(orfeasd, tree)
    return os.path.join(tree, os.path.basename(orfeasd))


def read_facts():
    try:
        with open(os.path.join(FOLDER, "facts"), encoding="ascii") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def sample():
    # a process that has gone gives back what it had
    processes = [{"pid": int(name), "name": "worker", "used_bytes": read(name)}
                 for name in os.listdir(FOLDER) if name.isdigit() and is_there(name)]
    used = read("others") + sum(process["used_bytes"] for process in processes)
    if os.path.exists(os.path.join(FOLDER, "unnamed")):
        processes = []
    return {"sample": {"took_us": 1, "devices": [{
        "device": DEVICE, "total_bytes": TOTAL, "used_bytes": used, "free_bytes": TOTAL - used, "processes": processes, **read_facts()}]}}


def count_look():
    path = os.path.join(FOLDER, "looks")
    n = read("looks") + 1
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(str(n))
    os.replace(path + ".new", path)


def main():
    hello = {"backend": sys.argv[1], "version": None,
             "devices": [{"device": DEVICE, "name": "Fake", "vendor": None, "unified": False, "total_bytes": TOTAL}]}
    print(json.dumps({"hello": hello}), flush=True)
    for line in sys.stdin:
        while os.path.exists(os.path.join(FOLDER, "hang")):
            time.sleep(0.02)
        answer = json.dumps(sample())
        count_look()
        print(answer, flush=True)


if __name__ == "__main__":
    main()
