#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table `samples`, by orfeas.so and by sql.query, over what is packed and what is not."""

import json
import os
import random
import shutil
import sqlite3
import subprocess

import orfeas_test
from orfeas_test import Skip, contains, equal, fails, now_us, wait_for

ORFEAS_SO = os.environ.get("ORFEAS_SO", "build/server/sql/orfeas.so")
STORED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "migrations")
SECOND = 1000000
SPAN = 2000
SERIES = [("load", {"n": "0"}), ("load", {"n": "1"}), ("heat", {}), ("heat", {"n": "1"})]


def load(path):
    if os.environ.get("ORFEAS_SANITIZED"):
        raise Skip("a sanitizer's library cannot be loaded into a plain program")
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    connection.enable_load_extension(True)
    connection.load_extension(ORFEAS_SO)
    return connection


def value_of(number, at):
    return round(50 + number * 7 + (at * 37 % 101) / 8, 3)


def record(daemon, number, places, base, add=0):
    name, labels = SERIES[number]
    daemon.call("metrics.record", {"samples": [
        {"name": name, "labels": labels, "value": value_of(number, at) + add, "t_us": base + at * SECOND} for at in places]})


def made(t, settings=None):
    """(daemon, {(name, labels): {t_us: value}}): packed in several chunks, with late and corrected samples, and some rows not packed yet."""
    daemon = t.start(settings={"history.pack_us": SECOND, "host.enabled": "false", "gpu.sample_us": 60 * SECOND, **(settings or {})})
    base = now_us() // SECOND * SECOND - SPAN * SECOND

    def packed():
        return daemon.sql("SELECT from_rowid FROM packing")[0][0]

    for number in range(4):
        record(daemon, number, range(0, 1500, 2 if number == 3 else 1), base)
    wait_for(lambda: packed() > 4000, "packing")
    record(daemon, 0, range(1400, 1700), base, add=1)  # later rows win
    rows = daemon.sql("SELECT max(rowid) FROM sample_raw")[0][0]
    wait_for(lambda: packed() > rows, "packing of the late ones")
    expected = {index: {} for index in range(4)}
    for number in range(4):
        for at in range(0, 1500, 2 if number == 3 else 1):
            expected[number][base + at * SECOND] = value_of(number, at)
    for at in range(1400, 1700):
        expected[0][base + at * SECOND] = value_of(0, at) + 1
    daemon.stop()
    # what a busy machine does in time is not what is looked at here
    daemon = t.start(settings={"history.pack_us": 86400 * SECOND, "host.enabled": "false", "gpu.sample_us": 60 * SECOND, "sql.max_us": 60 * SECOND}, db=daemon.db)
    record(daemon, 1, range(1450, SPAN), base, add=2)
    for at in range(1450, SPAN):
        expected[1][base + at * SECOND] = value_of(1, at) + 2
    return daemon, base, expected


def flat(expected):
    return sorted((SERIES[number][0], json.dumps(SERIES[number][1], separators=(",", ":")), t_us, value)
                  for number, points in expected.items() for t_us, value in points.items())


MINE = "name IN ('load', 'heat')"


def test_all_tiers(t):
    daemon, base, expected = made(t)
    assert daemon.sql("SELECT count(*) FROM chunk")[0][0] >= 5
    select = f"SELECT name, labels, t_us, value FROM samples WHERE {MINE} ORDER BY name, labels, t_us"
    result = daemon.call("sql.query", {"sql": select, "max_rows": 100000})
    equal([tuple(row) for row in result["rows"]], flat(expected))
    equal(load(daemon.db).execute(select).fetchall(), flat(expected))
    # what the daemon's own reader says
    points = daemon.call("metrics.query", {"select": 'load{n="1"}', "from_us": base, "to_us": base + SPAN * SECOND})["series"][0]["points"]
    equal([tuple(point) for point in points], sorted(expected[1].items()))


def test_with_the_shell(t):
    daemon, base, expected = made(t)
    if os.environ.get("ORFEAS_SANITIZED"):
        raise Skip("a sanitizer's library cannot be loaded into a plain program")
    if shutil.which("sqlite3") is None:
        raise Skip("there is no sqlite3")
    done = subprocess.run(["sqlite3", "-readonly", daemon.db, f".load {os.path.splitext(ORFEAS_SO)[0]}",
                           "SELECT count(*), sum(value) FROM samples WHERE name='heat' AND labels='{}'"], capture_output=True, text=True)
    equal(done.stderr, "")
    count, total = done.stdout.split("|")
    equal(int(count), len(expected[2]))
    assert abs(float(total) - sum(expected[2].values())) < 1e-6


