#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Redis nodes, webhooks, receivers of metrics and spans and scraped targets that hang, die, drip, flood and lie, all at once: clients are served
as if they were not there, the daemon does not grow, and it ends when it is asked to."""

import time

import orfeas_torture  # first: it knows where the harness is

import mixed_load
from lying_peer import LyingPeer
from orfeas_test import RpcError, wait_for

ANSWER_S = 5
DRAIN_S = 5
READS = (("status.get", {}), ("cache.stats", {}), ("outbox.list", {}), ("scrape.targets", {}), ("alerts.active", {}), ("cache.get", {"key": "other:1"}),
         ("cache.set", {"key": "other:1", "value": "x"}), ("cache.invalidate", {"pattern": "other:*"}))


class CacheWriter(mixed_load.CacheWriter):
    """What a node that lies gives for a value cannot be judged."""

    def problems(self):
        return []


def crew_of(daemon):
    kinds = [kind for kind in mixed_load.KINDS if kind is not mixed_load.CacheWriter] + [CacheWriter]
    return mixed_load.Crew([kind(daemon, number) for number, kind in enumerate(kinds)])


def settings_of(peer):
    url = f"http://127.0.0.1:{peer.port}"
    return {**mixed_load.SETTINGS, "cache.mode": "sharded", "cache.nodes": f"127.0.0.1:{peer.port}", "cache.redis_command_us": 20000,
            "receivers.hook": "webhook", "receivers.hook.url": url, "receivers.timeout_us": 300000, "outbox.backoff_us": 10000,
            "outbox.backoff_max_us": 50000, "notify.group_interval_us": 0, "notify.repeat_us": 0, "remote_write.url": url, "remote_write.period_us": 100000,
            "remote_write.timeout_us": 300000, "trace_export.one": url, "trace_export.period_us": 100000, "trace_export.timeout_us": 300000,
            "scrape.liar": url, "scrape.period_us": 1000000, "scrape.timeout_us": 500000}


def ask(torture, daemon):
    for method, params in READS:
        begin = time.monotonic()
        try:
            daemon.call(method, params)
        except RpcError as error:
            torture.check(error.status in ("UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"), f"{method}: {error}")
        torture.took(f"{method} meanwhile", time.monotonic() - begin, ANSWER_S)


def run(torture):
    peer = LyingPeer(torture.seed)
    daemon = torture.start(torture.daemon(settings=settings_of(peer)))
    mixed_load.prepare(daemon)
    crew = crew_of(daemon)
    crew.start()
    wait_for(crew.accepted_now, "what is accepted")
    before = orfeas_torture.rss_bytes(daemon)
    for _ in torture.rounds():
        end = time.monotonic() + 1
        while time.monotonic() < end:
            ask(torture, daemon)
        torture.check(daemon.alive(), f"the daemon ended with {daemon.process.poll()}: {daemon.stderr()[-1500:]}")
        torture.wait_all_write(crew, "all write meanwhile", ANSWER_S)
    torture.counts["lies told"] = peer.n_lies
    torture.check(peer.n_lies > 0, "nobody asked the liar")
    torture.check_growth(daemon, before)
    crew.stop()
    torture.check_crew(crew)
    begin = time.monotonic()
    daemon.stop()
    torture.took("drained", time.monotonic() - begin, DRAIN_S)
    peer.close()
    torture.check_file(daemon)


orfeas_torture.main(run, rounds=5)
