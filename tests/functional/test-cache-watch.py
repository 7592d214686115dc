#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cache.watch, cache.sync and `keep`: what those need who hold values themselves."""

import json
import time

import orfeas_test
from orfeas_test import Peer, equal, fails, request, unwrap, wait_for


def cache_peer(daemon):
    return Peer(daemon.ready["cache_socket"])


class Watcher:
    """A connection with one stream; what it was told by now."""

    def __init__(self, peer, **params):
        self.peer = peer
        peer.send_text(json.dumps(request("cache.watch", params)))
        self.stream = unwrap(json.loads(peer.receive_text()))["stream"]
        self.version, self.keys, self.patterns, self.dropped = 0, {}, [], 0
        self.n_values = 0
        self.take()
        self.first = self.version
        equal((self.keys, self.patterns), ({}, []))

    def take(self):
        message = json.loads(self.peer.receive_text())
        equal((message["method"], message["params"]["stream"]), ("stream.next", self.stream))
        value = message["params"]["value"]
        assert value["version"] >= self.version, (value, self.version)
        self.n_values += 1
        self.version = value["version"]
        self.dropped += message["params"].get("dropped", 0)
        self.patterns += value["patterns"]
        equal(len(value["keys"]), len(value["versions"]))
        for key, version in zip(value["keys"], value["versions"]):
            assert self.keys.get(key, 0) < version <= self.version, value
            self.keys[key] = version

    def take_until(self, version):
        while self.version < version:
            self.take()
        return self


def watch(daemon, way="cache", **params):
    peer = {"cache": lambda: cache_peer(daemon), "main": daemon.peer, "websocket": daemon.websocket}[way]()
    return Watcher(peer, **params)


def test_keep(t):
    """What may be held has a version and a lifetime; what may not has none."""
    daemon = t.start(settings={"cache.ttl_jitter_percent": 0, "cache.ttl_ms": 60000})
    with cache_peer(daemon) as peer:
        stored = peer.call("cache.set", {"key": "k", "value": "1", "keep": True})
        equal((stored["stored"], 0 < stored["keep_us"] <= 60000000), (1, True))
        got = peer.call("cache.get", {"key": "k", "keep": True})
        equal(got["version"], stored["version"])
        assert 0 < got["keep_us"] <= stored["keep_us"], got
        equal(peer.call("cache.sync"), {"version": stored["version"], "lease_us": 2000000})
        peer.call("cache.set", {"key": "other", "value": None})
        later = peer.call("cache.mget", {"keys": ["k", "none", "other"], "keep": True})["entries"]
        equal([one.get("version") for one in later], [stored["version"] + 1, None, stored["version"] + 1])
        assert "version" not in peer.call("cache.get", {"key": "k"})
        # stale is not
        peer.call("cache.set", {"key": "s", "value": "1", "ttl_ms": 1, "stale_us": 60000000})
        wait_for(lambda: peer.call("cache.get", {"key": "s", "keep": True}).get("stale"), "the end of its lifetime")
        assert "version" not in peer.call("cache.get", {"key": "s", "keep": True})
        # nor what a lease that is lost did not store
        equal(peer.call("cache.set", {"key": "l", "value": "1", "lease": "nobody", "keep": True}), {"stored": 0})


def test_changes(t):
    """Each way to change a key is told on each transport, under the version that its caller was told."""
    daemon = t.start()
    watchers = [watch(daemon, way) for way in ("cache", "main", "websocket")]
    with cache_peer(daemon) as peer:
        stored = peer.call("cache.set", {"key": "a", "value": "1", "keep": True})["version"]
        peer.call("cache.mset", {"entries": [{"key": f"m{i}", "value": "1", "tags": ["t"]} for i in range(3)]})
        daemon.call("cache.delete", {"key": "a"})
        peer.call("cache.delete", {"key": "nothing"})  # somebody may hold what the daemon has lost
        peer.call("cache.invalidate", {"pattern": "m?"})
        last = peer.call("cache.sync")["version"]
        for watcher in watchers:
            watcher.take_until(last)
            equal((set(watcher.keys), watcher.patterns, watcher.dropped), ({"a", "m0", "m1", "m2", "nothing"}, ["m?"], 0))
            assert watcher.first < stored < watcher.keys["m0"] < watcher.keys["a"] < watcher.keys["nothing"] < last
        for params in ({"tag": "t"}, {"tag": "t", "pattern": "x*"}):
            peer.call("cache.invalidate", params)
        peer.call("cache.clear")
        last = peer.call("cache.sync")["version"]
        for watcher in watchers:
            # a tag says nothing of the keys that had it; what comes after everything may be told with it
            watcher.patterns.clear()
            watcher.take_until(last)
            assert watcher.patterns[0] == "*" and set(watcher.patterns) <= {"*", "x*"}, watcher.patterns
    for watcher in watchers:
        watcher.peer.close()


