/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OrfCache, with a daemon that says what the test wants and when. */
#include <glib.h>
#include <orfeas/cache.h>
#include <stdlib.h>
#include <string.h>

#include "fake-daemon.h"

#define LONG_US   (60 * G_USEC_PER_SEC)
#define LEASE_US  LONG_US
#define VERY_SOON (30 * 1000)

typedef struct {
  FakeDaemon daemon;
  OrfCache *cache;
  gint64 version;
  gint64 lease_us;
} Fixture;

/* ---- the daemon's side ----------------------------------------------------------------------- */

/* The next call but cache.sync, which is answered. */
static json_t *
next_call (Fixture *f, const char *method)
{
  for (;;) {
    json_t *call = fake_daemon_read (&f->daemon);

    g_assert_nonnull (call);
    if (strcmp (json_string_value (json_object_get (call, "method")), "cache.sync") != 0) {
      g_assert_cmpstr (json_string_value (json_object_get (call, "method")), ==, method);
      return call;
    }
    fake_daemon_answer (&f->daemon, call,
                        json_pack ("{s:I, s:I}", "version", (json_int_t) f->version, "lease_us",
                                   (json_int_t) f->lease_us));
  }
}

/* key NULL: nothing but the version; pattern NULL: none. */
static void
tell (Fixture *f, const char *key, const char *pattern, gboolean dropped)
{
  g_autofree char *quoted_key = key != NULL ? g_strdup_printf ("\"%s\"", key) : g_strdup ("");
  g_autofree char *quoted = pattern != NULL ? g_strdup_printf ("\"%s\"", pattern) : g_strdup ("");
  g_autofree char *number = key != NULL ? g_strdup_printf ("%" G_GINT64_FORMAT, f->version)
                                        : g_strdup ("");
  g_autofree char *line = g_strdup_printf (
    "{\"jsonrpc\":\"2.0\",\"method\":\"stream.next\",\"params\":{\"stream\":\"s1\","
    "\"seq\":1,%s\"value\":{\"version\":%" G_GINT64_FORMAT
    ",\"keys\":[%s],\"versions\":[%s],\"patterns\":[%s]}}}",
    dropped ? "\"dropped\":3," : "", f->version, quoted_key, number, quoted);

  fake_daemon_send (&f->daemon, line);
}

static void
welcome (Fixture *f)
{
  json_t *call;

  fake_daemon_accept (&f->daemon);
  call = next_call (f, "cache.watch");
  fake_daemon_answer (&f->daemon, call, json_pack ("{s:s}", "stream", "s1"));
  tell (f, NULL, NULL, FALSE);
  call = fake_daemon_read (&f->daemon);
  fake_daemon_answer (&f->daemon, call,
                      json_pack ("{s:I, s:I}", "version", (json_int_t) f->version, "lease_us",
                                 (json_int_t) f->lease_us));
}

static void
answer_value (Fixture *f, json_t *call, const char *value, gint64 version)
{
  json_t *result = json_pack ("{s:s, s:b, s:s, s:s, s:s}", "key", "k", "hit", 1, "value", value,
                              "encoding", "utf8", "tier", "l1");

  if (version > 0) {
    json_object_set_new (result, "version", json_integer (version));
    json_object_set_new (result, "keep_us", json_integer (LONG_US));
  }
  fake_daemon_answer (&f->daemon, call, result);
}

/* ---- the program's side ---------------------------------------------------------------------- */

typedef struct {
  Fixture *f;
  GThread *thread;
  const char *key, *set; /* set NULL: a get */
  OrfStatus status;
  OrfCacheValue *value;
} Caller;

static gpointer
call_thread_cb (gpointer data)
{
  Caller *caller = data;

  if (caller->set != NULL)
    caller->status = orf_cache_set (caller->f->cache, caller->key, caller->set,
                                    strlen (caller->set), NULL);
  else
    caller->status = orf_cache_get (caller->f->cache, caller->key, &caller->value);
  return NULL;
}

static void
start (Fixture *f, Caller *caller, const char *key, const char *set)
{
  *caller = (Caller){ .f = f, .key = key, .set = set };
  caller->thread = g_thread_new ("caller", call_thread_cb, caller);
}

