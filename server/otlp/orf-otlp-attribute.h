/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "otlp/orf-otlp-wire.h"

G_BEGIN_DECLS

/*
 * One attribute (KeyValue) as it is on the wire, read as text: a string as it is, numbers and
 * booleans as JSON has them, bytes in base64, lists and maps as JSON.  Pure.
 */

/* Deeper lists and maps are refused. */
#define ORF_OTLP_MAX_DEPTH 16

/* FALSE: broken, too deep, or not UTF-8.  key points into attribute; value is replaced. */
gboolean orf_otlp_attribute_read (OrfOtlpBytes attribute, OrfOtlpBytes *key, GString *value);
/* Adds it as a member of the JSON object that is being written; what no JSON number is becomes a
 * string (NaN, integers beyond 2^53).  FALSE: as above, with half of it in json. */
gboolean orf_otlp_attribute_add_json (GString *json, OrfOtlpBytes attribute);

G_END_DECLS
