#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 a hundred times under metrics.record by HTTP: what was accepted is in the file."""

import os
import random
import time

from orfeas_bench import Session, Table, orfeas_test  # first: it knows where the harness is

from crash_writer import Writer

KILLS = int(os.environ.get("BENCH_KILLS", "100"))
WRITERS = 4


def main():
    session = Session()
    daemon = session.daemon()
    accepted = [set() for _ in range(WRITERS)]
    nexts = [0] * WRITERS
    chance = random.Random(1)
    begin = time.monotonic()
    for _ in range(KILLS):
        writers = [Writer(daemon, number, nexts[number]) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        orfeas_test.wait_for(lambda: any(writer.accepted for writer in writers), "an accepted sample")
        time.sleep(chance.uniform(0, 0.2))
        daemon.kill()
        for number, writer in enumerate(writers):
            writer.join()
            accepted[number].update(writer.accepted)
            nexts[number] = writer.next
        daemon.start()
    lost = 0
    for number in range(WRITERS):
        stored = {row[0] for row in daemon.sql("SELECT value FROM v_sample WHERE series=?", f"writer.{number}")}
        lost += len(accepted[number] - stored)
    daemon.stop()
    verdict = orfeas_test.integrity(daemon.db)
    table = Table(f"{KILLS} x kill -9 under metrics.record, {WRITERS} writers, {time.monotonic() - begin:.0f} s")
    table.add("accepted", f"{sum(map(len, accepted)):,}")
    table.add("accepted and lost", str(lost), "0", lost == 0)
    table.add("integrity_check", verdict, "ok", verdict == "ok")
    table.print()


main()
