#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `meson install` puts on a system, as those who read it read it: man, a shell, systemd, Prometheus."""

import json
import os
import re
import subprocess

import orfeas_test
from orfeas_test import contains, equal

BUILD = os.environ["ORFEAS_BUILD_ROOT"]
# What is said of a unit whose programs are not installed here.
NOT_HERE = re.compile(r"is not executable|'man |^$")


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, check=False, **more)


def install(t):
    """The folder that stands for /usr/local."""
    done = run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", t.dir)
    equal((done.returncode, done.stderr), (0, ""))
    return os.path.join(t.dir, "usr/local")


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def verbs_of(t):
    verbs = re.findall(r"^  (\S+(?: \S+)*)  +\S", t.ctl(None, "--help")[1].partition("Verbs\n")[2].partition("\n\n")[0], re.M)
    assert len(verbs) > 60, verbs
    return verbs


def test_manual(t):
    share = os.path.join(install(t), "share")
    texts = {}
    for page in ("man1/orfeasctl.1", "man1/orfeas-demo-worker.1", "man8/orfeasd.8", "man5/orfeasd.conf.5"):
        done = run("man", "--warnings", "-E", "UTF-8", "-l", os.path.join(share, "man", page), env={**os.environ, "MANWIDTH": "200"})
        equal((done.returncode, done.stderr), (0, ""), page)
        texts[page] = re.sub(r".\b", "", done.stdout) if "\b" in done.stdout else done.stdout
    for verb in verbs_of(t):
        contains(texts["man1/orfeasctl.1"], f"orfeasctl {verb}")
    for line in read(share, "doc/orfeas/orfeasd.conf.example").splitlines():
        key = re.match(r"#(\w+)=", line)
        if key:
            contains(texts["man5/orfeasd.conf.5"], key[1] + "=")
    contains(texts["man8/orfeasd.8"], "--check-config")
    contains(texts["man1/orfeas-demo-worker.1"], "--leak-kib")


def complete(file, *words):
    script = f'. {file}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _orfeasctl; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = run("bash", "-c", script, "bash", "orfeasctl", *words)
    equal((done.returncode, done.stderr), (0, ""), words)
    return done.stdout.split()


def test_completion(t):
    share = os.path.join(install(t), "share")
    file = os.path.join(share, "bash-completion/completions/orfeasctl")
    verbs = verbs_of(t)
    for words in map(str.split, verbs):
        contains(complete(file, *words[:-1], ""), words[-1])
    equal(complete(file, "metrics", "q"), ["query"])
    equal(complete(file, "--json", "alerts", "rules", "c"), ["check"])
    contains(complete(file, "metrics", "query", "--"), "--last")
    contains(complete(file, "metrics", "query", "--"), "--json")
    equal(complete(file, "--timeout", "gpu", "s")[:1], ["status"])  # what --timeout takes is no verb
    for shell, path in (("zsh", "zsh/site-functions/_orfeasctl"), ("fish", "fish/vendor_completions.d/orfeasctl.fish")):
        text = read(share, path)
        equal([verb for verb in verbs if verb.split()[-1] not in text], [], shell)


def test_units(t):
    system = os.path.join(install(t), "lib/systemd/system")
    for unit in ("orfeasd.service", "orfeasd.socket", "orfeas-exec@.service", "orfeas-exec.socket"):
        done = run("systemd-analyze", "verify", os.path.join(system, unit))
        equal([line for line in done.stderr.splitlines() if not NOT_HERE.search(line)], [], unit)
    for unit in ("orfeasd.service", "orfeas-exec@.service"):
        done = run("systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", os.path.join(system, unit))
        equal(done.returncode, 0, done.stdout[-200:])  # 1.5


def test_prometheus(t):
    share = os.path.join(install(t), "share/orfeas")
    done = run("promtool", "check", "config", os.path.join(share, "prometheus/scrape.yml"))
    equal(done.returncode, 0, done.stderr)
    panels = json.loads(read(share, "grafana/orfeas.json"))["panels"]
    lines = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    assert len(lines) > 15, lines
    rules = [{"record": "panel", "labels": {"line": str(i)}, "expr": line.replace("$__rate_interval", "1m")} for i, line in enumerate(lines)]
    path = os.path.join(t.dir, "panels.yml")
    with open(path, "w", encoding="utf-8") as file:  # JSON is YAML
        json.dump({"groups": [{"name": "panels", "rules": rules}]}, file)
    done = run("promtool", "check", "rules", path)
    equal(done.returncode, 0, done.stderr)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    equal(len(places), len(set(places)), "panels over each other")


if __name__ == "__main__":
    orfeas_test.main()
