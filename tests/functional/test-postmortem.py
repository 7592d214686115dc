#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""postmortem.build tells what happened: three staged incidents, and where nothing did."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import time

import fake_probe
import orfeas_test
from orfeas_test import contains, equal, fails, now_us, wait_for

S = 1000000
MINUTE = 60 * S


def build(daemon, from_us, to_us, runs_sql=True):
    """The document; its statements run as they stand."""
    answer = daemon.call("postmortem.build", {"from_us": from_us, "to_us": to_us})
    document = answer["document"]
    equal(len(document["summary"]), 5)
    assert all(sentence["section"] in document for sentence in document["summary"]), document["summary"]
    for name, section in document.items():
        if runs_sql and isinstance(section, dict) and "sql" in section:
            try:
                daemon.call("sql.query", {"sql": section["sql"]})
            except orfeas_test.RpcError as error:
                raise AssertionError(f"{name}: {section['sql']}: {error}") from error
    return document


def texts(document):
    return [sentence["text"] for sentence in document["summary"]]


def test_empty(t):
    """A window of which there is nothing says so."""
    daemon = t.start()
    document = build(daemon, 1000 * MINUTE, 1010 * MINUTE)
    equal(document["culprit"], None)
    contains(texts(document)[0], "Nothing was recorded")
    equal([(gap["what"], gap["why"]) for gap in document["gaps"]["rows"]], [("everything", "nothing was recorded")])
    equal(document["gaps"]["covered_percent"], 0)


def record_spans(daemon, service, operation, times_us, duration_us, failing=0):
    """Every `failing`th of them fails; 0: none."""
    spans = [{"trace_id": f"{record_spans.next_id + i:032x}", "span_id": f"{i + 1:016x}", "service": service, "operation": operation,
              "duration_us": duration_us + i % 7 * 1000, "start_us": t_us,
              "outcome": "error" if failing and i % failing == 0 else "ok"} for i, t_us in enumerate(times_us)]
    record_spans.next_id += len(spans)
    equal(daemon.call("traces.record", {"spans": spans})["accepted"], len(spans))


record_spans.next_id = 1


def moments(document, *kinds):
    return [(row["kind"], row["text"]) for row in document["timeline"]["rows"] if row["kind"] in kinds]


def test_deploy(t):
    """A deploy, then slow traces: the deploy it was, and who became slow."""
    daemon = t.start()
    now_us = int(time.time() * S)
    from_us = (now_us - 11 * MINUTE) // MINUTE * MINUTE
    deploy_us, to_us = from_us + 4 * MINUTE + 5 * S, from_us + 10 * MINUTE
    daemon.call("events.mark", {"text": "api 2.4", "kind": "deploy", "t_us": deploy_us})
    daemon.call("events.mark", {"text": "web 1.1", "kind": "deploy", "t_us": from_us - 20 * MINUTE})
    for begin, end, duration, failing in ((from_us - 10 * MINUTE, deploy_us, 100000, 0), (deploy_us + 5 * S, to_us, 900000, 3)):
        times = range(begin, end, 10 * S)
        record_spans(daemon, "api", "/infer", times, duration, failing)
        record_spans(daemon, "web", "/health", times, 5000)
        daemon.call("metrics.record", {"samples": [{"name": "request.latency_us", "value": duration + i % 5 * 1000, "t_us": t_us}
                                                   for i, t_us in enumerate(times)]})
        daemon.call("metrics.record", {"samples": [{"name": "users", "value": 40 + i % 5, "t_us": t_us} for i, t_us in enumerate(times)]})
    document = build(daemon, from_us, to_us)
    culprit = document["culprit"]
    equal((culprit["kind"], culprit["name"], culprit["since_us"]), ("deploy", "api 2.4", deploy_us))
    assert culprit["confidence"] in ("medium", "high"), culprit
    equal([kind for kind, _ in moments(document, "deploy", "operation")], ["deploy", "operation"])
    operations = document["traces"]["operations"]
    equal([(row["service"], row["from_us"] is not None) for row in operations], [("api", True), ("web", False)])
    assert operations[0]["slower_percent"] > 500 and operations[0]["errors_percent"] > 10 > operations[0]["before_errors_percent"], operations
    changed = [row["series"] for row in document["changes"]["rows"]]
    contains(changed, "request.latency_us")
    assert "users" not in changed, changed
    latency = document["changes"]["rows"][changed.index("request.latency_us")]
    assert deploy_us <= latency["from_us"] + MINUTE and latency["from_us"] < deploy_us + MINUTE and latency["effect"] > 10, latency
    slowest = document["traces"]["slowest"][0]
    equal((slowest["service"], slowest["operation"], slowest["critical_path"][0]["share_percent"]), ("api", "/infer", 100))
    equal(document["traces"]["waterfalls"][0]["trace_id"], slowest["trace_id"])
    equal(document["traces"]["failing"][0]["outcome"], "error")
    said = texts(document)
    for text, part in zip(said, ("deploy", "api 2.4", "changed most", "api /infer", "recorded")):
        contains(text, part)
    # the same is told by the file alone
    daemon.stop()
    status, shown, errors = t.ctl(None, "--db", daemon.db, "call", "postmortem.build",
                                  json.dumps({"from_us": from_us, "to_us": to_us}))
    equal(status, 0, errors)
    copy = json.loads(shown)["document"]
    equal((copy["culprit"], copy["source"]["live"]), (culprit, False))