/* value NULL: a miss, or a set. */
static void
finish (Caller *caller, OrfStatus status, const char *value)
{
  g_thread_join (caller->thread);
  g_assert_cmpint (caller->status, ==, status);
  g_assert_cmpstr (caller->value != NULL ? orf_cache_value_get_data (caller->value, NULL) : NULL,
                   ==, value);
  orf_cache_value_release (caller->value);
}

/* A get that has to ask, and what it is answered. */
static void
ask (Fixture *f, const char *value, gint64 version)
{
  Caller caller;

  start (f, &caller, "k", NULL);
  answer_value (f, next_call (f, "cache.get"), value, version);
  finish (&caller, ORF_STATUS_OK, value);
}

/* A get that is answered with nobody asked. */
static void
expect_held (Fixture *f, const char *value)
{
  OrfCacheValue *got;
  OrfCacheState before, after;

  orf_cache_get_state (f->cache, &before);
  g_assert_cmpint (orf_cache_get (f->cache, "k", &got), ==, ORF_STATUS_OK);
  g_assert_cmpstr (orf_cache_value_get_data (got, NULL), ==, value);
  orf_cache_value_release (got);
  orf_cache_get_state (f->cache, &after);
  g_assert_cmpuint (after.n_hits, ==, before.n_hits + 1);
  g_assert_cmpuint (after.n_calls, ==, before.n_calls);
}

/* What the daemon told is known: the thread reads in order, and a get's answer comes behind. */
static void
settle (Fixture *f)
{
  Caller caller;

  start (f, &caller, "other", NULL);
  answer_value (f, next_call (f, "cache.get"), "x", 0);
  finish (&caller, ORF_STATUS_OK, "x");
}

static void
open_cache (Fixture *f, const char *prefix)
{
  const OrfCacheOptions options = { .socket = f->daemon.path,
                                    .prefix = prefix,
                                    .timeout_us = LONG_US };

  g_assert_cmpint (orf_cache_new (&options, &f->cache), ==, ORF_STATUS_OK);
}

