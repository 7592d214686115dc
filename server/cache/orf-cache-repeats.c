/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariant: a write is in the table from its begin on; in the queue, which is by age, from when it
 * was done.  One that failed is in neither: it may be tried again with its key.
 */
#include "cache/orf-cache-repeats.h"

#include <string.h>

#include "cache/orf-cache-bytes.h"
#include "core/orf-clock.h"
#include "orf-error.h"

typedef struct {
  OrfCacheBytes key; /* first: what the table looks at */
  OrfCacheRepeats *repeats;
  OrfMethodId method;
  guint64 params_hash;
  GArray *askers; /* OrfCacheAsker, of one under way; NULL: it was done */
  char *answer;
  gint64 done_us;
  GList link; /* of the queue */
} Write;

struct _OrfCacheRepeats {
  GHashTable *writes; /* Write */
  GQueue done;
  gint64 keep_us;
};

OrfCacheRepeats *
orf_cache_repeats_new (gint64 keep_us)
{
  OrfCacheRepeats *repeats = g_new0 (OrfCacheRepeats, 1);

  repeats->writes = g_hash_table_new (orf_cache_bytes_hash, orf_cache_bytes_equal);
  g_queue_init (&repeats->done);
  repeats->keep_us = keep_us;
  return repeats;
}

/* Out of the table. */
static void
forget (Write *write)
{
  g_hash_table_remove (write->repeats->writes, write);
  g_free ((char *) write->key.data);
  g_free (write->answer);
  g_free (write);
}

static void
forget_oldest (OrfCacheRepeats *repeats)
{
  forget (g_queue_pop_head_link (&repeats->done)->data);
}

void
orf_cache_repeats_free (OrfCacheRepeats *repeats)
{
  while (repeats->done.length > 0)
    forget_oldest (repeats);
  g_hash_table_unref (repeats->writes);
  g_free (repeats);
}

void
orf_cache_repeats_look (OrfCacheRepeats *repeats, gint64 now_us)
{
  while (repeats->done.length > 0 &&
         ((Write *) repeats->done.head->data)->done_us < now_us - repeats->keep_us)
    forget_oldest (repeats);
}

/* Whoever asks while others are told is told too. */
static void
tell_all (Write *write, const char *answer, gsize length, const GError *error)
{
  for (guint i = 0; i < write->askers->len; i++) {
    const OrfCacheAsker asker = g_array_index (write->askers, OrfCacheAsker, i);

    asker.done (asker.data, answer, length, error != NULL ? g_error_copy (error) : NULL);
  }
  g_clear_pointer (&write->askers, g_array_unref);
}

static void
done_cb (gpointer data, const char *json, gsize length, GError *taken)
{
  g_autoptr (GError) error = taken;
  Write *write = data;
  OrfCacheRepeats *repeats = write->repeats;

  if (error != NULL) {
    tell_all (write, NULL, 0, error);
    forget (write);
    return;
  }
  /* what json points to may be another answer once somebody was told */
  write->answer = g_strndup (json, length);
  tell_all (write, write->answer, length, NULL);
  write->done_us = orf_clock_monotonic_us ();
  write->link.data = write;
  g_queue_push_tail_link (&repeats->done, &write->link);
  if (repeats->done.length > ORF_CACHE_MAX_REPEATS)
    forget_oldest (repeats);
}

static void
tell_again (Write *write,
            OrfMethodId method,
            const OrfCacheRepeat *repeat,
            const OrfCacheAsker *asker)
{
  if (write->method != method || write->params_hash != repeat->params_hash)
    asker->done (asker->data, NULL, 0,
                 g_error_new (ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
                              "the idempotency key was used for another request (%s)",
                              orf_methods[write->method].name));
  else if (write->askers != NULL)
    g_array_append_vals (write->askers, asker, 1);
  else
    asker->done (asker->data, write->answer, strlen (write->answer), NULL);
}

gboolean
orf_cache_repeats_begin (OrfCacheRepeats *repeats,
                         OrfMethodId method,
                         const OrfCacheRepeat *repeat,
                         const OrfCacheAsker *asker,
                         gint64 now_us,
                         OrfCacheAsker *doer)
{
  const OrfCacheBytes key = { repeat->key, strlen (repeat->key) };
  Write *write;

  orf_cache_repeats_look (repeats, now_us);
  write = g_hash_table_lookup (repeats->writes, &key);
  if (write != NULL) {
    tell_again (write, method, repeat, asker);
    return FALSE;
  }
  write = g_new0 (Write, 1);
  write->key = orf_cache_bytes_copy (key);
  write->repeats = repeats;
  write->method = method;
  write->params_hash = repeat->params_hash;
  write->askers = g_array_new (FALSE, FALSE, sizeof (OrfCacheAsker));
  g_array_append_vals (write->askers, asker, 1);
  g_hash_table_add (repeats->writes, write);
  *doer = (OrfCacheAsker){ done_cb, write };
  return TRUE;
}
