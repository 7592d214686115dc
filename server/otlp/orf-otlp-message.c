/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-message.h"

#include "orf-error.h"
#include "otlp/orf-otlp-json.h"

void
orf_otlp_message_set_too_large (GError **error)
{
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
                       "the request is larger than [memory] ingest_bytes once it is decoded: send "
                       "less at a time");
}

ProtobufCMessage *
orf_otlp_message_unpack (OrfOtlpArena *arena,
                         const ProtobufCMessageDescriptor *descriptor,
                         const char *data,
                         gsize length,
                         GError **error)
{
  ProtobufCMessage *message = protobuf_c_message_unpack (descriptor,
                                                         orf_otlp_arena_get_allocator (arena),
                                                         length, (const guint8 *) data);

  if (message != NULL)
    return message;
  if (orf_otlp_arena_is_exhausted (arena))
    orf_otlp_message_set_too_large (error);
  else
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_PARSE_ERROR,
                         "the body is no protobuf message of this kind");
  return NULL;
}

static ProtobufCMessage *
read_message (OrfOtlpArena *arena,
              const ProtobufCMessageDescriptor *descriptor,
              OrfOtlpEncoding encoding,
              const char *data,
              gsize length,
              GError **error)
{
  return encoding == ORF_OTLP_JSON
           ? orf_otlp_json_read (arena, descriptor, data, length, error)
           : orf_otlp_message_unpack (arena, descriptor, data, length, error);
}

Otlp__MetricsRequest *
orf_otlp_message_read_metrics (
  OrfOtlpArena *arena, OrfOtlpEncoding encoding, const char *data, gsize length, GError **error)
{
  return (Otlp__MetricsRequest *) read_message (arena, &otlp__metrics_request__descriptor, encoding,
                                                data, length, error);
}

Otlp__TracesRequest *
orf_otlp_message_read_traces (
  OrfOtlpArena *arena, OrfOtlpEncoding encoding, const char *data, gsize length, GError **error)
{
  return (Otlp__TracesRequest *) read_message (arena, &otlp__traces_request__descriptor, encoding,
                                               data, length, error);
}
