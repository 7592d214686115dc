/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - The steps of preparing follow each other, each begun by the answer to the one before: INFO; the
 * connection before this one is killed, so that nothing that waits in it is done later; the run id
 * that the node keeps; dropping all, if that is owed; SERVING.
 * - What a step is told when the connection has broken it ignores: the next begins from the front.
 * - Nothing is read or written for the cache but in SERVING.
 */
#include "redis/orf-redis-node.h"

#include <string.h>

#include "core/orf-clock.h"
#include "redis/orf-redis-hearing.h"
#include "redis/orf-redis-keys.h"
#include "redis/orf-redis-sweep.h"
#include "redis/orf-redis-timer.h"

/* Keys that it is asked to drop at once. */
#define MAX_PAID 256
/* Until what is owed is tried to be paid again. */
#define PAY_US (100 * ORF_US_PER_MS)
/* Of what a node is asked while nobody waits for it: it may be loading, or busy. */
#define STEP_US (2 * ORF_US_PER_S)

#define RUN_ID_BYTES 40

struct _OrfRedisNode {
  const OrfRedisNodeParts *parts;
  OrfRedisLink *link;
  OrfRedisHearing *hearing;
  OrfRedisOwed *owed;
  char *epoch_key;

  OrfRedisNodeState state;
  char run_id[RUN_ID_BYTES + 1]; /* of the process that it was last connected to */
  gint64 link_id; /* what that process calls the last connection that served; 0: there was none */
  OrfRedisSweep *sweep;
  guint64 sweep_time; /* of what is owed, when it began */
  guint64 n_swept;
  GSource *timer; /* to pay */
  guint n_paying;
};

static void settle (OrfRedisNode *node);

/* ---- paying what is owed --------------------------------------------------------------------- */

/* A key that the node was asked to drop. */
typedef struct {
  OrfRedisNode *node;
  guint64 time;
  GString *name; /* on the node */
} Payment;

static void
payment_free (Payment *payment)
{
  g_string_free (payment->name, TRUE);
  g_free (payment);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Payment, payment_free)

static void
paid_cb (gpointer data, OrfRedisFate fate, const redisReply *reply)
{
  g_autoptr (Payment) payment = data;
  OrfRedisNode *node = payment->node;
  const gsize skip = strlen (ORF_REDIS_DATA);
  const OrfCacheBytes key = { payment->name->str + skip, payment->name->len - skip };

  if (fate == ORF_REDIS_ANSWERED && reply->type == REDIS_REPLY_INTEGER)
    orf_redis_owed_settle (node->owed, &key, payment->time);
  if (--node->n_paying == 0 && orf_redis_owed_get_n (node->owed) > 0)
    g_source_set_ready_time (node->timer, orf_clock_monotonic_us () + PAY_US);
}

/* FALSE: the link takes no more. */
static gboolean
pay_key (OrfRedisNode *node, const OrfCacheBytes *key)
{
  g_autoptr (Payment) payment = g_new0 (Payment, 1);
  const char *words[2] = { "UNLINK" };
  gsize lengths[2] = { strlen (words[0]) };

  payment->node = node;
  payment->time = orf_redis_owed_get_time (node->owed);
  payment->name = g_string_new (ORF_REDIS_DATA);
  g_string_append_len (payment->name, key->data, (gssize) key->length);
  words[1] = payment->name->str;
  lengths[1] = payment->name->len;
  if (!orf_redis_link_send (node->link, 2, words, lengths, orf_clock_monotonic_us () + STEP_US,
                            paid_cb, payment))
    return FALSE;
  node->n_paying++;
  g_steal_pointer (&payment);
  return TRUE;
}

static void
pay_some (OrfRedisNode *node)
{
  OrfCacheBytes keys[MAX_PAID];
  guint n = orf_redis_owed_list (node->owed, keys, MAX_PAID);

  for (guint i = 0; i < n && pay_key (node, &keys[i]); i++)
    continue;
  if (node->n_paying == 0)
    g_source_set_ready_time (node->timer, orf_clock_monotonic_us () + PAY_US);
}

void
orf_redis_node_pay (OrfRedisNode *node)
{
  if (node->state != ORF_REDIS_NODE_SERVING || node->n_paying > 0)
    return;
  if (orf_redis_owed_has_all (node->owed))
    settle (node);
  else if (orf_redis_owed_get_n (node->owed) > 0)
    pay_some (node);
}

static void
time_cb (gpointer data)
{
  orf_redis_node_pay (data);
}

/* ---- preparing ------------------------------------------------------------------------------- */

static void
give_up (OrfRedisNode *node, const char *why)
{
  orf_redis_link_drop (node->link, why);
}

