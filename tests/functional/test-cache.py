#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cache.* by HTTP and by the cache's own socket: values, lifetimes, tags, leases, bounds."""

import base64
import fnmatch
import json
import os
import subprocess
import threading
import time

import orfeas_test
from orfeas_test import Peer, contains, equal, fails, unwrap, wait_for

MISS = {"hit": False, "value": None, "encoding": None, "tier": None}


def hit(key, value, encoding="utf8", **more):
    return {"key": key, "hit": True, "value": value, "encoding": encoding, "tier": "l1", **more}


def start(t, **settings):
    daemon = t.start(settings={f"cache.{name}": value for name, value in settings.items()})
    return daemon, cache_peer(daemon)


def cache_peer(daemon):
    return Peer(daemon.ready["cache_socket"])


def test_both_ways(t):
    """What one transport stores the others have."""
    daemon, peer = start(t)
    with peer:
        equal(peer.call("cache.set", {"key": "model:7", "value": "ready \u00e9\n\"\\"}), {"stored": 1})
        equal(daemon.call("cache.get", {"key": "model:7"}), hit("model:7", "ready \u00e9\n\"\\"))
        equal(daemon.rest("GET", "/cache/stats")[1]["hits"], 1)
        with daemon.peer() as main:
            equal(main.call("cache.delete", {"key": "model:7"}), {"removed": 1})
        equal(peer.call("cache.get", {"key": "model:7"}), {"key": "model:7", **MISS})
        equal(peer.call("cache.delete", {"key": "model:7"}), {"removed": 0})
        equal(peer.call("cache.locate", {"key": "model:7"}), {"key": "model:7", "node": None, "slot": None})


def test_own_socket(t):
    """Private, beside the main one, and for the cache alone."""
    daemon, peer = start(t)
    path = daemon.ready["cache_socket"]
    equal(path, os.path.join(os.path.dirname(daemon.socket), "cache.sock"))
    equal(os.stat(path).st_mode & 0o777, 0o600)
    with peer:
        error = peer.ask(orfeas_test.request("gpu.list"))["error"]
        equal(error["code"], -32601)
        contains(error["message"], daemon.socket)
        fails(lambda: peer.call("cache.get", {}), "INVALID_ARGUMENT", field="key")
        answers = peer.ask([orfeas_test.request("cache.set", {"key": "a", "value": "1"}), orfeas_test.request("cache.get", {"key": "a"})])
        equal([unwrap(one) for one in answers], [{"stored": 1}, hit("a", "1")])
    daemon.stop()
    assert not os.path.exists(path), path


def test_two_daemons_in_one_folder(t):
    first, peer = start(t)
    second = t.daemon(db=os.path.join(t.dir, "second.db"))
    second.socket = os.path.join(t.dir, "second.sock")
    second.command[second.command.index("--socket") + 1] = second.socket
    second.start()
    equal(second.ready["cache_socket"], os.path.join(t.dir, "second-cache.sock"))
    with peer, cache_peer(second) as other:
        peer.call("cache.set", {"key": "k", "value": "1"})
        equal(other.call("cache.get", {"key": "k"})["hit"], False)
    third = t.daemon(db=os.path.join(t.dir, "third.db"), settings={"cache.socket": first.ready["cache_socket"]})
    third.command[third.command.index("--socket") + 1] = os.path.join(t.dir, "third.sock")
    contains(third.start_refused(), "[cache] socket")


def test_values(t):
    daemon, peer = start(t)
    raw = bytes(range(256)) * 3
    with peer:
        for length in (0, 1, 2, 3, 766, 767, 768):
            text = base64.b64encode(raw[:length]).decode()
            peer.call("cache.set", {"key": "b", "value": text, "encoding": "base64"})
            equal(peer.call("cache.get", {"key": "b"}), hit("b", text, "base64"))
        peer.call("cache.set", {"key": "none", "value": None})
        equal(peer.call("cache.get", {"key": "none"}), hit("none", None, None))
        peer.call("cache.set", {"key": "empty", "value": ""})
        equal(peer.call("cache.get", {"key": "empty"}), hit("empty", ""))
        for wrong in ("a", "aaaa=", "====", "aa aa", "aaa\u00e9", "a=aa"):
            fails(lambda: peer.call("cache.set", {"key": "b", "value": wrong, "encoding": "base64"}), "INVALID_ARGUMENT", field="value")
        fails(lambda: peer.call("cache.set", {"key": "", "value": "1"}), "INVALID_ARGUMENT", field="key")
        fails(lambda: peer.call("cache.set", {"key": "k" * 1025, "value": "1"}), "INVALID_ARGUMENT", field="key")
        fails(lambda: peer.call("cache.set", {"key": "k", "value": "1", "tags": ["t"] * 17}), "INVALID_ARGUMENT", field="tags")


