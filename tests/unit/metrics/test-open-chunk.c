/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-open-chunk.h"

#define MINUTE_US G_GINT64_CONSTANT (60000000)
#define T0        G_GINT64_CONSTANT (1760000000000000)

static const OrfOpenLimits limits = { 10 * MINUTE_US, 64 };

static GArray *
read_all (const OrfOpenChunk *chunk)
{
  GArray *points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));

  orf_open_chunk_read (chunk, G_MININT64, G_MAXINT64, points);
  return points;
}

/* Everything at or after complete_from_us that was ever added, the later value of equal times, and
 * nothing else. */
static void
check_against (const OrfOpenChunk *chunk, GTree *reference)
{
  g_autoptr (GArray) points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  guint expected = 0;

  orf_open_chunk_read (chunk, chunk->complete_from_us, G_MAXINT64, points);
  for (GTreeNode *node = g_tree_node_first (reference); node != NULL;
       node = g_tree_node_next (node)) {
    gint64 t_us = *(gint64 *) g_tree_node_key (node);

    if (t_us < chunk->complete_from_us)
      continue;
    g_assert_cmpuint (expected, <, points->len);
    g_assert_cmpint (g_array_index (points, OrfPoint, expected).t_us, ==, t_us);
    g_assert_cmpfloat (g_array_index (points, OrfPoint, expected).value, ==,
                       *(double *) g_tree_node_value (node));
    expected++;
  }
  g_assert_cmpuint (points->len, ==, expected);
  g_assert_cmpuint (points->len, <=, limits.max_points);
}

static int
compare_times (gconstpointer a, gconstpointer b, gpointer data)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

static void
add (OrfOpenChunk *chunk, GTree *reference, gint64 t_us, double value)
{
  g_tree_replace (reference, g_memdup2 (&t_us, sizeof t_us), g_memdup2 (&value, sizeof value));
  orf_open_chunk_add (chunk, &limits, t_us, value);
}

static void
test_random (void)
{
  for (int round = 0; round < 200; round++) {
    g_autoptr (GTree) reference = g_tree_new_full (compare_times, NULL, g_free, g_free);
    OrfOpenChunk chunk;
    gint64 t_us = T0;

    orf_open_chunk_init (&chunk, 0);
    for (int i = 0; i < 300; i++) {
      int kind = g_test_rand_int_range (0, 20);

      t_us += g_test_rand_int_range (1, 8) * 1000000;
      if (kind == 0) /* a jump that offsets cannot tell */
        t_us += g_test_rand_int_range (0, 3) * G_GINT64_CONSTANT (4000000000);
      add (&chunk, reference,
           kind < 15 ? t_us : t_us - g_test_rand_int_range (0, 1000) * MINUTE_US / 60,
           g_test_rand_double ());
      if (kind == 1)
        orf_open_chunk_trim (&chunk, t_us - 2 * MINUTE_US);
      if (i % 10 == 0)
        check_against (&chunk, reference);
    }
    check_against (&chunk, reference);
    orf_open_chunk_clear (&chunk);
  }
}

static void
test_duplicate (void)
{
  OrfOpenChunk chunk;
  OrfPoint last;

  orf_open_chunk_init (&chunk, 0);
  g_assert_false (orf_open_chunk_get_last (&chunk, &last));
  orf_open_chunk_add (&chunk, &limits, T0, 1);
  orf_open_chunk_add (&chunk, &limits, T0, 2);
  g_assert_true (orf_open_chunk_get_last (&chunk, &last));
  g_assert_cmpfloat (last.value, ==, 2);
  g_assert_cmpuint (chunk.count, ==, 1);
  orf_open_chunk_clear (&chunk);
}

static void
test_completeness (void)
{
  OrfOpenChunk chunk;

  orf_open_chunk_init (&chunk, T0);
  orf_open_chunk_add (&chunk, &limits, T0 - 1,
                      1); /* kept, though the file may have more around it */
  g_assert_cmpint (chunk.complete_from_us, ==, T0);
  g_assert_cmpuint (chunk.count, ==, 1);
  orf_open_chunk_add (&chunk, &limits, T0 + 20 * MINUTE_US, 1);
  /* too old to keep: from it back the file is to be asked */
  orf_open_chunk_add (&chunk, &limits, T0 + MINUTE_US, 1);
  g_assert_cmpint (chunk.complete_from_us, ==, T0 + MINUTE_US + 1);
  orf_open_chunk_trim (&chunk, T0 + 30 * MINUTE_US);
  g_assert_cmpint (chunk.complete_from_us, ==, T0 + 20 * MINUTE_US + 1);
  g_assert_cmpuint (orf_open_chunk_get_size_bytes (&chunk), ==, 0);
  orf_open_chunk_clear (&chunk);
}

