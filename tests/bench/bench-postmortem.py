#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A post-mortem of two hours out of a large file: 2000 series, 300 operations, minutes of four days, and packed samples up to BENCH_GB (5).

Over the last four hours, window and baseline, 20 traces a second of four spans each (BENCH_TRACES_PER_S), and what a bad day brings: alerts, anomalies, cleanups, device events,
warnings, marks, load tests. All is written by SQL into a file that a daemon made; so are the packed samples, which are noise: no post-mortem of two hours looks at them.
"""

import json
import os
import random
import sqlite3
import subprocess
import time

from orfeas_bench import Session, Table, cpu_s, orfeas_test
from orfeas_test import now_us, wait_for

S = 1_000_000
MINUTE = 60 * S
N_SERIES, N_OPERATIONS = 2000, 300
MINUTES = 4 * 1440
HOURS = 4  # of spans and of what happened
TRACES_PER_S = int(os.environ.get("BENCH_TRACES_PER_S", "20"))
SPANS = 4  # of a trace
FAILED = 100  # one trace in so many
SLOW = 50
FAILED_CLASS = 100  # of span_exemplar
# so many in those hours
HAPPENED = {"alert": 400, "anomaly": 600, "cleanup": 60, "gpu_event": 40, "forecast_warning": 100, "event": 40, "load_run": 8}
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


def fill_spans(db, end_us):
    """Each trace calls from service to service; of an operation and minute the longest of each class stand for the others."""
    numbers = random.Random(1)
    operations = db.execute("SELECT operation_no, service, operation FROM span_operation WHERE operation_no > 1 ORDER BY operation_no").fetchall()
    exemplars, classes = {}, {}
    trace_no, span_no = (db.execute(f"SELECT coalesce(max({name}_no), 0) FROM {name}").fetchone()[0] for name in ("trace", "span"))
    attributes = json.dumps({"http.request.method": "POST", "http.response.status_code": 200, "user.id": "0123456789abcdef", "url.path": "/v1/jobs"})

    def one_trace(start_us):
        nonlocal span_no
        failed, duration = numbers.randrange(FAILED) == 0, int(numbers.lognormvariate(11.5, 0.8))
        first, parent = span_no + 1, None
        for depth in range(SPANS):
            span_no += 1
            number, service, operation = numbers.choice(operations)
            length = duration.bit_length()
            classes[number] = classes.get(number, 0) | 1 << length
            key = (number, start_us // MINUTE * MINUTE, FAILED_CLASS if failed else length)
            if exemplars.get(key, (0,))[0] < duration:
                exemplars[key] = (duration, span_no, trace_no)
            span_id = span_no.to_bytes(8, "big")
            yield (span_no, trace_no, span_id, parent, service, operation, "server", start_us + depth, duration, "error" if failed else "ok", attributes, number, length,
                   duration if numbers.randrange(SLOW) == 0 else None)
            parent, duration = span_id, duration * 3 // 4
        traces.append((trace_no, trace_no.to_bytes(16, "big"), start_us, start_us + 200_000, SPANS, SPANS if failed else 0, first, 300 * SPANS))

    for hour in range(HOURS):
        spans, traces = [], []
        for i in range(3600 * TRACES_PER_S):
            trace_no += 1
            spans.extend(one_trace(end_us - (HOURS - hour) * 3600 * S + i * S // TRACES_PER_S))
        db.executemany("INSERT INTO trace VALUES (?, ?, ?, ?, ?, ?, ?, ?)", traces)
        db.executemany("INSERT INTO span (span_no, trace_no, span_id, parent_id, service, operation, kind, start_us, duration_us, outcome, attributes, operation_no, length_class, usual_us)"
                       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", spans)
        db.commit()
    db.executemany("INSERT OR REPLACE INTO span_exemplar VALUES (?, ?, ?, ?, ?, ?)",
                   [(number, t_us, kind, span, trace, duration) for (number, t_us, kind), (duration, span, trace) in exemplars.items()])
    db.executemany("UPDATE span_operation SET classes = ?2 WHERE operation_no = ?1", classes.items())
    return span_no


def fill_happened(db, end_us, series):
    """Spread over the hours; each lasts two minutes."""
    rows = {
        "alert": lambda i, t: (("rule", f"rule_{i % 30}"), ("labels", '{"device":"gpu-0"}'), ("own_labels", '{"device":"gpu-0"}'), ("severity", ("critical", "warning")[i % 4 > 0]),
                               ("state", "resolved"), ("value", 91.5), ("threshold", 90), ("summary", "gpu-0 is 91.5 % full"), ("started_us", t), ("fired_us", t + 10 * S),
                               ("resolved_us", t + 2 * MINUTE), ("changed_us", t + 2 * MINUTE), ("life", "[]")),
        "anomaly": lambda i, t: (("kind", "spike"), ("detector", "ewma"), ("entity", "bench"), ("series_id", series + i), ("direction", 1), ("score", 3 + i % 50 / 10),
                                 ("severity", ("critical", "warning")[i % 4 > 0]), ("started_us", t), ("ended_us", t + 2 * MINUTE), ("value", 130), ("lower", 95), ("upper", 105),
                                 ("related", "[]")),
        "cleanup": lambda i, t: (("device", "gpu-0"), ("trigger", "pressure"), ("reason", "gpu-0 is at 91 %"), ("level", "normal"), ("started_us", t), ("took_us", 400_000),
                                 ("verdict", "partial"), ("before_bytes", 9 << 30), ("after_bytes", 8 << 30), ("freed_bytes", 1 << 30)),
        "gpu_event": lambda i, t: (("device", "gpu-0"), ("kind", "throttle"), ("severity", "warning"), ("text", "held back by heat"), ("raised_us", t), ("cleared_us", t + MINUTE)),
        "forecast_warning": lambda i, t: (("series_id", series + i), ("made_us", t), ("threshold", 90), ("value", 70), ("expected_lower_us", t + 5 * MINUTE),
                                          ("expected_us", t + 10 * MINUTE), ("expected_upper_us", t + 20 * MINUTE), ("regime", "quiet"), ("action", "advise"), ("fate", "came_true")),
        "event": lambda i, t: (("t_us", t), ("kind", "deploy"), ("text", f"service-{i % 20} 2.{i}")),
        "load_run": lambda i, t: (("name", "nightly"), ("kind", "spike"), ("started_us", t), ("took_us", 2 * MINUTE), ("requests", 1000), ("errors", 1)),
    }
    for table, number in HAPPENED.items():
        for i in range(number):
            row = rows[table](i, end_us - HOURS * 3600 * S + i * HOURS * 3600 * S // number)
            db.execute(f"INSERT INTO {table} ({', '.join(name for name, _ in row)}) VALUES ({', '.join('?' * len(row))})", [value for _, value in row])


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
    """When its minutes end, and how many spans it has."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA synchronous = OFF")
    first = db.execute("SELECT max(id) + 1 FROM series").fetchone()[0]
    end_us = now_us() // MINUTE * MINUTE
    start_us = end_us - MINUTES * MINUTE
    fill_series(db, first, start_us)
    fill_operations(db, end_us)
    spans = fill_spans(db, end_us)
    fill_happened(db, end_us, first)
    db.commit()
    fill_chunks(db, path, first, start_us)
    db.close()
    return end_us, spans


