#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""doc/database.md tells of each table, view and column, and its questions are answered as they stand there."""

import math
import os
import pwd
import re
import shutil
import subprocess

import orfeas_test
from orfeas_test import Skip, contains, equal, now_us, wait_for

ORFEAS_SO = os.environ.get("ORFEAS_SO", "build/server/sql/orfeas.so")
PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "doc", "database.md")
SECOND = 1000000
STEP = 10


def read_page():
    with open(PAGE, encoding="utf-8") as file:
        return file.read()


def told():
    """{table or view: its columns} by the page."""
    tables = {}
    text = read_page().split("\n## Tables\n", 1)[1].split("\n## Ten questions", 1)[0]
    for part in re.split(r"^### ", text, flags=re.M)[1:]:
        name = re.match(r"`(\w+)`", part).group(1)
        cells = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
        tables[name] = [column for cell in cells for column in re.findall(r"`(\w+)`", cell)]
    return tables


def questions():
    """[(heading, sql)] of the page."""
    text = read_page().split("\n## Ten questions", 1)[1]
    return re.findall(r"^### (.*?)\n.*?^```sql\n(.*?)^```", text, flags=re.M | re.S)


def filled(t):
    """An ended daemon's file of three hours, packed."""
    daemon = t.start(settings={"history.pack_us": SECOND})
    now = now_us() // SECOND * SECOND
    samples = []
    for at in range(-3 * 3600, 0, STEP):
        if -5000 < at < -4000:
            continue  # the service was down
        t_us = now + at * SECOND
        late = at > -300
        samples += [
            {"name": "queue.depth", "value": 30 if -2000 < at < -1500 or late else 5 + at % 7, "t_us": t_us},
            {"name": "request.duration_s", "labels": {"model": "llama"}, "value": (0.4 if late else 0.2) + 0.1 * math.sin(at), "t_us": t_us},
            {"name": "requests", "value": (at + 3 * 3600) * 2 if at < -4000 else (at + 4000) * 2, "t_us": t_us},
        ]
    for begin in range(0, len(samples), 1000):
        daemon.call("metrics.record", {"samples": samples[begin : begin + 1000]})
    daemon.call("events.mark", {"text": "studio 2.4", "kind": "deploy", "t_us": now - 300 * SECOND})
    daemon.call("events.mark", {"text": "studio 2.3", "kind": "deploy", "t_us": now - 7000 * SECOND})
    daemon.call("incidents.pin", {"title": "slow", "reason": "a test", "from_us": now - 2000 * SECOND, "to_us": now - 1500 * SECOND})
    wait_for(lambda: daemon.sql("SELECT count(*) FROM v_metric_1m WHERE name='gpu.memory.used_percent'")[0][0], "a minute of the GPU")
    wait_for(lambda: daemon.sql("SELECT from_rowid FROM packing")[0][0] > len(samples), "packing")
    wait_for(lambda: daemon.sql("SELECT count(*) FROM gpu_process")[0][0], "processes")
    # a question joins the service's minutes with the device's, which are of now
    daemon.call("metrics.record", {"samples": [{"name": "queue.depth", "value": 40}]})
    wait_for(lambda: daemon.sql("SELECT count(*) FROM v_metric_1m q JOIN v_metric_1m g ON g.t_us=q.t_us "
                                "WHERE q.name='queue.depth' AND g.name='gpu.utilization_percent' AND q.avg>10")[0][0], "both in one minute")
    daemon.stop()
    return daemon


def test_every_table_and_column_is_told(t):
    daemon = t.start()
    tables = {}
    for (name,) in daemon.sql("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"):
        tables[name] = [column for (column,) in daemon.sql("SELECT name FROM pragma_table_info(?)", name)]
    page = told()
    equal(sorted(page), sorted(tables), "the tables and views of doc/database.md")
    for name, columns in tables.items():
        equal(sorted(page[name]), sorted(columns), f"doc/database.md's columns of {name}")
    columns = [row[0] for row in daemon.call("sql.query", {"sql": "SELECT name FROM pragma_table_info('samples')"})["rows"]]
    contains(read_page(), f"`samples({', '.join(columns)})`")


def test_questions_by_the_daemon(t):
    daemon = filled(t)
    assert len(questions()) >= 10
    daemon.start()
    for heading, sql in questions():
        result = daemon.call("sql.query", {"sql": sql})
        assert result["rows"], f"{heading}: no rows"
    answers = {heading[:2].strip("."): daemon.call("sql.query", {"sql": sql})["rows"] for heading, sql in questions()}
    equal([row[3] for row in answers["1"] if row[1] == "event"], ["studio 2.4"])
    equal([row[1] for row in answers["5"]], ["studio 2.3", "studio 2.4"])
    assert answers["5"][1][4] > answers["5"][1][3] + 0.1, answers["5"]
    contains([row[1] for row in answers["6"]], 480.0)
    equal([row[1] for row in answers["7"]][0], 1000)
    assert sum(row[1] for row in answers["9"] if row[1]) > 10000, answers["9"]


def test_questions_by_another_user(t):
    """After a clean stop, with plain sqlite3 and no more than the group's rights."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None or shutil.which("sqlite3") is None:
        raise Skip("needs root, setpriv and sqlite3")
    daemon = filled(t)
    nobody = pwd.getpwnam("nobody")
    group = 54321  # that of the file, as `orfeas` would be
    os.chmod(t.dir, 0o755)
    folder = os.path.join(t.dir, "state")
    os.mkdir(folder, 0o750)
    for name in ("orfeas.db", "orfeas.db-wal", "orfeas.db-shm"):
        path = os.path.join(t.dir, name)
        if os.path.exists(path):
            shutil.move(path, folder)
            os.chown(os.path.join(folder, name), 0, group)
            assert os.stat(os.path.join(folder, name)).st_mode & 0o777 == 0o640, name
    os.chown(folder, 0, group)
    db = os.path.join(folder, "orfeas.db")
    shell = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", f"--groups={group}", "sqlite3", "-readonly", "-bail", db]
    asked = 0
    for heading, sql in questions():
        needs = re.search(r"(FROM|JOIN) samples\b", sql) is not None
        if needs and os.environ.get("ORFEAS_SANITIZED"):
            continue
        plugin = os.path.join(t.dir, "orfeas.so")
        if needs and not os.path.exists(plugin):
            shutil.copy(ORFEAS_SO, plugin)
            os.chmod(plugin, 0o755)
        done = subprocess.run([*shell, *([f".load {plugin}"] if needs else []), sql], capture_output=True, text=True)
        equal((done.returncode, done.stderr), (0, ""), heading)
        assert done.stdout.strip(), f"{heading}: no rows"
        asked += 1
    assert asked >= 6, asked
    # and without the group there is nothing to see
    other = [part if not part.startswith("--groups") else "--clear-groups" for part in shell]
    assert subprocess.run([*other, "SELECT 1 FROM series"], capture_output=True).returncode != 0


def test_the_pages_python(t):
    daemon = filled(t)
    if os.environ.get("ORFEAS_SANITIZED"):
        raise Skip("a sanitizer's library cannot be loaded into a plain program")
    code = re.search(r"```python\n(.*?)```", read_page(), flags=re.S).group(1)
    code = re.sub(r'load_extension\("[^"]*"\)', f'load_extension("{os.path.splitext(ORFEAS_SO)[0]}")', code)
    done = subprocess.run(["/usr/bin/python3", "-c", code], cwd=os.path.dirname(daemon.db), capture_output=True, text=True)
    equal(done.stderr, "")
    contains(done.stdout, "('queue.depth', ")


if __name__ == "__main__":
    orfeas_test.main()
