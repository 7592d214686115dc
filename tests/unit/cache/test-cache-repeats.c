/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-repeats.h"

#include <string.h>

#include "core/orf-clock.h"
#include "orf-error.h"

#define S        ORF_US_PER_S
#define KEEP_US  (600 * S)
#define ANSWER   "{\"stored\":1}"
#define ANSWER_N (sizeof ANSWER - 1)

static const OrfCacheRepeat repeat = { "key", 7 };

/* What an asker was told. */
typedef struct {
  guint n;
  char *answer;
  GError *error;
} Told;

static void
done_cb (gpointer data, const char *json, gsize length, GError *error)
{
  Told *told = data;

  told->n++;
  g_free (told->answer);
  told->answer = g_strndup (json, length);
  told->error = error;
}

static void
clear (Told *told)
{
  g_free (told->answer);
  g_clear_error (&told->error);
  *told = (Told){ 0 };
}

static gboolean
begin (OrfCacheRepeats *repeats, const OrfCacheRepeat *which, Told *told, OrfCacheAsker *doer)
{
  return orf_cache_repeats_begin (repeats, ORF_METHOD_CACHE_SET, which,
                                  &(OrfCacheAsker){ done_cb, told }, orf_clock_monotonic_us (),
                                  doer);
}

static void
test_done_once (void)
{
  g_autoptr (OrfCacheRepeats) repeats = orf_cache_repeats_new (KEEP_US);
  Told first = { 0 }, meanwhile = { 0 }, after = { 0 };
  OrfCacheAsker doer = { NULL }, none = { NULL };

  g_assert_true (begin (repeats, &repeat, &first, &doer));
  g_assert_false (begin (repeats, &repeat, &meanwhile, &none));
  g_assert_cmpuint (first.n + meanwhile.n, ==, 0);
  doer.done (doer.data, ANSWER " and what comes next", ANSWER_N, NULL);
  g_assert_false (begin (repeats, &repeat, &after, &none));
  g_assert_null (none.done);
  for (Told *const *told = (Told *[]){ &first, &meanwhile, &after, NULL }; *told != NULL; told++) {
    g_assert_cmpuint ((*told)->n, ==, 1);
    g_assert_cmpstr ((*told)->answer, ==, ANSWER);
    clear (*told);
  }
}

static void
test_failed (void)
{
  g_autoptr (OrfCacheRepeats) repeats = orf_cache_repeats_new (KEEP_US);
  Told first = { 0 }, meanwhile = { 0 };
  OrfCacheAsker doer;

  g_assert_true (begin (repeats, &repeat, &first, &doer));
  g_assert_false (begin (repeats, &repeat, &meanwhile, &doer));
  doer.done (doer.data, NULL, 0, g_error_new_literal (ORF_ERROR, ORF_ERROR_UNAVAILABLE, "?"));
  g_assert_error (first.error, ORF_ERROR, ORF_ERROR_UNAVAILABLE);
  g_assert_error (meanwhile.error, ORF_ERROR, ORF_ERROR_UNAVAILABLE);
  clear (&meanwhile);
  clear (&first);
  /* it may be tried again */
  g_assert_true (begin (repeats, &repeat, &first, &doer));
  doer.done (doer.data, ANSWER, ANSWER_N, NULL);
  clear (&first);
}

static void
test_another (void)
{
  static const OrfCacheRepeat other = { "key", 8 };
  g_autoptr (OrfCacheRepeats) repeats = orf_cache_repeats_new (KEEP_US);
  Told first = { 0 }, wrong = { 0 };
  OrfCacheAsker doer;

  g_assert_true (begin (repeats, &repeat, &first, &doer));
  doer.done (doer.data, ANSWER, ANSWER_N, NULL);
  g_assert_false (begin (repeats, &other, &wrong, &doer));
  g_assert_error (wrong.error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION);
  clear (&wrong);
  g_assert_false (orf_cache_repeats_begin (repeats, ORF_METHOD_CACHE_DELETE, &repeat,
                                           &(OrfCacheAsker){ done_cb, &wrong },
                                           orf_clock_monotonic_us (), &doer));
  g_assert_error (wrong.error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION);
  clear (&wrong);
  clear (&first);
}

static void
write_one (OrfCacheRepeats *repeats, guint number)
{
  g_autofree char *key = g_strdup_printf ("key-%u", number);
  const OrfCacheRepeat one = { key, number };
  Told told = { 0 };
  OrfCacheAsker doer;

  g_assert_true (begin (repeats, &one, &told, &doer));
  doer.done (doer.data, ANSWER, ANSWER_N, NULL);
  clear (&told);
}

static gboolean
is_known (OrfCacheRepeats *repeats, guint number, gint64 now_us)
{
  g_autofree char *key = g_strdup_printf ("key-%u", number);
  const OrfCacheRepeat one = { key, number };
  Told told = { 0 };
  OrfCacheAsker doer;
  gboolean known = !orf_cache_repeats_begin (repeats, ORF_METHOD_CACHE_SET, &one,
                                             &(OrfCacheAsker){ done_cb, &told }, now_us, &doer);

  if (!known)
    doer.done (doer.data, NULL, 0, g_error_new_literal (ORF_ERROR, ORF_ERROR_UNAVAILABLE, "?"));
  clear (&told);
  return known;
}

static void
test_bounds (void)
{
  g_autoptr (OrfCacheRepeats) repeats = orf_cache_repeats_new (KEEP_US);
  gint64 now_us = orf_clock_monotonic_us ();

  for (guint i = 0; i <= ORF_CACHE_MAX_REPEATS; i++)
    write_one (repeats, i);
  g_assert_false (is_known (repeats, 0, now_us));
  g_assert_true (is_known (repeats, 1, now_us));
  g_assert_true (is_known (repeats, ORF_CACHE_MAX_REPEATS, now_us));
  g_assert_true (is_known (repeats, ORF_CACHE_MAX_REPEATS, now_us + KEEP_US - 10 * S));
  g_assert_false (is_known (repeats, ORF_CACHE_MAX_REPEATS, now_us + KEEP_US + 100 * S));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cache-repeats/done-once", test_done_once);
  g_test_add_func ("/cache-repeats/failed", test_failed);
  g_test_add_func ("/cache-repeats/another", test_another);
  g_test_add_func ("/cache-repeats/bounds", test_bounds);
  return g_test_run ();
}
