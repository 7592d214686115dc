/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What OTLP/HTTP says of a request's form, and how it is answered: in the encoding that the request
 * came in, for all signals alike.  Pure.
 */
typedef enum {
  ORF_OTLP_PROTOBUF,
  ORF_OTLP_JSON,
} OrfOtlpEncoding;

/* From Content-Type.  FALSE: none that OTLP knows; *encoding is then what an answer is told in. */
gboolean orf_otlp_encoding_parse (const char *content_type, OrfOtlpEncoding *encoding);
const char *orf_otlp_encoding_get_type (OrfOtlpEncoding encoding);
/* From Content-Encoding, NULL: none came.  FALSE: one that we do not unpack. */
gboolean orf_otlp_packing_parse (const char *content_encoding, gboolean *gzip);

/* Export…ServiceResponse.  rejected_key: of the signal's partial success in JSON
 * ("rejectedDataPoints"); why NULL: all was taken. */
GString *orf_otlp_answer_success (OrfOtlpEncoding encoding,
                                  const char *rejected_key,
                                  guint64 n_rejected,
                                  const char *why);
/* google.rpc.Status. */
GString *orf_otlp_answer_error (OrfOtlpEncoding encoding, const GError *error);
/* What is told to the client: those that it may send again are 429 and 503 only. */
int orf_otlp_answer_status (const GError *error);

G_END_DECLS
