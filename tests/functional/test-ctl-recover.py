#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""orfeasctl db recover: a damaged file as its owner meets it. (What is saved of which page, tests/torture/recover.py asks.)"""

import json
import os
import signal
import sqlite3
import subprocess

import orfeas_test
from orfeas_test import contains, equal, integrity, wait_for

DONE, SERVER_ERROR, USAGE = range(3)
CHECK_FAILED = 5
PAGE = 4096


def made(t):
    """A file of an ended daemon."""
    daemon = t.start()
    for i in range(5):
        daemon.call("metrics.record", {"samples": [{"name": f"a.{j}", "value": i} for j in range(400)]})
    for i in range(100):
        daemon.call("events.mark", {"text": f"mark {i} " + "m" * 60})
    daemon.stop()
    connection = sqlite3.connect(daemon.db)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return daemon


def leaves(path, table):
    connection = sqlite3.connect(path)
    pages = connection.execute("SELECT pageno, ncell FROM dbstat WHERE name=? AND pagetype='leaf' ORDER BY path", (table,)).fetchall()
    connection.close()
    return pages


def tear(path, page):
    with open(path, "r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xff" * 200)


def count(path, table):
    connection = sqlite3.connect(path)
    n = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    connection.close()
    return n


def test_a_start_that_is_refused_names_the_way_back(t):
    daemon = made(t)
    tear(daemon.db, leaves(daemon.db, "raw_block")[-1][0])
    contains(daemon.start_refused(), "db recover")
    new = os.path.join(t.dir, "new.db")
    code, out, _ = t.ctl(None, "db", "recover", daemon.db, new)
    # which runs of samples there are is known from the samples
    equal(code, DONE, out)
    contains(out, "all that there were")
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(daemon.db + suffix):
            os.rename(daemon.db + suffix, daemon.db + suffix + ".damaged")
    os.rename(new, daemon.db)
    daemon.start()
    points = daemon.call("metrics.query", {"select": "a.7", "from_us": 0})["series"][0]["points"]
    equal([value for _, value in points], [0, 1, 2, 3, 4])
    equal(daemon.admin("db.check")["ok"], True)
    contains(daemon.call("events.list", {"limit": 1})["events"][0]["text"], "nothing was lost")


def test_what_is_lost_is_told(t):
    daemon = made(t)
    old = count(daemon.db, "event")
    page, n_rows = leaves(daemon.db, "event")[1]
    tear(daemon.db, page)
    new = os.path.join(t.dir, "new.db")
    code, out, _ = t.ctl(None, "db", "recover", daemon.db, new)
    equal(code, CHECK_FAILED, out)
    contains(out, "LOST ROWS")
    contains(out, f"event\t{old - n_rows}\t1\t0")
    contains(out, "some could not be saved")
    equal(count(new, "event"), old - n_rows + 1)  # its own mark
    equal(integrity(new), "ok")
    code, out, _ = t.ctl(None, "--db", new, "event", "list")
    equal(code, DONE)
    contains(out, "lost rows of event (1 gaps, 0 rows refused)")


def recovered(t, db, table):
    """(its rows in the new file, gaps) once db was damaged."""
    new = os.path.join(t.dir, "new.db")
    code, out, said = t.ctl(None, "--json", "db", "recover", db, new)
    equal(code, CHECK_FAILED, out + said)
    equal(integrity(new), "ok")
    return count(new, table), next(one["gaps"] for one in json.loads(out)["tables"] if one["name"] == table)


def test_pages_that_lead_back(t):
    """A page is a copy of one before it, and the next is broken: what was read is not read for ever."""
    daemon = made(t)
    old, pages = count(daemon.db, "sample_raw"), leaves(daemon.db, "sample_raw")
    assert len(pages) > 4, pages
    with open(daemon.db, "r+b") as file:
        file.seek((pages[0][0] - 1) * PAGE)
        first = file.read(PAGE)
        file.seek((pages[2][0] - 1) * PAGE)
        file.write(first)
    tear(daemon.db, pages[3][0])
    equal(recovered(t, daemon.db, "sample_raw"), (old - pages[2][1] - pages[3][1] + 1, 1))  # its own sample


