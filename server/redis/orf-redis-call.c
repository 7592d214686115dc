/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - An item is open from when its command was taken by a link until that told of it, which it does
 * once.  The call is told when none is open, never from inside the function that made it.
 * - A write that was not done, or maybe not, is owed before anybody is told so.
 * - In a cluster an item has what was asked of its own, as it may be asked again of another node.
 * - Of independent nodes several keys are asked for together, by MGET: a part is open like an item
 * from when it was sent, and before that the call's.
 */
#include "redis/orf-redis-level-private.h"

#include <string.h>

#include "core/orf-clock.h"
#include "redis/orf-redis-keys.h"
#include "redis/orf-redis-slots.h"

#define MAX_WORDS 7
/* Of a name on the node, on the stack; longer ones are put together elsewhere. */
#define NAME_BYTES 256
/* Keys of one MGET: some ten microseconds of the node's time. */
#define MAX_TOGETHER 100
/* Nodes that send one on; more, and they do not agree. */
#define MAX_REDIRECTS 5

/* A key, and what became of it. */
typedef struct {
  OrfRedisCall *call;
  OrfRedisAsk ask;   /* its bytes are its own: the key of writes, all in a cluster */
  guint64 owed_time; /* of its node, when it was asked */
  guint n_redirects;
} Item;

/* Keys of one node that are asked for together. */
typedef struct {
  OrfRedisCall *call;
  GPtrArray *names; /* GString, on the node */
  Item *items[MAX_TOGETHER];
} Part;

struct _OrfRedisCall {
  OrfCacheLevel *level;
  OrfRedisVerb verb;
  gint64 deadline_us;
  OrfCacheAnswered done;
  gpointer data;
  guint n, n_asked, n_open;
  gboolean begun;
  OrfCacheAnswer *answers;
  char **records; /* what the answers of several keys point to; NULL: one key */
  Part **parts;   /* by node, those not sent yet; NULL: each key is asked for by itself */
  Item items[];
};

/* ---- words ----------------------------------------------------------------------------------- */

typedef struct {
  const char *words[MAX_WORDS];
  gsize lengths[MAX_WORDS];
  guint n;
  char number[24];
  char name[NAME_BYTES];
  char *long_name; /* owned; NULL: it is in name */
} Words;

static void
add_bytes (Words *words, const char *data, gsize length)
{
  words->words[words->n] = data;
  words->lengths[words->n++] = length;
}

static void
add_word (Words *words, const char *word)
{
  add_bytes (words, word, strlen (word));
}

static void
add_name (Words *words, const char *prefix, const OrfCacheBytes *key)
{
  gsize skip = strlen (prefix), length = skip + key->length;
  char *name = words->name;

  if (length > sizeof words->name)
    name = words->long_name = g_malloc (length);
  memcpy (name, prefix, skip);
  memcpy (name + skip, key->data, key->length);
  add_bytes (words, name, length);
}

static void
add_ttl (Words *words, gint64 ttl_ms)
{
  g_snprintf (words->number, sizeof words->number, "%" G_GINT64_FORMAT, MAX (ttl_ms, 1));
  add_word (words, "PX");
  add_word (words, words->number);
}

static void
make_words (Words *words, OrfCacheLevel *level, OrfRedisVerb verb, const OrfRedisAsk *ask)
{
  words->n = 0;
  words->long_name = NULL;
  switch (verb) {
  case ORF_REDIS_GET:
    add_word (words, "GET");
    add_name (words, ORF_REDIS_DATA, &ask->key);
    break;
  case ORF_REDIS_SET:
    add_word (words, "SET");
    add_name (words, ORF_REDIS_DATA, &ask->key);
    add_bytes (words, ask->record.data, ask->record.length);
    add_ttl (words, ask->ttl_ms);
    break;
  case ORF_REDIS_REMOVE:
    add_word (words, "UNLINK");
    add_name (words, ORF_REDIS_DATA, &ask->key);
    break;
  case ORF_REDIS_LOCK:
    add_word (words, "SET");
    add_name (words, ORF_REDIS_LOCK_NAME, &ask->key);
    add_word (words, level->daemon);
    add_word (words, "NX");
    add_ttl (words, ask->ttl_ms);
    break;
  }
}

/* ---- answers --------------------------------------------------------------------------------- */

static void
call_free (OrfRedisCall *call)
{
  for (guint i = 0; i < call->n; i++) {
    g_free ((char *) call->items[i].ask.key.data);
    g_free ((char *) call->items[i].ask.record.data);
    if (call->records != NULL)
      g_free (call->records[i]);
  }
  g_free (call->records);
  g_free (call->parts); /* all were sent, or not taken */
  g_free (call->answers);
  g_free (call);
}

