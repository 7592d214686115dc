/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-http-encoding.h"

#include <libsoup/soup.h>
#include <string.h>

/* Two thirds of the time of the default level, for a few percent of the size: a page is made while
 * others wait. */
#define GZIP_LEVEL 4
/* What deflate may add to data that it cannot make smaller, and gzip's head and tail. */
#define GZIP_EXTRA_BYTES 64

static gboolean
has_name (GSList *names, const char *name)
{
  return g_slist_find_custom (names, name, (GCompareFunc) g_ascii_strcasecmp) != NULL;
}

gboolean
orf_http_encoding_takes_gzip (const char *accept_encoding)
{
  GSList *taken, *refused = NULL;
  gboolean takes;

  if (accept_encoding == NULL)
    return FALSE;
  taken = soup_header_parse_quality_list (accept_encoding, &refused);
  takes = has_name (taken, "gzip") || (has_name (taken, "*") && !has_name (refused, "gzip"));
  soup_header_free_list (taken);
  soup_header_free_list (refused);
  return takes;
}

GBytes *
orf_http_encoding_gzip (const char *data, gsize length)
{
  g_autoptr (GZlibCompressor)
    compressor = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, GZIP_LEVEL);
  g_autoptr (GByteArray) packed = g_byte_array_new ();
  gsize taken = 0, filled = 0;
  GConverterResult result = G_CONVERTER_CONVERTED;

  g_byte_array_set_size (packed, (guint) (length / 4 + GZIP_EXTRA_BYTES));
  while (result == G_CONVERTER_CONVERTED) {
    gsize n_read, n_written;

    /* fails only when there is no room, of which it is given more */
    if (packed->len - filled < GZIP_EXTRA_BYTES)
      g_byte_array_set_size (packed, packed->len * 2);
    result = g_converter_convert (G_CONVERTER (compressor), data + taken, length - taken,
                                  packed->data + filled, packed->len - filled,
                                  G_CONVERTER_INPUT_AT_END, &n_read, &n_written, NULL);
    g_assert (result != G_CONVERTER_ERROR);
    taken += n_read;
    filled += n_written;
  }
  g_byte_array_set_size (packed, (guint) filled);
  return g_byte_array_free_to_bytes (g_steal_pointer (&packed));
}

static const char *
skip_weak (const char *tag)
{
  return g_str_has_prefix (tag, "W/") ? tag + 2 : tag;
}

gboolean
orf_http_encoding_matches_etag (const char *if_none_match, const char *etag)
{
  g_auto (GStrv) tags = NULL;

  if (if_none_match == NULL)
    return FALSE;
  if (strcmp (if_none_match, "*") == 0)
    return TRUE;
  tags = g_strsplit (if_none_match, ",", -1);
  for (guint i = 0; tags[i] != NULL; i++)
    if (strcmp (skip_weak (g_strstrip (tags[i])), skip_weak (etag)) == 0)
      return TRUE;
  return FALSE;
}