# --- leak, pressure, cleanup, out of memory

MIB = 1 << 20
GIB = 1 << 30
ROW_US = 30000
FAKE = "fake-0"


class Device:
    """fake_probe.py's, whose memory a worker that the test plays takes: what it reports it holds."""

    def __init__(self, t):
        self.folder = os.path.join(t.dir, "device")
        os.mkdir(self.folder)
        self.daemon = orfeas_test.Daemon(t, env={"FAKE_DEVICE": self.folder}, settings={
            "gpu.sample_us": 100000, "forecast.row_us": ROW_US, "gpu.cleanup": "off", "gpu.cleanup_timeout_us": 1000000})
        self.daemon.command[0] = fake_probe.install(t.dir, orfeas_test.ORFEASD)
        self.daemon.start()
        wait_for(lambda: self.daemon.call("gpu.list")["devices"], "the device")
        self.workers = {name: self.daemon.call("worker.register", {"name": name, "device": FAKE})["worker"] for name in ("trainer", "server")}

    def hold(self, trainer, server=GIB, **more):
        """more: of the server's report."""
        path = os.path.join(self.folder, "others")
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(str(int(trainer + server)))
        os.replace(path + ".new", path)
        for name, held, extra in (("trainer", trainer, {}), ("server", server, more)):
            self.daemon.call("worker.report", {"worker": self.workers[name], "allocator": {
                "allocated_bytes": int(held), "reserved_bytes": int(held), **extra}})

    def pressure(self):
        return self.daemon.call("gpu.list")["devices"][0]["pressure_level"]


def leak_until_told(device):
    """4 MiB a row after 240 quiet ones; when it began, and what is held in the end."""
    begin, leak_at = time.monotonic(), None
    while True:
        rows = (time.monotonic() - begin) * S / ROW_US
        if rows > 240 and leak_at is None:
            leak_at, leak_us = rows, now_us()
        held = 4 * GIB + (0 if leak_at is None else (rows - leak_at) * 4 * MIB)
        device.hold(held)
        if leak_at is not None and any(one["worker"] == device.workers["trainer"] for one in device.daemon.call("gpu.leaks")["suspects"]):
            return leak_us, held
        assert rows < 3000, "no leak was found"


