#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page as any HTTP client gets it: complete, compressed, revalidated, and with nothing from elsewhere."""

import gzip
import os
import re
import shutil
import subprocess
import sys

import orfeas_test
from orfeas_test import Skip

# what a first visit may cost
MOST_GZIP_BYTES = 150 * 1024
ABSOLUTE = re.compile(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", re.IGNORECASE)
TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}

FLATTEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../client/page/flatten.py")


def get(daemon, path, **headers):
    return daemon.http("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def linked(text, base):
    """Paths that a file refers to."""
    found = re.findall(r'(?:src|href)="([^"#]+)"', text)
    for name in re.findall(r'(?:from |import\()"(\.[^"]+)"', text):
        parts = base.split("/")[:-1]
        for part in name.split("/"):
            if part == "..":
                parts.pop()
            elif part != ".":
                parts.append(part)
        found.append("/".join(parts))
    return found


def crawl(daemon):
    """path → (headers, identity, packed) of everything that the page loads."""
    files, pending = {}, ["/"]
    while pending:
        path = pending.pop()
        if path in files:
            continue
        status, headers, body = get(daemon, path)
        assert status == 200, f"{path}: {status}"
        _, packed_headers, packed = get(daemon, path, Accept_Encoding="gzip")
        if packed_headers["Content-Encoding"] == "gzip":
            assert gzip.decompress(packed) == body, path
        else:
            assert packed == body, path
        files[path] = (headers, body, packed)
        pending += linked(body.decode(), path)
    return files


def test_files(t):
    daemon = t.start()
    files = crawl(daemon)
    assert len(files) >= 5, sorted(files)
    assert files["/"][0]["Content-Type"] == "text/html; charset=utf-8"
    for path, (headers, body, _) in files.items():
        assert headers["Cache-Control"] == "no-cache", path
        if path != "/":
            assert headers["Content-Type"] == TYPES[path.rpartition(".")[2]], path
        # uPlot's head says where it comes from, and an SVG which XML it is
        if path in ("/", "/page/app.css", "/page/early.js"):
            assert not ABSOLUTE.search(body.decode()), f"{path} names {ABSOLUTE.search(body.decode())[0]}"
    html = files["/"][1].decode()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]* src=)", html), "what the CSP would refuse"
    size = sum(len(packed) for _, _, packed in files.values())
    orfeas_test.diagnose(f"{len(files)} files, {size} bytes with gzip")
    assert size <= MOST_GZIP_BYTES
    status, headers, text = get(daemon, "/page/uPlot-LICENSE")
    assert status == 200 and b"MIT" in text and headers["Content-Type"].startswith("text/plain")


def test_revalidation(t):
    daemon = t.start()
    _, headers, body = get(daemon, "/page/app.css")
    etag = headers["ETag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', etag), etag
    status, again, nothing = get(daemon, "/page/app.css", If_None_Match=etag)
    assert (status, nothing) == (304, b"") and again["ETag"] == etag
    status, _, whole = get(daemon, "/page/app.css", If_None_Match='"other"')
    assert (status, whole) == (200, body)
    status, head, nothing = daemon.http("HEAD", "/page/app.css")
    assert (status, nothing) == (200, b"") and head["ETag"] == etag


def test_nothing_else(t):
    daemon = t.start()
    for path in ("/page/", "/page/none.js", "/page/../orfeas.db", "/page/app.css/", "/index.html"):
        assert get(daemon, path)[0] == 404, path
    assert daemon.http("POST", "/", b"{}", {"Content-Type": "application/json"})[0] == 405


def test_open_where_tokens_are_asked(t):
    """The login form has to be seen by who has no token; the data not."""
    daemon = t.start(settings={"auth.require": "true"})
    crawl(daemon)
    assert daemon.rest("GET", "/status")[0] == 401


def flatten(t, outputs=("flat",), **modules):
    """What flatten.py makes of modules, by an entry for each output, which are the first: (exit status, path of the first output or error)."""
    arguments = []
    for name, text in modules.items():
        path = os.path.join(t.dir, f"{name}.js")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        arguments.append(f"{'sub/' if name == 'deep' else ''}{name}.js={path}")
    paths = [os.path.join(t.dir, f"{output}.mjs") for output in outputs]
    entries = [f"{name}.js" for name in list(modules)[:len(outputs)]]
    done = subprocess.run([sys.executable, FLATTEN, ",".join(paths), ",".join(entries), *arguments], capture_output=True, text=True)
    return done.returncode, paths[0] if done.returncode == 0 else done.stderr


def test_modules_as_one(t):
    if not shutil.which("node"):
        raise Skip("no node")
    code, output = flatten(
        t,
        app='import { two as zwei } from "./other.js";\nimport { three } from "./sub/deep.js";\nconst local = "app";\nconsole.log(zwei, three(), local);\n',
        other='/*\nexport function ghost() {}\n*/\nconst local = "other";\nfunction two() { return local; }\nexport { two as one };\n'
        'export const answer = two();\nconst hidden = answer;\nexport { hidden as two };\n',
        deep='import { one } from "../other.js";\nexport function three() { return one() + "!"; }\n',
    )
    assert code == 0, output
    done = subprocess.run(["node", output], capture_output=True, text=True)
    assert done.stdout == "other other! app\n", done.stdout + done.stderr


def test_modules_later(t):
    """A second entry takes what the first has, as it is, and brings what it has not."""
    if not shutil.which("node"):
        raise Skip("no node")
    code, output = flatten(
        t, outputs=("app", "rest"),
        app='import { count } from "./shared.js";\nexport const first = count();\nimport("./rest.mjs");\n',
        rest='import { first } from "./app.js";\nimport { own } from "./own.js";\nimport { count } from "./shared.js";\nconsole.log(first, count(), own);\n',
        shared="const state = { n: 0 };\nexport function count() { return ++state.n; }\n",
        own='export const own = "own";\n',
    )
    assert code == 0, output
    done = subprocess.run(["node", output], capture_output=True, text=True)
    assert done.stdout == "1 2 own\n", done.stdout + done.stderr
    with open(output, encoding="utf-8") as file:
        assert "own.js" not in file.read()


def test_modules_refused(t):
    for what, modules in {
        "not a form": {"app": 'import "./other.js";\n', "other": ""},
        "not a form that": {"app": "export let changing = 1;\n"},
        "imports itself": {"app": 'import { a } from "./other.js";\n', "other": 'import { b } from "./app.js";\n'},
        "not in the list": {"app": 'import { a } from "./other.js";\n'},
        "nothing imports": {"app": "", "other": ""},
    }.items():
        code, error = flatten(t, **modules)
        assert code != 0 and what in error, error


orfeas_test.main()
