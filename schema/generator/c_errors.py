# SPDX-License-Identifier: LGPL-2.1-or-later
"""errors.json -> OrfErrorCode and its table."""

from .model import c_string
from .text import header, source


def generate(schema):
    enum = ["typedef enum {"]
    rows = ["const OrfErrorInfo orf_error_infos[ORF_N_ERRORS] = {"]
    for code in schema.errors:
        enum.append(f"  ORF_ERROR_{code['name']}, /* {code.get('help', '')} */")
        rows.append(f"  {{ {c_string(code['name'])}, {code['jsonrpc']}, {code['http']} }},")
    enum += ["  ORF_N_ERRORS", "} OrfErrorCode;", "", "typedef struct {", "  const char *name;",
             "  int jsonrpc;", "  int http;", "} OrfErrorInfo;", "",
             "extern const OrfErrorInfo orf_error_infos[ORF_N_ERRORS];", ""]
    rows += ["};", ""]
    return {
        "orf-schema-errors.h": header("\n".join(enum), ["<glib.h>"]),
        "orf-schema-errors.c": source("\n".join(rows), ['"orf-schema-errors.h"']),
    }
