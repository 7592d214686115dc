#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""orfeasctl: each verb, and each exit status."""

import json
import os
import pty
import signal

import orfeas_test
from orfeas_test import contains, equal, wait_for

DONE, SERVER_ERROR, USAGE, NO_CONNECTION, DEADLINE, CHECK_FAILED = range(6)


def ctl(t, daemon, *arguments, expect=DONE, stdin=None):
    code, out, err = t.ctl(daemon, *arguments, stdin=stdin)
    equal(code, expect, f"{arguments}: {out[-500:]} {err[-500:]}")
    return out if expect in (DONE, CHECK_FAILED) else err


def test_status(t):
    daemon = t.start()
    text = ctl(t, daemon, "status")
    for part in ("custom_metrics", "alerting_system", daemon.db):
        contains(text, part)
    equal(json.loads(ctl(t, daemon, "status", "--json"))["phase4_enabled"], True)


def test_gpu(t):
    daemon = t.start()
    devices = wait_for(lambda: daemon.call("gpu.list")["devices"], "devices")
    text = ctl(t, daemon, "gpu")
    for device in devices:
        contains(text, device["device"])
    one = ctl(t, daemon, "gpu", devices[1]["device"])
    contains(one, devices[1]["device"])
    assert devices[0]["device"] not in one, one
    contains(ctl(t, daemon, "gpu", "nosuch", expect=SERVER_ERROR), "nosuch")


def test_metrics(t):
    daemon = t.start()
    for value in (1.5, 2.5, 4):
        ctl(t, daemon, "metrics", "record", f'job.size{{kind="a"}}={value}')
    text = ctl(t, daemon, "metrics", "list", "--match", "job.")
    contains(text, 'job.size{kind="a"}')
    result = json.loads(ctl(t, daemon, "metrics", "query", "job.size", "--last", "5m", "--json"))
    equal([point[1] for point in result["series"][0]["points"]], [1.5, 2.5, 4])
    piped = ctl(t, daemon, "metrics", "query", "job.size", "--last", "5m")
    for value in ("1.5", "2.5", "4"):
        contains(piped, value)
    ctl(t, daemon, "metrics", "query", "job.size{", expect=SERVER_ERROR)


def test_metrics_query_as_in_the_readme(t):
    daemon = t.start(settings={"gpu.sample_us": 100000})
    wait_for(lambda: daemon.call("metrics.query", {"select": "gpu.memory.used_bytes"})["series"], "samples")
    contains(ctl(t, daemon, "metrics", "query", "gpu.memory.used_bytes", "--last", "5m"), "gpu.memory.used_bytes")


def test_call_and_discover(t):
    daemon = t.start()
    equal(json.loads(ctl(t, daemon, "call", "health.check")), {"serving": "SERVING"})
    equal(json.loads(ctl(t, daemon, "call", "health.check", '{"service":"custom_metrics"}')), {"serving": "SERVING"})
    contains(ctl(t, daemon, "call", "no.such", expect=SERVER_ERROR), "no.such")
    contains(ctl(t, daemon, "call", "metrics.list", '{"limit":0}', expect=SERVER_ERROR), "limit")
    contains(json.loads(ctl(t, daemon, "discover", "--json")), "openrpc")
    contains(ctl(t, daemon, "discover"), "status.get")


def test_db(t):
    daemon = t.start()
    contains(ctl(t, daemon, "db", "check"), "ok")
    target = os.path.join(t.dir, "copy.db")
    ctl(t, daemon, "db", "backup", target)
    equal(orfeas_test.integrity(target), "ok")
    ctl(t, daemon, "db", "backup", target, expect=SERVER_ERROR)


def test_check_failed(t):
    daemon = t.start()
    daemon.call("metrics.record", {"samples": [{"name": f"a.{i}", "value": i} for i in range(1000)]})
    daemon.stop()
    connection = orfeas_test.sqlite3.connect(daemon.db)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    orfeas_test.damage(daemon.db)
    daemon.start()
    ctl(t, daemon, "db", "check", expect=CHECK_FAILED)


def test_devices_of_a_file(t):
    daemon = t.start(settings={"gpu.sample_us": 100000})
    stored = "SELECT count(*) FROM v_sample WHERE series LIKE 'gpu.memory.used_bytes%'"
    wait_for(lambda: daemon.sql(stored)[0][0] >= 4, "samples of both devices")
    live = {device["device"]: device["total_bytes"] for device in daemon.call("gpu.list")["devices"]}
    daemon.stop()
    devices = json.loads(ctl(t, None, "--db", daemon.db, "gpu", "--json"))["devices"]
    equal({device["device"]: device["total_bytes"] for device in devices}, live)
    for device in devices:
        assert device["used_bytes"] > 0 and device["pressure_level"] and device["backend"] == "file", device
    contains(ctl(t, None, "--db", daemon.db, "gpu"), devices[0]["device"])


