#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python client's trace context and spans, with nobody at the other end."""

import contextvars
import os
import sys
import threading
import types

import orfeas
import orfeas_test
from orfeas import _outbox, tracing
from orfeas_test import equal

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CALLER = f"00-{TRACE}-{PARENT}-01"


class Kept:
    """A recorder that keeps what would be sent, and fails when told to."""

    def __init__(self, fails=False):
        self.fails, self.calls, self.gate = fails, [], threading.Event()
        self.gate.set()
        self.recorder = tracing.Recorder(self.call)

    def call(self, method, params, timeout):
        self.gate.wait(orfeas_test.PATIENCE_S)
        self.calls.append((method, params["spans"]))
        if self.fails:
            raise orfeas.ConnectionLost("away")

    def span(self, name, parent=None, **attributes):
        return tracing.Span(self.recorder, name, "test", "internal", attributes, parent)

    def spans(self):
        assert self.recorder.flush(orfeas_test.PATIENCE_S)
        assert {method for method, _ in self.calls} <= {"traces.record"}
        return [span for _, spans in self.calls for span in spans]


def test_blocks(_):
    """The innermost holds, and what was around it is back afterwards."""
    equal(tracing.find_context(None), None)
    equal(tracing.find_context(lambda: "given"), tracing.Context("given"))
    with orfeas.trace("a", "s=1"):
        equal(tracing.find_context(lambda: "given"), tracing.Context("a", "s=1"))
        with orfeas.trace("b"):
            equal(tracing.find_context(None), tracing.Context("b"))
        with orfeas.trace(None):
            equal(tracing.find_context(lambda: "given"), tracing.Context("given"))
        equal(tracing.find_context(None).traceparent, "a")
        seen = []
        thread = threading.Thread(target=lambda: seen.append(tracing.find_context(None)))
        thread.start()
        thread.join()
        equal(seen, [None], "another thread")
    equal(tracing.find_context(None), None)


def test_opentelemetry(_):
    """Its current span, by what its API has; and whatever else is there by that name."""
    current = types.SimpleNamespace(is_valid=True, trace_id=int(TRACE, 16), span_id=int(PARENT, 16), trace_flags=1,
                                    trace_state=types.SimpleNamespace(to_header=lambda: "a=1"))
    api = types.ModuleType("opentelemetry.trace")
    api.get_current_span = lambda: types.SimpleNamespace(get_span_context=lambda: current)
    sys.modules["opentelemetry.trace"] = api
    try:
        equal(tracing.find_context(None), tracing.Context(CALLER, "a=1"))
        equal(tracing.find_context(lambda: "given"), tracing.Context("given"))
        with orfeas.trace("a"):
            equal(tracing.find_context(None), tracing.Context("a"))
        current.trace_state = types.SimpleNamespace(to_header=lambda: "")
        equal(tracing.find_context(None), tracing.Context(CALLER))
        current.is_valid = False
        equal(tracing.find_context(None), None)
        for strange in (None, types.SimpleNamespace(), types.SimpleNamespace(is_valid=True, trace_id="x", span_id=1, trace_flags=1)):
            api.get_current_span = lambda strange=strange: types.SimpleNamespace(get_span_context=lambda: strange)
            equal(tracing.find_context(None), None, strange)
    finally:
        del sys.modules["opentelemetry.trace"]


def test_spans(_):
    kept = Kept()
    with kept.span("outer", tracing.Context(CALLER, "a=1"), n=1, share=0.5, hot=True, word="x") as outer:
        equal(tracing.find_context(None), tracing.Context(outer.traceparent, "a=1"))
        with kept.span("inner", tracing.find_context(None)) as inner:
            inner.set("late", False)
            inner.fail("why")
    try:
        with kept.span("raises"):
            raise KeyError("gone")
    except KeyError:
        pass
    equal(tracing.find_context(None), None)
    sent_inner, sent_outer, sent_raises = kept.spans()
    equal((sent_outer["trace_id"], sent_outer["parent_id"], sent_outer["operation"]), (TRACE, PARENT, "outer"))
    equal(sent_outer["attributes"], {"n": "1", "share": "0.5", "hot": "true", "word": "x"})
    equal((sent_inner["trace_id"], sent_inner["parent_id"], sent_inner["attributes"]), (TRACE, sent_outer["span_id"], {"late": "false"}))
    equal((sent_inner["outcome"], sent_inner["message"]), ("error", "why"))
    equal((sent_raises.get("parent_id"), sent_raises["outcome"], sent_raises["message"]), (None, "error", "KeyError: 'gone'"))
    assert len(sent_raises["trace_id"]) == 32 and sent_raises["trace_id"] != TRACE
    assert sent_outer["start_us"] <= sent_inner["start_us"] and sent_outer["duration_us"] >= sent_inner["duration_us"] >= 0
    equal(outer.traceparent, f"00-{TRACE}-{sent_outer['span_id']}-01")