def test_leak(t):
    """A worker leaks, pressure rises, a cleanup frees nothing, another worker runs out of memory: the one that leaks it was."""
    device = Device(t)
    daemon = device.daemon
    leak_us, held = leak_until_told(device)
    device.hold(held)
    for step in range(1, 6):
        device.hold(held + (14 * GIB - held) * step / 5)
    wait_for(lambda: device.pressure() == "critical", "critical pressure")
    wait_for(lambda: daemon.sql("SELECT 1 FROM v_sample WHERE series LIKE 'gpu.pressure%' AND value = 3"), "that it is on disk")
    daemon.call("gpu.cleanup", {"device": FAKE})
    device.hold(14 * GIB, ooms=1)
    wait_for(lambda: daemon.sql("SELECT 1 FROM v_sample WHERE series LIKE 'worker.ooms%' AND value = 1"), "that it is on disk")
    wait_for(lambda: daemon.sql("SELECT 1 FROM cleanup WHERE verdict IS NOT NULL"), "the cleanup's end")
    incident = wait_for(lambda: daemon.call("incidents.list")["incidents"], "the black box")[0]
    from_us = leak_us - 2 * S
    document = build(daemon, from_us, now_us(), runs_sql=False)  # fake_probe's tree has no orfeas-sql

    told = [kind for kind, _ in moments(document, "leak", "pressure", "cleanup", "oom")]
    equal(sorted(set(told), key=told.index), ["leak", "pressure", "cleanup", "oom"])
    culprit = document["culprit"]
    equal((culprit["kind"], culprit["name"], culprit["confidence"]), ("worker", "trainer", "high"))
    assert abs(culprit["since_us"] - leak_us) < 60 * ROW_US, (culprit, leak_us)
    leak = [one for one in document["memory"]["leaks"] if one["name"] == "trainer"][0]
    equal((leak["device"], leak["worker"]), (FAKE, device.workers["trainer"]))
    worst = document["memory"]["devices"][0]
    equal((worst["device"], worst["pressure_level"], worst["total_bytes"]), (FAKE, "critical", 16 * GIB))
    equal(worst["owners"][0]["name"], "trainer")
    assert worst["owners"][0]["grew_bytes"] > 5 * GIB, worst["owners"]
    equal([(one["worker"], one["errors"]) for one in document["memory"]["ooms"]], [("server", 1)])
    equal(len(document["cleanups"]["rows"]), 1)
    for text, part in zip(texts(document), ("leak", "worker trainer", "changed most", "No spans came", "1 cleanup")):
        contains(text, part)

    # the incident that the black box kept has the same culprit, by call, by REST and in the terminal
    named = daemon.call("postmortem.build", {"incident": incident["id"]})
    equal((named["title"], named["from_us"], named["document"]["incident"]["id"]), (incident["title"], incident["from_us"], incident["id"]))
    equal(named["document"]["culprit"]["name"], "trainer")
    status, answer = daemon.rest("GET", f"/postmortem?incident={incident['id']}")[:2]
    equal((status, answer["document"]["culprit"]["name"]), (200, "trainer"))
    status, shown, errors = t.ctl(daemon, "incidents", "show", incident["id"])
    equal(status, 0, errors)
    for part in (incident["title"], "worker trainer", "ran out of memory", "memory pressure"):
        contains(shown, part)


# --- a Redis node that goes


