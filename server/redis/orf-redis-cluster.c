/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - slots names numbers of `nodes`; a node that has none keeps its number and its link.
 * - A node has one slot at least when it is made, and the marker of its run id is in a slot of its
 * own.
 * - What a node owes goes with the slot: whoever has the key owes it.
 * - At most one CLUSTER NODES is under way.
 */
#include "redis/orf-redis-cluster.h"

#include <string.h>

#include "core/orf-clock.h"
#include "redis/orf-redis-keys.h"
#include "redis/orf-redis-slots.h"
#include "redis/orf-redis-timer.h"

/* Between two questions, whatever happens. */
#define PAUSE_US (500 * ORF_US_PER_MS)
/* With nothing amiss. */
#define PERIOD_US (30 * ORF_US_PER_S)
/* Of one question. */
#define ASK_US (2 * ORF_US_PER_S)
/* Of a node that another names: a host's name has 253 at most. */
#define MAX_ADDRESS_BYTES 300

struct _OrfRedisCluster {
  const OrfRedisNodeParts *parts;
  GPtrArray *nodes; /* the level's, as what follows */
  OrfCacheCover *covers;

  GPtrArray *seeds; /* of OrfRedisLink: the nodes that the config names, to be asked for slots */
  guint16 slots[ORF_REDIS_N_SLOTS];
  OrfRedisOwed *unplaced; /* of slots that nobody is known to have */
  guint n_slots[ORF_CACHE_MAX_NODES];
  guint64 confirmed[ORF_CACHE_MAX_NODES]; /* which connection of a node */
  guint64 asked[ORF_CACHE_MAX_NODES];     /* the same, when CLUSTER NODES was asked for */

  GSource *timer;
  gboolean asking, wanted;
  gint64 asked_us;
};

/* ---- nodes ----------------------------------------------------------------------------------- */

/* What a node calls another is a host and its port, and no path: where sockets of this machine lie
 * is the config's to say. */
static gboolean
is_address (const char *text)
{
  gsize length = strnlen (text, MAX_ADDRESS_BYTES + 1);

  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isgraph (text[i]) || text[i] == '/')
      return FALSE;
  return length <= MAX_ADDRESS_BYTES;
}

guint16
orf_redis_cluster_get_number (OrfRedisCluster *cluster, const char *address)
{
  for (guint i = 0; i < cluster->nodes->len; i++)
    if (g_str_equal (orf_redis_node_get_name (cluster->nodes->pdata[i]), address))
      return (guint16) i;
  if (cluster->nodes->len < ORF_CACHE_MAX_NODES && is_address (address)) {
    guint16 number = (guint16) cluster->nodes->len;
    OrfRedisNode *node = orf_redis_node_new (cluster->parts, address, NULL,
                                             &cluster->covers[number], NULL);

    if (node != NULL) {
      g_ptr_array_add (cluster->nodes, node);
      return number;
    }
  }
  g_warning ("redis %.*s: a node too many, or no address", MAX_ADDRESS_BYTES, address);
  return ORF_CACHE_NO_NODE;
}

/* A slot of its own for what it says of itself. */
static void
name_epoch (OrfRedisCluster *cluster, guint16 number, guint slot)
{
  g_autofree char *tag = orf_redis_slot_make_tag (slot);
  g_autofree char *key = g_strdup_printf (ORF_REDIS_EPOCH ":{%s}", tag);

  orf_redis_node_set_epoch_key (cluster->nodes->pdata[number], key);
}

static void
check_epoch (OrfRedisCluster *cluster, guint16 number)
{
  const char *key = orf_redis_node_get_epoch_key (cluster->nodes->pdata[number]);

  if (key != NULL && cluster->slots[orf_redis_slot_of ("", key, strlen (key))] == number)
    return;
  for (guint slot = 0; slot < ORF_REDIS_N_SLOTS; slot++)
    if (cluster->slots[slot] == number) {
      name_epoch (cluster, number, slot);
      return;
    }
}

/* ---- slots ----------------------------------------------------------------------------------- */

/* What keys are owed of those that `from` had; ORF_CACHE_NO_NODE: nobody. */
static OrfRedisOwed *
get_owed (OrfRedisCluster *cluster, guint16 from)
{
  return from != ORF_CACHE_NO_NODE ? orf_redis_node_get_owed (cluster->nodes->pdata[from])
                                   : cluster->unplaced;
}

/* What the one that had keys owed of them, others owe in its place, as a node cannot drop keys that
 * it does not have. */
