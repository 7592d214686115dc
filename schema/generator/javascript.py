# SPDX-License-Identifier: LGPL-2.1-or-later
"""methods.js and methods.d.ts of client/javascript: one typed method for each of the schema."""

import json
import re

from .model import REF, camel, manner

NOTICE = "// Made by schema/generate.py from schema/; not to be edited.\n"
SCALARS = {"STRING": "string", "INTEGER": "number", "NUMBER": "number", "BOOLEAN": "boolean",
           "STRINGS": "string[]", "INTEGERS": "number[]", "NUMBERS": "number[]",
           "LABELS": "Record<string, string>", "VALUES": "Record<string, number | null>",
           "POINTS": "[t_us: number, value: number | null][]", "JSON": "unknown"}


def lower_camel(name):
    """set_rule -> setRule"""
    name = camel(name)
    return name[:1].lower() + name[1:]


def type_text(field):
    if field.kind == "ENUM":
        text = field.enum
    elif field.kind == "OBJECT":
        text = field.object
    elif field.kind == "OBJECTS":
        text = f"{field.object}[]"
    else:
        text = SCALARS[field.kind]
    return f"{text} | null" if field.nullable and field.kind != "JSON" else text


def comment(text, indent):
    """Left out where there is nothing to say; never ends early."""
    text = re.sub(r"\s+", " ", text).replace("*/", "* /").strip()
    return f"{indent}/** {text} */\n" if text else ""


def property_name(name):
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else json.dumps(name)


def interface(item):
    members = "".join(
        f"{comment(field.description, '  ')}  {property_name(field.name)}{'' if field.required else '?'}: "
        f"{type_text(field)};\n" for field in item.fields)
    return f"{comment(item.description, '')}export interface {item.name} {{\n{members}}}\n"


def stream_value(method):
    return method.spec["x-stream-value"]["$ref"][len(REF):]


def result_type(method):
    return method.result_name or "unknown"


def reachable(schema):
    """Names of the objects that methods take or give: what is internal stays out."""
    names, order = set(), []

    def visit(name):
        if name is None or name in names or name not in schema.objects:
            return
        names.add(name)
        for field in schema.objects[name].fields:
            visit(field.object)
        order.append(name)

    for method in schema.methods:
        visit(method.params_name)
        visit(stream_value(method) if method.stream else method.result_name)
    return order


def used_enums(schema, objects):
    used = {field.enum for name in objects for field in schema.objects[name].fields if field.kind == "ENUM"}
    return sorted(used)


def by_service(schema):
    services = {}
    for method in schema.methods:
        services.setdefault(method.name.split(".", 1)[0], []).append(method)
    return services


def signature(method):
    optional = "" if any(field.required for field in method.params.fields) else "?"
    options = "WatchOptions" if method.stream else "CallOptions"
    answer = f"Stream<{stream_value(method)}>" if method.stream else f"Promise<{result_type(method)}>"
    params = f"params{optional}: {method.params_name}"
    if method.stream:
        options = f"WatchOptions<{method.params_name}>"
    return f"{lower_camel(method.name.split('.', 1)[1])}({params}, options?: {options}): {answer};"


def declarations(schema):
    objects = reachable(schema)
    enums = "".join(
        f"export type {name} = {' | '.join(json.dumps(v) for v in schema.enums[name] if v is not None)};\n"
        for name in used_enums(schema, objects))
    statuses = " | ".join(json.dumps(code["name"]) for code in schema.errors)
    services = "".join(
        f"  {service}: {{\n" + "".join(
            f"{comment(m.summary + ' Role `' + m.role + '`.', '    ')}    {signature(m)}\n" for m in methods)
        + "  };\n" for service, methods in by_service(schema).items())
    return (
        NOTICE
        + 'import type { CallOptions, Stream, WatchOptions } from "./orfeas.js";\n\n'
        + f"export type Status = {statuses};\n"
        + "export const errorCodes: Readonly<Record<Status, number>>;\n"
        + 'export const manners: Readonly<Record<string, "read" | "write">>;\n\n'
        + f"{enums}\n"
        + "\n".join(interface(schema.objects[name]) for name in objects)
        + f"\nexport interface Services {{\n{services}}}\n\n"
        + "export interface Caller {\n"
        + "  call(method: string, params?: object, options?: CallOptions): Promise<unknown>;\n"
        + "  watch(method: string, params?: object, options?: WatchOptions<object>): Stream<unknown>;\n"
        + "}\n"
        + "export function bindMethods(caller: Caller): Services;\n")


def module(schema):
    codes = "".join(f"  {code['name']}: {code['jsonrpc']},\n" for code in schema.errors)
    rows = "".join(f"  {json.dumps(m.name)}: {json.dumps(manner(m))},\n" for m in schema.methods if manner(m) in ("read", "write"))
    services = "".join(
        f"    {service}: {{\n" + "".join(
            f"      {lower_camel(m.name.split('.', 1)[1])}: (params, options) => "
            f"{'watch' if m.stream else 'call'}({json.dumps(m.name)}, params, options),\n" for m in methods)
        + "    },\n" for service, methods in by_service(schema).items())
    return (NOTICE
            + f"export const errorCodes = Object.freeze({{\n{codes}}});\n\n"
            + "// How a call whose connection was lost may be repeated: a read as it is, a write with its idempotency key.\n"
            + f"export const manners = Object.freeze({{\n{rows}}});\n\n"
            + f"export function bindMethods({{ call, watch }}) {{\n  return {{\n{services}  }};\n}}\n")


def generate(schema):
    return {"methods.js": module(schema), "methods.d.ts": declarations(schema)}
