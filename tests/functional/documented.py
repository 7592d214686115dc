# SPDX-License-Identifier: LGPL-2.1-or-later
"""Commands as a page shows them, "$ orfeasctl …" and what it says, and whether they say it: up to names and numbers."""

import os
import re
import shlex

from terminal import Terminal

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def read_page(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def read_commands(text):
    """[(the words behind orfeasctl, what the page shows)]."""
    return re.findall(r"^```\n\$ orfeasctl (.*)\n([^`]*)```", text, re.M)


def titles_of(shown):
    """What does not depend on the machine: heads of columns, kinds of events."""
    return set(re.findall(r"\b[A-Z]{4,}\b", shown)) | set(re.findall(r"  (daemon|worker|deploy) {2,}", shown))


def check_command(t, daemon, command, shown, statuses=(0,)):
    """Runs it in a terminal, and looks for all that does not depend on the machine."""
    terminal = Terminal(t, "--socket", daemon.socket, *shlex.split(command), columns=120, lines=60, env={"NO_COLOR": "1"})
    status, out = terminal.close(), terminal.bytes.decode()
    assert status in statuses, f"{command} ended with {status}\n{out}"
    for title in titles_of(shown):
        assert title in out, f"{command} does not say {title}:\n{out}"
    return out


def first_words(commands):
    return [shlex.split(command)[0] for command, _ in commands]


def dead_links(pages):
    """[(page, link)] of files that are not there."""
    dead = []
    for page in pages:
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", read_page(page)):
            if "://" not in link and not os.path.exists(os.path.join(ROOT, os.path.dirname(page), link)):
                dead.append((page, link))
    return dead
