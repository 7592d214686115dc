# SPDX-License-Identifier: LGPL-2.1-or-later
"""What each scenario of script/torture shares: a seed, rounds that time bounds, counts, times, and violations.

A scenario is a file of this folder, named after it, that ends in orfeas_torture.main(run, rounds): run(torture) attacks the
real daemon, round after round (torture.rounds()), and says what must not be by torture.check(). `rounds` is how many the suite
runs; --rounds and --seconds ask for more. Everything that is left to chance comes from torture.chance, so that --seed N asks
for the same choices again (what threads and the kernel do meanwhile is theirs). Exit status: 0 nothing wrong, 1 violations, 77 skipped.
"""

import argparse
import collections
import os
import random
import select
import sqlite3
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "functional"))

import orfeas_test  # noqa: E402 (needs the path)

SKIPPED = 77  # as meson has it
MAX_GROWN_BYTES = 64 << 20
MOST_VIOLATIONS = 20  # said; they are counted beyond
TOLD_S = 20  # between two lines of how far a long run has come


def pick(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def rss_bytes(daemon):
    with open(f"/proc/{daemon.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def verdict(path):
    """integrity_check's, or why there is none."""
    try:
        return orfeas_test.integrity(path)
    except sqlite3.DatabaseError as error:
        return str(error)


class Torture:
    def __init__(self, name, seed, n_rounds, seconds, bounds_times):
        self.name, self.seed, self.n_rounds, self.seconds, self.bounds_times = name, seed, n_rounds, seconds, bounds_times
        self.chance = random.Random(seed)
        self.test = orfeas_test.Test()
        self.dir = self.test.dir
        self.counts = collections.Counter()
        self.times = collections.defaultdict(list)  # what took how long, s
        self.violations = []
        self.round = None
        self.began = time.monotonic()

    def rounds(self):
        """The numbers of the rounds: as many as were asked for, or as the time is enough for, and one at least."""
        told = self.began
        while self.round is None or self.wants_more():
            self.round = 0 if self.round is None else self.round + 1
            if time.monotonic() > told + TOLD_S:
                told = time.monotonic()
                print(f"# {self.name}: round {self.round}, {told - self.began:.0f} s, {len(self.violations)} violations", flush=True)
            yield self.round

    def wants_more(self):
        if self.seconds is not None:
            return time.monotonic() < self.began + self.seconds
        return self.round + 1 < self.n_rounds

    def count(self, what, n=1):
        self.counts[what] += n

    def took(self, what, seconds, bound_s=None):
        """A violation beyond bound_s where times tell something: not in the suite, which knows nothing of the machine."""
        self.times[what].append(seconds)
        if self.bounds_times and bound_s is not None:
            self.check(seconds <= bound_s, f"{what}: {seconds:.1f} s, more than {bound_s}")

    def check(self, good, text):
        """A violation unless good; the scenario goes on."""
        if not good:
            self.violate(text)
        return good

    def equal(self, actual, expected, text):
        return self.check(actual == expected, f"{text}: {actual!r}, not {expected!r}")

    def violate(self, text):
        self.violations.append(f"round {self.round}: {text}")
        if len(self.violations) <= MOST_VIOLATIONS:
            print(f"VIOLATION {self.name}, seed {self.seed}, {self.violations[-1]}", flush=True)

    # --- the daemon

    def daemon(self, **options):
        return self.test.daemon(**options)

    def start(self, daemon, what="ready"):
        """Starts it, and notes how long that took."""
        begin = time.monotonic()
        daemon.start()
        self.took(what, time.monotonic() - begin)
        return daemon

    def start_or_end(self, daemon, what="ready"):
        """Starts one that may refuse: whether it is ready. One that does neither is a violation."""
        begin = time.monotonic()
        daemon.launch()
        if not select.select([daemon.process.stdout], [], [], orfeas_test.PATIENCE_S)[0]:
            self.violate(f"neither ready nor ended: {daemon.stderr()[-400:]}")
            daemon.kill()
            return False
        line = daemon.process.stdout.readline()
        if line:
            daemon.take_ready(line)
            self.took(what, time.monotonic() - begin)
        else:
            code = daemon.process.wait(orfeas_test.PATIENCE_S)
            self.check(code > 0, f"ended with {code}: {daemon.stderr()[-2000:]}")
        return bool(line)

    def check_file(self, daemon, crew=None):
        """The file of a daemon that has ended: whole, and with all that was accepted."""
        self.equal(verdict(daemon.db), "ok", "integrity_check")
        self.check_crew(crew)

    def check_crew(self, crew):
        for problem in crew.problems() if crew is not None else ():
            self.violate(problem)

    def wait_all_write(self, crew, what, bound_s):
        """Until each of the writers has been accepted something more."""
        before = {writer: len(writer.accepted) for writer in crew.writers}
        begin = time.monotonic()

        def waiting():
            return [writer for writer in crew.writers if len(writer.accepted) == before[writer]]

        try:
            orfeas_test.wait_for(lambda: not waiting(), "all to write")
        except AssertionError:
            said = {writer.name(): writer.refusals.most_common(3) for writer in waiting()}
            raise AssertionError(f"these do not go on: {said}") from None
        self.took(what, time.monotonic() - begin, bound_s)

    def check_growth(self, daemon, before_bytes):
        """Since its rss_bytes() was that. A sanitizer keeps what is freed."""
        grown = rss_bytes(daemon) - before_bytes
        self.counts["grown, MiB"] = grown >> 20
        self.check(grown < MAX_GROWN_BYTES or os.environ.get("ORFEAS_SANITIZED"), f"grown by {grown >> 20} MiB")

    def check_refusals(self, crew, good):
        """All that the writers were told begins with one of these."""
        said = collections.Counter()
        for writer in crew.writers:
            said.update(writer.refusals)
        for text, n in said.items():
            self.check(text.startswith(good), f"{n} were told: {text}")
        self.count("refused, and told", sum(said.values()))

    # --- the end

    def last_words(self):
        daemon = self.test.daemons[-1] if self.test.daemons else None
        return daemon.stderr()[-2000:] if daemon is not None and daemon.process is not None else ""

    def run(self, scenario):
        try:
            scenario(self)
        except orfeas_test.Skip as reason:
            print(f"{self.name}: skipped: {reason}")
            self.test.close(False)
            return SKIPPED
        except Exception:  # what the scenario did not foresee
            self.violate(traceback.format_exc() + self.last_words())
        for problem in self.test.close(False):
            self.violate(problem)
        self.report()
        return 1 if self.violations else 0

    def report(self):
        print(f"{self.name}: seed {self.seed}, {(self.round or 0) + 1} rounds in {time.monotonic() - self.began:.1f} s")
        rows = [(what, f"{n:,}") for what, n in self.counts.items()]
        rows += [(what, f"median {pick(times, 0.5) * 1e3:.0f} ms, p99 {pick(times, 0.99) * 1e3:.0f} ms, longest {max(times) * 1e3:.0f} ms, {len(times)} times")
                 for what, times in self.times.items()]
        width = max((len(what) for what, _ in rows), default=0)
        for what, text in rows:
            print(f"  {what.ljust(width)}  {text}")
        print(f"{len(self.violations)} violations" + (f"; again: --seed {self.seed}" if self.violations else ""), flush=True)


def main(scenario, rounds, seconds=None):
    """rounds, or seconds: what the suite runs."""
    name = os.path.basename(sys.argv[0]).removesuffix(".py")
    parser = argparse.ArgumentParser(prog=f"torture {name}", description=sys.modules["__main__"].__doc__)
    parser.add_argument("--seconds", type=float, help="go on for so long")
    parser.add_argument("--rounds", type=int, help=f"so many rounds; {rounds} if neither is said")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="the same choices again")
    args = parser.parse_args()
    by_request = args.seconds is not None or args.rounds is not None
    if not by_request:
        args.seconds, args.rounds = seconds, rounds
    bounds_times = by_request and "ORFEAS_SANITIZED" not in os.environ  # those of a sanitizer are its own
    sys.exit(Torture(name, args.seed, args.rounds, args.seconds, bounds_times).run(scenario))
