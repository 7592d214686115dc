#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""orfeasctl predictions replay: over a file and over the database; causal; what it refuses."""

import csv
import gzip
import os
import random
import subprocess

import orfeas_test
from orfeas_test import contains, equal, now_us

DONE, SERVER_ERROR, USAGE = range(3)
S = 1000000
HEAD = "row,horizon_rows,value,lower80,upper80,lower90,upper90,leak,time_to_threshold_us,tte_lower_us,tte_upper_us"


def replay(t, *arguments, expect=DONE):
    done = subprocess.run([orfeas_test.ORFEASCTL, "predictions", "replay", *arguments], capture_output=True, text=True, env=t.environment())
    equal(done.returncode, expect, done.stderr)
    return done.stdout if expect == DONE else done.stderr


def make_rows(n, seed):
    """A walk with jumps, a stretch that stands still, a gap, rows without a value."""
    rand = random.Random(seed)
    rows, value, t_us = [], 50.0, 1700000000 * S
    for i in range(n):
        t_us += 57 * S if i != n // 2 else 3600 * S
        if not n // 4 < i < n // 3:
            value += rand.gauss(0, 1) + (rand.random() < .03) * rand.uniform(-30, 30)
        rows.append((t_us, "" if rand.random() < .02 else repr(value)))
    return rows


def write(t, name, rows, packed=False, ends="\n"):
    path = os.path.join(t.dir, name)
    text = "t_us,value" + ends + "".join(f"{t_us},{value}{ends}" for t_us, value in rows)
    with open(path, "wb") as file:
        file.write(gzip.compress(text.encode()) if packed else text.encode())
    return path


def test_causal(t):
    rows = make_rows(600, 1)
    whole = replay(t, write(t, "whole.csv", rows), "--horizon", "1,5,60,120", "--threshold", "90").splitlines()
    equal(whole[0], HEAD)
    for n in (1, 8, 9, 10, 57, 150, 300, 301, 302, 599):
        part = replay(t, write(t, "part.csv", rows[:n]), "--horizon", "1,5,60,120", "--threshold", "90").splitlines()
        equal(part, [HEAD] + [line for line in whole[1:] if int(line.split(",")[0]) < n], n)


def test_lines(t):
    rows = make_rows(300, 2)
    plain = write(t, "plain.csv", rows)
    text = replay(t, plain, "--horizon", "5,15", "--every", "10", "--min", "20", "--max", "60")
    lines = list(csv.DictReader(text.splitlines()))
    equal([(int(line["row"]), int(line["horizon_rows"])) for line in lines], [(row, h) for row in range(10, 300, 10) for h in (5, 15)])
    for line in lines:
        bounds = [float(line[name]) for name in ("lower90", "lower80", "value", "upper80", "upper90")]
        equal(bounds, sorted(bounds))
        assert 20 <= bounds[0] and bounds[-1] <= 60, bounds
    # packed, with other line ends, and to a file: the same
    again = os.path.join(t.dir, "out.csv")
    for path in (write(t, "packed.csv.gz", rows, packed=True), write(t, "dos.csv", rows, ends="\r\n")):
        equal(replay(t, path, "--horizon", "5,15", "--every", "10", "--min", "20", "--max", "60", "-o", again), "")
        with open(again, encoding="utf-8") as file:
            equal(file.read(), text)
    equal(os.path.exists(again + ".part"), False)


def test_refused(t):
    path = write(t, "rows.csv", make_rows(20, 3))
    for arguments in ((), (path, "--horizon", "0"), (path, "--horizon", "121"), (path, "--horizon", "5,5"), (path, "--horizon", "1,2,3,4,5"),
                      (path, "--horizon", ""), (path, "--every", "0"), (path, "--threshold", "x"), (path, "--threshold", "inf"),
                      (path, "--min", "2", "--max", "1"), (path, "--step", "no"), (path, "--select", "m")):
        replay(t, *arguments, expect=USAGE)
    contains(replay(t, os.path.join(t.dir, "none.csv"), expect=SERVER_ERROR), "none.csv")
    contains(replay(t, path, "-o", "/nonexistent/x", expect=SERVER_ERROR), "/nonexistent/x")
    for text in ("", "time,value\n1,2\n", "t_us\n1\n", "t_us,value\n1\n", "t_us,value\n1,x\n", "t_us,value\nx,1\n"):
        bad = os.path.join(t.dir, "bad.csv")
        with open(bad, "w", encoding="utf-8") as file:
            file.write(text)
        contains(replay(t, bad, expect=SERVER_ERROR), "line")
    with open(path, "wb") as file:
        file.write(gzip.compress(b"t_us,value\n1,2\n" * 100)[:-20])
    replay(t, path, expect=SERVER_ERROR)


def test_database(t):
    daemon = t.start()
    base = now_us() // (60 * S) * 60 * S - 200 * 60 * S
    rand = random.Random(4)
    minutes = [[rand.gauss(50, 5) for _ in range(3)] for _ in range(180)]
    samples = [{"name": "re.a", "labels": {"k": k}, "value": value, "t_us": base + i * 60 * S + j * 20 * S}
               for k in ("1", "2") for i, minute in enumerate(minutes) for j, value in enumerate(minute)]
    for first in range(0, len(samples), 500):
        daemon.call("metrics.record", {"samples": samples[first:first + 500]})
    path = write(t, "same.csv", [(base + i * 60 * S, repr(sum(minute) / 3)) for i, minute in enumerate(minutes)])
    arguments = ("--select", 're.a{k="1"}', "--from", str(base), "--to", str(base + 180 * 60 * S), "--horizon", "5,60", "--every", "7")
    expected = [line.split(",") for line in replay(t, path, "--horizon", "5,60", "--every", "7").splitlines()]
    live = replay(t, "--socket", daemon.socket, *arguments).splitlines()
    equal(len(live), len(expected))
    for line, other in zip(live[1:], expected[1:]):
        mine = line.split(",")
        equal(mine[:2], other[:2])
        # a mean may be added up in another order
        assert all(abs(float(a) - float(b)) < 1e-3 for a, b in zip(mine[2:7], other[2:7])), (mine, other)
    contains(replay(t, "--socket", daemon.socket, "--select", "re.a", "--from", str(base), expect=USAGE), "2 series")
    contains(replay(t, "--socket", daemon.socket, "--select", "re.none", expect=USAGE), "re.none")
    daemon.stop()
    equal(replay(t, "--db", daemon.db, *arguments).splitlines(), live)


orfeas_test.main()
