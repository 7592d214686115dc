/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The desk over a second level that answers when the test says so. */
#include "cache/orf-cache-desk.h"

#include <string.h>

#include "cache/orf-cache-record.h"
#include "core/orf-clock.h"
#include "core/orf-config.h"
#include "orf-error.h"

#define FAR_US G_MAXINT64

/* ---- the second level ------------------------------------------------------------------------ */

typedef struct {
  char what; /* g, s, r, l */
  GPtrArray *keys;
  OrfCacheAnswered done;
  gpointer data;
} Asked;

struct _OrfCacheLevel {
  OrfCacheCover covers[ORF_CACHE_MAX_NODES];
  GHashTable *records; /* key → GBytes */
  GQueue asked;
  OrfCacheOutcome outcome; /* of what is answered next, where it is not DONE */
  guint n_gets, n_unlocks;
};

static void
ask (OrfCacheLevel *level, char what, OrfCacheAnswered done, gpointer data)
{
  Asked *asked = g_new0 (Asked, 1);

  asked->what = what;
  asked->keys = g_ptr_array_new_with_free_func (g_free);
  asked->done = done;
  asked->data = data;
  g_queue_push_tail (&level->asked, asked);
}

static void
add_key (OrfCacheLevel *level, const OrfCacheBytes *key)
{
  Asked *asked = g_queue_peek_tail (&level->asked);

  g_ptr_array_add (asked->keys, g_strndup (key->data, key->length));
}

static void
fake_get (OrfCacheLevel *level,
          const OrfCacheBytes *keys,
          guint n,
          gint64 deadline_us,
          OrfCacheAnswered done,
          gpointer data)
{
  level->n_gets++;
  ask (level, 'g', done, data);
  for (guint i = 0; i < n; i++)
    add_key (level, &keys[i]);
}

static void
fake_set (OrfCacheLevel *level,
          const OrfCacheWrite *writes,
          guint n,
          gint64 deadline_us,
          OrfCacheAnswered done,
          gpointer data)
{
  ask (level, 's', done, data);
  for (guint i = 0; i < n; i++) {
    add_key (level, &writes[i].key);
    if (level->outcome == ORF_CACHE_DONE)
      g_hash_table_insert (level->records, g_strndup (writes[i].key.data, writes[i].key.length),
                           g_bytes_new (writes[i].record.data, writes[i].record.length));
  }
}

static void
fake_remove (OrfCacheLevel *level,
             const OrfCacheBytes *keys,
             guint n,
             gint64 deadline_us,
             OrfCacheAnswered done,
             gpointer data)
{
  ask (level, 'r', done, data);
  add_key (level, &keys[0]);
}

static guint64
fake_invalidate (OrfCacheLevel *level,
                 const char *pattern,
                 const char *tag,
                 gint64 deadline_us,
                 OrfCacheProgress progress,
                 gpointer data)
{
  const OrfCacheOutcome outcome = ORF_CACHE_DONE;
  guint64 n = g_hash_table_size (level->records);

  g_hash_table_remove_all (level->records);
  progress (data, NULL, n / 2);
  progress (data, &outcome, n);
  return 1;
}

static void
fake_lock (OrfCacheLevel *level,
           const OrfCacheBytes *key,
           gint64 hold_ms,
           gint64 deadline_us,
           OrfCacheAnswered done,
           gpointer data)
{
  ask (level, 'l', done, data);
  add_key (level, key);
}

static void
fake_unlock (OrfCacheLevel *level, const OrfCacheBytes *key)
{
  level->n_unlocks++;
}

static const OrfCacheCover *
fake_get_covers (OrfCacheLevel *level)
{
  return level->covers;
}

static OrfCacheAnswer
answer_one (OrfCacheLevel *level, const Asked *asked, const char *key)
{
  GBytes *record = g_hash_table_lookup (level->records, key);
  OrfCacheAnswer answer = { .outcome = level->outcome, .node = 1, .epoch = level->covers[1].epoch };

  if (asked->what == 'g' && answer.outcome == ORF_CACHE_DONE) {
    answer.outcome = record != NULL ? ORF_CACHE_DONE : ORF_CACHE_MISSING;
    if (record != NULL)
      answer.record.data = g_bytes_get_data (record, &answer.record.length);
  } else if (asked->what == 'r' && answer.outcome == ORF_CACHE_DONE) {
    answer.outcome = record != NULL ? ORF_CACHE_DONE : ORF_CACHE_MISSING;
    g_hash_table_remove (level->records, key);
  }
  return answer;
}

