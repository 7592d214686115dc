#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""liborfeas as its users have it: an installed copy, found by pkg-config, an example compiled and run."""

import os
import re
import shutil
import subprocess

import orfeas_test
from orfeas_test import Skip, equal, wait_for

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCES = os.path.join(ROOT, "client", "lib")
BUILD = os.environ.get("ORFEAS_BUILD_ROOT", os.path.join(ROOT, "build"))


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    equal(done.returncode, 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


class Installed:
    """What `meson install` puts there, below a folder of the test's."""

    def __init__(self, t):
        if os.environ.get("ORFEAS_SANITIZED"):
            raise Skip("a plain program cannot load a library with a sanitizer in it")
        self.root = os.path.join(t.dir, "root")
        run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", self.root])
        folders = [folder for folder, _, names in os.walk(self.root) if "orfeas.pc" in names]
        equal(len(folders), 1)
        self.lib = os.path.dirname(folders[0])
        self.env = t.environment({"PKG_CONFIG_PATH": folders[0], "PKG_CONFIG_SYSROOT_DIR": self.root, "LD_LIBRARY_PATH": self.lib})

    def flags(self, *arguments):
        # a sysroot that is none of OpenCL's own include folders
        words = run(["pkg-config", *arguments], env=self.env).split()
        return [word.replace(self.root, "", 1) if not os.path.exists(word[2:]) else word for word in words]


def test_example(t):
    installed = Installed(t)
    program = os.path.join(t.dir, "example")
    run(["cc", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-std=gnu11", "-o", program, os.path.join(SOURCES, "example.c"),
         *installed.flags("--cflags", "--libs", "orfeas-opencl")], env=installed.env)
    daemon = t.start(settings={"gpu.backends": "opencl"})
    wait_for(lambda: daemon.call("gpu.list")["devices"], "an OpenCL device")
    done = subprocess.run([program, daemon.socket], capture_output=True, text=True, env=installed.env)
    equal((done.returncode, done.stderr), (0, ""))
    worker = daemon.call("worker.list")["workers"][0]
    equal([worker[key] for key in ("worker", "name", "state", "batches")], [done.stdout.strip(), "example", "left", 16])
    equal(daemon.sql("SELECT count(*), min(size), max(size), min(peak_bytes) > 0 FROM worker_batch"), [(16, 1, 16, 1)])


def test_example_trace(t):
    """Spans of a plain C program, with every kind of value, in the caller's trace."""
    installed = Installed(t)
    program = os.path.join(t.dir, "example-trace")
    run(["cc", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-std=gnu11", "-o", program, os.path.join(SOURCES, "example-trace.c"),
         *installed.flags("--cflags", "--libs", "orfeas")], env=installed.env)
    daemon = t.start()
    trace, caller = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    done = subprocess.run([program, daemon.ready["http"], f"00-{trace}-{caller}-01"], capture_output=True, text=True, env=installed.env)
    equal((done.returncode, done.stderr), (0, ""))
    root, tokenize, generate = daemon.call("traces.get", {"trace_id": trace})["spans"]
    equal(done.stdout, f"00-{trace}-{root['span_id']}-01\n")
    equal([(span["service"], span["operation"], span["kind"], span["depth"]) for span in (root, tokenize, generate)],
          [("example", "request", "server", 0), ("example", "tokenize", "internal", 1), ("example", "generate", "internal", 1)])
    equal((root["parent_id"], tokenize["attributes"], generate["attributes"]), (caller, {"tokens": 10}, {"model": "small", "cached": False}))
    equal((generate["outcome"], generate["message"]), ("error", "no such model"))
    ((event, at),) = [(dict(event), event["t_us"]) for event in generate["events"]]
    assert generate["start_us"] <= at <= generate["start_us"] + generate["duration_us"] + 1, generate
    equal((event["name"], event["attributes"]), ("first token", {"index": 0, "probability": 0.75}))
    away = subprocess.run([program, "http://127.0.0.1:1"], capture_output=True, text=True, env=installed.env)
    equal(away.returncode, 0)
    assert "no connection to 127.0.0.1 port 1" in away.stderr, away.stderr


def test_example_cache(t):
    """A value that is made once, and then held in the program."""
    installed = Installed(t)
    program = os.path.join(t.dir, "example-cache")
    run(["cc", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-std=gnu11", "-o", program, os.path.join(SOURCES, "example-cache.c"),
         *installed.flags("--cflags", "--libs", "orfeas")], env=installed.env)
    daemon = t.start()
    done = subprocess.run([program, daemon.ready["cache_socket"]], capture_output=True, text=True, env=installed.env)
    equal((done.returncode, done.stderr, done.stdout), (0, "", "made: forty-two\ncached: forty-two\ncached: forty-two\n2 without a call\n"))
    equal(daemon.call("cache.get", {"key": "answer:1"})["value"], "forty-two")
    # without a daemon the program does its work all the same
    done = subprocess.run([program, os.path.join(t.dir, "none.sock")], capture_output=True, text=True, env=installed.env)
    equal((done.returncode, done.stdout), (0, "made: forty-two\n" * 3 + "0 without a call\n"))


def exports(library):
    """Names of a version of ours, by the dynamic symbol table."""
    text = run(["readelf", "--dyn-syms", "--wide", library])
    return set(re.findall(r"(?:FUNC|OBJECT)\s+GLOBAL\s+DEFAULT\s+\d+\s+(\w+)@@ORFEAS\w*", text))


def declared(*headers):
    names = set()
    for header in headers:
        with open(os.path.join(SOURCES, "orfeas", header), encoding="utf-8") as file:
            text = re.sub(r"/\*.*?\*/|static inline.*?\n}", "", file.read(), flags=re.DOTALL)
        names |= set(re.findall(r"\b(orf_\w+) \(", text))
    return names


def test_symbols(t):
    """What the headers declare is what the libraries show, and nothing else."""
    installed = Installed(t)
    if not shutil.which("readelf"):
        raise Skip("no readelf")
    for library, headers in (("liborfeas.so.0", ("cache.h", "error.h", "gpu-pool.h", "tracer.h", "types.h", "worker.h")), ("liborfeas-opencl.so.0", ("opencl.h",))):
        path = os.path.join(installed.lib, library)
        equal(exports(path), declared(*headers), library)
        text = run(["readelf", "--dynamic", "--wide", path])
        equal(re.search(r"SONAME.*\[(.*)\]", text).group(1), library)
        needed = set(re.findall(r"NEEDED.*\[(.*?)\]", text))
        # no GLib, and OpenCL only where it is called
        assert needed <= {"libc.so.6", "libpthread.so.0", "ld-linux-x86-64.so.2", "libjansson.so.4", "liborfeas.so.0", "libOpenCL.so.1"}, needed
        equal("libOpenCL.so.1" in needed, "opencl" in library)


def test_headers(t):
    """Each stands alone, in C11 and in C++."""
    installed = Installed(t)
    flags = installed.flags("--cflags", "orfeas-opencl")
    languages = [["cc", "-x", "c", "-std=c11"]]
    if shutil.which("c++"):
        languages.append(["c++", "-x", "c++", "-std=c++11"])
    for header in ("types.h", "error.h", "cache.h", "gpu-pool.h", "tracer.h", "worker.h", "opencl.h"):
        for language in languages:
            run([*language, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", *flags, "-"], input=f"#include <orfeas/{header}>\n",
                env=installed.env)


orfeas_test.main()
