/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-heap.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#define LARGE_BYTES (4 * 1024 * 1024)
#define PIECE_BYTES (300 * 1024)
#define N_THREADS   12

static gboolean
is_unknown (void)
{
  g_autofree char *piece = g_malloc (64);

  if (piece != NULL && mallinfo2 ().uordblks != 0)
    return FALSE;
  g_test_skip ("the allocator does not tell what it holds");
  return TRUE;
}

/* A piece that is the kernel's again when it is freed. */
static void
test_large (void)
{
  gsize before;
  char *piece;

  if (is_unknown ())
    return;
  piece = g_malloc (LARGE_BYTES);
  memset (piece, 1, LARGE_BYTES);
  g_free (piece);
  before = mallinfo2 ().hblks;
  piece = g_malloc (PIECE_BYTES);
  memset (piece, 1, PIECE_BYTES);
  g_assert_cmpuint (mallinfo2 ().hblks, ==, before + 1);
  g_free (piece);
  g_assert_cmpuint (mallinfo2 ().hblks, ==, before);
}

typedef struct {
  GMutex mutex; /* of all below */
  GCond changed;
  guint n_ready;
  gboolean over;
} Crowd;

/* All at once: each would have an arena of its own. */
static gpointer
stay_thread_cb (gpointer data)
{
  Crowd *crowd = data;
  g_autofree char *piece = g_malloc (64);

  piece[0] = 1;
  g_mutex_lock (&crowd->mutex);
  crowd->n_ready++;
  g_cond_broadcast (&crowd->changed);
  while (!crowd->over)
    g_cond_wait (&crowd->changed, &crowd->mutex);
  g_mutex_unlock (&crowd->mutex);
  return NULL;
}

static guint
count_arenas (void)
{
  g_autofree char *text = NULL;
  size_t length = 0;
  FILE *file = open_memstream (&text, &length);
  guint n = 0;

  g_assert_cmpint (malloc_info (0, file), ==, 0);
  fclose (file);
  for (const char *at = text; (at = strstr (at, "<heap nr=")) != NULL; at++)
    n++;
  return n;
}

static void
test_arenas (void)
{
  Crowd crowd = { 0 };
  GThread *threads[N_THREADS];

  if (is_unknown ())
    return;
  g_mutex_init (&crowd.mutex);
  g_cond_init (&crowd.changed);
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("stay", stay_thread_cb, &crowd);
  g_mutex_lock (&crowd.mutex);
  while (crowd.n_ready < N_THREADS)
    g_cond_wait (&crowd.changed, &crowd.mutex);
  g_assert_cmpuint (count_arenas (), <=, 4);
  crowd.over = TRUE;
  g_cond_broadcast (&crowd.changed);
  g_mutex_unlock (&crowd.mutex);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  g_mutex_clear (&crowd.mutex);
  g_cond_clear (&crowd.changed);
}

int
main (int argc, char **argv)
{
  orf_heap_configure ();
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/heap/large", test_large);
  g_test_add_func ("/core/heap/arenas", test_arenas);
  return g_test_run ();
}
