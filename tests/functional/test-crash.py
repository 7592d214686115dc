#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 under load: no accepted sample is missing, and the file is whole."""

import orfeas_test
from crash_writer import Writer
from orfeas_test import equal, integrity, wait_for

KILLS = 5
WRITERS = 4


def test_no_accepted_sample_is_lost(t):
    daemon = t.start()
    accepted = {number: set() for number in range(WRITERS)}
    nexts = [0] * WRITERS
    for round_number in range(KILLS):
        writers = [Writer(daemon, number, nexts[number]) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        # how many are through differs each time, and so does what the kill hits
        wait_for(lambda: sum(len(w.accepted) for w in writers) >= 50 + 37 * round_number, "accepted samples")
        daemon.kill()
        for number, writer in enumerate(writers):
            writer.join()
            accepted[number].update(writer.accepted)
            nexts[number] = writer.next
        daemon.start()
        for number in range(WRITERS):
            stored = {row[0] for row in daemon.sql("SELECT value FROM v_sample WHERE series=?", f"writer.{number}")}
            equal(accepted[number] - stored, set(), f"lost by kill {round_number}")
    equal(daemon.admin("db.check")["ok"], True)
    daemon.stop()
    equal(integrity(daemon.db), "ok")


def test_killed_while_starting(t):
    daemon = t.start()
    daemon.call("metrics.record", {"samples": [{"name": "a", "value": 1}]})
    daemon.kill()
    for _ in range(5):
        daemon.launch()
        daemon.kill()
    daemon.start()
    equal(daemon.sql("SELECT count(*) FROM v_sample WHERE series='a'"), [(1,)])
    equal(daemon.admin("db.check")["ok"], True)


orfeas_test.main()