static void
finish (OrfRedisCall *call)
{
  call->done (call->data, call->answers, call->n);
  call_free (call);
}

/* It has not done it, and may do it later: it is not whole, or not master, now. */
static gboolean
is_away (const char *error)
{
  static const char *const words[] = { "CLUSTERDOWN ", "TRYAGAIN ", "LOADING ", "MASTERDOWN ",
                                       "READONLY ",    "MOVED ",    "ASK " };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_str_has_prefix (error, words[i]))
      return TRUE;
  return FALSE;
}

static OrfCacheOutcome
read_reply (OrfRedisVerb verb, const redisReply *reply)
{
  switch (reply->type) {
  case REDIS_REPLY_STRING:
    return verb == ORF_REDIS_GET ? ORF_CACHE_DONE : ORF_CACHE_REFUSED;
  case REDIS_REPLY_STATUS:
    return ORF_CACHE_DONE;
  case REDIS_REPLY_INTEGER:
    return reply->integer > 0 ? ORF_CACHE_DONE : ORF_CACHE_MISSING;
  case REDIS_REPLY_NIL:
    return ORF_CACHE_MISSING;
  case REDIS_REPLY_ERROR:
    return is_away (reply->str) ? ORF_CACHE_DOWN : ORF_CACHE_REFUSED;
  default:
    return ORF_CACHE_REFUSED;
  }
}

static gboolean
is_write (OrfRedisVerb verb)
{
  return verb == ORF_REDIS_SET || verb == ORF_REDIS_REMOVE;
}

static void
keep_record (OrfRedisCall *call, guint index, const redisReply *reply)
{
  OrfCacheAnswer *answer = &call->answers[index];

  answer->record = (OrfCacheBytes){ reply->str, reply->len };
  if (call->records == NULL || call->n_open == 0)
    return; /* it is told before the reply goes */
  call->records[index] = g_memdup2 (reply->str, reply->len + 1);
  answer->record.data = call->records[index];
}

/* What the node has of it is older than what its writer may have been told.  The node that has it
 * now, which in a cluster may be another than the one that was asked. */
static void
owe (OrfCacheLevel *level, const OrfCacheBytes *key)
{
  guint16 number = orf_redis_level_find (level, ORF_REDIS_DATA, key);

  if (number != ORF_CACHE_NO_NODE) {
    orf_redis_owed_add (orf_redis_node_get_owed (level->nodes->pdata[number]), key);
    orf_redis_node_pay (level->nodes->pdata[number]);
  } else if (level->cluster != NULL) {
    orf_redis_cluster_owe (level->cluster, key);
  }
}

static void
settle_item (Item *item, const redisReply *reply)
{
  OrfRedisCall *call = item->call;
  guint index = (guint) (item - call->items);
  OrfCacheAnswer *answer = &call->answers[index];
  OrfRedisNode *node = call->level->nodes->pdata[answer->node];

  if (is_write (call->verb) &&
      (answer->outcome == ORF_CACHE_LOST || answer->outcome == ORF_CACHE_DOWN))
    owe (call->level, &item->ask.key);
  else if (is_write (call->verb) && answer->outcome != ORF_CACHE_REFUSED)
    orf_redis_owed_settle (orf_redis_node_get_owed (node), &item->ask.key, item->owed_time);
  else if (call->verb == ORF_REDIS_GET && answer->outcome == ORF_CACHE_DONE)
    keep_record (call, index, reply);
  if (call->begun && call->n_open == 0)
    finish (call);
}

static gboolean follow (Item *item, const char *error);

static void
replied_cb (gpointer data, OrfRedisFate fate, const redisReply *reply)
{
  Item *item = data;
  OrfRedisCall *call = item->call;
  const char *error = orf_redis_reply_get_error (reply);

  if (error != NULL && call->level->cluster != NULL && follow (item, error))
    return;
  call->n_open--;
  call->answers[item - call->items].outcome = fate == ORF_REDIS_ANSWERED
                                                ? read_reply (call->verb, reply)
                                                : ORF_CACHE_LOST;
  settle_item (item, reply);
}

/* ---- asking ---------------------------------------------------------------------------------- */

