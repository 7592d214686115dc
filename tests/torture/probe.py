#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Probes that hang, crash, eat memory or talk nonsense: the daemon goes on recording, answers, and does not grow; and when the probe behaves,
its device is back."""

import os
import shutil
import signal
import time

import orfeas_torture  # first: it knows where the harness is

import lying_probe
import mixed_load
import orfeas_test
from orfeas_test import RpcError, now_us, wait_for

ANSWER_S = 5
# It is tried again at once, and is not waited for long.
SETTINGS = {"gpu.backends": "opencl", "gpu.probe_timeout_us": 300000, "gpu.probe_start_timeout_us": 2000000, "gpu.probe_backoff_us": 10000,
            "gpu.probe_backoff_max_us": 100000}
READS = ("gpu.list", "gpu.report", "gpu.events", "gpu.orphans", "status.get", "health.check", "dashboard.summary")


def install(folder):
    """A tree for the daemon, beside which it finds the probe that lies; the daemon there."""
    probe = os.path.join(folder, "tree", "probe", "orfeas-probe")
    os.makedirs(os.path.dirname(probe))
    shutil.copy(lying_probe.__file__, probe)
    os.chmod(probe, 0o755)
    return shutil.copy(orfeas_test.ORFEASD, os.path.join(folder, "tree"))


def set_mood(folder, mood):
    path = os.path.join(folder, "mood")
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(mood)
    os.replace(path + ".new", path)


def is_back(daemon, since_us=0):
    """It was looked at since then: what it had before may be shown for a while."""
    return any(one["device"] == "liar-0" and one["used_bytes"] == lying_probe.TOTAL // 4 and one["sampled_us"] > since_us for one in daemon.call("gpu.list")["devices"])


def ask(torture, daemon, mood):
    for method in READS:
        begin = time.monotonic()
        try:
            daemon.call(method)
        except RpcError as error:
            torture.check(error.status in ("NOT_FOUND", "UNAVAILABLE"), f"{mood}: {method}: {error}")
        torture.took("answers meanwhile", time.monotonic() - begin, ANSWER_S)


def end_children(folder):
    """Those whom a probe left behind are nobody's but ours."""
    with open(os.path.join(folder, "children"), encoding="ascii") as file:
        for pid in file.read().split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass


def run(torture):
    folder = os.path.join(torture.dir, "moods")
    os.mkdir(folder)
    open(os.path.join(folder, "children"), "w", encoding="ascii").close()
    daemon = torture.daemon(settings={**mixed_load.SETTINGS, **SETTINGS}, env={"LYING_PROBE": folder})
    daemon.command[0] = install(torture.dir)
    torture.start(daemon)
    mixed_load.prepare(daemon)
    crew = mixed_load.crew(daemon)
    wait_for(lambda: is_back(daemon), "the device")
    crew.start()
    wait_for(crew.accepted_now, "what is accepted")
    before = orfeas_torture.rss_bytes(daemon)
    moods = []
    for _ in torture.rounds():
        moods = moods or torture.chance.sample(sorted(lying_probe.MOODS), len(lying_probe.MOODS))
        mood = moods.pop()
        set_mood(folder, mood)
        torture.count(mood)
        end = time.monotonic() + torture.chance.uniform(0.2, 0.8)
        while time.monotonic() < end:
            ask(torture, daemon, mood)
        torture.check(daemon.alive(), f"{mood}: the daemon ended with {daemon.process.poll()}: {daemon.stderr()[-1500:]}")
        torture.wait_all_write(crew, "all write meanwhile", ANSWER_S)
        set_mood(folder, "good")
        begin, since_us = time.monotonic(), now_us()
        wait_for(lambda: is_back(daemon, since_us), f"the device after a probe that {mood}")
        torture.took("the device is back", time.monotonic() - begin)
    torture.check_growth(daemon, before)
    crew.stop()
    torture.check_crew(crew)
    daemon.stop()
    end_children(folder)
    torture.check_file(daemon)


orfeas_torture.main(run, rounds=6)
