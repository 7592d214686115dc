/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Protobuf's wire format, for the little that is read and written by hand: attributes, and answers.
 * Pure.
 */
typedef enum {
  ORF_OTLP_WIRE_VARINT = 0,
  ORF_OTLP_WIRE_FIXED64 = 1,
  ORF_OTLP_WIRE_BYTES = 2,
  ORF_OTLP_WIRE_FIXED32 = 5,
} OrfOtlpWireType;

/* Bytes that somebody else owns. */
typedef struct {
  const guint8 *data;
  gsize length;
} OrfOtlpBytes;

typedef struct {
  guint number;
  OrfOtlpWireType type;
  guint64 value; /* of all but bytes */
  OrfOtlpBytes bytes;
} OrfOtlpField;

/* The next field of what `rest` still has; FALSE at its end, and where it is broken: then *broken
 * is set. */
gboolean orf_otlp_wire_next (OrfOtlpBytes *rest, OrfOtlpField *field, gboolean *broken);

void orf_otlp_wire_add_varint (GString *to, guint number, guint64 value);
void orf_otlp_wire_add_fixed64 (GString *to, guint number, guint64 value);
void orf_otlp_wire_add_bytes (GString *to, guint number, const void *data, gsize length);

G_END_DECLS
