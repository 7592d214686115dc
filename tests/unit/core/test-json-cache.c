/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-json-cache.h"

#include <malloc.h>
#include <string.h>

#define N 1000

/* Pieces are as large as was asked for, and nobody else's. */
static void
test_pieces (void)
{
  char *pieces[N];

  for (guint round = 0; round < 3; round++) {
    for (guint i = 0; i < N; i++) {
      gsize size = (i * 7 + round * 3) % 400;

      pieces[i] = orf_json_cache_alloc (size);
      memset (pieces[i], (int) (i & 0x7f), size);
    }
    for (guint i = 0; i < N; i++) {
      gsize size = (i * 7 + round * 3) % 400;

      for (gsize k = 0; k < size; k++)
        g_assert_cmpint (pieces[i][k], ==, (int) (i & 0x7f));
      orf_json_cache_free (pieces[i]);
    }
    g_assert_cmpuint (orf_json_cache_get_size_bytes (), >, 0);
  }
  orf_json_cache_free (NULL);
}

static void
test_bound (void)
{
  g_autoptr (GPtrArray) pieces = g_ptr_array_new ();
  guint n = 2 * ORF_JSON_CACHE_BYTES / 64;

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (pieces, orf_json_cache_alloc (64));
  g_assert_cmpuint (orf_json_cache_get_size_bytes (), <, ORF_JSON_CACHE_BYTES);
  for (guint i = 0; i < n; i++)
    orf_json_cache_free (pieces->pdata[i]);
  g_assert_cmpuint (orf_json_cache_get_size_bytes (), >=, ORF_JSON_CACHE_BYTES / 2);
  g_assert_cmpuint (orf_json_cache_get_size_bytes (), <, ORF_JSON_CACHE_BYTES + 1024);
}

static gpointer
fill_thread_cb (gpointer unused)
{
  test_bound ();
  return unused;
}

/* What a thread keeps does not outlive it. */
static void
test_thread_end (void)
{
  gsize before_bytes, n_threads = 4;

  g_thread_join (g_thread_new ("first", fill_thread_cb, NULL)); /* has an arena made for it */
  before_bytes = mallinfo2 ().uordblks;
  if (before_bytes == 0) {
    g_test_skip ("the allocator does not tell what is in use");
    return;
  }
  for (gsize i = 0; i < n_threads; i++)
    g_thread_join (g_thread_new ("one more", fill_thread_cb, NULL));
  g_assert_cmpuint (mallinfo2 ().uordblks, <, before_bytes + ORF_JSON_CACHE_BYTES / 4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/json-cache/pieces", test_pieces);
  g_test_add_func ("/core/json-cache/bound", test_bound);
  g_test_add_func ("/core/json-cache/thread-end", test_thread_end);
  return g_test_run ();
}
