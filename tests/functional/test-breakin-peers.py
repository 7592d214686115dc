#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whom the daemon asks: scraped targets, webhooks, inference servers that mean to hold it up."""

import orfeas_test
from lying_daemon import Page
from orfeas_test import contains, equal, wait_for

HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


class Hints(Page):
    """Answers 103, and nothing else, for as long as it is heard."""

    def __init__(self):
        self.n_ended = 0
        super().__init__(self.hint)

    def hint(self, handler):
        try:
            while True:
                handler.wfile.write(HINT * 2000)
        finally:
            self.n_ended += 1


def is_let_go(daemon, page):
    """The daemon has closed what does not end, and is there for others."""
    wait_for(lambda: page.n_ended > 0, "the end of it")
    equal(daemon.call("health.check")["serving"], "SERVING")


def test_hints_of_a_target(t):
    """a scraped target that answers 103 without end: it is down, and says why; others are served"""
    page = Hints()
    daemon = t.start(settings={"scrape.liar": page.url + "/metrics", "scrape.period_us": 1000000, "scrape.timeout_us": 1000000})
    is_let_go(daemon, page)
    contains(wait_for(lambda: daemon.call("scrape.targets")["targets"][0]["error"], "why"), "1xx")


def test_hints_of_a_webhook(t):
    """the same of a webhook: the notice is tried again"""
    page = Hints()
    daemon = t.start(settings={"receivers.hook": "webhook", "receivers.hook.url": page.url, "receivers.hook.timeout_us": 1000000,
                               "alerts.hot": "temp > 1"})
    daemon.call("metrics.record", {"samples": [{"name": "temp", "value": 5}]})
    is_let_go(daemon, page)
    contains(wait_for(lambda: [row[0] for row in daemon.sql("SELECT last_error FROM outbox WHERE last_error IS NOT NULL")], "why")[0], "1xx")


def test_hints_of_an_inference_server(t):
    """the same of an inference server that is asked for its memory"""
    page = Hints()
    daemon = t.start(settings={"actuators.srv": page.url, "actuators.srv.kind": "vllm", "actuators.poll_us": 500000, "actuators.timeout_us": 1000000})
    is_let_go(daemon, page)


def test_hints_for_orfeasctl(t):
    """the same of a daemon that is none: `orfeasctl` ends"""
    page = Hints()
    code, out, said = t.ctl(None, "--url", page.url, "call", "health.check")
    equal((code, out), (3, ""), said)
    contains(said, "1xx")


if __name__ == "__main__":
    orfeas_test.main()
