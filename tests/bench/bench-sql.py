#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""SQL over packed samples: a day of one series by the table `samples`, and what sql.query adds."""

import json
import math
import os
import sqlite3
import time

from orfeas_bench import BUILD, Session, Table
from orfeas_test import now_us, wait_for

SECOND = 1000000
DAY = 86400
SERIES = 4
ROUNDS = 15
LABELS = '{"n":"1"}'
ONE = f"FROM samples WHERE name='bench.load' AND labels='{LABELS}'"


def fill(session):
    daemon = session.daemon(settings={"history.pack_us": SECOND, "host.enabled": "false", "gpu.sample_us": 60 * SECOND})
    base = now_us() // SECOND * SECOND - DAY * SECOND
    for n in range(SERIES):
        for begin in range(0, DAY, 8640):
            daemon.call("metrics.record", {"samples": [
                {"name": "bench.load", "labels": {"n": str(n)}, "value": round(50 + 20 * math.sin(at / 500 + n), 2), "t_us": base + at * SECOND}
                for at in range(begin, begin + 8640)]})
    wait_for(lambda: daemon.sql("SELECT from_rowid FROM packing")[0][0] > SERIES * DAY, "packing")
    return daemon


def best_ms(ask):
    """Of several: the machine is shared."""
    took = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        ask()
        took.append((time.perf_counter() - begin) * 1000)
    return min(took)


def main():
    session = Session()
    daemon = fill(session)
    connection = sqlite3.connect(f"file:{daemon.db}?mode=ro", uri=True)
    connection.enable_load_extension(True)
    connection.load_extension(os.path.join(BUILD, "server", "sql", "orfeas"))
    chunks, packed = connection.execute(
        "SELECT count(*), sum(count) FROM chunk c JOIN series s ON s.id=c.series_id WHERE s.name='bench.load' AND s.labels=?", (LABELS,)).fetchone()
    count = connection.execute(f"SELECT count(*) {ONE}").fetchone()[0]
    assert count == DAY, count

    def in_process(what):
        return best_ms(lambda: connection.execute(f"SELECT {what} {ONE}").fetchall())

    def by_daemon(sql):
        return best_ms(lambda: daemon.call("sql.query", {"sql": sql}))

    table = Table(f"{DAY:,} samples of one series, {packed:,} of them in {chunks} chunks; best of {ROUNDS}")
    average = in_process("avg(value)")
    table.add("avg(value), in the process that asks", f"{average:.2f} ms", "<= 10", average <= 10)
    table.add("  a row", f"{average * 1e6 / DAY:.0f} ns")
    table.add("min, max, count, avg of value and t_us", f"{in_process('count(*), avg(value), min(t_us), max(t_us), max(value)'):.2f} ms")
    table.add("an hour of it, by t_us", "{:.2f} ms".format(best_ms(lambda: connection.execute(
        f"SELECT avg(value) {ONE} AND t_us >= ?", (now_us() - 3600 * SECOND,)).fetchall())))
    connection.execute("CREATE TEMP TABLE plain AS SELECT t_us, value " + ONE)
    table.add("the same in a plain table, in memory", f"{best_ms(lambda: connection.execute('SELECT avg(value) FROM plain').fetchall()):.2f} ms")
    nothing = by_daemon("SELECT 1")
    table.add("sql.query: SELECT 1, with its process", f"{nothing:.2f} ms")
    table.add("sql.query: avg(value)", f"{by_daemon(f'SELECT avg(value) {ONE}'):.2f} ms")
    answer = json.dumps(daemon.call("sql.query", {"sql": f"SELECT t_us, value {ONE}", "max_rows": 100000}))
    table.add(f"sql.query: all rows, {len(answer) / 1e6:.1f} MB", f"{best_ms(lambda: daemon.call('sql.query', {'sql': f'SELECT t_us, value {ONE}', 'max_rows': 100000})):.0f} ms")
    table.print()


main()