def test_on_a_file_with_no_daemon(t):
    daemon = t.start()
    daemon.call("metrics.record", {"samples": [{"name": "kept", "value": 42}]})
    daemon.stop()
    for arguments in (("metrics", "list", "--match", "kept"), ("metrics", "query", "kept", "--last", "1h")):
        contains(ctl(t, None, "--db", daemon.db, *arguments), "kept")
    contains(ctl(t, None, "--db", daemon.db, "db", "check"), "ok")
    ctl(t, None, "--db", daemon.db, "metrics", "record", "kept=1", expect=USAGE)
    equal(daemon.sql("SELECT value FROM v_sample WHERE series='kept'"), [(42.0,)])


def test_by_url(t):
    daemon = t.start()
    equal(json.loads(ctl(t, None, "--url", daemon.ready["http"], "status", "--json"))["phase4_enabled"], True)
    ctl(t, None, "--url", daemon.ready["http"], "db", "check", expect=SERVER_ERROR)
    ctl(t, None, "--url", daemon.ready["http"], "--token-file", os.path.join(t.dir, "cookie"), "db", "check")


def test_by_url_beside_the_cookie_of_another_daemon(t):
    daemon = t.start()
    folder = os.path.join(t.environment()["XDG_RUNTIME_DIR"], "orfeas")
    os.makedirs(folder, 0o700, exist_ok=True)
    path = os.path.join(folder, "cookie")
    with open(path, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as cookie:
        cookie.write("a" * 43)
    equal(json.loads(ctl(t, None, "--url", daemon.ready["http"], "status", "--json"))["phase4_enabled"], True)
    ctl(t, None, "--url", daemon.ready["http"], "--token-file", path, "status", expect=SERVER_ERROR)


def watch(t, daemon, *arguments, **options):
    return orfeas_test.subprocess.Popen(
        [orfeas_test.ORFEASCTL, "--socket", daemon.socket, *arguments],
        stdin=orfeas_test.subprocess.DEVNULL, stdout=orfeas_test.subprocess.PIPE, stderr=orfeas_test.subprocess.PIPE,
        text=True, env=t.environment(), **options,
    )


def ends(child, expect):
    """What it wrote since, and its standard error."""
    out, err = child.communicate(timeout=orfeas_test.PATIENCE_S)
    assert not orfeas_test.FAULTS.search(err), err
    equal(child.returncode, expect, err)
    return out, err


def test_metrics_query_expr(t):
    daemon = t.start()
    for value in (1, 3):
        ctl(t, daemon, "metrics", "record", f'job.size{{kind="a"}}={value}')
    query = ("metrics", "query", "--expr", "2 * max(job.size, 5m) > 5")
    for way in (daemon, None):
        if way is None:
            daemon.stop()
            query = ("--db", daemon.db, *query)
        out = ctl(t, way, *query)
        equal([line.split("\t")[1:] for line in out.splitlines()[1:]], [["1", '2 * max(job.size, 5m) > 5{kind="a"}']])
    daemon.start()
    # over a span there are some 60 values, and where it is wrong is shown
    out = ctl(t, daemon, "metrics", "query", "--expr", "absent(nosuch, 1m)", "--last", "50m")
    assert 50 <= len(out.splitlines()) <= 52, out
    span = ("--expr", "job.size", "--last", "1m", "--to", str(orfeas_test.now_us() // 1000000))
    equal(ctl(t, daemon, "metrics", "query", *span, "--csv"), ctl(t, daemon, "metrics", "export", *span))
    long = "'\u00e9' ".join(["a{b="] * 20)
    for expr, shown, caret in (("avg(m) > 85", "avg(m) > 85", 5), ("1 +", "1 +", 3),
                               ("m{k='h\u00e9\u00e9'} > ", "m{k='h\u00e9\u00e9'} > ", 13), (long, None, None)):
        code, out, err = t.ctl(daemon, "metrics", "query", "--expr", expr)
        lines = err.splitlines()
        equal((code, out, len(lines)), (SERVER_ERROR, "", 3), err)
        if shown is not None:
            equal(lines[:2], ["  " + shown, "  " + " " * caret + "^"])
        assert lines[1].endswith("^") and len(lines[1]) <= 80, err
    for wrong in (("metrics", "query", "m", "--expr", "m"), ("metrics", "query"), ("metrics", "export"), ("metrics", "query", "--expr", "\udcff")):
        ctl(t, daemon, *wrong, expect=USAGE)


def test_metrics_export(t):
    daemon = t.start()
    for value in (1.5, 2.5):
        ctl(t, daemon, "metrics", "record", f'job.size{{kind="a"}}={value}', "job.other=7")
    text = daemon.call("metrics.export", {"select": '{__name__=~"job.*"}'})["csv"]
    contains(text, '"job.size{kind=""a""}"')
    command = ("metrics", "export", '{__name__=~"job.*"}', "--last", "5m")
    # text=True has turned CRLF to LF
    equal(ctl(t, daemon, *command), text.replace("\r\n", "\n"))
    equal(ctl(t, daemon, "metrics", "query", *command[2:], "--csv"), text.replace("\r\n", "\n"))
    equal(json.loads(ctl(t, daemon, *command, "--json")), {"csv": text, "rows": text.count("\r\n") - 1})
    ctl(t, daemon, "metrics", "export", "job.size{", expect=SERVER_ERROR)
    daemon.stop()
    equal(ctl(t, None, "--db", daemon.db, *command), text.replace("\r\n", "\n"))


def test_watch_until_interrupted(t):
    daemon = t.start()
    # of the past: what falls into the step of the frame itself gives way to what is newer
    ctl(t, daemon, "metrics", "record", 'job.size{kind="a"}=1.5', "--at", str(orfeas_test.now_us() - 2000000))
    select = 'job.size{kind="a"}'
    for value, arguments in (
        ("2.5", ("metrics", "watch", select, "--history", "5m", "--period", "100ms")),
        ("3.5", ("call", "metrics.watch", json.dumps({"select": select, "history_us": 300000000, "period_us": 100000}))),
    ):
        child = watch(t, daemon, "--timeout", "20000", *arguments)
        equal(child.stdout.readline().split("\t")[1:], ["1.5", select + "\n"])
        # newer than any frame that is on its way
        ctl(t, daemon, "metrics", "record", f"{select}={value}", "--at", str(orfeas_test.now_us() + 500000))
        while child.stdout.readline().split("\t")[1:] != [value, select + "\n"]:
            assert child.poll() is None, ends(child, DONE)
        child.send_signal(signal.SIGINT)
        equal(ends(child, DONE)[1], "")


def test_watch_as_json(t):
    daemon = t.start()
    child = watch(t, daemon, "call", "health.watch", '{"service":"custom_metrics"}', "--json")
    equal(json.loads(child.stdout.readline()), {"serving": "SERVING"})
    child.send_signal(signal.SIGINT)
    equal(ends(child, DONE)[1], "")
    child = watch(t, daemon, "call", "health.watch")
    contains(child.stdout.readline(), "\tserving=SERVING\n")
    child.send_signal(signal.SIGINT)
    ends(child, DONE)


def test_watch_of_a_lost_daemon(t):
    daemon = t.start()
    for stop, expect in ((daemon.kill, (NO_CONNECTION,)), (daemon.stop, (NO_CONNECTION, SERVER_ERROR))):
        child = watch(t, daemon, "call", "health.watch", "--json")
        contains(child.stdout.readline(), "SERVING")
        stop()
        out, err = child.communicate(timeout=orfeas_test.PATIENCE_S)
        assert child.returncode in expect, (child.returncode, err)
        contains(err, "health.watch: ")
        daemon.start()


def test_watch_refused(t):
    daemon = t.start()
    contains(ctl(t, daemon, "metrics", "watch", "a{", expect=SERVER_ERROR), "select")
    contains(ctl(t, daemon, "metrics", "watch", "a", "--period", "1us", expect=SERVER_ERROR), "period_us")
    for where in (("--url", daemon.ready["http"]), ("--db", daemon.db)):
        contains(ctl(t, None, *where, "call", "health.watch", expect=USAGE), where[0])
    contains(ctl(t, None, "--url", daemon.ready["http"], "metrics", "watch", "a", expect=USAGE), "Unix socket")
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        ctl(t, daemon, "--timeout", "200", "metrics", "watch", "a", expect=DEADLINE)
    finally:
        daemon.process.send_signal(signal.SIGCONT)


def test_watch_with_no_reader(t):
    """It ends though no value comes that it could fail to write."""
    daemon = t.start()
    child = watch(t, daemon, "call", "health.watch")
    contains(child.stdout.readline(), "SERVING")
    child.stdout.close()
    equal(child.wait(orfeas_test.PATIENCE_S), DONE)
    equal(child.stderr.read(), "")
    child.stderr.close()


def test_watch_on_a_terminal(t):
    daemon = t.start(settings={"gpu.sample_us": 100000})
    env = {**t.environment(), "TERM": "xterm", "LC_ALL": "C.UTF-8", "COLUMNS": "80"}
    arguments = [orfeas_test.ORFEASCTL, "--socket", daemon.socket, "metrics", "watch", "gpu.memory.used_bytes", "--period", "100ms"]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(arguments[0], arguments, env)
    shown = b""
    while shown.count(b"Ctrl-C ends") < 3:
        shown += os.read(terminal, 65536)
    os.write(terminal, b"\x03")
    try:
        while True:
            rest = os.read(terminal, 65536)
            if not rest:
                break
            shown += rest
    except OSError:  # EIO: it has gone
        pass
    os.close(terminal)
    equal(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), DONE, shown[-500:])
    text = shown.decode()
    assert not orfeas_test.FAULTS.search(text), text
    for part in ("SERIES", "VALUE", "GiB", "\x1b[J", 'gpu.memory.used_bytes{device="'):
        contains(text, part)


def test_usage(t):
    for arguments in ((), ("nosuch",), ("status", "stray"), ("--nosuch",), ("metrics",), ("metrics", "query"), ("metrics", "watch"), ("metrics", "export"), ("--timeout", "x", "status"),
                      ("call", "status.get", "{"), ("call",), ("--socket", "/a", "--url", "http://127.0.0.1:1", "status")):
        code, out, err = t.ctl(None, *arguments)
        equal((code, out), (USAGE, ""), str(arguments))
        assert err, arguments


def test_output_that_is_no_file(t):
    """What is written beside and renamed does not take the place of a device, a pipe or a folder."""
    pipe = os.path.join(t.dir, "pipe")
    os.mkfifo(pipe)
    rows = os.path.join(t.dir, "rows.csv")
    with open(rows, "w", encoding="ascii") as file:
        file.write("t_us,value\n1,2\n")
    for path in (pipe, t.dir):
        for verb in (("export", "a"), ("postmortem", "--last", "1m"), ("anomalies", "replay", rows), ("predictions", "replay", rows), ("load", "show", "l-1"), ("load", "sustained", "--duration", "1s")):
            contains(ctl(t, None, "--socket", os.path.join(t.dir, "nobody.sock"), *verb, "-o", path, expect=USAGE), path)
    equal((os.path.exists(pipe + ".part"), os.stat(pipe).st_mode & 0o170000), (False, 0o010000))


def test_help(t):
    text = ctl(t, None, "--help")
    for verb in ("status", "gpu", "metrics", "call", "discover", "db"):
        contains(text, verb)
    for verb in (("status",), ("gpu",), ("metrics", "query"), ("metrics", "record"), ("metrics", "export"), ("metrics", "watch"),
                 ("call",), ("db", "check")):
        contains(ctl(t, None, *verb, "--help"), "orfeasctl " + verb[0])
    equal(ctl(t, None, "--version").split()[-1], t.start().call("status.get")["version"])


def test_no_connection(t):
    err = ctl(t, None, "--socket", os.path.join(t.dir, "nobody.sock"), "status", expect=NO_CONNECTION)
    contains(err, "nobody.sock")
    ctl(t, None, "--url", "http://127.0.0.1:1", "status", expect=NO_CONNECTION)


def test_deadline(t):
    daemon = t.start()
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        ctl(t, daemon, "--timeout", "200", "status", expect=DEADLINE)
        ctl(t, None, "--url", daemon.ready["http"], "--timeout", "200", "status", expect=DEADLINE)
    finally:
        daemon.process.send_signal(signal.SIGCONT)
    ctl(t, daemon, "status")


def test_output_can_be_cut(t):
    daemon = t.start()
    code = orfeas_test.subprocess.run(
        ["bash", "-o", "pipefail", "-c", '"$0" --socket "$1" discover --json | head -c 10 >/dev/null', orfeas_test.ORFEASCTL, daemon.socket],
        env=t.environment(), stderr=orfeas_test.subprocess.PIPE,
    )
    assert not orfeas_test.FAULTS.search(code.stderr.decode()), code.stderr


def test_closed_descriptors(t):
    """What is printed to a standard output that is closed goes nowhere, not to what was opened next."""
    daemon = t.start()
    rows = os.path.join(t.dir, "rows.csv")
    for arguments in (("status",), ("call", "health.watch"), ("token", "new", "--name", "a", "--role", "read", "--file", rows)):
        done = orfeas_test.subprocess.run(["bash", "-c", '"$@" <&- >&-', "bash", orfeas_test.ORFEASCTL, "--socket", daemon.socket, *arguments],
                                          env=t.environment(), capture_output=True, text=True, timeout=orfeas_test.PATIENCE_S, check=False)
        equal(done.returncode, SERVER_ERROR, done.stderr)
        contains(done.stderr, "could not be written")
    with open(rows, encoding="utf-8") as file:
        equal([line.split("=")[0].strip() for line in file], ["[a]", "hash", "roles"])


orfeas_test.main()
