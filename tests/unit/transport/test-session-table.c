/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sodium.h>
#include <string.h>

#include "transport/orf-session-table.h"

static const OrfSessionLimits limits = { 3, 100, 1000 };
static const OrfSessionOwner page = { ORF_SESSION_LOOPBACK, { 0 } };
static const OrfSessionOwner ann = { ORF_SESSION_TOKEN, { 1 } };
static const OrfSessionOwner bob = { ORF_SESSION_TOKEN, { 2 } };

static gboolean
is_there (OrfSessionTable *table, const char *id, gint64 now_us)
{
  return orf_session_table_find (table, id, &limits, now_us) != NULL;
}

static void
test_life (void)
{
  g_autoptr (OrfSessionTable) table = orf_session_table_new ();
  g_autofree char *id = orf_session_table_open (table, &ann, &limits, 0);
  const OrfSessionOwner *owner = orf_session_table_find (table, id, &limits, 1);

  g_assert_cmpint (owner->kind, ==, ORF_SESSION_TOKEN);
  g_assert_cmpmem (owner->token_hash, sizeof owner->token_hash, ann.token_hash,
                   sizeof ann.token_hash);
  g_assert_false (is_there (table, "", 1));
  g_assert_false (is_there (table, "orf_", 1));
  g_assert_true (orf_session_table_close (table, id));
  g_assert_false (orf_session_table_close (table, id));
  g_assert_false (is_there (table, id, 1));
  g_assert_cmpuint (orf_session_table_get_n_sessions (table), ==, 0);
}

static void
test_idle (void)
{
  g_autoptr (OrfSessionTable) table = orf_session_table_new ();
  g_autofree char *id = orf_session_table_open (table, &ann, &limits, 0);

  g_assert_true (is_there (table, id, 99));
  g_assert_true (is_there (table, id, 198)); /* its last use counts */
  g_assert_false (is_there (table, id, 298));
  g_assert_cmpuint (orf_session_table_get_n_sessions (table), ==, 0);
}

static void
test_absolute (void)
{
  g_autoptr (OrfSessionTable) table = orf_session_table_new ();
  g_autofree char *id = orf_session_table_open (table, &ann, &limits, 0);

  for (gint64 t = 50; t < 1000; t += 50)
    g_assert_true (is_there (table, id, t));
  g_assert_false (is_there (table, id, 1000));
}

static void
test_own_oldest_goes (void)
{
  g_autoptr (OrfSessionTable) table = orf_session_table_new ();
  g_autofree char *first = orf_session_table_open (table, &ann, &limits, 0);
  g_autofree char *second = orf_session_table_open (table, &page, &limits, 1);
  g_autofree char *third = orf_session_table_open (table, &page, &limits, 2);
  g_autofree char *fourth = orf_session_table_open (table, &page, &limits, 3);

  g_assert_true (is_there (table, first, 4));
  g_assert_false (is_there (table, second, 4));
  g_assert_true (is_there (table, third, 4));
  g_assert_true (is_there (table, fourth, 4));
}

static void
test_oldest_of_all_goes (void)
{
  g_autoptr (OrfSessionTable) table = orf_session_table_new ();
  g_autofree char *first = orf_session_table_open (table, &ann, &limits, 0);
  g_autofree char *second = orf_session_table_open (table, &page, &limits, 1);
  g_autofree char *third = orf_session_table_open (table, &page, &limits, 2);
  g_autofree char *fourth = orf_session_table_open (table, &bob, &limits, 3);

  g_assert_false (is_there (table, first, 4));
  g_assert_true (is_there (table, second, 4));
  g_assert_true (is_there (table, third, 4));
  g_assert_true (is_there (table, fourth, 4));
  g_assert_cmpuint (orf_session_table_get_n_sessions (table), ==, 3);
}

/* What is over anyway goes before what is not, and a lower limit takes hold. */
static void
test_over_goes_first (void)
{
  const OrfSessionLimits one = { 1, 100, 1000 };
  g_autoptr (OrfSessionTable) table = orf_session_table_new ();
  g_autofree char *first = orf_session_table_open (table, &ann, &limits, 0);
  g_autofree char *second = orf_session_table_open (table, &ann, &limits, 90);
  g_autofree char *third = NULL, *fourth = NULL;
  g_autofree char *fifth = NULL;

  third = orf_session_table_open (table, &ann, &limits, 91);
  fourth = orf_session_table_open (table, &ann, &limits, 120);
  g_assert_cmpstr (third, !=, fourth);
  g_assert_false (is_there (table, first, 121));
  g_assert_true (is_there (table, second, 121));
  fifth = orf_session_table_open (table, &bob, &one, 122);
  g_assert_cmpuint (orf_session_table_get_n_sessions (table), ==, 1);
  g_assert_true (is_there (table, fifth, 123));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (sodium_init (), >=, 0);
  g_test_add_func ("/session-table/life", test_life);
  g_test_add_func ("/session-table/idle", test_idle);
  g_test_add_func ("/session-table/absolute", test_absolute);
  g_test_add_func ("/session-table/own-oldest-goes", test_own_oldest_goes);
  g_test_add_func ("/session-table/oldest-of-all-goes", test_oldest_of_all_goes);
  g_test_add_func ("/session-table/over-goes-first", test_over_goes_first);
  return g_test_run ();
}