def test_what_is_asked_for_is_what_comes(t):
    """Constraints that are looked up give what they give on a plain table."""
    daemon, base, expected = made(t)
    connection = load(daemon.db)
    connection.execute("CREATE TEMP TABLE plain (series_id INTEGER, name TEXT, labels TEXT, t_us INTEGER, value REAL)")
    connection.execute(f"INSERT INTO plain SELECT * FROM samples WHERE {MINE}")
    ids = [row[0] for row in connection.execute("SELECT DISTINCT series_id FROM plain")]
    equal(len(ids), 4)
    chance = random.Random(4)

    def a_time():
        at = base + chance.randrange(-5, SPAN + 5) * SECOND + chance.choice((0, 0, 1, -1))
        return chance.choice((str(at), str(at), f"{at}.0", f"{at}.5", f"'{at}'", f"'{at}.25'"))

    def a_term():
        kind = chance.randrange(9)
        if kind < 4:
            return f"t_us {chance.choice(('<', '<=', '>', '>=', '='))} {a_time()}"
        if kind == 4:
            return f"t_us BETWEEN {a_time()} AND {a_time()}"
        if kind == 5:
            return "series_id " + chance.choice((f"= {chance.choice(ids)}", f"= {chance.choice(ids)}.0", f"= '{chance.choice(ids)}'", "= 1.5", "= NULL",
                                                 f"IN ({chance.choice(ids)}, {chance.choice(ids)}, 99999)", f"> {chance.choice(ids)}",
                                                 "IN (SELECT id FROM series WHERE name='heat')"))
        if kind == 6:
            return chance.choice(("name = 'load'", "name IN ('heat', 'none')", "name = 5", "name LIKE 'he%'", "name IS NOT NULL"))
        if kind == 7:
            return chance.choice(("labels = '{}'", "labels = '{\"n\":\"1\"}'", "labels <> '{}'", "labels = NULL"))
        return chance.choice(("t_us < 'abc'", "t_us > 'abc'", "t_us < NULL", "t_us > x'00'", "t_us < 1e300", "t_us > -1e300", "t_us >= 9223372036854775807",
                              "value > 60", "t_us % 2 = 0", f"t_us IN ({a_time()}, {a_time()})"))

    orders = ("", " ORDER BY series_id, t_us", " ORDER BY t_us, series_id", " ORDER BY series_id, t_us DESC", " ORDER BY t_us DESC, series_id LIMIT 3",
              " ORDER BY t_us, series_id LIMIT 5", " ORDER BY series_id, t_us LIMIT 4 OFFSET 2")
    hits = 0
    for _ in range(400):
        terms = " AND ".join([MINE] + [a_term() for _ in range(chance.randrange(1, 4))])
        order = chance.choice(orders)
        text = f"SELECT series_id, name, labels, t_us, value FROM TABLE WHERE {terms}{order}"
        want, have = (connection.execute(text.replace("TABLE", table)).fetchall() for table in ("plain", "samples"))
        if not order:
            want, have = sorted(want), sorted(have)
        equal(have, want, text)
        hits += bool(want)
    assert hits > 100, hits