static void
test_prepend (void)
{
  OrfOpenChunk chunk;
  OrfPoint old[30];
  g_autoptr (GArray) points = NULL;

  for (int i = 0; i < 30; i++)
    old[i] = (OrfPoint){ T0 - (30 - i) * 1000000, i };
  orf_open_chunk_init (&chunk, T0);
  orf_open_chunk_add (&chunk, &limits, T0, 100);
  orf_open_chunk_add (&chunk, &limits, T0 + 1000000, 101);
  orf_open_chunk_prepend (&chunk, &limits, old + 10, 20, T0 - 20 * 1000000, T0);
  orf_open_chunk_prepend (&chunk, &limits, old, 10, T0 - 40 * 1000000, T0 - 20 * 1000000);
  g_assert_cmpint (chunk.complete_from_us, ==, T0 - 40 * 1000000);
  points = read_all (&chunk);
  g_assert_cmpuint (points->len, ==, 32);
  for (guint i = 1; i < points->len; i++)
    g_assert_cmpint (g_array_index (points, OrfPoint, i - 1).t_us, <,
                     g_array_index (points, OrfPoint, i).t_us);
  g_assert_cmpfloat (g_array_index (points, OrfPoint, 0).value, ==, 0);
  /* a series of which the file had nothing is complete all the same */
  orf_open_chunk_prepend (&chunk, &limits, NULL, 0, T0 - 60 * 1000000, T0 - 40 * 1000000);
  g_assert_cmpint (chunk.complete_from_us, ==, T0 - 60 * 1000000);
  orf_open_chunk_clear (&chunk);
}

/* What came while the file was read, and was too old to be kept, is in neither. */
static void
test_prepend_without_what_was_too_old (void)
{
  OrfOpenChunk chunk;

  orf_open_chunk_init (&chunk, T0 + 30 * MINUTE_US);
  orf_open_chunk_add (&chunk, &limits, T0 + 20 * MINUTE_US, 1);
  orf_open_chunk_add (&chunk, &limits, T0 + MINUTE_US, 1);
  orf_open_chunk_prepend (&chunk, &limits, NULL, 0, T0, T0 + 30 * MINUTE_US);
  g_assert_cmpint (chunk.complete_from_us, ==, T0 + 10 * MINUTE_US);
  g_assert_cmpuint (chunk.count, ==, 1);
  orf_open_chunk_clear (&chunk);
}

/* What has dropped points is not complete because what came before them was read. */
static void
test_prepend_to_a_full_one (void)
{
  OrfOpenLimits few = { .open_us = limits.open_us, .max_points = 10 };
  OrfPoint old[20];
  OrfOpenChunk chunk;
  gint64 complete_us;

  for (int i = 0; i < 20; i++)
    old[i] = (OrfPoint){ T0 - (20 - i) * 1000000, i };
  orf_open_chunk_init (&chunk, T0);
  orf_open_chunk_prepend (&chunk, &few, old, 20, T0 - 20 * 1000000, T0);
  complete_us = chunk.complete_from_us;
  g_assert_cmpint (complete_us, ==, old[9].t_us + 1);
  orf_open_chunk_prepend (&chunk, &few, NULL, 0, T0 - 40 * 1000000, T0 - 20 * 1000000);
  g_assert_cmpint (chunk.complete_from_us, ==, complete_us);
  orf_open_chunk_prepend (&chunk, &limits, old, 3, T0 - 60 * 1000000, T0 - 40 * 1000000);
  g_assert_cmpint (chunk.complete_from_us, ==, complete_us);
  orf_open_chunk_clear (&chunk);
}

static void
test_memory_comes_back (void)
{
  OrfOpenChunk chunk;

  orf_open_chunk_init (&chunk, 0);
  for (int i = 0; i < 64; i++)
    orf_open_chunk_add (&chunk, &limits, T0 + i, i);
  g_assert_cmpuint (orf_open_chunk_get_size_bytes (&chunk), ==, 64 * 12);
  orf_open_chunk_trim (&chunk, T0 + 60);
  g_assert_cmpuint (orf_open_chunk_get_size_bytes (&chunk), <, 64 * 12);
  orf_open_chunk_clear (&chunk);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/open-chunk/random", test_random);
  g_test_add_func ("/open-chunk/duplicate", test_duplicate);
  g_test_add_func ("/open-chunk/completeness", test_completeness);
  g_test_add_func ("/open-chunk/prepend", test_prepend);
  g_test_add_func ("/open-chunk/prepend-without-what-was-too-old",
                   test_prepend_without_what_was_too_old);
  g_test_add_func ("/open-chunk/prepend-to-a-full-one", test_prepend_to_a_full_one);
  g_test_add_func ("/open-chunk/memory-comes-back", test_memory_comes_back);
  return g_test_run ();
}
