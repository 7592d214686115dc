/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The words of which a line of Prometheus' text is made, in both of its formats.  What is taken
 * points into the line.  Pure.
 */
typedef struct {
  const char *start;
  gsize length;
} OrfExpositionSlice;

/* What is left of a line.  After its end there is a line feed, so that numbers end there. */
typedef struct {
  const char *at, *end;
} OrfExpositionCursor;

/* Blanks and tabs; FALSE: there are none. */
gboolean orf_exposition_skip_blanks (OrfExpositionCursor *cursor);
/* [a-zA-Z_:][a-zA-Z0-9_:]*; colons only where colons is TRUE. */
gboolean
orf_exposition_take_name (OrfExpositionCursor *cursor, gboolean colons, OrfExpositionSlice *name);
/* All up to the next blank. */
gboolean orf_exposition_take_word (OrfExpositionCursor *cursor, OrfExpositionSlice *word);
/* A decimal number, or one of Inf and NaN in any case, with or without a sign; up to a blank or the
 * end. */
gboolean orf_exposition_take_number (OrfExpositionCursor *cursor, double *value);
gboolean orf_exposition_take_integer (OrfExpositionCursor *cursor, gint64 *value);
/* {name="value",…} with its braces; what is between them goes to labels.  FALSE: the cursor is
 * where *wanted, static, was not found. */
gboolean orf_exposition_take_labels (OrfExpositionCursor *cursor,
                                     OrfExpositionSlice *labels,
                                     const char **wanted);

/* The next of labels that orf_exposition_take_labels() gave; value as it came. */
gboolean orf_exposition_next_label (OrfExpositionCursor *labels,
                                    OrfExpositionSlice *name,
                                    OrfExpositionSlice *value);
/* \\ and \n, and \" where quotes is TRUE, stand for what they say; another backslash for itself. */
char *orf_exposition_unescape (OrfExpositionSlice text, gboolean quotes);

G_END_DECLS
