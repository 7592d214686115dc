#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A post-mortem of two hours out of a large file: 2000 series, 300 operations, minutes of four days, and packed samples up to BENCH_GB (5).

The minutes are written by SQL into a file that a daemon made; so are the packed samples, which are noise: no post-mortem of two hours looks at them.
"""

import json
import os
import sqlite3
import subprocess
import time

from orfeas_bench import Session, Table, orfeas_test
from orfeas_test import now_us, wait_for

S = 1_000_000
MINUTE = 60 * S
N_SERIES, N_OPERATIONS = 2000, 300
MINUTES = 4 * 1440
ROUNDS = 7
GB = float(os.environ.get("BENCH_GB", "5"))
# one series in ten counts, one in a hundred rises in the last hour
GAUGE = """INSERT INTO rollup_1m (series_id, t_us, count, min, max, sum, last)
  WITH RECURSIVE m (k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM m WHERE k < ?3 - 1)
  SELECT ?1, ?2 + k * 60000000, 60, v - 1, v + 1, 60 * v, v
  FROM (SELECT k, 100 + random() % 1000 / 100.0 + iif(k >= ?3 - 60, ?4, 0) AS v FROM m)"""
COUNTER = """INSERT INTO rollup_1m (series_id, t_us, count, min, max, sum, last)
  WITH RECURSIVE m (k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM m WHERE k < ?3 - 1)
  SELECT ?1, ?2 + k * 60000000, 60, k * 60, k * 60 + 59, 60 * (k * 60 + 30), k * 60 + 59 + ?4 FROM m"""
CHUNKS = """INSERT INTO chunk (id, series_id, start_us, end_us, count, min, max, sum, codec, data, checksum)
  WITH RECURSIVE m (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM m WHERE k < ?4)
  SELECT (?1 << 32) | (?2 + k), ?2 + k, ?3, ?3 + 539999999, 540, 0, 1, 270, 1, randomblob(3600), 0 FROM m"""


def make_base(session):
    """A file of this version, with a sketch of durations to copy."""
    daemon = session.daemon()
    daemon.call("traces.record", {"spans": [
        {"trace_id": f"{i + 1:032x}", "span_id": f"{i + 1:016x}", "service": "api", "operation": "/op", "duration_us": 100000 + i % 97 * 1000,
         "start_us": now_us() - 2 * MINUTE + i * S // 10} for i in range(500)]})
    wait_for(lambda: daemon.sql("SELECT max(id) FROM series")[0][0], "series in the file")
    daemon.stop()
    return daemon.db


def fill_series(db, first, start_us):
    db.executemany("INSERT INTO series (id, name, labels, kind, created_us, last_us) VALUES (?, ?, ?, ?, ?, ?)", [
        (first + i, f"bench.{i % 50}", json.dumps({"n": str(i)}), "counter" if i % 10 == 0 else "gauge", start_us, start_us + MINUTES * MINUTE)
        for i in range(N_SERIES)])
    for i in range(N_SERIES):
        db.execute(COUNTER if i % 10 == 0 else GAUGE, (first + i, start_us, MINUTES, 500 if i % 100 == 7 else 0))


def fill_operations(db, end_us):
    sketch, spans = db.execute("SELECT sketch, spans FROM span_stat WHERE step_us = 60000000 ORDER BY spans DESC").fetchone()
    for i in range(N_OPERATIONS):
        number = db.execute(
            "INSERT INTO span_operation (service, operation, first_us, last_us, spans, errors, max_duration_us, classes) VALUES (?, ?, 0, ?, ?, 0, 1, 1)",
            (f"service-{i % 20}", f"/{i}", end_us, 10**6 - i)).lastrowid
        db.executemany("INSERT INTO span_stat VALUES (?, 60000000, ?, ?, 0, ?)",
                       [(number, end_us - (k + 1) * MINUTE, spans, sketch) for k in range(240)])


def fill_chunks(db, path, first, start_us):
    block = db.execute("SELECT block FROM packing").fetchone()[0]
    while os.path.getsize(path) < GB * 1e9:
        block += 1
        db.execute(CHUNKS, (block, first - 1, start_us, N_SERIES))
        db.execute("INSERT INTO chunk_block VALUES (?1, 0, ?1, ?2, ?2 + 539999999, ?3, ?3 * 540)", (block, start_us, N_SERIES))
        db.execute("UPDATE packing SET block = ?", (block,))
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        start_us += 9 * MINUTE


def fill(path):
    """When its minutes end."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA synchronous = OFF")
    first = db.execute("SELECT max(id) + 1 FROM series").fetchone()[0]
    end_us = now_us() // MINUTE * MINUTE
    start_us = end_us - MINUTES * MINUTE
    fill_series(db, first, start_us)
    fill_operations(db, end_us)
    db.commit()
    fill_chunks(db, path, first, start_us)
    db.close()
    return end_us


def main():
    session = Session()
    path = make_base(session)
    end_us = fill(path)
    daemon = subprocess.Popen([orfeas_test.ORFEASD, "--stdio", "--db", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    took, line = [], ""
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        daemon.stdin.write(json.dumps(orfeas_test.request("postmortem.build", {"from_us": end_us - 120 * MINUTE, "to_us": end_us})) + "\n")
        daemon.stdin.flush()
        line = daemon.stdout.readline()
        took.append(time.perf_counter() - begin)
    document = orfeas_test.unwrap(json.loads(line))["document"]
    daemon.stdin.close()
    daemon.wait()
    table = Table(f"two hours out of {os.path.getsize(path) / 1e9:.1f} GB")
    table.add("the first, s", f"{took[0]:.2f}", "≤ 2", took[0] <= 2)
    table.add("median of the others, s", f"{sorted(took[1:])[len(took) // 2 - 1]:.2f}", "≤ 2", max(took[1:]) <= 2)
    table.add("the document, bytes", f"{len(line)}", "≤ 2 000 000", len(line) <= 2_000_000)
    table.add("series compared, skipped", f"{document['changes']['series']}, {document['changes']['skipped']}", "all", document["changes"]["skipped"] == 0)
    table.print()
    session.close()


if __name__ == "__main__":
    main()
