/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-gzip.h"
#include "otlp/orf-otlp-message.h"

#define FUZZ_MAX_BYTES (8 << 20)

typedef void (*FuzzReadBody) (const char *body, gsize length, OrfOtlpEncoding encoding);

/* A body of OTLP: the first byte says in which encoding, and whether packed. */
static inline void
fuzz_read_body (const guint8 *data, gsize size, FuzzReadBody read_body)
{
  OrfOtlpEncoding encoding;

  if (size == 0)
    return;
  encoding = data[0] & 1 ? ORF_OTLP_JSON : ORF_OTLP_PROTOBUF;
  if (data[0] & 2) {
    g_autoptr (GString)
      plain = orf_gzip_unpack ((const char *) data + 1, size - 1, FUZZ_MAX_BYTES, NULL);

    if (plain != NULL)
      read_body (plain->str, plain->len, encoding);
  } else {
    read_body ((const char *) data + 1, size - 1, encoding);
  }
}
