#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The cache's second level on real Redis nodes that the test starts: shared values, nodes that go and come back, refused settings."""

import os

import orfeas_test
from orfeas_test import contains, equal, wait_for
from redis_nodes import N_NODES, count_up, level2, start_before, start_one, with_nodes


def get(daemon, key):
    return daemon.call("cache.get", {"key": key})["value"]


def put(daemon, key, value, **more):
    equal(daemon.call("cache.set", {"key": key, "value": value, **more})["stored"], 1)


def cache_state(daemon):
    """What status.get says of it, and why."""
    status = daemon.call("status.get")
    reasons = {one["component"]: one["reason"] for one in status["reasons"]}
    return status["components"]["tier1"]["cache_manager"], reasons.get("cache_manager")


def run_shared(t, nodes):
    """What one daemon stores another finds, and hears when it changes."""
    one, other = start_before(t, nodes), start_before(t, nodes)
    for number in range(30):
        put(one, f"model:{number}", f"value {number}")
    for number in range(30):
        answer = other.call("cache.get", {"key": f"model:{number}"})
        equal((answer["value"], answer["tier"]), (f"value {number}", "l2"))
    put(one, "model:7", "newer")
    wait_for(lambda: get(other, "model:7") == "newer", "the other daemon has the newer value")
    equal(one.call("cache.delete", {"key": "model:7"})["removed"], 1)
    wait_for(lambda: get(other, "model:7") is None, "the other daemon misses what was deleted")
    names = {node.address for node in nodes}
    equal({node["name"] for node in level2(one)["nodes"]}, names)
    equal(round(sum(node["share_percent"] for node in level2(one)["nodes"])), 100)
    contains(names, one.call("cache.locate", {"key": "model:1"})["node"])
    assert all(node["latency_us"] is not None and node["problem"] is None for node in level2(one)["nodes"])


def run_invalidate(t, nodes):
    """By pattern and by tag, on all nodes, for all daemons."""
    one, other = start_before(t, nodes), start_before(t, nodes)
    for number in range(30):
        put(one, f"a:{number}", "x", tags=["even" if number % 2 == 0 else "odd"])
        put(one, f"b:{number}", "x")
    equal(get(other, "a:2"), "x")
    other.call("cache.invalidate", {"tag": "even"})
    wait_for(lambda: get(one, "a:2") is None, "what has the tag is gone")
    equal([get(one, "a:3"), get(other, "a:3"), get(other, "a:4")], ["x", "x", None])
    one.call("cache.invalidate", {"pattern": "b:*"})
    wait_for(lambda: get(other, "b:1") is None, "what matches is gone")
    equal(get(other, "a:3"), "x")


def run_dead(t, nodes):
    """Nodes die and come back: what was there is read anew, what was not, missed; with none the daemon goes on."""
    daemon = start_before(t, nodes)
    for number in range(30):
        put(daemon, f"k:{number}", "x")
    for node in nodes:
        node.kill()
    wait_for(lambda: count_up(daemon) == 0, "the daemon knows that no node is there")
    put(daemon, "alone", "y")
    equal(daemon.call("cache.get", {"key": "alone"})["value"], "y")
    why = f"{N_NODES} of {N_NODES} Redis nodes away: {nodes[0].address}: "
    wait_for(lambda: (cache_state(daemon)[1] or "").startswith(why), "the cache is degraded")
    equal(cache_state(daemon)[0], "degraded")
    equal(daemon.call("health.check", {"service": "cache_manager"}), {"serving": "SERVING"})
    for node in nodes:
        node.start()
    wait_for(lambda: count_up(daemon) == N_NODES, "all nodes are up again")
    wait_for(lambda: cache_state(daemon) == ("operational", None), "the cache is operational")
    equal(get(daemon, "k:1"), None)
    put(daemon, "k:1", "z")
    equal(sum(int(node.answers("DBSIZE")) for node in nodes), 1 + N_NODES)


def run_alone(t, nodes):
    """Who writes is told where a node is away; a write without an answer that comes again is done."""
    daemon = start_before(t, nodes, alone_us=60000000)
    equal(daemon.call("cache.set", {"key": "k", "value": "1"}), {"stored": 1})
    for node in nodes:
        node.kill()
    wait_for(lambda: count_up(daemon) == 0, "the daemon knows that no node is there")
    equal(daemon.call("cache.set", {"key": "k", "value": "2"}, {"idempotency_key": "k2"}), {"stored": 1, "alone": 1})
    entries = [{"key": f"k:{number}", "value": "x"} for number in range(30)]
    equal(daemon.call("cache.mset", {"entries": entries}), {"stored": 30, "alone": 30})
    equal(daemon.call("cache.set", {"key": "k", "value": "2"}, {"idempotency_key": "k2"}), {"stored": 1, "alone": 1})


def run_environment(t, nodes):
    """REDIS_CLUSTER_NODES is [cache] nodes, unless a setting says else."""
    addresses = [node.address for node in nodes]
    daemon = t.start(env={"REDIS_CLUSTER_NODES": ",".join(addresses)})
    wait_for(lambda: count_up(daemon) == N_NODES, "all nodes are up")
    equal((level2(daemon)["mode"], {node["name"] for node in level2(daemon)["nodes"]}), ("sharded", set(addresses)))
    daemon.stop()
    daemon = t.start(env={"REDIS_CLUSTER_NODES": "nowhere:1"}, settings={"cache.nodes": addresses[0]})
    equal([node["name"] for node in level2(daemon)["nodes"]], addresses[:1])
    daemon.stop()
    contains(t.daemon(env={"REDIS_CLUSTER_NODES": "host:x"}).start_refused(), "[cache] nodes:")


def run_password(t, nodes):
    """From a file; without it the node's words are told."""
    path = os.path.join(t.dir, "password")
    with open(path, "w", encoding="utf-8") as file:
        file.write("secret\n")
    daemon = start_before(t, nodes, redis_password_file=path)
    put(daemon, "k", "x")
    daemon = start_one(t, nodes=nodes[0].address, redis_password="wrong")
    wait_for(lambda: level2(daemon)["nodes"][0]["problem"] is not None, "the problem is told")
    contains(level2(daemon)["nodes"][0]["problem"], "WRONGPASS")


def test_refused(t):
    """Settings that are wrong name their field."""
    for settings, field in (({"nodes": "host:x"}, "[cache] nodes:"), ({"nodes": "a:1,a:1"}, "[cache] nodes:"),
                            ({"mode": "cluster"}, "[cache] nodes:"), ({"nodes": "a:1", "redis_weights": "1,2"}, "[cache] redis_weights:"),
                            ({"nodes": "a:1", "redis_weights": "0"}, "[cache] redis_weights:"),
                            ({"nodes": "a:1", "redis_password_file": "/none"}, "[cache] redis_password_file:"),
                            ({"nodes": "a:1", "mode": "cluster", "redis_database": 1}, "[cache] redis_database:")):
        daemon = t.daemon(settings={f"cache.{name}": value for name, value in settings.items()})
        contains(daemon.start_refused(), field)


test_shared = with_nodes(run_shared)
test_invalidate = with_nodes(run_invalidate)
test_dead = with_nodes(run_dead)
test_alone = with_nodes(run_alone)
test_environment = with_nodes(run_environment)
test_password = with_nodes(run_password, "--requirepass", "secret")

orfeas_test.main()
