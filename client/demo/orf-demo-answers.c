/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-demo-answers.h"

#include <math.h>

#include <gio/gio.h>

#define ANSWER_BYTES 512
/* Held in this program: few, so that the daemon's cache has something to do. */
#define OWN_ENTRIES 16

struct _OrfDemoAnswers {
  OrfCache *cache;
  GRand *random;
  char *prefix;
  gint64 n_keys;
};

/* cache.sock lies beside the daemon's socket. */
static char *
find_socket (const OrfDemoOptions *options)
{
  g_autofree char *folder = options->socket != NULL ? g_path_get_dirname (options->socket) : NULL;

  return folder != NULL ? g_build_filename (folder, "cache.sock", NULL) : NULL;
}

OrfDemoAnswers *
orf_demo_answers_new (const OrfDemoOptions *options, GError **error)
{
  g_autofree char *socket = find_socket (options);
  const OrfCacheOptions cache_options = { .socket = socket, .max_entries = OWN_ENTRIES };
  g_autoptr (OrfDemoAnswers) answers = g_new0 (OrfDemoAnswers, 1);
  OrfStatus status = orf_cache_new (&cache_options, &answers->cache);

  answers->random = g_rand_new_with_seed (options->seed);
  answers->prefix = g_strdup (options->name);
  answers->n_keys = options->n_cache_keys;
  if (status == ORF_STATUS_OK)
    return g_steal_pointer (&answers);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "no cache: %s", orf_status_to_string (status));
  return NULL;
}

void
orf_demo_answers_free (OrfDemoAnswers *answers)
{
  if (answers == NULL)
    return;
  orf_cache_free (answers->cache);
  g_rand_free (answers->random);
  g_free (answers->prefix);
  g_free (answers);
}

/* The n-th as often as 1/n: Zipf's law. */
static char *
choose_key (OrfDemoAnswers *answers)
{
  double rank = pow ((double) answers->n_keys, g_rand_double (answers->random));

  return g_strdup_printf ("%s:%d", answers->prefix, (int) rank);
}

static void
serve_one (OrfDemoAnswers *answers, gint64 cost_us)
{
  static const char answer[ANSWER_BYTES] = { 'a' };
  const OrfCacheSetOptions options = { .cost_us = cost_us };
  g_autofree char *key = choose_key (answers);
  OrfCacheValue *value = NULL;

  if (orf_cache_get (answers->cache, key, &value) == ORF_STATUS_OK && value == NULL)
    orf_cache_set (answers->cache, key, answer, sizeof answer, &options);
  orf_cache_value_release (value);
}

void
orf_demo_answers_serve (OrfDemoAnswers *answers, guint64 n, gint64 cost_us)
{
  for (guint64 i = 0; i < n; i++)
    serve_one (answers, cost_us);
}