def test_two_pages_of_one_series(t):
    daemon = made(t)
    connection = sqlite3.connect(daemon.db)
    minute = 60 * 10**6
    start = connection.execute("SELECT max(t_us) FROM sample_raw").fetchone()[0] // minute * minute - 5000 * minute
    series = connection.execute("SELECT max(id) FROM series").fetchone()[0]
    connection.executemany("INSERT INTO rollup_1m (series_id, t_us, count, min, max, sum, last) VALUES (?, ?, 1, 1, 1, 1, 1)",
                           [(series, start + i * minute) for i in range(4000)])
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    old, pages = count(daemon.db, "rollup_1m"), leaves(daemon.db, "rollup_1m")
    assert len(pages) > 20, pages
    tear(daemon.db, pages[5][0])
    tear(daemon.db, pages[15][0])
    equal(recovered(t, daemon.db, "rollup_1m"), (old - pages[5][1] - pages[15][1], 2))


def test_an_end_that_is_cut_off(t):
    """A copy that was not finished: fewer pages than the file says."""
    daemon = made(t)
    old, pages = count(daemon.db, "event"), leaves(daemon.db, "event")
    kept = pages[0][0]  # one of a few
    os.truncate(daemon.db, kept * PAGE)
    lost = sum(n_rows for page, n_rows in pages if page > kept)
    assert 0 < lost < old, (pages, old)
    rows, gaps = recovered(t, daemon.db, "event")
    equal((rows, gaps > 0), (old - lost + 1, True))  # its own mark
    code, out, said = t.ctl(None, "--db", os.path.join(t.dir, "new.db"), "db", "check")
    equal(code, DONE, out + said)


def test_by_json(t):
    daemon = made(t)
    page, n_rows = leaves(daemon.db, "series")[0]
    tear(daemon.db, page)
    new = os.path.join(t.dir, "new.db")
    code, out, _ = t.ctl(None, "--json", "db", "recover", daemon.db, new)
    equal(code, CHECK_FAILED, out)
    answer = json.loads(out)
    equal((answer["path"], answer["whole"], answer["size_bytes"]), (new, False, os.path.getsize(new)))
    lost = {table["name"]: (table["gaps"], table["refused"]) for table in answer["tables"] if table["gaps"] or table["refused"]}
    equal(lost, {"series": (1, 0)})
    contains(" ".join(answer["mended"]), "had no name")
    # what they were is known by the numbers alone
    code, out, _ = t.ctl(None, "--db", new, "metrics", "query", 'recovered{series="1"}', "--from", "-1d")
    equal(code, DONE, out)
    assert len(out.splitlines()) > 1, out
    assert n_rows > 1


def test_a_file_with_a_wal(t):
    daemon = t.start()
    daemon.call("events.mark", {"text": "in the log alone"})
    daemon.kill()
    new = os.path.join(t.dir, "new.db")
    code, out, _ = t.ctl(None, "db", "recover", daemon.db, new)
    equal(code, DONE, out)
    connection = sqlite3.connect(new)
    equal(connection.execute("SELECT count(*) FROM event WHERE text='in the log alone'").fetchone(), (1,))
    connection.close()


def test_twice(t):
    """One of one that was recovered is none the worse: its mark and its sample are as others."""
    daemon = made(t)
    once, twice = os.path.join(t.dir, "once.db"), os.path.join(t.dir, "twice.db")
    equal(t.ctl(None, "db", "recover", daemon.db, once)[0], DONE)
    equal(t.ctl(None, "db", "recover", once, twice)[0], DONE)
    equal(count(twice, "event"), count(daemon.db, "event") + 2)
    equal(count(twice, "sample_raw"), count(daemon.db, "sample_raw") + 2)
    equal(t.ctl(None, "--db", twice, "db", "check")[0], DONE)


def test_an_earlier_version(t):
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "migrations")
    files = sorted(name for name in os.listdir(folder) if name.endswith(".db"))
    assert files, "stored files of earlier versions"
    for name in files:
        new = os.path.join(t.dir, name)
        code, out, said = t.ctl(None, "db", "recover", os.path.join(folder, name), new)
        equal(code, DONE, name + out + said)
        equal(integrity(new), "ok", name)
    daemon = t.daemon(db=os.path.join(t.dir, files[0]))
    daemon.start()
    equal(daemon.admin("db.check")["problems"], [])


