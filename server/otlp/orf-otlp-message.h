/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "otlp/metrics.pb-c.h" /* generated from metrics.proto */
#include "otlp/orf-otlp-answer.h"
#include "otlp/orf-otlp-arena.h"
#include "otlp/traces.pb-c.h"

G_BEGIN_DECLS

/*
 * From a body's bytes to the message, all of it in the arena.  Errors: PARSE_ERROR, and
 * RESOURCE_EXHAUSTED where it is larger than the arena may become.
 */

/* Any message that protobuf-c has a descriptor of. */
ProtobufCMessage *orf_otlp_message_unpack (OrfOtlpArena *arena,
                                           const ProtobufCMessageDescriptor *descriptor,
                                           const char *data,
                                           gsize length,
                                           GError **error);
/* The error for something that did not fit. */
void orf_otlp_message_set_too_large (GError **error);

/* A request in either encoding. */
Otlp__MetricsRequest *orf_otlp_message_read_metrics (
  OrfOtlpArena *arena, OrfOtlpEncoding encoding, const char *data, gsize length, GError **error);
Otlp__TracesRequest *orf_otlp_message_read_traces (
  OrfOtlpArena *arena, OrfOtlpEncoding encoding, const char *data, gsize length, GError **error);

G_END_DECLS
