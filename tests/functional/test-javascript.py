#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The JavaScript client in Node against the real daemon, and against a server made to misbehave; see javascript/."""

import json
import os
import socket
import subprocess

import node_packages
import orfeas_test
from orfeas_test import equal

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "javascript")
CLIENT = os.environ.get("ORFEAS_JAVASCRIPT", os.path.join(os.getcwd(), "build/client/javascript"))


def run_node(script, case, facts):
    packages = node_packages.install(HERE)
    done = subprocess.run(
        ["node", os.path.join(HERE, script), case],
        input=json.dumps({"client": CLIENT, "packages": packages, **facts}),
        capture_output=True, text=True, timeout=orfeas_test.PATIENCE_S * 2,
    )
    orfeas_test.diagnose(done.stdout + done.stderr)
    assert done.returncode == 0, f"node ended with {done.returncode}"


def daemon_cookie(t):
    with open(os.path.join(t.dir, "cookie"), encoding="utf-8") as file:
        return file.read().strip()


def with_daemon(t, case, **options):
    daemon = t.start(**options)
    run_node("test-daemon.mjs", case, {"url": daemon.ready["http"], "cookie": daemon_cookie(t)})
    return daemon


def test_types(_):
    packages = node_packages.install(HERE)
    folder = os.path.join(packages, "types")
    os.makedirs(os.path.join(folder, "node_modules"), exist_ok=True)
    link = os.path.join(folder, "node_modules", "orfeas")
    if not os.path.islink(link):
        os.symlink(CLIENT, link)
    with open(os.path.join(HERE, "types.ts"), encoding="utf-8") as file:
        text = file.read()
    with open(os.path.join(folder, "types.ts"), "w", encoding="utf-8") as file:
        file.write(text)
    done = subprocess.run(
        ["node", os.path.join(packages, "node_modules/typescript/bin/tsc"), "--strict", "--noEmit", "--pretty", "false",
         "--noUncheckedIndexedAccess", "--target", "es2022", "--module", "nodenext", "--lib", "es2023,dom",
         os.path.join(folder, "types.ts")],
        capture_output=True, text=True, cwd=folder,
    )
    assert done.returncode == 0, done.stdout


def test_every_method(t):
    with_daemon(t, "every-method")


def test_errors(t):
    with_daemon(t, "errors")


def test_tokens(t):
    with_daemon(t, "tokens")


def test_writes(t):
    daemon = with_daemon(t, "writes")
    points = daemon.call("metrics.query", {"select": "client.test"})["series"][0]["points"]
    assert [value for _, value in points] == [7], points


def test_trace(t):
    daemon = with_daemon(t, "trace")
    wanted = {f"{i:032x}": (f"{i:016x}", "a=1" if i in (1, 3, 4) else None) for i in (1, 2, 3, 4)}
    query = "SELECT lower(hex(trace_id)), lower(hex(parent_id)), trace_state FROM trace JOIN span USING (trace_no)"
    orfeas_test.wait_for(lambda: {trace: (parent, state) for trace, parent, state in daemon.sql(query)} == wanted, f"{wanted} in {daemon.sql(query)}")


def test_streams(t):
    daemon = t.start()
    orfeas_test.wait_for(lambda: daemon.call("metrics.query", {"select": "host.cpu.used_percent"})["series"], "a sample")
    facts = {"url": daemon.ready["http"], "cookie": daemon_cookie(t)}
    run_node("test-streams.mjs", "metrics", facts)
    run_node("test-streams.mjs", "refusals", facts)


def run_through_a_restart(daemon, script, case, facts):
    """Node says by lines when the daemon is to be killed, and when started again."""
    packages = node_packages.install(HERE)
    daemon.keep_port()
    node = subprocess.Popen(["node", os.path.join(HERE, script), case], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        node.stdin.write(json.dumps({"client": CLIENT, "packages": packages, **facts}))
        node.stdin.close()
        for line in node.stdout:
            if line == "kill\n":
                daemon.kill()
            elif line == "start\n":
                daemon.start()
            else:
                orfeas_test.diagnose(line)
        assert node.wait(orfeas_test.PATIENCE_S) == 0
    finally:
        node.kill()
        node.wait()
        node.stdout.close()


def test_restart(t):
    """Its streams go on after the daemon was killed."""
    daemon = t.start()
    run_through_a_restart(daemon, "test-streams.mjs", "restart", {"url": daemon.ready["http"]})


def program_facts(daemon):
    return {"url": daemon.ready["http"], "socket": daemon.socket, "cache_socket": daemon.ready["cache_socket"]}


def test_programs(t):
    """Unix sockets, recorder, cache and worker; a program that closes none of them ends by itself."""
    daemon = t.start(env={"ORFEAS_SIMULATED": "used_percent=50"})
    devices = orfeas_test.wait_for(lambda: daemon.call("gpu.list")["devices"], "a device")
    trace, caller = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    silent = os.path.join(t.dir, "silent.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(silent)
        listener.listen()
        run_node("test-programs.mjs", "", {**program_facts(daemon), "silent": silent, "device": devices[0]["device"], "traceparent": f"00-{trace}-{caller}-01"})
    spans = {span["operation"]: span for span in daemon.call("traces.get", {"trace_id": trace})["spans"]}
    equal(set(spans), {"outer", "inner", "gpu.list"})
    equal((spans["outer"]["service"], spans["outer"]["kind"], spans["outer"]["parent_id"], spans["outer"]["attributes"]), ("node", "server", caller, {"n": "1"}))
    equal((spans["inner"]["parent_id"], spans["inner"]["outcome"], spans["inner"]["message"]), (spans["outer"]["span_id"], "error", "Error: gone"))
    equal(spans["gpu.list"]["parent_id"], spans["outer"]["span_id"])
    failed = daemon.call("traces.list", {"service": "node", "outcome": "error"})["traces"]
    equal({one["operation"] for one in failed} - {None}, {"throws", "rejects"})
    equal(daemon.sql("SELECT name, kind, labels FROM series WHERE name LIKE 'node.%' AND labels <> '{}' ORDER BY 1"),
          [("node.jobs", "counter", '{"kind":"a","process":"p1"}'), ("node.waiting", "gauge", json.dumps({"queue": 128 * "\u00e9"}, ensure_ascii=False, separators=(",", ":")))])
    equal(daemon.call("metrics.query", {"select": "node.jobs"})["series"][0]["points"][-1][1], 10)
    equal(daemon.call("cache.get", {"key": "left"})["value"], "open")
    equal(len(daemon.call("traces.list", {"service": "left-open"})["traces"]), 1)


def test_programs_restart(t):
    daemon = t.start()
    run_through_a_restart(daemon, "test-programs.mjs", "cache-restart", program_facts(daemon))
    run_through_a_restart(daemon, "test-programs.mjs", "worker-restart", program_facts(daemon))


def test_programs_lies(_):
    run_node("test-programs-lies.mjs", "", {})


def test_connection(_):
    run_node("test-connection.mjs", "", {})


orfeas_test.main()
