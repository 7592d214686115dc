#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A write repeated with its key is done once, also across a crash."""

import json

import orfeas_test
from orfeas_test import equal, fails, now_us


def write(daemon, key, value, t_us, name="once"):
    return daemon.call("metrics.record", {"samples": [{"name": name, "value": value, "t_us": t_us}]}, {"idempotency_key": key})


def rows(daemon, name="once"):
    return daemon.sql("SELECT count(*) FROM v_sample WHERE series=?", name)[0][0]


def test_done_once(t):
    daemon = t.start()
    t_us = now_us()
    for _ in range(5):
        equal(write(daemon, "k1", 1, t_us), {"accepted": 1})
    equal(rows(daemon), 1)
    write(daemon, "k2", 1, t_us)
    equal(rows(daemon), 2)


def test_across_a_kill(t):
    daemon = t.start()
    t_us = now_us()
    first = write(daemon, "k", 1, t_us)
    for _ in range(2):
        daemon.restart()
        equal(write(daemon, "k", 1, t_us), first)
    equal(rows(daemon), 1)
    equal(daemon.sql("SELECT count(*) FROM idempotency WHERE key LIKE '%k'")[0][0], 1)


def test_by_every_way(t):
    daemon = t.start()
    t_us = now_us()
    sample = {"samples": [{"name": "once", "value": 1, "t_us": t_us}]}
    write(daemon, "shared", 1, t_us)
    equal(daemon.call("metrics.record", sample, headers={"Idempotency-Key": "shared"}), {"accepted": 1})
    equal(daemon.http("POST", "/api/v1/metrics/record", sample, {"Idempotency-Key": "shared"})[0], 200)
    equal(rows(daemon), 1)


def test_what_is_no_key(t):
    """An empty one would be every caller's who sends none."""
    daemon = t.start()
    for key, status in (("", 400), ("k" * 201, 400), ("k" * 200, 200), ("k\u00fc".encode(), 200)):
        sample = {"samples": [{"name": "once", "value": 1}]}
        equal(daemon.http("POST", "/api/v1/metrics/record", sample, {"Idempotency-Key": key})[0], status, repr(key))
    fails(lambda: daemon.call("metrics.record", sample, headers={"Idempotency-Key": ""}), "INVALID_ARGUMENT", field="idempotency_key")
    equal(rows(daemon), 2)


def test_same_key_for_something_else(t):
    daemon = t.start()
    t_us = now_us()
    write(daemon, "k", 1, t_us)
    try:
        write(daemon, "k", 2, t_us)
    except orfeas_test.RpcError as error:
        assert error.status in ("INVALID_ARGUMENT", "FAILED_PRECONDITION", "ALREADY_EXISTS", "ABORTED"), error
    else:
        raise AssertionError("another call took the answer of this key's")
    equal(rows(daemon), 1)


def test_many_at_once(t):
    daemon = t.start()
    call = {**orfeas_test.request("metrics.record", {"samples": [{"name": "once", "value": 1}]}), "meta": {"idempotency_key": "k"}}
    equal([answer["result"] for answer in daemon.ask([call] * 20)], [{"accepted": 1}] * 20)
    equal(rows(daemon), 1)
    series = daemon.call("metrics.query", {"select": "once"})["series"]
    equal([value for _, value in series[0]["points"]], [1])


def test_equal_times_in_memory_and_in_the_file(t):
    daemon = t.start()
    t_us = now_us() - 60000000
    expected = {}
    for i in range(60):  # also within a call, out of order, and repeated with a key
        at, again = t_us + i * 7 % 20 * 1000, t_us + i * 3 % 20 * 1000
        samples = [{"name": "once", "value": i, "t_us": at}, {"name": "once", "value": 100 + i, "t_us": again}]
        for _ in range(1 + i % 2):
            daemon.call("metrics.record", {"samples": samples}, {"idempotency_key": f"k{i}"})
        expected.update({at: i, again: 100 + i})
    expected = [[at, value] for at, value in sorted(expected.items())]
    query = {"select": "once", "from_us": t_us, "to_us": t_us + 1000000}
    equal(daemon.call("metrics.query", query)["series"][0]["points"], expected)
    equal(rows(daemon), 120)
    daemon.restart()
    orfeas_test.wait_for(lambda: daemon.call("metrics.query", query)["series"], "the chunks to be read back")
    equal(daemon.call("metrics.query", query)["series"][0]["points"], expected)
    code, out, err = t.ctl(None, "--db", daemon.db, "--json", "metrics", "query", "once", "--from", str(t_us), "--to", str(t_us + 1000000))
    equal(code, 0, err)
    equal(json.loads(out)["series"][0]["points"], expected)


def test_each_token_has_keys_of_its_own(t):
    path = f"{t.dir}/tokens"
    tokens = []
    for name in ("a", "b"):
        code, out, err = t.ctl(None, "token", "new", "--name", name, "--role", "ingest,read", "--file", path)
        equal(code, 0, err)
        tokens.append({"Authorization": f"Bearer {out.strip()}"})
    daemon = t.start(settings={"auth.token_file": path})
    sample = {"samples": [{"name": "once", "value": 1}]}
    for headers in tokens * 3:
        equal(daemon.call("metrics.record", sample, {"idempotency_key": "1"}, headers), {"accepted": 1})
    equal(rows(daemon), 2)


def test_a_refused_write_may_be_repeated(t):
    daemon = t.start()
    t_us = now_us()
    fails(lambda: write(daemon, "k", 1, t_us, "bad name"), "INVALID_ARGUMENT")
    equal(write(daemon, "k", 1, t_us), {"accepted": 1})


orfeas_test.main()
