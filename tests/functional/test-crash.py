#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 under load: no accepted sample is missing or there twice, and the file is whole."""

import orfeas_test
from crash_writer import Crew, SampleWriter
from orfeas_test import equal, integrity, wait_for

KILLS = 5


def test_no_accepted_sample_is_lost(t):
    daemon = t.start()
    crew = Crew.of(daemon, SampleWriter)
    for kill in range(KILLS):
        crew.start()
        # how many are through differs each time, and so does what the kill hits
        wait_for(lambda: crew.accepted_now() >= 50 + 37 * kill, "accepted samples")
        daemon.kill()
        crew.join()
        daemon.start()
        equal(crew.problems(), [], f"after kill {kill}")
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
