#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What callers put into parameters: SQL, patterns, numbers and names that are meant for somebody else who reads them."""

import csv
import io
import json
import os
import re
import time

import orfeas_test
from break_in import methods, open_house, status_of
from orfeas_test import contains, equal, now_us, request, wait_for

BROKEN_LINES = "a\r\n\x1b[2J\x1b]0;owned\x07\u2028\u202eb"


def ask(method, params=None, **more):
    return open_house.get().daemon.ask({**request(method, params), **more})


def refused(method, params, *allowed):
    """The call ends in one of those, and soon."""
    begun = time.monotonic()
    answer = ask(method, params)
    found = status_of(answer)
    assert found in (allowed or ("INVALID_ARGUMENT",)), f"{method} {str(params)[:100]}: {found} {str(answer)[:200]}"
    assert time.monotonic() - begun < 20, f"{method} {str(params)[:100]} took {time.monotonic() - begun:.1f} s"
    return answer["error"]


def serving():
    equal(open_house.get().daemon.call("health.check"), {"serving": "SERVING"})


# ---- SQL


def test_sql_that_writes(_):
    """`sql.query`: INSERT, UPDATE, DELETE, DROP, CREATE, also after WITH, in EXPLAIN, in a CTE, behind a comment"""
    for text in ("DELETE FROM series", "WITH a AS (SELECT 1) INSERT INTO event SELECT 1,1,'a','b','c' FROM a", "/**/UPDATE series SET name='x'", "EXPLAIN DROP TABLE audit",
                 "CREATE TABLE t (a)", "REPLACE INTO event VALUES (1,1,'a','b','c')", "CREATE TRIGGER t AFTER INSERT ON event BEGIN SELECT 1; END"):
        refused("sql.query", {"sql": text}, "PERMISSION_DENIED")


def test_sql_attach(_):
    """ATTACH and DETACH of files, of memory, of a URI, VACUUM INTO"""
    for text in ("ATTACH '/etc/passwd' AS a", "ATTACH 'file:/etc/passwd?mode=ro' AS a", "ATTACH ':memory:' AS a", "ATTACH '' AS a", "DETACH main", "VACUUM INTO '/tmp/copied.db'"):
        refused("sql.query", {"sql": text}, "PERMISSION_DENIED")
    equal(os.path.exists("/tmp/copied.db"), False)


def test_sql_pragma(_):
    """PRAGMA that writes, as a statement and as a table"""
    for text in ("PRAGMA journal_mode=DELETE", "PRAGMA writable_schema=1", "PRAGMA user_version=1", "PRAGMA query_only=0", "PRAGMA trusted_schema=1",
                 "PRAGMA hard_heap_limit=0", "SELECT * FROM pragma_journal_mode('DELETE')", "PRAGMA temp_store_directory='/'"):
        refused("sql.query", {"sql": text}, "PERMISSION_DENIED")


def test_sql_extension(_):
    """`load_extension()`, `readfile()`, `writefile()`, `fts3_tokenizer()`, `edit()`"""
    for text in ("SELECT load_extension('/tmp/a')", "SELECT readfile('/etc/passwd')", "SELECT writefile('/tmp/a','a')", "SELECT fts3_tokenizer('simple', x'00')", "SELECT edit('a')"):
        refused("sql.query", {"sql": text}, "PERMISSION_DENIED", "INVALID_ARGUMENT")


def test_sql_without_end(_):
    """a CTE without end, a product of tables, one deaf instruction: ended in `sql.max_us`, others served meanwhile"""
    for text in ("WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM r) SELECT count(*) FROM r",
                 "SELECT count(*) FROM sqlite_schema a, sqlite_schema b, sqlite_schema c, sqlite_schema d, sqlite_schema e",
                 "SELECT instr(hex(zeroblob(1000000)), hex(zeroblob(500000))||'1')"):
        answer = open_house.get().daemon.ask(request("sql.query", {"sql": text}, {"deadline_ms": 300}))
        equal(status_of(answer), "DEADLINE_EXCEEDED", text)
    serving()