def test_parents(_):
    """What is malformed is none; who is not recorded is passed on so."""
    kept = Kept()
    for text in ("", "x", CALLER.upper(), CALLER.replace("00-", "ff-", 1), CALLER + "-x", CALLER[:-1], f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{'0' * 16}-01"):
        with kept.span("own", tracing.Context(text, "a=1")) as span:
            equal((span.tracestate, span.traceparent[3:35] == TRACE), (None, False), text)
    with kept.span("later", tracing.Context(CALLER.replace("00-", "01-", 1) + "-x")) as span:
        assert span.traceparent.startswith(f"00-{TRACE}-"), span.traceparent
    with kept.span("quiet", tracing.Context(CALLER[:-2] + "00")) as span:
        assert span.traceparent.startswith(f"00-{TRACE}-") and span.traceparent.endswith("-00"), span.traceparent
        with kept.span("below", tracing.find_context(None)):
            pass
    equal([span["operation"] for span in kept.spans()], 8 * ["own"] + ["later"])


def test_a_block_that_ends_elsewhere(_):
    """As a generator that threads take turns with: each turn is in a context of its own, and nothing is raised."""
    kept = Kept()

    def parts():
        with kept.span("answer"):
            yield 1
            yield 2

    turns = parts()
    for _ in range(3):
        contextvars.copy_context().run(next, turns, None)
    equal([span["operation"] for span in kept.spans()], ["answer"])
    with tracing.trace(CALLER):
        equal(tracing.find_context(None).traceparent, CALLER)
    equal(tracing.find_context(None), None)


class Speechless(Exception):
    def __str__(self):
        raise KeyError("nothing to say")


def test_failures_that_cannot_be_told(_):
    """What the block raises is what its caller gets."""
    kept = Kept()
    for error in (Speechless(), FileNotFoundError("a\udcff")):
        try:
            with kept.span("b\ud800") as span:
                span.set("c", "\ud800")
                raise error
        except type(error):
            pass
    equal([(span["operation"], span["message"], span["attributes"]) for span in kept.spans()],
          [("b?", "Speechless", {"c": "?"}), ("b?", "FileNotFoundError: a?", {"c": "?"})])


def test_bounded(_):
    """A daemon that is slow, or away, holds nobody up."""
    kept = Kept(fails=True)
    kept.gate.clear()
    for _ in range(_outbox.MAX_KEPT + _outbox.MAX_BATCH + 10):
        with kept.span("x"):
            pass
    assert 10 <= kept.recorder.dropped <= _outbox.MAX_BATCH + 10, kept.recorder.dropped
    equal(kept.recorder.flush(0.01), False)
    kept.gate.set()
    assert kept.recorder.flush(orfeas_test.PATIENCE_S)
    equal(kept.recorder.dropped, _outbox.MAX_KEPT + _outbox.MAX_BATCH + 10, "all of them failed")
    kept.recorder.close()
    with kept.span("after"):
        pass
    equal(kept.recorder.dropped, _outbox.MAX_KEPT + _outbox.MAX_BATCH + 11)


def test_fork(_):
    """What was open or waiting is the parent's; the child records its own."""
    kept = Kept()
    with kept.span("parent") as span:
        child = os.fork()
        if child == 0:
            right = False
            try:
                with kept.span("child", tracing.find_context(None)):
                    pass
                span.__exit__(None, None, None)
                right = [one["operation"] for one in kept.spans()] == ["child"] and kept.spans()[0]["parent_id"] == span.traceparent[36:52]
            finally:
                os._exit(0 if right else 1)
        equal(os.waitpid(child, 0)[1], 0)
    equal([one["operation"] for one in kept.spans()], ["parent"])


orfeas_test.main()
