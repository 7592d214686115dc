#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""packages.py FOLDER OUTPUT_DIR: installs what FOLDER's lock file names, and makes uPlot's files in OUTPUT_DIR."""

import pathlib
import shutil
import subprocess
import sys

FILES = ("dist/uPlot.min.css", "LICENSE")
# The minified form is a third of what a browser has to parse before the first chart. It comes as a script alone.
SCRIPT = "dist/uPlot.iife.min.js"
EXPORT = "\nexport { uPlot as default };\n"


def main():
    folder, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    packages = output / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(folder / name, packages)
    try:
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"],
            cwd=packages, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )
    except FileNotFoundError:
        sys.exit("the page needs npm (script/bootstrap installs it); -Dpage=false builds a daemon without the page")
    if done.returncode != 0:
        sys.exit(f"{done.stderr}\nnpm could not fetch the page's packages; -Dpage=false builds a daemon without the page")
    for name in FILES:
        shutil.copy(packages / "node_modules/uplot" / name, output)
    script = (packages / "node_modules/uplot" / SCRIPT).read_text(encoding="utf-8")
    (output / "uPlot.js").write_text(script + EXPORT, encoding="utf-8")


if __name__ == "__main__":
    main()
