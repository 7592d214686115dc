#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""flatten.py OUTPUT.js ENTRY NAME=FILE…: the modules that ENTRY imports, and itself, as one.

A browser opens six connections and asks for a module on each: two dozen of them cost a third of the time to the
first chart. Each becomes a function of its own here, so that names do not meet. Only the forms of import and
export that the page uses are taken; any other is an error.
"""

import pathlib
import posixpath
import re
import sys

IMPORT = re.compile(r'^import\s+(?:\{([^}]*)\}|(\w+))\s+from\s+"([^"]+)";\n', re.MULTILINE)
EXPORTED = re.compile(r"^export (?=(?:async function|function\*?|class|const) +(\w+))", re.MULTILINE)
EXPORT_LIST = re.compile(r"^export \{([^}]*)\};\n?", re.MULTILINE)
# Whole lines of one, save for a copyright: what is commented out would be taken for code. A template literal with
# such a line is a form that is not taken, either.
COMMENT = re.compile(r"^[ \t]*/\*(?!.{0,60}(?:Copyright|SPDX)).*?\*/[ \t]*\n", re.MULTILINE | re.DOTALL)
LEFT = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


class Flattener:
    def __init__(self, files):
        self.files = files
        self.done = []
        self.parts = []

    def add(self, name, path=()):
        if name in path:
            sys.exit(f"{name}: imports itself by way of {', '.join(path)}")
        if name in self.done:
            return
        if name not in self.files:
            sys.exit(f"{path[-1]}: imports {name}, which is not in the list")
        text = COMMENT.sub("", self.files[name].read_text(encoding="utf-8"))
        for _, _, target in IMPORT.findall(text):
            self.add(resolve(name, target), (*path, name))
        self.done.append(name)
        self.parts.append(wrap(name, text))


def resolve(name, target):
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), target))


def variable(name):
    return "$" + re.sub(r"\W", "_", name.removesuffix(".js"))


def pairs(names, between):
    """`a, b as c` as members of a pattern or an object."""
    for item in filter(None, (part.strip() for part in names.split(","))):
        first, _, second = item.partition(" as ")
        yield f"{first}{between}{second}" if second else first


def wrap(name, text):
    exports = EXPORTED.findall(text)
    for names in EXPORT_LIST.findall(text):
        for item in filter(None, (part.strip() for part in names.split(","))):
            local, _, told = item.partition(" as ")
            exports.append(f"{told}: {local}" if told else local)

    def bind(match):
        names, default, target = match.groups()
        pattern = f"default: {default}" if default else ", ".join(pairs(names, ": "))
        return f"const {{ {pattern} }} = {variable(resolve(name, target))};\n"

    body = EXPORT_LIST.sub("", EXPORTED.sub("", IMPORT.sub(bind, text)))
    left = LEFT.search(body)
    if left:
        sys.exit(f"{name}: {left[0]}: not a form that flatten.py takes")
    return f"// ---- {name}\nconst {variable(name)} = (() => {{\n{body}\nreturn {{ {', '.join(exports)} }};\n}})();\n"


def main():
    output, entry = pathlib.Path(sys.argv[1]), sys.argv[2]
    files = {name: pathlib.Path(file) for name, file in (item.split("=", 1) for item in sys.argv[3:])}
    flattener = Flattener(files)
    flattener.add(entry)
    unused = set(files) - set(flattener.done)
    if unused:
        sys.exit(f"nothing imports {', '.join(sorted(unused))}")
    output.write_text("// Made by client/page/flatten.py; not to be edited.\n" + "\n".join(flattener.parts),
                      encoding="utf-8")


if __name__ == "__main__":
    main()
