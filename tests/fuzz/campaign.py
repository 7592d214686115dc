#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What script/fuzz runs once the targets are built: campaigns, coverage, and seeds that are kept."""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FUZZ = ROOT / "tests" / "fuzz"
BUILD = ROOT / "build-fuzz"  # where libFuzzer runs, too: it leaves files where it is
# An input that takes longer, or memory beyond this, is a finding.
TIMEOUT_S, RSS_MB = 10, 2048
# Larger inputs say little more, and git keeps them for ever.
MAX_SEED_BYTES = 4096
ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "LSAN_OPTIONS": f"suppressions={ROOT / 'tests' / 'lsan.supp'}:print_suppressions=0",
    "G_SLICE": "always-malloc",
    "G_DEBUG": "fatal-criticals",
}
STATUS = re.compile(r"^#(\d+)\s+\S+\s+cov: (\d+)")


def read_decoders():
    decoders = {}
    for line in (FUZZ / "decoders.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, sources = line.partition(":")
            decoders[name] = sources.split()
    return decoders


def get_program(name):
    return BUILD / "tests" / "fuzz" / f"fuzz-{name}-libfuzzer"


def get_environment(**more):
    # where no coverage is asked for, nobody reads the profile
    return {**os.environ, **ENVIRONMENT, "LLVM_PROFILE_FILE": "/dev/null", **more}


def get_corpus(name):
    folder = BUILD / "corpus" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Process:
    """One libFuzzer; its figures as they come."""

    def __init__(self, name, seconds, findings):
        dictionary = FUZZ / "dictionaries" / f"{name}.dict"
        words = [get_program(name), f"-max_total_time={seconds}", f"-timeout={TIMEOUT_S}", f"-rss_limit_mb={RSS_MB}",
                 f"-artifact_prefix={findings}/", "-print_final_stats=1", "-use_value_profile=0"]
        words += [f"-dict={dictionary}"] if dictionary.exists() else []
        self.edges = []  # (seconds, so many)
        self.executions = 0
        self.tail = []
        self.began = time.monotonic()
        self.process = subprocess.Popen([*words, get_corpus(name), FUZZ / "seeds" / name], env=get_environment(), cwd=BUILD,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            found = STATUS.match(line)
            if found:
                self.executions = int(found[1])
                self.edges.append((time.monotonic() - self.began, int(found[2])))
            self.tail = [*self.tail[-80:], line]

    def wait(self):
        self.reader.join()
        return self.process.wait()


def count_edges(processes, until_s):
    return max((n for process in processes for at_s, n in process.edges if at_s <= until_s), default=0)


def run(name, seconds, jobs):
    findings = BUILD / "findings" / name
    findings.mkdir(parents=True, exist_ok=True)
    before = set(findings.iterdir())
    began = time.monotonic()
    processes = [Process(name, seconds, findings) for _ in range(jobs)]
    statuses = [process.wait() for process in processes]
    took_s = time.monotonic() - began
    found = sorted(set(findings.iterdir()) - before)
    edges = [count_edges(processes, took_s * third / 3) for third in (1, 2, 3)]
    print(json.dumps({
        "target": name, "seconds": round(took_s), "executions": sum(process.executions for process in processes),
        "edges": edges, "new_in_last_third": edges[2] - edges[1],
        "findings": [str(path.relative_to(ROOT)) for path in found],
    }), flush=True)
    for process, status in zip(processes, statuses):
        if status:
            sys.stderr.write("".join(process.tail))
    return not any(statuses)


# ---- coverage -------------------------------------------------------------------------------------------------------


def cover(name, sources, folder):
    """(lines that ran, lines there are, [those that did not]) of the decoders of a target."""
    raw, profile = folder / f"{name}.raw", folder / f"{name}.profile"
    subprocess.run([get_program(name), "-runs=0", get_corpus(name), FUZZ / "seeds" / name], check=True, cwd=BUILD,
                   env=get_environment(LLVM_PROFILE_FILE=str(raw)), stderr=subprocess.DEVNULL)
    subprocess.run(["llvm-profdata", "merge", "-o", profile, raw], check=True)
    text = subprocess.run(["llvm-cov", "export", "-format=lcov", f"-instr-profile={profile}", get_program(name)],
                          check=True, capture_output=True, text=True).stdout
    ran = total = 0
    missed = []
    source = None
    for line in text.splitlines():
        if line.startswith("SF:"):
            source = os.path.relpath(line[3:], ROOT)
        elif line.startswith("DA:") and source in sources:
            number, count = line[3:].split(",")[:2]
            total += 1
            ran += int(count) > 0
            if int(count) == 0:
                missed.append(f"{source}:{number}")
    return ran, total, missed


def show_coverage(names, decoders, lines):
    sums = [0, 0]
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            ran, total, missed = cover(name, decoders[name], pathlib.Path(folder))
            sums = [sums[0] + ran, sums[1] + total]
            print(f"{name:14} {100 * ran / max(total, 1):5.1f} % of {total} lines", flush=True)
            if lines:
                print("  " + "\n  ".join(missed))
    print(f"{'all':14} {100 * sums[0] / max(sums[1], 1):5.1f} % of {sums[1]} lines")


# ---- seeds ----------------------------------------------------------------------------------------------------------


def keep(name):
    """libFuzzer's merge takes from the corpus only what reaches more than the seeds do."""
    seeds = FUZZ / "seeds" / name
    with tempfile.TemporaryDirectory() as scratch:
        small = pathlib.Path(scratch, "small")
        merged = pathlib.Path(scratch, "merged")
        shutil.copytree(seeds, merged)
        small.mkdir()
        for path in get_corpus(name).iterdir():
            if path.stat().st_size <= MAX_SEED_BYTES:
                shutil.copy(path, small)
        subprocess.run([get_program(name), "-merge=1", f"-timeout={TIMEOUT_S}", merged, small], check=True,
                       env=get_environment(), cwd=BUILD, stderr=subprocess.DEVNULL)
        added = [path for path in merged.iterdir() if not (seeds / path.name).exists()]
        for path in added:
            shutil.copy(path, seeds / path.name[:12])
    print(f"{name}: {len(added)} seeds more, {sum(path.stat().st_size for path in seeds.iterdir())} bytes in all")


def main():
    parser = argparse.ArgumentParser(prog="script/fuzz")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("--lines", action="store_true", help="with --coverage: which lines did not run")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--programs", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    decoders = read_decoders()
    names = args.names if args.names and args.names != ["all"] else sorted(decoders)
    unknown = sorted(set(names) - set(decoders))
    if unknown:
        parser.error(f"no such target: {' '.join(unknown)}; script/fuzz --list names them")
    if args.list:
        print("\n".join(names))
    elif args.programs:
        print(" ".join(str(get_program(name).relative_to(BUILD)) for name in names))
    elif args.coverage:
        show_coverage(names, decoders, args.lines)
    elif args.keep:
        for name in names:
            keep(name)
    else:
        sys.exit(0 if all([run(name, args.seconds, args.jobs) for name in names]) else 1)


if __name__ == "__main__":
    main()