def test_what_cannot_be(t):
    daemon = made(t)
    text = os.path.join(t.dir, "text")
    with open(text, "w", encoding="utf-8") as file:
        file.write("This is a letter, and no database.\n" * 1000)
    new = os.path.join(t.dir, "new.db")
    for source, target, status, said in (
        (text, new, SERVER_ERROR, "not a database"),
        (os.path.join(t.dir, "nothing.db"), new, SERVER_ERROR, "cannot read"),
        (daemon.db, text, SERVER_ERROR, "File exists"),
        (daemon.db, daemon.db, SERVER_ERROR, "File exists"),
        (daemon.db, os.path.join(t.dir, "nowhere", "new.db"), SERVER_ERROR, "No such file"),
    ):
        code, out, told = t.ctl(None, "db", "recover", source, target)
        equal((code, out), (status, ""), told)
        contains(told, said)
    equal(t.ctl(None, "db", "recover", daemon.db)[0], USAGE)
    equal(sorted(name for name in os.listdir(t.dir) if name.startswith(("new", "text"))), ["text"])


def change(path, *statements):
    connection = sqlite3.connect(path)
    for sql in statements:
        connection.execute(sql)
    connection.commit()
    connection.close()


def ask(path, sql):
    connection = sqlite3.connect(path)
    rows = connection.execute(sql).fetchall()
    connection.close()
    return rows


def test_a_daemon_that_has_it_open(t):
    daemon = t.start()
    new, other = os.path.join(t.dir, "new.db"), os.path.join(t.dir, "other.db")
    code, _, said = t.ctl(None, "db", "recover", daemon.db, new)
    equal(code, SERVER_ERROR)
    contains(said, f"another orfeasd (pid {daemon.process.pid}) has the file open")
    os.link(daemon.db, other)
    code, _, said = t.ctl(None, "db", "recover", other, new)
    equal(code, SERVER_ERROR)
    contains(said, "by another of its names")
    equal(os.path.exists(new), False)


def test_what_is_left_of_another(t):
    """SQLite would take a journal that lies beside the new file for a part of it."""
    daemon = made(t)
    new = os.path.join(t.dir, "new.db")
    for suffix in ("-wal", "-journal"):
        with open(new + suffix, "wb"):
            pass
        code, _, said = t.ctl(None, "db", "recover", daemon.db, new)
        equal(code, SERVER_ERROR)
        contains(said, f"{new}{suffix}: File exists")
        os.unlink(new + suffix)


def test_ended_in_between(t):
    """Nothing of it stays, and the file is as it was."""
    daemon = made(t)
    change(daemon.db, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) "
                      "INSERT INTO event (t_us, kind, text) SELECT i, 'note', 'many of them' FROM n",
           "PRAGMA wal_checkpoint(TRUNCATE)")
    old = count(daemon.db, "event")
    new = os.path.join(t.dir, "new.db")

    def parts():
        return [name for name in os.listdir(t.dir) if name.startswith("new.db")]

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # where tests run under nohup, they ignore one of them
        process = subprocess.Popen([os.environ["ORFEASCTL"], "db", "recover", daemon.db, new], env=t.environment(), stdout=subprocess.DEVNULL,
                                   preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))
        wait_for(lambda: parts() or process.poll() is not None, "the beginning of it")
        process.send_signal(number)
        if process.wait(orfeas_test.PATIENCE_S) == 0:  # it was quicker
            os.unlink(new)
        else:
            equal(process.returncode, -number)
        equal(parts(), [])
    equal(count(daemon.db, "event"), old)


def test_more_than_a_schema(t):
    """What stands behind a table's definition is not done."""
    daemon = made(t)
    gotcha = os.path.join(t.dir, "gotcha.db")
    change(daemon.db, "PRAGMA writable_schema = ON",
           f"UPDATE sqlite_schema SET sql = sql || '; ATTACH ''{gotcha}'' AS g; CREATE TABLE g.gotcha (a)' WHERE name = 'event'")
    new = os.path.join(t.dir, "new.db")
    code, out, said = t.ctl(None, "db", "recover", daemon.db, new)
    equal(code, DONE, out + said)
    equal(os.path.exists(gotcha), False)
    equal(count(new, "event"), count(daemon.db, "event") + 1)