static void
hand_on_owed (OrfRedisCluster *cluster, guint16 from)
{
  OrfRedisOwed *owed = get_owed (cluster, from);
  guint max = orf_redis_owed_get_n (owed);
  g_autofree OrfCacheBytes *keys = g_new (OrfCacheBytes, max);
  guint n = orf_redis_owed_list (owed, keys, max);

  for (guint i = 0; i < n; i++) {
    guint16 to = cluster->slots[orf_redis_slot_of (ORF_REDIS_DATA, keys[i].data, keys[i].length)];

    if (to == from || to == ORF_CACHE_NO_NODE)
      continue;
    orf_redis_owed_add (orf_redis_node_get_owed (cluster->nodes->pdata[to]), &keys[i]);
    orf_redis_owed_settle (owed, &keys[i], orf_redis_owed_get_time (owed));
    orf_redis_node_pay (cluster->nodes->pdata[to]);
  }
}

static void
inherit_all (OrfRedisCluster *cluster, guint16 from, guint16 to)
{
  OrfRedisOwed *heir = get_owed (cluster, to);

  if (!orf_redis_owed_has_all (get_owed (cluster, from)) || orf_redis_owed_has_all (heir))
    return;
  orf_redis_owed_add_all (heir);
  orf_redis_node_pay (cluster->nodes->pdata[to]);
}

/* TRUE: another had it, or nobody. */
static gboolean
set_slot (OrfRedisCluster *cluster, guint slot, guint16 number)
{
  guint16 from = cluster->slots[slot];

  if (from == number)
    return FALSE;
  if (from != ORF_CACHE_NO_NODE)
    cluster->n_slots[from]--;
  inherit_all (cluster, from, number);
  cluster->n_slots[number]++;
  cluster->slots[slot] = number;
  return TRUE;
}

void
orf_redis_cluster_move (OrfRedisCluster *cluster, guint slot, guint16 number)
{
  guint16 from = cluster->slots[slot];

  if (set_slot (cluster, slot, number))
    hand_on_owed (cluster, from);
  check_epoch (cluster, number);
  orf_redis_cluster_refresh (cluster);
}

/* ---- CLUSTER NODES --------------------------------------------------------------------------- */

/* Each slot has a node. */
static gboolean
is_placed (OrfRedisCluster *cluster)
{
  guint n = 0;

  for (guint i = 0; i < cluster->nodes->len; i++)
    n += cluster->n_slots[i];
  return n == ORF_REDIS_N_SLOTS;
}

/* A master, and its slots.  alone: there is no other who could confirm it.  *n_left: slots that may
 * still be named, as each has one master: a node that lies could name all of them for ever. */
static void
read_master (OrfRedisCluster *cluster,
             const OrfRedisNodeLine *line,
             gboolean alone,
             guint *n_left,
             gboolean *moved)
{
  guint16 number = orf_redis_cluster_get_number (cluster, line->address);
  guint first, last;

  if (number == ORF_CACHE_NO_NODE)
    return;
  for (guint i = 0; line->ranges[i] != NULL; i++)
    if (orf_redis_range_read (line->ranges[i], &first, &last))
      for (guint slot = first; slot <= last && *n_left > 0; slot++, --*n_left)
        *moved |= set_slot (cluster, slot, number);
  if (!line->myself || alone)
    cluster->confirmed[number] = cluster->asked[number];
}

/* What was owed of slots that nobody had: the nodes that have them now owe it.  Where all was, each
 * owes all since it has its first of those. */
static void
settle_unplaced (OrfRedisCluster *cluster)
{
  hand_on_owed (cluster, ORF_CACHE_NO_NODE);
  if (is_placed (cluster))
    orf_redis_owed_settle_all (cluster->unplaced, orf_redis_owed_get_time (cluster->unplaced));
}

static void
read_nodes (OrfRedisCluster *cluster, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GArray) masters = g_array_new (FALSE, FALSE, sizeof (OrfRedisNodeLine));
  guint n_left = ORF_REDIS_N_SLOTS;
  gboolean moved = FALSE;

  g_array_set_clear_func (masters, (GDestroyNotify) orf_redis_node_line_clear);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_auto (OrfRedisNodeLine) line = { NULL };

    if (!orf_redis_node_line_read (&line, lines[i]) || !line.master || line.address == NULL ||
        line.ranges[0] == NULL)
      continue;
    g_array_append_val (masters, line);
    line = (OrfRedisNodeLine){ NULL };
  }
  for (guint i = 0; i < masters->len; i++)
    read_master (cluster, &g_array_index (masters, OrfRedisNodeLine, i), masters->len == 1, &n_left,
                 &moved);
  for (guint i = 0; i < cluster->nodes->len; i++) {
    check_epoch (cluster, (guint16) i);
    if (moved)
      hand_on_owed (cluster, (guint16) i);
  }
  settle_unplaced (cluster);
}

static void
nodes_cb (gpointer data, OrfRedisFate fate, const redisReply *reply)
{
  OrfRedisCluster *cluster = data;

  cluster->asking = FALSE;
  if (fate == ORF_REDIS_ANSWERED && reply->type == REDIS_REPLY_STRING)
    read_nodes (cluster, reply->str);
}

