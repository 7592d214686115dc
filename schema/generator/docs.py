# SPDX-License-Identifier: LGPL-2.1-or-later
"""methods.md: the reference for people."""

import json

from .model import REF


def type_text(spec):
    if "$ref" in spec:
        return f"`{spec['$ref'][len(REF):]}`"
    if "x-c-type" in spec:
        return {"points": "`[[t_us, value], …]`", "values": "name → number", "json": "any"}[spec["x-c-type"]]
    types = spec.get("type", "any")
    types = types if isinstance(types, list) else [types]
    if types[0] == "array":
        return "array of " + type_text(spec.get("items", {}))
    text = " or ".join(types)
    if "enum" in spec:
        text += ": " + ", ".join(f"`{value}`" for value in spec["enum"])
    low, high = spec.get("minimum"), spec.get("maximum")
    if low is not None or high is not None:
        text += f" {'' if low is None else low} … {'' if high is None else high}"
    if "default" in spec:
        text += f" (default {json.dumps(spec['default'])})"
    return text


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def member_rows(properties, required):
    rows = ["| name | type | |", "|---|---|---|"]
    for name, spec in properties.items():
        mark = "" if name in required else "?"
        rows.append(f"| `{name}`{mark} | {cell(type_text(spec))} | {cell(spec.get('description', ''))} |")
    return rows


def method_section(schema, method):
    lines = [f"### `{method.name}`", "", method.summary]
    if method.unavailable:
        lines += ["", "*Not built yet: answers UNAVAILABLE.*"]
    if method.description:
        lines += ["", method.description]
    lines += ["", f"Role `{method.role}`." + "".join(
        f" `{route['verb']} {route['path']}`." for route in method.rest)]
    if method.spec["params"]:
        params = {p["name"]: {**p["schema"], "description": p.get("description", "")}
                  for p in method.spec["params"]}
        required = {p["name"] for p in method.spec["params"] if p.get("required")}
        lines += ["", "Parameters", "", *member_rows(params, required)]
    lines += ["", f"Result: `{method.result_name}`" if method.result_name else "Result: any JSON"]
    if method.spec.get("errors"):
        lines += ["", "Errors: " + ", ".join(f"`{name}`" for name in method.spec["errors"])]
    example = method.spec["examples"][0]
    call = {param["name"]: param["value"] for param in example["params"]}
    lines += ["", "```json", json.dumps({"method": method.name, "params": call}, ensure_ascii=False), "```", ""]
    return lines


def generate(schema):
    lines = ["# Methods", "", "Made from `schema/`. Parameters may be given by name or by position.", ""]
    service = None
    for method in schema.methods:
        if method.service != service:
            service = method.service
            lines += [f"## {service}", ""]
        lines += method_section(schema, method)
    lines += ["## Schemas", ""]
    for name, spec in sorted(schema.raw_schemas.items()):
        if name not in schema.internal and "properties" in spec:
            lines += [f"### {name}", "", spec.get("description", ""), "",
                      *member_rows(spec["properties"], spec.get("required", [])), ""]
    return {"methods.md": "\n".join(lines)}
