/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Text that is read from left to right: what the parsers of selectors and of expressions have in
 * common.  A plain value.
 */
typedef struct {
  const char *text;
  const char *at;      /* in it */
  const char *field;   /* static: the parameter that the text came in */
  const char *allowed; /* static: what errors say is taken */
  GError **error;
} OrfScanner;

/* In bytes, from 0. */
guint orf_scanner_get_position (const OrfScanner *scanner);
/* FALSE, and INVALID_ARGUMENT: "FIELD: expected WHAT at position N". */
gboolean orf_scanner_fail (const OrfScanner *scanner, const char *expected);
void orf_scanner_skip_blanks (OrfScanner *scanner);
/* Both go past blanks in any case. */
gboolean orf_scanner_take (OrfScanner *scanner, const char *token);
/* Letters, digits, _ and what is in `more`, no digit first; NULL: there is no word. */
char *orf_scanner_take_word (OrfScanner *scanner, const char *more);

G_END_DECLS