def test_own_version(t):
    """One's own write is told under the version that its answer had; a later one of another is higher."""
    daemon = t.start()
    watcher = watch(daemon)
    with cache_peer(daemon) as peer:
        own = peer.call("cache.set", {"key": "k", "value": "1", "keep": True})["version"]
        watcher.take_until(own)
        equal(watcher.keys["k"], own)
        peer.call("cache.set", {"key": "k", "value": "2"})
        watcher.take_until(own + 1)
        equal(watcher.keys["k"], own + 1)
    watcher.peer.close()


def test_prefix(t):
    """Other keys are not told, but how far things are is."""
    daemon = t.start()
    watcher = watch(daemon, prefix="model:")
    with cache_peer(daemon) as peer:
        for i in range(100):
            peer.call("cache.set", {"key": f"user:{i}", "value": "1"})
        watcher.take_until(peer.call("cache.sync")["version"])
        equal(watcher.keys, {})
        assert watcher.n_values < 50, watcher.n_values
        peer.call("cache.set", {"key": "model:1", "value": "1"})
        watcher.take_until(peer.call("cache.sync")["version"])
        equal(list(watcher.keys), ["model:1"])
        peer.call("cache.invalidate", {"pattern": "user:*"})
        watcher.take_until(peer.call("cache.sync")["version"])
        equal(watcher.patterns, ["user:*"])
    watcher.peer.close()


def test_together(t):
    """Thousands of changes at once are some values; what is too much is told as everything."""
    daemon = t.start()
    watcher = watch(daemon)
    with cache_peer(daemon) as peer:
        for call in range(3):
            peer.call("cache.mset", {"entries": [{"key": f"k{call}:{i}", "value": "1"} for i in range(300)]})
        watcher.take_until(peer.call("cache.sync")["version"])
        equal((len(watcher.keys), watcher.patterns), (900, []))
        assert watcher.n_values < 100, watcher.n_values
        peer.call("cache.mset", {"entries": [{"key": "k" * 100 + str(i), "value": "1"} for i in range(1000)]})
        watcher.take_until(peer.call("cache.sync")["version"])
        equal((len(watcher.keys), watcher.patterns), (900, ["*"]))
    watcher.peer.close()


def test_slow(t):
    """Who does not read is told that values were dropped, and costs no more than they do."""
    daemon = t.start()
    watcher = watch(daemon)
    with cache_peer(daemon) as peer:
        for _ in range(600):
            peer.call("cache.mset", {"entries": [{"key": f"{i}" + "k" * 200, "value": "1"} for i in range(100)]})
            time.sleep(0.002)
        last = peer.call("cache.sync")["version"]
        watcher.take_until(last)
        assert watcher.dropped > 0, watcher.n_values
        equal(watcher.version, last)
    watcher.peer.close()


def test_streams(t):
    """A stream that is ended is no more; by POST there is none; with nobody left nothing is told, and all goes on."""
    daemon = t.start()
    fails(lambda: daemon.call("cache.watch"), "FAILED_PRECONDITION")
    with cache_peer(daemon) as peer:
        fails(lambda: peer.call("cache.watch", {"prefix": "x" * 1025}), "INVALID_ARGUMENT", field="prefix")
    for way in ("cache", "main", "websocket"):
        for _ in range(3):
            watcher = watch(daemon, way)
            watcher.peer.send_text(json.dumps(request("stream.cancel", {"stream": watcher.stream}, request_id=77)))
            answered = ended = False
            while not (answered and ended):  # what was told before may lie between
                one = json.loads(watcher.peer.receive_text())
                answered, ended = answered or one.get("id") == 77, ended or one.get("method") == "stream.end"
            watcher.peer.close()
    with cache_peer(daemon) as peer:
        before = peer.call("cache.sync")["version"]
        equal(peer.call("cache.set", {"key": "k", "value": "1", "keep": True})["version"], before + 1)
        # one more, while others come and go
        watcher = watch(daemon, "main")
        watch(daemon, "main").peer.close()
        peer.call("cache.set", {"key": "k", "value": "2"})
        watcher.take_until(before + 2)
        equal(list(watcher.keys), ["k"])
        watcher.peer.close()
    daemon.stop()


def test_end(t):
    """A daemon that ends does not wait for its watchers."""
    daemon = t.start()
    watchers = [watch(daemon, way) for way in ("cache", "main", "websocket")]
    daemon.stop()
    for watcher in watchers:
        watcher.peer.close()


orfeas_test.main()