/* What was asked first is answered. */
static void
answer (OrfCacheLevel *level)
{
  Asked *asked = g_queue_pop_head (&level->asked);
  g_autoptr (GArray) answers = g_array_new (FALSE, FALSE, sizeof (OrfCacheAnswer));

  for (guint i = 0; i < asked->keys->len; i++) {
    OrfCacheAnswer one = answer_one (level, asked, asked->keys->pdata[i]);

    g_array_append_val (answers, one);
  }
  asked->done (asked->data, (const OrfCacheAnswer *) (gpointer) answers->data, answers->len);
  g_ptr_array_unref (asked->keys);
  g_free (asked);
}

static void
fake_free (OrfCacheLevel *level)
{
  level->outcome = ORF_CACHE_LOST;
  while (level->asked.length > 0)
    answer (level);
}

static const OrfCacheLevelOps ops = {
  .free = fake_free,
  .get = fake_get,
  .set = fake_set,
  .remove = fake_remove,
  .invalidate = fake_invalidate,
  .lock = fake_lock,
  .unlock = fake_unlock,
  .get_covers = fake_get_covers,
};

/* ---- callers --------------------------------------------------------------------------------- */

typedef struct {
  OrfConfig *config;
  OrfCacheLevel level;
  OrfCacheJournal *journal;
  OrfCacheDesk *desk;
} Fixture;

static void
ignore_changes_cb (gpointer user_data, OrfCacheChangeSet *set)
{
  orf_cache_change_set_free (set);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->config = orf_config_new_defaults ();
  f->config->cache.ttl_jitter_percent = 0;
  f->level.records = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                            (GDestroyNotify) g_bytes_unref);
  f->level.covers[1] = (OrfCacheCover){ 7, FAR_US };
  f->journal = orf_cache_journal_new (ignore_changes_cb, NULL);
  f->desk = orf_cache_desk_new (f->config, NULL, f->journal);
  orf_cache_desk_set_level (f->desk, &ops, &f->level);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->desk, orf_cache_desk_free);
  orf_cache_journal_free (f->journal);
  g_hash_table_unref (f->level.records);
  orf_config_free (f->config);
}

typedef struct {
  char *text; /* NULL: not told yet */
} Told;

static void
done_cb (gpointer data, const char *json, gsize length, GError *error)
{
  Told *told = data;

  g_assert_null (told->text);
  told->text = error != NULL ? g_strdup (orf_error_code_to_name (orf_error_get_code (error)))
                             : g_strndup (json, length);
  g_clear_error (&error);
}

static void
ask_desk (Fixture *f, OrfMethodId method, gconstpointer params, Told *told)
{
  told->text = NULL;
  orf_cache_desk_ask (f->desk, method, params, NULL, &(OrfCacheAsker){ done_cb, told });
}

static void
expect (Told *told, const char *part)
{
  g_assert_nonnull (told->text);
  if (strstr (told->text, part) == NULL)
    g_error ("%s is not in %s", part, told->text);
  g_clear_pointer (&told->text, g_free);
}

static const OrfCacheGetParams get_k = { .key = (char *) "k" };

static OrfCacheSetParams
set_k (const char *value)
{
  return (OrfCacheSetParams){ .key = (char *) "k",
                              .value = (char *) value,
                              .encoding = ORF_CACHE_ENCODING_UTF8 };
}

static void
store (Fixture *f, const char *value)
{
  const OrfCacheSetParams params = set_k (value);
  Told told;

  ask_desk (f, ORF_METHOD_CACHE_SET, &params, &told);
  answer (&f->level);
  expect (&told, "\"stored\":1");
}

/* As if another daemon had written. */
static void
write_elsewhere (Fixture *f, const char *value)
{
  const OrfCacheItem item = {
    .key = { "k", 1 },
    .value = { value, strlen (value) },
    .expires_us = orf_clock_monotonic_us () + 60 * ORF_US_PER_S,
    .cost_us = -1,
  };
  g_autoptr (GByteArray)
    record = orf_cache_record_new (&item, orf_clock_monotonic_us (), orf_clock_now_us ());

  g_hash_table_insert (f->level.records, g_strdup ("k"), g_bytes_new (record->data, record->len));
}

