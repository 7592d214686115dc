#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""db.stats, and db.check over packed samples."""

import json

import orfeas_test
from orfeas_test import equal, fails, now_us, wait_for

SETTINGS = {"history.pack_us": "1000000", "host.enabled": "false"}
SECOND = 10**6


def packed(daemon, n=500):
    """Samples of three series, of which two are packed well and one is not."""
    start = now_us() - (n + 10) * SECOND
    samples = []
    for i in range(n):
        samples += [
            {"name": "steady", "value": 7, "t_us": start + i * SECOND},
            {"name": "noisy", "labels": {"k": 'a"b'}, "value": (i * 7919 % 1000003) * 1.000001e-3, "t_us": start + i * SECOND},
        ]
    for i in range(0, len(samples), 500):
        daemon.call("metrics.record", {"samples": samples[i : i + 500]})
    wait_for(
        lambda: daemon.sql("SELECT sum(c.count) FROM chunk c JOIN series s ON s.id=c.series_id WHERE s.name IN ('steady', 'noisy')")
        == [(2 * n,)],
        "the packing",
    )


def tiers(result):
    return {tier["name"]: tier for tier in result["tiers"]}


def test_stats(t):
    daemon = t.start(settings=SETTINGS)
    packed(daemon)
    exact = daemon.admin("db.stats", {"series": 1000})
    quick = daemon.admin("db.stats", {"quick": True, "series": 0})
    equal((list(tiers(exact)), quick["series"], quick["exact"]), (["sample_raw", "chunk", "rollup_1m", "rollup_1h"], [], False))
    chunk = tiers(exact)["chunk"]
    assert chunk["samples"] >= 1000 and chunk["rows"] >= 2 and chunk["bytes"] >= 4096, chunk
    assert 0 < chunk["from_us"] < chunk["to_us"] <= now_us(), chunk
    for name, tier in tiers(quick).items():
        assert tier["bytes"] <= tiers(exact)[name]["bytes"] + 65536, (quick, exact)
    noisy, steady = (next(one for one in exact["series"] if one["series"].startswith(name)) for name in ("noisy", "steady"))
    equal((noisy["series"], noisy["samples"], steady["samples"]), ('noisy{k="a\\"b"}', 500, 500))
    assert noisy["bytes"] > steady["bytes"] > 0, exact["series"]
    equal(exact["series"], sorted(exact["series"], key=lambda one: -one["bytes"]))
    equal(noisy["bytes_per_sample"], noisy["bytes"] / 500)
    equal(len(daemon.admin("db.stats", {"series": 1})["series"]), 1)
    fails(lambda: daemon.call("db.stats"), "PERMISSION_DENIED")
    fails(lambda: daemon.admin("db.stats", {"series": -1}), "INVALID_ARGUMENT", field="series")
    equal(daemon.admin("db.check")["problems"], [])


def test_orfeasctl(t):
    daemon = t.start(settings=SETTINGS)
    packed(daemon)
    status, out, _ = t.ctl(daemon, "db", "stats", "--series", "--limit", "2")
    equal(status, 0)
    lines = [line.split("\t") for line in out.splitlines()]
    equal([line[0] for line in lines[:5]], ["TIER", "sample_raw", "chunk", "rollup_1m", "rollup_1h"])
    equal((lines[6][0], len(lines)), ("SERIES", 9))
    equal(len(t.ctl(daemon, "db", "stats", "--quick")[1].splitlines()), 5)
    equal(t.ctl(daemon, "db", "stats", "--limit", "x")[0], 2)
    daemon.stop()
    status, out, _ = t.ctl(None, "--db", daemon.db, "db", "stats", "--json")
    equal((status, json.loads(out)["series"]), (0, []))
    equal(t.ctl(None, "--db", daemon.db, "db", "check")[0], 0)
    connection = orfeas_test.sqlite3.connect(daemon.db)
    with connection:
        connection.execute("UPDATE rollup_1m SET count=count+1")
    connection.close()
    status, out, _ = t.ctl(None, "--db", daemon.db, "db", "check")
    equal(status, 5)
    assert "rollup_1m of series" in out, out


orfeas_test.main()
