#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""doc/break-ins.md names each case of the break-in list, and nothing that is none; `--write` brings its tables up to date."""

import os
import re
import sys

import break_in
import orfeas_test
from orfeas_test import equal

PAGE = os.path.join(break_in.HERE, "..", "..", "doc", "break-ins.md")
TABLE = re.compile(r"(<!-- (\S+\.py) -->\n).*?(<!-- end -->)", re.DOTALL)
# what older tests try, by hand in the page: | `FILE` | `case`, `case` |
ELSEWHERE = re.compile(r"^\| `(tests/\S+\.py)` \| (.*?) \|", re.MULTILINE)


def cases(name):
    module = break_in.load(os.path.join(break_in.HERE, "..", "..", name))
    return [(case, " ".join((function.__doc__ or "").split())) for case, function in orfeas_test.cases_of(module)]


def table(name):
    rows = [f"| {number} | `{case}` | {what} |" for number, (case, what) in enumerate(cases(name), 1)]
    return "\n".join(["", "| | case | what is tried |", "|---|---|---|", *rows, ""])


def read():
    with open(PAGE, encoding="utf-8") as file:
        return file.read()


def made(text):
    return TABLE.sub(lambda match: match[1] + table(match[2]) + match[3], text)


def test_the_page_is_as_the_cases(_):
    text = read()
    named = {match[2] for match in TABLE.finditer(text)}
    there = {f"tests/functional/{name}" for name in os.listdir(break_in.HERE) if re.fullmatch(r"test-breakin-.*\.py", name)}
    equal(named, there - {"tests/functional/test-breakin-list.py"})
    equal(made(text) == text, True, "doc/break-ins.md is not what test-breakin-list.py --write makes")


def test_each_case_says_what_it_tries(_):
    names = [match[2] for match in TABLE.finditer(read())]
    found = [(name, *case) for name in names for case in cases(name)]
    equal([case for case in found if not case[2]], [])
    assert len(found) > 100, len(found)


def test_what_others_try_is_there(_):
    rows = ELSEWHERE.findall(read())
    assert len(rows) > 5, rows
    for name, text in rows:
        with open(os.path.join(break_in.HERE, "..", "..", name), encoding="utf-8") as file:
            source = file.read()
        for case in re.findall(r"`([^`]+)`", text):
            assert f"def test_{case.replace('-', '_')}(" in source, f"{name} has no case {case}"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        fresh = made(read())
        with open(PAGE, "w", encoding="utf-8") as out:
            out.write(fresh)
    else:
        orfeas_test.main()
