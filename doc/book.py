#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""All pages of doc/README.md, in its order, as one page of HTML with no script: book.py CMARK DOC_DIR BUILD_DIR OUTPUT.

CMARK is cmark-gfm, which turns each page into HTML; what is made here is names for headings, as GitHub gives them, so that links between
pages are links within the one, and the table of contents."""

import html
import os
import re
import subprocess
import sys

STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; display: grid; grid-template-columns: 17rem minmax(0, 1fr) }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1rem; box-sizing: border-box; font-size: .875rem; border-right: 1px solid #8886 }
nav ul { list-style: none; padding: 0 }
main { max-width: 60rem; padding: 1rem 2rem }
article { border-top: 2px solid #8886; padding-top: 1rem; margin-top: 3rem }
pre, table { overflow-x: auto; display: block }
pre { background: #8881; padding: .75rem; line-height: 1.3 }
code { font-family: ui-monospace, monospace; font-size: .875em }
table { border-collapse: collapse }
td, th { border: 1px solid #8886; padding: .25rem .5rem; text-align: left; vertical-align: top }
@media (max-width: 50rem), print { body { display: block } nav { position: static; height: auto; border: 0 } }
"""


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def read_contents(doc, build):
    """[(part, [path of a page])]: the README's headings, and the pages that each links or names."""
    parts = []
    for block in re.split(r"^## ", read(os.path.join(doc, "README.md")), flags=re.M)[1:]:
        title, _, text = block.partition("\n")
        pages = []
        for linked, made in re.findall(r"^\| (?:\[([\w-]+\.md)\]|`BUILD/([\w/-]+\.md)`)", text, re.M):
            pages.append(os.path.join(doc, linked) if linked else os.path.join(build, made))
        parts.append((title.strip(), pages))
    return parts


def name_of(path):
    return os.path.basename(path).removesuffix(".md")


def slug(heading):
    text = html.unescape(re.sub(r"<[^>]+>", "", heading)).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def name_headings(text, page):
    """`<h2>Verdicts</h2>` of cleanup.md is found at #cleanup--verdicts, its first as #cleanup."""
    seen = {}

    def name(match):
        level, heading = match[1], match[2]
        word = slug(heading)
        seen[word] = seen.get(word, -1) + 1
        suffix = f"-{seen[word]}" if seen[word] else ""
        return f'<h{level} id="{page}--{word}{suffix}">{heading}</h{level}>'

    return re.sub(r"<h([1-6])>(.*?)</h\1>", name, text, flags=re.S)


def mend_links(text, page, pages):
    """Links to pages of the book lead within it; what else is of the source tree is text, for it is not here."""

    def mend(match):
        target, _, anchor = match[1].partition("#")
        inner = match[2]
        if "://" in target:
            return match[0]
        other = name_of(target) if target else page
        if target and (not target.endswith(".md") or other not in pages or os.path.dirname(target)):
            return inner
        return f'<a href="#{other}--{anchor}">{inner}</a>' if anchor else f'<a href="#{other}">{inner}</a>'

    return re.sub(r'<a href="([^"]*)">(.*?)</a>', mend, text, flags=re.S)


def make_article(cmark, path, pages):
    page = name_of(path)
    done = subprocess.run([cmark, "-e", "table", "-e", "autolink", path], check=True, capture_output=True, text=True)
    return f'<article id="{page}">\n{mend_links(name_headings(done.stdout, page), page, pages)}</article>\n'


def title_of(path):
    return re.search(r"^# (.*)", read(path), re.M)[1].replace("`", "")


def main():
    cmark, doc, build, output = sys.argv[1:]
    parts = read_contents(doc, build)
    pages = {name_of(path) for _, paths in parts for path in paths}
    contents = "".join(f"<p><b>{html.escape(part)}</b></p>\n<ul>\n" +
                       "".join(f'<li><a href="#{name_of(path)}">{html.escape(title_of(path))}</a></li>\n' for path in paths) + "</ul>\n"
                       for part, paths in parts if paths)
    articles = "".join(make_article(cmark, path, pages) for _, paths in parts for path in paths)
    with open(output, "w", encoding="utf-8") as file:
        file.write(f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
                   f"<title>The book of orfeas</title>\n<style>{STYLE}</style></head>\n<body><nav>\n{contents}</nav>\n<main>\n"
                   f"<h1>The book of orfeas</h1>\n{articles}</main></body></html>\n")


if __name__ == "__main__":
    main()
