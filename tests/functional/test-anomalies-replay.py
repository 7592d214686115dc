#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""orfeasctl anomalies replay: what it finds; causal; one and several series; what it refuses."""

import csv
import gzip
import math
import os
import random
import subprocess

import orfeas_test
from orfeas_test import contains, equal

DONE, SERVER_ERROR, USAGE = range(3)
S = 1000000
HEAD = "t_us,score,flag,kind,detector,series"


def replay(t, *arguments, expect=DONE):
    done = subprocess.run([orfeas_test.ORFEASCTL, "anomalies", "replay", *arguments], capture_output=True, text=True, env=t.environment())
    equal(done.returncode, expect, done.stderr)
    return done.stdout if expect == DONE else done.stderr


def make_rows(n, columns, seed):
    """Noise about a level that moves slowly; a spike in the second column; a gap; rows without a value."""
    rand = random.Random(seed)
    rows, t_us, level = [], 1700000000 * S, 50.0
    for i in range(n):
        t_us += 60 * S if i != n // 2 else 36000 * S
        level += rand.gauss(0, .05)
        values = [level + rand.gauss(0, 1) for _ in range(columns)]
        if i == n - 20:
            values[min(1, columns - 1)] += 40
        rows.append((t_us, *("" if rand.random() < .01 else repr(value) for value in values)))
    return rows


def write(t, name, rows, packed=False):
    path = os.path.join(t.dir, name)
    names = ["a", "b", "c"][:len(rows[0]) - 1]
    text = ",".join(["t_us", *names]) + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    with open(path, "wb") as file:
        file.write(gzip.compress(text.encode()) if packed else text.encode())
    return path


def test_causal(t):
    for columns in (1, 3):
        rows = make_rows(1200, columns, columns)
        whole = replay(t, write(t, "whole.csv", rows)).splitlines()
        equal(whole[0], HEAD)
        equal(len(whole), 1201)
        for n in (1, 8, 9, 10, 61, 400, 600, 601, 1180, 1181):
            equal(replay(t, write(t, "part.csv", rows[:n])).splitlines(), whole[:n + 1], (columns, n))


def test_discord(t):
    """Saws at no fixed distance, of which one falls slowly instead of rising: told to those who ask for shapes."""
    rand = random.Random(8)
    values = []
    while len(values) < 6000:
        odd = 5000 <= len(values) < 5040
        saw = [i / 20 for i in range(20)]
        values += [value + rand.uniform(-.05, .05) for value in (saw[::-1] if odd else saw) + [0] * rand.randint(3, 20)]
    path = write(t, "saws.csv", [(1700000000 * S + i * 60 * S, repr(value)) for i, value in enumerate(values[:5200])])
    told = [max((float(line["score"]) for line in list(csv.DictReader(replay(t, path, *arguments).splitlines()))[5000:5080]
                 if line["detector"] == "discord"), default=0) for arguments in ((), ("--discord", "24"))]
    equal((told[0], told[1] > 2), (0, True), str(told))


def test_found(t):
    rows = make_rows(1500, 3, 4)
    text = replay(t, write(t, "plain.csv", rows), "--alarms-per-day", "0.5")
    lines = list(csv.DictReader(text.splitlines()))
    equal([int(line["t_us"]) for line in lines], [row[0] for row in rows])
    best = max(range(len(lines)), key=lambda i: float(lines[i]["score"]))
    equal(best, 1480)
    equal((lines[best]["flag"], lines[best]["series"]), ("1", "b"))
    assert sum(int(line["flag"]) for line in lines) <= 4
    for line in lines:
        score = float(line["score"])
        assert 0 <= score < 100, line
        equal(score > 0, line["kind"] != "", line)
        assert line["kind"] in ("", "spike", "drift", "outlier", "pattern", "correlated", "multivariate", "silence"), line
    # packed, with the step told, and to a file: the same but for the first rows
    again = os.path.join(t.dir, "out.csv")
    equal(replay(t, write(t, "packed.csv.gz", rows, packed=True), "--alarms-per-day", "0.5", "--step", "60s", "-o", again), "")
    with open(again, encoding="utf-8") as file:
        equal(file.read(), text)
    equal(os.path.exists(again + ".part"), False)


