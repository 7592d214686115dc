/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-desc.h"
#include "orf-json.h"

G_BEGIN_DECLS

/* Members of the post-mortem document.  What is not there, or of another type, is unknown: a daemon
 * of another version tells more or less. */

/* NULL: unknown. */
const char *orf_value_get_text (json_t *object, const char *name);
/* NAN: unknown. */
double orf_value_get_number (json_t *object, const char *name);
/* FALSE: unknown, and *value is as it was. */
gboolean orf_value_get_integer (json_t *object, const char *name, gint64 *value);
/* 0: unknown. */
gint64 orf_value_get_count (json_t *object, const char *name);
gboolean orf_value_is_true (json_t *object, const char *name);
/* NULL, which jansson takes for one without elements: unknown. Borrowed. */
json_t *orf_value_get_array (json_t *object, const char *name);
/* [[t_us, value], ...] as OrfPoints in the order of time; a value of null is NAN. */
GArray *orf_value_dup_points (json_t *object, const char *name);

G_END_DECLS
