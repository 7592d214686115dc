/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hits of the cache's second level: redis NODES BYTES DEPTH SECONDS, gets one after the other as
 * often as DEPTH at once, of keys that are there.  Prints a line of JSON. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/orf-config.h"
#include "redis/orf-redis-level.h"

#define N_KEYS  10000
#define CALL_US (5 * G_USEC_PER_SEC)
#define ops     orf_redis_level_ops

typedef struct {
  OrfCacheLevel *level;
  guint64 n_done, n_missed;
  guint n_open;
  gboolean over;
} Load;

static void
changed_cb (gpointer user_data, const OrfCacheBytes *keys, guint n)
{
}

static const OrfCacheLevelListener listener = { changed_cb };

static gsize
make_key (char *key, gsize size, guint number)
{
  return (gsize) g_snprintf (key, size, "key:%012u", number);
}

static void ask (Load *load);

static void
got_cb (gpointer data, const OrfCacheAnswer *answers, guint n)
{
  Load *load = data;

  load->n_open--;
  load->n_done++;
  load->n_missed += answers->outcome != ORF_CACHE_DONE;
  if (!load->over)
    ask (load);
}

static void
ask (Load *load)
{
  char text[32];
  const OrfCacheBytes key = { text, make_key (text, sizeof text, g_random_int () % N_KEYS) };

  load->n_open++;
  ops.get (load->level, &key, 1, g_get_monotonic_time () + CALL_US, got_cb, load);
}

static void
count_cb (gpointer data, const OrfCacheAnswer *answers, guint n)
{
  *(guint *) data += answers->outcome == ORF_CACHE_DONE;
}

static gboolean
are_up (OrfCacheLevel *level)
{
  g_autoptr (OrfCacheL2Stats) stats = ops.describe (level);

  for (guint i = 0; i < stats->nodes->len; i++)
    if (((OrfCacheNode *) stats->nodes->pdata[i])->state != ORF_CACHE_NODE_STATE_UP)
      return FALSE;
  return stats->nodes->len > 0;
}

static void
fill (OrfCacheLevel *level, gsize n_bytes)
{
  g_autofree char *value = g_malloc (n_bytes);
  guint n = 0;

  memset (value, 'x', n_bytes);
  for (guint i = 0; i < N_KEYS; i++) {
    char text[32];
    const OrfCacheWrite write = { .key = { text, make_key (text, sizeof text, i) },
                                  .record = { value, n_bytes },
                                  .ttl_ms = 3600000 };

    ops.set (level, &write, 1, g_get_monotonic_time () + CALL_US, count_cb, &n);
    while (n <= i)
      g_main_context_iteration (NULL, TRUE);
  }
}

static double
get_cpu_s (void)
{
  struct timespec at;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &at);
  return (double) at.tv_sec + 1e-9 * (double) at.tv_nsec;
}

int
main (int argc, char **argv)
{
  g_autofree char *nodes = argc == 5 ? g_strconcat ("cache.nodes=", argv[1], NULL) : NULL;
  const char *const overrides[] = { nodes, "cache.redis_command_us=5000000", NULL };
  g_autoptr (OrfConfig) config = NULL;
  g_autoptr (GError) error = NULL;
  Load load = { NULL };
  gint64 begun_us, took_us;
  double cpu_s;

  if (argc != 5 || (config = orf_config_load (NULL, overrides, &error)) == NULL ||
      (load.level = ops.open (config, NULL, &listener, NULL, &error)) == NULL) {
    g_printerr ("usage: redis NODES BYTES DEPTH SECONDS%s%s\n", error != NULL ? "; " : "",
                error != NULL ? error->message : "");
    return EXIT_FAILURE;
  }
  while (!are_up (load.level))
    g_main_context_iteration (NULL, TRUE);
  fill (load.level, (gsize) atoi (argv[2]));
  begun_us = g_get_monotonic_time ();
  cpu_s = get_cpu_s ();
  for (int i = 0; i < atoi (argv[3]); i++)
    ask (&load);
  while (g_get_monotonic_time () - begun_us < atoi (argv[4]) * G_USEC_PER_SEC)
    g_main_context_iteration (NULL, TRUE);
  took_us = g_get_monotonic_time () - begun_us;
  cpu_s = get_cpu_s () - cpu_s;
  load.over = TRUE;
  g_print ("{\"per_s\": %.0f, \"cpu_us\": %.3f, \"missed\": %" G_GUINT64_FORMAT "}\n",
           1e6 * (double) load.n_done / (double) took_us, 1e6 * cpu_s / (double) load.n_done,
           load.n_missed);
  while (load.n_open > 0)
    g_main_context_iteration (NULL, TRUE);
  ops.free (load.level);
  return EXIT_SUCCESS;
}