def test_large_values(t):
    """Kept packed where that is worth it, and told as they were."""
    daemon, peer = start(t)
    text, noise = "0123456789" * 100_000, base64.b64encode(os.urandom(300_000)).decode()
    with peer:
        peer.call("cache.set", {"key": "t", "value": text})
        used = peer.call("cache.stats")["l1"]["used_bytes"]
        peer.call("cache.set", {"key": "n", "value": noise, "encoding": "base64"})
        equal(peer.call("cache.get", {"key": "t"}), hit("t", text))
        equal(peer.call("cache.get", {"key": "n"}), hit("n", noise, "base64"))
        assert peer.call("cache.stats")["l1"]["used_bytes"] - used >= 300_000
        peer.call("cache.delete", {"key": "t"})
        assert used - peer.call("cache.stats")["l1"]["used_bytes"] + 300_000 < 50_000


def test_several(t):
    daemon, peer = start(t)
    with peer:
        entries = [{"key": f"k{i}", "value": str(i), "tags": ["odd" if i % 2 else "even"]} for i in range(10)]
        equal(peer.call("cache.mset", {"entries": entries}), {"stored": 10})
        equal(peer.call("cache.mget", {"keys": ["k3", "x", "k9"]})["entries"], [hit("k3", "3"), {"key": "x", **MISS}, hit("k9", "9")])
        wrong = [{"key": "n1", "value": "1"}, {"key": "n2", "value": "?", "encoding": "base64"}]
        fails(lambda: peer.call("cache.mset", {"entries": wrong}), "INVALID_ARGUMENT", field="entries[1].value")


def test_lifetimes(t):
    daemon, peer = start(t, ttl_ms=100, negative_us=100000, ttl_jitter_percent=0)
    with peer:
        peer.call("cache.set", {"key": "default", "value": "1"})
        peer.call("cache.set", {"key": "none", "value": None})
        peer.call("cache.set", {"key": "long", "value": "1", "ttl_ms": 3600000})
        wait_for(lambda: not peer.call("cache.get", {"key": "default"})["hit"], "the end of its lifetime")
        wait_for(lambda: not peer.call("cache.get", {"key": "none"})["hit"], "the end of its lifetime")
        equal(peer.call("cache.get", {"key": "long"}), hit("long", "1"))


def test_invalidate(t):
    daemon, peer = start(t)
    with peer:
        there = {f"{name}:{i}": f"t{i % 3}" for name in ("model", "user") for i in range(300)}
        peer.call("cache.mset", {"entries": [{"key": key, "value": "1", "tags": [tag]} for key, tag in there.items()]})
        for params in ({"pattern": "model:1*"}, {"tag": "t0"}, {"pattern": "user:?", "tag": "t1"}):
            meant = [key for key, tag in there.items() if fnmatch.fnmatchcase(key, params.get("pattern", "*")) and tag == params.get("tag", tag)]
            equal(peer.call("cache.invalidate", params), {"removed": len(meant)}, params)
            for key in meant:
                del there[key]
        equal(peer.call("cache.mget", {"keys": list(there)[:1000]})["entries"], [hit(key, "1") for key in there])
        fails(lambda: peer.call("cache.invalidate", {}), "INVALID_ARGUMENT", field="pattern")
        equal(peer.call("cache.clear"), {"removed": len(there)})
        equal(daemon.call("cache.stats")["l1"]["entries"], 0)
        # who may drop many leaves a row, also by the cache's own socket
        equal(daemon.sql("SELECT method, count(*) FROM audit WHERE method LIKE 'cache.%' GROUP BY 1 ORDER BY 1"), [("cache.clear", 1), ("cache.invalidate", 4)])


