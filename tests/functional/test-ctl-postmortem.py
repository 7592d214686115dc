#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""orfeasctl postmortem: a bad deploy, told as a page, in a terminal, of a file and of a bundle."""

import html.parser
import json
import os
import pty
import re
import subprocess
import time

import orfeas_test
from orfeas_test import contains, equal, integrity, now_us, wait_for

DONE, SERVER_ERROR, USAGE = range(3)
S, MINUTE = 10**6, 60 * 10**6
SECTIONS = ["summary", "culprit", "timeline", "changes", "memory", "cleanups", "alerts", "anomalies", "traces", "cache", "forecasts", "cost", "gaps"]
ATTACK = "</code><script>alert(1)</script>\u202e\" onload='x'"


class Page(html.parser.HTMLParser):
    """A page's texts by section, its tables as lists of rows by caption, and its elements; wrong nesting is an error."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.texts, self.tables, self.times = [], [], {}, {}, []
        self.section = "head"
        self.feed(text)
        self.close()
        equal(self.open, [])

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.open.append(tag)
        if tag == "section":
            self.section = dict(attributes)["id"]
        elif tag == "table":
            self.rows = []
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        elif tag == "time":
            self.times.append(dict(attributes)["datetime"])

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        equal(self.open.pop(), tag)

    def handle_data(self, data):
        self.texts[self.section] = self.texts.get(self.section, "") + data
        if "caption" in self.open:
            self.tables[data] = self.rows
        elif "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data

    def cells(self, caption, column):
        head, *rows = self.tables[caption]
        return [row[head.index(column)] for row in rows]


def record_spans(daemon, first_id, times_us, duration_us, failing):
    daemon.call("traces.record", {"spans": [
        {"trace_id": f"{first_id + i:032x}", "span_id": f"{first_id + i:016x}", "service": "api", "operation": "/infer",
         "duration_us": duration_us + i % 7 * 1000, "start_us": at, "outcome": "error" if failing and i % failing == 0 else "ok"}
        for i, at in enumerate(times_us)]})


def stage(t):
    """Ten minutes of which the fifth begins with a deploy, after which requests take nine times as long."""
    daemon = t.start(settings={"gpu.backends": "", "host.enabled": "false", "trace.service_name": ""})
    from_us = (now_us() - 11 * MINUTE) // MINUTE * MINUTE
    to_us, deploy_us = from_us + 10 * MINUTE, from_us + 4 * MINUTE + 5 * S
    daemon.call("events.mark", {"text": f"api 2.4 {ATTACK}", "kind": "deploy", "t_us": deploy_us})
    for first_id, begin, end, duration_us, failing in ((1, from_us - 10 * MINUTE, deploy_us, 100000, 0), (1000, deploy_us + 5 * S, to_us, 900000, 3)):
        times = range(begin, end, 10 * S)
        record_spans(daemon, first_id, times, duration_us, failing)
        daemon.call("metrics.record", {"samples": [
            {"name": "request.latency_us", "labels": {"of": ATTACK}, "value": duration_us + i % 5 * 1000, "t_us": at} for i, at in enumerate(times)]})
    incident = daemon.call("incidents.pin", {"from_us": from_us, "to_us": to_us, "title": f"slow {ATTACK}", "reason": "a test"})
    return daemon, from_us, to_us, incident["id"]


def window(from_us, to_us):
    return "--from", str(from_us), "--to", str(to_us)


def run(t, daemon, *arguments, expect=DONE):
    code, out, err = t.ctl(daemon, *arguments)
    equal(code, expect, err)
    return out if expect == DONE else err


def document_of(t, daemon, *arguments):
    return json.loads(run(t, daemon, *arguments, "--json"))["document"]


def shown(text):
    """As a page shows what someone called something."""
    return text.replace("\u202e", "\\u{202e}")


def utc(t_us):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t_us // S)) + f".{t_us % S:06d}Z"


def check_page(text, document):
    """The page has the document's facts, and nothing that could do anything."""
    assert len(text.encode()) < 2 * 2**20
    page = Page(text)
    equal([attributes["id"] for tag, attributes in page.elements if tag == "section"], SECTIONS)
    equal({tag for tag, _ in page.elements} & {"script", "img", "link", "iframe", "object", "base", "form"}, set())
    equal([name for _, attributes in page.elements for name in attributes if name in ("src", "style") or name.startswith("on")], [])
    assert all(attributes["href"].startswith("#") for tag, attributes in page.elements if tag == "a")
    policy, = (attributes["content"] for tag, attributes in page.elements if attributes.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-"), policy
    equal(len(document["summary"]), 5)
    for sentence in document["summary"]:
        contains(page.texts["summary"], shown(sentence["text"]))
    contains(page.texts["culprit"], shown(document["culprit"]["name"]))
    for reason in document["culprit"]["because"]:
        contains(page.texts["culprit"], shown(reason))
    rows = document["timeline"]["rows"]
    equal(page.cells("All that happened, by time", "What"), [shown(row["text"]) for row in rows])
    equal([at for at in (utc(row["t_us"]) for row in rows) if at not in page.times], [])
    equal(page.cells("Series that changed most, the strongest first", "Series"), [shown(row["series"]) for row in document["changes"]["rows"]])
    for name, caption in (("slowest", "Slowest traces"), ("failing", "Failing traces")):
        equal(page.cells(caption, "Trace"), [row["trace_id"] for row in document["traces"][name]])
    equal(page.cells("Operations, against the span before", "Operation"), [row["operation"] for row in document["traces"]["operations"]])
    for waterfall in document["traces"]["waterfalls"]:
        equal(len(page.tables[f"Spans of trace {waterfall['trace_id']}, by depth"]) - 1, len(waterfall["spans"]))
    for name in SECTIONS[2:]:
        if document[name] is not None:
            contains(page.texts[name], document[name]["sql"])
    for row in document["gaps"]["rows"]:
        contains(page.texts["gaps"], row["what"])


def test_page(t):
    daemon, from_us, to_us, incident = stage(t)
    ask = ("postmortem", *window(from_us, to_us))
    document = document_of(t, daemon, *ask)
    equal((document["culprit"]["kind"], document["culprit"]["name"]), ("deploy", f"api 2.4 {ATTACK}"))
    path = os.path.join(t.dir, "report.html")
    equal(run(t, daemon, *ask, "-o", path), "")
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    check_page(text, document)
    # a pipe gets the page, whose time of making is another
    made = re.compile(r"<dt>Made</dt>.*?</dd>", re.DOTALL)
    equal(made.sub("", run(t, daemon, *ask)), made.sub("", text))
    # of an incident, and over what was there
    run(t, daemon, "postmortem", "--incident", incident, "-o", path)
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    check_page(text, document_of(t, daemon, "postmortem", "--incident", incident))
    contains(Page(text).texts["head"], shown(f"Post-mortem: slow {ATTACK}"))


def facts(document):
    """What does not depend on who asks, and when."""
    return {name: document[name] for name in ("window", "summary", "culprit", "timeline", "changes", "traces", "alerts", "cleanups")}


def test_file_and_bundle(t):
    """A copy of the file, and the window cut out of it, tell what the daemon told."""
    daemon, from_us, to_us, _ = stage(t)
    ask = ("postmortem", *window(from_us, to_us))
    live = document_of(t, daemon, *ask)
    path = os.path.join(t.dir, "slice.db")
    contains(run(t, daemon, *ask, "--bundle", path), "slice.db")
    equal(integrity(path), "ok")
    daemon.stop()
    stored = document_of(t, None, "--db", daemon.db, *ask)
    equal(facts(stored), facts(live))
    equal((stored["source"]["live"], live["source"]["live"]), (False, True))
    cut = document_of(t, None, "--db", path, *ask)
    equal(facts(cut), facts(live))
    check_page(run(t, None, "--db", path, *ask), cut)
    # and cut again, out of a file
    again = os.path.join(t.dir, "again.db")
    run(t, None, "--db", path, *ask, "--bundle", again)
    equal(facts(document_of(t, None, "--db", again, *ask)), facts(live))


def test_terminal(t):
    daemon, from_us, to_us, _ = stage(t)
    for i in range(20):
        daemon.call("events.mark", {"text": f"note {i:02}", "t_us": from_us + i})
    daemon.call("events.mark", {"text": "the last of many", "kind": "deploy", "t_us": from_us + 20})
    leader, follower = pty.openpty()
    with subprocess.Popen([orfeas_test.ORFEASCTL, "--socket", daemon.socket, "postmortem", *window(from_us, to_us)],
                          stdout=follower, stdin=subprocess.DEVNULL, env={**t.environment(), "TERM": "dumb", "COLUMNS": "100"}) as ctl:
        os.close(follower)
        text = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:
                break
            if not piece:
                break
            text += piece
        equal(ctl.wait(orfeas_test.PATIENCE_S), DONE)
    os.close(leader)
    text = text.decode().replace("\r\n", "\n")
    document = document_of(t, daemon, "postmortem", *window(from_us, to_us))
    flat = " ".join(text.split())
    for sentence in document["summary"]:
        contains(flat, " ".join(re.sub("\u202e", "?", sentence["text"]).split()))
    contains(text, "most likely the culprit")
    contains(text, "request.latency_us")
    # where there is no room for all, notes give way
    contains(text, "the last of many")
    assert "note 00" in text and "note 19" not in text, text
    assert "\u202e" not in text and "<!DOCTYPE" not in text


def test_last(t):
    """Up to now, or to a time."""
    daemon = t.start(settings={"gpu.backends": ""})
    wait_for(lambda: daemon.sql("SELECT count(*) FROM sample_raw")[0][0] > 0, "samples")
    before = now_us()
    span = document_of(t, daemon, "postmortem", "--last", "10m")["window"]
    assert before <= span["to_us"] <= now_us(), span
    equal(span["to_us"] - span["from_us"], 10 * MINUTE)
    span = document_of(t, daemon, "postmortem", "--last", "10m", "--to", str(before))["window"]
    equal((span["from_us"], span["to_us"]), (before - 10 * MINUTE, before))


def test_refused(t):
    daemon = t.start(settings={"gpu.backends": ""})
    for arguments, message in (
        ((), "say which window: --last 2h, --from TIME, or --incident ID"),
        (("--last", "2h", "--from", "-1h"), "--last and --from both say where to begin"),
        (("--from", "2000000", "--to", "1000000"), "the window is empty"),
        (("--incident", "i-1", "--last", "2h"), "--incident has a window"),
        (("--last", "soon"), "--last: "),
    ):
        contains(run(t, daemon, "postmortem", *arguments, expect=USAGE), message)
    contains(run(t, daemon, "postmortem", "--incident", "i-77", expect=SERVER_ERROR), "NOT_FOUND")
    contains(run(t, daemon, "postmortem", "--last", "1h", "-o", os.path.join(t.dir, "no/folder.html"), expect=SERVER_ERROR), "No such file")


orfeas_test.main()