static gboolean
ask_link (OrfRedisCluster *cluster, OrfRedisLink *link)
{
  static const char *const words[] = { "CLUSTER", "NODES" };
  const gsize lengths[] = { 7, 5 };

  return link != NULL &&
         orf_redis_link_send (link, 2, words, lengths, orf_clock_monotonic_us () + ASK_US, nodes_cb,
                              cluster);
}

/* Another each time: one may be cut off from the others. */
static gboolean
ask_somebody (OrfRedisCluster *cluster)
{
  guint n = cluster->nodes->len, n_seeds = cluster->seeds->len;
  guint begin = g_random_int ();

  for (guint i = 0; i < n; i++) {
    guint16 number = (guint16) ((begin + i) % n);

    if (orf_redis_cluster_is_confirmed (cluster, number) &&
        ask_link (cluster, orf_redis_node_get_link (cluster->nodes->pdata[number])))
      return TRUE;
  }
  for (guint i = 0; i < n_seeds; i++)
    if (ask_link (cluster, cluster->seeds->pdata[(begin + i) % n_seeds]))
      return TRUE;
  return FALSE;
}

static gboolean
is_all_well (OrfRedisCluster *cluster)
{
  for (guint i = 0; i < cluster->nodes->len; i++)
    if (cluster->n_slots[i] > 0 && !orf_redis_cluster_is_confirmed (cluster, (guint16) i))
      return FALSE;
  return is_placed (cluster);
}

static void
time_cb (gpointer data)
{
  OrfRedisCluster *cluster = data;
  gint64 now_us = orf_clock_monotonic_us ();

  if (!cluster->asking &&
      (cluster->wanted || !is_all_well (cluster) || now_us - cluster->asked_us >= PERIOD_US)) {
    for (guint i = 0; i < cluster->nodes->len; i++)
      cluster->asked[i] = orf_redis_node_get_connection (cluster->nodes->pdata[i]);
    cluster->asking = ask_somebody (cluster);
    if (cluster->asking) {
      cluster->wanted = FALSE;
      cluster->asked_us = now_us;
    }
  }
  g_source_set_ready_time (cluster->timer, now_us + PAUSE_US);
}

void
orf_redis_cluster_owe (OrfRedisCluster *cluster, const OrfCacheBytes *key)
{
  orf_redis_owed_add (cluster->unplaced, key);
}

void
orf_redis_cluster_refresh (OrfRedisCluster *cluster)
{
  cluster->wanted = TRUE;
}

/* ---- what others ask ------------------------------------------------------------------------- */

guint16
orf_redis_cluster_find (OrfRedisCluster *cluster, guint slot)
{
  return cluster->slots[slot];
}

gboolean
orf_redis_cluster_is_confirmed (OrfRedisCluster *cluster, guint16 number)
{
  OrfRedisNode *node = cluster->nodes->pdata[number];

  return orf_redis_node_get_link (node) != NULL &&
         cluster->confirmed[number] == orf_redis_node_get_connection (node);
}

guint
orf_redis_cluster_count_slots (OrfRedisCluster *cluster, guint16 number)
{
  return cluster->n_slots[number];
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
seed_up_cb (gpointer data)
{
  OrfRedisCluster *cluster = data;

  if (!is_all_well (cluster) && !cluster->asking)
    g_source_set_ready_time (cluster->timer, 0);
}

static void
seed_down_cb (gpointer data)
{
}

static const OrfRedisLinkListener seed_listener = { seed_up_cb, seed_down_cb, NULL };

OrfRedisCluster *
orf_redis_cluster_new (const OrfRedisNodeParts *parts,
                       const char *const *seeds,
                       GPtrArray *nodes,
                       OrfCacheCover *covers,
                       GError **error)
{
  g_autoptr (OrfRedisCluster) cluster = g_new0 (OrfRedisCluster, 1);

  cluster->parts = parts;
  cluster->nodes = nodes;
  cluster->covers = covers;
  cluster->seeds = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_redis_link_free);
  cluster->unplaced = orf_redis_owed_new (parts->max_owed);
  cluster->timer = orf_redis_timer_new (parts->context, time_cb, cluster);
  for (guint i = 0; i < ORF_REDIS_N_SLOTS; i++)
    cluster->slots[i] = ORF_CACHE_NO_NODE;
  for (; *seeds != NULL; seeds++) {
    OrfRedisLink *link = orf_redis_link_new (parts->context, *seeds, &parts->link, &seed_listener,
                                             cluster, error);

    if (link == NULL)
      return NULL;
    g_ptr_array_add (cluster->seeds, link);
  }
  return g_steal_pointer (&cluster);
}

void
orf_redis_cluster_free (OrfRedisCluster *cluster)
{
  g_ptr_array_unref (cluster->seeds);
  orf_redis_timer_free (cluster->timer);
  orf_redis_owed_free (cluster->unplaced);
  g_free (cluster);
}
