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
# An input that takes longer, or memory beyond this, is a finding; by the clock, so that a niced one on a busy machine is not.
TIMEOUT_S, RSS_MB = 60, 2048
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
    """({target: [source]}, {source: {functions of it that read nothing of outside}})"""
    decoders, others = {}, {}
    for line in (FUZZ / "decoders.txt").read_text().splitlines():
        name, _, words = line.partition(":")
        if line.startswith("-"):
            others[name[1:].strip()] = set(words.split())
        elif line and not line.startswith("#"):
            decoders[name] = words.split()
    return decoders, others


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


class Campaign:
    """Rounds on one target: as long as they bring something new, and no longer than asked for."""

    def __init__(self, name, jobs):
        self.name, self.jobs = name, jobs
        self.findings = BUILD / "findings" / name
        self.findings.mkdir(parents=True, exist_ok=True)
        self.before = set(self.findings.iterdir())
        self.took_s = self.executions = 0
        self.edges = []  # (seconds, so many)

    def run_round(self, seconds):
        """Whether none failed; those that did say so."""
        began = time.monotonic()
        processes = [Process(self.name, seconds, self.findings) for _ in range(self.jobs)]
        statuses = [process.wait() for process in processes]
        for process in processes:
            self.edges += [(self.took_s + at_s, n) for at_s, n in process.edges]
            self.executions += process.executions
        self.took_s += time.monotonic() - began
        for process, status in zip(processes, statuses):
            if status:
                sys.stderr.write("".join(process.tail))
        return not any(statuses)

    def count_thirds(self):
        """Edges known at the end of each third of the time."""
        return [max((n for at_s, n in self.edges if at_s <= self.took_s * third / 3), default=0) for third in (1, 2, 3)]

    def tell(self):
        thirds = self.count_thirds()
        return {
            "target": self.name, "seconds": round(self.took_s), "executions": self.executions, "edges": thirds,
            "new_in_last_third": thirds[2] - thirds[1],
            "findings": sorted(str(path.relative_to(ROOT)) for path in set(self.findings.iterdir()) - self.before),
        }


def run(name, args):
    campaign = Campaign(name, args.jobs)
    good = True
    while good and campaign.took_s < args.seconds:
        good = campaign.run_round(min(args.round or args.seconds, max(1, round(args.seconds - campaign.took_s))))
        if campaign.tell()["new_in_last_third"] == 0:
            break
    told = json.dumps(campaign.tell())
    print(told, flush=True)
    with (BUILD / "campaigns.jsonl").open("a") as log:
        log.write(told + "\n")
    return good


# ---- coverage -------------------------------------------------------------------------------------------------------


def run_for_coverage(name, folder):
    """What llvm-cov tells of it, as lcov has it."""
    raw, profile = folder / f"{name}.raw", folder / f"{name}.profile"
    subprocess.run([get_program(name), "-runs=0", get_corpus(name), FUZZ / "seeds" / name], check=True, cwd=BUILD,
                   env=get_environment(LLVM_PROFILE_FILE=str(raw)), stderr=subprocess.DEVNULL)
    subprocess.run(["llvm-profdata", "merge", "-o", profile, raw], check=True)
    return subprocess.run(["llvm-cov", "export", "-format=lcov", f"-instr-profile={profile}", get_program(name)],
                          check=True, capture_output=True, text=True).stdout


class Source:
    """The lines of a source, and which of them ran."""

    def __init__(self):
        self.starts = []  # (line, function)
        self.ran = {}  # line: whether

    def get_function(self, line):
        return max(((at, name) for at, name in self.starts if at <= line), default=(0, ""))[1]


def read_lcov(text, sources):
    found = {source: Source() for source in sources}
    source = None
    for line in text.splitlines():
        kind, _, rest = line.partition(":")
        if kind == "SF":
            source = found.get(os.path.relpath(rest, ROOT))
        elif kind == "FN" and source is not None:
            at, name = rest.split(",", 1)
            source.starts.append((int(at), name.rpartition(":")[2]))
        elif kind == "DA" and source is not None:
            at, count = rest.split(",")[:2]
            source.ran[int(at)] = int(count) > 0
    return found


class Share:
    def __init__(self):
        self.ran = self.total = 0

    def add(self, ran, total):
        self.ran += ran
        self.total += total

    def __str__(self):
        return f"{100 * self.ran / max(self.total, 1):5.1f} % of {self.total:6,}"


def cover(name, sources, others, folder):
    """(Share of the decoders' functions, Share of the whole files, [lines of the first that did not run])"""
    decoders, files, missed = Share(), Share(), []
    for path, source in read_lcov(run_for_coverage(name, folder), sources).items():
        for line, ran in source.ran.items():
            files.add(ran, 1)
            if source.get_function(line) in others.get(path, ()):
                continue
            decoders.add(ran, 1)
            if not ran:
                missed.append(f"{path}:{line}")
    return decoders, files, missed


def show_coverage(names, decoders, others, lines):
    sums = Share(), Share()
    print(f"{'':14} {'decoders':18} {'whole files':18}")
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            *shares, missed = cover(name, decoders[name], others, pathlib.Path(folder))
            for total, share in zip(sums, shares):
                total.add(share.ran, share.total)
            print(f"{name:14} {shares[0]} {shares[1]}", flush=True)
            if lines:
                print("  " + "\n  ".join(missed))
    print(f"{'all':14} {sums[0]} {sums[1]}")


# ---- seeds ----------------------------------------------------------------------------------------------------------


def keep(name):
    """libFuzzer takes from the corpus the fewest that reach what the seeds do not."""
    seeds = FUZZ / "seeds" / name
    with tempfile.TemporaryDirectory() as scratch:
        small = pathlib.Path(scratch, "small")
        merged = pathlib.Path(scratch, "merged")
        shutil.copytree(seeds, merged)
        small.mkdir()
        for path in get_corpus(name).iterdir():
            if path.stat().st_size <= MAX_SEED_BYTES:
                shutil.copy(path, small)
        subprocess.run([get_program(name), "-set_cover_merge=1", f"-timeout={TIMEOUT_S}", merged, small], check=True,
                       env=get_environment(), cwd=BUILD, stderr=subprocess.DEVNULL)
        added = [path for path in merged.iterdir() if not (seeds / path.name).exists()]
        for path in added:
            shutil.copy(path, seeds / path.name[:12])
    print(f"{name}: {len(added)} seeds more, {sum(path.stat().st_size for path in seeds.iterdir())} bytes in all")


def main():
    parser = argparse.ArgumentParser(prog="script/fuzz")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--round", type=int, help="seconds after which a target ends whose last third brought no new edge")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("--lines", action="store_true", help="with --coverage: which lines did not run")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--programs", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    decoders, others = read_decoders()
    names = args.names if args.names and args.names != ["all"] else sorted(decoders)
    unknown = sorted(set(names) - set(decoders))
    if unknown:
        parser.error(f"no such target: {' '.join(unknown)}; script/fuzz --list names them")
    if args.list:
        print("\n".join(names))
    elif args.programs:
        print(" ".join(str(get_program(name).relative_to(BUILD)) for name in names))
    elif args.coverage:
        show_coverage(names, decoders, others, args.lines)
    elif args.keep:
        for name in names:
            keep(name)
    else:
        sys.exit(0 if all([run(name, args) for name in names]) else 1)


if __name__ == "__main__":
    main()
