#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Packing under kill -9: every tier tells what was recorded, once."""

import orfeas_test
from history_soak import SECOND, Soak
from orfeas_test import equal, integrity


def run(t, **options):
    soak = Soak(t, **options)
    soak.run()
    # blocks were merged, with kills among it
    assert soak.daemon.sql("SELECT max(level) FROM chunk_block")[0][0] >= 1
    soak.daemon.stop()
    equal(integrity(soak.daemon.db), "ok")


def test_every_tier_tells_what_was_recorded(t):
    run(t, series=24, seconds=7200, kills=12, seed=4, pack_rows=4000)


def test_when_plain_rows_go_meanwhile(t):
    run(t, series=30, seconds=3600, kills=8, seed=5, pack_rows=2500, raw_us=600 * SECOND)


orfeas_test.main()
