#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""doc/how-to.md: each block of settings is one that orfeasd takes, and each command does what it should on a daemon that has something to tell."""

import os
import re
import shlex
import subprocess

import orfeas_test
from documented import read_page
from orfeas_test import ORFEASD, equal, wait_for
from studio import start_daemon, wait_for_batches

# what is interactive, and what a test may not do to its machine
LEFT_OUT = ("watch", "sudo")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", read_page("doc", "how-to.md"), re.M | re.S)


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def test_settings(t):
    """Files that they name are looked for by who starts with them, and are in this folder."""
    texts = blocks("ini")
    assert len(texts) > 10, texts
    write(os.path.join(t.dir, "secret"), "s3cret\n", 0o600)
    for text in texts:
        path = os.path.join(t.dir, "orfeasd.conf")
        write(path, re.sub(r"(?m)^(\w+_file)=.*$", rf"\1={t.dir}/secret", text))
        done = subprocess.run([ORFEASD, "--config", path, "--check-config"], capture_output=True, text=True, env=t.environment(), check=False)
        equal((done.returncode, done.stderr), (0, ""), text)


def commands():
    for block in blocks("sh"):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0] not in LEFT_OUT and words[1:2] != ["watch"]:
                yield words


def run(t, daemon, words):
    if words[0] == "orfeasctl":
        where = () if "--db" in words else ("--socket", daemon.socket)
        command = [orfeas_test.ORFEASCTL, *where, *words[1:]]
    else:
        command = [word.replace("http://127.0.0.1:5000", daemon.ready["http"]) for word in words]
        equal(command[0], "curl")
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=orfeas_test.PATIENCE_S, env=t.environment(), cwd=t.dir,
                          check=False)
    # a comparison of two loads may well find the second slower, and says so by 5
    allowed = (0, 5) if words[1:3] == ["load", "compare"] else (0,)
    assert done.returncode in allowed, f"{shlex.join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}"
    assert done.stdout or "record" in words or "mark" in words or "-o" in words, f"{shlex.join(words)} says nothing"


def test_commands(t):
    daemon, ledger = start_daemon(t)
    wait_for(lambda: daemon.call("gpu.list")["devices"], "the device")
    t.demo_worker(daemon, "--simulated", ledger, "--otlp", daemon.ready["http"], "--name", "llm", "--weights-mib", "64", "--idle-mib", "64", "--cache-keys", "20",
                  "--period-ms", "20")
    wait_for(lambda: wait_for_batches(daemon, 1)[0]["batches"] > 100, "batches enough for a batch size")
    wait_for(lambda: daemon.call("cache.stats")["hits"] > 0, "hits")
    for words in commands():
        run(t, daemon, words)


if __name__ == "__main__":
    orfeas_test.main()
