#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""orfeasctl export: any span by each format, in pieces that no bound stands in the way of."""

import csv
import io
import json
import os
import pty
import sqlite3
import subprocess

import orfeas_test
from orfeas_test import contains, equal, now_us

DONE, SERVER_ERROR, USAGE = range(3)
S = 1000000
N = 4000


def start(t):
    """Two series with 4000 points each, a second apart; the daemon then reads 1000 points at a time."""
    daemon = t.start()
    base = now_us() // (60 * S) * 60 * S - 100 * 60 * S
    for first in range(0, N, 2000):
        daemon.call("metrics.record", {"samples": [
            {"name": "ex.a", "labels": {"k": 'x"1,'}, "value": i / 8, "t_us": base + i * S} for i in range(first, first + 2000)
        ] + [{"name": "ex.b", "value": -i, "t_us": base + i * S + 5} for i in range(first, first + 2000)]})
    return daemon, base


def restart(daemon, points):
    daemon.stop()
    daemon.command += ["--set", f"metrics.max_query_points={points}"]
    daemon.start()


def export(t, daemon, *arguments, expect=DONE):
    code, out, err = t.ctl(daemon, "export", *arguments)
    equal(code, expect, err)
    return out if expect == DONE else err


def read_csv(text):
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    equal(rows[0], ["t_us", "series", "value"])
    found = {}
    for t_us, series, value in rows[1:]:
        found.setdefault(series, []).append([int(t_us), float(value)])
    return found


def read_jsonl(text):
    found = {}
    for line in text.splitlines():
        one = json.loads(line)
        equal(one["series"], one["name"] + ('{k="x\\"1,"}' if one["labels"] else ""))
        found.setdefault(one["series"], []).extend(one["points"])
    return found