def test_joins(t):
    daemon, base, expected = made(t)
    connection = load(daemon.db)
    by_series = {json.dumps(SERIES[number][1], separators=(",", ":")): len(points) for number, points in expected.items() if SERIES[number][0] == "load"}
    for text in (
        "SELECT s.labels, count(m.value) FROM series s JOIN samples m ON m.series_id=s.id WHERE s.name='load' GROUP BY s.id",
        "SELECT s.labels, count(m.value) FROM samples m JOIN series s ON m.series_id=s.id WHERE s.name='load' GROUP BY s.labels",
        "SELECT s.labels, (SELECT count(*) FROM samples WHERE series_id=s.id) FROM series s WHERE s.name='load'",
        "SELECT labels, count(*) FROM samples WHERE name='load' GROUP BY labels",
    ):
        equal(dict(connection.execute(text).fetchall()), by_series, text)
        # each series is read by itself, not each sample's series looked up
        plan = str(connection.execute("EXPLAIN QUERY PLAN " + text).fetchall())
        assert "SEARCH s USING INTEGER PRIMARY KEY" not in plan, plan
    # two cursors at once, of other series
    text = ("WITH a AS MATERIALIZED (SELECT t_us, value FROM samples WHERE name='load' AND labels='{\"n\":\"0\"}'),"
            " b AS MATERIALIZED (SELECT t_us, value FROM samples WHERE name='heat' AND labels='{}')"
            " SELECT count(*), sum(a.value - b.value) FROM a JOIN b USING (t_us)")
    common = set(expected[0]) & set(expected[2])
    count, total = connection.execute(text).fetchone()
    equal(count, len(common))
    assert abs(total - sum(expected[0][t_us] - expected[2][t_us] for t_us in common)) < 1e-6
    few = connection.execute(f"SELECT count(*) FROM samples a JOIN samples b ON a.t_us=b.t_us AND a.series_id<>b.series_id WHERE a.name='load' AND b.name='heat' "
                             f"AND a.t_us < {base + 20 * SECOND}").fetchone()[0]
    equal(few, sum(t_us in expected[other] for number in (0, 1) for other in (2, 3) for t_us in expected[number] if t_us < base + 20 * SECOND))


def test_corrupt_chunk_is_named(t):
    daemon, base, expected = made(t)
    daemon.stop()
    connection = sqlite3.connect(daemon.db)
    chunk, data = connection.execute("SELECT c.id, c.data FROM chunk c JOIN series s ON s.id=c.series_id WHERE s.name='heat' AND s.labels='{}' LIMIT 1").fetchone()
    broken = data[:-3] + bytes([data[-3] ^ 0x40]) + data[-2:]
    connection.execute("UPDATE chunk SET data=? WHERE id=?", (broken, chunk))
    connection.commit()
    connection.close()
    daemon.start()
    ask = {"sql": "SELECT avg(value) FROM samples WHERE name='heat' AND labels='{}'"}
    contains(fails(lambda: daemon.call("sql.query", ask), "DATA_LOSS").message, f"chunk {chunk} (series ")
    try:
        load(daemon.db).execute(ask["sql"]).fetchall()
        raise AssertionError("it was read")
    except sqlite3.DatabaseError as error:
        contains(str(error), f"chunk {chunk}")
    # others are read as before
    equal(daemon.call("sql.query", {"sql": "SELECT count(*) FROM samples WHERE name='load' AND labels='{\"n\":\"0\"}'"})["rows"], [[len(expected[0])]])


def test_files_without_tiers(t):
    for version in ("001", "002"):
        connection = load(os.path.join(STORED, f"version-{version}.db"))
        want = connection.execute("SELECT count(*), sum(value) FROM (SELECT series_id, t_us, max(rowid), value FROM sample_raw GROUP BY 1, 2)").fetchone()
        equal(connection.execute("SELECT count(*), sum(value) FROM samples").fetchone(), want)
        assert want[0] > 0


def test_not_a_file_of_ours(t):
    connection = load(":memory:")
    try:
        connection.execute("SELECT * FROM samples").fetchall()
        raise AssertionError("it was read")
    except sqlite3.OperationalError as error:
        contains(str(error), "series")
    connection.execute("CREATE TEMP TABLE samples (a)")  # a table of that name goes before ours
    equal(connection.execute("SELECT count(*) FROM samples").fetchone(), (0,))


def test_only_what_is_needed(t):
    """A statement that is stopped early reads no more; an endless one ends at its deadline."""
    daemon, base, expected = made(t, settings={"sql.max_us": 500000})
    equal(len(daemon.call("sql.query", {"sql": "SELECT t_us FROM samples WHERE name='load' LIMIT 3"})["rows"]), 3)
    daemon.stop()
    daemon = t.start(settings={"sql.max_us": 30000}, db=daemon.db)
    for _ in range(20):  # it is stopped within what reads rows, chunks, or in between
        fails(lambda: daemon.call("sql.query", {"sql": "SELECT count(*) FROM samples a, samples b, samples c"}), "DEADLINE_EXCEEDED")
    daemon.stop()
    daemon = t.start(db=daemon.db)
    contains(json.dumps(daemon.call("sql.query", {"sql": "PRAGMA table_info(samples)"})["rows"]), "series_id")
    fails(lambda: daemon.call("sql.query", {"sql": "DELETE FROM samples"}), "INVALID_ARGUMENT")


if __name__ == "__main__":
    orfeas_test.main()