OrfRedisCall *
orf_redis_call_new (OrfCacheLevel *level,
                    OrfRedisVerb verb,
                    guint n,
                    gint64 deadline_us,
                    OrfCacheAnswered done,
                    gpointer data)
{
  OrfRedisCall *call = g_malloc0 (sizeof (OrfRedisCall) + n * sizeof (Item));
  gint64 patience_us = level->settings.link.command_us * (1 + n / MAX_TOGETHER);

  call->level = level;
  call->verb = verb;
  call->n = n;
  call->deadline_us = MIN (deadline_us, orf_clock_monotonic_us () + patience_us);
  call->done = done;
  call->data = data;
  call->answers = g_new0 (OrfCacheAnswer, n);
  if (verb == ORF_REDIS_GET && n > 1) {
    call->records = g_new0 (char *, n);
    call->parts = level->cluster == NULL ? g_new0 (Part *, level->nodes->len) : NULL;
  }
  return call;
}

static OrfCacheBytes
copy_bytes (OrfCacheBytes bytes)
{
  return (OrfCacheBytes){ g_memdup2 (bytes.data, bytes.length), bytes.length };
}

/* To its node, as the answer names it.  asking: that one has not yet all of the slot. */
static gboolean
send (Item *item, const OrfRedisAsk *ask, gboolean asking)
{
  OrfRedisCall *call = item->call;
  OrfCacheAnswer *answer = &call->answers[item - call->items];
  OrfRedisLink *link = orf_redis_level_get_link (call->level, answer->node);
  OrfRedisOwed *owed;
  Words words;
  gboolean sent;

  answer->epoch = call->level->covers[answer->node].epoch;
  if (link == NULL)
    return FALSE;
  owed = orf_redis_node_get_owed (call->level->nodes->pdata[answer->node]);
  item->owed_time = orf_redis_owed_get_time (owed);
  if ((call->verb == ORF_REDIS_GET && orf_redis_owed_has (owed, &ask->key)) ||
      (asking && !orf_redis_link_say (link, NULL, NULL, "ASKING", NULL)))
    return FALSE;
  make_words (&words, call->level, call->verb, ask);
  sent = orf_redis_link_send (link, words.n, words.words, words.lengths, call->deadline_us,
                              replied_cb, item);
  g_free (words.long_name);
  return sent;
}

/* ---- several keys of a node ------------------------------------------------------------------ */

static void
string_free (gpointer data)
{
  g_string_free (data, TRUE);
}

static void
part_free (Part *part)
{
  g_ptr_array_unref (part->names);
  g_free (part);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Part, part_free)

/* The last of them may end the call. */
static void
replied_together_cb (gpointer data, OrfRedisFate fate, const redisReply *reply)
{
  g_autoptr (Part) part = data;
  OrfRedisCall *call = part->call;
  guint n = part->names->len;
  gboolean has_all = fate == ORF_REDIS_ANSWERED && reply->type == REDIS_REPLY_ARRAY &&
                     reply->elements == n;

  for (guint i = 0; i < n; i++) {
    const redisReply *one = has_all ? reply->element[i] : reply;

    call->n_open--;
    call->answers[part->items[i] - call->items].outcome = fate == ORF_REDIS_ANSWERED
                                                            ? read_reply (call->verb, one)
                                                            : ORF_CACHE_LOST;
    settle_item (part->items[i], one);
  }
}

/* Takes part; what the link does not take stays DOWN. */
static void
send_part (Part *taken, guint16 number)
{
  g_autoptr (Part) part = taken;
  OrfRedisCall *call = part->call;
  OrfRedisLink *link = orf_redis_level_get_link (call->level, number);
  const char *words[1 + MAX_TOGETHER] = { "MGET" };
  gsize lengths[1 + MAX_TOGETHER] = { strlen (words[0]) };
  guint n = part->names->len;

  for (guint i = 0; i < n; i++) {
    const GString *name = part->names->pdata[i];

    words[1 + i] = name->str;
    lengths[1 + i] = name->len;
  }
  if (link != NULL && orf_redis_link_send (link, 1 + n, words, lengths, call->deadline_us,
                                           replied_together_cb, part)) {
    call->n_open += n;
    g_steal_pointer (&part);
  }
}

static void
flush_parts (OrfRedisCall *call)
{
  for (guint i = 0; call->parts != NULL && i < call->level->nodes->len; i++)
    if (call->parts[i] != NULL)
      send_part (g_steal_pointer (&call->parts[i]), (guint16) i);
}

