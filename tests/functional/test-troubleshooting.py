#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""doc/troubleshooting.md names every error that a start can end with, and none that there is not."""

import glob
import os
import re

import orfeas_test
from documented import ROOT, read_page
from orfeas_test import equal

# where a start is refused
START = ("server/daemon/*.c", "server/core/orf-config*.c", "server/transport/orf-bind.c", "server/transport/orf-exposure.c", "server/transport/orf-token-file.c",
         "server/transport/orf-tls-credentials.c", "server/store/orf-store-lock.c", "server/store/orf-store-open.c", "server/store/orf-store-migrate.c", "server/store/orf-store-upgrade.c",
         "server/store/orf-store.c")
CALL = re.compile(r"\b(?:g_set_error(?:_literal)?|orf_error_new_field|refuse_path|refuse|g_prefix_error)\s*\(")
# neighbours of literals that stand between two of them
LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"(?:\s*(?:[A-Z_0-9]+\s*)?"(?:[^"\\]|\\.)*")*')
# shorter ones say nothing by themselves
LEAST = 8


def calls(text):
    """What stands between the parentheses of each call that makes an error."""
    for call in CALL.finditer(text):
        depth, i = 1, call.end()
        while depth:
            if text[i] == '"':
                i += 1
                while text[i] != '"':
                    i += 2 if text[i] == "\\" else 1
            depth += {"(": 1, ")": -1}.get(text[i], 0)
            i += 1
        yield text[call.end():i]


def texts_of(literals):
    """Of C's literals side by side one text, what printf() puts in as "…"."""
    text = re.sub(r'"\s*([A-Z_0-9]*)\s*"', lambda match: "…" if match[1] else "", literals)[1:-1].replace('\\"', '"')
    return re.sub(r"%[-+ 0#.*\d]*[a-z]?(?=…)|%[-+ 0#.*\d]*[a-zA-Z]+", "…", text)


def parts(text):
    return [part for part in (piece.strip(" :;,()") for piece in text.split("…")) if len(part) >= LEAST]


def read_sources(*patterns):
    for pattern in patterns:
        for path in sorted(glob.glob(os.path.join(ROOT, pattern), recursive=True)):
            with open(path, encoding="utf-8") as file:
                yield file.read()


def described(section):
    """The messages in the first column."""
    text = read_page("doc", "troubleshooting.md").partition(f"## {section}\n")[2].partition("\n## ")[0]
    return [span for row in re.findall(r"^\| (`.*?) \| ", text, re.M) for span in re.findall(r"`([^`]+)`", row)]


def test_all_of_a_start(_):
    known = "\n".join(described("It does not start"))
    told = {max(found, key=len) for text in read_sources(*START) for call in calls(text)
            if (found := [part for literal in LITERAL.findall(call) for part in parts(texts_of(literal))])}
    assert len(told) > 30, told
    equal(sorted(one for one in told if one not in known), [])


def test_none_that_is_not(_):
    sources = "\n".join(texts_of(literal) for text in read_sources("server/**/*.c", "client/ctl/*.c", "schema/runtime/*.c") for literal in LITERAL.findall(text))
    # SQLite's own; and a status before the message
    elsewhere = ("file is not a database", "database disk image is malformed", "devise: unknown; one of device is allowed")
    messages = [re.sub(r"^[A-Z_]+: ", "", one) for one in described("It does not start") + described("What the programs say")]
    assert len(messages) > 50, messages
    equal([part for one in messages if one not in elsewhere for part in parts(one) if part not in sources], [])


if __name__ == "__main__":
    orfeas_test.main()
