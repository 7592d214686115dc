#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page of limits: what it demands of the schema, and whether the schema says what the code does."""

import ast
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "schema"))

from generator import limits  # noqa: E402
from generator.model import Schema, SchemaError  # noqa: E402

KEY = {"name": "max_things", "type": "integer", "default": 5, "help": "Things.", "limit": True,
       "reason": "Because.", "beyond": "Refused."}


def refuses(key):
    try:
        limits.check("part", key)
    except SchemaError as error:
        return f"part.{key['name']}" in str(error)
    return False


def test_a_whole_limit_is_taken():
    assert not refuses(KEY)


def test_a_limit_says_why_and_what_then():
    for member in ("reason", "beyond"):
        assert refuses({name: value for name, value in KEY.items() if name != member}), member
        assert refuses({**KEY, member: ""}), member
        assert refuses({**KEY, member: "no sentence"}), member


def test_what_looks_like_a_limit_is_one():
    assert refuses({"name": "max_things", "type": "integer", "default": 5, "help": "Things."})
    assert refuses({**KEY, "name": "things", "limit": False})


def test_amounts_read_well():
    assert limits.amount("wait_us", 10_000_000) == "10 s"
    assert limits.amount("wait_us", 1_500_000) == "1 500 ms"
    assert limits.amount("max_bytes", 16 << 20) == "16 MiB"
    assert limits.amount("max_bytes", 1000) == "1 000 B"
    assert limits.amount("max_things", 20_000) == "20 000"
    assert limits.amount("idle_us", 0) == "0"


def test_the_page_has_every_limit():
    schema = Schema(ROOT / "schema")
    page = limits.generate(schema)["limits.md"]
    for section in schema.config:
        wanted = [key["name"] for key in section["keys"] if key.get("limit")]
        part = re.search(rf"^## `\[{section['name']}\]`$(.*?)^## ", page, re.MULTILINE | re.DOTALL)
        found = re.findall(r"^\| `(\w+)`", part.group(1), re.MULTILINE) if part else []
        assert found == wanted, section["name"]


def value_of(text):
    """A constant's value: products, and casts of GLib's."""
    text = re.sub(r"G_GINT64_CONSTANT|/\*.*", "", text).strip()

    def walk(node):
        if isinstance(node, ast.Expression):
            return walk(node.body)
        if isinstance(node, ast.Constant):
            return node.value
        operators = {ast.Mult: int.__mul__, ast.LShift: int.__lshift__, ast.Add: int.__add__}
        return operators[type(node.op)](walk(node.left), walk(node.right))
    return walk(ast.parse(text, mode="eval"))


def test_fixed_bounds_are_those_of_the_code():
    for bound in json.loads((ROOT / "schema/config.json").read_text())["fixed_limits"]:
        source = (ROOT / bound["file"]).read_text()
        match = re.search(rf"^#define {bound['name']}\s+(.*)$", source, re.MULTILINE)
        assert match, f"{bound['file']} has no {bound['name']}"
        assert value_of(match.group(1)) == bound["value"], f"{bound['name']} is {match.group(1)}"


def main():
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    failed = 0
    print(f"1..{len(tests)}")
    for number, (name, test) in enumerate(tests, 1):
        try:
            test()
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            print(f"# {type(error).__name__}: {error}")
            print(f"not ok {number} {name}")
        else:
            print(f"ok {number} {name}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
