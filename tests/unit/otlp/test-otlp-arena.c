/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-arena.h"

#include <string.h>

#include "core/orf-gzip.h"
#include "core/orf-poison.h"
#include "orf-error.h"

static void
test_bound (void)
{
  g_autoptr (OrfOtlpArena) arena = orf_otlp_arena_new ();
  gsize given = 0;

  orf_otlp_arena_reset (arena, 1 << 20);
  while (orf_otlp_arena_alloc (arena, 1000) != NULL)
    given += 1000;
  g_assert_cmpuint (given, >, 900000);
  g_assert_cmpuint (given, <=, 1 << 20);
  g_assert_true (orf_otlp_arena_is_exhausted (arena));
  orf_otlp_arena_reset (arena, 1 << 20);
  g_assert_false (orf_otlp_arena_is_exhausted (arena));
  g_assert_null (orf_otlp_arena_alloc (arena, G_MAXSIZE));
  g_assert_null (orf_otlp_arena_alloc (arena, G_MAXSIZE - 8));
  g_assert_nonnull (orf_otlp_arena_alloc (arena, 0));
}

static void
test_pieces (void)
{
  g_autoptr (OrfOtlpArena) arena = orf_otlp_arena_new ();
  guint8 *pieces[2000];

  orf_otlp_arena_reset (arena, 16 << 20);
  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++) {
    pieces[i] = orf_otlp_arena_alloc0 (arena, i);
    g_assert_cmpuint ((guintptr) pieces[i] % 16, ==, 0);
    memset (pieces[i], (int) (i & 0xff), i);
  }
  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    for (guint k = 0; k < i; k++)
      g_assert_cmpuint (pieces[i][k], ==, i & 0xff);
  g_assert_cmpstr (orf_otlp_arena_copy (arena, "abcdef", 3), ==, "abc");
}

/* What was not given out, or was taken back, is nobody's. */
static void
test_poison (void)
{
#ifdef ORF_POISONS
  g_autoptr (OrfOtlpArena) arena = orf_otlp_arena_new ();
  char *first, *second;

  orf_otlp_arena_reset (arena, 1 << 20);
  first = orf_otlp_arena_alloc (arena, 10);
  second = orf_otlp_arena_alloc (arena, 16);
  g_assert_null (__asan_region_is_poisoned (first, 10));
  g_assert_true (__asan_address_is_poisoned (first + 10));
  g_assert_null (__asan_region_is_poisoned (second, 16));
  g_assert_true (__asan_address_is_poisoned (second - 1));
  g_assert_true (__asan_address_is_poisoned (second + 16));
  orf_otlp_arena_reset (arena, 1 << 20);
  g_assert_true (__asan_address_is_poisoned (first));
  g_assert_true (__asan_address_is_poisoned (second + 15));
#else
  g_test_skip ("built without AddressSanitizer");
#endif
}

static void
test_unpack (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GString) twice = g_string_new (NULL);
  g_autofree char *packed = NULL;
  gsize length;

  for (guint i = 0; i < 50000; i++)
    g_string_append_printf (text, "%u,", i);
  packed = orf_gzip_pack (text->str, text->len, &length);
  for (guint n = 0; n < 3; n++) {
    g_autoptr (GError) error = NULL;
    gsize max = text->len - 1 + n;
    g_autoptr (GString) plain = orf_gzip_unpack (packed, length, max, &error);

    g_assert_cmpint (plain != NULL, ==, max >= text->len);
    if (plain != NULL)
      g_assert_true (g_string_equal (plain, text));
    else
      g_assert_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
  }
  for (gsize cut = 0; cut < length; cut += 997) {
    g_autoptr (GError) error = NULL;

    g_assert_null (orf_gzip_unpack (packed, cut, 1 << 20, &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_PARSE_ERROR);
  }
  /* members one after the other are one text */
  g_string_append_len (twice, packed, (gssize) length);
  g_string_append_len (twice, packed, (gssize) length);
  {
    g_autoptr (GString) plain = orf_gzip_unpack (twice->str, twice->len, 2 * text->len, NULL);

    g_assert_cmpuint (plain->len, ==, 2 * text->len);
  }
  g_string_append (twice, "rest");
  g_assert_null (orf_gzip_unpack (twice->str, twice->len, 2 * text->len, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/otlp/arena/bound", test_bound);
  g_test_add_func ("/otlp/arena/pieces", test_pieces);
  g_test_add_func ("/otlp/arena/poison", test_poison);
  g_test_add_func ("/otlp/gzip/unpack", test_unpack);
  return g_test_run ();
}
