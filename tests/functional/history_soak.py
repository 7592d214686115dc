#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Months in minutes: seconds of the past are recorded as fast as the daemon takes them while it is killed at random,
and what each tier then tells must be what the generator says.  test-history.py runs a small one, script/soak any:

  history_soak.py [--days 3] [--series 200] [--kills 40] [--seed 1]

What a second of a series holds is a function of both, so that nothing has to be remembered.  All values are
multiples of an eighth: sums are exact in whatever order they are made.
"""

import argparse
import json
import math
import os
import random
import sqlite3
import sys
import time
from collections import defaultdict

import orfeas_test
from orfeas_test import Peer, diagnose, equal, now_us, request, unwrap, wait_for

ORFEAS_SO = os.environ.get("ORFEAS_SO", "build/server/sql/orfeas.so")
SECOND, MINUTE, HOUR = 1000000, 60000000, 3600000000
DAY_S = 86400
ANCIENT_S = range(-20 * DAY_S, -20 * DAY_S + 600)  # recorded amid all else, of some series
BATCH = 2000  # samples a call, about
IN_FLIGHT = 16  # calls: the socket is never idle
DELAYS = (1, 2, 3, 7, 20, 45)  # batches by which late ones are late
KINDS = ("gauge", "counter", "wait_us")

# What becomes of a second.
NORMAL, GAP, LATE, CORRECTED, TWICE = range(5)


class Generator:
    def __init__(self, series, seconds, seed, n_ancient):
        self.n_series, self.seconds, self.n_ancient = series, seconds, n_ancient
        chance = random.Random(seed)
        fates = [NORMAL] * 94 + [GAP] * 2 + [LATE] * 2 + [CORRECTED, TWICE]
        self.fates = [chance.choice(fates) for _ in range(4093)]  # primes: the tables meet anew each time
        self.noise = [chance.randrange(1, 8000) / 8 for _ in range(8191)]
        self.base_us = now_us() // HOUR * HOUR - seconds * SECOND - 1000 * SECOND  # hours begin and end in the middle

    def name(self, i):
        return "soak." + KINDS[i % 3]

    def select(self, i):
        return f'{self.name(i)}{{n="{i}"}}'

    def t_us(self, s):
        return self.base_us + s * SECOND

    def fate(self, i, s):
        fate = self.fates[(s * 7 + i * 131) % 4093]
        return fate if i % 4 else (NORMAL if fate in (CORRECTED, TWICE) else fate)

    def is_plain(self, i):
        """No second of it is told twice, so that its chunks add up to it."""
        return i % 4 == 0

    def value(self, i, s):
        """That stands in the end."""
        noise = self.noise[(s * 13 + i * 17) % 8191]
        if i % 3 != 1:
            return noise
        # it begins anew each few minutes to hours
        return float((s + i * 97) % (700 + i % 40 * 300) * 3 + int(noise) % 3)

    def wrong(self, i, s):
        """What is told first of a second that is corrected; of counters it may look like a fall."""
        return self.value(i, s) + (0.5 if i % 3 != 1 else 100000.0 if s % 2 else 1.0)

    def all_seconds(self, i):
        if i < self.n_ancient:
            yield from ANCIENT_S
        yield from range(self.seconds)

    def points(self, i):
        """(t_us, value) that must be there in the end, by time."""
        for s in self.all_seconds(i):
            if self.fate(i, s) != GAP:
                yield self.t_us(s), self.value(i, s)

    def sample(self, i, s, value):
        return f'{{"name":"{self.name(i)}","labels":{{"n":"{i}"}},"value":{value!r},"t_us":{self.t_us(s)}}}'

    def first_told(self, i, s, later):
        """What is told of it in its own turn, as texts; later gets what is told after that."""
        fate = self.fate(i, s)
        final = self.sample(i, s, self.value(i, s)) if fate != GAP else None
        if fate == NORMAL:
            return (final,)
        if fate == LATE:
            later.append(final)
        elif fate == CORRECTED:
            later.append(final)
            return (self.sample(i, s, self.wrong(i, s)),)
        elif fate == TWICE:
            return (self.sample(i, s, self.wrong(i, s)), final)
        return ()

    def batches(self):
        """Lists of samples' texts, in the order in which they must be recorded."""
        width = max(1, BATCH // self.n_series)
        waiting = defaultdict(list)
        n_slices = math.ceil(self.seconds / width)
        for number in range(n_slices):
            texts, later = [], []
            for s in range(number * width, min(self.seconds, (number + 1) * width)):
                for i in range(self.n_series):
                    texts += self.first_told(i, s, later)
            for i in range(self.n_ancient) if number == n_slices // 2 else ():
                for s in ANCIENT_S:
                    texts += self.first_told(i, s, later)
            waiting[number + DELAYS[number % len(DELAYS)]] += later
            yield texts + waiting.pop(number, [])
        for number in sorted(waiting):
            yield waiting.pop(number)


class Soak:
    def __init__(self, test, series, seconds, kills, seed, pack_rows, raw_us=None):
        """raw_us None: every plain row stays, and is counted."""
        self.generator = Generator(series, seconds, seed, 0 if raw_us is None else 4)
        self.raw_us = raw_us
        self.chance = random.Random(seed + 1)
        self.daemon = test.start(settings={
            "history.pack_us": SECOND, "history.pack_rows": pack_rows, "history.raw_us": raw_us or 7 * DAY_S * SECOND,
            "history.raw_rows": 10**9, "metrics.max_query_points": 4000000, "host.enabled": "false", "gpu.backends": ""})
        self.test = test
        self.kills_left, self.n_samples, self.n_batches = kills, 0, 0
        width = max(1, BATCH // series)
        # the rest of the kills is for the packing after the last sample
        self.kill_at = set(self.chance.sample(range(1, seconds // width), kills - kills // 4))
        self.sent = []  # batches not answered yet, oldest first: (number, text)

    # --- recording

    def define(self):
        for kind in KINDS:
            self.daemon.admin("metrics.define", {"name": "soak." + kind, "kind": "counter" if kind == "counter" else "gauge",
                                                 "unit": "us" if kind == "wait_us" else ""})

    def mark_us(self, number):
        return self.generator.t_us(-1) + number * 1000

    def text(self, number, texts):
        """A batch carries its number as a sample, which is there when all of it is."""
        mark = f'{{"name":"soak.batch","value":{number},"t_us":{self.mark_us(number)}}}'
        return f'{{"jsonrpc":"2.0","id":{number},"method":"metrics.record","params":{{"samples":[{",".join([*texts, mark])}]}}}}'

    def kill(self):
        self.kills_left -= 1
        time.sleep(self.chance.uniform(0, 0.12))  # into whatever it is doing
        self.daemon.restart()

    def receive(self, peer):
        answer = json.loads(peer.receive_text())
        unwrap(answer)
        number, _ = self.sent.pop(0)
        equal(answer["id"], number, "answers come in order")

    def recorded(self, numbers):
        """Those batches that are in the file."""
        answer = self.daemon.admin("metrics.query", {"select": "soak.batch", "from_us": self.mark_us(numbers[0]), "to_us": self.mark_us(numbers[-1]) + 1})
        return {int(value) for series in answer["series"] for _, value in series["points"]}

    def begin_again(self):
        """After a kill: what was not answered may be there or not, but whole and in order."""
        if not self.sent:
            return
        there = self.recorded([number for number, _ in self.sent])
        while self.sent and self.sent[0][0] in there:
            self.sent.pop(0)
        assert not any(number in there for number, _ in self.sent), f"{there} but not {self.sent[0][0]}"

    def record(self):
        self.define()
        peer = self.daemon.peer()
        for number, texts in enumerate(self.generator.batches()):
            self.n_samples += len(texts)
            self.n_batches += 1
            self.sent.append((number, self.text(number, texts)))
            peer.send_text(self.sent[-1][1])
            if number in self.kill_at:
                self.kill()
                peer.close()
                self.begin_again()
                peer = self.daemon.peer()
                for _, text in self.sent:
                    peer.send_text(text)
            while len(self.sent) >= IN_FLIGHT:
                self.receive(peer)
        while self.sent:
            self.receive(peer)
        peer.close()
        equal(len(self.recorded([0, number])), self.n_batches, "batches, none lost by a kill")

    def pack(self, patience_s):
        """Until all that was recorded is packed; the last kills come meanwhile."""
        last = self.daemon.sql("SELECT max(last_rowid) FROM raw_block")[0][0]
        while self.kills_left > 0:
            self.kill()
            time.sleep(self.chance.uniform(0, 0.3))
        wait_for(lambda: self.daemon.sql("SELECT from_rowid > ? FROM packing", last)[0][0], "packing", patience_s)

    # --- what must be there

    def windows(self, i, step_us):
        """{start: [count, min, max, sum, last, increase]} of the points by time."""
        found, before = {}, None
        for t_us, value in self.generator.points(i):
            row = found.get(t_us - t_us % step_us)
            if row is None:
                # the last one before counts as far as 5 minutes or a step back
                start = t_us - t_us % step_us
                near = before is not None and before[0] >= start - max(step_us, 300 * SECOND)
                row = found[start] = [0, value, value, 0.0, value, 0.0]
                previous = before[1] if near else value
            else:
                previous = row[4]
            row[0] += 1
            row[1] = min(row[1], value)
            row[2] = max(row[2], value)
            row[3] += value
            row[4] = value
            row[5] += value - previous if value >= previous else value
            before = (t_us, value)
        return found

    def spans(self, i):
        """What the series is asked for in: the ancient ones apart, that answers are dense."""
        g = self.generator
        if i < g.n_ancient:
            yield g.t_us(ANCIENT_S[0]), g.t_us(ANCIENT_S[-1] + 1)
        yield g.t_us(0), g.t_us(g.seconds)

    def ask(self, i, **params):
        found = []
        for begin_us, end_us in self.spans(i):
            answer = self.daemon.admin("metrics.query", {"select": self.generator.select(i), "from_us": begin_us, "to_us": end_us, **params},
                                       {"deadline_ms": 60000})
            equal(len(answer["series"]), 1, self.generator.select(i))
            found += [tuple(point) for point in answer["series"][0]["points"] if point[1] is not None]
        return found

    def check_queries(self, i):
        what = self.generator.select(i)
        same(self.ask(i), list(self.generator.points(i)), what)
        for step_us in (MINUTE, HOUR):
            want = self.windows(i, step_us)
            for part, aggregate in enumerate(("count", "min", "max", "sum", "last", "increase")):
                if aggregate != "increase" or i % 3 == 1:
                    have = self.ask(i, step_us=step_us, aggregate=aggregate)
                    same(have, [(start, row[part]) for start, row in want.items()], f"{aggregate} of {what} by {step_us // SECOND} s")

    def check_tables(self, i):
        """As anyone with sqlite3 sees it."""
        name, labels = self.generator.name(i), json.dumps({"n": str(i)}, separators=(",", ":"))
        series_id = self.daemon.sql("SELECT id FROM series WHERE name=? AND labels=?", name, labels)[0][0]
        for table, step_us in (("rollup_1m", MINUTE), ("rollup_1h", HOUR)):
            have = self.daemon.sql(f"SELECT t_us, count, min, max, sum, last FROM {table} WHERE series_id=? ORDER BY t_us", series_id)
            same(have, [(start, *row[:5]) for start, row in self.windows(i, step_us).items()], f"{table} of {self.generator.select(i)}")
        count, least, most, total = self.daemon.sql("SELECT sum(count), min(min), max(max), sum(sum) FROM chunk WHERE series_id=?", series_id)[0]
        values = [value for _, value in self.generator.points(i)]
        if self.generator.is_plain(i):
            equal((count, least, most, total), (len(values), min(values), max(values), sum(values)), f"chunk of {self.generator.select(i)}")
        else:  # what was corrected may be in two chunks, of which the newer wins
            assert len(values) <= count <= len(values) * 1.03, f"{count} in chunk, of {len(values)}"

    def check_samples(self):
        """The virtual table, by a plain sqlite3 too."""
        if os.environ.get("ORFEAS_SANITIZED"):
            return  # that library cannot be loaded into a plain program
        connection = sqlite3.connect(f"file:{self.daemon.db}?mode=ro", uri=True)
        connection.enable_load_extension(True)
        connection.load_extension(ORFEAS_SO)
        rows = connection.execute("SELECT name, json_extract(labels, '$.n'), count(*), min(value), max(value), sum(value) FROM samples "
                                  "WHERE name IN ('soak.gauge', 'soak.counter', 'soak.wait_us') GROUP BY series_id").fetchall()
        connection.close()
        equal(len(rows), self.generator.n_series)
        for name, number, *have in rows:
            values = [value for _, value in self.generator.points(int(number))]
            equal(have, [len(values), min(values), max(values), sum(values)], f"samples of {name} {number}")

    def check(self):
        for i in range(self.generator.n_series):
            self.check_queries(i)
            self.check_tables(i)
        self.check_samples()
        equal(self.daemon.sql("SELECT count(*) FROM chunk_block WHERE chunks <> (SELECT count(*) FROM chunk WHERE id>>32=block) "
                              "OR samples <> (SELECT sum(count) FROM chunk WHERE id>>32=block)"), [(0,)])
        if self.raw_us is None:
            equal(self.daemon.sql("SELECT count(*) FROM sample_raw JOIN series ON id=series_id WHERE name LIKE 'soak.%'"),
                  [(self.n_samples + self.n_batches,)], "rows, each recorded once")
        status, out, err = self.test.ctl(self.daemon, "--timeout", "3600000", "db", "check")
        equal(status, 0, out + err)

    def run(self, patience_s=orfeas_test.PATIENCE_S):
        begin = time.monotonic()
        self.record()
        recorded = time.monotonic()
        self.pack(patience_s)
        packed = time.monotonic()
        self.check()
        blocks = self.daemon.sql("SELECT group_concat(n || ' of level ' || level, ', ') FROM (SELECT level, count(*) n FROM chunk_block GROUP BY level)")[0][0]
        diagnose(f"{self.n_samples:,} samples in {recorded - begin:.1f} s, packed {packed - recorded:.1f} s later, "
                 f"checked in {time.monotonic() - packed:.1f} s; blocks: {blocks}")


def same(have, want, what):
    if have != want:
        first = next((pair for pair in zip(have, want) if pair[0] != pair[1]), "one ends before the other")
        raise AssertionError(f"{what}: {len(have)}, not {len(want)}; first: {first}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=float, default=3)
    parser.add_argument("--series", type=int, default=200)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=random.randrange(1000000))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)

    def soak(test):
        Soak(test, options.series, int(options.days * DAY_S), options.kills, options.seed,
             pack_rows=500000, raw_us=7200 * SECOND).run(3600)

    sys.exit(0 if orfeas_test.run_case(1, "soak", soak) else 1)


if __name__ == "__main__":
    main()
