/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <orfeas/tracer.h>

/*
 * OTLP's messages in protobuf's wire format, by the field numbers of opentelemetry.proto.trace.v1.
 * Lengths stand before what they are of, and so are reckoned before anything is written: for each
 * kind of thing one function measures and one writes.  Pure.
 */
typedef struct {
  uint8_t *data;
  size_t length;
  size_t size; /* of data */
} OrfOtlpText;

/* Fields of a span. */
enum {
  ORF_OTLP_SPAN_TRACE_ID = 1,
  ORF_OTLP_SPAN_SPAN_ID = 2,
  ORF_OTLP_SPAN_TRACE_STATE = 3,
  ORF_OTLP_SPAN_PARENT_ID = 4,
  ORF_OTLP_SPAN_NAME = 5,
  ORF_OTLP_SPAN_KIND = 6,
  ORF_OTLP_SPAN_START = 7,
  ORF_OTLP_SPAN_END = 8,
  ORF_OTLP_SPAN_ATTRIBUTES = 9,
  ORF_OTLP_SPAN_DROPPED_ATTRIBUTES = 10,
  ORF_OTLP_SPAN_EVENTS = 11,
  ORF_OTLP_SPAN_LINKS = 13,
  ORF_OTLP_SPAN_STATUS = 15,
  ORF_OTLP_SPAN_FLAGS = 16,
};

/* Bytes of text up to max, in whole characters. */
size_t orf_otlp_measure_text (const char *text, size_t max);
size_t orf_otlp_measure_varint (uint64_t value);
/* A field of bytes, with its number (1 to 15) and length. */
size_t orf_otlp_measure_field (size_t length);

/* Each answers where it ended; there is room for what was measured. */
uint8_t *orf_otlp_put_varint (uint8_t *at, uint64_t value);
uint8_t *orf_otlp_put_head (uint8_t *at, unsigned field, size_t length);
uint8_t *orf_otlp_put_bytes (uint8_t *at, unsigned field, const void *bytes, size_t length);
/* text: length bytes, of which those that are no UTF-8 become '?'. */
uint8_t *orf_otlp_put_text (uint8_t *at, unsigned field, const char *text, size_t length);
uint8_t *orf_otlp_put_number (uint8_t *at, unsigned field, uint64_t value);
uint8_t *orf_otlp_put_fixed64 (uint8_t *at, unsigned field, uint64_t value);
uint8_t *orf_otlp_put_fixed32 (uint8_t *at, unsigned field, uint32_t value);

/* An attribute as a field of whatever has it: measured once, and written by that. */
typedef struct {
  const OrfAttribute *attribute;
  size_t key_bytes, text_bytes, value_bytes, bytes;
} OrfOtlpPair;
size_t orf_otlp_measure_attribute (const OrfAttribute *attribute, OrfOtlpPair *pair);
uint8_t *orf_otlp_put_attribute (uint8_t *at, unsigned field, const OrfOtlpPair *pair);
/* The same of several. */
size_t orf_otlp_measure_attributes (const OrfAttribute *attributes, size_t n_attributes);
uint8_t *orf_otlp_put_attributes (uint8_t *at,
                                  unsigned field,
                                  const OrfAttribute *attributes,
                                  size_t n_attributes);
