#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 a hundred times under metrics.record by HTTP, and under spans: what was accepted is in the file."""

import os
import random
import time

from orfeas_bench import Session, Table, orfeas_test  # first: it knows where the harness is

from crash_writer import Crew, SampleWriter, SpanWriter

KILLS = int(os.environ.get("BENCH_KILLS", "100"))


def kill_under(session, kind, what):
    daemon = session.daemon()
    crew = Crew.of(daemon, kind)
    chance = random.Random(1)
    begin = time.monotonic()
    for _ in range(KILLS):
        crew.start()
        orfeas_test.wait_for(crew.accepted_now, "what is accepted")
        time.sleep(chance.uniform(0, 0.2))
        daemon.kill()
        crew.join()
        daemon.start()
    problems = crew.problems()
    daemon.stop()
    verdict = orfeas_test.integrity(daemon.db)
    table = Table(f"{KILLS} x kill -9 under {what}, {len(crew.writers)} writers, {time.monotonic() - begin:.0f} s")
    table.add("accepted", f"{crew.accepted():,}")
    table.add("accepted and lost, or doubled", "; ".join(problems) or "0", "0", not problems)
    table.add("integrity_check", verdict, "ok", verdict == "ok")
    table.print()


def main():
    session = Session()
    kill_under(session, SampleWriter, "metrics.record")
    kill_under(session, SpanWriter, "POST /v1/traces")


main()
