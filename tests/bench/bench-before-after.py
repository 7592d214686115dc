#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One service under the same load without orfeas, observed by it, and taking its advice: the table of doc/before-after.md.

The device is a model (demo_service.py says of what): what is measured is what the same service does with the daemon's advice
and its cache, not how fast a GPU is. BENCH_SECONDS: of the load; BENCH_REALTIME=1: all of it has real-time priority."""

import json
import os
import random
import statistics
import subprocess
import sys
import threading
import urllib.request

from orfeas_bench import BUILD, HERE, PRIORITY, Session, on, orfeas_test

import fake_probe

SECONDS = int(os.environ.get("BENCH_SECONDS", "60"))
WARM_S = 20  # before that, so that caches are full
RATE = 200
LEVEL_S, STEP, MAX_RATE = 5, 40, 600  # of the search for the highest rate
KEYS, SKEW = 1500, 1.0  # of requests: Zipf's law
MODES = ("off", "observing", "acting")
# A cleanup may follow another as soon as pressure is high again: the model fills the device in seconds.
SETTINGS = {"gpu.sample_us": 200000, "gpu.cleanup_cooldown_us": 500000, "trace.sample_percent": 100}
PROMISES = ("85 → 75 → 65 %", "75 → 85 → 95 %", "1000 → 100 ms", "20 → 200", "2 → < 0.1 %")


class Sampler(threading.Thread):
    """How full the device is, ten times a second, by what stands in its files: in each mode by the same ruler."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.seen, self.ended = path, [], threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(0.1):
            with open(self.path, encoding="ascii") as file:
                self.seen.append(100 * int(file.read()) / fake_probe.TOTAL)

    def end(self):
        self.ended.set()
        self.join()
        return statistics.mean(self.seen), max(self.seen)


class Setup:
    """The daemon with its device, and the service in a mode; both fresh."""

    def __init__(self, session, mode):
        self.dir = os.path.join(session.dir, mode)
        device = os.path.join(self.dir, "device")
        os.makedirs(device)
        self.daemon = orfeas_test.Daemon(session.test, db=os.path.join(self.dir, "o.db"), env={"FAKE_DEVICE": device},
                                         options=["--socket", os.path.join(self.dir, "o.sock")], wrapper=[*PRIORITY, *on(0)],
                                         settings={**SETTINGS, "gpu.cleanup": "act" if mode == "acting" else "off"})
        where = self.daemon.command.index(orfeas_test.ORFEASD)
        self.daemon.command[where] = fake_probe.install(self.dir, orfeas_test.ORFEASD)
        self.daemon.start()
        self.daemon.socket = os.path.join(self.dir, "o.sock")
        command = [*PRIORITY, *on(0), sys.executable, os.path.join(HERE, "demo_service.py"), mode, device, self.daemon.socket, self.daemon.ready["cache_socket"]]
        environment = {**os.environ, "PYTHONPATH": os.path.join(BUILD, "client", "python") + ":" + os.environ.get("PYTHONPATH", "")}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        self.memory = os.path.join(device, str(self.process.pid))

    def load(self, kind, *options):
        path = os.path.join(self.dir, f"{kind}.json")
        done = subprocess.run([*PRIORITY, *on(1), orfeas_test.ORFEASCTL, "--socket", self.daemon.socket, "load", kind, self.url, "-o", path, "--arrivals", "random",
                               "--requests", os.path.join(self.dir, "requests"), *options], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode in (0, 5), done.stderr
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    def stats(self):
        with urllib.request.urlopen(self.url + "/stats", timeout=10) as answer:
            return json.load(answer)

    def write_requests(self):
        """The same in each mode."""
        chance = random.Random(20261122)
        weights = [1 / (n + 1) ** SKEW for n in range(KEYS)]
        with open(os.path.join(self.dir, "requests"), "w", encoding="utf-8") as file:
            file.writelines(json.dumps({"path": f"/infer/{key}"}) + "\n" for key in chance.choices(range(KEYS), weights, k=20000))

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.daemon.stop()


def measure(session, mode):
    setup = Setup(session, mode)
    setup.write_requests()
    setup.load("sustained", "--rate", str(RATE // 2), "--duration", f"{WARM_S}s")
    before = setup.stats()
    sampler = Sampler(setup.memory)
    total = setup.load("sustained", "--rate", str(RATE), "--duration", f"{SECONDS}s", "--record", mode)["orfeas"]["total"]
    mean, most = sampler.end()
    stats = setup.stats()
    stress = setup.load("stress", "--rate", str(STEP), "--step", str(STEP), "--max-rate", str(MAX_RATE), "--duration", f"{LEVEL_S}s", "--limit", "errors<=1%,p95<=1s")
    broke = stress["results"]["stress_test"]["breaking_point_rps"]
    cleanups = setup.daemon.sql("SELECT count(*), sum(freed_bytes) FROM cleanup WHERE verdict IS NOT NULL")[0]
    setup.close()
    return {"memory": f"{mean:.0f} % (most {most:.0f} %)", "hits": f"{100 * (stats['hits'] - before['hits']) / (stats['asked'] - before['asked']):.1f} %",
            "p95": f"{total['p95_us'] / 1000:.0f} ms", "rate": f"{(broke or MAX_RATE + STEP) - STEP:.0f}",
            "errors": f"{100 * total['failed'] / (total['answered'] + total['failed']):.2f} %",
            "batch": stats["batch_size"], "cleanups": f"{cleanups[0]}, {(cleanups[1] or 0) / (1 << 30):.1f} GiB"}


def main():
    session = Session()
    load = os.getloadavg()[0]
    measured = {mode: measure(session, mode) for mode in MODES}
    session.close()
    rows = (("GPU memory in use, mean", "memory"), ("found in a cache", "hits"), (f"p95 at {RATE}/s", "p95"),
            ("requests/s held (errors <= 1 %, p95 <= 1 s)", "rate"), (f"failed at {RATE}/s", "errors"))
    print(f"{WARM_S} s at {RATE // 2}/s, {SECONDS} s at {RATE}/s (random arrivals), then {LEVEL_S} s a level; load of the machine {load:.0f}\n")
    print(f"| | {' | '.join(MODES)} | the original's promise |\n|---|---|---|---|---|")
    for (title, name), promise in zip(rows, PROMISES):
        print(f"| {title} | {' | '.join(measured[mode][name] for mode in MODES)} | {promise} |")
    print(f"| batch size at the end | {' | '.join(str(measured[mode]['batch']) for mode in MODES)} | |")
    print(f"| cleanups, what they freed | {' | '.join(measured[mode]['cleanups'] for mode in MODES)} | |")


main()