def test_stats(t):
    daemon, peer = start(t)
    with peer:
        fresh = peer.call("cache.stats")
        equal((fresh["hits"], fresh["misses"], fresh["hit_rate_percent"], fresh["namespaces"]), (0, 0, None, []))
        equal((fresh["l2"]["mode"], fresh["l2"]["nodes"]), ("local", []))
        peer.call("cache.set", {"key": "model:1", "value": "x" * 1000})
        for key in ("model:1", "model:1", "model:1", "model:2", "plain"):
            peer.call("cache.get", {"key": key})
        stats = peer.call("cache.stats")
        equal((stats["hits"], stats["misses"], stats["hit_rate_percent"], stats["l1"]["entries"]), (3, 2, 60, 1))
        assert 1000 < stats["l1"]["used_bytes"] - fresh["l1"]["used_bytes"] < 1150, stats
        names = {one["name"]: one for one in stats["namespaces"]}
        equal((names["model"]["hits"], names["model"]["misses"], names[""]["misses"]), (3, 1, 1))
        status = daemon.call("status.get")
        equal(status["components"]["tier1"]["cache_manager"], "operational")
        equal(status["memory"]["cache"], {"used_bytes": stats["l1"]["used_bytes"], "budget_bytes": stats["l1"]["budget_bytes"]})


def newest(daemon, name):
    """The newest value of each series of that name, by namespace."""
    answer = daemon.call("metrics.query", {"select": name, "from_us": orfeas_test.now_us() - 60_000_000})
    return {one["labels"].get("namespace"): one["points"][-1][1] for one in answer["series"] if one["points"]}


def test_worth(t):
    """What hits saved, by what values took to make; in the series that alerts, health and the bill look at."""
    daemon = t.start(settings={"cost.gpu_hour": 3.6})
    with cache_peer(daemon) as peer:
        for i in range(10):
            peer.call("cache.set", {"key": f"dear:{i}", "value": "1", "cost_us": 50_000})
            peer.call("cache.set", {"key": f"cheap:{i}", "value": "1", "cost_us": 0})
        for i in range(120):
            peer.call("cache.mget", {"keys": [f"dear:{i % 10}"] * 9 + ["dear:x"]})
            peer.call("cache.mget", {"keys": [f"cheap:{i % 10}"] * 10})
        stats = peer.call("cache.stats")
        names = {one["name"]: one for one in stats["namespaces"]}
        equal((names["dear"]["miss_cost_us"], names["dear"]["saved_us"], names["dear"]["worth"]), (50_000, 1080 * 50_000, "saves"))
        equal((names["cheap"]["saved_us"], names["cheap"]["worth"]), (0, "loses"))
        assert 0 < names["dear"]["saved_cost"] < 1080 * 0.05 * 0.001 and names["cheap"]["saved_cost"] < 0, names
        equal(stats["saved_us"], 1080 * 50_000)
        assert abs(stats["saved_cost"] - 1080 * 0.05 * 0.001) < 1e-9, stats
        # the time from the miss to the set, where nobody tells
        peer.call("cache.get", {"key": "seen:1"})
        time.sleep(0.02)
        peer.call("cache.set", {"key": "seen:1", "value": "1"})
        seen = {one["name"]: one for one in peer.call("cache.stats")["namespaces"]}["seen"]
        assert 20_000 <= seen["miss_cost_us"] < 10_000_000, seen
        # a sample may have come in the midst of all that
        for name, told in {"hit_rate_percent": {None: 100 * 2280 / 2401}, "saved_us": {None: 1080 * 50_000},
                           "hits": {"dear": 1080, "cheap": 1200, "seen": 0}, "entries": {"dear": 10, "cheap": 10, "seen": 1}}.items():
            wait_for(lambda: newest(daemon, f"cache.{name}") == told, f"cache.{name} to be {told}")
        # somebody who has a cache of his own still may
        daemon.call("metrics.record", {"samples": [{"name": "cache.hit_rate_percent", "value": 50, "t_us": orfeas_test.now_us() - 600_000_000}]})
        contains(daemon.http("GET", "/metrics")[2].decode(), 'orfeas_cache_hits_total{namespace="dear"} 1080')


