# SPDX-License-Identifier: LGPL-2.1-or-later
"""Values at the edges of what a JSON Schema of ours allows, and beyond them: for parameters that a daemon is given, and
for results that its clients are."""

import json
import os

from break_in import SERVICES

# Written into the text of a call where JSON's own writer would not.
RAW = {"@1e999@": "1e999", "@-0@": "-0", "@1e3@": "1e3", "@lone@": r'"\ud800"', "@nul@": r'"a\u0000b"', "@digits@": "1" * 400, "@twice@": '{"a":"1","a":"2"}'}
MAX = 1 << 53
LONG = 100000  # of a string that may be longer
TEXTS = ["'; DROP TABLE series; --", "../../../../etc/passwd", "%s%n%x%1000000d", "\x1b[2J\r\n\x7f", "\u202e\u2066\ufeff", "*", "{}", "-1", "null", "\U0010ffff"]


def schemas():
    """Every named schema, by its reference."""
    found = {}
    for name in os.listdir(SERVICES):
        with open(os.path.join(SERVICES, name), encoding="utf-8") as file:
            found.update({f"#/components/schemas/{key}": value for key, value in json.load(file).get("schemas", {}).items()})
    return found


NAMED = schemas()


def resolved(schema):
    return NAMED[schema["$ref"]] if "$ref" in schema else schema


def kinds(schema):
    kind = schema.get("type", "object")
    return set(kind) if isinstance(kind, list) else {kind}


def edges(schema):
    """(value, whether the schema forbids it) of one that has no parts."""
    kind = kinds(schema)
    low, high = schema.get("minimum", -MAX), schema.get("maximum", MAX)
    for value in (low - 1, low, high, high + 1, -1, 0, 1, MAX, -MAX, MAX + 2, 1 << 63, 1 << 64, -(1 << 63) - 1, 1.5, 1e300, -1e308, 5e-324, "@1e999@", "@-0@", "@1e3@", "@digits@"):
        whole = isinstance(value, int)
        if "integer" in kind and "number" not in kind:
            bad = not whole or not low <= value <= high or abs(value) > MAX
        else:
            bad = "number" not in kind or whole and not schema.get("minimum", value) <= value <= schema.get("maximum", value)
        # whole numbers to some and not to others; 2^53 + 1 is 2^53 to who reads numbers as doubles, as we do
        unsure = value in ("@-0@", "@1e3@", 1e300, -1e308, 5e-324, 1.5) or value == MAX + 1 and high == MAX or value == -MAX - 1 and low == -MAX
        yield value, None if unsure and kind & {"integer", "number"} else bad
    longest = min(schema.get("maxLength", LONG), LONG)
    is_text = schema.get("x-c-type") == "json"  # kept as JSON's text, which may have an escaped NUL
    for text in ("", "a" * longest, "€" * (longest // 3), "a" * (schema.get("maxLength", LONG) + 1), "@lone@", "@nul@", *TEXTS):
        size = len(text.encode())
        bad = "string" not in kind or not schema.get("minLength", 0) <= size <= schema.get("maxLength", size) or "enum" in schema or text == "@lone@" or text == "@nul@" and not is_text
        yield text, bad
    yield True, "boolean" not in kind
    yield [], "array" not in kind or schema.get("minItems", 0) > 0
    yield {}, None if "object" in kind else True
    yield "@twice@", None if "object" in kind else True
    yield None, None  # left out, by some


def attacks(schema, value, depth=0):
    """(path, value, whether it is forbidden): the whole replaced, and each part of it in turn."""
    schema = resolved(schema)
    for edge, bad in edges(schema):
        yield "", edge, bad
    if "array" in kinds(schema) and "items" in schema:
        item = value[0] if value else sample(schema["items"])
        yield "", [item] * (schema.get("maxItems", 1000) + 1), True if "maxItems" in schema else None
        yield "", [[[[]]]], True
        if depth < 3:
            for path, edge, bad in attacks(schema["items"], item, depth + 1):
                yield f"[0]{path}", [edge], bad
    if "object" in kinds(schema):
        whole = value if isinstance(value, dict) else sample(schema)
        if "properties" in schema:
            yield ".no_such_member", {**whole, "no_such_member": 1}, True
            if depth < 3:
                for name, part in schema["properties"].items():
                    for path, edge, bad in attacks(part, whole.get(name), depth + 1):
                        yield f".{name}{path}", {**whole, name: edge}, bad
        elif "additionalProperties" in schema:
            for count in (schema["maxProperties"], schema["maxProperties"] + 1):
                yield "", {f"k{i}": "v" for i in range(count)}, count > schema["maxProperties"]
            for edge, bad in edges(schema["additionalProperties"]):
                yield ".k", {"k": edge}, bad
            for key in ("", "k" * 100000, "k\x00", "k\n", "__proto__", "'"):
                yield "", {key: "v"}, None


def sample(schema):
    """A value that the schema allows."""
    schema = resolved(schema)
    kind = kinds(schema)
    if "enum" in schema:
        return schema["enum"][0]
    if "string" in kind:
        return "a" * max(1, schema.get("minLength", 0))
    if kind & {"integer", "number"}:
        return max(schema.get("minimum", 1), 1)
    if "boolean" in kind:
        return False
    if "array" in kind:
        return [sample(schema["items"])] * schema.get("minItems", 0) if "items" in schema else []
    return {name: sample(schema["properties"][name]) for name in schema.get("required", [])}


def text_of(call):
    text = json.dumps(call)
    for mark, raw in RAW.items():
        text = text.replace(json.dumps(mark), raw)
    return text
