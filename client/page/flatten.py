#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""flatten.py OUTPUT.js,… ENTRY,… NAME=FILE…: the modules that an entry imports, and itself, as one.

Of several entries the first is loaded by the page, and the others by import() when it is time: each has what those
before it have not, and takes the rest from them.

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
# Whole lines of one, save for a licence's: what is commented out would be taken for code. A template literal with
# such a line is a form that is not taken, either.
COMMENT = re.compile(r"^[ \t]*/\*(?!!|.{0,60}(?:Copyright|SPDX)).*?\*/[ \t]*\n", re.MULTILINE | re.DOTALL)
LEFT = re.compile(r"^(?:import(?!\()|export)\b.*", re.MULTILINE)


class Flattener:
    def __init__(self, files):
        self.files = files
        self.owner = {}  # module → the output that has it
        self.parts = {}  # output → texts
        self.taken = {}  # output → {output that it takes from: variables}

    def add(self, name, output, path=()):
        if name in path:
            sys.exit(f"{name}: imports itself by way of {', '.join(path)}")
        if name in self.owner:
            owner = self.owner[name]
            if owner != output:
                self.taken[output].setdefault(owner, set()).add(variable(name))
            return
        if name not in self.files:
            sys.exit(f"{path[-1]}: imports {name}, which is not in the list")
        text = COMMENT.sub("", self.files[name].read_text(encoding="utf-8"))
        for _, _, target in IMPORT.findall(text):
            self.add(resolve(name, target), output, (*path, name))
        self.owner[name] = output
        self.parts[output].append(wrap(name, text))

    def add_entry(self, name, output):
        self.parts[output], self.taken[output] = [], {}
        self.add(name, output)

    def text(self, output):
        imports = [f'import {{ {", ".join(sorted(names))} }} from "./{owner.name}";\n' for owner, names in self.taken[output].items()]
        given = sorted({name for taken in self.taken.values() for name in taken.get(output, ())})
        exports = [f"export {{ {', '.join(given)} }};\n"] if given else []
        return "\n".join(["// Made by client/page/flatten.py; not to be edited.", *imports, *self.parts[output], *exports])


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
    return f"// ---- {name}\nconst {variable(name)} = (function () {{\n{body}\nreturn {{ {', '.join(exports)} }};\n}})();\n"


def main():
    outputs = [pathlib.Path(output) for output in sys.argv[1].split(",")]
    files = {name: pathlib.Path(file) for name, file in (item.split("=", 1) for item in sys.argv[3:])}
    flattener = Flattener(files)
    for entry, output in zip(sys.argv[2].split(","), outputs, strict=True):
        flattener.add_entry(entry, output)
    unused = set(files) - set(flattener.owner)
    if unused:
        sys.exit(f"nothing imports {', '.join(sorted(unused))}")
    for output in outputs:
        output.write_text(flattener.text(output), encoding="utf-8")


if __name__ == "__main__":
    main()
