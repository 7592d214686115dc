#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bytes a sample of the packed tiers, what is written for them, and queries over a day and a month, beside VictoriaMetrics
and Prometheus with the same samples.

The series are those of a GPU service's exporters; BENCH_SERIES=FILE.csv (series,t_us,value) takes others. Their times are
shifted so that the last is now.
"""

import csv
import http.client
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import time
import urllib.parse

from made_series import make_values
from orfeas_bench import Session, Table, free_port, on, orfeas_test, reachable, written_bytes

N_SERIES, ROWS = 200, 10800
DAY_KINDS, DAY_ROWS = (0, 3, 4, 5), 86400
SLICE_S = 300  # what is packed at once by [history] pack_us, were it recorded as it came
MONTH_HOURS = 720
ROUNDS = 31
IN_FLIGHT = 8
S = 1_000_000


def shifted(series, end_us):
    """{name: (times, values)}, the newest at end_us."""
    by_us = end_us - max(times[-1] for times, _ in series.values())
    return {name: ([t_us + by_us for t_us in times], values) for name, (times, values) in series.items()}


def read_series(path):
    series = {}
    with open(path, encoding="utf-8") as file:
        for row in csv.DictReader(file):
            times, values = series.setdefault(row["series"], ([], []))
            times.append(int(row["t_us"]))
            values.append(float(row["value"]))
    return series


def made_series(prefix, kinds, rows):
    rand = random.Random(11)
    return {f"{prefix}{number}": ([t * S for t in range(rows)], list(make_values(kind, rows, rand))) for number, kind in enumerate(kinds)}


# --- orfeas


def batches(series):
    """Texts of samples in order of time, ten seconds a batch."""
    at = dict.fromkeys(series, 0)
    until = min(times[0] for times, _ in series.values())
    while any(at[name] < len(times) for name, (times, _) in series.items()):
        until += 10 * S
        texts = []
        for name, (times, values) in series.items():
            while at[name] < len(times) and times[at[name]] < until:
                texts.append(f'{{"name":"{name}","labels":{{"gpu":"0"}},"value":{values[at[name]]!r},"t_us":{times[at[name]]}}}')
                at[name] += 1
        if texts:
            yield ",".join(texts)


def record(daemon, series):
    with daemon.peer() as peer:
        waiting = 0
        for texts in batches(series):
            peer.send_text(f'{{"jsonrpc":"2.0","id":1,"method":"metrics.record","params":{{"samples":[{texts}]}}}}')
            waiting += 1
            while waiting >= IN_FLIGHT:
                orfeas_test.unwrap(json.loads(peer.receive_text()))
                waiting -= 1
        for _ in range(waiting):
            orfeas_test.unwrap(json.loads(peer.receive_text()))


def pack(daemon, spare_rows):
    """Waits until all but so many rows are packed, and nothing is left to merge."""
    last = daemon.sql("SELECT max(last_rowid) FROM raw_block")[0][0] - spare_rows
    orfeas_test.wait_for(lambda: daemon.sql("SELECT from_rowid > ? AND merge_block = 0 AND NOT EXISTS "
                                            "(SELECT 1 FROM chunk_block WHERE level < 2 GROUP BY level HAVING count(*) > 12) FROM packing", last)[0][0], "packing", 600)


def start(session, series, **options):
    """A daemon that packs windows of SLICE_S."""
    return session.daemon(settings={"history.pack_us": 86400 * S, "history.pack_rows": max(1000, len(series) * SLICE_S),
                                    "host.enabled": "false", "gpu.backends": ""}, **options)


def load_ours(session, series, db=None, table=None):
    daemon = start(session, series, db=db)
    pid = daemon.process.pid
    n_samples = sum(len(times) for times, _ in series.values())

    def wchar():
        with open(f"/proc/{pid}/io", encoding="ascii") as file:
            return int(re.search(r"^wchar: (\d+)", file.read(), re.MULTILINE).group(1))

    before = written_bytes(pid), wchar()
    record(daemon, series)
    pack(daemon, max(1000, len(series) * SLICE_S))
    time.sleep(2)
    if table is not None:
        table.add("written a sample, recorded, packed and merged", f"{(written_bytes(pid) - before[0]) / n_samples:.0f} B to the disk, "
                                                                   f"{(wchar() - before[1]) / n_samples:.0f} B by write()")
    daemon.stop()
    # what is left of the last window
    daemon = session.daemon(settings={"history.pack_us": S, "host.enabled": "false", "gpu.backends": ""}, db=daemon.db)
    pack(daemon, 0)
    return daemon


def pages(daemon, *tables):
    marks = ",".join("?" * len(tables))
    return daemon.sql(f"SELECT sum(pgsize) FROM dbstat WHERE name IN ({marks})", *tables)[0][0]


# --- the others


def write_text(series, path):
    with open(path, "w", encoding="ascii") as file:
        for name, (times, values) in series.items():
            file.write(f"# TYPE {name} gauge\n")
            file.writelines(f'{name}{{gpu="0"}} {value!r} {t_us / S!r}\n' for t_us, value in zip(times, values))
        file.write("# EOF\n")


def json_lines(series):
    for name, (times, values) in series.items():
        for at in range(0, len(times), 1000):
            yield json.dumps({"metric": {"__name__": name, "gpu": "0"}, "values": values[at : at + 1000],
                              "timestamps": [t_us // 1000 for t_us in times[at : at + 1000]]}, separators=(",", ":"))


def folder_bytes(path):
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(path) for name in names)


def load_victoria(session, series):
    if shutil.which("victoria-metrics") is None:
        return None
    port, path = free_port(), f"{session.dir}/vm"
    session.child(["victoria-metrics", f"-httpListenAddr=127.0.0.1:{port}", f"-storageDataPath={path}", "-retentionPeriod=12"])
    assert reachable(f"http://127.0.0.1:{port}/health"), "VictoriaMetrics does not start"
    address = ("127.0.0.1", port)
    add_to_victoria(address, path, series)
    return address, path


def add_to_victoria(address, path, series):
    post(address, "/api/v1/import", "\n".join(json_lines(series)).encode())
    get(address, "/internal/force_flush")
    get(address, "/internal/force_merge")
    # merges go on behind the answer: settled is what stayed for 3 s
    size, since = 0, time.monotonic()
    while time.monotonic() - since < 3:
        time.sleep(0.5)
        now = folder_bytes(f"{path}/data")
        if now != size:
            size, since = now, time.monotonic()


def load_prometheus(session, series):
    if shutil.which("promtool") is None or shutil.which("prometheus") is None:
        return None
    path = f"{session.dir}/tsdb"
    write_text(series, f"{session.dir}/series.om")
    subprocess.run([*on(1), "promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", f"{session.dir}/series.om", path],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return path


def start_prometheus(session, path):
    config, port = f"{session.dir}/prometheus.yml", free_port()
    with open(config, "w", encoding="ascii") as file:
        file.write("{}\n")
    session.child(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={path}", "--storage.tsdb.retention.time=10y",
                   f"--web.listen-address=127.0.0.1:{port}"])
    assert reachable(f"http://127.0.0.1:{port}/-/ready", 60), "Prometheus does not start"
    return "127.0.0.1", port


# --- queries


def ask(address, verb, path, body=None, headers=None):
    connection = http.client.HTTPConnection(*address, timeout=120)
    try:
        connection.request(verb, path, body, headers or {})
        response = connection.getresponse()
        answer = response.read()
        assert response.status < 300, answer[:300]
        return answer
    finally:
        connection.close()


def get(address, path):
    return ask(address, "GET", path)


def post(address, path, body):
    return ask(address, "POST", path, body)


def median_ms(address, path):
    """(Median, least) wall time of a request on a connection that stays, with all of its answer; and the answer."""
    connection, took = http.client.HTTPConnection(*address, timeout=120), []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse().read()
        took.append((time.perf_counter() - begin) * 1e3)
    connection.close()
    took.sort()
    return took[ROUNDS // 2], took[0], json.loads(answer)


def threads_ms(pid):
    """CPU time of the readers, and of all the others."""
    readers = others = 0.0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm", encoding="ascii") as name, open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as stat:
            ms = int(stat.read().split()[0]) / 1e6
            if name.read().strip() == "store-reader":
                readers += ms
            else:
                others += ms
    return readers, others


def query_ours(daemon, select, from_us, to_us, **params):
    """(median ms, least ms, readers' CPU ms, the others' CPU ms, answer) of one query."""
    path = "/api/v1/metrics/query?" + urllib.parse.urlencode({"select": select, "from_us": from_us, "to_us": to_us, **params})
    get(daemon.address, path)
    before = threads_ms(daemon.process.pid)
    median, least, answer = median_ms(daemon.address, path)
    after = threads_ms(daemon.process.pid)
    return median, least, (after[0] - before[0]) / ROUNDS, (after[1] - before[1]) / ROUNDS, answer


def measure_day(table, daemon, victoria, prometheus, name, end_us):
    """A minute a point, from rollups and from chunks."""
    from_us = end_us // (60 * S) * (60 * S) - DAY_ROWS * S + 60 * S
    to_us = from_us + (DAY_ROWS - 60) * S
    for aggregate, function, what in (("avg", "avg_over_time", "rollups"), ("stddev", "stddev_over_time", "each sample")):
        median, least, readers, others, answer = query_ours(daemon, name, from_us, to_us, step_us=60 * S, aggregate=aggregate)
        n_points = len(answer["series"][0]["points"])
        table.add(f"one series, 24 h, {aggregate} by minute ({what}), {n_points} points", f"{readers:.2f} ms CPU in the reader, {others:.2f} around it",
                  "<= 5 ms", readers + others <= 5)
        table.add("  by HTTP", f"{median:.2f} ms, at best {least:.2f}")
        ask_them = urllib.parse.urlencode({"query": f"{function}({name}[1m])", "start": from_us // S + 60, "end": to_us // S, "step": "60", "nocache": "1"})
        for peer, address in (("VictoriaMetrics", victoria), ("Prometheus", prometheus)):
            if address is None:
                table.absent(f"  {peer}", "not installed")
                continue
            theirs, their_least, told = median_ms(address, "/api/v1/query_range?" + ask_them)
            found = len(told["data"]["result"][0]["values"])
            assert abs(found - n_points) <= 2, f"{peer} tells {found} points"
            table.add(f"  {peer}", f"{theirs:.2f} ms, at best {their_least:.2f}; ours of it {median / theirs:.2f}", "< 1", median < theirs)


def fill_month(path, like):
    """Hours of the 30 days before what rollup_1h has, straight into the file, in the order of their coming: a month cannot be recorded here."""
    connection = sqlite3.connect(path)
    connection.execute("WITH RECURSIVE back (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM back WHERE n < ?), "
                       "first AS (SELECT series_id, min(t_us) AS t_us, avg(min) AS a, avg(sum) AS b FROM rollup_1h JOIN series ON id=series_id WHERE name LIKE ? GROUP BY series_id) "
                       "INSERT INTO rollup_1h (series_id, t_us, count, min, max, sum, last) "
                       "SELECT series_id, t_us - n * 3600000000, 3600, a, a + 1, b + n / 7.0, a + n / 13.0 FROM first, back ORDER BY 2, 1", (MONTH_HOURS, like))
    connection.commit()
    connection.close()


def measure_month(session, table, daemon, names):
    path = f"{session.dir}/month.db"
    daemon.stop()
    shutil.copy(daemon.db, path)
    like = re.sub(r"\d+$", "", names[0])
    fill_month(path, like + "%")
    month = session.daemon(db=path, settings={"host.enabled": "false", "gpu.backends": ""})
    hour = 3600 * S
    to_us = orfeas_test.now_us() // hour * hour - 4 * hour
    median, least, readers, others, answer = query_ours(month, f'{{__name__=~"{like}[0-9]+"}}', to_us - (MONTH_HOURS - 8) * hour, to_us, step_us=hour, aggregate="avg")
    n_points = sum(len(series["points"]) for series in answer["series"])
    table.add(f"{len(answer['series'])} series, 30 d by hour, {n_points:,} points", f"{readers:.1f} ms CPU in the reader", "<= 40 ms", readers <= 40)
    table.add("  with the encoding", f"{readers + others:.1f} ms CPU; by HTTP {median:.1f} ms, at best {least:.1f}", "<= 80 ms", readers + others <= 80)
    month.stop()


def main():
    session = Session()
    end_us = orfeas_test.now_us() // S * S
    path = os.environ.get("BENCH_SERIES")
    series = shifted(read_series(path) if path else made_series("m", [i % 10 for i in range(N_SERIES)], ROWS), end_us)
    n_samples = sum(len(times) for times, _ in series.values())
    table = Table(f"{len(series)} series of {path or 'a service'}, {n_samples:,} samples")
    daemon = load_ours(session, series, table=table)
    packed = daemon.sql("SELECT sum(samples) FROM chunk_block")[0][0]
    ours = pages(daemon, "chunk", "chunk_block") / packed
    rolled = pages(daemon, "rollup_1m", "rollup_1h") / packed
    blocks = daemon.sql("SELECT group_concat(n || ' of level ' || level, ', ') FROM (SELECT level, count(*) n FROM chunk_block GROUP BY level)")[0][0]
    table.add("chunks, pages", f"{ours:.3f} B a sample ({blocks} blocks)")
    victoria = load_victoria(session, series)
    if victoria:
        theirs = folder_bytes(f"{victoria[1]}/data") / n_samples
        table.add("  VictoriaMetrics, data", f"{theirs:.3f} (indexdb {folder_bytes(victoria[1] + '/indexdb') / n_samples:.3f}); ours of it {ours / theirs:.2f}", "<= 1", ours <= theirs)
    else:
        table.absent("  VictoriaMetrics", "not installed")
    blocks = load_prometheus(session, series)
    if blocks:
        theirs = folder_bytes(blocks) / n_samples
        table.add("  Prometheus, blocks", f"{theirs:.3f}; ours of it {ours / theirs:.2f}", "<= 0.35", ours <= 0.35 * theirs)
    else:
        table.absent("  Prometheus", "not installed")
    table.add("rollups, pages", f"{rolled:.3f} B a sample", "<= 0.75", rolled <= 0.75)

    day = shifted(made_series("day", DAY_KINDS, DAY_ROWS), end_us)
    db = daemon.db
    daemon.stop()
    daemon = load_ours(session, day, db=db)
    if victoria:
        add_to_victoria(*victoria, day)
    address = start_prometheus(session, load_prometheus(session, day)) if blocks else None
    measure_day(table, daemon, victoria and victoria[0], address, "day1", end_us)
    measure_month(session, table, daemon, list(series))
    table.print()


main()