def test_ctl(t):
    daemon = t.start()

    def ctl(*arguments, status=0):
        code, out, error = t.ctl(daemon, "cache", *arguments)
        equal(code, status, error)
        return out

    equal(ctl("set", "model:7", "ready\u00e9", "--ttl", "5m", "--tags", "a,b"), "")
    equal(ctl("get", "model:7"), "ready\u00e9")
    equal(ctl("get", "model:8", status=5), "")
    equal(ctl("locate", "model:7"), "only in the daemon\n")
    names = [line.split("\t") for line in ctl("top").splitlines()]
    equal(names[-1][:6], ["model", "1", names[-1][2], "1", "1", "50"])
    contains(ctl("stats"), "50.0 % of 2 gets")
    equal(json.loads(ctl("stats", "--json"))["hits"], 1)
    ctl("invalidate", status=2)
    equal(ctl("invalidate", "--tag", "c"), "0 dropped\n")
    equal(ctl("invalidate", "model:*", "--tag", "b"), "1 dropped\n")
    daemon.call("cache.set", {"key": "b", "value": "AP8=", "encoding": "base64"})
    done = subprocess.run([orfeas_test.ORFEASCTL, "--socket", daemon.socket, "cache", "get", "b"], capture_output=True, check=True)
    equal(done.stdout, b"\x00\xff")


def test_bench(t):
    """orfeasctl's load: as many calls as it says, on keys that are there after it."""
    daemon = t.start()

    def bench(*words, where=daemon, status=0):
        code, out, error = t.ctl(where, "cache", "bench", "--for", "1s", *words)
        equal(code, status, error)
        return out or error

    told = json.loads(bench("--keys", "50", "--sets", "20", "--bytes", "300", "--connections", "3", "--depth", "4", "--json"))
    stats = daemon.call("cache.stats")
    # those under way at its end are not waited for
    assert 0 <= stats["hits"] + stats["misses"] - told["get"]["calls"] <= 12, (stats, told)
    equal((told["errors"], told["l2_hits"], told["l1_hits"]), (0, 0, told["hits"]))
    assert 0 < told["hits"] < told["get"]["calls"] and told["set"]["calls"] > 0, told
    assert told["get"]["p50_us"] <= told["get"]["p99_us"] <= told["get"]["p999_us"] <= told["get"]["longest_us"], told
    value = daemon.call("cache.get", {"key": "bench:0"})["value"]
    equal(len(value), 300)
    lines = bench("--keys", "1", "--sets", "0").splitlines()
    equal([line.split("\t")[0] for line in lines[:3]], ["CALL", "get", "set"])
    equal(lines[2].split("\t")[1:3], ["0", "0"])
    contains(lines[4], "100.0 % of gets")
    contains(bench("--depth", "0", status=2), "--depth: 0 is not from 1 to 256")
    contains(bench("--zipf", "x", status=2), "--zipf")
    # one that is refused tells why
    small = t.start(db=os.path.join(t.dir, "small.db"), options=("--socket", os.path.join(t.dir, "small.sock")),
                    settings={"cache.l1_bytes": 1048576})
    code, out, error = t.ctl(small, "--socket", os.path.join(t.dir, "small.sock"), "cache", "bench", "--for", "1s", "--bytes", "1000000", "--sets", "100")
    equal(code, 5, error)
    contains(out, "RESOURCE_EXHAUSTED")


def test_rest(t):
    """Values as they are, and who has the value already is not sent it again."""
    daemon = t.start()
    octets = {"Content-Type": "application/octet-stream", "Accept": "application/octet-stream"}

    def key(verb, name, body=None, headers=None):
        return daemon.http(verb, "/api/v1/cache/keys/" + name, body, headers)

    raw = bytes(range(256))
    for value in (raw, "text \u00e9\n".encode(), b"{\"a\":1}"):
        equal(json.loads(key("PUT", "k?ttl_ms=60000&tags=%5B%22t%22%5D", value, octets)[2]), {"status": "success", "stored": 1})
        status, headers, body = key("GET", "k", headers={"Accept": "application/octet-stream"})
        equal((status, headers["Content-Type"], body), (200, "application/octet-stream", value))
        contains(headers["Content-Disposition"], "attachment")
        etag = headers["ETag"]
        for accept in ({}, {"Accept": "application/octet-stream"}):
            status, headers, body = key("GET", "k", headers={"If-None-Match": etag, **accept})
            equal((status, headers["ETag"], body), (304, etag, b""))
            equal(key("GET", "k", headers={"If-None-Match": '"0"', **accept})[0], 200)
    equal(daemon.call("cache.invalidate", {"tag": "t"}), {"removed": 1})
    equal(key("GET", "k", headers={"Accept": "application/octet-stream"})[0], 404)
    equal(json.loads(key("GET", "k")[2])["hit"], False)
    equal(json.loads(key("PUT", "k", {"value": None})[2])["stored"], 1)
    status, headers, body = key("GET", "k", headers={"Accept": "application/octet-stream"})
    equal((status, body), (204, b""))
    equal(key("GET", "k", headers={"If-None-Match": headers["ETag"]})[0], 304)
    equal(json.loads(key("DELETE", "k")[2])["removed"], 1)
    equal(key("PUT", "k", "x", {"Content-Type": "application/json"})[0], 400)
    equal(key("PUT", "k?ttl_ms=0", b"x", octets)[0], 400)
    # slashes are the key's, written as they are or as %2F
    equal(json.loads(key("PUT", "a/b%2Fc//d?ttl_ms=60000", b"x", octets)[2])["stored"], 1)
    equal(daemon.call("cache.get", {"key": "a/b/c//d"})["value"], "x")
    equal(json.loads(key("GET", "a%2Fb%2fc%2F%2Fd")[2])["key"], "a/b/c//d")
    equal(json.loads(key("DELETE", "a/b/c//d")[2])["removed"], 1)
    equal(key("GET", "")[0], 404)
    # nothing else takes what is not JSON
    equal(daemon.http("POST", "/api/v1/cache/clear", b"x", octets)[0], 415)


