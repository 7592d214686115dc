/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-format.h"

static void
assert_text (char *text, const char *expected)
{
  g_assert_cmpstr (text, ==, expected);
  g_free (text);
}

static void
test_bytes (void)
{
  assert_text (orf_format_bytes (0), "0 B");
  assert_text (orf_format_bytes (-1023), "-1023 B");
  assert_text (orf_format_bytes (1024), "1.0 KiB");
  assert_text (orf_format_bytes (512.0 * 1024 * 1024), "512.0 MiB");
  assert_text (orf_format_bytes (-1.5 * 1024 * 1024 * 1024), "-1.5 GiB");
  assert_text (orf_format_bytes (0x1p60), "1024.0 PiB");
  assert_text (orf_format_bytes (1023 * 1024), "1023.0 KiB");
  assert_text (orf_format_bytes (1024 * 1024 - 1), "1.0 MiB");
  assert_text (orf_format_bytes (1 - 0x1p40), "-1.0 TiB");
}

static void
test_span (void)
{
  assert_text (orf_format_span (0), "0 s");
  assert_text (orf_format_span (G_GINT64_CONSTANT (119) * G_USEC_PER_SEC), "119 s");
  assert_text (orf_format_span (G_GINT64_CONSTANT (120) * G_USEC_PER_SEC), "2 min");
  assert_text (orf_format_span (G_GINT64_CONSTANT (7199) * G_USEC_PER_SEC), "120 min");
  assert_text (orf_format_span (G_GINT64_CONSTANT (18000) * G_USEC_PER_SEC), "5.0 h");
  assert_text (orf_format_span (G_GINT64_CONSTANT (216000) * G_USEC_PER_SEC), "2.5 d");
}

static void
test_number (void)
{
  assert_text (orf_format_number (0.0125), "0.0125");
  assert_text (orf_format_number (36), "36");
  assert_text (orf_format_number (-5990.4), "-5990");
  assert_text (orf_format_number (123456789), "123456789");
  assert_text (orf_format_number (999.4), "999");
  assert_text (orf_format_number (999.5), "1000");
  assert_text (orf_format_number (-999.99), "-1000");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/format/bytes", test_bytes);
  g_test_add_func ("/format/span", test_span);
  g_test_add_func ("/format/number", test_number);
  return g_test_run ();
}
