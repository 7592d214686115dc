/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-answer.h"

#include "cache/orf-cache-pack.h"
#include "orf-encode.h"

static void
append_base64 (GString *out, OrfCacheBytes value)
{
  /* four letters for three bytes, and a last group */
  gsize before = out->len, room = (value.length / 3 + 1) * 4;
  int state = 0, save = 0;
  gsize written;

  g_string_set_size (out, before + room);
  written = g_base64_encode_step ((const guchar *) value.data, value.length, FALSE,
                                  out->str + before, &state, &save);
  written += g_base64_encode_close (FALSE, out->str + before + written, &state, &save);
  g_string_set_size (out, before + written);
}

/* Frames that are none were refused where they came in. */
static void
append_value (GString *out, const OrfCacheCell *cell)
{
  OrfCacheBytes value = orf_cache_cell_get_value (cell);
  g_autofree char *unpacked = NULL;

  if (cell->flags & ORF_CACHE_PACKED) {
    unpacked = orf_cache_unpack (value, &value.length);
    value.data = unpacked;
  }
  if (cell->flags & ORF_CACHE_NEGATIVE) {
    g_string_append (out, "null,\"encoding\":null");
  } else if (cell->flags & ORF_CACHE_BINARY) {
    g_string_append_c (out, '"');
    append_base64 (out, value);
    g_string_append (out, "\",\"encoding\":\"base64\"");
  } else {
    orf_encode_string (out, value.data, (gssize) value.length);
    g_string_append (out, ",\"encoding\":\"utf8\"");
  }
}

void
orf_cache_answer_append (GString *out, const OrfCacheFound *found)
{
  g_string_append (out, "{\"key\":");
  orf_encode_string (out, found->key.data, (gssize) found->key.length);
  if (found->cell != NULL) {
    g_string_append (out, ",\"hit\":true,\"value\":");
    append_value (out, found->cell);
    g_string_append_printf (out, ",\"tier\":\"%s\"", orf_cache_tier_to_string (found->tier));
  } else {
    g_string_append (out, ",\"hit\":false,\"value\":null,\"encoding\":null,\"tier\":null");
  }
  if (found->stale)
    g_string_append (out, ",\"stale\":true");
  if (found->lease != NULL)
    g_string_append_printf (out, ",\"lease\":\"%s\"", found->lease);
  if (found->version != 0)
    g_string_append_printf (out, ",\"version\":%" G_GUINT64_FORMAT ",\"keep_us\":%" G_GINT64_FORMAT,
                            found->version, found->keep_us);
  g_string_append_c (out, '}');
}
