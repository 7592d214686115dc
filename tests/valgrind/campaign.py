#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs tests with each of our programs under valgrind, and tells what it found: script/valgrind.

  campaign.py BUILD [NAME…]

A test is run as meson would, but that the programs it is told of are scripts that start valgrind on the real ones. Tests may fail of
being slow; what counts is what valgrind says of a process when it ends: memory lost, or misused."""

import collections
import json
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# What together asks for everything, by every transport.
DEFAULT = """end rpc-socket rest streams websocket-cases otlp otlp-traces jaeger cache cache-redis cache-client cleanup gpu gpu-events gpu-leaks workers
 liborfeas actuators alerts notify predictions anomalies incidents db sql postmortem tls load scrape remote-write trace-export tracing cost ctl ctl-alerts
 ctl-bundle ctl-export ctl-postmortem ctl-sql""".split()
PROGRAMS = ("ORFEASD", "ORFEASCTL", "ORFEAS_DEMO_WORKER", "ORFEAS_CACHE_CALLER", "ORFEAS_NOTICE_DRIVER")
KINDS = "definite,indirect,possible"
# orfeas-sql bounds its own memory and may write to no file: LeakSanitizer looks at that one.
SKIPPED = ("*/orfeas-sql", "*/python3*", "/bin/*", "/usr/bin/*", "/usr/sbin/*")
TIMEOUT_S = 900
ERROR = re.compile(r"^==\d+== (?:Invalid|Conditional|Use of|Syscall param|Mismatched|Source and|Argument|Jump to|Process terminating|[\d,]+ (?:\(.*\) )?bytes in .* lost)", re.M)
NUMBERS = re.compile(r"^(?:==\d+== ?|--\d+--.*\n)| in loss record.*$", re.M)  # of processes and records: the same error is the same text


def valgrind(logs):
    return ["valgrind", "--quiet", "--leak-check=full", f"--show-leak-kinds={KINDS}", f"--errors-for-leak-kinds={KINDS}", "--num-callers=40",
            "--trace-children=yes", f"--trace-children-skip={','.join(SKIPPED)}", "--child-silent-after-fork=yes",
            f"--suppressions={HERE}/libraries.supp", f"--log-file={logs}/%p.log"]


def write_script(folder, program, logs):
    """A program of the same name; its process stays the one that the test started."""
    path = os.path.join(folder, os.path.basename(program))
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\nexec {" ".join(valgrind(logs))} {program} "$@"\n')
    os.chmod(path, 0o755)
    return path


def tests_of(build):
    done = subprocess.run(["meson", "introspect", "--tests", build], capture_output=True, text=True, check=True)
    return {test["name"]: test for test in json.loads(done.stdout)}


def run(test, folder, logs):
    """Whether it ended well."""
    environment = {**os.environ, **test["env"], "ORFEAS_SANITIZED": "1"}
    for name in PROGRAMS:
        environment[name] = write_script(folder, test["env"][name], logs)
    with open(os.path.join(logs, "output"), "wb") as file:
        try:
            return subprocess.run(test["cmd"], env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file, timeout=TIMEOUT_S).returncode == 0
        except subprocess.TimeoutExpired:
            return False


def read_errors(logs):
    """(processes, how often each error was told)"""
    names = [name for name in os.listdir(logs) if name.endswith(".log")]
    errors = collections.Counter()
    for name in names:
        with open(os.path.join(logs, name), encoding="utf-8", errors="replace") as file:
            blocks = re.split(r"(?m)^==\d+== $", file.read())
        errors.update(NUMBERS.sub("", block).strip() for block in blocks if ERROR.search(block))
    return len(names), errors


def main():
    build, names = os.path.abspath(sys.argv[1]), sys.argv[2:] or DEFAULT
    tests, root = tests_of(build), tempfile.mkdtemp(prefix="orf-valgrind-")
    unknown = [name for name in names if f"functional-{name}" not in tests]
    if unknown:
        sys.exit(f"valgrind: no functional test {', '.join(unknown)}")
    n_processes, n_errors, n_empty = 0, 0, 0
    for name in names:
        begin = time.monotonic()
        logs = os.path.join(root, name)
        os.mkdir(logs)
        ended = "passed" if run(tests[f"functional-{name}"], root, logs) else f"failed, see {logs}/output"
        processes, errors = read_errors(logs)
        print(f"{name}: {processes} processes, {errors.total()} errors; {ended}, {time.monotonic() - begin:.0f} s", flush=True)
        for text, n in errors.items():
            print(f"{n} times:\n{text}\n", flush=True)
        n_processes, n_errors, n_empty = n_processes + processes, n_errors + errors.total(), n_empty + (processes == 0)
    print(f"{n_processes} processes under valgrind, {n_errors} errors, {n_empty} tests without a process; logs in {root}")
    sys.exit(1 if n_errors or n_empty else 0)


main()
