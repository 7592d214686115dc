#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts the cases in meson's testlog.json, each line of TAP, or the program where it speaks none, and says why some failed."""

import json
import re
import sys

CASE = re.compile(r"^(not )?ok\b[^#]*(?:#\s*(skip|todo)\b)?", re.IGNORECASE)
FINE = {"OK", "EXPECTEDFAIL"}
SKIPPED = {"SKIP"}
MOST_LINES = 30  # of a failed case: its message, its frames and the end of a log


def count(test):
    """(passed, failed, skipped) of one test program."""
    passed = failed = skipped = 0
    text = test.get("stdout") or ""
    if re.search(r"^1\.\.\d+", text, re.MULTILINE):
        for line in text.splitlines():
            case = CASE.match(line)
            if not case:
                continue
            if (case.group(2) or "").lower() == "skip":
                skipped += 1
            elif case.group(1):
                failed += 1
            else:
                passed += 1
    good = test["result"] in FINE | SKIPPED
    if not good and failed == 0:
        failed = 1  # died, hung, or broke its plan: no line of its own says so
    if good and passed + failed + skipped == 0:
        if test["result"] in SKIPPED:
            skipped = 1
        else:
            passed = 1
    return passed, failed, skipped


def reasons(test):
    """The failed cases with the diagnostics before each; of a program that names none, its last words."""
    found, diagnostics = [], []
    for line in (test.get("stdout") or "").splitlines():
        if line.startswith("#"):
            diagnostics.append(line)
        elif case := CASE.match(line):
            if case.group(1) and not case.group(2):
                found += [line, *diagnostics[-MOST_LINES:]]
            diagnostics = []
    if not found:
        found = ((test.get("stdout") or "") + (test.get("stderr") or "")).splitlines()[-MOST_LINES:]
    return found


def main():
    totals = [0, 0, 0]
    try:
        with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
            for line in log:
                test = json.loads(line)
                counts = count(test)
                totals = [a + b for a, b in zip(totals, counts)]
                if counts[1]:
                    print(f"FAILED {test['name']} ({test['result']})")
                    print("".join(f"  {line}\n" for line in reasons(test)), end="")
    except FileNotFoundError:
        print("no test ran")
    passed, failed, skipped = totals
    status = int(sys.argv[2])
    if status and not failed:
        failed = 1  # meson itself failed
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or passed == 0 else 0


sys.exit(main())