def test_sql_that_swells(_):
    """a blob of 900 MB, a text that doubles, a width of 900,000,000: refused, the daemon no larger"""
    daemon = open_house.get().daemon
    before = daemon.call("status.get")["self"]["rss_bytes"]
    for text in ("SELECT zeroblob(900000000)", "SELECT printf('%.*c',900000000,'x')", "SELECT replace(hex(zeroblob(8000000)),'0','0123456789')",
                 "WITH RECURSIVE r(x) AS (SELECT 'aaaaaaaa' UNION ALL SELECT x||x FROM r) SELECT max(length(x)) FROM r"):
        refused("sql.query", {"sql": text}, "RESOURCE_EXHAUSTED", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED")
    assert daemon.call("status.get")["self"]["rss_bytes"] < before + (64 << 20)


def test_sql_in_parameters(_):
    """SQL in every text parameter of every method that only reads: a value like any other"""
    bad = "' OR 1=1; DROP TABLE series; --"
    before = open_house.get().daemon.sql("SELECT count(*) FROM sqlite_schema")
    count = 0
    for method in methods():
        if method["x-role"] != "read" or method.get("x-writes") or method["name"].startswith(("sql.", "stream.", "rpc.")):
            continue
        for param in method["params"]:
            if param["schema"].get("type") == "string":
                answer = ask(method["name"], {param["name"]: bad})
                assert status_of(answer) not in ("INTERNAL", "UNKNOWN"), f"{method['name']} {param['name']}: {answer}"
                assert "syntax error" not in json.dumps(answer), f"{method['name']} {param['name']}: {answer}"
                count += 1
    assert count > 30, count
    equal(open_house.get().daemon.sql("SELECT count(*) FROM sqlite_schema"), before)


# ---- patterns


def test_regex_bombs(_):
    """`(a+)+$`, `(.*a){20}`, 10,000 alternatives, nested repeats, back-references, as a label's pattern: bounded in time"""
    daemon = open_house.get().daemon
    daemon.call("metrics.record", {"samples": [{"name": "bombed", "labels": {"k": "a" * 240 + str(i % 10) + "!"}, "value": 1} for i in range(200)]})
    for pattern in ("(a+)+$", "(a|a)*b", "(.*a){20}b", "(a*)*c", "((a+)+)+d", "(a?){64}a{64}e", "|".join(f"a{i}" for i in range(900)), "((((a{50}){50}){50}){50}){50}",
                    r"(a)\1", "a{1,100000}", "[[:alpha:]", "(" * 500 + ")" * 500, "\\", "*"):
        begun = time.monotonic()
        ask("metrics.query", {"select": "bombed{k=~" + json.dumps(pattern) + "}", "from_us": now_us() - 60_000_000})
        took = time.monotonic() - begun
        assert took < 10, f"{pattern[:30]} took {took:.1f} s"
    serving()


def test_selector_bombs(_):
    """selectors and expressions of 60,000 braces, 5,000 matchers, 3,000 nested calls, a range of 300 years at a step of 1 us"""
    wide = "a{" + ",".join(f'k{i}="v"' for i in range(5000)) + "}"
    for select in ("a{" * 30000, "{" * 60000, wide, "a{k=" + '"' * 1001, 'a{k="' + "\\" * 5001 + '"}', "a" * 60000):
        refused("metrics.query", {"select": select})
    for expr in ("(" * 3000 + "a" + ")" * 3000, "rate(" * 3000 + "a", "-" * 20000 + "a", "a + " * 5000 + "a", "sum by (" + "a," * 5000 + "a) (a)"):
        refused("metrics.query", {"expr": expr})
    refused("metrics.query", {"select": "orfeas.memory.rss_bytes", "from_us": 0, "to_us": 1 << 53, "step_us": 1}, "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED")
    serving()


def test_pattern_of_the_cache(_):
    """`cache.invalidate` with `*a*a*a*…b` over long keys: bounded in time"""
    daemon = open_house.get().daemon
    for i in range(50):
        daemon.call("cache.set", {"key": "a" * 200 + str(i), "value": "v"})
    begun = time.monotonic()
    ask("cache.invalidate", {"pattern": "*a" * 60 + "*b"})
    assert time.monotonic() - begun < 5
    serving()


def test_long_runs_at_once(t):
    """ten runs of 100,000 values to `anomalies.score` at once, each half a second of a reader and 25 MB: as many as `memory.queries_bytes` has room for"""
    daemon = t.start(settings={"memory.queries_bytes": 1 << 20})
    call = request("anomalies.score", {"values": [float(i % 97) for i in range(100000)]})
    with daemon.peer() as peer:
        answers = peer.ask([{**call, "id": i} for i in range(10)])
    equal([status_of(answer) for answer in answers], [None] + ["RESOURCE_EXHAUSTED"] * 9)
    equal(len(answers[0]["result"]["scores"]), 100000)
    equal(len(daemon.call("anomalies.score", call["params"])["scores"]), 100000, "the room is free again")


# ---- JSON


def test_json_depth(_):
    """100,000 nested arrays and objects, as a call, its params, an id, in REST, in a login, in OTLP"""
    daemon = open_house.get().daemon
    deep = "[" * 100000
    for text in (deep, '{"a":' * 100000, '{"jsonrpc":"2.0","id":1,"method":"status.get","params":' + deep, '{"jsonrpc":"2.0","method":"status.get","id":' + deep,
                 "[" * 500 + "]" * 500):
        equal(status_of(daemon.ask(text)), "PARSE_ERROR")
    for path in ("/api/v1/events", "/login", "/v1/traces", "/v1/metrics"):
        equal(daemon.http("POST", path, deep, {"Content-Type": "application/json"})[0], 400, path)
    serving()


def test_numbers_that_are_none(_):
    """1e999, NaN, Infinity, 2^53 and beyond, a number of 100,000 digits, -0, 1.5 where a whole one is asked"""
    daemon = open_house.get().daemon

    def record(number):
        text = '{"jsonrpc":"2.0","id":1,"method":"metrics.record","params":{"samples":[{"name":"numbered","value":%s}]}}' % number
        return daemon.ask(text)

    for number in ("1e999", "-1e999", "NaN", "Infinity", "-Infinity", "0x10", "1" * 100000, "1e", "01", "+1", ".5", "1_000"):
        assert status_of(record(number)) in ("PARSE_ERROR", "INVALID_ARGUMENT"), number[:20]
    for limit in (9007199254740993, 1 << 63, 1 << 64, -1, 0, 1.5, 1e300, True, None, "1", [1]):
        answer = ask("metrics.list", {"limit": limit})
        assert limit is None or status_of(answer) in ("INVALID_ARGUMENT", "PARSE_ERROR"), f"{limit}: {answer}"
    equal(daemon.sql("SELECT count(*) FROM v_sample WHERE series='numbered'"), [(0,)])


def test_members_twice(_):
    """a call with two `method`, two `params`, two `id`: one of them is looked at for its role, and the same one is run"""
    house = open_house.get()
    for pair in ('"method":"health.check","method":"db.check"', '"method":"db.check","method":"health.check"'):
        answer = house.daemon.ask('{"jsonrpc":"2.0","id":1,%s}' % pair)
        assert "ok" not in answer.get("result", {}), answer
    answer = house.daemon.ask('{"jsonrpc":"2.0","id":1,"id":2,"method":"health.check"}')
    assert answer["id"] in (1, 2) or "error" in answer, answer


def test_surrogates_and_nul(_):
    """lone surrogates, overlong UTF-8, UTF-16, a BOM, escaped NUL in names, values, keys and methods"""
    daemon = open_house.get().daemon
    for text in (b'"\\ud800"', b'"\\udc00\\ud800"', b'"\xed\xa0\x80"', b'"\xc0\xaf"', b'"\xf8\x88\x80\x80\x80"', b'"\xff"', b'"\\u0000"', b'"a\\u0000b"'):
        for call in (b'{"jsonrpc":"2.0","id":1,"method":"metrics.record","params":{"samples":[{"name":%s,"value":1}]}}',
                     b'{"jsonrpc":"2.0","id":1,"method":"metrics.record","params":{"samples":[{"name":"a","labels":{"k":%s},"value":1}]}}',
                     b'{"jsonrpc":"2.0","id":1,"method":"events.mark","params":{"text":%s}}', b'{"jsonrpc":"2.0","id":1,"method":%s}'):
            found = status_of(daemon.ask(call % text))
            assert found in ("PARSE_ERROR", "INVALID_ARGUMENT", "METHOD_NOT_FOUND", "INVALID_REQUEST"), f"{call % text}: {found}"
    for text in ('{"jsonrpc":"2.0","id":1,"method":"health.check"}'.encode("utf-16"), b"\xef\xbb\xbf{}", b"\xfe\xff{}"):
        equal(status_of(daemon.ask(text)), "PARSE_ERROR")


def test_names_that_collide(_):
    """65,536 names that one unseeded hash puts into one bucket, as labels, JSON keys and query fields: as quick as any"""
    daemon = open_house.get().daemon
    # of g_str_hash, h = h * 33 + c: "Ez" and "FY" are one to it
    names = ["".join(("Ez", "FY")[number >> bit & 1] for bit in range(16)) for number in range(65536)]
    begun = time.monotonic()
    equal(status_of(daemon.ask(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "status.get", "params": dict.fromkeys(names, 1)}))), "INVALID_ARGUMENT")
    status, _, _ = daemon.http("GET", "/api/v1/status?" + "&".join(f"{name}=1" for name in names[:230]))
    equal(status, 400)
    for at in range(0, 4000, 1000):
        daemon.call("metrics.record", {"samples": [{"name": name, "value": 1} for name in names[at : at + 1000]]})
    took = time.monotonic() - begun
    assert took < 20, f"took {took:.1f} s"


