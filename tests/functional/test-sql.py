#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""sql.query: what it answers, what it denies, and what it may cost."""

import json
import os
import shutil
import signal
import threading

import orfeas_test
from orfeas_test import RpcError, contains, equal, fails, now_us, wait_for

# runs for ever, a row at a time
ENDLESS = "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM r) SELECT count(*) FROM r"
# one instruction that takes minutes: nothing inside the process can stop it
DEAF = "SELECT instr(hex(zeroblob(1000000)), hex(zeroblob(500000))||'1')"


def query(daemon, sql, params=None, max_rows=None, meta=None):
    arguments = {"sql": sql}
    if params is not None:
        arguments["params"] = params
    if max_rows is not None:
        arguments["max_rows"] = max_rows
    return daemon.call("sql.query", arguments, meta)


def rows(daemon, sql, params=None):
    return query(daemon, sql, params)["rows"]


def reads(pid, path):
    """Whether that process has the file open."""
    try:
        return any(os.readlink(f"/proc/{pid}/fd/{fd}") == path for fd in os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return False


def children(daemon):
    """Its processes that run statements."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                name, rest = file.read().split("(", 1)[1].rsplit(")", 1)
        except OSError:
            continue
        state, parent = rest.split()[:2]
        if name == "orfeas-sql" and int(parent) == daemon.process.pid and state != "Z":
            found.append(int(pid))
    return found


class Asking(threading.Thread):
    """A call on a thread of its own; what it came to is in `answer` or `error`."""

    def __init__(self, daemon, sql, **more):
        super().__init__()
        self.daemon_, self.sql, self.more, self.answer, self.error = daemon, sql, more, None, None
        self.start()

    def run(self):
        try:
            self.answer = query(self.daemon_, self.sql, **self.more)
        except RpcError as error:
            self.error = error

    def failed(self):
        self.join()
        assert self.error is not None, self.answer
        return self.error.status


def test_answers(t):
    daemon = t.start()
    result = query(daemon, "SELECT 1 AS one, 'two' AS two, NULL, 3.5, x'00ff' AS b")
    equal(result["columns"], ["one", "two", "NULL", "3.5", "b"])
    equal(result["rows"], [[1, "two", None, 3.5, "00ff"]])
    equal(result["truncated"], False)
    assert result["took_us"] >= 0
    # what JSON's numbers do not hold, and texts that are none
    equal(rows(daemon, "SELECT 9007199254740992, 9007199254740993, -9007199254740993, 1e999, -1e999"),
          [[9007199254740992, "9007199254740993", "-9007199254740993", "Infinity", "-Infinity"]])
    equal(rows(daemon, "SELECT cast(x'ff41' AS text), 'a'||char(0)||'b', 'é\"\\'||char(10)"), [["\ufffdA", "a\ufffdb", "é\"\\\n"]])
    equal(rows(daemon, "SELECT 1 WHERE 0"), [])
    equal(rows(daemon, "VALUES (1), (2)"), [[1], [2]])
    equal(rows(daemon, "SELECT 1; -- no more\n /* really */ ;"), [[1]])


def test_reads_what_is_written(t):
    daemon = t.start()
    daemon.call("metrics.record", {"samples": [{"name": "a.b", "labels": {"k": "v"}, "value": 2.5, "t_us": now_us()}]})
    daemon.call("events.mark", {"text": "studio", "t_us": 7})
    equal(rows(daemon, "SELECT value FROM v_sample WHERE series=?", ['a.b{k="v"}']), [[2.5]])
    equal(rows(daemon, "SELECT time, text FROM v_event"), [["1970-01-01T00:00:00.000007Z", "studio"]])
    # by REST, and by the Unix socket
    status, answer = daemon.rest("POST", "/sql", {"sql": "SELECT count(*) AS n FROM event"})
    equal((status, answer["columns"], answer["rows"]), (200, ["n"], [[1]]))
    equal(daemon.admin("sql.query", {"sql": "SELECT 1"})["rows"], [[1]])


def test_on_a_file(t):
    """With no daemon, and where nothing can be made beside the file."""
    daemon = t.start()
    daemon.call("events.mark", {"text": "studio", "t_us": 7})
    daemon.stop()
    ask = json.dumps({"sql": "SELECT text FROM event"})
    code, out, err = t.ctl(None, "--db", daemon.db, "--json", "call", "sql.query", ask)
    equal(code, 0, err)
    equal(json.loads(out)["rows"], [["studio"]])
    folder = os.path.join(t.dir, "still")
    os.mkdir(folder)
    shutil.copy(daemon.db, folder)
    still = os.path.join(folder, "orfeas.db")
    code, out, err = t.ctl(None, "--db", still, "--json", "call", "sql.query", ask)
    equal(code, 0, err)
    equal(json.loads(out)["rows"], [["studio"]])


def test_parameters(t):
    daemon = t.start()
    equal(rows(daemon, "SELECT ?, ?, typeof(?)", [1.5, "x'", {"hex": "00fF"}]), [[1.5, "x'", "blob"]])
    equal(rows(daemon, "SELECT :a, @b, $c, :a", {"a": 1, "@b": None, "c": True}), [[1, None, 1, 1]])
    equal(rows(daemon, "SELECT typeof(?), typeof(?)", [9007199254740992, 0.5]), [["integer", "real"]])
    for sql, params, field in (
        ("SELECT ?", None, "params"),
        ("SELECT ?", [], "params"),
        ("SELECT ?", [1, 2], "params"),
        ("SELECT 1", [1], "params"),
        ("SELECT ?", [[1]], "params[0]"),
        ("SELECT ?", [{"hex": "0"}], "params[0]"),
        ("SELECT ?", [{"hex": "zz"}], "params[0]"),
        ("SELECT ?, ?", [1, {"text": "a"}], "params[1]"),
        ("SELECT :a", {"b": 1}, "params.a"),
        ("SELECT :a", {"a": 1, "b": 1}, "params"),
        ("SELECT ?", {"a": 1}, "params[0]"),
        ("SELECT 1", 5, "params"),
    ):
        fails(lambda: query(daemon, sql, params), "INVALID_ARGUMENT", field=field)


def test_mistakes_are_placed(t):
    daemon = t.start()
    for sql, part in (
        ("SELEC 1", 'near "SELEC": syntax error, at line 1, column 1'),
        ("SELECT\n  1,\n é, nope FROM series", "no such column: é, at line 3, column 2"),
        ("SELECT 1 FROM nope", "no such table: nope"),
        ("SELECT nope(1)", "no such function: nope, at line 1, column 8"),
        ("SELECT 1; SELECT 2", "one statement a call, and here is another, at line 1, column 10"),
        ("SELECT 1; selec", "one statement a call"),
        (" -- nothing", "no statement"),
        ("SELECT json('{')", "malformed JSON"),
        ("SELECT abs(-9223372036854775808)", "integer overflow"),
    ):
        contains(fails(lambda: query(daemon, sql), "INVALID_ARGUMENT", field="sql").message, part)


def test_only_reads(t):
    daemon = t.start()
    daemon.call("metrics.record", {"samples": [{"name": "a", "value": 1}]})
    before = daemon.sql("SELECT * FROM series WHERE name='a'")
    for sql in (
        "DELETE FROM series", "UPDATE series SET name='x'", "INSERT INTO event VALUES (1,1,'a','b','c')",
        "WITH x AS (SELECT 1) DELETE FROM series", "DROP TABLE series", "CREATE TABLE t (a)",
        "CREATE TEMP TABLE t (a)", "CREATE TEMP VIEW v AS SELECT 1", "CREATE VIRTUAL TABLE t USING fts5(a)",
        "ALTER TABLE series RENAME TO s", "ATTACH ':memory:' AS m", "ATTACH '/etc/passwd' AS m", "DETACH main",
        "BEGIN", "COMMIT", "SAVEPOINT a", "VACUUM", f"VACUUM INTO '{t.dir}/copy'", "ANALYZE", "REINDEX",
        "EXPLAIN DELETE FROM series",
        "PRAGMA user_version=9", "PRAGMA journal_mode=DELETE", "PRAGMA query_only=0", "PRAGMA writable_schema=1",
        "PRAGMA wal_checkpoint", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA locking_mode=EXCLUSIVE",
        "PRAGMA temp_store_directory='/'", "PRAGMA mmap_size=1000000000", "PRAGMA cache_size=-1000000",
        "PRAGMA hard_heap_limit=0", "PRAGMA trusted_schema=1", "PRAGMA integrity_check", "PRAGMA optimize",
        "SELECT * FROM pragma_journal_mode('DELETE')",
        "SELECT * FROM idempotency", "SELECT count(*) FROM idempotency", "SELECT key FROM main.idempotency",
        "SELECT (SELECT response FROM idempotency)", "WITH series AS (SELECT * FROM idempotency) SELECT * FROM series",
        # of which the authorizer is not asked
        "SELECT key, response FROM (SELECT NULL AS key, NULL AS response WHERE 0) FULL JOIN idempotency USING (key, response)",
        'SELECT key FROM (SELECT NULL AS key WHERE 0) FULL JOIN main."Idempotency" USING (key)',
        "SELECT * FROM sqlite_stmt",
        "SELECT load_extension('/tmp/x')", "SELECT fts3_tokenizer('simple')", "SELECT sqlite_compileoption_get(0)",
        "WITH v_event AS (SELECT load_extension('a') AS a) SELECT a FROM v_event",
        "SELECT group_concat(load_extension(name)) FROM series",
    ):
        error = fails(lambda: query(daemon, sql), "PERMISSION_DENIED", -32007)
        contains(error.message, "sql: ")
    # those of the shell are not there at all
    for sql in ("SELECT writefile('/tmp/x','a')", "SELECT readfile('/etc/passwd')", "SELECT edit('a')", "SELECT * FROM sqlite_dbpage",
                "SELECT * FROM generate_series(1,9)", "SELECT * FROM pragma_user_version(9)"):
        fails(lambda: query(daemon, sql), "INVALID_ARGUMENT")
    equal(daemon.sql("SELECT * FROM series WHERE name='a'"), before)
    equal(os.path.exists(f"{t.dir}/copy"), False)


def test_every_view(t):
    """Views call nothing that a statement of somebody may not."""
    daemon = t.start()
    views = [name for (name,) in rows(daemon, "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name")]
    contains(views, "v_anomaly")
    for view in views:
        query(daemon, f"SELECT * FROM {view} LIMIT 1")


def test_tells_of_itself(t):
    """EXPLAIN and what tells of tables is allowed on purpose: nobody writes SQL blind."""
    daemon = t.start()
    contains(json.dumps(rows(daemon, "EXPLAIN QUERY PLAN SELECT * FROM series WHERE id=1")), "SEARCH series")
    assert len(rows(daemon, "EXPLAIN SELECT 1")) > 2
    contains(json.dumps(rows(daemon, "PRAGMA table_info(series)")), "created_us")
    contains(json.dumps(rows(daemon, "SELECT name FROM pragma_table_info('series')")), "created_us")
    contains(json.dumps(rows(daemon, "SELECT sql FROM sqlite_schema WHERE name='series'")), "UNIQUE (name, labels)")
    equal(rows(daemon, "PRAGMA application_id"), [[0x4F524653]])
    equal(rows(daemon, "PRAGMA user_version"), [list(daemon.sql("PRAGMA user_version")[0])])
    assert rows(daemon, "SELECT sum(pgsize) FROM dbstat")[0][0] > 0
    equal(rows(daemon, "SELECT key, value FROM json_each('{\"a\":1}')"), [["a", 1]])


def test_printf_is_as_sqlite_has_it(t):
    """Ours stands in for its own, which nothing bounds."""
    daemon = t.start()
    values = "2.25, 'ab', 'it''s', 1234567, NULL, -7, 1e300, x'6162'"
    for form in ("%05.1f|%-4s|%q|%,d|%Q", "%%|%6.3s|%w", "%f|%e|%g|%G|%E", "%d|%i|%u|%x|%X|%o", "%+d|% d|%05d|%-5d|", "%.3f|%8.2e|%!.15g",
                 "%s|%s|%s|%s|%s|%s|%s|%s|%s", "%z|%q|%Q|%w|%Q", "%c|%c", "%5c|%-5c|", "%ld|%lld", "a", "%.0f|%.f", "%#x|%#o"):
        text = f"SELECT printf('{form}', {values})"
        equal(rows(daemon, text), [list(daemon.sql(text)[0])], form)
    equal(rows(daemon, "SELECT printf(NULL), format('%d'), printf('%s|')"), [[None, "0", "|"]])
    fails(lambda: query(daemon, "SELECT printf('%y', 1)"), "INVALID_ARGUMENT")


def test_bounds(t):
    daemon = t.start(settings={"sql.max_us": 60000000, "sql.max_memory_bytes": 16 << 20, "sql.max_result_bytes": 10000})
    result = query(daemon, "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM r) SELECT x FROM r", max_rows=7)
    equal((result["rows"], result["truncated"]), ([[i] for i in range(1, 8)], True))
    result = query(daemon, "WITH RECURSIVE r(x) AS (SELECT 1000 UNION ALL SELECT x+1 FROM r) SELECT x FROM r", max_rows=100000)
    equal(result["truncated"], True)
    assert 1000 < len(result["rows"]) < 2000, len(result["rows"])
    equal(query(daemon, "VALUES (1),(2)", max_rows=2)["truncated"], False)
    for sql, status in (
        ("SELECT hex(zeroblob(6000))", "RESOURCE_EXHAUSTED"),  # one row is too large
        (f'WITH t AS (SELECT 1 AS "{"n" * 3000}") SELECT *,*,*,* FROM t WHERE 0', "RESOURCE_EXHAUSTED"),  # as are its columns' names
        ("SELECT zeroblob(900000000)", "RESOURCE_EXHAUSTED"),
        ("SELECT replace(hex(zeroblob(8000000)),'0','0123456789')", "RESOURCE_EXHAUSTED"),
        ("WITH RECURSIVE r(x) AS (SELECT 'aaaaaaaa' UNION ALL SELECT x||x FROM r) SELECT max(length(x)) FROM r", "RESOURCE_EXHAUSTED"),
        ("WITH RECURSIVE r(x) AS (SELECT randomblob(100000) UNION ALL SELECT randomblob(100000) FROM r) "
         "SELECT count(*) FROM (SELECT x FROM r ORDER BY x)", "RESOURCE_EXHAUSTED"),
        ("SELECT printf('%.*c',900000000,'x')", "INVALID_ARGUMENT"),
        ("SELECT printf('%900000000d',1)", "INVALID_ARGUMENT"),
        ("SELECT format('%.900000000f',1.5)", "INVALID_ARGUMENT"),
        ("SELECT 1 LIKE '" + "%a" * 200 + "'", "INVALID_ARGUMENT"),
        ("SELECT " + "(" * 300 + "1" + ")" * 300, "INVALID_ARGUMENT"),
        ("SELECT 1" + " UNION ALL SELECT 1" * 200, "INVALID_ARGUMENT"),
        ("SELECT " + ",".join("1" * 2000), "INVALID_ARGUMENT"),
        ("SELECT ?" + ",?" * 2000, "INVALID_ARGUMENT"),
    ):
        fails(lambda: query(daemon, sql, meta={"deadline_ms": 60000}), status)
    fails(lambda: query(daemon, "x" * 70000), "INVALID_ARGUMENT", field="sql")
    equal(rows(daemon, "SELECT 1"), [[1]])
    wait_for(lambda: not children(daemon), "the last process to end")


def test_bound_in_time(t):
    daemon = t.start(settings={"sql.max_us": 700000})
    for sql in (ENDLESS, DEAF):
        fails(lambda: query(daemon, sql), "DEADLINE_EXCEEDED")
    wait_for(lambda: not children(daemon), "the last process to end")


def test_deadline(t):
    """The caller's, nearer than ours."""
    daemon = t.start(settings={"sql.max_us": 60000000})
    fails(lambda: query(daemon, ENDLESS, meta={"deadline_ms": 50}), "DEADLINE_EXCEEDED", -32004)
    fails(lambda: query(daemon, DEAF, meta={"deadline_ms": 50}), "DEADLINE_EXCEEDED", -32004)
    wait_for(lambda: not children(daemon), "their processes to end")


def test_cancelled(t):
    daemon = t.start(settings={"sql.max_us": 60000000, "sql.max_running": 1})
    with daemon.peer() as peer:
        peer.send_text(json.dumps(orfeas_test.request("sql.query", {"sql": ENDLESS}, request_id=1)))
        first = wait_for(lambda: children(daemon), "its process")
        peer.send_text(json.dumps(orfeas_test.request("sql.query", {"sql": DEAF}, request_id=2)))
        peer.send_text(json.dumps(orfeas_test.request("rpc.cancel", {"id": 1}, request_id=3)))
        answers = [json.loads(peer.receive_text()) for _ in range(2)]
        by_id = {answer["id"]: answer for answer in answers}
        equal(by_id[3]["result"], {"cancelled": True})
        equal(by_id[1]["error"]["data"]["status"], "CANCELLED")
        # its place is the next one's
        wait_for(lambda: children(daemon) and children(daemon) != first, "the next one's process")
    # whose caller has gone now
    wait_for(lambda: not children(daemon), "its process to end")
    equal(rows(daemon, "SELECT 1"), [[1]])


def test_at_once(t):
    """No more than may run at once and wait; each gets its own answer."""
    daemon = t.start(settings={"sql.max_us": 60000000, "sql.max_running": 2, "sql.max_waiting": 3})
    endless = [Asking(daemon, ENDLESS, meta={"deadline_ms": 60000}) for _ in range(2)]
    wait_for(lambda: len(children(daemon)) == 2, "two processes")
    with daemon.peer() as peer:
        for i in range(4):
            peer.send_text(json.dumps(orfeas_test.request("sql.query", {"sql": f"SELECT {i}"}, request_id=i)))
        refused = json.loads(peer.receive_text())
        equal((refused["id"], refused["error"]["data"]["status"]), (3, "RESOURCE_EXHAUSTED"))
        assert refused["error"]["data"]["retry_after_ms"] > 0, refused
        equal(len(children(daemon)), 2)
        for pid in children(daemon):
            os.kill(pid, signal.SIGKILL)
        equal([one.failed() for one in endless], ["UNAVAILABLE"] * 2)
        contains(endless[0].error.message, "killed by signal 9")
        answers = [json.loads(peer.receive_text()) for _ in range(3)]
        equal(sorted((answer["id"], answer["result"]["rows"]) for answer in answers), [(i, [[i]]) for i in range(3)])
    many = [Asking(daemon, f"SELECT {i}, count(*) FROM series") for i in range(3)]
    for one in many:
        one.join()
    equal(sorted(one.answer["rows"][0][0] for one in many), [0, 1, 2])


def test_turns(t):
    """Who asks for many waits for his own: another's goes before them."""
    daemon = t.start(settings={"sql.max_us": 60000000, "sql.max_running": 1})
    with daemon.peer() as many, daemon.websocket() as one:
        for i in range(3):
            many.send_text(json.dumps(orfeas_test.request("sql.query", {"sql": ENDLESS}, request_id=i)))
        first = wait_for(lambda: children(daemon), "the first one's process")
        one.send_text(json.dumps(orfeas_test.request("sql.query", {"sql": "SELECT 7"}, request_id="other's")))
        one.send_text(json.dumps(orfeas_test.request("health.check", request_id="behind it")))
        equal(json.loads(one.receive_text())["id"], "behind it")
        os.kill(next(iter(first)), signal.SIGKILL)
        equal(json.loads(one.receive_text())["result"]["rows"], [[7]])


def test_twenty_clients_while_it_is_written(t):
    daemon = t.start(settings={"sql.max_us": 60000000})
    stop = threading.Event()

    def write():
        with daemon.peer() as peer:
            while not stop.is_set():
                peer.call("metrics.record", {"samples": [{"name": f"w.{i}", "value": i} for i in range(500)]})

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_for(lambda: daemon.sql("SELECT count(*) FROM sample_raw")[0][0] > 1000, "samples")
        asking = [Asking(daemon, "SELECT count(*), (SELECT count(*) FROM sample_raw) FROM sample_raw") for _ in range(20)]
        for one in asking:
            one.join()
            assert one.answer is not None, one.error
            first, second = one.answer["rows"][0]
            equal(first, second, "one statement sees one state")
    finally:
        stop.set()
        writer.join()
    equal(orfeas_test.integrity(daemon.db), "ok")


def test_ends_with_the_daemon(t):
    """SIGTERM waits for what runs, as for all calls; a kill takes the processes with it."""
    daemon = t.start(settings={"sql.max_us": 600000})  # less than the second that it drains for
    asking = []

    def both_read():
        # a busy machine may end the first before the second has begun: then both anew
        if not any(one.is_alive() for one in asking):
            asking[:] = [Asking(daemon, ENDLESS) for _ in range(2)]
        return sum(reads(pid, daemon.db) for pid in children(daemon)) == 2

    # past their start, which a busy machine draws out beyond what the daemon waits for when it ends
    wait_for(both_read, "two statements")
    daemon.stop()
    equal([one.failed() for one in asking], ["DEADLINE_EXCEEDED"] * 2)
    daemon.settings["sql.max_us"] = 60000000
    daemon = t.start(settings={"sql.max_us": 60000000}, db=daemon.db)
    with daemon.peer() as peer:
        peer.send_text(json.dumps(orfeas_test.request("sql.query", {"sql": ENDLESS})))
        pids = wait_for(lambda: children(daemon), "its process")
        daemon.kill()
        wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "it to end too")


def test_no_program(t):
    """Where it is not installed the call says so, and all else goes on."""
    folder = os.path.join(t.dir, "bare")
    os.mkdir(folder)
    shutil.copy(orfeas_test.ORFEASD, folder)
    if os.path.exists("/usr/local/libexec/orfeas/orfeas-sql"):
        raise orfeas_test.Skip("it is installed here")
    daemon = t.daemon()
    daemon.command[0] = os.path.join(folder, "orfeasd")
    daemon.start()
    contains(fails(lambda: query(daemon, "SELECT 1"), "UNAVAILABLE", -32014).message, "orfeas-sql")
    equal(daemon.call("health.check"), {"serving": "SERVING"})


if __name__ == "__main__":
    orfeas_test.main()
