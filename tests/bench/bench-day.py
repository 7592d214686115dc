#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A day of 30 mixed requests/s whose clock is compressed too: the daemon lives BENCH_DAY_RATE times as fast (24), so that windows, retention,
packing and all that is done by the hour or the day has its turn, BENCH_DAY_HOURS of them (24). What it holds is told as it goes.

The requests come from a few connections that wait for their answers: a machine with other work on it makes them fewer, not a queue.
Beside them: watchers of the page, a scraper each 15 s, and each hour a post-mortem, a statement, a backup and an alert that comes and goes."""

import collections
import os
import statistics
import threading
import time

from mixed_requests import SETTINGS, end_load, percent_failed, start_load
from orfeas_bench import BUILD, Session, Table, cpu_s, on, orfeas_test

RATE = int(os.environ.get("BENCH_DAY_RATE", "24"))
HOURS = float(os.environ.get("BENCH_DAY_HOURS", "24"))
WARM_H = float(os.environ.get("BENCH_DAY_WARM_HOURS", "3"))  # from then on it has to be flat
DAY = 24 * 3600 * 30  # requests
LOOK_S = 600  # of the daemon's time between two looks
HOUR_S = 3600
N_WATCHERS = 4
N_CONNECTIONS = 4
SCRAPE_S = 15
FAST_CLOCK = os.path.join(BUILD, "tests", "torture", "shim", "libfast-clock.so")
RULE = "hourly"
# What bounds how long others or the machine may take, who live no faster: RATE times as long, as these are µs of the daemon's time.
PATIENCE_US = {"listen.header_us": 10_000_000, "listen.body_us": 20_000_000, "listen.idle_us": 25_000_000, "listen.answer_us": 20_000_000,
               "rpc.default_deadline_us": 30_000_000, "rpc.max_deadline_us": 600_000_000, "store.read_us": 2_000_000, "sql.max_us": 2_000_000,
               "gpu.probe_timeout_us": 5_000_000, "host.stall_us": 50_000, "stream.ping_us": 4_000_000, "stream.pong_us": 4_500_000,
               "stream.stall_us": 8_000_000}
PATIENCE_MS = 20_000 * RATE


class Company:
    """Who else is there, until close(). What fails is counted by what it is: the day goes on."""

    def __init__(self, session, daemon):
        self.session, self.daemon = session, daemon
        self.done = threading.Event()
        self.faults = collections.Counter()
        self.hour = 0
        self.threads = [threading.Thread(target=self.run, args=(what,), daemon=True)
                        for what in [self.watch] * N_WATCHERS + [self.scrape, self.do_hourly]]
        for thread in self.threads:
            thread.start()

    def run(self, what):
        while not self.done.is_set():
            try:
                what()
            except (OSError, AssertionError, orfeas_test.RpcError) as error:
                if not self.done.is_set():
                    self.faults[f"{what.__name__}: {error}"] += 1

    def sleep(self, seconds):
        """Of the daemon's time; whether there is more to do."""
        return not self.done.wait(seconds / RATE)

    def watch(self):
        with self.daemon.websocket("/ws/metrics") as page:
            while not self.done.is_set() and page.receive() is not None:
                pass

    def scrape(self):
        if self.sleep(SCRAPE_S):
            status, _, _ = self.daemon.http("GET", "/metrics")
            assert status == 200, status

    def record(self, value):
        self.daemon.call("metrics.record", {"samples": [{"name": "day.value", "value": value}]})

    def do_hourly(self):
        if not self.sleep(HOUR_S / 2):
            return
        self.hour += 1
        self.record(1)
        now_us = self.daemon.call("metrics.query", {"select": "day.value"})["to_us"]
        self.daemon.call("postmortem.build", {"from_us": now_us - HOUR_S // 2 * 1_000_000, "to_us": now_us}, {"deadline_ms": PATIENCE_MS})
        self.daemon.call("sql.query", {"sql": "SELECT count(*) FROM span"})
        backup = os.path.join(self.session.dir, f"backup-{self.hour}")
        self.daemon.admin("db.backup", {"path": backup}, {"deadline_ms": PATIENCE_MS})
        os.unlink(backup)
        self.sleep(HOUR_S / 2)
        self.record(0)

    def close(self):
        self.done.set()
        for thread in self.threads:
            thread.join(10)


def read_status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        fields = dict(line.split(":", 1) for line in file)
    return {name: int(fields[name].split()[0]) * 1024 for name in ("VmRSS", "RssAnon", "RssFile")} | {"Threads": int(fields["Threads"])}


def count_descriptors(pid):
    """By what they are: files by their name."""
    kinds, folder = collections.Counter(), f"/proc/{pid}/fd"
    for name in os.listdir(folder):
        try:
            kinds[os.path.basename(os.readlink(f"{folder}/{name}").partition(":[")[0])] += 1
        except FileNotFoundError:
            pass
    return kinds


def look(daemon):
    found = read_status(daemon.process.pid)
    kinds = count_descriptors(daemon.process.pid)
    found["sockets"] = kinds.pop("socket", 0)
    found["fds"] = sum(kinds.values())
    found["file"] = os.path.getsize(daemon.db)
    return found


def mib(n_bytes):
    return f"{n_bytes / 1048576:.1f}"


def tell(hour, found, daemon):
    parts = {name: use["used_bytes"] for name, use in daemon.call("status.get")["memory"].items()}
    held = " ".join(f"{name} {mib(used)}" for name, used in sorted(parts.items(), key=lambda part: -part[1]) if used >= 1 << 19)
    print(f"    {hour:5.2f} h  RSS {mib(found['VmRSS'])} (anon {mib(found['RssAnon'])}, files {mib(found['RssFile'])}) MiB, "
          f"{found['fds']} fds and {found['sockets']} sockets, {found['Threads']} threads, file {mib(found['file'])} MiB, CPU {cpu_s(daemon.process.pid):.0f} s; {held}", flush=True)


def watch_day(daemon, sender, since):
    looks = []
    while sender.poll() is None:
        at_h = (time.monotonic() - since) * RATE / HOUR_S
        looks.append((at_h, look(daemon)))
        tell(at_h, looks[-1][1], daemon)
        time.sleep(LOOK_S / RATE)
    return looks


def judge(table, looks):
    """By medians of an hour: single looks meet what a busy machine piled up."""
    last_h = looks[-1][0]
    first = [found for at_h, found in looks if WARM_H <= at_h < WARM_H + 1]
    last = [found for at_h, found in looks if at_h > max(last_h - 1, WARM_H + 1)]
    if not first or not last:
        table.absent("growth", f"the day was over before its hour {WARM_H + 2:g}")
        return
    for name, field, target in (("RSS", "VmRSS", 2), ("of it memory of its own", "RssAnon", None)):
        begin, end = (statistics.median(found[field] for found in hour) for hour in (first, last))
        most = max(found[field] for at_h, found in looks if at_h >= WARM_H)
        growth = 100 * (end / begin - 1)
        table.add(f"{name}: hour {WARM_H:g}, last hour; the most at one moment", f"{mib(begin)}, {mib(end)} MiB, {growth:+.1f} %; {mib(most)} MiB",
                  *((f"<= {target} %", growth <= target) if target else ()))
    warm = [found["fds"] for at_h, found in looks if at_h >= WARM_H]
    table.add("file descriptors but sockets: fewest, most, last", f"{min(warm)} {max(warm)} {warm[-1]}")


def main():
    session = Session()
    since = time.monotonic()
    env = {"LD_PRELOAD": os.path.abspath(FAST_CLOCK), "ORFEAS_FAST_CLOCK": f"{RATE} {int(since * 1e9)}"}
    patience = {key: us * RATE for key, us in PATIENCE_US.items()}
    daemon = session.test.start(wrapper=on(0), settings={**SETTINGS, **patience, f"alerts.{RULE}": "day.value > 0"}, env=env)
    company = Company(session, daemon)
    sender = start_load(session, daemon, "endurance", "--model", "closed", "--connections", str(N_CONNECTIONS), "--duration", f"{int(HOURS * HOUR_S / RATE)}s")
    looks = watch_day(daemon, sender, since)
    report = end_load(session, sender)["orfeas"]
    company.close()
    total = report["total"]
    done = total["answered"] + total["failed"]
    table = Table(f"{looks[-1][0]:.1f} h, {RATE} times as fast; load of the machine {os.getloadavg()[0]:.0f}")
    table.add(f"{done} requests", f"in {report['took_us'] / 60e6:.1f} min, {done / DAY * 24:.1f} h of 30/s")
    why = ", ".join(f"{name} {n}" for name, n in report["faults"].items() if n)
    table.add("of them failed", f"{percent_failed(total):.4f} %{' (' + why + ')' if why else ''}", "< 0.1 %", percent_failed(total) < 0.1)
    judge(table, looks)
    for fault, n in company.faults.items():
        table.add(fault, f"{n} times")
    session.close()
    table.print()


main()
