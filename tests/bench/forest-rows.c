/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a row costs of what not every entity and series has: forests that are grown row by row, of
 * 64 entities in turn, and discords.  A line of JSON each.
 */
#include <stdio.h>
#include <time.h>

#include "anomaly/orf-discord.h"
#include "anomaly/orf-rolling-forest.h"

#define N_ENTITIES 64
#define N_SERIES   16
#define WINDOW     64
#define ROWS       500
/* Forests are grown, and tails known. */
#define WARM_ROWS 2000

static double
get_cpu_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e6 * (double) now.tv_sec + 1e-3 * (double) now.tv_nsec;
}

static void
print (const char *what, guint size, double us, gsize bytes)
{
  printf ("{\"what\":\"%s\",\"size\":%u,\"us\":%.3f,\"bytes\":%zu}\n", what, size, us, bytes);
}

static void
push_forests (GPtrArray *forests, guint m, guint n_rows, OrfRandom *random)
{
  for (guint row = 0; row < n_rows; row++) {
    double values[ORF_ISOLATION_TREE_FEATURES];

    for (guint i = 0; i < m; i++)
      values[i] = (double) orf_random_share (random);
    for (guint i = 0; i < forests->len; i++)
      orf_rolling_forest_push (forests->pdata[i], values);
  }
}

static void
measure_forests (guint m)
{
  g_autoptr (GPtrArray) forests = g_ptr_array_new_with_free_func (g_free);
  OrfRandom random = 1;
  double begin;

  for (guint i = 0; i < N_ENTITIES; i++) {
    g_ptr_array_add (forests, g_malloc (orf_rolling_forest_get_bytes (m)));
    orf_rolling_forest_init (forests->pdata[i], m, i);
  }
  push_forests (forests, m, WARM_ROWS, &random);
  begin = get_cpu_us ();
  push_forests (forests, m, ROWS, &random);
  print ("forest", m, (get_cpu_us () - begin) / ROWS / N_ENTITIES,
         orf_rolling_forest_get_bytes (m));
}

static void
push_discords (GPtrArray *discords, guint n_rows, OrfRandom *random)
{
  for (guint row = 0; row < n_rows; row++)
    for (guint i = 0; i < discords->len; i++)
      orf_discord_push (discords->pdata[i], (double) orf_random_share (random), NULL);
}

static void
measure_discords (guint past)
{
  g_autoptr (GPtrArray) discords = g_ptr_array_new_with_free_func (g_free);
  OrfRandom random = 1;
  double begin;

  for (guint i = 0; i < N_SERIES; i++) {
    g_ptr_array_add (discords, g_malloc (orf_discord_get_bytes (WINDOW, past)));
    orf_discord_init (discords->pdata[i], WINDOW, past);
  }
  push_discords (discords, past + WINDOW, &random);
  begin = get_cpu_us ();
  push_discords (discords, ROWS, &random);
  print ("discord", past, (get_cpu_us () - begin) / ROWS / N_SERIES,
         orf_discord_get_bytes (WINDOW, past));
}

int
main (void)
{
  measure_forests (8);
  measure_forests (38);
  measure_discords (1024);
  measure_discords (4096);
  return 0;
}
