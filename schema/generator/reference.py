# SPDX-License-Identifier: LGPL-2.1-or-later
"""errors.md, metrics.md and settings.md: pages of the book's reference, beside methods.md and limits.md."""

from .c_config import allowed, default_text, entry_keys
from .docs import cell

EVERY_KEY = """\
# Settings

Made from `schema/config.json`: what `orfeasd --print-defaults` prints, as a page. A key is set in the config file, by
`--set SECTION.KEY=VALUE` or by the environment variable `ORFEAS_SECTION_KEY`; the command line goes before the environment, that before the
file. Those with ↻ are taken over while the daemon runs (SIGHUP).
"""

ERRORS = """\
# Errors

Made from `schema/errors.json`. Each error of a call carries `error.data.status`, the name below; `field` and `allowed` where a parameter is
wrong, `retry_after_ms` where it is worth trying again. JSON-RPC answers with HTTP 200 whatever came of the call; REST has the status below.
"""

METRICS = """\
# Series

Made from `schema/metrics.json`: what the daemon records by itself, beside whatever is sent to it. A series is `name{label="value"}`; the third
column is its name at `GET /metrics` ([prometheus.md](prometheus.md)).
"""


HEAD = ("| key | default | allowed | |", "|---|---|---|---|")


def code(text):
    return f"`{text}`" if text not in ("", None) else ""


def key_rows(keys):
    for key in keys:
        text = " ".join(filter(None, (key["help"], key.get("reason"))))
        yield f"| `{key['name']}`{' ↻' if key.get('reload') else ''} | {code(cell(default_text(key)))} | {cell(allowed(key))} | {cell(text)} |"


def settings(sections):
    lines = [EVERY_KEY]
    for section in sections:
        lines += [f"## [{section['name']}]", "", section["help"], "", *HEAD, *key_rows(section["keys"]), ""]
        entries = section.get("entries")
        if entries:
            lines += ["Any other key is one: " + entries["help"], "", f"In `[{section['name']}.NAME]`:", "", *HEAD, *key_rows(entry_keys(section)[1:]), ""]
    return "\n".join(lines)


def errors(codes):
    rows = [f"| `{one['name']}` | {one['jsonrpc']} | {one['http']} | {one['grpc'] if one['grpc'] is not None else '–'} | {cell(one['help'])} |" for one in codes]
    return "\n".join([ERRORS, "| status | JSON-RPC | REST | gRPC | |", "|---|---|---|---|---|", *rows, ""])


def metrics(series):
    rows = []
    for one in series:
        labels = "{" + ", ".join(one["labels"]) + "}" if one.get("labels") else ""
        family = (one.get("export") or {}).get("family", "")
        rows.append(f"| `{one['name']}{labels}` | {one['kind']} | {code(family)} | {one.get('unit') or ''} | {cell(one['help'])} |")
    return "\n".join([METRICS, "| series | kind | at /metrics | unit | |", "|---|---|---|---|---|", *rows, ""])


def generate(schema):
    return {"errors.md": errors(schema.errors), "metrics.md": metrics(schema.metrics), "settings.md": settings(schema.config)}