/* FALSE: the step failed, and the connection is being given up. */
static gboolean
take (OrfRedisNode *node, OrfRedisFate fate, const redisReply *reply)
{
  const char *error = orf_redis_reply_get_error (reply);

  if (fate == ORF_REDIS_ANSWERED && error == NULL)
    return TRUE;
  give_up (node, error != NULL ? error : "it does not answer in time");
  return FALSE;
}

static void
ask (OrfRedisNode *node, OrfRedisReplied replied, const char *const *words)
{
  gsize lengths[4];
  guint n = 0;

  for (; words[n] != NULL; n++)
    lengths[n] = strlen (words[n]);
  if (!orf_redis_link_send (node->link, n, words, lengths, orf_clock_monotonic_us () + STEP_US,
                            replied, node))
    give_up (node, "it takes no commands");
}

static void
serve (OrfRedisNode *node)
{
  node->state = ORF_REDIS_NODE_SERVING;
  node->link_id = orf_redis_link_get_id (node->link);
  g_message ("redis %s: serves", orf_redis_node_get_name (node));
  /* not before: what it drops need not be told to anybody here */
  orf_redis_hearing_begin (node->hearing);
  orf_redis_node_pay (node);
}

static void
marked_cb (gpointer data, OrfRedisFate fate, const redisReply *reply)
{
  OrfRedisNode *node = data;

  if (!take (node, fate, reply))
    return;
  orf_redis_owed_settle_all (node->owed, node->sweep_time);
  settle (node);
}

static void
mark (OrfRedisNode *node)
{
  ask (node, marked_cb, (const char *[]){ "SET", node->epoch_key, node->run_id, NULL });
}

static void
swept_cb (gpointer data, OrfRedisSweepState state, guint64 removed)
{
  OrfRedisNode *node = data;

  if (state == ORF_REDIS_SWEEP_ON)
    return;
  node->sweep = NULL;
  node->n_swept += removed;
  if (state == ORF_REDIS_SWEEP_DONE)
    mark (node);
  else
    give_up (node, "its keys could not be dropped");
}

static void
flushed_cb (gpointer data, OrfRedisFate fate, const redisReply *reply)
{
  if (take (data, fate, reply))
    mark (data);
}

/* How many there are to drop. */
static void
counted_cb (gpointer data, OrfRedisFate fate, const redisReply *reply)
{
  OrfRedisNode *node = data;

  if (take (node, fate, reply) && reply->type == REDIS_REPLY_INTEGER)
    node->n_swept += (guint64) CLAMP (reply->integer, 0, G_MAXUINT32);
}

/* Others hear of it as of any change. */
static void
flush (OrfRedisNode *node)
{
  ask (node, counted_cb, (const char *[]){ "DBSIZE", NULL });
  ask (node, flushed_cb, (const char *[]){ "FLUSHDB", "ASYNC", NULL });
}

static void
sweep (OrfRedisNode *node)
{
  const OrfRedisFilter all = { .one_by_one = node->parts->cluster };

  node->sweep = orf_redis_sweep_new (node->link, &all, swept_cb, node);
  if (node->sweep == NULL)
    give_up (node, "it takes no commands");
}

/* What it has may be looked at, or all of it is dropped. */
static void
settle (OrfRedisNode *node)
{
  if (!orf_redis_owed_has_all (node->owed)) {
    serve (node);
    return;
  }
  node->state = ORF_REDIS_NODE_PREPARING;
  node->sweep_time = orf_redis_owed_get_time (node->owed);
  if (node->parts->exclusive)
    flush (node);
  else
    sweep (node);
}

static void
marker_cb (gpointer data, OrfRedisFate fate, const redisReply *reply)
{
  OrfRedisNode *node = data;

  if (!take (node, fate, reply))
    return;
  if (reply->type != REDIS_REPLY_STRING || !g_str_equal (reply->str, node->run_id))
    orf_redis_owed_add_all (node->owed);
  settle (node);
}

/* How many it killed: it may be gone by itself. */
static void
killed_cb (gpointer data, OrfRedisFate fate, const redisReply *reply)
{
  take (data, fate, reply);
}

static void
kill_earlier (OrfRedisNode *node)
{
  char id[24];

  g_snprintf (id, sizeof id, "%" G_GINT64_FORMAT, node->link_id);
  ask (node, killed_cb, (const char *[]){ "CLIENT", "KILL", "ID", id, NULL });
}

static gboolean
read_run_id (const redisReply *reply, char *run_id)
{
  const char *at = reply->type == REDIS_REPLY_STRING ? strstr (reply->str, "run_id:") : NULL;

  if (at == NULL)
    return FALSE;
  g_strlcpy (run_id, at + strlen ("run_id:"), RUN_ID_BYTES + 1);
  return strlen (run_id) == RUN_ID_BYTES;
}

