/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <string.h>

#include "transport/orf-http-encoding.h"

static void
test_takes_gzip (void)
{
  static const struct {
    const char *header;
    gboolean takes;
  } cases[] = {
    { NULL, FALSE },
    { "", FALSE },
    { "gzip", TRUE },
    { "GZIP", TRUE },
    { "br, gzip;q=0.5", TRUE },
    { "gzip;q=0", FALSE },
    { "*", TRUE },
    { "*;q=0", FALSE },
    { "*, gzip;q=0", FALSE },
    { "identity, deflate", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (orf_http_encoding_takes_gzip (cases[i].header), ==, cases[i].takes);
}

static void
check_round_trip (const char *data, gsize length)
{
  g_autoptr (GBytes) packed = orf_http_encoding_gzip (data, length);
  g_autoptr (GInputStream) base = g_memory_input_stream_new_from_bytes (packed);
  g_autoptr (GConverter)
    inflate = G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
  g_autoptr (GInputStream) stream = g_converter_input_stream_new (base, inflate);
  g_autofree char *back = g_malloc (length + 1);
  gsize n = 0;

  g_assert_true (g_input_stream_read_all (stream, back, length + 1, &n, NULL, NULL));
  g_assert_cmpmem (back, n, data, length);
}

static void
test_gzip (void)
{
  g_autofree char *same = g_strnfill (1 << 20, 'a');
  g_autofree char *random = g_malloc (1 << 18);
  g_autoptr (GBytes) packed = orf_http_encoding_gzip (same, 1 << 20);

  for (guint i = 0; i < 1 << 18; i++)
    random[i] = (char) g_test_rand_int ();
  check_round_trip ("", 0);
  check_round_trip ("x", 1);
  check_round_trip (same, 1 << 20);
  check_round_trip (random, 1 << 18);
  g_assert_cmpuint (g_bytes_get_size (packed), <, 1 << 14);
}

static void
test_etag (void)
{
  g_assert_false (orf_http_encoding_matches_etag (NULL, "\"a\""));
  g_assert_false (orf_http_encoding_matches_etag ("", "\"a\""));
  g_assert_false (orf_http_encoding_matches_etag ("\"b\"", "\"a\""));
  g_assert_true (orf_http_encoding_matches_etag ("*", "\"a\""));
  g_assert_true (orf_http_encoding_matches_etag ("\"b\", W/\"a\"", "\"a\""));
  g_assert_true (orf_http_encoding_matches_etag ("\"a\"", "W/\"a\""));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http-encoding/takes-gzip", test_takes_gzip);
  g_test_add_func ("/http-encoding/gzip", test_gzip);
  g_test_add_func ("/http-encoding/etag", test_etag);
  return g_test_run ();
}
