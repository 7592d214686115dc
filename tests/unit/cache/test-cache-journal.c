/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-covers.h"
#include "cache/orf-cache-journal.h"

#include <string.h>

typedef struct {
  OrfCacheJournal *journal;
  OrfCacheChangeSet *told; /* the last; NULL: none */
  guint n_told;
} Fixture;

static void
told_cb (gpointer user_data, OrfCacheChangeSet *set)
{
  Fixture *f = user_data;

  g_clear_pointer (&f->told, orf_cache_change_set_free);
  f->told = set;
  f->n_told++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->journal = orf_cache_journal_new (told_cb, f);
  orf_cache_journal_listen (f->journal, TRUE);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  orf_cache_journal_free (f->journal);
  g_clear_pointer (&f->told, orf_cache_change_set_free);
}

static guint64
add (Fixture *f, const char *key)
{
  return orf_cache_journal_add_key (f->journal, (OrfCacheBytes){ key, strlen (key) });
}

static void
await (Fixture *f, guint n_told)
{
  while (f->n_told < n_told)
    g_main_context_iteration (NULL, TRUE);
}

static void
expect_key (Fixture *f, guint i, const char *key, guint64 version)
{
  const OrfCacheChange *change = &g_array_index (f->told->keys, OrfCacheChange, i);

  g_assert_cmpstr (f->told->text->str + change->offset, ==, key);
  g_assert_cmpuint (change->version, ==, version);
}

static void
test_together (Fixture *f, gconstpointer data)
{
  g_assert_cmpuint (orf_cache_journal_get_version (f->journal), ==, 1);
  g_assert_cmpuint (add (f, "a"), ==, 2);
  g_assert_cmpuint (add (f, "b"), ==, 3);
  g_assert_cmpuint (add (f, "a"), ==, 4);
  orf_cache_journal_add_pattern (f->journal, "user:*");
  g_assert_cmpuint (f->n_told, ==, 0);
  await (f, 1);
  g_assert_cmpuint (f->told->version, ==, 5);
  g_assert_cmpuint (f->told->keys->len, ==, 3);
  expect_key (f, 0, "a", 2);
  expect_key (f, 1, "b", 3);
  expect_key (f, 2, "a", 4);
  g_assert_cmpuint (f->told->patterns->len, ==, 1);
  g_assert_cmpstr (f->told->patterns->pdata[0], ==, "user:*");
  add (f, "c");
  await (f, 2);
  g_assert_cmpuint (f->told->keys->len, ==, 1);
  expect_key (f, 0, "c", 6);
}

static void
expect_all (Fixture *f, guint64 version)
{
  await (f, f->n_told + 1);
  g_assert_cmpuint (f->told->version, ==, version);
  g_assert_cmpuint (f->told->keys->len, ==, 0);
  g_assert_cmpuint (f->told->patterns->len, ==, 1);
  g_assert_cmpstr (f->told->patterns->pdata[0], ==, "*");
}

/* What does not fit is told as everything; what comes after that is not put down. */
static void
test_bounds (Fixture *f, gconstpointer data)
{
  g_autofree char *large = g_strnfill (1024, 'k');
  guint64 version = orf_cache_journal_get_version (f->journal);

  for (guint i = 0; i < 1001; i++)
    version = add (f, "a");
  version = add (f, "b");
  expect_all (f, version);
  for (guint i = 0; i < 33; i++)
    version = add (f, large);
  expect_all (f, version);
  for (guint i = 0; i < 17; i++)
    orf_cache_journal_add_pattern (f->journal, "a*");
  expect_all (f, version + 17);
  add (f, "a");
  orf_cache_journal_add_pattern (f->journal, NULL);
  expect_all (f, version + 19);
}

/* A key that no JSON can name nobody holds; it is counted all the same. */
static void
test_not_text (Fixture *f, gconstpointer data)
{
  g_assert_cmpuint (add (f, "\xff"), ==, 2);
  add (f, "a");
  await (f, 1);
  g_assert_cmpuint (f->told->keys->len, ==, 1);
  expect_key (f, 0, "a", 3);
}

static void
test_nobody_listens (Fixture *f, gconstpointer data)
{
  add (f, "a");
  orf_cache_journal_listen (f->journal, FALSE);
  g_assert_cmpuint (add (f, "b"), ==, 3);
  orf_cache_journal_listen (f->journal, TRUE);
  g_assert_cmpuint (add (f, "c"), ==, 4);
  await (f, 1);
  g_assert_cmpuint (f->told->keys->len, ==, 1);
  expect_key (f, 0, "c", 4);
}

static void
expect_look (
  OrfCacheCovers *covers, const OrfCacheCover *now, gint64 now_us, gint64 lease_us, gboolean lost)
{
  gboolean is_lost;

  g_assert_cmpint (orf_cache_covers_look (covers, now, now_us, 2000, &is_lost), ==, lease_us);
  g_assert_cmpint (is_lost, ==, lost);
}

static void
test_covers (void)
{
  OrfCacheCovers covers = { 0 };
  OrfCacheCover now[ORF_CACHE_MAX_NODES] = { 0 };

  expect_look (&covers, now, 100, 2000, FALSE);
  now[3] = (OrfCacheCover){ .epoch = 1, .until_us = 1600 };
  expect_look (&covers, now, 100, 1500, TRUE); /* what it was before may have been told */
  expect_look (&covers, now, 200, 1400, FALSE);
  now[200] = (OrfCacheCover){ .epoch = 0, .until_us = 1000 };
  expect_look (&covers, now, 200, 800, FALSE);
  /* over, until it is heard again: it was lost once */
  expect_look (&covers, now, 1200, 400, TRUE);
  expect_look (&covers, now, 1300, 300, FALSE);
  now[200].until_us = 5000;
  now[3].until_us = 5000;
  expect_look (&covers, now, 1400, 2000, FALSE);
  now[200].epoch++;
  expect_look (&covers, now, 1500, 2000, TRUE);
  expect_look (&covers, now, 1500, 2000, FALSE);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/cache-journal/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("together", test_together);
  ADD ("bounds", test_bounds);
  ADD ("not-text", test_not_text);
  ADD ("nobody-listens", test_nobody_listens);
  g_test_add_func ("/cache-journal/covers", test_covers);
  return g_test_run ();
}
