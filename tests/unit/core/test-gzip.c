/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>

#include "core/orf-gzip.h"
#include "orf-error.h"

static void
check_round_trip (const char *data, gsize length)
{
  gsize packed_length;
  char *packed = orf_gzip_pack (data, length, &packed_length);
  g_autoptr (GInputStream)
    base = g_memory_input_stream_new_from_data (packed, (gssize) packed_length, g_free);
  g_autoptr (GConverter)
    inflate = G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
  g_autoptr (GInputStream) stream = g_converter_input_stream_new (base, inflate);
  g_autofree char *back = g_malloc (length + 1);
  gsize n = 0;

  g_assert_true (g_input_stream_read_all (stream, back, length + 1, &n, NULL, NULL));
  g_assert_cmpmem (back, n, data, length);
}

static void
test_round_trip (void)
{
  g_autofree char *random = g_malloc (1 << 18);

  for (guint i = 0; i < 1 << 18; i++)
    random[i] = (char) g_test_rand_int ();
  check_round_trip ("", 0);
  check_round_trip ("x", 1);
  check_round_trip (random, 1 << 18);
}

static void
test_smaller (void)
{
  g_autofree char *same = g_strnfill (1 << 20, 'a');
  g_autofree char *packed = NULL;
  gsize length;

  check_round_trip (same, 1 << 20);
  packed = orf_gzip_pack (same, 1 << 20, &length);
  g_assert_cmpuint (length, <, 1 << 14);
}

/* Members one behind the other, as each is a stream of its own. */
static GString *
pack_members (gsize length, guint n)
{
  g_autofree char *same = g_strnfill (length, 'a');
  gsize packed_length;
  g_autofree char *packed = orf_gzip_pack (same, length, &packed_length);
  GString *all = g_string_new (NULL);

  while (n-- > 0)
    g_string_append_len (all, packed, (gssize) packed_length);
  return all;
}

static void
test_too_large (void)
{
  static const struct {
    gsize length;
    guint n;
  } cases[] = { { 1 << 16, 1 }, { 20 << 20, 1 }, { 9 << 20, 2 }, { 1 << 20, 20 }, { 8 << 20, 1 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const gsize length = cases[i].length * cases[i].n;
    g_autoptr (GString) packed = pack_members (cases[i].length, cases[i].n);
    g_autoptr (GError) error = NULL;
    GString *back = orf_gzip_unpack (packed->str, packed->len, length, &error);

    g_assert_no_error (error);
    g_assert_cmpuint (back->len, ==, length);
    g_string_free (back, TRUE);
    g_assert_null (orf_gzip_unpack (packed->str, packed->len, length - 1, &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
    g_clear_error (&error);
    g_assert_null (orf_gzip_unpack (packed->str, packed->len - 1, length, &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_PARSE_ERROR);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gzip/round-trip", test_round_trip);
  g_test_add_func ("/gzip/smaller", test_smaller);
  g_test_add_func ("/gzip/too-large", test_too_large);
  return g_test_run ();
}
