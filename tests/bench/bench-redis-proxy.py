#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Gets that three Redis nodes answer, by the cache's second level and by nutcracker (twemproxy): calls for each second of the nodes' CPU.

The second level beside redis-benchmark through nutcracker, so many calls at once in one pipeline; then the whole daemon, whose first level
holds next to nothing, by its socket, so many connections with a call each. Nodes on core 0, all else on core 1.
"""

import json
import os
import shutil
import subprocess

from orfeas_bench import BUILD, SECONDS, Session, Table, cpu_ns, fill_cache, on, orfeas_test
from redis_nodes import count_up, find_port

N_NODES, N_KEYS, VALUE_BYTES = 3, 10_000, 100
DEPTHS = (1, 8, 32, 128)
# one run beside another differs by so much
SLACK = 0.05


def node_us(nodes, run):
    """Microseconds of the nodes' CPU a call, and what run told: (calls, calls a second)."""
    def read():
        return sum(cpu_ns(node.process.pid) for node in nodes)

    begun = read()
    calls, rate = run()
    return (read() - begun) / 1000 / calls, rate


def run_json(words):
    return json.loads(subprocess.run([*on(-1), *words], capture_output=True, text=True, check=False).stdout)


# ---- who asks


def by_level(nodes, depth):
    """It stores its keys first: what it spends is taken after that, from a longer run less a shorter one."""
    addresses = ",".join(node.address for node in nodes)

    def run(seconds):
        told = run_json([os.path.join(BUILD, "tests", "bench", "bench-redis"), addresses, str(VALUE_BYTES), str(depth), str(seconds)])
        assert told["missed"] == 0, told
        return told["per_s"] * seconds, told["per_s"]

    short_us, short_rate = node_us(nodes, lambda: run(1))
    long_us, rate = node_us(nodes, lambda: run(1 + SECONDS))
    calls, less = rate * (1 + SECONDS), short_rate
    return (long_us * calls - short_us * less) / (calls - less), rate


def start_daemon(session, nodes):
    daemon = session.test.start(wrapper=on(-1), settings={"cache.nodes": ",".join(node.address for node in nodes), "cache.l1_entries": 1,
                                                          "cache.redis_command_us": 5000000})
    orfeas_test.wait_for(lambda: count_up(daemon) == N_NODES, "all nodes serve")
    fill_cache(daemon, "bench", N_KEYS, "x" * VALUE_BYTES)
    return daemon


def by_daemon(nodes, daemon, depth):
    def run():
        told = run_json([os.environ["ORFEASCTL"], "--socket", daemon.socket, "--json", "cache", "bench", "--sets", "0", "--zipf", "0", "--keys", str(N_KEYS),
                         "--bytes", str(VALUE_BYTES), "--connections", str(depth), "--depth", "1", "--for", f"{SECONDS}s"])
        assert told["errors"] == 0 and told["l1_hits"] < told["hits"] / 100, told
        return told["get"]["calls"], told["get"]["calls_per_s"]

    return node_us(nodes, run)


def start_nutcracker(session, nodes):
    """Its port."""
    port = find_port()
    path = os.path.join(session.dir, "nutcracker.yml")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"pool:\n  listen: 127.0.0.1:{port}\n  hash: fnv1a_64\n  distribution: ketama\n  redis: true\n  servers:\n")
        file.writelines(f"   - {node.address}:1\n" for node in nodes)
    session.children.append(subprocess.Popen([*on(-1), "nutcracker", "-c", path, "-s", str(find_port()), "-m", "16384"],
                                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    orfeas_test.wait_for(lambda: subprocess.run(["redis-cli", "-p", str(port), "GET", "x"], capture_output=True, check=False).returncode == 0, "nutcracker answers")
    benchmark(port, "set", N_KEYS, 1, 128)
    return port


def benchmark(port, test, n, connections, pipeline):
    """Calls a second."""
    done = subprocess.run([*on(-1), "redis-benchmark", "-p", str(port), "-t", test, "-n", str(n), "-c", str(connections), "-P", str(pipeline),
                           "-r", str(N_KEYS), "-d", str(VALUE_BYTES), "--csv"], capture_output=True, text=True, check=True)
    return float(done.stdout.strip().splitlines()[-1].split(",")[1].strip('"'))


def by_nutcracker(nodes, port, connections, pipeline):
    n = int(benchmark(port, "get", 10000, connections, pipeline) * SECONDS)
    return node_us(nodes, lambda: (n, benchmark(port, "get", n, connections, pipeline)))


# ---- what came of it


def tell(us, rate):
    return f"{1e6 / us:,.0f} calls a second of the nodes' CPU, {rate:,.0f}/s"


def add(table, what, ours, theirs, judged):
    good = ours[0] <= theirs[0] * (1 + SLACK) if theirs is not None and judged else None
    table.add(what, tell(*ours), f">= nutcracker's, within {SLACK:.0%}" if judged else "", good)
    if theirs is None:
        table.absent("  nutcracker", "it is not installed")
    else:
        table.add("  nutcracker", tell(*theirs))


def main():
    session = Session()
    nodes = session.redis_nodes(N_NODES, tcp=True)
    daemon = start_daemon(session, nodes)
    port = start_nutcracker(session, nodes) if shutil.which("nutcracker") else None
    table = Table(f"gets of {VALUE_BYTES} bytes on {N_NODES} nodes; {SECONDS} s each")
    for depth in DEPTHS:
        add(table, f"{depth} in a pipeline", by_level(nodes, depth), by_nutcracker(nodes, port, 1, depth) if port else None, True)
    for depth in DEPTHS[1:]:
        add(table, f"whole daemon, {depth} connections", by_daemon(nodes, daemon, depth), by_nutcracker(nodes, port, depth, 1) if port else None, False)
    table.print()


main()
