#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Turns schema/ into C tables, the OpenRPC document, the sample config, methods.md and limits.md; a client; or the rest of the
reference.

generate.py SOURCE_DIR OUTPUT_DIR [--for c|javascript|python|reference] [--depfile FILE]
"""

import argparse
import pathlib
import sys

sys.dont_write_bytecode = True

from generator import c_config, c_errors, c_methods, c_metrics, c_types, docs, javascript, limits, openrpc, python, reference
from generator.model import Schema, SchemaError

# who asks for what
GROUPS = {
    "c": (c_errors, c_types, c_methods, c_config, c_metrics, openrpc, docs, limits),
    "javascript": (javascript,),
    "python": (python,),
    "reference": (reference,),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--for", dest="group", choices=GROUPS, default="c")
    parser.add_argument("--depfile", type=pathlib.Path)
    options = parser.parse_args()

    try:
        schema = Schema(options.source)
    except SchemaError as error:
        sys.exit(f"schema: {error}")

    options.output.mkdir(parents=True, exist_ok=True)
    outputs = []
    for module in GROUPS[options.group]:
        for name, text in module.generate(schema).items():
            (options.output / name).write_text(text, encoding="utf-8")
            outputs.append(name)

    if options.depfile:
        own = pathlib.Path(__file__).resolve().parent.glob("generator/*.py")
        # the folders too: a file that is added changes only them
        folders = sorted({path.parent for path in schema.files})
        inputs = " ".join(str(path) for path in [*schema.files, *folders, *sorted(own)])
        options.depfile.write_text(f"{outputs[0]}: {inputs}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
