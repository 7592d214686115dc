#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""SIGTERM drains, SIGHUP reloads."""

import json
import signal
import threading

import orfeas_test
from orfeas_test import contains, equal, integrity, request, wait_for


def test_term_and_int_end_well(t):
    for sig in (signal.SIGTERM, signal.SIGINT):
        daemon = t.start(db=f"{t.dir}/{sig.name}.db")
        daemon.call("metrics.record", {"samples": [{"name": "a", "value": 1}]})
        daemon.stop(sig)
        equal(integrity(daemon.db), "ok")


def test_term_answers_what_is_in_flight(t):
    daemon = t.start()
    with daemon.peer() as peer:
        for i in range(50):
            peer.send_text(json.dumps(request("metrics.record", {"samples": [{"name": "a", "value": i}]}, request_id=i)))
        first = json.loads(peer.receive_text())
        contains(first, "result")
        daemon.process.send_signal(signal.SIGTERM)
        accepted = {first["id"]}
        while True:
            text = peer.receive_text()
            if text is None:
                break
            answer = json.loads(text)
            if "result" in answer:
                accepted.add(answer["id"])
    equal(daemon.process.wait(orfeas_test.PATIENCE_S), 0)
    stored = {int(row[0]) for row in daemon.sql("SELECT value FROM v_sample WHERE series='a'")}
    equal(accepted - stored, set(), "answered and not stored")


def test_term_with_idle_and_half_clients(t):
    daemon = t.start()
    peers = [daemon.peer() for _ in range(5)] + [daemon.peer("length")]
    sockets = [daemon.tcp() for _ in range(5)]
    sockets[0].sendall(b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n")
    peers[0].socket.sendall(b'{"jsonrpc":')
    daemon.call("health.check")
    daemon.stop()
    for one in peers + sockets:
        one.close()


def test_last_frames_are_written(t):
    daemon = t.start(settings={"store.commit_us": 5000000})
    stored = lambda: daemon.sql("SELECT max(t_us) FROM v_sample WHERE series='orfeas.memory.rss_bytes'")[0][0]
    # until the file has said what the series is called there, its samples wait for that
    before = wait_for(stored, "the first commit")
    newest = wait_for(lambda: (lambda t_us: t_us > before and t_us)(
        daemon.call("metrics.query", {"select": "orfeas.memory.rss_bytes"})["series"][0]["points"][-1][0]), "a sample in memory")
    daemon.stop()
    rows = daemon.sql("SELECT count(*) FROM v_sample WHERE series='orfeas.memory.rss_bytes' AND t_us>=?", newest)
    assert rows[0][0] >= 1, "what was in memory is not in the file"


def test_hup_reloads(t):
    daemon = t.start(config="[listen]\nmax_body_bytes=5000\n")
    body = " " * 6000 + json.dumps(request("health.check"))
    equal(daemon.http("POST", "/rpc", body)[0], 413)
    with open(daemon.config, "w", encoding="utf-8") as file:
        file.write("[listen]\nmax_body_bytes=50000\n")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: daemon.http("POST", "/rpc", body)[0] == 200, "the new limit")


def test_hup_with_a_bad_config_changes_nothing(t):
    daemon = t.start(config="[listen]\nmax_body_bytes=5000\n")
    with open(daemon.config, "w", encoding="utf-8") as file:
        file.write("[listen]\nmax_body_bytes=1\n")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "max_body_bytes" in daemon.stderr(), "the complaint")
    equal(daemon.http("POST", "/rpc", " " * 6000)[0], 413)
    daemon.call("health.check")


def test_term_twice_under_load(t):
    daemon = t.start()
    stop = threading.Event()

    def load():
        try:
            with daemon.peer() as peer:
                while not stop.is_set():
                    peer.call("status.get")
        except (AssertionError, OSError, orfeas_test.RpcError):
            pass

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    daemon.call("health.check")
    daemon.process.send_signal(signal.SIGTERM)
    try:
        daemon.stop()
    finally:
        stop.set()
        for thread in threads:
            thread.join()


orfeas_test.main()
