#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names that callers chose, as the page shows them: they stay text; see test-injection.mjs."""

import os

import browser_test
import orfeas_test
from orfeas_test import now_us, request, wait_for

# as a tag, out of an attribute, out of a script, as an entity, as a link
ATTACKS = {
    "tag": "<img src=/x onerror=\"window.hit=1\"><script>window.hit=1</script>",
    "attribute": "\"' autofocus onfocus=window.hit=1 x='",
    "svg": "<svg/onload=window.hit=1></svg><iframe srcdoc='<script>parent.hit=1</script>'>",
    "script": "</script><script>window.hit=1</script>",
    "template": "${window.hit=1}{{constructor.constructor('window.hit=1')()}}",
    "link": "javascript:window.hit=1",
    "entity": "&lt;img src=/x onerror=window.hit=1&gt;",
}


def fill(t, daemon):
    texts = list(ATTACKS.values())
    with daemon.peer() as peer:
        peer.call("alerts.set_rule", {"rule": "hit", "expr": "injected > 0", "for_us": 0, "labels": {f"l{i}": text for i, text in enumerate(texts[:4])}})
        for text in texts:
            peer.ask(request("worker.register", {"name": text[:60], "pid": os.getpid(), "capabilities": ["trim"]}))
    for i, text in enumerate(texts):
        daemon.call("metrics.record", {"samples": [{"name": "injected", "labels": {"k": text}, "value": 1 + i}]})
        daemon.call("events.mark", {"text": text, "kind": "deploy"})
        daemon.call("cache.set", {"key": text, "value": text})
        daemon.admin("incidents.pin", {"title": text, "from_us": now_us() - 60_000_000, "to_us": now_us()})
    wait_for(lambda: daemon.call("alerts.active")["alerts"], "the alerts")


def test_names(t):
    daemon = t.start()
    fill(t, daemon)
    browser_test.run(t, "test-injection.mjs", "names", daemon, attacks=list(ATTACKS.values()))


orfeas_test.main()