static void
tell_changed (Fixture *f)
{
  const OrfCacheBytes key = { "k", 1 };

  orf_cache_desk_changed (f->desk, &key, 1);
}

/* From the first level, or the second. */
static void
expect_value (Fixture *f, const char *tier, const char *value)
{
  g_autofree char *wanted =
    g_strdup_printf ("\"value\":\"%s\",\"encoding\":\"utf8\",\"tier\":\"%s\"", value, tier);
  Told told;

  ask_desk (f, ORF_METHOD_CACHE_GET, &get_k, &told);
  if (told.text == NULL)
    answer (&f->level);
  expect (&told, wanted);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void
test_read_through (Fixture *f, gconstpointer data)
{
  Told told;

  ask_desk (f, ORF_METHOD_CACHE_GET, &get_k, &told);
  g_assert_null (told.text);
  answer (&f->level);
  expect (&told, "\"hit\":false");
  write_elsewhere (f, "1");
  expect_value (f, "l2", "1");
  expect_value (f, "l1", "1");
  store (f, "2");
  expect_value (f, "l1", "2");
}

static void
test_many_ask_once (Fixture *f, gconstpointer data)
{
  Told told[5];

  write_elsewhere (f, "1");
  for (guint i = 0; i < G_N_ELEMENTS (told); i++)
    ask_desk (f, ORF_METHOD_CACHE_GET, &get_k, &told[i]);
  g_assert_cmpuint (f->level.n_gets, ==, 1);
  answer (&f->level);
  for (guint i = 0; i < G_N_ELEMENTS (told); i++)
    expect (&told[i], "\"hit\":true");
}

/* The race between an answer and what changed the key after it was read. */
static void
test_changed_while_it_flies (Fixture *f, gconstpointer data)
{
  const OrfCacheSetParams mine = set_k ("mine");
  Told get, set;

  write_elsewhere (f, "old");
  ask_desk (f, ORF_METHOD_CACHE_GET, &get_k, &get);
  tell_changed (f);
  answer (&f->level);
  expect (&get, "\"old\""); /* to who asked before */
  write_elsewhere (f, "new");
  expect_value (f, "l2", "new"); /* but it was not kept */

  ask_desk (f, ORF_METHOD_CACHE_SET, &mine, &set);
  write_elsewhere (f, "theirs"); /* after ours */
  tell_changed (f);
  answer (&f->level);
  expect (&set, "\"stored\":1");
  expect_value (f, "l2", "theirs");
  expect_value (f, "l1", "theirs");
}

/* A read that was on its way before an own write is not kept after it. */
static void
test_own_write_while_it_flies (Fixture *f, gconstpointer data)
{
  const OrfCacheSetParams params = set_k ("new");
  Told get, set;
  OrfCacheLevel *level = &f->level;
  Asked *read;

  write_elsewhere (f, "old");
  ask_desk (f, ORF_METHOD_CACHE_GET, &get_k, &get);
  read = g_queue_pop_head (&level->asked);
  ask_desk (f, ORF_METHOD_CACHE_SET, &params, &set);
  answer (level);
  expect (&set, "\"stored\":1");
  write_elsewhere (f, "old"); /* what the read had seen */
  g_queue_push_head (&level->asked, read);
  answer (level);
  expect (&get, "\"old\"");
  write_elsewhere (f, "new");
  expect_value (f, "l1", "new");
}

/* A read that was on its way before a removal that its node did not hear of is not joined. */
static void
test_asked_after_a_removal (Fixture *f, gconstpointer data)
{
  const OrfCacheDeleteParams key = { .key = (char *) "k" };
  Told before, removed, after;
  OrfCacheLevel *level = &f->level;
  Asked *read;

  write_elsewhere (f, "old");
  ask_desk (f, ORF_METHOD_CACHE_GET, &get_k, &before);
  read = g_queue_pop_head (&level->asked);
  level->outcome = ORF_CACHE_DOWN; /* too much is in flight to it */
  ask_desk (f, ORF_METHOD_CACHE_DELETE, &key, &removed);
  answer (level);
  expect (&removed, "\"removed\":0");
  ask_desk (f, ORF_METHOD_CACHE_GET, &get_k, &after);
  g_assert_cmpuint (level->n_gets, ==, 2);
  level->outcome = ORF_CACHE_DONE;
  g_queue_push_head (&level->asked, read);
  answer (level);
  expect (&before, "\"old\"");
  g_assert_null (after.text);
  level->outcome = ORF_CACHE_DOWN;
  answer (level);
  expect (&after, "\"hit\":false");
}

/* What a node says is text, and is not, would make an answer that no client can read. */
static void
test_no_text (Fixture *f, gconstpointer data)
{
  Told told;

  write_elsewhere (f, "\xff\xfe");
  ask_desk (f, ORF_METHOD_CACHE_GET, &get_k, &told);
  answer (&f->level);
  expect (&told, "\"hit\":false");
}

static void
test_covers (Fixture *f, gconstpointer data)
{
  store (f, "1");
  f->level.covers[1].until_us = 0; /* the link tells nothing for now */
  write_elsewhere (f, "2");
  expect_value (f, "l2", "2");
  expect_value (f, "l2", "2");
  f->level.covers[1] = (OrfCacheCover){ 8, FAR_US }; /* it broke, and is back */
  write_elsewhere (f, "3");
  expect_value (f, "l2", "3");
  expect_value (f, "l1", "3");
}

static void
test_node_is_down (Fixture *f, gconstpointer data)
{
  const OrfCacheSetParams params = set_k ("alone");

  f->config->cache.alone_us = 60 * ORF_US_PER_S;
  f->level.outcome = ORF_CACHE_DOWN;
  f->level.covers[1].until_us = 0;
  store (f, params.value);
  expect_value (f, "l1", "alone");
  f->level.covers[1].epoch++; /* it is back */
  f->level.outcome = ORF_CACHE_DONE;
  write_elsewhere (f, "theirs");
  expect_value (f, "l2", "theirs");
}

static void
test_nobody_knows (Fixture *f, gconstpointer data)
{
  const OrfCacheSetParams params = set_k ("2");
  const OrfCacheDeleteParams key = { .key = (char *) "k" };
  Told told;

  store (f, "1");
  f->level.outcome = ORF_CACHE_LOST;
  ask_desk (f, ORF_METHOD_CACHE_SET, &params, &told);
  answer (&f->level);
  expect (&told, "UNAVAILABLE");
  ask_desk (f, ORF_METHOD_CACHE_DELETE, &key, &told);
  answer (&f->level);
  expect (&told, "UNAVAILABLE");
  ask_desk (f, ORF_METHOD_CACHE_GET, &get_k, &told);
  answer (&f->level);
  expect (&told, "\"hit\":false"); /* neither the old one nor the new */
}

static void
test_leases_of_daemons (Fixture *f, gconstpointer data)
{
  const OrfCacheGetParams params = { .key = (char *) "k",
                                     .lease_us = 60 * ORF_US_PER_S,
                                     .has_lease_us = TRUE,
                                     .wait_us = 60 * ORF_US_PER_S };
  Told told;

  ask_desk (f, ORF_METHOD_CACHE_GET, &params, &told);
  answer (&f->level); /* the read */
  f->level.outcome = ORF_CACHE_MISSING;
  answer (&f->level); /* the lock: another daemon has it */
  g_assert_null (told.text);
  f->level.outcome = ORF_CACHE_DONE;
  write_elsewhere (f, "made");
  while (f->level.asked.length == 0) /* it looks again by itself */
    g_main_context_iteration (NULL, TRUE);
  answer (&f->level);
  expect (&told, "\"made\"");
}

static void
test_several (Fixture *f, gconstpointer data)
{
  const char *const keys[] = { "a", "k", "b", NULL };
  const OrfCacheMgetParams params = { .keys = (char **) keys };
  Told told;

  write_elsewhere (f, "1");
  ask_desk (f, ORF_METHOD_CACHE_MGET, &params, &told);
  g_assert_cmpuint (f->level.n_gets, ==, 1);
  answer (&f->level);
  expect (&told,
          "{\"key\":\"a\",\"hit\":false,\"value\":null,\"encoding\":null,\"tier\":null},"
          "{\"key\":\"k\",\"hit\":true,\"value\":\"1\",\"encoding\":\"utf8\",\"tier\":\"l2\"},"
          "{\"key\":\"b\",\"hit\":false");
}

/* One key a thousand times is asked for once, and a large value not told so often. */
static void
test_several_of_one (Fixture *f, gconstpointer data)
{
  const char *const keys[] = { "k", "a", "k", NULL };
  const OrfCacheMgetParams params = { .keys = (char **) keys };
  g_autofree char *half = g_strnfill (600 * 1024, 'x');
  Told told;

  write_elsewhere (f, "1");
  ask_desk (f, ORF_METHOD_CACHE_MGET, &params, &told);
  g_assert_cmpuint (((Asked *) g_queue_peek_head (&f->level.asked))->keys->len, ==, 2);
  answer (&f->level);
  expect (&told,
          "{\"entries\":["
          "{\"key\":\"k\",\"hit\":true,\"value\":\"1\",\"encoding\":\"utf8\",\"tier\":\"l2\"},"
          "{\"key\":\"a\",\"hit\":false,\"value\":null,\"encoding\":null,\"tier\":null},"
          "{\"key\":\"k\",\"hit\":true,\"value\":\"1\",\"encoding\":\"utf8\",\"tier\":\"l2\"}]}");
  f->config->memory.rpc_bytes = 1024 * 1024;
  write_elsewhere (f, half);
  tell_changed (f);
  ask_desk (f, ORF_METHOD_CACHE_MGET, &params, &told);
  answer (&f->level);
  expect (&told, "RESOURCE_EXHAUSTED");
  expect_value (f, "l1", half);
  ask_desk (f, ORF_METHOD_CACHE_MGET, &params, &told); /* now of the first level */
  expect (&told, "RESOURCE_EXHAUSTED");
}

/* What the first level had when asked is told, though it is dropped before the nodes answer. */
static void
test_several_dropped (Fixture *f, gconstpointer data)
{
  const char *const keys[] = { "a", "k", "b", "k", NULL };
  const OrfCacheMgetParams params = { .keys = (char **) keys };
  const OrfCacheClearParams here = { .local = TRUE };
  Told told, cleared;

  store (f, "1");
  ask_desk (f, ORF_METHOD_CACHE_MGET, &params, &told);
  g_assert_null (told.text);
  ask_desk (f, ORF_METHOD_CACHE_CLEAR, &here, &cleared);
  while (cleared.text == NULL)
    g_main_context_iteration (NULL, TRUE);
  expect (&cleared, "\"removed\":1");
  answer (&f->level);
  expect (&told,
          "{\"entries\":["
          "{\"key\":\"a\",\"hit\":false,\"value\":null,\"encoding\":null,\"tier\":null},"
          "{\"key\":\"k\",\"hit\":true,\"value\":\"1\",\"encoding\":\"utf8\",\"tier\":\"l1\"},"
          "{\"key\":\"b\",\"hit\":false,\"value\":null,\"encoding\":null,\"tier\":null},"
          "{\"key\":\"k\",\"hit\":true,\"value\":\"1\",\"encoding\":\"utf8\",\"tier\":\"l1\"}]}");
}

static void
test_cleared (Fixture *f, gconstpointer data)
{
  const OrfCacheClearParams everywhere = { .local = FALSE }, here = { .local = TRUE };
  Told told;

  store (f, "1");
  ask_desk (f, ORF_METHOD_CACHE_CLEAR, &here, &told);
  while (told.text == NULL)
    g_main_context_iteration (NULL, TRUE);
  expect (&told, "\"removed\":1");
  expect_value (f, "l2", "1");
  ask_desk (f, ORF_METHOD_CACHE_CLEAR, &everywhere, &told);
  while (told.text == NULL)
    g_main_context_iteration (NULL, TRUE);
  expect (&told, "\"removed\":1");
  ask_desk (f, ORF_METHOD_CACHE_GET, &get_k, &told);
  answer (&f->level);
  expect (&told, "\"hit\":false");
}

/* Whoever still waits is answered. */
static void
test_end (Fixture *f, gconstpointer data)
{
  const OrfCacheGetParams params = { .key = (char *) "w",
                                     .lease_us = 60 * ORF_US_PER_S,
                                     .has_lease_us = TRUE,
                                     .wait_us = 60 * ORF_US_PER_S };
  const OrfCacheSetParams set = set_k ("1");
  Told got, waited, written;

  ask_desk (f, ORF_METHOD_CACHE_GET, &get_k, &got);
  ask_desk (f, ORF_METHOD_CACHE_GET, &params, &waited);
  ask_desk (f, ORF_METHOD_CACHE_SET, &set, &written);
  g_clear_pointer (&f->desk, orf_cache_desk_free);
  expect (&got, "\"hit\":false");
  expect (&waited, "\"hit\":false");
  expect (&written, "UNAVAILABLE");
}

/* Whether the caller may hold what is answered; under the version of now. */
static void
expect_keep (Fixture *f, Told *told, gboolean may)
{
  g_autofree char *version = g_strdup_printf ("\"version\":%" G_GUINT64_FORMAT ",\"keep_us\":",
                                              orf_cache_journal_get_version (f->journal));

  g_assert_nonnull (told->text);
  g_assert_cmpint (strstr (told->text, may ? version : "version") != NULL, ==, may);
  g_clear_pointer (&told->text, g_free);
}

static const OrfCacheGetParams keep_k = { .key = (char *) "k", .keep = TRUE };

/* What callers may hold is what the store holds, and would serve. */
static void
test_keep (Fixture *f, gconstpointer data)
{
  OrfCacheSetParams set = set_k ("2");
  Told told;

  write_elsewhere (f, "1");
  for (guint i = 0; i < 2; i++) {
    ask_desk (f, ORF_METHOD_CACHE_GET, &keep_k, &told);
    if (i == 0)
      answer (&f->level);
    expect_keep (f, &told, TRUE);
  }
  /* changed while the answer was on its way: told to who asked, and held by nobody */
  tell_changed (f);
  ask_desk (f, ORF_METHOD_CACHE_GET, &keep_k, &told);
  tell_changed (f);
  answer (&f->level);
  expect_keep (f, &told, FALSE);
  /* an own write, and one that another was quicker than */
  set.keep = TRUE;
  ask_desk (f, ORF_METHOD_CACHE_SET, &set, &told);
  answer (&f->level);
  expect_keep (f, &told, TRUE);
  ask_desk (f, ORF_METHOD_CACHE_SET, &set, &told);
  tell_changed (f);
  answer (&f->level);
  expect_keep (f, &told, FALSE);
  /* without cover it would be asked for again */
  f->level.covers[1].until_us = 0;
  ask_desk (f, ORF_METHOD_CACHE_GET, &keep_k, &told);
  answer (&f->level);
  expect_keep (f, &told, FALSE);
}

static void
expect_sync (Fixture *f, guint64 more, const char *lease)
{
  g_autofree char *wanted = NULL;
  guint64 version = orf_cache_journal_get_version (f->journal) + more;
  Told told;

  wanted = g_strdup_printf ("{\"version\":%" G_GUINT64_FORMAT ",\"lease_us\":%s}", version, lease);
  ask_desk (f, ORF_METHOD_CACHE_SYNC, NULL, &told);
  expect (&told, wanted);
}

/* A node's link that broke is a change of everything, told with the next sync; the others go on. */
static void
test_sync (Fixture *f, gconstpointer data)
{
  f->level.covers[1].epoch = 0;
  expect_sync (f, 0, "2000000");
  f->level.covers[1].epoch++;
  f->level.covers[1].until_us = 0;
  expect_sync (f, 1, "2000000");
  expect_sync (f, 0, "2000000");
  f->level.covers[1].until_us = FAR_US;
  expect_sync (f, 0, "2000000");
  f->level.covers[1].epoch++;
  expect_sync (f, 1, "2000000");
}

#define ADD(name, function)                                                                        \
  g_test_add ("/cache-desk/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("read-through", test_read_through);
  ADD ("many-ask-once", test_many_ask_once);
  ADD ("changed-while-it-flies", test_changed_while_it_flies);
  ADD ("own-write-while-it-flies", test_own_write_while_it_flies);
  ADD ("asked-after-a-removal", test_asked_after_a_removal);
  ADD ("no-text", test_no_text);
  ADD ("covers", test_covers);
  ADD ("node-is-down", test_node_is_down);
  ADD ("nobody-knows", test_nobody_knows);
  ADD ("leases-of-daemons", test_leases_of_daemons);
  ADD ("several", test_several);
  ADD ("several-of-one", test_several_of_one);
  ADD ("several-dropped", test_several_dropped);
  ADD ("cleared", test_cleared);
  ADD ("end", test_end);
  ADD ("keep", test_keep);
  ADD ("sync", test_sync);
  return g_test_run ();
}
