/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>

#include <glib.h>

G_BEGIN_DECLS

/* Levels of nesting that our own pipes and files may have. */
#define ORF_JSON_MAX_DEPTH 64

/*
 * What JSON text is parsed with everywhere.  Depth is bounded to max_depth.  Numbers are read as
 * reals: what the contract allows as an integer (within 2^53) is exact, and larger ones are still
 * JSON. Errors are PARSE_ERROR with the position in the message.
 */
json_t *orf_json_parse (const char *text, gsize length, guint max_depth, GError **error);

/* Whether it is refused for its depth. */
gboolean orf_json_is_deeper (const char *text, gsize length, guint max_depth);

/* TRUE and the value when it is a whole number within 2^53. */
gboolean orf_json_get_integer (json_t *value, gint64 *out);
/* The text of any value. */
char *orf_json_dump (json_t *value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (json_t, json_decref)

G_END_DECLS