static void
informed_cb (gpointer data, OrfRedisFate fate, const redisReply *reply)
{
  OrfRedisNode *node = data;
  char run_id[RUN_ID_BYTES + 1];

  if (!take (node, fate, reply))
    return;
  if (!read_run_id (reply, run_id) || node->epoch_key == NULL) {
    give_up (node, node->epoch_key == NULL ? "it has no slots" : "it does not say its run_id");
    return;
  }
  /* another process has other connections by the same numbers, and none of ours */
  if (!g_str_equal (run_id, node->run_id))
    node->link_id = 0;
  if (node->link_id != 0)
    kill_earlier (node);
  memcpy (node->run_id, run_id, sizeof run_id);
  ask (node, marker_cb, (const char *[]){ "GET", node->epoch_key, NULL });
}

/* ---- the links ------------------------------------------------------------------------------- */

static void
up_cb (gpointer data)
{
  OrfRedisNode *node = data;

  node->state = ORF_REDIS_NODE_PREPARING;
  ask (node, informed_cb, (const char *[]){ "INFO", "server", NULL });
}

static void
down_cb (gpointer data)
{
  OrfRedisNode *node = data;

  if (node->state == ORF_REDIS_NODE_SERVING)
    g_message ("redis %s: lost: %s", orf_redis_node_get_name (node),
               orf_redis_link_get_problem (node->link));
  node->state = ORF_REDIS_NODE_AWAY;
  orf_redis_hearing_end (node->hearing);
}

static const OrfRedisLinkListener link_listener = { up_cb, down_cb, NULL };

OrfRedisNode *
orf_redis_node_new (const OrfRedisNodeParts *parts,
                    const char *address,
                    const char *epoch_key,
                    OrfCacheCover *cover,
                    GError **error)
{
  g_autofree char *name = g_strdup_printf ("%s:%s", parts->daemon, address);
  OrfRedisNode *node = g_new0 (OrfRedisNode, 1);

  node->parts = parts;
  node->link = orf_redis_link_new (parts->context, address, &parts->link, &link_listener, node,
                                   error);
  if (node->link == NULL) {
    g_free (node);
    return NULL;
  }
  /* the address was fine a line ago */
  node->hearing = orf_redis_hearing_new (parts->context, address, &parts->link, node->link, name,
                                         cover, parts->listener, parts->user_data, NULL);
  node->owed = orf_redis_owed_new (parts->max_owed);
  node->epoch_key = g_strdup (epoch_key);
  node->timer = orf_redis_timer_new (parts->context, time_cb, node);
  return node;
}

void
orf_redis_node_free (OrfRedisNode *node)
{
  node->state = ORF_REDIS_NODE_AWAY;
  orf_redis_link_free (node->link); /* who waits is told now, while the rest is still there */
  orf_redis_hearing_free (node->hearing);
  orf_redis_timer_free (node->timer);
  orf_redis_owed_free (node->owed);
  g_free (node->epoch_key);
  g_free (node);
}

/* ---- what others ask ------------------------------------------------------------------------- */

OrfRedisNodeState
orf_redis_node_get_state (OrfRedisNode *node)
{
  return node->state;
}

OrfRedisLink *
orf_redis_node_get_link (OrfRedisNode *node)
{
  return node->state == ORF_REDIS_NODE_SERVING ? node->link : NULL;
}

guint64
orf_redis_node_get_connection (OrfRedisNode *node)
{
  return orf_redis_link_get_n_connected (node->link);
}

void
orf_redis_node_set_epoch_key (OrfRedisNode *node, const char *epoch_key)
{
  g_free (node->epoch_key);
  node->epoch_key = g_strdup (epoch_key);
}

const char *
orf_redis_node_get_epoch_key (OrfRedisNode *node)
{
  return node->epoch_key;
}

OrfRedisOwed *
orf_redis_node_get_owed (OrfRedisNode *node)
{
  return node->owed;
}

void
orf_redis_node_get_figures (OrfRedisNode *node, OrfRedisNodeFigures *figures)
{
  *figures = (OrfRedisNodeFigures){
    .state = node->state,
    .covered = orf_redis_hearing_is_covered (node->hearing),
    .n_owed = orf_redis_owed_get_n (node->owed),
    .n_swept = node->n_swept,
    .problem = orf_redis_link_get_problem (node->link),
  };
  orf_redis_link_get_figures (node->link, &figures->link);
}

const char *
orf_redis_node_get_name (OrfRedisNode *node)
{
  return orf_redis_link_get_address (node->link);
}
