#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""From exec to the ready line with a file of 1 GB, and how soon the newest points are there."""

import os
import sqlite3
import time

from orfeas_bench import Session, Table, orfeas_test

GIGABYTE = 10**9
SERIES = 200
ROUNDS = 5


def grow(path):
    """Rows as the daemon writes them, of the last two hours, until the file has 1 GB."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA journal_mode=WAL")
    now = orfeas_test.now_us()
    ids = [
        connection.execute(
            "INSERT INTO series (name, kind, created_us, last_us) VALUES (?, 'gauge', ?, ?) RETURNING id", (f"bench.{i}", now, now)
        ).fetchone()[0]
        for i in range(SERIES)
    ]
    rowid = connection.execute("SELECT coalesce(max(rowid), 0) FROM sample_raw").fetchone()[0]
    # about 25 bytes a row; blocks as the writer makes them, so that reads by time stay quick
    rows = GIGABYTE // 25
    start = now - 7100 * 1000000
    step = 7100 * 1000000 / rows
    block = 100000
    for first in range(0, rows, block):
        connection.execute(
            "WITH RECURSIVE c(value) AS (VALUES(?) UNION ALL SELECT value+1 FROM c WHERE value<?) "
            "INSERT INTO sample_raw SELECT CAST(? + value * ? AS INTEGER), ? + value % ?, value FROM c",
            (first, first + block - 1, start, step, ids[0], SERIES),
        )
        connection.execute(
            "INSERT INTO raw_block VALUES (?, ?, ?, ?)",
            (rowid + first + 1, rowid + first + block, int(start + first * step), int(start + (first + block) * step)),
        )
        connection.commit()
        if os.path.getsize(path) >= GIGABYTE:
            break
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def main():
    session = Session()
    daemon = session.daemon()
    daemon.stop()
    grow(daemon.db)
    took = []
    for _ in range(ROUNDS):
        begin = time.monotonic()
        daemon.start()
        took.append((time.monotonic() - begin) * 1000)
        daemon.call("status.get")
        daemon.stop()
    table = Table(f"ready with a file of {os.path.getsize(daemon.db) / 1e9:.2f} GB, {ROUNDS} starts")
    worst = max(took)
    table.add("exec to ready line", f"best {min(took):.0f} ms, worst {worst:.0f} ms", "<= 100 ms", worst <= 100)
    begin = time.monotonic()
    daemon.start()
    orfeas_test.wait_for(lambda: daemon.call("metrics.query", {"select": "bench.0", "step_us": 60000000, "aggregate": "count"})["series"], "points")
    table.add("exec to the last 5 minutes of a series", f"{(time.monotonic() - begin) * 1000:.0f} ms")
    daemon.stop()
    table.print()


main()
