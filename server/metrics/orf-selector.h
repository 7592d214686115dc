/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Which series are meant: name{label="v",other=~"re"} with = != =~ !~, or {…} alone; the label
 * __name__ is the name.  A label that a series does not have is empty.  Regular expressions (PCRE)
 * match the whole value.  Values are quoted, with \\, \" and \n as canonical text has them.  Pure.
 */
typedef struct _OrfSelector OrfSelector;

/* INVALID_ARGUMENT, field select, with the position. */
OrfSelector *orf_selector_parse (const char *text, GError **error);
/* The same inside an expression, from text + *position, which then is where it ends; field expr.  A
 * name there does not end in - or /, which are operators. */
OrfSelector *orf_selector_parse_within (const char *text, guint *position, GError **error);
/* The bytes of such a name at the start of text; 0: none. */
gsize orf_selector_measure_name (const char *text);
void orf_selector_free (OrfSelector *selector);

/* labels: key, value, …, NULL.  *matches is set, or an error: a regular expression that takes too
 * long. */
gboolean orf_selector_match (const OrfSelector *selector,
                             const char *name,
                             char *const *labels,
                             gboolean *matches,
                             GError **error);
/* A look through many series, all 0 when it begins; between its matches nothing else is done. */
typedef struct {
  gint64 began_us; /* of the thread's CPU; 0: not yet */
  guint n_matches;
} OrfSelectorLook;

/* The same of one of many series: also an error where all of them together take too long. */
gboolean orf_selector_match_next (const OrfSelector *selector,
                                  OrfSelectorLook *look,
                                  const char *name,
                                  char *const *labels,
                                  gboolean *matches,
                                  GError **error);
/* The one name that it can match; NULL: any. */
const char *orf_selector_get_name (const OrfSelector *selector);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSelector, orf_selector_free)

G_END_DECLS