def test_history(t):
    daemon = t.start()
    base = orfeas_test.now_us() // (60 * S) * 60 * S - 900 * 60 * S
    rows = [(base + i * 60 * S, *row[1:]) for i, row in enumerate(make_rows(900, 2, 7))]
    names = ['an.load{k="1",l="x"}', 'an.load{k="2",l="x"}']
    samples = [{"name": "an.load", "labels": {"k": str(k), "l": "x"}, "value": float(row[k]), "t_us": row[0]}
               for row in rows for k in (1, 2) if row[k] != ""]
    # rises by about ten a minute, begins anew in the middle, and stands still at the end
    rand = random.Random(8)
    count, counts = 0, []
    for i in range(900):
        count = 0 if i == 450 else count + (rand.randrange(8, 13) if i < 890 else 0)
        counts.append({"name": "an.count", "value": count, "t_us": base + i * 60 * S})
    daemon.call("metrics.define", {"name": "an.count", "kind": "counter"})
    for some in (samples, counts):
        for first in range(0, len(some), 500):
            daemon.call("metrics.record", {"samples": some[first:first + 500]})
    span = ("--from", str(base), "--to", str(base + 900 * 60 * S))
    expected = replay(t, write(t, "same.csv", rows), "--step", "60s").splitlines()
    live = replay(t, "--socket", daemon.socket, "--select", "an.load", *span).splitlines()
    equal(len(live), len(expected))
    quoted = dict(zip("ab", ('"' + name.replace('"', '""') + '"' for name in names)))
    for line, other in zip(live[1:], expected[1:]):
        head, series = other.rsplit(",", 1)
        equal(line, head + "," + quoted.get(series, ""))
    alarms = replay(t, "--socket", daemon.socket, "--select", "an.load", "--alarms", *span).splitlines()
    equal(alarms, [live[0]] + [line for line in live[1:] if line.split(",")[2] == "1"])
    assert len(alarms) > 1, alarms
    # what it rose by is judged, so that neither the rise nor the new beginning is strange, and standing still is
    counted = list(csv.DictReader(replay(t, "--socket", daemon.socket, "--select", "an.count", *span).splitlines()))
    best = max(range(len(counted)), key=lambda i: float(counted[i]["score"]))
    assert best >= 890, counted[best]
    contains(replay(t, "--socket", daemon.socket, "--select", "an.none", expect=USAGE), "an.none")
    contains(replay(t, "--socket", daemon.socket, "--select", "an.load", "--json", expect=USAGE), "--json")
    daemon.stop()
    equal(replay(t, "--db", daemon.db, "--select", "an.load", *span).splitlines(), live)


def test_refused(t):
    path = write(t, "rows.csv", make_rows(20, 2, 3))
    for arguments in ((), (path, path), (path, "--select", "m"), (path, "--alarms-per-day", "x"), (path, "--alarms-per-day", "0"),
                      (path, "--discord", "3"), (path, "--discord", "513"), (path, "--discord", "8.5"), (path, "--step", "no")):
        replay(t, *arguments, expect=USAGE)
    contains(replay(t, os.path.join(t.dir, "none.csv"), expect=SERVER_ERROR), "none.csv")
    contains(replay(t, path, "-o", "/nonexistent/x", expect=SERVER_ERROR), "/nonexistent/x")
    for text in ("", "time,value\n1,2\n", "t_us\n1\n", "t_us,a,b\n1,2\n", "t_us,a\n1,x\n", "t_us,a\nx,1\n"):
        bad = os.path.join(t.dir, "bad.csv")
        with open(bad, "w", encoding="utf-8") as file:
            file.write(text)
        contains(replay(t, bad, expect=SERVER_ERROR), "line")
    wide = os.path.join(t.dir, "wide.csv")
    with open(wide, "w", encoding="utf-8") as file:
        file.write(",".join(["t_us", *(f"m{i}" for i in range(65))]) + "\n" + "".join(",".join([str(r * S), *["1"] * 65]) + "\n" for r in range(1, 20)))
    replay(t, wide, expect=USAGE)


orfeas_test.main()
