#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The ten rules out of the box: each fires within 30 s when its fault is staged, as it is, and none in a minute of an idle
and healthy daemon. What the daemon measures itself is made up below it: a probe's device, /proc/stat, a target that is down."""

import json
import os
import random
import subprocess
import threading

import fake_probe
import orfeas_test
from alert_daemon import history, record
from orfeas_test import Skip, contains, equal, now_us, wait_for
from receivers import free_port

S = 1000000
WITHIN_US = 30 * S
TICKS = 100  # of a CPU in a second
RECORDED = {"cache_hit_rate_low": ("cache.hit_rate_percent", {}, 90, 10), "error_rate_high": ("error_rate_percent", {}, 0.1, 50),
            "response_slow": ("response_time_ms", {}, 200, 9000)}
FORETOLD = {"gpu_memory_exhaustion"}
MADE_UP = {"data_silent", "gpu_fragmentation", "gpu_memory_critical", "gpu_memory_high", "gpu_temperature_high", "host_cpu_high",
           "worker_lost"}
HEALTHY = {"allocated_bytes": 3 << 30, "reserved_bytes": 4 << 30, "largest_free_bytes": 1 << 30, "temperature_c": 60}
ILL = {"allocated_bytes": 2 << 30, "reserved_bytes": 4 << 30, "largest_free_bytes": 1 << 28, "temperature_c": 93}


class Cpu:
    """A /proc/stat whose first line says that all CPUs idle, or that none does."""

    def __init__(self, path):
        self.path = path
        self.busy = False
        self.counts = [10000, 10000]  # idle, busy
        self.write()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def write(self):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb", buffering=0) as file:
            file.write(b"cpu  %012d 0 0 %012d 0 0 0 0 0 0\n" % (self.counts[1], self.counts[0]))

    def run(self):
        while not self.ended.wait(0.1):
            self.counts[self.busy] += TICKS // 10
            self.write()

    def close(self):
        self.ended.set()
        self.thread.join()


class World:
    """A daemon with a device and a CPU of its own."""

    def __init__(self, t, name, target):
        self.folder = os.path.join(t.dir, name)
        os.mkdir(self.folder)
        self.device = os.path.join(self.folder, "device")
        os.mkdir(self.device)
        self.cpu = Cpu(os.path.join(self.folder, "stat"))
        self.set_device(4 << 30, HEALTHY)
        mounts = ["unshare", "-m" if os.geteuid() == 0 else "-Urm", "sh", "-c", f'mount --bind {self.folder}/stat /proc/stat && exec "$@"', "sh"]
        self.daemon = t.daemon(config=f"[scrape]\nperiod_us=1000000\nit={target}\n", db=os.path.join(self.folder, "orfeas.db"),
                               settings={"memory.budget_bytes": 1 << 36, "workers.lease_us": 600 * S}, env={"FAKE_DEVICE": self.device}, wrapper=mounts)
        command, daemon = self.daemon.command, self.daemon
        command[command.index(orfeas_test.ORFEASD)] = fake_probe.install(self.folder, orfeas_test.ORFEASD)
        command[command.index(daemon.socket)] = daemon.socket = os.path.join(self.folder, "s")

    def start(self):
        self.daemon.start()
        wait_for(lambda: self.daemon.call("gpu.list")["devices"], "the device")
        return self.daemon

    def set_device(self, used_bytes, facts):
        for name, text in (("others", str(used_bytes)), ("facts", json.dumps(facts))):
            path = os.path.join(self.device, name)
            with open(path + ".new", "w", encoding="ascii") as file:
                file.write(text)
            os.replace(path + ".new", path)


def record_all(daemon, which):
    for name, labels, *values in RECORDED.values():
        record(daemon, name, values[which], **labels)


def waiting(daemon):
    """The rules whose input is not there."""
    return {one["rule"] for one in daemon.call("alerts.rules")["rules"] if one["waiting_for"]}


def can_mount(t):
    path = os.path.join(t.dir, "try")
    open(path, "w").close()
    return subprocess.run(["unshare", "-m" if os.geteuid() == 0 else "-Urm", "mount", "--bind", path, "/proc/stat"], capture_output=True).returncode == 0


def test_each_fires(t):
    """Beside one where nothing is wrong, in which none may fire."""
    if not can_mount(t):
        raise Skip("no file can be mounted over /proc/stat here")
    down = f"http://127.0.0.1:{free_port()}/metrics"
    ill = World(t, "ill", down)
    well = worker = None
    try:
        daemon = ill.start()
        well = World(t, "well", "http://%s:%s/metrics" % daemon.address)
        healthy = well.start()
        begun = now_us()
        worker = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        for one in (healthy, daemon):
            record_all(one, 0)
            one.call("worker.register", {"name": "studio", "pid": worker.pid if one is daemon else os.getpid()})
        rules = {one["rule"] for one in healthy.call("alerts.rules")["rules"] if one["builtin"]}
        equal(rules, set(RECORDED) | MADE_UP | FORETOLD)
        rules -= FORETOLD
        wait_for(lambda: waiting(daemon) == FORETOLD, "all inputs to be there")
        staged = now_us()
        record_all(daemon, 1)
        worker.kill()
        ill.set_device(int(fake_probe.TOTAL * 0.97), ILL)
        ill.cpu.busy = True
        wait_for(lambda: {one["rule"] for one in history(daemon)} == rules, "all of them to fire")
        for one in history(daemon):
            late_us = one["fired_us"] - staged
            print(f"# {one['rule']}: after {late_us / S:.1f} s: {one['summary']}", flush=True)
            assert late_us <= WITHIN_US, one
        wait_for(lambda: now_us() - begun > 60 * S, "a minute", patience_s=120)
        equal([one["rule"] for one in history(healthy, unfired=True) if one["fired_us"]], [])
        equal({one["record"]["fired"] for one in healthy.call("alerts.rules")["rules"]}, {0})
        equal(waiting(healthy), FORETOLD)
    finally:
        if worker is not None:
            worker.kill()
            worker.wait()
        ill.cpu.close()
        if well is not None:
            well.cpu.close()


def test_memory_is_going_to_be_full(t):
    """A gauge in the place of the device's memory, that rises by a quarter a minute and has ten minutes left."""
    daemon = t.start(settings={"memory.budget_bytes": 1 << 36, "forecast.gpu_memory": "pool.used_percent", "forecast.gpu_memory.threshold": 90,
                               "forecast.gpu_memory.horizons": "2,6", "forecast.gpu_memory.every_rows": 1})
    noise = random.Random(5)
    values = [40 + max(i - 240, 0) / 4 + noise.gauss(0, 0.3) for i in range(430)]
    begun = now_us() - len(values) * 60 * S
    samples = [{"name": "pool.used_percent", "value": value, "t_us": begun + i * 60 * S} for i, value in enumerate(values)]
    staged = now_us()
    daemon.call("metrics.record", {"samples": samples})
    one = wait_for(lambda: [one for one in history(daemon, rule="gpu_memory_exhaustion") if one["fired_us"]], "it to fire")[0]
    assert one["fired_us"] - staged <= WITHIN_US, one
    assert 0 < one["value"] < 15, one
    contains(one["summary"], "pool.used_percent is expected to reach its threshold in ")


if __name__ == "__main__":
    orfeas_test.main()