def test_triggers_of_somebody_else(t):
    """What a file would have done at each write is not taken over; what ours does is."""
    daemon = made(t)
    triggers = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name"
    ours = ask(daemon.db, triggers)
    assert ours
    change(daemon.db, "CREATE TRIGGER gotcha AFTER INSERT ON event BEGIN DELETE FROM audit; END")
    new = os.path.join(t.dir, "new.db")
    code, out, said = t.ctl(None, "db", "recover", daemon.db, new)
    equal(code, DONE, out + said)
    equal(ask(new, triggers), ours)


def test_numbers_of_what_was_lost(t):
    """Who has a lost row's number next is told nothing of it; a window that was kept stays so; large numbers end nothing."""
    daemon = made(t)
    change(daemon.db,
           "INSERT INTO incident VALUES (1, 10, 20, 'kept', 'a test', NULL, 30)",
           "INSERT INTO cleanup_worker (cleanup_id, ordinal, worker_id, name, verdict, took_us) VALUES (1, 0, 7, 'w', 'freed', 1)",
           "INSERT INTO cleanup (id, device, trigger, level, started_us) VALUES (1, 'd', 'call', 'light', 1)",
           "INSERT INTO forecast_warning (id, series_id, threshold, value, regime, action, cleanup_id) VALUES (1, 1, 1, 1, 'quiet', 'act', 5)",
           "INSERT INTO counter_fall VALUES (4000000, 60000000)",
           "INSERT INTO cost_span VALUES (60000000, 99, 1)",
           "INSERT INTO trace VALUES (1, x'00112233445566778899aabbccddeeff', 1, 2, 1, 0, NULL, 9223372036854775807)",
           "INSERT INTO span (span_no, trace_no, span_id, service, operation, kind, start_us, duration_us, operation_no, length_class) "
           "VALUES (1, 1, x'0011223344556677', 's', 'a', 'internal', 1, 9223372036854775807, 3, 63), "
           "(2, 1, x'0011223344556678', 's', 'a', 'internal', 1, 5, 3, 3), (3, 1, x'0011223344556679', 's', 'b', 'internal', 1, 5, 3, 3)")
    first, new = os.path.join(t.dir, "first.db"), os.path.join(t.dir, "new.db")
    for table, path in (("worker", first), ("cleanup", new)):
        tear(daemon.db, ask(daemon.db, f"SELECT rootpage FROM sqlite_schema WHERE name = '{table}'")[0][0])
        code, out, said = t.ctl(None, "db", "recover", daemon.db, path)
        equal(code, CHECK_FAILED, out + said)
    equal(ask(first, "SELECT worker_id, name FROM cleanup_worker"), [(0, "w")])
    equal(ask(new, "SELECT incident_id, from_us, to_us FROM pin"), [(1, 10, 20)])
    equal(ask(new, "SELECT count(*) FROM counter_fall"), [(0,)])
    equal(ask(new, "SELECT count(*) FROM cleanup_worker"), [(0,)])
    equal(ask(new, "SELECT id, cleanup_id FROM forecast_warning"), [(1, None)])
    equal(ask(new, "SELECT count(*) FROM cost_span"), [(0,)])
    equal(ask(new, "SELECT span_no FROM span"), [(2,), (3,)])
    equal(ask(new, "SELECT service, operation FROM span_operation WHERE operation_no = 3"), [("", "")])
    equal(ask(new, "SELECT spans, bytes FROM trace"), [(2, 2000)])


def test_a_schema_that_cannot_be_read(t):
    daemon = made(t)
    with open(daemon.db, "r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 200)
    code, _, said = t.ctl(None, "db", "recover", daemon.db, os.path.join(t.dir, "new.db"))
    equal(code, SERVER_ERROR)
    contains(said, "malformed")
    equal(os.path.exists(os.path.join(t.dir, "new.db")), False)


orfeas_test.main()