static void
set_up (Fixture *f, gconstpointer prefix)
{
  f->version = 7;
  f->lease_us = LEASE_US;
  fake_daemon_init (&f->daemon);
  fake_daemon_listen (&f->daemon);
  open_cache (f, prefix);
  welcome (f);
  g_assert_cmpint (orf_cache_wait_fresh (f->cache, LONG_US), ==, ORF_STATUS_OK);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  orf_cache_free (f->cache);
  fake_daemon_clear (&f->daemon);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void
test_held (Fixture *f, gconstpointer data)
{
  ask (f, "1", 7);
  expect_held (f, "1");
  expect_held (f, "1");
  f->version = 8;
  tell (f, "k", NULL, FALSE);
  settle (f);
  ask (f, "2", 0); /* not to be held */
  ask (f, "3", 8);
  expect_held (f, "3");
  f->version = 9;
  tell (f, "j", NULL, FALSE);
  settle (f);
  expect_held (f, "3");
  f->version = 10;
  tell (f, NULL, "?", FALSE);
  settle (f);
  ask (f, "4", 10);
  expect_held (f, "4");
}

/* A change that is told while the answer is on its way. */
static void
test_overtaken (Fixture *f, gconstpointer data)
{
  Caller caller;
  json_t *call;

  start (f, &caller, "k", NULL);
  call = next_call (f, "cache.get");
  f->version = 8;
  tell (f, "k", NULL, FALSE);
  answer_value (f, call, "old", 7);
  finish (&caller, ORF_STATUS_OK, "old");
  ask (f, "new", 8);
  expect_held (f, "new");
}

static void
answer_set (Fixture *f, json_t *call, gint64 version)
{
  json_t *result = json_pack ("{s:i}", "stored", 1);

  if (version > 0) {
    json_object_set_new (result, "version", json_integer (version));
    json_object_set_new (result, "keep_us", json_integer (LONG_US));
  }
  fake_daemon_answer (&f->daemon, call, result);
}

/* One's own write is held, and is not dropped when it is told; nothing older comes back. */
static void
test_own_write (Fixture *f, gconstpointer data)
{
  Caller reader, writer;
  json_t *get;

  ask (f, "1", 7);
  f->version = 8;
  tell (f, "k", NULL, FALSE);
  settle (f);
  start (f, &reader, "k", NULL);
  get = next_call (f, "cache.get");
  start (f, &writer, "k", "2");
  answer_set (f, next_call (f, "cache.set"), 9);
  finish (&writer, ORF_STATUS_OK, NULL);
  answer_value (f, get, "1", 8);
  finish (&reader, ORF_STATUS_OK, "1");
  expect_held (f, "2");
  f->version = 9;
  tell (f, "k", NULL, FALSE);
  settle (f);
  expect_held (f, "2");
  /* one that the daemon could not confirm, and one that it did not answer */
  for (guint i = 0; i < 2; i++) {
    start (f, &writer, "k", "3");
    if (i == 0)
      fake_daemon_refuse (&f->daemon, next_call (f, "cache.set"), "UNAVAILABLE");
    else
      answer_set (f, next_call (f, "cache.set"), 0);
    finish (&writer, i == 0 ? ORF_STATUS_FAILED : ORF_STATUS_OK, NULL);
    ask (f, "4", 9);
    expect_held (f, "4");
  }
}

static void
test_dropped (Fixture *f, gconstpointer data)
{
  ask (f, "1", 7);
  f->version = 8;
  tell (f, "j", NULL, TRUE);
  settle (f);
  ask (f, "2", 8);
  expect_held (f, "2");
}

/* Who is not heard of any more is asked. */
static void
test_lease (Fixture *f, gconstpointer data)
{
  OrfCacheState state;

  f->lease_us = VERY_SOON;
  orf_cache_free (f->cache);
  fake_daemon_hang_up (&f->daemon, FALSE);
  open_cache (f, NULL);
  welcome (f);
  ask (f, "1", 7);
  do
    orf_cache_get_state (f->cache, &state);
  while (state.is_fresh);
  ask (f, "2", 7);
}

/* With the connection all goes; what the next daemon says stands, whatever its count. */
static void
test_restart (Fixture *f, gconstpointer data)
{
  OrfCacheValue *value;
  OrfCacheState state;
  Caller caller;

  ask (f, "1", 7);
  start (f, &caller, "j", NULL);
  json_decref (next_call (f, "cache.get"));
  fake_daemon_hang_up (&f->daemon, TRUE);
  finish (&caller, ORF_STATUS_FAILED, NULL);
  do
    orf_cache_get_state (f->cache, &state);
  while (state.is_fresh);
  g_assert_cmpint (orf_cache_get (f->cache, "k", &value), ==, ORF_STATUS_FAILED);
  g_assert_null (value);
  fake_daemon_listen (&f->daemon);
  f->version = 3;
  welcome (f);
  ask (f, "2", 3);
  expect_held (f, "2");
  orf_cache_get_state (f->cache, &state);
  g_assert_cmpuint (state.n_connections, ==, 2);
  g_assert_cmpuint (state.n_flushes, ==, 1);
}

static void
test_prefix (Fixture *f, gconstpointer data)
{
  Caller caller;

  ask (f, "1", 7);
  ask (f, "1", 7);
  for (guint i = 0; i < 2; i++) {
    start (f, &caller, "user:1", NULL);
    if (i == 0)
      answer_value (f, next_call (f, "cache.get"), "2", 7);
    finish (&caller, ORF_STATUS_OK, "2");
  }
}

static void
test_invalid (Fixture *f, gconstpointer data)
{
  g_autofree char *long_key = g_strnfill (1025, 'k');
  const char *const wrong[] = { "", "\xff", long_key, NULL };
  const char *const tags[] = { "good", "\xff", NULL };
  OrfCacheValue *value;
  OrfCache *cache;

  for (guint i = 0; wrong[i] != NULL; i++) {
    g_assert_cmpint (orf_cache_get (f->cache, wrong[i], &value), ==, ORF_STATUS_INVALID);
    g_assert_cmpint (orf_cache_set (f->cache, wrong[i], "1", 1, NULL), ==, ORF_STATUS_INVALID);
    g_assert_cmpint (orf_cache_delete (f->cache, wrong[i]), ==, ORF_STATUS_INVALID);
  }
  g_assert_cmpint (orf_cache_get (f->cache, NULL, &value), ==, ORF_STATUS_INVALID);
  orf_cache_value_release (NULL);
  /* left out, nothing would ever drop it by that tag */
  g_assert_cmpint (orf_cache_set (f->cache, "k", "1", 1, &(OrfCacheSetOptions){ .tags = tags }), ==,
                   ORF_STATUS_INVALID);
  g_assert_cmpint (orf_cache_new (&(OrfCacheOptions){ .prefix = "\xff" }, &cache), ==,
                   ORF_STATUS_INVALID);
}

/* ---- several, and errors --------------------------------------------------------------------- */

#define MANY 3

typedef struct {
  Fixture *f;
  GThread *thread;
  OrfStatus status;
  OrfCacheValue *values[MANY];
  guint64 n_removed;
  OrfLastError error; /* of the thread that called */
} Several;

static const char *const many_keys[MANY] = { "a", "k", "z" };

static gpointer
get_many_thread_cb (gpointer data)
{
  Several *several = data;

  several->status = orf_cache_get_many (several->f->cache, many_keys, MANY, several->values);
  orf_last_error_get (&several->error);
  return NULL;
}

static gpointer
invalidate_thread_cb (gpointer data)
{
  Several *several = data;

  several->status = orf_cache_invalidate (several->f->cache, "k*", "t", &several->n_removed);
  orf_last_error_get (&several->error);
  return NULL;
}

static void
begin_several (Fixture *f, Several *several, GThreadFunc func)
{
  *several = (Several){ .f = f };
  several->thread = g_thread_new ("several", func, several);
}

/* What is held is not asked for, the others in their order; what was answered is held. */
static void
test_many (Fixture *f, gconstpointer data)
{
  Several several;
  json_t *call;
  char *asked;

  ask (f, "held", 7);
  begin_several (f, &several, get_many_thread_cb);
  call = next_call (f, "cache.mget");
  asked = json_dumps (json_object_get (fake_daemon_get_params (call), "keys"), JSON_COMPACT);
  g_assert_cmpstr (asked, ==, "[\"a\",\"z\"]");
  g_assert_cmpint (json_integer_value (
                     json_object_get (json_object_get (call, "meta"), "deadline_ms")),
                   ==, LONG_US / 1000);
  fake_daemon_answer (&f->daemon, call,
                      json_pack ("{s:[{s:s, s:b, s:n}, {s:s, s:b, s:s, s:s, s:i, s:I}]}", "entries",
                                 "key", "a", "hit", 0, "value", "key", "z", "hit", 1, "value",
                                 "last", "encoding", "utf8", "version", 7, "keep_us",
                                 (json_int_t) LONG_US));
  g_thread_join (several.thread);
  g_assert_cmpint (several.status, ==, ORF_STATUS_OK);
  g_assert_null (several.values[0]);
  g_assert_cmpstr (orf_cache_value_get_data (several.values[1], NULL), ==, "held");
  g_assert_cmpstr (orf_cache_value_get_data (several.values[2], NULL), ==, "last");
  for (guint i = 0; i < MANY; i++)
    orf_cache_value_release (several.values[i]);
  expect_held (f, "held");
  free (asked);
}

/* All or none, and why. */
static void
test_many_refused (Fixture *f, gconstpointer data)
{
  g_autofree char *answer = NULL;
  Several several;
  json_t *call;

  ask (f, "held", 7);
  begin_several (f, &several, get_many_thread_cb);
  call = next_call (f, "cache.mget");
  answer = g_strdup_printf ("{\"jsonrpc\":\"2.0\",\"id\":%" JSON_INTEGER_FORMAT
                            ",\"error\":{\"code\":-32008,\"message\":\"too many\",\"data\":{"
                            "\"status\":\"RESOURCE_EXHAUSTED\",\"field\":\"keys\","
                            "\"allowed\":\"a few\",\"retry_after_ms\":250}}}",
                            json_integer_value (json_object_get (call, "id")));
  fake_daemon_send (&f->daemon, answer);
  json_decref (call);
  g_thread_join (several.thread);
  g_assert_cmpint (several.status, ==, ORF_STATUS_FAILED);
  for (guint i = 0; i < MANY; i++)
    g_assert_null (several.values[i]);
  g_assert_cmpstr (several.error.name, ==, "RESOURCE_EXHAUSTED");
  g_assert_cmpint (several.error.code, ==, -32008);
  g_assert_cmpstr (several.error.message, ==, "too many");
  g_assert_cmpstr (several.error.field, ==, "keys");
  g_assert_cmpstr (several.error.allowed, ==, "a few");
  g_assert_cmpint (several.error.retry_after_ms, ==, 250);
  g_assert_false (several.error.is_local);
  expect_held (f, "held");
}

/* What has the tag nobody here knows: all goes. */
static void
test_invalidate (Fixture *f, gconstpointer data)
{
  const json_t *params;
  Several several;
  json_t *call;

  ask (f, "old", 7);
  begin_several (f, &several, invalidate_thread_cb);
  call = next_call (f, "cache.invalidate");
  params = fake_daemon_get_params (call);
  g_assert_cmpstr (json_string_value (json_object_get (params, "pattern")), ==, "k*");
  g_assert_cmpstr (json_string_value (json_object_get (params, "tag")), ==, "t");
  fake_daemon_answer (&f->daemon, call, json_pack ("{s:i}", "removed", 5));
  g_thread_join (several.thread);
  g_assert_cmpint (several.status, ==, ORF_STATUS_OK);
  g_assert_cmpuint (several.n_removed, ==, 5);
  ask (f, "new", 8);
}

/* Each thread has its own; what was well says nothing. */
static void
test_errors (Fixture *f, gconstpointer data)
{
  const OrfCacheOptions away = { .socket = "/nowhere/cache.sock" };
  OrfLastError error;
  OrfCacheValue *value;
  OrfCache *cache;

  g_assert_cmpint (orf_cache_get (f->cache, "", &value), ==, ORF_STATUS_INVALID);
  orf_last_error_get (&error);
  g_assert_cmpint (error.status, ==, ORF_STATUS_INVALID);
  g_assert_cmpstr (error.name, ==, "INVALID_ARGUMENT");
  g_assert_cmpint (error.code, ==, -32602);
  g_assert_true (error.is_local);
  ask (f, "1", 7); /* by another thread */
  orf_last_error_get (&error);
  g_assert_cmpstr (error.name, ==, "INVALID_ARGUMENT");
  g_assert_cmpint (orf_cache_new (&away, &cache), ==, ORF_STATUS_OK);
  g_assert_cmpint (orf_cache_get (cache, "k", &value), ==, ORF_STATUS_FAILED);
  orf_last_error_get (&error);
  g_assert_cmpstr (error.name, ==, "UNAVAILABLE");
  g_assert_cmpint (error.retry_after_ms, ==, -1);
  orf_cache_free (cache);
}

/* A daemon that does not answer. */
static void
test_timeout (Fixture *f, gconstpointer data)
{
  const OrfCacheOptions hasty = { .socket = f->daemon.path, .timeout_us = VERY_SOON };
  OrfLastError error;
  OrfCacheValue *value;

  orf_cache_free (f->cache);
  fake_daemon_hang_up (&f->daemon, FALSE);
  g_assert_cmpint (orf_cache_new (&hasty, &f->cache), ==, ORF_STATUS_OK);
  fake_daemon_accept (&f->daemon);
  while (orf_cache_get (f->cache, "k", &value) == ORF_STATUS_FAILED)
    g_usleep (1000); /* it is not connected yet */
  orf_last_error_get (&error);
  g_assert_cmpint (error.status, ==, ORF_STATUS_TIMEOUT);
  g_assert_cmpstr (error.name, ==, "DEADLINE_EXCEEDED");
  g_assert_true (error.is_local);
}

#define ADD(name, prefix, function)                                                                \
  g_test_add ("/cache/" name, Fixture, prefix, set_up, function, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("held", NULL, test_held);
  ADD ("overtaken", NULL, test_overtaken);
  ADD ("own-write", NULL, test_own_write);
  ADD ("dropped", NULL, test_dropped);
  ADD ("lease", NULL, test_lease);
  ADD ("restart", NULL, test_restart);
  ADD ("prefix", "user:", test_prefix);
  ADD ("invalid", NULL, test_invalid);
  ADD ("many", NULL, test_many);
  ADD ("many-refused", NULL, test_many_refused);
  ADD ("invalidate", NULL, test_invalidate);
  ADD ("errors", NULL, test_errors);
  ADD ("timeout", NULL, test_timeout);
  return g_test_run ();
}
