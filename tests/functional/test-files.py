#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files that may not be used are refused by name, and left as they were."""

import glob
import hashlib
import os
import sqlite3

import orfeas_test
from orfeas_test import contains, equal, wait_for


def fingerprint(path):
    """Of the database and of all that stands beside it under its name, except the lock."""
    digest = {}
    for name in sorted(glob.glob(path + "*")):
        if name.endswith(".lock"):
            continue
        with open(name, "rb") as file:
            digest[os.path.basename(name)] = hashlib.sha256(file.read()).hexdigest()
    return digest


def made(t):
    """A good file of an ended daemon."""
    daemon = t.start()
    daemon.call("metrics.record", {"samples": [{"name": f"a.{i}", "value": i} for i in range(1000)]})
    daemon.stop()
    connection = sqlite3.connect(daemon.db)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return daemon


def refused(daemon, *parts):
    before = fingerprint(daemon.db)
    text = daemon.start_refused()
    for part in parts:
        contains(text, part)
    equal(fingerprint(daemon.db), before, "the file was touched")


def edit(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def test_two_daemons_on_one_file(t):
    first = t.start()
    second = t.daemon(db=first.db)
    second.socket = os.path.join(t.dir, "second.sock")
    second.command[second.command.index("--socket") + 1] = second.socket
    text = second.start_refused()
    contains(text, str(first.process.pid))
    contains(text, first.db)
    equal(first.call("metrics.record", {"samples": [{"name": "a", "value": 1}]}), {"accepted": 1})
    first.kill()
    second.start()
    equal(second.call("metrics.record", {"samples": [{"name": "a", "value": 2}]}), {"accepted": 1})


def test_newer_file(t):
    daemon = made(t)
    connection = sqlite3.connect(daemon.db)
    connection.execute("PRAGMA user_version=9999")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    refused(daemon, daemon.db, "9999")


def test_newer_file_with_a_wal(t):
    daemon = made(t)
    connection = sqlite3.connect(daemon.db)
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("PRAGMA user_version=9999")
    connection.commit()
    saved = {name: open(name, "rb").read() for name in (daemon.db, daemon.db + "-wal")}
    connection.close()
    for name, data in saved.items():
        with open(name, "wb") as file:
            file.write(data)
    before = fingerprint(daemon.db)
    contains(daemon.start_refused(), "9999")
    after = fingerprint(daemon.db)
    for name in ("orfeas.db", "orfeas.db-wal"):
        equal(after.get(name), before[name], name)


def test_another_programs_file(t):
    daemon = t.daemon()
    connection = sqlite3.connect(daemon.db)
    connection.execute("CREATE TABLE mine (a)")
    connection.execute("PRAGMA application_id=12345")
    connection.commit()
    connection.close()
    refused(daemon, daemon.db)


def test_not_a_database(t):
    daemon = t.daemon()
    with open(daemon.db, "wb") as file:
        file.write(b"This is a letter, and no database.\n" * 1000)
    refused(daemon, daemon.db)


def test_damaged_header(t):
    daemon = made(t)
    edit(daemon.db, 16, b"\x00\x01\x07\x09")
    refused(daemon, daemon.db)


def test_damaged_schema(t):
    daemon = made(t)
    edit(daemon.db, 100, b"\xff" * 200)
    refused(daemon, daemon.db)


def test_cut_short(t):
    daemon = made(t)
    os.truncate(daemon.db, 5000)
    refused(daemon, daemon.db)


def test_damage_is_reported(t):
    daemon = made(t)
    orfeas_test.damage(daemon.db)
    daemon.start()
    check = daemon.admin("db.check")
    equal(check["ok"], False)
    assert check["problems"], check


def test_packing_that_waits_is_told(t):
    daemon = made(t)
    orfeas_test.damage(daemon.db)
    again = t.start(db=daemon.db, settings={"history.pack_us": 1000000})
    wait_for(lambda: any("packing waits" in reason["reason"] for reason in again.call("status.get")["reasons"]), "a reason in status.get")
    equal(again.call("metrics.record", {"samples": [{"name": "a", "value": 1}]}), {"accepted": 1})


def test_a_sector_of_zeros(t):
    """Of rows within it SQLite tells NULLs, also of columns that are NOT NULL, and no error."""
    daemon = t.start()
    for i in range(40):
        daemon.call("events.mark", {"text": f"mark {i} " + "m" * 50})
        daemon.call("worker.register", {"name": f"worker-{i}-" + "w" * 50})
    daemon.kill()
    connection = sqlite3.connect(daemon.db)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with open(daemon.db, "rb") as file:
        content = file.read()
    for text in (b"mark 20 ", b"worker-20-"):
        at = -1
        while (at := content.find(text, at + 1)) >= 0:
            edit(daemon.db, at // 512 * 512, bytes(512))
    daemon.start()
    # answers or refusals: it stays up
    for method in ("events.list", "worker.list", "incidents.list", "postmortem.build"):
        daemon.ask(orfeas_test.request(method, {"from_us": 0, "to_us": 2**52} if method == "postmortem.build" else {}))
    daemon.call("events.mark", {"text": "after"})
    equal(daemon.admin("db.check")["ok"], False)


def test_a_word_that_is_none(t):
    """A row with it is left out of a list, by pages too, and the others are told."""
    daemon = t.start()
    run = {"kind": "spike", "started_us": 1, "took_us": 2, "requests": 3, "errors": 1}
    for i in range(3):
        daemon.call("load.record", {**run, "name": f"run {i}", "started_us": i})
    daemon.kill()
    connection = sqlite3.connect(daemon.db)
    connection.execute("PRAGMA ignore_check_constraints = 1")
    connection.execute("UPDATE load_run SET kind = 'spikf' WHERE name = 'run 1'")
    connection.commit()
    connection.close()
    daemon.start()
    equal([one["name"] for one in daemon.call("load.list")["runs"]], ["run 2", "run 0"])
    contains(daemon.stderr(), "load.list: what makes no sense is left out")
    names, cursor = [], {}
    while cursor is not None:
        page = daemon.call("load.list", {"limit": 1, **cursor})
        names += [one["name"] for one in page["runs"]]
        cursor = {"cursor": page["next_cursor"]} if page.get("next_cursor") else None
    equal(names, ["run 2", "run 0"])


def test_a_folder_and_a_missing_folder(t):
    daemon = t.daemon()
    os.mkdir(daemon.db)
    contains(daemon.start_refused(), daemon.db)
    other = t.daemon(db=os.path.join(t.dir, "file", "orfeas.db"))
    with open(os.path.join(t.dir, "file"), "w", encoding="utf-8"):
        pass
    contains(other.start_refused(), "file")


def test_backup(t):
    daemon = t.start()
    daemon.call("metrics.record", {"samples": [{"name": "a", "value": 7}]})
    target = os.path.join(t.dir, "copy.db")
    result = daemon.admin("db.backup", {"path": target})
    equal((result["path"], result["size_bytes"]), (target, os.path.getsize(target)))
    equal(orfeas_test.integrity(target), "ok")
    connection = sqlite3.connect(target)
    equal(connection.execute("SELECT value FROM v_sample WHERE series='a'").fetchall(), [(7.0,)])
    connection.close()
    orfeas_test.fails(lambda: daemon.admin("db.backup", {"path": target}), "ALREADY_EXISTS")
    orfeas_test.fails(lambda: daemon.admin("db.backup", {"path": "relative.db"}), "INVALID_ARGUMENT")
    orfeas_test.fails(lambda: daemon.admin("db.backup", {"path": os.path.join(t.dir, "no", "such.db")}), "NOT_FOUND")


def test_read_by_another_after_a_clean_stop(t):
    daemon = t.start()
    daemon.call("metrics.record", {"samples": [{"name": "a", "value": 7}]})
    daemon.stop()
    equal(daemon.sql("SELECT value FROM v_sample WHERE series='a'"), [(7.0,)])


orfeas_test.main()
