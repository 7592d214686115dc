#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trace context on every transport, and the daemon's own calls as spans."""

import json
import os
import secrets
import subprocess
import time

import node_packages
import orfeas
import orfeas_test
from orfeas_test import PATIENCE_S, Skip, equal, now_us, request, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("ORFEAS_BUILD_ROOT", os.path.join(ROOT, "build"))


class Context:
    def __init__(self, flags="01"):
        self.trace, self.span, self.flags = secrets.token_hex(16), secrets.token_hex(8), flags

    def __str__(self):
        return f"00-{self.trace}-{self.span}-{self.flags}"


def get(daemon, trace):
    try:
        return daemon.call("traces.get", {"trace_id": trace})["spans"]
    except orfeas_test.RpcError as error:
        equal(error.code, -32005, error)
        return []


def spans_of(daemon, context, n=1):
    return wait_for(lambda: len(found := get(daemon, context.trace)) >= n and found, f"{n} spans of {context}")


def metric(daemon, name):
    series = daemon.call("metrics.query", {"select": name, "from_us": now_us() - 60_000_000, "to_us": now_us() + 1})["series"]
    return series[0]["points"][-1][1] if series and series[0]["points"] else 0


def test_transports(t):
    """By each way the call is the child of who called."""
    daemon = t.start()
    over_http, over_rest, over_ws, over_ws_head, over_line, over_length = contexts = [Context() for _ in range(6)]
    daemon.call("status.get", headers={"traceparent": str(over_http), "tracestate": "a=1 ,b=2"})
    equal(daemon.rest("GET", "/gpu", headers={"traceparent": str(over_rest)})[0], 200)
    with daemon.websocket(headers={"traceparent": str(over_ws_head)}) as socket:
        socket.send_text(json.dumps(request("gpu.list")))
        socket.receive_text()
        socket.send_text(json.dumps(request("gpu.list", meta={"traceparent": str(over_ws), "tracestate": "c=3"})))
        socket.receive_text()
    for framing, context in (("line", over_line), ("length", over_length)):
        with daemon.peer(framing) as peer:
            peer.call("gpu.list", meta={"traceparent": str(context)})
    for context in contexts:
        (span,) = spans_of(daemon, context)
        equal((span["service"], span["kind"], span["parent_id"], span["parent_missing"]), ("orfeasd", "server", context.span, True))
        equal(span["operation"], "status.get" if context is over_http else "gpu.list")
        equal(span["outcome"], None)
        equal(span["attributes"]["rpc.system"], "rest" if context is over_rest else "jsonrpc")
        equal(span["attributes"]["rpc.method"], span["operation"])
    states = dict(daemon.sql("SELECT lower(hex(t.trace_id)), s.trace_state FROM trace t JOIN span s USING (trace_no)"))
    equal([states[context.trace] for context in contexts], ["a=1,b=2", None, "c=3", None, None, None])


def test_ctl(t):
    """orfeasctl is in the trace of who ran it."""
    daemon, context = t.start(), Context()
    for traceparent in (str(context), "nonsense", "\udcff"):
        env = t.environment({"TRACEPARENT": traceparent, "TRACESTATE": "a=1"})
        subprocess.run([orfeas_test.ORFEASCTL, "--socket", daemon.socket, "call", "gpu.list"], check=True, capture_output=True, env=env, timeout=PATIENCE_S)
    spans_of(daemon, context)
    equal(daemon.sql("SELECT lower(hex(trace_id)), trace_state FROM trace JOIN span USING (trace_no)"), [(context.trace, "a=1")])


def test_malformed(t):
    """What is no context is none, and never an error."""
    daemon = t.start(settings={"trace.sample_percent": 100})
    bad = ["", "x", "00-" + "0" * 32 + "-" + "1" * 16 + "-01", "ff-" + "1" * 32 + "-" + "1" * 16 + "-01", "00-" + "A" * 32 + "-" + "1" * 16 + "-01", "y" * 5000]
    for text in bad:
        daemon.call("gpu.list", headers={"traceparent": text})
        daemon.call("gpu.list", meta={"traceparent": text, "tracestate": "=" * 600})
        equal(daemon.rest("GET", "/gpu", headers={"traceparent": text, "tracestate": text})[0], 200)
    wait_for(lambda: len(daemon.call("traces.list", {"operation": "gpu.list"})["traces"]) == 3 * len(bad), "a trace of each")
    # two of them are none either
    first, second = Context(), Context()
    with daemon.tcp() as raw:
        body = json.dumps(request("health.check")).encode()
        raw.sendall((f"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
                     f"traceparent: {first}\r\ntraceparent: {second}\r\n\r\n").encode() + body)
        assert b" 200 " in raw.makefile("rb").readline()
    wait_for(lambda: daemon.call("traces.list", {"operation": "health.check"})["traces"], "its own trace")
    equal((get(daemon, first.trace), get(daemon, second.trace)), ([], []))


