#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each command of the README's "Five things to try" says what the README shows, up to names and numbers."""

import os
import re
import shlex

import orfeas_test
from orfeas_test import equal, wait_for
from terminal import Terminal

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "README.md")
# as script/server --demo has them, in less time
WORKERS = (("--name", "llm", "--weights-mib", "16", "--idle-mib", "96", "--max-batch", "8"),
           ("--name", "embedder", "--weights-mib", "8", "--max-batch", "8", "--cache-keys", "50", "--period-ms", "20"),
           ("--name", "leaky", "--weights-mib", "4", "--max-batch", "8", "--leak-kib", "16", "--period-ms", "100"))


def read_commands():
    """[(command, what it shows)]."""
    with open(README, encoding="utf-8") as file:
        text = file.read().partition("## Five things to try")[2].partition("## All of them")[0]
    return re.findall(r"^```\n\$ orfeasctl (.*)\n([^`]*)```", text, re.M)


def titles_of(shown):
    """What does not depend on the machine: heads of columns, kinds of events."""
    return set(re.findall(r"\b[A-Z]{4,}\b", shown)) | set(re.findall(r"  (daemon|worker) ", shown))


def test_five_things(t):
    commands = read_commands()
    equal([shlex.split(command)[0] for command, _ in commands], ["gpu", "gpu", "cache", "sql", "postmortem"])
    daemon = t.start(settings={"gpu.backends": "opencl"})
    wait_for(lambda: daemon.call("gpu.list")["devices"], "an OpenCL device")
    for worker in WORKERS:
        t.demo_worker(daemon, *worker)
    wait_for(lambda: daemon.call("cache.stats")["hits"] > 0, "hits")
    wait_for(lambda: len([one for one in daemon.call("worker.list")["workers"] if one["batches"]]) == 3, "batches of all three")
    wait_for(lambda: daemon.sql("SELECT 1 FROM v_sample WHERE series LIKE 'gpu.memory.used%'"), "samples on disk")
    for command, shown in commands:
        terminal = Terminal(t, "--socket", daemon.socket, *shlex.split(command), columns=120, lines=60, env={"NO_COLOR": "1"})
        status, out = terminal.close(), terminal.bytes.decode()
        equal(status, 0, command + "\n" + out)
        for title in titles_of(shown):
            assert title in out, f"{command} does not say {title}:\n{out}"


def test_links(t):
    """What the pages name is there."""
    folder = os.path.dirname(README)
    pages = [README] + [os.path.join(folder, "doc", name) for name in sorted(os.listdir(os.path.join(folder, "doc"))) if name.endswith(".md")]
    dead = []
    for page in pages:
        with open(page, encoding="utf-8") as file:
            for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", file.read()):
                if "://" not in link and not os.path.exists(os.path.join(os.path.dirname(page), link)):
                    dead.append((os.path.relpath(page, folder), link))
    equal(dead, [])


if __name__ == "__main__":
    orfeas_test.main()