def read_sqlite(path):
    db = sqlite3.connect(path)
    found = {}
    for t_us, series, value in db.execute("SELECT t_us, series, value FROM samples JOIN series ON id = series_id ORDER BY t_us"):
        found.setdefault(series, []).append([t_us, value])
    equal(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
    equal(db.execute("SELECT count(*) FROM points WHERE time IS NULL OR value IS NULL").fetchone(), (0,))
    equal({json.loads(labels).get("k") for (labels,) in db.execute("SELECT labels FROM series")} - {'x"1,', None}, set())
    db.close()
    return found


def known(series):
    return {one["series"]: [point for point in one["points"] if point[1] is not None] for one in series}


def test_formats(t):
    daemon, base = start(t)
    select = '{__name__=~"ex.*"}'
    expected = known(daemon.call("metrics.query", {"select": select, "from_us": base, "to_us": base + N * S})["series"])
    equal([len(points) for points in expected.values()], [N, N])
    restart(daemon, 1000)
    span = ("--from", "0", "--to", str(base + N * S))
    path = os.path.join(t.dir, "out")
    for way in (daemon, None):
        where = ()
        if way is None:
            daemon.stop()
            where = ("--db", daemon.db)
        equal(read_csv(export(t, way, select, *span, *where)), expected)
        equal(read_jsonl(export(t, way, select, *span, *where, "--format", "jsonl")), expected)
        equal(export(t, way, select, *span, *where, "--format", "sqlite", "-o", path), f"{path}  8000 points of 2 series\n")
        equal(read_sqlite(path), expected)
        equal(export(t, way, select, *span, *where, "--output", path), f"{path}  8000 points of 2 series\n")
        with open(path, encoding="utf-8", newline="") as file:
            equal(read_csv(file.read()), expected)
        assert not os.path.exists(path + ".part")


def test_steps_and_expressions(t):
    daemon, base = start(t)
    cases = [({"select": "ex.a", "step_us": 60 * S}, ("ex.a", "--step", "1m")),
             ({"select": "ex.a", "step_us": 7 * S, "aggregate": "p95"}, ("ex.a", "--step", "7s", "--aggregate", "p95")),
             ({"select": "ex.a", "step_us": 90 * S, "aggregate": "rate"}, ("ex.a", "--step", "90s", "--aggregate", "rate")),
             ({"expr": "2 * avg(ex.a, 30s)", "step_us": 10 * S}, ("--expr", "2 * avg(ex.a, 30s)", "--step", "10s")),
             ({"expr": "ex.a > 100", "step_us": 100 * S}, ("--expr", "ex.a > 100", "--step", "100s"))]
    span = {"from_us": base + 3 * S, "to_us": base + 3000 * S}
    expected = [known(daemon.call("metrics.query", {**params, **span})["series"]) for params, _ in cases]
    restart(daemon, 1000)
    for (_, arguments), series in zip(cases, expected):
        # a value of an expression is written down as 1, not 1.0
        equal(read_csv(export(t, daemon, *arguments, "--from", str(base + 3 * S), "--to", str(base + 3000 * S))), series, str(arguments))


def test_nothing(t):
    daemon = t.start()
    equal(export(t, daemon, "nosuch", "--from", "0"), "t_us,series,value\n")
    equal(export(t, daemon, "nosuch", "--from", "0", "--format", "jsonl"), "")
    path = os.path.join(t.dir, "none.db")
    export(t, daemon, "nosuch", "--format", "sqlite", "-o", path)
    equal(read_sqlite(path), {})


def test_stopped(t):
    """A second that no piece can hold: what was before it is kept, and how to go on is told."""
    daemon, base = start(t)
    crowd = base + N * S
    daemon.call("metrics.record", {"samples": [{"name": "ex.a", "labels": {"k": 'x"1,'}, "value": 1, "t_us": crowd + i} for i in range(1500)]})
    restart(daemon, 1000)
    path = os.path.join(t.dir, "out.csv")
    span = ("--from", str(base), "--to", str(crowd + 3600 * S))
    with open(path, "w", encoding="utf-8") as file:
        file.write("before")
    err = export(t, daemon, "ex.a", *span, "-o", path, expect=SERVER_ERROR)
    contains(err, path + ".part")
    contains(err, "1000 points")
    at = int(err.split("--from ")[1].split(" ")[0])
    assert crowd - S < at <= crowd, (at, crowd)
    with open(path + ".part", encoding="utf-8", newline="") as file:
        equal([len(points) for points in read_csv(file.read()).values()], [N])
    # it is not written over, and what had the name still has it
    err = export(t, daemon, "ex.a", *span, "-o", path, expect=SERVER_ERROR)
    contains(err, "is there")
    with open(path, encoding="utf-8") as file:
        equal(file.read(), "before")
    os.unlink(path + ".part")
    # nothing was written: nothing is left
    export(t, daemon, "ex.a", "--from", str(crowd), "-o", path, expect=SERVER_ERROR)
    assert not os.path.exists(path + ".part")
    export(t, daemon, "ex.a{", "-o", path, expect=SERVER_ERROR)
    assert not os.path.exists(path + ".part")
    # on standard output what was before is there too
    code, out, err = t.ctl(daemon, "export", "ex.a", *span)
    equal((code, len(out.splitlines())), (SERVER_ERROR, N + 1))
    contains(err, f"--from {at}")


def test_usage(t):
    daemon = t.start()
    path = os.path.join(t.dir, "out")
    for arguments in ((), ("m", "--expr", "m"), ("m", "--format", "xml"), ("m", "--format", "sqlite"), ("m", "--json"),
                      ("m", "--from", "-1m", "--to", "-2m"), ("m", "--from", "x")):
        export(t, daemon, *arguments, expect=USAGE)
    export(t, daemon, "m", "-o", "/nonexistent/x", expect=SERVER_ERROR)
    equal(os.path.exists(path), False)


def test_output_can_be_cut(t):
    daemon, base = start(t)
    done = subprocess.run(f"{orfeas_test.ORFEASCTL} --socket {daemon.socket} export ex.a --from 0 | head -n 2", shell=True, capture_output=True,
                          text=True, env=t.environment())
    equal((done.returncode, done.stdout.splitlines()[0], done.stderr), (0, "t_us,series,value", ""))


def read_all(terminal):
    """What was written to it until nobody has its other side any more; it comes in pieces."""
    pieces = []
    try:
        while piece := os.read(terminal, 65536):
            pieces.append(piece)
    except OSError:  # as Linux tells the end of a terminal
        pass
    return b"".join(pieces)


def test_progress_on_a_terminal(t):
    daemon, base = start(t)
    terminal, slave = pty.openpty()
    done = subprocess.run([orfeas_test.ORFEASCTL, "--socket", daemon.socket, "export", "ex.a", "--from", str(base), "-o", os.path.join(t.dir, "out")],
                          stdout=subprocess.PIPE, stderr=slave, env={**t.environment(), "TERM": "xterm", "LC_ALL": "C.UTF-8"})
    os.close(slave)
    shown = read_all(terminal).decode()
    os.close(terminal)
    equal(done.returncode, DONE, shown)
    contains(shown, "  0 % ░")
    assert shown.endswith("\r\x1b[K"), repr(shown)


orfeas_test.main()
