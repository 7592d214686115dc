/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Whether each of tags (key, value, key, …, NULL) is among a span's attributes or else among its
 * resource's, both JSON objects or NULL.  What is no string is compared as JSON writes it.  Pure.
 */
gboolean orf_span_tags_match (const char *const *tags,
                              const char *attributes_json,
                              const char *resource_json);

G_END_DECLS