def test_sampled(t):
    """Who does not record is not recorded; who says nothing, by a share."""
    daemon = t.start()
    quiet, loud = Context("00"), Context()
    daemon.call("gpu.list", meta={"traceparent": str(quiet)})
    for _ in range(20):
        daemon.call("gpu.list")
    daemon.call("gpu.list", meta={"traceparent": str(loud)})
    spans_of(daemon, loud)
    equal(get(daemon, quiet.trace), [])
    equal(len(daemon.call("traces.list", {})["traces"]), 1)


def test_share(t):
    """Of 3,000 calls some 30: fewer than 5 or more than 80 are not to be seen in a lifetime."""
    daemon = t.start(settings={"trace.sample_percent": 1})
    for _ in range(6):
        daemon.ask([request("health.check", request_id=i) for i in range(500)])
    daemon.stop()
    ((n, roots),) = daemon.sql("SELECT count(*), count(DISTINCT trace_no) FROM span WHERE parent_id IS NULL")
    assert 5 <= n <= 80 and n == roots, (n, roots)


def test_recursion(t):
    """A look at traces, what is sent of them, and a stream make none."""
    daemon = t.start(settings={"trace.sample_percent": 100})
    context = Context()
    with daemon.peer() as peer:
        peer.call("metrics.watch", {"select": "orfeas.rpc.calls"}, meta={"traceparent": str(context)})
        peer.receive_text()
    span = {"trace_id": context.trace, "span_id": context.span, "service": "s", "operation": "o", "duration_us": 1}
    daemon.call("traces.record", {"spans": [span]}, meta={"traceparent": str(context)})
    for _ in range(5):
        daemon.call("traces.list", {})
        get(daemon, context.trace)
    daemon.call("gpu.list")
    wait_for(lambda: daemon.call("traces.list", {"operation": "gpu.list"})["traces"], "the call that is one")
    equal({one["operation"] for one in daemon.call("traces.list", {})["traces"]}, {"o", "gpu.list"})


def test_errors(t):
    daemon = t.start()
    context = Context()
    (error,) = [daemon.ask(request(method, params, {"traceparent": str(context)}))["error"] for method, params in (("gpu.list", {"device": "none"}),)]
    daemon.ask(request("gpu.list", {"x": 1}, {"traceparent": str(context)}))
    found = spans_of(daemon, context, 2)
    equal([span["outcome"] for span in found], ["error", "error"])
    codes = sorted(span["attributes"]["rpc.jsonrpc.error_code"] for span in found)
    equal(codes, [-32602, error["code"]])
    assert error["message"] in [span["message"] for span in found], found
    equal({span["attributes"]["error.type"] for span in found}, {"INVALID_ARGUMENT", "NOT_FOUND"})


def test_steps(t):
    """Reading and writing, with the wait before, as children; only what is slow."""
    daemon = t.start(settings={"trace.slow_us": 0})
    read, write = Context(), Context()
    daemon.call("events.list", meta={"traceparent": str(read)})
    daemon.call("events.mark", {"text": "x"}, meta={"traceparent": str(write)})
    for context, step in ((read, "store.read"), (write, "store.write")):
        wait_for(lambda context=context, step=step: step in {span["operation"] for span in get(daemon, context.trace)}, f"{step} in {get(daemon, context.trace)}")
        root, *steps = get(daemon, context.trace)
        assert {span["operation"] for span in steps} <= {step, "store.wait_reader", "store.wait_writer", "loop.wait"}, steps
        for span in steps:
            equal((span["parent_id"], span["kind"], span["depth"]), (root["span_id"], "internal", 1))
            assert root["start_us"] <= span["start_us"] + 1 and span["start_us"] + span["duration_us"] <= root["start_us"] + root["duration_us"] + 1, (root, span)
            equal(span["attributes"].get("db.system.name"), "sqlite" if span["operation"].startswith("store.") else None)


