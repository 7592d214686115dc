/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>

#include "core/orf-gzip.h"
#include "otlp/orf-otlp-message.h"

#define FUZZ_MAX_BYTES (8 << 20)
#define FUZZ_FEW_BYTES (100 << 10) /* more than is unpacked at a time */
/* Packing takes longer than all else. */
#define FUZZ_MAX_PACKED 200

typedef void (*FuzzReadBody) (const char *body, gsize length, OrfOtlpEncoding encoding);

/* What is packed is unpacked to the same. */
static inline void
fuzz_check_packing (const char *body, gsize length)
{
  gsize packed_length;
  g_autofree char *packed = orf_gzip_pack (body, length, &packed_length);
  g_autoptr (GString) plain = orf_gzip_unpack (packed, packed_length, length, NULL);

  if (plain == NULL || plain->len != length ||
      (length > 0 && memcmp (plain->str, body, length) != 0))
    g_error ("%" G_GSIZE_FORMAT " bytes are not the same, unpacked", length);
}

/* A body of OTLP: the first byte says in which encoding, whether packed, and whether little is let
 * in. */
static inline void
fuzz_read_body (const guint8 *data, gsize size, FuzzReadBody read_body)
{
  OrfOtlpEncoding encoding;

  if (size == 0)
    return;
  if (size <= FUZZ_MAX_PACKED)
    fuzz_check_packing ((const char *) data, size);
  encoding = data[0] & 1 ? ORF_OTLP_JSON : ORF_OTLP_PROTOBUF;
  if (data[0] & 2) {
    g_autoptr (GString)
      plain = orf_gzip_unpack ((const char *) data + 1, size - 1,
                               data[0] & 4 ? FUZZ_FEW_BYTES : FUZZ_MAX_BYTES, NULL);

    if (plain != NULL)
      read_body (plain->str, plain->len, encoding);
  } else {
    read_body ((const char *) data + 1, size - 1, encoding);
  }
}
