#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Alarms that come of noise in which nothing happens, over those that were promised, by the law of the noise."""

import json
import os
import subprocess

from orfeas_bench import BUILD, Table, on

SERIES, DAYS, ALARMS_PER_DAY = 40, 30, 1


def main():
    program = os.path.join(BUILD, "tests", "bench", "bench-anomaly-rates")
    done = subprocess.run([*on(0), program, str(SERIES), str(DAYS), str(ALARMS_PER_DAY)], capture_output=True, text=True, check=True)
    table = Table(f"realised over promised alarms, {ALARMS_PER_DAY} a day, {SERIES} series of {DAYS} days of a row a minute")
    for line in done.stdout.splitlines():
        law = json.loads(line)
        table.add(law["law"], f"{law['rest']:.2f} from the fourth day on, {law['first']:.2f} before; {law['rare']:.2f} rows of 1,000 told as rarer",
                  "0.5 to 2", .5 <= law["rest"] <= 2)
    table.print()


main()
