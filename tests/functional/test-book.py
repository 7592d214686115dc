#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The book: doc/README.md lists every page, and all of them as one have no dead link in them."""

import os
import re
import shutil
import subprocess
import sys

import orfeas_test
from documented import ROOT, dead_links, read_page
from orfeas_test import Skip, equal

BUILD = os.environ["ORFEAS_BUILD_ROOT"]


def pages():
    return sorted(name for name in os.listdir(os.path.join(ROOT, "doc")) if name.endswith(".md"))


def test_contents(_):
    listed = re.findall(r"^\| \[([\w-]+\.md)\]", read_page("doc", "README.md"), re.M)
    equal((sorted(listed), len(set(listed))), ([name for name in pages() if name != "README.md"], len(listed)))


def test_links(_):
    equal(dead_links(["README.md", *(f"doc/{name}" for name in pages())]), [])


def test_one_page(t):
    cmark = shutil.which("cmark-gfm")
    if cmark is None:
        raise Skip("no cmark-gfm")
    path = os.path.join(t.dir, "orfeas.html")
    done = subprocess.run([sys.executable, os.path.join(ROOT, "doc", "book.py"), cmark, os.path.join(ROOT, "doc"), BUILD, path], capture_output=True, text=True,
                          check=False)
    equal((done.returncode, done.stderr), (0, ""))
    with open(path, encoding="utf-8") as file:
        text = file.read()
    names = re.findall(r'\bid="([^"]+)"', text)
    equal([name for name in re.findall(r'href="#([^"]+)"', text) if name not in names], [])
    equal(len(names), len(set(names)))
    for name in ("methods--gpucleanup", "settings--listen", "errors", "metrics", "limits", "tutorial", "cleanup--verdicts"):
        assert name in names, name


if __name__ == "__main__":
    orfeas_test.main()