static void
ask_together (Item *item, const OrfCacheBytes *key)
{
  OrfRedisCall *call = item->call;
  OrfCacheAnswer *answer = &call->answers[item - call->items];
  Part **part = &call->parts[answer->node];
  GString *name;

  answer->epoch = call->level->covers[answer->node].epoch;
  if (orf_redis_owed_has (orf_redis_node_get_owed (call->level->nodes->pdata[answer->node]), key))
    return;
  if (*part == NULL) {
    *part = g_new0 (Part, 1);
    (*part)->call = call;
    (*part)->names = g_ptr_array_new_with_free_func (string_free);
  }
  name = g_string_new (ORF_REDIS_DATA);
  g_string_append_len (name, key->data, (gssize) key->length);
  (*part)->items[(*part)->names->len] = item;
  g_ptr_array_add ((*part)->names, name);
  if ((*part)->names->len == MAX_TOGETHER)
    send_part (g_steal_pointer (part), answer->node);
}

/* ---- asking for each ------------------------------------------------------------------------- */

static const char *
get_prefix (const OrfRedisCall *call)
{
  return call->verb == ORF_REDIS_LOCK ? ORF_REDIS_LOCK_NAME : ORF_REDIS_DATA;
}

/* The node says that another has it; what it says of a slot that it was not asked for is not
 * believed.  FALSE: nobody is asked. */
static gboolean
follow (Item *item, const char *error)
{
  OrfRedisCall *call = item->call;
  OrfRedisCluster *cluster = call->level->cluster;
  OrfRedisRedirect redirect;
  guint16 number;

  if (!orf_redis_redirect_read (error, &redirect) || item->n_redirects++ >= MAX_REDIRECTS ||
      redirect.slot !=
        orf_redis_slot_of (get_prefix (call), item->ask.key.data, item->ask.key.length))
    return FALSE;
  number = orf_redis_cluster_get_number (cluster, redirect.address);
  if (number == ORF_CACHE_NO_NODE)
    return FALSE;
  if (!redirect.ask)
    orf_redis_cluster_move (cluster, redirect.slot, number);
  call->answers[item - call->items].node = number;
  return send (item, &item->ask, redirect.ask);
}

void
orf_redis_call_ask (OrfRedisCall *call, const OrfRedisAsk *ask)
{
  OrfCacheLevel *level = call->level;
  Item *item = &call->items[call->n_asked];
  OrfCacheAnswer *answer = &call->answers[call->n_asked++];

  item->call = call;
  answer->outcome = ORF_CACHE_DOWN;
  answer->node = orf_redis_level_find (level, get_prefix (call), &ask->key);
  if (answer->node == ORF_CACHE_NO_NODE) {
    if (is_write (call->verb))
      owe (level, &ask->key);
    return;
  }
  if (call->parts != NULL) {
    ask_together (item, &ask->key);
    return;
  }
  if (is_write (call->verb) || level->cluster != NULL)
    item->ask.key = copy_bytes (ask->key);
  if (level->cluster != NULL) {
    item->ask.record = copy_bytes (ask->record);
    item->ask.ttl_ms = ask->ttl_ms;
  }
  if (send (item, ask, FALSE))
    call->n_open++;
  else if (is_write (call->verb))
    owe (level, &ask->key);
}

void
orf_redis_call_begin (OrfRedisCall *call)
{
  flush_parts (call);
  call->begun = TRUE;
  if (call->n_open > 0)
    return;
  g_queue_push_tail (&call->level->finished, call);
  g_source_set_ready_time (call->level->timer, 0);
}

void
orf_redis_call_tell_finished (OrfCacheLevel *level)
{
  GQueue finished = level->finished;
  OrfRedisCall *call;

  /* who is told may ask anew: that is for the next turn */
  g_queue_init (&level->finished);
  while ((call = g_queue_pop_head (&finished)) != NULL)
    finish (call);
}

/* ---- locks ----------------------------------------------------------------------------------- */

/* It may have ended by its time, and be another's by now. */
static const char unlock_script[] =
  "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) end return 0";

void
orf_redis_call_unlock (OrfCacheLevel *level, const OrfCacheBytes *key)
{
  guint16 number = orf_redis_level_find (level, ORF_REDIS_LOCK_NAME, key);
  OrfRedisLink *link = number != ORF_CACHE_NO_NODE ? orf_redis_level_get_link (level, number)
                                                   : NULL;
  Words words = { .n = 0 };

  if (link == NULL)
    return;
  add_word (&words, "EVAL");
  add_word (&words, unlock_script);
  add_word (&words, "1");
  add_name (&words, ORF_REDIS_LOCK_NAME, key);
  add_word (&words, level->daemon);
  orf_redis_link_send (link, words.n, words.words, words.lengths, 0, NULL, NULL);
  g_free (words.long_name);
}
