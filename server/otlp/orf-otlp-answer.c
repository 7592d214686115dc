/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-answer.h"

#include <string.h>

#include "orf-encode.h"
#include "orf-error.h"
#include "otlp/orf-otlp-wire.h"

#define STATUS_TOO_LARGE   413
#define STATUS_UNAVAILABLE 503

/* The type of "type/subtype; parameters", whatever its case. */
static gboolean
is_type (const char *content_type, const char *type)
{
  gsize length = strlen (type);

  if (g_ascii_strncasecmp (content_type, type, length) != 0)
    return FALSE;
  return content_type[length] == '\0' || content_type[length] == ';' || content_type[length] == ' ';
}

gboolean
orf_otlp_encoding_parse (const char *content_type, OrfOtlpEncoding *encoding)
{
  *encoding = ORF_OTLP_JSON;
  if (content_type == NULL)
    return FALSE;
  if (is_type (content_type, "application/x-protobuf"))
    *encoding = ORF_OTLP_PROTOBUF;
  else if (!is_type (content_type, "application/json"))
    return FALSE;
  return TRUE;
}

const char *
orf_otlp_encoding_get_type (OrfOtlpEncoding encoding)
{
  return encoding == ORF_OTLP_PROTOBUF ? "application/x-protobuf" : "application/json";
}

gboolean
orf_otlp_packing_parse (const char *content_encoding, gboolean *gzip)
{
  *gzip = FALSE;
  if (content_encoding == NULL || content_encoding[0] == '\0' ||
      g_ascii_strcasecmp (content_encoding, "identity") == 0)
    return TRUE;
  *gzip = g_ascii_strcasecmp (content_encoding, "gzip") == 0;
  return *gzip;
}

static GString *
write_partial (guint64 n_rejected, const char *message)
{
  g_autoptr (GString) partial = g_string_new (NULL);
  GString *answer = g_string_new (NULL);

  orf_otlp_wire_add_varint (partial, 1, n_rejected);
  orf_otlp_wire_add_bytes (partial, 2, message, strlen (message));
  orf_otlp_wire_add_bytes (answer, 1, partial->str, partial->len);
  return answer;
}

GString *
orf_otlp_answer_success (OrfOtlpEncoding encoding,
                         const char *rejected_key,
                         guint64 n_rejected,
                         const char *why)
{
  /* it may repeat what was sent, cut anywhere; protobuf's strings and JSON's are UTF-8 */
  g_autofree char *message = why != NULL ? g_utf8_make_valid (why, -1) : NULL;
  GString *answer;

  if (encoding == ORF_OTLP_PROTOBUF)
    return message != NULL ? write_partial (n_rejected, message) : g_string_new (NULL);
  if (message == NULL)
    return g_string_new ("{}");
  answer = g_string_new (NULL);
  g_string_append_printf (answer, "{\"partialSuccess\":{\"%s\":\"%" G_GUINT64_FORMAT "\",",
                          rejected_key, n_rejected);
  g_string_append (answer, "\"errorMessage\":");
  orf_encode_string (answer, message, -1);
  g_string_append (answer, "}}");
  return answer;
}

/* -32000 less the code is how JSON-RPC tells it; what gRPC has no number for is a bad argument. */
static int
get_grpc_code (const GError *error)
{
  int number = -32000 - orf_error_code_to_jsonrpc (orf_error_get_code (error));

  return number > 0 && number <= 16 ? number : 3;
}

GString *
orf_otlp_answer_error (OrfOtlpEncoding encoding, const GError *error)
{
  g_autofree char *message = g_utf8_make_valid (error->message, -1);
  GString *answer = g_string_new (NULL);

  if (encoding == ORF_OTLP_PROTOBUF) {
    orf_otlp_wire_add_varint (answer, 1, (guint64) get_grpc_code (error));
    orf_otlp_wire_add_bytes (answer, 2, message, strlen (message));
    return answer;
  }
  g_string_append_printf (answer, "{\"code\":%d,\"message\":", get_grpc_code (error));
  orf_encode_string (answer, message, -1);
  g_string_append_c (answer, '}');
  return answer;
}

int
orf_otlp_answer_status (const GError *error)
{
  switch (orf_error_get_code (error)) {
  case ORF_ERROR_RESOURCE_EXHAUSTED:
    /* what does not get smaller by waiting */
    if (orf_error_get_retry_after_ms (error) < 0)
      return STATUS_TOO_LARGE;
    break;
  case ORF_ERROR_CANCELLED:
  case ORF_ERROR_DATA_LOSS:
  case ORF_ERROR_DEADLINE_EXCEEDED:
    return STATUS_UNAVAILABLE;
  default:
    break;
  }
  return orf_error_code_to_http (orf_error_get_code (error));
}
