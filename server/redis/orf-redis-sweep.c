/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - A step is SCAN, then the heads of its records where a tag is asked for, then UNLINK, behind
 * which the next SCAN is sent.  n_open are the commands without an answer; they are answered in
 * order.
 * - It is freed when nothing is open and it is over or cancelled.
 */
#include "redis/orf-redis-sweep.h"

#include <string.h>

#include "core/orf-clock.h"
#include "redis/orf-redis-keys.h"
#include "redis/orf-redis-slots.h"

/* Keys looked at in a step: some hundred microseconds of the node's time. */
#define STEP "1000"
/* Of one step: a node that is busy may take its time, as nobody else waits for it. */
#define STEP_US (5 * ORF_US_PER_S)

struct _OrfRedisSweep {
  OrfRedisLink *link;
  char *glob;            /* as Redis reads it */
  OrfRedisFilter filter; /* the tag of our own, no pattern */
  OrfRedisSwept swept;   /* NULL: cancelled */
  gpointer data;
  char cursor[24];
  GPtrArray *names; /* GString, of this step, in the order in which their heads are answered */
  guint n_heads;    /* of them */
  guint n_open;
  gboolean failed;
  guint64 removed;
};

static void go_on (OrfRedisSweep *sweep);

static void
string_free (gpointer data)
{
  g_string_free (data, TRUE);
}

/* Of Redis's glob only * and ? are ours. */
static char *
make_glob (const char *pattern)
{
  GString *glob = g_string_new (ORF_REDIS_DATA);

  for (const char *at = pattern != NULL ? pattern : "*"; *at != '\0'; at++) {
    if (strchr ("[]\\^", *at) != NULL)
      g_string_append_c (glob, '\\');
    g_string_append_c (glob, *at);
  }
  return g_string_free (glob, FALSE);
}

static void
sweep_free (OrfRedisSweep *sweep)
{
  g_ptr_array_unref (sweep->names);
  g_free (sweep->glob);
  g_free ((char *) sweep->filter.tag);
  g_free (sweep);
}

/* When nothing is open. */
static void
end (OrfRedisSweep *sweep)
{
  OrfRedisSwept swept = sweep->swept;
  gpointer data = sweep->data;
  guint64 removed = sweep->removed;
  gboolean failed = sweep->failed;

  sweep_free (sweep);
  if (swept != NULL)
    swept (data, failed ? ORF_REDIS_SWEEP_ENDED : ORF_REDIS_SWEEP_DONE, removed);
}

static gboolean
ask (OrfRedisSweep *sweep,
     guint n,
     const char *const *words,
     const gsize *lengths,
     OrfRedisReplied replied)
{
  if (!orf_redis_link_send (sweep->link, n, words, lengths, orf_clock_monotonic_us () + STEP_US,
                            replied, sweep)) {
    sweep->failed = TRUE;
    return FALSE;
  }
  sweep->n_open++;
  return TRUE;
}

/* FALSE: an answer that nothing can be made of. */
static gboolean
take (OrfRedisSweep *sweep, OrfRedisFate fate, const redisReply *reply, int type)
{
  OrfRedisRedirect elsewhere;

  sweep->n_open--;
  if (fate == ORF_REDIS_ANSWERED && reply->type == type)
    return TRUE;
  if (fate == ORF_REDIS_LOST || reply->type != REDIS_REPLY_ERROR ||
      !orf_redis_redirect_read (reply->str, &elsewhere))
    sweep->failed = TRUE;
  return FALSE;
}

static void
unlinked_cb (gpointer data, OrfRedisFate fate, const redisReply *reply)
{
  OrfRedisSweep *sweep = data;

  if (take (sweep, fate, reply, REDIS_REPLY_INTEGER))
    sweep->removed += (guint64) CLAMP (reply->integer, 0, (long long) sweep->names->len);
  if (sweep->n_open == 0)
    end (sweep);
}

/* n names from first on, by one command. */
static void
unlink_some (OrfRedisSweep *sweep, guint first, guint n)
{
  g_autofree const char **words = g_new (const char *, n + 1);
  g_autofree gsize *lengths = g_new (gsize, n + 1);

  words[0] = "UNLINK";
  lengths[0] = strlen (words[0]);
  for (guint i = 0; i < n; i++) {
    const GString *name = sweep->names->pdata[first + i];

    words[i + 1] = name->str;
    lengths[i + 1] = name->len;
  }
  ask (sweep, n + 1, words, lengths, unlinked_cb);
}