def build(path, end_us):
    """(seconds of each round, processor seconds of one, the answer's line); the first reads what the others find in memory."""
    daemon = subprocess.Popen([orfeas_test.ORFEASD, "--stdio", "--db", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    took, line = [], ""
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        daemon.stdin.write(json.dumps(orfeas_test.request("postmortem.build", {"from_us": end_us - 120 * MINUTE, "to_us": end_us})) + "\n")
        daemon.stdin.flush()
        line = daemon.stdout.readline()
        took.append(time.perf_counter() - begin)
    cpu = cpu_s(daemon.pid) / ROUNDS
    daemon.stdin.close()
    daemon.wait()
    return took, cpu, line


def main():
    session = Session()
    path = make_base(session)
    end_us, spans = fill(path)
    took, cpu, line = build(path, end_us)
    document = orfeas_test.unwrap(json.loads(line))["document"]
    told = {name: len(document[name]["rows"]) + document[name]["more"] for name in ("alerts", "anomalies", "cleanups")}
    table = Table(f"two hours out of {os.path.getsize(path) / 1e9:.1f} GB, {spans} spans in {HOURS} hours")
    table.add("the first, s", f"{took[0]:.2f}", "≤ 2", took[0] <= 2)
    table.add("median of the others, s", f"{sorted(took[1:])[len(took) // 2 - 1]:.2f}", "≤ 2", max(took[1:]) <= 2)
    table.add("of it processor time, s", f"{cpu:.2f}")
    table.add("the document, bytes", f"{len(line)}", "≤ 2 000 000", len(line) <= 2_000_000)
    table.add("of the window", ", ".join(f"{number} {name}" for name, number in told.items()), "half of them", all(
        number >= HAPPENED[table_name] // 2 for number, table_name in zip(told.values(), ("alert", "anomaly", "cleanup"))))
    table.add("slowest, failing traces; operations", f"{len(document['traces']['slowest'])}, {len(document['traces']['failing'])}; {len(document['traces']['operations'])}",
              "some of each", all(document["traces"][name] for name in ("slowest", "failing", "operations")))
    table.add("series compared, skipped", f"{document['changes']['series']}, {document['changes']['skipped']}", "all", document["changes"]["skipped"] == 0)
    table.print()
    session.close()


if __name__ == "__main__":
    main()