def test_statement(t):
    """sql.query waits for its turn, and runs in a process."""
    daemon, context = t.start(settings={"trace.slow_us": 0}), Context()
    daemon.call("sql.query", {"sql": "SELECT 1"}, meta={"traceparent": str(context)})
    root, *steps = spans_of(daemon, context, 2)
    equal((root["operation"], steps[-1]["operation"], steps[-1]["attributes"]), ("sql.query", "sql.run", {"db.system.name": "sqlite"}))
    assert {span["operation"] for span in steps} <= {"sql.wait", "sql.run"}, steps


def test_rate(t):
    """No caller makes it write more than it may; what is left out is counted."""
    daemon = t.start(settings={"trace.max_spans_per_s": 1})
    contexts = [Context() for _ in range(20)]
    daemon.ask([request("gpu.list", meta={"traceparent": str(context)}, request_id=i) for i, context in enumerate(contexts)])
    wait_for(lambda: metric(daemon, "orfeas.trace.dropped") >= 1, "spans that are dropped")
    wait_for(lambda: any(get(daemon, context.trace) for context in contexts), "some")
    assert not all(get(daemon, context.trace) for context in contexts)


def test_off(t):
    off = t.start(settings={"trace.service_name": "", "trace.sample_percent": 100})
    context = Context()
    off.call("gpu.list", meta={"traceparent": str(context)})
    off.stop()
    equal(off.sql("SELECT count(*) FROM span"), [(0,)])


def build_example(t):
    """client/lib/example-trace.c against the library of this build."""
    if os.environ.get("ORFEAS_SANITIZED"):
        raise Skip("a plain program cannot load a library with a sanitizer in it")
    source, library, program = os.path.join(ROOT, "client/lib"), os.path.join(BUILD, "client/lib"), os.path.join(t.dir, "example-trace")
    subprocess.run(["cc", "-std=gnu11", "-o", program, os.path.join(source, "example-trace.c"), f"-I{source}", f"-L{library}", "-lorfeas", f"-Wl,-rpath,{library}"],
                   check=True)
    return program


def test_three_clients(t):
    """A request through Python, C and JavaScript with OpenTelemetry's SDK, which all ask the daemon: one tree."""
    program, packages = build_example(t), node_packages.install(os.path.join(HERE, "otlp"))
    daemon = t.start()
    script = os.path.join(HERE, "otlp", "test-context.mjs")
    with orfeas.connect(daemon.ready["http"], service="front", timeout=PATIENCE_S) as client:
        with client.span("page") as span:
            client.status.get()
            run = {"capture_output": True, "text": True, "check": True, "timeout": PATIENCE_S, "env": t.environment()}
            in_c = subprocess.run([program, daemon.ready["http"], span.traceparent], **run).stdout.strip()
            subprocess.run(["node", script, os.environ["ORFEAS_JAVASCRIPT"], packages, daemon.ready["http"], in_c], **run)
        trace = span.traceparent[3:35]
    wanted = [("front", "page", 0), ("orfeasd", "status.get", 1), ("example", "request", 1), ("example", "tokenize", 2), ("example", "generate", 2),
              ("node", "ask", 2), ("orfeasd", "gpu.list", 3)]
    tree = wait_for(lambda: len(found := get(daemon, trace)) == len(wanted) and found, f"seven spans of {trace}")
    equal([(one["service"], one["operation"], one["depth"]) for one in tree], wanted)
    equal({one["parent_missing"] for one in tree}, {False})
    calls = {(edge["parent"], edge["child"]) for edge in daemon.call("traces.dependencies", {})["edges"]}
    equal(calls, {("front", "orfeasd"), ("front", "example"), ("example", "node"), ("node", "orfeasd")})


def test_end(t):
    """What is not written yet is when the daemon ends."""
    daemon = t.start()
    context = Context()
    daemon.call("gpu.list", meta={"traceparent": str(context)})
    began = time.monotonic()
    daemon.stop()
    equal(daemon.sql("SELECT count(*) FROM span"), [(1,)], f"after {time.monotonic() - began:.1f} s")


orfeas_test.main()
