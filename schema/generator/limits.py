# SPDX-License-Identifier: LGPL-2.1-or-later
"""limits.md: every bound, why it is what it is, and what happens beyond it."""

from .model import SchemaError

# A key of such a name bounds something, and has to say so.
BOUND_PREFIXES = ("max_",)

TIME_STEPS = (("d", 86_400_000_000), ("h", 3_600_000_000), ("min", 60_000_000), ("s", 1_000_000), ("ms", 1000),
              ("µs", 1))
SIZE_STEPS = (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1))

INTRODUCTION = """\
# Limits

Made from `schema/config.json`. Every queue, cache, list, body and wait has a bound; this page has them all,
with the reason for each default and what a caller is told beyond it. A key is set in the config file, by
`--set SECTION.KEY=VALUE` or by `ORFEAS_SECTION_KEY`; those with ↻ also while the daemon runs (SIGHUP).
"""

FIXED_INTRODUCTION = """\
## Not settings

What bounds a mechanism of ours rather than its users: nobody would know a better value.
"""


def check(section, key):
    """A limit says why and what then; what looks like a limit is one."""
    name = f"config {section}.{key['name']}"
    if key["name"].startswith(BOUND_PREFIXES) and not key.get("limit"):
        raise SchemaError(f"{name}: a bound has \"limit\": true, with \"reason\" and \"beyond\"")
    for member in ("reason", "beyond"):
        text = key.get(member, "")
        if key.get("limit") and not text.strip().endswith("."):
            raise SchemaError(f"{name}: a limit has to have a {member}, which is a sentence")
        if text and not key.get("limit"):
            raise SchemaError(f"{name}: {member} without \"limit\": true")


def in_steps(value, steps):
    if value == 0:
        return "0"
    for unit, size in steps:
        if value % size == 0 or (value >= 10 * size and unit not in ("B", "µs")):
            return f"{value // size:,} {unit}".replace(",", " ")
    return str(value)


def amount(name, value):
    if name.endswith("_us"):
        return in_steps(value, TIME_STEPS)
    if name.endswith("_ms"):
        return in_steps(value * 1000, TIME_STEPS)
    if name.endswith("_bytes") or name.endswith("_bytes_per_s"):
        return in_steps(value, SIZE_STEPS)
    return f"{value:,}".replace(",", " ") if isinstance(value, int) else str(value)


def unit(name):
    for suffix, text in (("_us", "µs"), ("_ms", "ms"), ("_bytes_per_s", "bytes a second"), ("_bytes", "bytes"),
                         ("_percent", "percent"), ("_per_s", "a second")):
        if name.endswith(suffix):
            return text
    return "count"


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def row(key):
    name = key["name"]
    low, high = key.get("minimum"), key.get("maximum")
    allowed = f"{'' if low is None else amount(name, low)} … {'' if high is None else amount(name, high)}"
    mark = " ↻" if key.get("reload") else ""
    return (f"| `{name}`{mark} | {amount(name, key['default'])} | {allowed} | {unit(name)} | {cell(key['help'])} "
            f"{cell(key['reason'])} | {cell(key['beyond'])} |")


def fixed_rows(fixed):
    rows = ["| what | value | why, and what happens beyond | where |", "|---|---|---|---|"]
    for bound in fixed:
        value = bound["value"]
        text = in_steps(value, SIZE_STEPS) if bound.get("unit") == "bytes" else amount("", value)
        rows.append(f"| {cell(bound['what'])} | {text} | {cell(bound['reason'])} | `{bound['name']}` in "
                    f"`{bound['file']}` |")
    return rows


def generate(schema):
    lines = [INTRODUCTION]
    for section in schema.config:
        for key in section["keys"]:
            check(section["name"], key)
        limits = [key for key in section["keys"] if key.get("limit")]
        if limits:
            lines += [f"## `[{section['name']}]`", "", "| key | default | range | unit | what, and why so much | beyond |",
                      "|---|---|---|---|---|---|", *(row(key) for key in limits), ""]
    lines += [FIXED_INTRODUCTION, *fixed_rows(schema.fixed_limits), ""]
    return {"limits.md": "\n".join(lines)}