# ---- commands


def test_commands_named_by_a_call(_):
    """`command`, `exec`, `program`, `url`, `script`, `receiver` in rules, cleanups, workers and incidents: no such parameter"""
    marker = os.path.join(open_house.get().t.dir, "was-run")
    command = f"touch {marker}"
    for method in methods():
        for name in ("command", "exec", "program", "script", "shell", "receivers", "actuator_command"):
            if method["x-role"] in ("operate", "admin", "ingest") and name not in {param["name"] for param in method["params"]}:
                with open_house.get().daemon.peer() as peer:
                    equal(status_of(peer.ask(request(method["name"], {name: command}))), "INVALID_ARGUMENT", f"{method['name']} {name}")
    # and no method has one
    names = {param["name"] for method in methods() for param in method["params"]}
    equal(names & {"command", "exec", "program", "script", "shell", "argv"}, set())
    equal(os.path.exists(marker), False)


def test_words_for_a_shell(_):
    """`$(…)`, backquotes, `; touch` in names, labels, rules, events and devices: nothing is run"""
    house = open_house.get()
    marker = os.path.join(house.t.dir, "was-run-too")
    for text in (f"$(touch {marker})", f"`touch {marker}`", f"; touch {marker} ;", f"| touch {marker}", f"' ; touch {marker} ; '", f"--output={marker}"):
        ask("events.mark", {"text": text, "kind": "note"})
        ask("metrics.record", {"samples": [{"name": "shelled", "labels": {"k": text}, "value": 1}]})
        ask("gpu.cleanup", {"device": text})
        ask("gpu.batch_size", {"worker": text})
        ask("worker.register", {"name": text[:60]})
        with house.daemon.peer() as peer:
            peer.ask(request("alerts.set_rule", {"rule": text, "expr": "a > 1"}))
    equal(os.path.exists(marker), False)


