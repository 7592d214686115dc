# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real Redis nodes of a test's own, alone or as a cluster, and daemons before them."""

import os
import signal
import subprocess

from orfeas_test import wait_for
from receivers import free_port, hold_port

N_NODES = 3
# the bus of a cluster's node listens so far above its port
BUS = 10_000
MAX_PORT = 55000


def find_port():
    while (port := free_port()) > MAX_PORT or not hold_port(port + BUS):
        pass
    return port


class Node:
    """A redis-server in a folder of the test's; port: None: on a Unix socket; wrapper: words before its command."""

    def __init__(self, test, number, *options, port=None, wrapper=()):
        self.dir = os.path.join(test.dir, f"redis-{number}")
        self.port = port
        self.address = os.path.join(self.dir, "redis.sock") if port is None else f"127.0.0.1:{port}"
        self.options = options
        self.wrapper = wrapper
        self.process = None
        os.mkdir(self.dir)

    def start(self):
        where = ["--port", "0", "--unixsocket", self.address] if self.port is None else ["--port", str(self.port)]
        self.process = subprocess.Popen([*self.wrapper, "redis-server", *where, "--dir", self.dir, "--save", "", *self.options],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: self.answers("PING") != "", "redis-server answers")

    def answers(self, *words):
        where = ["-s", self.address] if self.port is None else ["-p", str(self.port)]
        done = subprocess.run(["redis-cli", *where, *words], capture_output=True, text=True, check=False)
        return done.stdout.strip()

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)


def with_nodes(run, *options):
    """A test that has nodes."""
    return with_servers(run, lambda t: start_all(t, [Node(t, number, *options) for number in range(N_NODES)]))


def with_cluster(run):
    """A test that has a cluster: masters, then as many replicas."""
    return with_servers(run, start_cluster)


def with_servers(run, start_servers):
    def test(t):
        nodes = []
        try:
            nodes += start_servers(t)
            run(t, nodes)
        finally:
            for node in nodes:
                node.kill()
    test.__doc__ = run.__doc__
    return test


def start_all(t, nodes):
    for node in nodes:
        node.start()
    return nodes


def start_cluster(t):
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1500", "--cluster-require-full-coverage", "no",
               "--repl-diskless-sync-delay", "0")
    nodes = start_all(t, [Node(t, number, *options, port=find_port()) for number in range(2 * N_NODES)])
    subprocess.run(["redis-cli", "--cluster", "create", *(node.address for node in nodes), "--cluster-replicas", "1", "--cluster-yes"],
                   capture_output=True, check=True)
    for node in nodes:
        wait_for(lambda node=node: "cluster_state:ok" in node.answers("CLUSTER", "INFO"), "the cluster is made")
    wait_for(lambda: sum("master_link_status:up" in node.answers("INFO", "replication") for node in nodes) == N_NODES, "replicas follow")
    return nodes


def start_one(t, **settings):
    """A daemon; each has a file and a socket of its own."""
    name = os.path.join(t.dir, f"d{len(t.daemons)}")
    return t.start(db=name + ".db", options=("--socket", name + ".sock"),
                   settings={f"cache.{key}": value for key, value in settings.items()})


def start_before(t, nodes, **settings):
    """A daemon that is patient with its nodes, and quick to come back to them."""
    given = {"nodes": ",".join(node.address for node in nodes), "redis_command_us": 5000000, "redis_backoff_us": 1000,
             "redis_backoff_max_us": 50000, **settings}
    daemon = start_one(t, **given)
    wait_for(lambda: count_up(daemon) == N_NODES, "all nodes are up")
    return daemon


def level2(daemon):
    return daemon.call("cache.stats")["l2"]


def count_up(daemon):
    return sum(node["state"] == "up" and node["covered"] for node in level2(daemon)["nodes"])