def test_repeated(t):
    """A write that comes again with its key is answered as the first time, and not done."""
    daemon, peer = start(t)

    def once(name):
        return {"idempotency_key": name}

    with peer, daemon.peer() as main:
        for one in (peer, main, peer):
            equal(one.call("cache.set", {"key": "k", "value": "1"}, once("set")), {"stored": 1})
            peer.call("cache.set", {"key": "k", "value": "2"})
        equal(peer.call("cache.get", {"key": "k"}), hit("k", "2"))
        equal(daemon.http("PUT", "/api/v1/cache/keys/k", {"value": "1"}, {"Idempotency-Key": "set"})[0], 200)
        equal(peer.call("cache.get", {"key": "k"}), hit("k", "2"))
        fails(lambda: peer.call("cache.set", {"key": "k", "value": "3"}, once("set")), "FAILED_PRECONDITION")
        fails(lambda: peer.call("cache.delete", {"key": "k"}, once("set")), "FAILED_PRECONDITION")
        for _ in range(2):
            equal(main.call("cache.delete", {"key": "k"}, once("delete")), {"removed": 1})
        for _ in range(2):  # what failed may be tried again
            fails(lambda: peer.call("cache.set", {"key": "k", "value": "?", "encoding": "base64"}, once("wrong")), "INVALID_ARGUMENT")
        calls = [{**orfeas_test.request("cache.mset", {"entries": [{"key": f"k{i}", "value": "1"} for i in range(3)]}), "meta": once("mset")}] * 5
        equal([unwrap(one) for one in peer.ask(calls)], [{"stored": 3}] * 5)
        for _ in range(2):
            equal(peer.call("cache.invalidate", {"pattern": "k?"}, once("invalidate")), {"removed": 3})
        # who only reads has no need of a key
        equal(peer.call("cache.get", {"key": "k"}, once("set"))["hit"], False)


def test_bounds(t):
    daemon, peer = start(t, l1_bytes=1048576, l1_entries=1000)
    with peer:
        for i in range(20):
            peer.call("cache.mset", {"entries": [{"key": f"k{i}:{j}", "value": "x" * 1000} for j in range(100)]})
        stats = peer.call("cache.stats")
        assert stats["l1"]["used_bytes"] <= 1048576 and 800 < stats["l1"]["entries"] <= 1000, stats
        equal(stats["l1"]["entries"] + stats["l1"]["evictions"], 2000)
        fails(lambda: peer.call("cache.set", {"key": "k", "value": base64.b64encode(os.urandom(750_000)).decode()}), "RESOURCE_EXHAUSTED", field="value")
        for i in range(100):
            peer.call("cache.get", {"key": f"name{i}:1"})
        names = {one["name"]: one for one in peer.call("cache.stats")["namespaces"]}
        equal(len(names), 65)
        equal(names["*"]["misses"], 100 + 20 - 64)


