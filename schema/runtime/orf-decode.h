/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-desc.h"
#include "orf-json.h"

G_BEGIN_DECLS

typedef enum {
  ORF_DECODE_STRICT,  /* members that desc does not know are errors: what comes in */
  ORF_DECODE_LENIENT, /* they are passed over, an enum's new value is unset, and what may be null
                         may be missing: the answer of a newer or an older server */
} OrfDecodeMode;

/* A new struct of desc's, checked in every field, from a JSON object (NULL stands for {}).  Errors
 * are INVALID_ARGUMENT with the field's path ("samples[3].labels.device") and what is allowed
 * there. */
gpointer orf_decode (const OrfDesc *desc, json_t *object, OrfDecodeMode mode, GError **error);
/* The same from text, for pipes and files. */
gpointer orf_decode_text (
  const OrfDesc *desc, const char *text, gsize length, OrfDecodeMode mode, GError **error);

/* A zeroed struct with defaults set and numbers NAN. */
gpointer orf_struct_new (const OrfDesc *desc);
/* Frees a struct made by orf_decode() or filled by hand with g_malloc'ed members.  NULL is fine. */
void orf_struct_free (const OrfDesc *desc, gpointer data);
/* What malloc holds for it and all that it owns; NULL holds nothing. */
gsize orf_struct_measure (const OrfDesc *desc, gconstpointer data);

G_END_DECLS
