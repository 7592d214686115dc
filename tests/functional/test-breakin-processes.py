#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon's child processes, as one would find them who has got into them: what each may do, and what not."""

import json
import os
import socket
import subprocess
import time

import orfeas_test
from orfeas_test import PATIENCE_S, Skip, contains, equal, wait_for

EXEC = os.environ.get("ORFEAS_EXEC", "")
PROBE = os.environ["ORFEAS_PROBE"]
STAND_INS = os.environ["NVML_STAND_INS"]
READER = ("simulated", "devices=1")
DRIVER = ("nvml", f"library={STAND_INS}/nvml-stand-in-3.so")
FILES_OF_OTHERS = ("own-by-fcntl", "own-by-fcntl-ex", "own-by-wide-fcntl", "signal-of-file", "own-by-ioctl", "own-by-socket-ioctl", "terminal-input",
                   "terminal-input-by-wide-ioctl", "outlive-parent")


def inside(t, words, **variables):
    """What became of each attempt that tests/nvml/break-out.c makes inside a probe, 0 where it worked, and the probe's hello."""
    folder = os.path.join(t.dir, words[0])
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "theirs"), "w", encoding="utf-8") as file:
        file.write("secret")
    readable = os.path.join(t.dir, "readable")
    with open(readable, "w", encoding="utf-8") as file:
        file.write("library")
    # ASan's library wants to be the first otherwise
    asan = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    env = {**os.environ, "LD_PRELOAD": os.path.join(STAND_INS, "break-out.so"), "BREAK_OUT": folder, "XDG_CACHE_HOME": folder, "ORFEAS_PROBE_PATHS": readable,
           "ASAN_OPTIONS": asan, **variables}
    done = subprocess.run([PROBE, *words], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    tried = dict(line.split() for line in done.stderr.splitlines() if len(line.split()) == 2)
    equal(done.returncode, 0, done.stderr)
    return {name: int(outcome) for name, outcome in tried.items()}, json.loads(done.stdout.splitlines()[0])["hello"]


def refused(t, *names, probes=(READER, DRIVER)):
    for words in probes:
        tried, hello = inside(t, words)
        if hello.get("unguarded"):
            raise Skip(f"something is lacking here: {hello['unguarded']}")
        equal([name for name in names if tried[name] == 0], [], " ".join(words))


def test_probe_sockets(t):
    """inside a probe: sockets of the network, of this machine (who connects to the daemon's is admin), of the kernel"""
    refused(t, "socket-inet", "socket-unix", "socket-netlink")


def test_probe_programs(t):
    """inside a probe: another program, another process, more rights by a setuid program, a core file"""
    refused(t, "exec", "fork", "new-privileges", "setuid", "core-limit")


def test_probe_other_processes(t):
    """inside a probe: tracing, reading, signalling the daemon, changing its limits"""
    refused(t, "ptrace", "process-vm-readv", "kill-parent", "limits-of-parent")


def test_probe_signals_by_files(t):
    """inside a probe: a file that is said to be the daemon's, and the signal that it would send; input put into a terminal; living on without the daemon"""
    refused(t, *FILES_OF_OTHERS)


def test_probe_writes(t):
    """inside a probe: writing, making, cutting, renaming, linking files, changing who may read them; a driver has a cache folder and nothing else"""
    refused(t, "write", "create", "chmod", "truncate", "unlink", "link", "mkdir", "own-memory", "cut-while-reading", "large-file")
    refused(t, "cache", probes=[READER])
    equal(inside(t, DRIVER)[0]["cache"], 0)
    with open(os.path.join(t.dir, "nvml", "theirs"), encoding="utf-8") as file:
        equal(file.read(), "secret")


def test_probe_on_older_kernels(t):
    """inside a driver, where Landlock is of an earlier version (Linux 5.13 to 6.12): it is as shut, and devices and the cache are as open"""
    if inside(t, DRIVER)[1].get("unguarded"):
        raise Skip("something is lacking here")
    for version in range(1, 7):
        tried, hello = inside(t, DRIVER, LANDLOCK_VERSION=str(version))
        equal(hello.get("unguarded"), None, f"version {version}")
        equal({name: tried[name] for name in ("device", "shared-memory", "cache")}, {"device": 0, "shared-memory": 0, "cache": 0}, f"version {version}")
        shut = ("read", "write", "create", "truncate", "unlink", "mkdir", "own-memory", "cut-while-reading", "environ-of-parent")
        equal([name for name in shut if tried[name] == 0], [], f"version {version}")


def test_probe_disks(t):
    """inside a driver of a daemon that is root's: a disk, which root opens without any capability"""
    as_root()
    for disk in (f"/dev/{name}" for name in os.listdir("/sys/block")):
        if inside(t, (*READER, "sandbox=off"), OTHER_DEVICE=disk)[0]["other-device"] == 0:
            break
    else:
        raise Skip("no disk that opens")
    tried, hello = inside(t, DRIVER, OTHER_DEVICE=disk)
    if hello.get("unguarded"):
        raise Skip(f"something is lacking here: {hello['unguarded']}")
    assert tried["other-device"] != 0, disk
    equal(tried["device"], 0)


def test_probe_reads(t):
    """inside a driver: files that no driver needs (the daemon's, tokens, homes), also where a device has such a name; the environment of its parent"""
    refused(t, "read", "environ-of-parent", probes=[DRIVER, (*DRIVER, f"device={t.dir}")])


def test_probe_kernel(t):
    """inside a probe: mounts, namespaces, keyrings, BPF, io_uring, another root"""
    refused(t, "mount", "unshare", "chroot", "keyctl", "bpf", "io-uring")


def test_probe_attempts_work_elsewhere(t):
    """the same attempts where `[gpu] probe_sandbox` is false: they work, and the probe says what it lacks"""
    tried, hello = inside(t, (*READER, "sandbox=off"))
    names = ("read", "write", "create", "chmod", "socket-inet", "socket-unix", "fork", "kill-parent", "cut-while-reading", "large-file", *FILES_OF_OTHERS)
    equal([name for name in names if tried[name] != 0], [])
    contains(hello["unguarded"], "probe_sandbox")


# --- orfeas-exec, by who has got hold of the daemon's connection to it


def write_settings(t, *receivers, name="orfeasd.conf", mode=0o600):
    """Receivers of kind exec, as (NAME, COMMAND[, further keys])."""
    path = os.path.join(t.dir, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write("[receivers]\nhook=webhook\n" + "".join(f"{one[0]}=exec\n" for one in receivers))
        file.write("[receivers.hook]\nurl=http://127.0.0.1:1/\n")
        file.writelines(f"[receivers.{one[0]}]\ncommand={one[1]}\n" + "\n".join(one[2:]) + "\n" for one in receivers)
    os.chmod(path, mode)
    return path


class Helper:
    """orfeas-exec, and the other end of its connection."""

    def __init__(self, *options, as_uid=None):
        if as_uid is not None:
            os.seteuid(as_uid)  # whom the kernel tells to be at the other end
        self.socket, theirs = socket.socketpair()
        if as_uid is not None:
            os.seteuid(0)
        self.socket.settimeout(PATIENCE_S)
        self.process = subprocess.Popen([EXEC, *options], stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL, env={**os.environ, "SECRET": "1"})
        theirs.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has heard enough

    def ask(self, name, section="receivers", facts=(), **more):
        self.send(json.dumps({"section": section, "name": name, "facts": list(facts), "input": "", **more}).encode() + b"\n")
        return self

    def answer(self):
        text = b""
        try:
            while part := self.socket.recv(65536):
                text += part
        except ConnectionResetError:
            pass  # it ended without having read all of the ask
        self.process.wait(PATIENCE_S)
        assert len(text) < 600_000, len(text)
        return json.loads(text)


def answer(path, name, *options, as_uid=None, **ask):
    return Helper("--config", path, *options, as_uid=as_uid).ask(name, **ask).answer()


def not_run(t, said):
    assert said["refused"] and said["status"] == -1, said
    equal(os.path.exists(os.path.join(t.dir, "ran")), False, "it was run")


def as_root():
    if os.geteuid() != 0:
        raise Skip("needs root")


def marker(t):
    return f"/usr/bin/touch;{t.dir}/ran"


def test_exec_named_by_a_call(t):
    """orfeas-exec: an ask with `command`, `argv`, `config`, with a path, a word for a shell or nothing as name, of an entry that is no command"""
    path = write_settings(t, ("page", marker(t)))
    for name in ("/usr/bin/touch", "../page", "page;touch", "$(touch)", "hook", "nobody", ""):
        not_run(t, answer(path, name))
    for key in ("command", "argv", "program", "config", "environment"):
        not_run(t, answer(path, "page", **{key: ["/usr/bin/touch", f"{t.dir}/ran"]}))
    not_run(t, answer(path, "page", section="alerts"))
    equal(answer(path, "page"), {"status": 0, "output": "", "problem": None, "refused": None})
    equal(os.path.exists(os.path.join(t.dir, "ran")), True, "a command that is listed")


def test_exec_environment(t):
    """orfeas-exec: LD_PRELOAD, PATH, BASH_ENV and their like among the facts; what the daemon has in its own environment"""
    path = write_settings(t, ("env", "/usr/bin/env"))
    for fact in ("LD_PRELOAD=/x.so", "PATH=/tmp", "BASH_ENV=/x", "ORFEAS_=x", "ORFEAS_a=x", "=x", "ORFEAS_X", "ORFEAS_X Y=1"):
        not_run(t, answer(path, "env", facts=[fact]))
    lines = answer(path, "env", facts=["ORFEAS_RULE=LD_PRELOAD=x"])["output"].splitlines()
    equal(sorted(line.split("=")[0] for line in lines), ["HOME", "LANG", "ORFEAS_RULE", "PATH", "SHELL", "USER"])


def test_exec_settings_linked(t):
    """orfeas-exec for another user: settings that are a link, in a linked folder, a pipe, a folder, not there: nothing is run, and what to do is said"""
    as_root()
    os.chmod(t.dir, 0o755)
    real = write_settings(t, ("page", marker(t)))
    os.symlink(real, f"{t.dir}/link.conf")
    os.symlink(t.dir, f"{t.dir}/folder")
    os.mkfifo(f"{t.dir}/pipe.conf")
    for name in ("link.conf", "folder/orfeasd.conf", "pipe.conf", "."):
        not_run(t, answer(f"{t.dir}/{name}", "page", "--peer", "root"))
    gone = answer(f"{t.dir}/none.conf", "page", "--peer", "root")
    not_run(t, gone)
    contains(gone["refused"], "taken from there and from nowhere else")
    equal(answer(real, "page", "--peer", "root")["refused"], None)


def test_exec_settings_of_others(t):
    """orfeas-exec for another user: settings that their group, or all, may write, that are another's, in a folder of all"""
    as_root()
    os.chmod(t.dir, 0o755)
    path = write_settings(t, ("page", marker(t)))
    for mode in (0o620, 0o602, 0o666):
        os.chmod(path, mode)
        said = answer(path, "page", "--peer", "root")
        not_run(t, said)
        contains(said["refused"], "chmod")
    os.chmod(path, 0o644)
    os.chown(path, 65534, -1)
    not_run(t, answer(path, "page", "--peer", "root"))
    os.chown(path, 0, -1)
    os.chmod(t.dir, 0o777)
    not_run(t, answer(path, "page", "--peer", "root"))


def test_exec_asked_by_others(t):
    """orfeas-exec for the daemon's user: asked by another one"""
    as_root()
    os.chmod(t.dir, 0o755)
    path = write_settings(t, ("page", marker(t)))
    said = answer(path, "page", "--peer", "root", as_uid=65534)
    not_run(t, said)
    contains(said["refused"], "only root may")
    equal(answer(path, "page", "--peer", "nobody", as_uid=65534)["refused"], None)


def test_exec_output(t):
    """a command that writes 100 MB, to both outputs, and bytes that are no text: a part of it is told, and it does not stall"""
    path = write_settings(t, ("much", write_command(t, "head -c 100000000 /dev/zero\nhead -c 100000000 /dev/urandom >&2\n")))
    said = answer(path, "much")
    equal((said["status"], said["problem"]), (0, None))
    assert len(said["output"]) <= 65536, len(said["output"])


def processes(t):
    """Those that have the folder of this case among their arguments."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read()
        except OSError:
            continue
        if t.dir.encode() in words and EXEC.encode() not in words and int(pid) != os.getpid():
            found.append(words)
    return found


def write_command(t, script):
    """Runs the script, in which SLEEP is a process that is found by its arguments."""
    path = os.path.join(t.dir, "command.sh")
    with open(path, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\n" + script.replace("SLEEP", f"sh -c 'sleep 1000; true' {t.dir}"))
    os.chmod(path, 0o700)
    return path


def test_exec_hangs(t):
    """a command that does not end, and ignores SIGTERM: killed in its time, with its children"""
    path = write_settings(t, ("hang", write_command(t, "trap '' TERM\nSLEEP &\nSLEEP\n"), "timeout_us=300000"))
    begun = time.monotonic()
    contains(answer(path, "hang")["problem"], "no end in time")
    assert time.monotonic() - begun < PATIENCE_S / 2
    wait_for(lambda: processes(t) == [], "them to end")


def test_exec_leaves_children(t):
    """a command that leaves processes behind, in sessions of their own, twice forked: they end with it"""
    path = write_settings(t, ("leave", write_command(t, "setsid SLEEP >/dev/null 2>&1 &\n(SLEEP & SLEEP &) >/dev/null 2>&1\n(setsid setsid SLEEP &) &\nsleep 0.2\necho left\n")))
    equal(answer(path, "leave")["output"], "left\n")
    wait_for(lambda: processes(t) == [], "them to end")


def test_exec_asker_goes(t):
    """who asked goes away: what runs is killed"""
    path = write_settings(t, ("long", write_command(t, "echo x > %s/begun\nSLEEP\n" % t.dir)))
    helper = Helper("--config", path).ask("long")
    wait_for(lambda: os.path.exists(f"{t.dir}/begun"), "the command")
    helper.socket.close()
    wait_for(lambda: processes(t) == [], "its end")
    helper.process.wait(PATIENCE_S)


def test_exec_no_ask(t):
    """orfeas-exec: what is no line of JSON, 9 MB without an end, a line that breaks off: refused, nothing is run"""
    path = write_settings(t, ("page", marker(t)))
    for data in (b"GET / HTTP/1.1\r\n\r\n", b"[]\n", b"[" * 100_000 + b"\n", b"x" * 9_000_000):
        helper = Helper("--config", path)
        helper.send(data)
        helper.socket.shutdown(socket.SHUT_WR)
        not_run(t, helper.answer())


if __name__ == "__main__":
    orfeas_test.main()
