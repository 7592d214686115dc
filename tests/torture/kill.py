#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 while real clients write: nothing that was accepted is missing or there twice, and the file is whole."""

import os
import threading
import time

import orfeas_torture  # first: it knows where the harness is

import mixed_load
from orfeas_test import RpcError, Skip, wait_for
from sdk_writer import SdkSpanWriter

CHECK_EVERY = 10  # rounds


def kill_under_load(torture, daemon, crew):
    crew.start()
    wait_for(crew.accepted_now, "what is accepted")
    time.sleep(torture.chance.uniform(0, 0.25))
    daemon.kill()
    crew.join()


def kill_while_it_ends(torture, daemon, crew):
    crew.start()
    wait_for(crew.accepted_now, "what is accepted")
    daemon.process.terminate()
    time.sleep(torture.chance.uniform(0, 0.1))
    daemon.kill()
    crew.join()


def kill_while_it_starts(torture, daemon, _):
    daemon.kill()
    daemon.launch()
    time.sleep(torture.chance.uniform(0, 0.1))
    daemon.kill()


def kill_in_a_backup(torture, daemon, crew):
    path = os.path.join(torture.dir, f"copy-{torture.round}.db")

    def back_up():
        try:
            daemon.admin("db.backup", {"path": path})
        except (RpcError, OSError, AssertionError):
            pass  # the daemon is gone

    crew.start()
    wait_for(crew.accepted_now, "what is accepted")
    thread = threading.Thread(target=back_up)
    thread.start()
    time.sleep(torture.chance.uniform(0, 0.03))
    daemon.kill()
    crew.join()
    thread.join()
    if os.path.exists(path):  # under its name only when it is complete
        torture.count("of them complete")
        torture.equal(orfeas_torture.verdict(path), "ok", "the backup")
        os.remove(path)
    left = [name for name in os.listdir(torture.dir) if name.startswith(os.path.basename(path))]
    torture.check(len({name.split("-wal")[0].split("-shm")[0] for name in left}) <= 1, f"backups left behind: {left}")
    for name in left:
        os.remove(os.path.join(torture.dir, name))


WAYS = {"under load": (kill_under_load, 12), "while it ends": (kill_while_it_ends, 3), "while it starts": (kill_while_it_starts, 2),
        "in a backup": (kill_in_a_backup, 3)}


def add_sdk(torture, crew, daemon):
    """Where npm can be had."""
    try:
        crew.writers.append(SdkSpanWriter(daemon, len(crew.writers)))
    except Skip as reason:
        torture.count(f"no OpenTelemetry SDK: {reason}")
        return None
    return crew.writers[-1]


def run(torture):
    daemon = torture.daemon(settings=mixed_load.SETTINGS)
    torture.start(daemon, "first start")
    mixed_load.prepare(daemon)
    crew = mixed_load.crew(daemon)
    sdk = add_sdk(torture, crew, daemon)
    crew.start()
    torture.wait_all_write(crew, "all write", None)  # node takes its time to be there
    crew.stop()
    for number in torture.rounds():
        (way,) = torture.chance.choices(list(WAYS), [weight for _, weight in WAYS.values()])
        torture.count(f"kills {way}")
        WAYS[way][0](torture, daemon, crew)
        torture.start(daemon, "ready after a kill")
        if number % CHECK_EVERY == CHECK_EVERY - 1:
            torture.check_crew(crew)
    torture.check_crew(crew)
    torture.equal(daemon.admin("db.check", meta={"deadline_ms": 60000})["problems"], [], "db.check")
    torture.count("accepted", crew.accepted())
    for writer in crew.writers:
        torture.check(not writer.refusals, f"{writer.name()} was refused: {dict(writer.refusals)}")
        torture.check(writer.accepted, f"{writer.name()} did nothing")
    if sdk is not None:
        torture.count("of them spans of OpenTelemetry's SDK", len(sdk.accepted))
        torture.count("exports of it that a kill cut off", sdk.failures)
        sdk.close()
    daemon.stop()
    torture.check_file(daemon)


orfeas_torture.main(run, rounds=12)