def test_leases(t):
    """Of many who miss one makes the value, and the others get it."""
    daemon, peer = start(t)
    with peer:
        first = peer.call("cache.get", {"key": "k", "lease_us": 30000000})
        assert not first["hit"] and first["lease"], first
        equal(peer.call("cache.get", {"key": "k", "lease_us": 30000000, "wait_us": 20000}), {"key": "k", **MISS})
        got = []

        def wait():
            with cache_peer(daemon) as other:
                got.append(other.call("cache.get", {"key": "k", "lease_us": 30000000, "wait_us": 30000000}))

        waiters = [threading.Thread(target=wait) for _ in range(5)]
        for one in waiters:
            one.start()
        wait_for(lambda: peer.call("cache.stats")["l1"]["waiting"] == 5, "all to wait")
        equal(peer.call("cache.stats")["l1"]["leases"], 1)
        equal(peer.call("cache.set", {"key": "k", "value": "made", "lease": first["lease"]}), {"stored": 1})
        for one in waiters:
            one.join()
        equal(got, [hit("k", "made")] * 5)
        equal(peer.call("cache.stats")["l1"]["leases"], 0)


def test_leases_end_by_themselves(t):
    """Also those that nobody waits for: else there would be none left one day."""
    daemon, peer = start(t)
    with peer:
        for i in range(100):
            peer.call("cache.get", {"key": f"k{i}", "lease_us": 1000})
        wait_for(lambda: peer.call("cache.stats")["l1"]["leases"] == 0, "all leases to end")


def test_a_lease_may_be_lost(t):
    """What was read before the key was dropped is not stored after it."""
    daemon, peer = start(t)
    drops = {
        "deleted": lambda: peer.call("cache.delete", {"key": "k"}),
        "set": lambda: peer.call("cache.set", {"key": "k", "value": "newer", "ttl_ms": 1}),
        "invalidated": lambda: peer.call("cache.invalidate", {"pattern": "k*"}),
        "by tag": lambda: peer.call("cache.invalidate", {"tag": "any"}),
        "cleared": lambda: peer.call("cache.clear"),
    }
    with peer:
        for what, drop in drops.items():
            lease = peer.call("cache.get", {"key": "k", "lease_us": 30000000})["lease"]
            drop()
            equal(peer.call("cache.set", {"key": "k", "value": "older", "lease": lease}), {"stored": 0}, what)
            wait_for(lambda: not peer.call("cache.get", {"key": "k"})["hit"], "nothing")
        late = peer.call("cache.get", {"key": "late", "lease_us": 1000})["lease"]
        again = peer.call("cache.get", {"key": "late", "lease_us": 30000000, "wait_us": 30000000})["lease"]
        assert again != late
        equal(peer.call("cache.set", {"key": "late", "value": "1", "lease": late}), {"stored": 0})
        equal(peer.call("cache.set", {"key": "late", "value": "2", "lease": again}), {"stored": 1})


def test_stale_while_revalidated(t):
    daemon, peer = start(t, ttl_jitter_percent=0)
    with peer:
        peer.call("cache.set", {"key": "k", "value": "old", "ttl_ms": 1, "stale_us": 60000000})
        time.sleep(0.01)
        equal(peer.call("cache.get", {"key": "k"}), hit("k", "old", stale=True))
        made = peer.call("cache.get", {"key": "k", "lease_us": 30000000})
        equal(made, hit("k", "old", stale=True, lease=made["lease"]))
        # nobody waits for it: there is a value
        equal(peer.call("cache.get", {"key": "k", "lease_us": 30000000, "wait_us": 30000000}), hit("k", "old", stale=True))
        peer.call("cache.set", {"key": "k", "value": "new", "lease": made["lease"]})
        equal(peer.call("cache.get", {"key": "k", "lease_us": 30000000}), hit("k", "new"))


def test_stopped_while_waited(t):
    daemon, peer = start(t)
    with peer, daemon.peer() as main:
        peer.call("cache.get", {"key": "k", "lease_us": 600000000})
        main.send_text(json.dumps(orfeas_test.request("cache.get", {"key": "k", "lease_us": 1000, "wait_us": 60000000}, {"deadline_ms": 200})))
        answer = json.loads(main.receive_text())
        equal(answer["error"]["data"]["status"], "DEADLINE_EXCEEDED")
        with cache_peer(daemon) as waiting:
            waiting.send_text(json.dumps(orfeas_test.request("cache.get", {"key": "k", "lease_us": 1000, "wait_us": 60000000})))
            wait_for(lambda: peer.call("cache.stats")["l1"]["waiting"] >= 1, "it to wait")
    daemon.kill()


orfeas_test.main()