static void
unlink_names (OrfRedisSweep *sweep)
{
  guint n = sweep->filter.one_by_one ? 1 : sweep->names->len;

  for (guint i = 0; i < sweep->names->len && !sweep->failed; i += n)
    unlink_some (sweep, i, n);
  go_on (sweep);
}

/* The heads come in the order of the names: what has no such tag leaves the list, by going to its
 * unused front. */
static void
head_cb (gpointer data, OrfRedisFate fate, const redisReply *reply)
{
  OrfRedisSweep *sweep = data;

  if (!take (sweep, fate, reply, REDIS_REPLY_STRING) ||
      !sweep->filter.has_tag (reply->str, reply->len, sweep->filter.tag))
    g_string_truncate (sweep->names->pdata[sweep->n_heads], 0);
  sweep->n_heads++;
  if (sweep->n_open > 0)
    return;
  for (guint i = sweep->names->len; i-- > 0;)
    if (((GString *) sweep->names->pdata[i])->len == 0)
      g_ptr_array_remove_index_fast (sweep->names, i);
  if (sweep->failed || sweep->swept == NULL)
    end (sweep);
  else
    unlink_names (sweep);
}

static void
ask_heads (OrfRedisSweep *sweep)
{
  g_autofree char *last = g_strdup_printf ("%" G_GSIZE_FORMAT, sweep->filter.head_bytes - 1);

  sweep->n_heads = 0;
  for (guint i = 0; i < sweep->names->len; i++) {
    const GString *name = sweep->names->pdata[i];
    const char *words[] = { "GETRANGE", name->str, "0", last };
    const gsize lengths[] = { 8, name->len, 1, strlen (last) };

    if (!ask (sweep, G_N_ELEMENTS (words), words, lengths, head_cb)) {
      g_ptr_array_set_size (sweep->names, (int) i);
      break;
    }
  }
  if (sweep->n_open == 0)
    go_on (sweep);
}

static void
scanned_cb (gpointer data, OrfRedisFate fate, const redisReply *reply)
{
  OrfRedisSweep *sweep = data;
  const redisReply *names;

  if (!take (sweep, fate, reply, REDIS_REPLY_ARRAY) || reply->elements != 2 ||
      reply->element[0]->type != REDIS_REPLY_STRING) {
    sweep->failed = TRUE;
    end (sweep);
    return;
  }
  if (sweep->swept != NULL)
    sweep->swept (sweep->data, ORF_REDIS_SWEEP_ON, sweep->removed);
  g_strlcpy (sweep->cursor, reply->element[0]->str, sizeof sweep->cursor);
  names = reply->element[1];
  g_ptr_array_set_size (sweep->names, 0);
  for (gsize i = 0; i < names->elements; i++)
    g_ptr_array_add (sweep->names,
                     g_string_new_len (names->element[i]->str, (gssize) names->element[i]->len));
  if (sweep->filter.tag != NULL)
    ask_heads (sweep);
  else
    unlink_names (sweep);
}

static void
scan (OrfRedisSweep *sweep)
{
  const char *words[] = { "SCAN", sweep->cursor, "MATCH", sweep->glob, "COUNT", STEP };
  gsize lengths[G_N_ELEMENTS (words)];

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    lengths[i] = strlen (words[i]);
  ask (sweep, G_N_ELEMENTS (words), words, lengths, scanned_cb);
}

/* The next step, which comes behind what is open of this one, so that the node need not wait. */
static void
go_on (OrfRedisSweep *sweep)
{
  if (!sweep->failed && sweep->swept != NULL && !g_str_equal (sweep->cursor, "0"))
    scan (sweep);
  if (sweep->n_open == 0)
    end (sweep);
}

OrfRedisSweep *
orf_redis_sweep_new (OrfRedisLink *link,
                     const OrfRedisFilter *filter,
                     OrfRedisSwept swept,
                     gpointer data)
{
  OrfRedisSweep *sweep = g_new0 (OrfRedisSweep, 1);

  sweep->link = link;
  sweep->glob = make_glob (filter->pattern);
  sweep->filter = *filter;
  sweep->filter.tag = g_strdup (filter->tag);
  sweep->swept = swept;
  sweep->data = data;
  sweep->names = g_ptr_array_new_with_free_func (string_free);
  g_strlcpy (sweep->cursor, "0", sizeof sweep->cursor);
  scan (sweep);
  if (sweep->n_open == 0)
    g_clear_pointer (&sweep, sweep_free);
  return sweep;
}

void
orf_redis_sweep_cancel (OrfRedisSweep *sweep)
{
  sweep->swept = NULL;
}