def test_name_of_a_rule(_):
    """a rule whose name has lines, tags or paths: refused"""
    with open_house.get().daemon.peer() as peer:
        for name in ("a\r\nBcc: all@example.org", "<script>", "../../a", "a b", "", "a" * 300, "a\0", "[x]", "a=b"):
            equal(status_of(peer.ask(request("alerts.set_rule", {"rule": name, "expr": "a > 1"}))), "INVALID_ARGUMENT", name)


# ---- who reads it later


def test_formulas_in_exports(_):
    """`=HYPERLINK(…)`, `+`, `-`, `@`, TAB and CR first in a cell of what is exported as CSV"""
    house = open_house.get()
    formulas = ["=HYPERLINK(\"http://evil.test\")", "+1+1", "-2+3+cmd|' /C calc'!A0", "@SUM(1+1)", "\t=1", "\r=1", "=1\n,=2"]
    for text in formulas:
        # no name of a series can begin so
        equal(status_of(ask("metrics.record", {"samples": [{"name": text, "value": 1}]})), "INVALID_ARGUMENT")
        ask("metrics.record", {"samples": [{"name": "tabled", "labels": {"k": text}, "value": 1}]})
        ask("events.mark", {"text": text})
    _, _, body = house.daemon.http("GET", "/api/v1/metrics/export.csv?select=tabled&from_us=0")
    check_cells(body.decode())
    code, out, err = house.t.ctl(house.daemon, "sql", "--csv", "SELECT text, -5, -2.5, '-7', '+1e3' FROM event")
    equal(code, 0, err)
    check_cells(out)
    contains(out, ",-5,-2.5,-7,+1e3")
    contains(out, "'@SUM(1+1)")


