/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "otlp/orf-otlp-tree.h"

G_BEGIN_DECLS

/*
 * OTLP's JSON (protobuf's mapping, but for ids in hex and enums as numbers only), read by the
 * descriptors that protobuf-c made: keys are the fields' names in lowerCamelCase, integers may be
 * strings, unknown keys are skipped.  Pure.
 */

/* All of it in the arena.  PARSE_ERROR; RESOURCE_EXHAUSTED where the arena would
 * become larger than it may. */
ProtobufCMessage *orf_otlp_json_read (OrfOtlpArena *arena,
                                      const ProtobufCMessageDescriptor *descriptor,
                                      const char *text,
                                      gsize length,
                                      GError **error);

/* What is bytes to us, and a message to others, as it would be on the wire: an attribute, a
 * resource, a scope.  FALSE: wrong types, or too deep. */
gboolean orf_otlp_json_write_attribute (GString *to, const OrfOtlpNode *attribute);
gboolean orf_otlp_json_write_resource (GString *to, const OrfOtlpNode *resource);
gboolean orf_otlp_json_write_scope (GString *to, const OrfOtlpNode *scope);

/* A 64-bit integer, number or string. */
gboolean orf_otlp_json_get_int64 (const OrfOtlpNode *value, gint64 *number);
/* Also "NaN", "Infinity", "-Infinity". */
gboolean orf_otlp_json_get_double (const OrfOtlpNode *value, double *number);

G_END_DECLS
