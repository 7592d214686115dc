# SPDX-License-Identifier: LGPL-2.1-or-later
"""The OpenRPC document that rpc.discover and /openrpc.json answer."""

import copy
import json

from .model import c_string, camel
from .text import source

CHUNK = 4000  # C11 asks compilers for literals of 4095 characters; they join longer ones


def error_objects(schema):
    return {camel(code["name"].lower().replace("_", ".")): {
        "code": code["jsonrpc"], "message": code["name"],
        "data": {"status": code["name"]}} for code in schema.errors}


def close_objects(spec):
    """What the codec refuses, the document must say: no members beside those described."""
    if isinstance(spec, dict):
        spec.pop("x-c-type", None)  # of the generator's own; strict validators refuse what they don't know
        if "properties" in spec:
            spec.setdefault("additionalProperties", False)
        if isinstance(spec.get("type"), list) and "enum" in spec and "null" in spec["type"] \
                and None not in spec["enum"]:
            spec["enum"] = spec["enum"] + [None]
        for value in spec.values():
            close_objects(value)
    elif isinstance(spec, list):
        for value in spec:
            close_objects(value)


def method_document(method):
    spec = copy.deepcopy(method.spec)
    spec["errors"] = [{"$ref": f"#/components/errors/{camel(name.lower().replace('_', '.'))}"}
                      for name in spec.get("errors", [])]
    spec["tags"] = [{"name": method.service}]
    spec["paramStructure"] = "either"
    return spec


def document(schema):
    schemas = {name: copy.deepcopy(spec) for name, spec in schema.raw_schemas.items()
               if name not in schema.internal}
    result = {**schema.info,
              "methods": [method_document(method) for method in schema.methods],
              "components": {"schemas": schemas, "errors": error_objects(schema)}}
    for method in result["methods"]:
        for param in method["params"]:
            close_objects(param["schema"])
        close_objects(method["result"]["schema"])
    close_objects(result["components"]["schemas"])
    return result


def generate(schema):
    text = json.dumps(document(schema), ensure_ascii=False, separators=(",", ":"))
    chunks = [text[start:start + CHUNK] for start in range(0, len(text), CHUNK)]
    literal = "\n".join("  " + c_string(chunk) for chunk in chunks)
    body = f"const char orf_openrpc_json[] =\n{literal};\n" \
        "const gsize orf_openrpc_json_length = sizeof orf_openrpc_json - 1;\n" \
        f"const char orf_openrpc_url[] = {c_string(schema.info['servers'][0]['url'])};\n"
    return {
        "openrpc.json": json.dumps(document(schema), ensure_ascii=False, indent=1) + "\n",
        "orf-schema-openrpc.c": source(body, ['"orf-schema-methods.h"']),
    }
