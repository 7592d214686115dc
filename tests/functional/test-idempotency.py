#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A write repeated with its key is done once, also across a crash."""

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


def test_a_refused_write_may_be_repeated(t):
    daemon = t.start()
    t_us = now_us()
    fails(lambda: write(daemon, "k", 1, t_us, "bad name"), "INVALID_ARGUMENT")
    equal(write(daemon, "k", 1, t_us), {"accepted": 1})


orfeas_test.main()