def test_node(t):
    """A node of the cache is lost, requests become slow, an alert fires: the node it was."""
    nodes = [os.path.join(t.dir, f"redis-{number}.sock") for number in range(2)]
    processes = [subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", node, "--dir", t.dir, "--save", ""],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) for node in nodes]
    try:
        run_node(t, nodes, processes)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def run_node(t, nodes, processes):
    # host_cpu_high would fire, or not, by what else the machine does
    daemon = t.start(config="[alerts]\nlatency=request.latency_us > 500000\n[alerts.latency]\nseverity=critical\n[alerts.host_cpu_high]\nenabled=false\n",
                     settings={"cache.nodes": ",".join(nodes), "cache.redis_backoff_us": 1000, "cache.redis_backoff_max_us": 50000,
                               "host.sample_us": 100000})
    up = lambda node, value: daemon.sql(f"SELECT max(t_us) FROM v_sample WHERE series = 'cache.node.up{{node=\"{node}\"}}' AND value = {value}")[0][0]
    wait_for(lambda: all(up(node, 1) for node in nodes), "that both nodes are up, on disk")
    lost_us = now_us()
    record_spans(daemon, "api", "/infer", range(lost_us - 120 * S, lost_us, 2 * S), 100000)
    from_us = lost_us - S
    processes[1].kill()
    wait_for(lambda: up(nodes[1], 0), "that it is away, on disk")
    record_spans(daemon, "api", "/infer", range(now_us(), now_us() + S, S // 40), 900000)
    daemon.call("metrics.record", {"samples": [{"name": "request.latency_us", "value": 900000}]})
    wait_for(lambda: daemon.sql("SELECT 1 FROM alert WHERE fired_us IS NOT NULL"), "the alert")
    # the window begins in a minute of its own, as operations are counted by minutes
    document = build(daemon, from_us, now_us() + S)
    culprit = document["culprit"]
    equal((culprit["kind"], culprit["name"]), ("node", nodes[1]))
    assert lost_us <= culprit["since_us"] < now_us(), culprit
    told = [kind for kind, _ in moments(document, "cache_node", "alert")]
    equal(told, ["cache_node", "alert"])
    equal([(one["node"], len(one["away"]) > 0) for one in document["cache"]["nodes"]], [(nodes[1], True), (nodes[0], False)])
    assert document["cache"]["nodes"][0]["up_percent"] < 100 == document["cache"]["nodes"][1]["up_percent"], document["cache"]["nodes"]
    contains(texts(document)[1], nodes[1])


# --- where nothing happened, and where nothing is known


def test_load(t):
    """A load test that began before an operation became slow; what the daemon does, by the name it has, is no symptom."""
    daemon = t.start(settings={"trace.service_name": "recorder"})
    from_us = (now_us() - 11 * MINUTE) // MINUTE * MINUTE
    load_us, to_us = from_us + 4 * MINUTE + 30 * S, from_us + 10 * MINUTE
    daemon.call("load.record", {"name": "nightly", "kind": "stress", "started_us": load_us, "took_us": 4 * MINUTE, "requests": 30, "errors": 0})
    for begin, end, duration in ((from_us - 10 * MINUTE, load_us + 30 * S, 100000), (load_us + 30 * S, to_us, 900000)):
        record_spans(daemon, "api", "/infer", range(begin, end, 10 * S), duration)
    for begin, end, duration in ((from_us - 10 * MINUTE, from_us + MINUTE, 100000), (from_us + MINUTE, to_us, 2000000)):
        record_spans(daemon, "recorder", "metrics.query", range(begin, end, 10 * S), duration)
    document = build(daemon, from_us, to_us)
    equal([(row["service"], row["own"]) for row in document["traces"]["operations"]], [("api", False), ("recorder", True)])
    equal([kind for kind, _ in moments(document, "load", "operation")], ["load", "operation"])
    culprit = document["culprit"]
    equal((culprit["kind"], culprit["name"], culprit["since_us"]), ("load", "nightly", load_us))
    contains(texts(document)[1], "it was the load test nightly")
    contains(" ".join(culprit["because"]), "api /infer: p")


def test_quiet(t):
    """A window in which nothing went wrong: nobody is to blame, and that is said."""
    daemon = t.start(config="[alerts.host_cpu_high]\nenabled=false\n", settings={"memory.budget_bytes": 1 << 36}, env={"ORFEAS_SIMULATED": "used_percent=20"})
    from_us = now_us()
    daemon.call("metrics.record", {"samples": [{"name": "users", "value": 40}]})
    wait_for(lambda: len(daemon.sql("SELECT 1 FROM v_sample WHERE series = 'orfeas.memory.rss_bytes'")) >= 3, "samples on disk")
    daemon.call("load.record", {"name": "nightly", "kind": "spike", "started_us": from_us + 1, "took_us": S, "requests": 30, "errors": 1, "passed": False})
    daemon.call("load.record", {"name": "earlier", "kind": "spike", "started_us": from_us - MINUTE, "took_us": S, "requests": 3, "errors": 0})
    document = build(daemon, from_us, now_us())
    equal(moments(document, "load", "audit"), [("load", "load test nightly (spike): 30 requests, 1 failed; it did not pass")])
    equal(document["culprit"], None)
    contains(texts(document)[1], "Nothing in the window points to anybody")
    equal([row for row in document["timeline"]["rows"] if row["severity"] not in (None, "info")], [])


def test_killed(t):
    """The recorder was killed: a gap that says so."""
    daemon = t.start()
    beats = lambda: len(daemon.sql("SELECT 1 FROM v_sample WHERE series = 'orfeas.memory.rss_bytes'"))
    wait_for(lambda: beats() >= 3, "samples on disk")
    from_us = daemon.sql("SELECT min(t_us) FROM v_sample WHERE series = 'orfeas.memory.rss_bytes'")[0][0]
    daemon.kill()
    before = beats()
    daemon.start()
    wait_for(lambda: beats() > before, "samples after it")
    document = build(daemon, from_us, now_us())
    gaps = [gap for gap in document["gaps"]["rows"] if gap["what"] == "everything"]
    equal(len(gaps), 1, gaps)
    contains(gaps[0]["why"], "killed")
    assert document["gaps"]["covered_percent"] < 100, document["gaps"]
    contains([kind for kind, _ in moments(document, "gap", "daemon")], "gap")
    contains(texts(document)[4], "1 gap")


def test_refused(t):
    """What is asked wrongly is refused with the field."""
    daemon = t.start()
    ask = lambda **params: daemon.call("postmortem.build", params)
    fails(lambda: ask(), "INVALID_ARGUMENT", field="from_us")
    fails(lambda: ask(to_us=1), "INVALID_ARGUMENT", field="from_us")
    fails(lambda: ask(from_us=2, to_us=1), "INVALID_ARGUMENT", field="from_us")
    fails(lambda: ask(from_us=1, to_us=1), "INVALID_ARGUMENT", field="from_us")
    fails(lambda: ask(from_us=0, to_us=32 * 86400 * S), "INVALID_ARGUMENT", field="from_us")
    fails(lambda: ask(from_us=-1, to_us=1), "INVALID_ARGUMENT", field="from_us")
    fails(lambda: ask(incident="i-7"), "NOT_FOUND", field="incident")
    fails(lambda: ask(incident="x"), "NOT_FOUND", field="incident")
    fails(lambda: ask(incident="i-1", from_us=1, to_us=2), "INVALID_ARGUMENT", field="incident")
    # who pins a time to come is told so, at whatever end of numbers it is
    to_come = daemon.call("incidents.pin", {"from_us": 2**53 - 2, "to_us": 2**53 - 1, "title": "then"})["id"]
    fails(lambda: ask(incident=to_come), "INVALID_ARGUMENT", field="incident")
    equal(daemon.rest("GET", "/postmortem")[0], 400)
    build(daemon, 0, 31 * 86400 * S)
    build(daemon, now_us() + S, now_us() + 2 * S)


def test_file_of_others(t):
    """A file that somebody sent: NULL where none can be, a report that is no JSON, a run without end; it is told of, or an error says why not."""
    daemon = t.start(settings={"gpu.backends": "simulated"})
    daemon.call("events.mark", {"text": "a", "kind": "deploy"})
    daemon.call("load.record", {"name": "n", "kind": "stress", "started_us": now_us(), "took_us": 1, "requests": 1, "errors": 0, "report": {}})
    wait_for(lambda: daemon.call("sql.query", {"sql": "SELECT 1 FROM samples LIMIT 1"})["rows"], "samples in the file")
    daemon.stop()
    crafted = os.path.join(t.dir, "crafted.db")
    postmortem, shown = ("postmortem", "--last", "1h", "--json"), ("load", "show", "l-1")
    for table, column, value, verbs in (("event", "kind", "NULL", [postmortem]), ("event", "text", "NULL", [postmortem]), ("series", "name", "NULL", [postmortem, ("gpu", "report")]),
                                        ("series", "labels", "NULL", [postmortem]), ("load_run", "took_us", "9223372036854775807", [shown]), ("load_run", "report", "'-'", [shown])):
        shutil.copy(daemon.db, crafted)
        with contextlib.closing(sqlite3.connect(crafted)) as file, file:
            columns = [row[1] for row in file.execute(f"PRAGMA table_info({table})")]
            file.execute(f"ALTER TABLE {table} RENAME TO other")
            file.execute(f"CREATE VIEW {table} AS SELECT {', '.join(f'{value} AS {name}' if name == column else name for name in columns)} FROM other")
        for verb in verbs:
            code, _, errors = t.ctl(None, "--db", crafted, *verb)
            # 1: it says which number is none
            assert code in (0, 1), f"{table}.{column} {verb}: {code} {errors}"


if __name__ == "__main__":
    orfeas_test.main()
