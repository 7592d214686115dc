/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A number of an expression (doc/expressions.md): digits, a point and an exponent, and at once
 * after it a unit or none.  It has no sign.  Pure. */

typedef enum {
  ORF_EXPR_NUMBER_GOOD,
  ORF_EXPR_NUMBER_NO_UNIT,   /* what stands after the digits is none */
  ORF_EXPR_NUMBER_TOO_LARGE, /* beyond what a double holds */
} OrfExprNumberFault;

/* Of the message: what is expected, for each fault. */
#define ORF_EXPR_NUMBER_UNITS                                                                      \
  "a unit (%, B, kB, MB, GB, TB, KiB, MiB, GiB, TiB, us, ms, s, m, h, d)"

gboolean orf_expr_number_begins (const char *text);
/* The unit is applied: bytes, microseconds, percent as 0 to 100.  *end: behind it, or where the
 * fault is. */
OrfExprNumberFault
orf_expr_number_read (const char *text, const char **end, double *number, gboolean *of_time);

G_END_DECLS
