/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariant: a channel is in the table while it has streams.
 */
#include "cache/orf-cache-watches.h"

#include "core/orf-names.h"
#include "core/orf-timer.h"
#include "orf-encode.h"

/* Values kept for a slow reader: a tenth of a second of changes that do not stop, a few MiB at
 * most.  Who is slower is told that some were dropped, and drops what it holds. */
#define DEPTH 64
/* When those are told of a version whose prefix had nothing in it: a watcher asks (cache.sync) some
 * times a second, and waits for it then. */
#define VERSION_MS 100

struct _OrfCacheWatches {
  OrfRouter *router;
  void (*idle) (gpointer user_data);
  gpointer user_data;
  GHashTable *prefixes; /* of Prefix::text, which is borrowed, → Prefix */
  guint64 version;      /* the newest that was told to any */
  GSource *timer;       /* runs while there are some that it was not told to */
};

typedef struct {
  OrfCacheWatches *watches;
  char *text;
  gsize length;
  OrfChannel *channel;
  gboolean is_behind;
} Prefix;

static void
prefix_free (gpointer data)
{
  Prefix *prefix = data;

  g_clear_pointer (&prefix->channel, orf_channel_free);
  g_free (prefix->text);
  g_free (prefix);
}

OrfCacheWatches *
orf_cache_watches_new (OrfRouter *router, void (*idle) (gpointer user_data), gpointer user_data)
{
  OrfCacheWatches *watches = g_new0 (OrfCacheWatches, 1);

  watches->router = orf_router_ref (router);
  watches->idle = idle;
  watches->user_data = user_data;
  watches->prefixes = orf_names_table_new (NULL, prefix_free);
  return watches;
}

void
orf_cache_watches_free (OrfCacheWatches *watches)
{
  g_clear_pointer (&watches->timer, orf_timer_stop);
  g_hash_table_unref (watches->prefixes);
  orf_router_unref (watches->router);
  g_free (watches);
}

gboolean
orf_cache_watches_is_idle (const OrfCacheWatches *watches)
{
  return g_hash_table_size (watches->prefixes) == 0;
}

/* ---- values ---------------------------------------------------------------------------------- */

static void
append_patterns (GString *json, const GPtrArray *patterns)
{
  orf_encode_member (json, "patterns");
  g_string_append_c (json, '[');
  for (guint i = 0; patterns != NULL && i < patterns->len; i++) {
    orf_encode_comma (json);
    orf_encode_string (json, patterns->pdata[i], -1);
  }
  g_string_append_c (json, ']');
}

static const char *
get_key (const OrfCacheChangeSet *set, guint i)
{
  return set->text->str + g_array_index (set->keys, OrfCacheChange, i).offset;
}

static gboolean
is_meant (const Prefix *prefix, const OrfCacheChangeSet *set, guint i)
{
  return strncmp (get_key (set, i), prefix->text, prefix->length) == 0;
}

/* Returns how many there are. */
static guint
append_keys (GString *json, const Prefix *prefix, const OrfCacheChangeSet *set)
{
  guint n = 0;

  orf_encode_member (json, "keys");
  g_string_append_c (json, '[');
  for (guint i = 0; i < set->keys->len; i++)
    if (is_meant (prefix, set, i)) {
      orf_encode_comma (json);
      orf_encode_string (json, get_key (set, i), -1);
      n++;
    }
  g_string_append_c (json, ']');
  return n;
}

static void
append_versions (GString *json, const Prefix *prefix, const OrfCacheChangeSet *set)
{
  orf_encode_member (json, "versions");
  g_string_append_c (json, '[');
  for (guint i = 0; i < set->keys->len; i++)
    if (is_meant (prefix, set, i)) {
      orf_encode_comma (json);
      orf_encode_integer (json, (gint64) g_array_index (set->keys, OrfCacheChange, i).version);
    }
  g_string_append_c (json, ']');
}

static GString *
begin_value (guint64 version)
{
  GString *json = g_string_new ("{\"version\":");

  orf_encode_integer (json, (gint64) version);
  return json;
}

/* Where nothing happened but that time went on. */
static GString *
make_bare (guint64 version)
{
  GString *json = begin_value (version);

  g_string_append (json, ",\"keys\":[],\"versions\":[]");
  append_patterns (json, NULL);
  g_string_append_c (json, '}');
  return json;
}

static void
publish (Prefix *prefix, const GString *json)
{
  prefix->is_behind = FALSE;
  orf_channel_publish (prefix->channel, json->str, json->len);
}

static gboolean
version_cb (gpointer user_data)
{
  OrfCacheWatches *watches = user_data;
  GHashTableIter iter;
  gpointer value;
  g_autoptr (GString) json = make_bare (watches->version);

  g_clear_pointer (&watches->timer, orf_timer_stop);
  g_hash_table_iter_init (&iter, watches->prefixes);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Prefix *) value)->is_behind)
      publish (value, json);
  return G_SOURCE_REMOVE;
}

static void
tell_one (Prefix *prefix, const OrfCacheChangeSet *set)
{
  OrfCacheWatches *watches = prefix->watches;
  g_autoptr (GString) json = begin_value (set->version);
  guint n_keys = append_keys (json, prefix, set);

  if (n_keys == 0 && set->patterns->len == 0) {
    prefix->is_behind = TRUE;
    if (watches->timer == NULL)
      watches->timer = orf_timer_start (VERSION_MS, version_cb, watches);
    return;
  }
  append_versions (json, prefix, set);
  append_patterns (json, set->patterns);
  g_string_append_c (json, '}');
  publish (prefix, json);
}

void
orf_cache_watches_tell (OrfCacheWatches *watches, const OrfCacheChangeSet *set)
{
  GHashTableIter iter;
  gpointer value;

  watches->version = set->version;
  g_hash_table_iter_init (&iter, watches->prefixes);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    tell_one (value, set);
}

/* ---- streams --------------------------------------------------------------------------------- */

static void
drop (Prefix *prefix)
{
  OrfCacheWatches *watches = prefix->watches;

  g_hash_table_remove (watches->prefixes, prefix->text);
  if (orf_cache_watches_is_idle (watches))
    watches->idle (watches->user_data);
}

static void
idle_cb (gpointer user_data)
{
  drop (user_data);
}

static Prefix *
get_prefix (OrfCacheWatches *watches, const char *text)
{
  Prefix *prefix = g_hash_table_lookup (watches->prefixes, text);

  if (prefix != NULL)
    return prefix;
  prefix = g_new0 (Prefix, 1);
  prefix->watches = watches;
  prefix->text = g_strdup (text);
  prefix->length = strlen (text);
  prefix->channel = orf_channel_new (orf_router_get_streams (watches->router), DEPTH, idle_cb,
                                     prefix);
  g_hash_table_insert (watches->prefixes, prefix->text, prefix);
  return prefix;
}

void
orf_cache_watches_open (OrfCacheWatches *watches, OrfCall *call, const char *text, guint64 version)
{
  Prefix *prefix = get_prefix (watches, text);
  g_autoptr (GString) json = make_bare (version);
  g_autoptr (OrfBlob) first = orf_blob_new (json->str, json->len);

  if (!orf_call_return_stream (call, prefix->channel, first) &&
      orf_channel_get_n_streams (prefix->channel) == 0)
    drop (prefix);
}
