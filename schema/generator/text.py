# SPDX-License-Identifier: LGPL-2.1-or-later
"""The head and foot that generated C files share."""

NOTICE = "/* Made by schema/generate.py from schema/; not to be edited. */\n"


def header(body, includes=()):
    lines = "".join(f"#include {name}\n" for name in includes)
    return f"{NOTICE}#pragma once\n\n{lines}\nG_BEGIN_DECLS\n\n{body}\nG_END_DECLS\n"


def source(body, includes=()):
    lines = "".join(f"#include {name}\n" for name in includes)
    return f"{NOTICE}{lines}\n{body}"
