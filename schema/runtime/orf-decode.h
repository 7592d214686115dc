/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>

#include "orf-desc.h"

G_BEGIN_DECLS

/* A new struct of desc's, checked in every field, from a JSON object (NULL stands for {}).  Errors are
 * INVALID_ARGUMENT with the field's path ("samples[3].labels.device") and what is allowed there.
 * Members that desc does not know are errors. */
gpointer orf_decode (const OrfDesc *desc, json_t *object, GError **error);
/* The same from text, for pipes and files; limits: 64 levels. */
gpointer orf_decode_text (const OrfDesc *desc, const char *text, gsize length, GError **error);

/* What JSON text is parsed with everywhere: depth is bounded by max_depth before jansson sees it.
 * Errors are INVALID_ARGUMENT with line and column in the message. */
json_t *orf_json_parse (const char *text, gsize length, guint max_depth, GError **error);

/* Frees a struct made by orf_decode() or filled by hand with g_malloc'ed members.  NULL is fine. */
void orf_struct_free (const OrfDesc *desc, gpointer data);
/* A zeroed struct with defaults set and numbers NAN. */
gpointer orf_struct_new (const OrfDesc *desc);

G_END_DECLS