def check_cells(text):
    for row in csv.reader(io.StringIO(text, newline="")):
        for cell in row:
            assert not re.match(r"[=+\-@\t\r]", cell) or re.fullmatch(r"[+-]?[0-9.]+(e[+-]?[0-9]+)?", cell), f"a formula: {cell!r}"


def test_lines_in_the_log(_):
    """names with lines and escapes in what the log repeats: one line, no escape"""
    house = open_house.get()
    for params in ({"select": BROKEN_LINES}, {"expr": BROKEN_LINES}):
        ask("metrics.query", params)
    house.daemon.http("POST", "/login", {"token": BROKEN_LINES})
    with house.daemon.peer() as peer:
        peer.ask(request(BROKEN_LINES))
        peer.ask(request("db.backup", {"path": "/nowhere/" + BROKEN_LINES}))
        peer.ask(request("worker.register", {"name": BROKEN_LINES}))
    text = house.daemon.stderr()
    assert "\x1b" not in text and "\x07" not in text, text
    assert not any(line.startswith("b") for line in text.splitlines()), text


def test_escapes_on_a_terminal(_):
    """escape sequences and line breaks in labels, events and spans, in what `orfeasctl` shows"""
    house = open_house.get()
    ask("metrics.record", {"samples": [{"name": "shown", "labels": {"k": BROKEN_LINES}, "value": 1}]})
    ask("events.mark", {"text": BROKEN_LINES})
    for arguments in (("metrics", "list", "shown"), ("event", "list"), ("sql", "SELECT text FROM event"), ("metrics", "query", "shown")):
        code, out, err = house.t.ctl(house.daemon, *arguments)
        equal(code, 0, f"{arguments}: {err}")
        assert "\x1b" not in out and "\x07" not in out and "\u202e" not in out, f"{arguments}: {out!r}"


def test_lines_in_the_exposition(_):
    """a label with quotes, backslashes and lines on `/metrics`: one sample, no other"""
    house = open_house.get()
    ask("metrics.record", {"samples": [{"name": "exposed", "labels": {"k": 'a"} 1\nevil_metric{x="\\'}, "value": 7}]})
    for accept in ("text/plain", "application/openmetrics-text"):
        _, _, body = house.daemon.http("GET", "/metrics", headers={"Accept": accept})
        equal([line for line in body.decode().splitlines() if line.startswith("evil_metric")], [], accept)


def test_secrets_in_what_is_kept(_):
    """secrets in parameters: not in the audit"""
    house = open_house.get()
    with house.daemon.peer() as peer:
        peer.call("alerts.set_rule", {"rule": "kept", "expr": "a > 1", "labels": {"token": "s3cret-one", "password": "s3cret-two", "team": "ml"}})
    ((detail,),) = wait_for(lambda: house.daemon.sql("SELECT detail FROM audit WHERE method='alerts.set_rule' AND detail LIKE '%\"kept\"%'"), "the row")
    equal(json.loads(detail)["labels"], {"token": "***", "password": "***", "team": "ml"})
    equal(house.daemon.sql("SELECT detail FROM audit WHERE detail LIKE '%s3cret%'"), [])


if __name__ == "__main__":
    orfeas_test.main()
