#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""embed.py OUTPUT.c URL_PATH=FILE[+FILE…]…: a C table of files to serve, with their gzip form and entity tags."""

import gzip
import hashlib
import pathlib
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    "": "text/plain; charset=utf-8",
}
ROW = 64  # bytes in a line of C
# what gzip has to save to be worth a second copy in the binary
LEAST_SAVED_BYTES = 64


def literal(data):
    """Octal, since a hexadecimal escape would take the digits behind it too."""
    rows = []
    for start in range(0, len(data), ROW):
        text = "".join(
            chr(byte) if 32 <= byte < 127 and byte not in b'"\\?' else f"\\{byte:03o}"
            for byte in data[start:start + ROW])
        rows.append(f'    "{text}"')
    return "\n".join(rows) if rows else '    ""'


def row(path, files):
    """One behind the other: each request more is one more to wait for."""
    data = b"".join(file.read_bytes() for file in files)
    packed = gzip.compress(data, 9, mtime=0)
    if len(packed) + LEAST_SAVED_BYTES > len(data):
        packed = b""
    etag = hashlib.sha256(data).hexdigest()[:32]
    return (f'  {{\n    "{path}", "{TYPES[files[0].suffix]}", "\\"{etag}\\"",\n'
            f"{literal(data)},\n    {len(data)},\n"
            + (f"{literal(packed)},\n    {len(packed)},\n" if packed else "    NULL, 0,\n") + "  },\n")


def main():
    output = pathlib.Path(sys.argv[1])
    files = dict(argument.split("=", 1) for argument in sys.argv[2:])
    rows = "".join(row(path, [pathlib.Path(file) for file in files[path].split("+")]) for path in sorted(files))
    output.write_text(
        "/* Made by client/page/embed.py; not to be edited. */\n"
        '#include "page/orf-page-files.h"\n\n'
        "/* by path: it is searched by halves */\n"
        f"const OrfPageFile orf_page_files[] = {{\n{rows}}};\n"
        f"const gsize orf_n_page_files = {len(files)};\n", encoding="ascii")


if __name__ == "__main__":
    main()
