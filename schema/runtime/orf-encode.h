/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-desc.h"

G_BEGIN_DECLS

/* Appends data as a JSON object.  FALSE with INTERNAL when data breaks its own schema (a required
 * string is NULL, a value out of range); out is then as it was. */
gboolean orf_encode (const OrfDesc *desc, gconstpointer data, GString *out, GError **error);

/* The same, but an object of a list that breaks its schema, as one made of a damaged row does, is
 * left out alone; why the first was goes to *left_out. */
gboolean orf_encode_sound (
  const OrfDesc *desc, gconstpointer data, GString *out, GError **left_out, GError **error);

/* The writer's pieces, for large answers that are streamed. */
/* Before what stands in an array or object: nothing where it is the first there. */
void orf_encode_comma (GString *out);
/* The name of an object's member, which its value has to follow; with its comma. */
void orf_encode_member (GString *out, const char *name);
void orf_encode_string (GString *out, const char *text, gssize length);
void orf_encode_integer (GString *out, gint64 value);
/* Shortest text that reads back as the same double; null for NAN and infinities. */
void orf_encode_number (GString *out, double value);

G_END_DECLS
