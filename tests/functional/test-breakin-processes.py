#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon's child processes, as one would find them who has got into them: what each may do, and what not."""

import json
import os
import subprocess

import orfeas_test
from orfeas_test import PATIENCE_S, Skip, equal

PROBE = os.environ["ORFEAS_PROBE"]
STAND_INS = os.environ["NVML_STAND_INS"]
READER = ("simulated", "devices=1")
DRIVER = ("nvml", f"library={STAND_INS}/nvml-stand-in-3.so")


def inside(t, words):
    """What became of each attempt that tests/nvml/break-out.c makes inside a probe, 0 where it worked, and the probe's hello."""
    folder = os.path.join(t.dir, words[0])
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "theirs"), "w", encoding="utf-8") as file:
        file.write("secret")
    env = {**os.environ, "LD_PRELOAD": os.path.join(STAND_INS, "break-out.so"), "BREAK_OUT": folder, "XDG_CACHE_HOME": folder}
    done = subprocess.run([PROBE, *words], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    tried = dict(line.split() for line in done.stderr.splitlines() if len(line.split()) == 2)
    equal(done.returncode, 0, done.stderr)
    return {name: int(outcome) for name, outcome in tried.items()}, json.loads(done.stdout.splitlines()[0])["hello"]


def refused(t, *names, probes=(READER, DRIVER)):
    for words in probes:
        tried, hello = inside(t, words)
        if hello.get("unguarded"):
            raise Skip(f"something is lacking here: {hello['unguarded']}")
        equal([name for name in names if tried[name] == 0], [], words)


def test_probe_sockets(t):
    """inside a probe: sockets of the network, of this machine (who connects to the daemon's is admin), of the kernel"""
    refused(t, "socket-inet", "socket-unix", "socket-netlink")


def test_probe_programs(t):
    """inside a probe: another program, another process, more rights by a setuid program, a core file"""
    refused(t, "exec", "fork", "new-privileges", "setuid", "core-limit")


def test_probe_other_processes(t):
    """inside a probe: tracing, reading, signalling the daemon, changing its limits"""
    refused(t, "ptrace", "process-vm-readv", "kill-parent", "limits-of-parent")


def test_probe_writes(t):
    """inside a probe: writing, making, cutting, renaming, linking files, changing who may read them; a driver has a cache folder and nothing else"""
    refused(t, "write", "create", "chmod", "truncate", "unlink", "link", "mkdir", "own-memory")
    refused(t, "cache", probes=[READER])
    equal(inside(t, DRIVER)[0]["cache"], 0)
    with open(os.path.join(t.dir, "nvml", "theirs"), encoding="utf-8") as file:
        equal(file.read(), "secret")


def test_probe_reads(t):
    """inside a driver: files that no driver needs (the daemon's, tokens, homes), the environment of its parent"""
    refused(t, "read", "environ-of-parent", probes=[DRIVER])


def test_probe_kernel(t):
    """inside a probe: mounts, namespaces, keyrings, BPF, io_uring, another root"""
    refused(t, "mount", "unshare", "chroot", "keyctl", "bpf", "io-uring")


def test_probe_attempts_work_elsewhere(t):
    """the same attempts where `[gpu] probe_sandbox` is false: they work, and the probe says what it lacks"""
    tried, hello = inside(t, (*READER, "sandbox=off"))
    equal([name for name in ("read", "write", "create", "chmod", "socket-inet", "socket-unix", "fork", "kill-parent") if tried[name] != 0], [])
    orfeas_test.contains(hello["unguarded"], "probe_sandbox")


if __name__ == "__main__":
    orfeas_test.main()
