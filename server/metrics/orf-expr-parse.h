/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-expr.h"

G_BEGIN_DECLS

/* What one expression may have.  The tree is walked by recursion, and each selector is read. */
#define ORF_EXPR_MAX_BYTES     4096
#define ORF_EXPR_MAX_DEPTH     32
#define ORF_EXPR_MAX_NODES     256
#define ORF_EXPR_MAX_SELECTORS 16
#define ORF_EXPR_MAX_LABELS    16

/* The tree of text, as doc/expressions.md has the grammar.  Pure.  INVALID_ARGUMENT, field expr,
 * with what was expected and its position, in bytes from 0. */
OrfExpr *orf_expr_parse (const char *text, GError **error);

G_END_DECLS
