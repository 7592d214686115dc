/* SPDX-License-Identifier: LGPL-2.1-or-later */
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
  g_test_add_func ("/http-encoding/etag", test_etag);
  return g_test_run ();
}
