/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The outbox on a store of its own, with destinations that a test answers for. */
#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-config.h"
#include "orf-error.h"
#include "outbox/orf-outbox.h"

#include "../store/store-fixture.h"

/* A destination that keeps what comes; answers at once where told so. */
typedef struct {
  const char *name;
  OrfDestination *destination;
  GString *bodies; /* each followed by a space */
  OrfDelivery *delivery;
  OrfDeliveryOutcome outcome;
  gboolean hangs;
  guint n_cancelled;
  gint64 dropped_id, posted_id; /* the last of each */
} Other;

typedef struct {
  StoreFixture base;
  OrfConfig *config;
  OrfOutbox *outbox;
  Other one, two;
} Fixture;

static void
finish (OrfDelivery *delivery, OrfDeliveryOutcome outcome)
{
  const OrfDeliveryResult result = { outcome, 0, outcome != ORF_DELIVERY_DONE ? "a test" : NULL };

  orf_delivery_finish (delivery, &result);
}

static void
send_cb (gpointer user_data, OrfDelivery *delivery)
{
  Other *other = user_data;
  GBytes *body = orf_delivery_get_body (delivery);

  g_assert_null (other->delivery); /* one at a time */
  g_string_append_len (other->bodies, g_bytes_get_data (body, NULL),
                       (gssize) MIN (g_bytes_get_size (body), 8));
  g_string_append_c (other->bodies, ' ');
  if (other->hangs)
    other->delivery = delivery;
  else
    finish (delivery, other->outcome);
}

static void
cancel_cb (gpointer user_data, OrfDelivery *delivery)
{
  Other *other = user_data;

  g_assert_true (other->delivery == delivery);
  other->delivery = NULL;
  other->n_cancelled++;
}

static void
dropped_cb (gpointer user_data, gint64 id)
{
  Other *other = user_data;

  g_assert_cmpint (id, >, other->dropped_id);
  g_assert_false (orf_outbox_has_entry (other->destination, id));
  other->dropped_id = id;
}

static const OrfDestinationOps ops = { send_cb, cancel_cb, dropped_cb };

static void
open_outbox (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  store_fixture_open (&fixture->base);
  fixture->outbox = orf_outbox_new (fixture->config, fixture->base.store, &error);
  g_assert_no_error (error);
  fixture->one.destination = orf_outbox_add_destination (fixture->outbox, "one", &ops,
                                                         &fixture->one);
}

static void
add_two (Fixture *fixture)
{
  fixture->two.destination = orf_outbox_add_destination (fixture->outbox, "two", &ops,
                                                         &fixture->two);
}

static void
close_outbox (Fixture *fixture)
{
  orf_outbox_stop (fixture->outbox);
  store_fixture_close (&fixture->base);
  g_clear_pointer (&fixture->outbox, orf_outbox_free);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  store_fixture_set_up (&fixture->base, data);
  fixture->config = orf_config_new_defaults ();
  fixture->config->outbox.backoff_us = 1000;
  fixture->config->outbox.backoff_max_us = 2000;
  fixture->one.bodies = g_string_new (NULL);
  fixture->two.bodies = g_string_new (NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  close_outbox (fixture);
  store_fixture_tear_down (&fixture->base, data);
  orf_config_free (fixture->config);
  g_string_free (fixture->one.bodies, TRUE);
  g_string_free (fixture->two.bodies, TRUE);
}

static void
post (Other *other, const char *text, const OrfOutboxRows *rows)
{
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));
  g_auto (StoreAnswer) answer = { 0 };

  other->posted_id = orf_outbox_post (other->destination, body, rows, store_answer_write_cb,
                                      &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
}

static void
wait_pending (Other *other, guint n)
{
  while (orf_outbox_get_state (other->destination).pending != n)
    g_main_context_iteration (NULL, TRUE);
}

/* What became of entries is in the file once the store is closed. */
static gint64
count_stored (Fixture *fixture)
{
  close_outbox (fixture);
  return store_query (fixture->base.path, "SELECT count(*) FROM outbox");
}

static void
test_in_order (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  OrfDestinationState state;

  open_outbox (fixture);
  for (guint i = 0; i < 3; i++)
    post (&fixture->one, (const char *[]){ "a", "b", "c" }[i], NULL);
  g_assert_cmpstr (fixture->one.bodies->str, ==, ""); /* not before the start */
  orf_outbox_start (fixture->outbox);
  post (&fixture->one, "d", NULL);
  wait_pending (&fixture->one, 0);
  g_assert_cmpstr (fixture->one.bodies->str, ==, "a b c d ");
  state = orf_outbox_get_state (fixture->one.destination);
  g_assert_cmpuint (state.sent, ==, 4);
  g_assert_cmpuint (state.failed + state.dropped, ==, 0);
  g_assert_cmpint (state.pending_bytes, ==, 0);
  g_assert_cmpint (count_stored (fixture), ==, 0);
  open_outbox (fixture);
}

/* Across a close, as across a kill: what is not delivered comes again, with its attempts, also
 * where its body has to be read. */
static void
test_kept (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autofree char *large = g_strnfill (5000, 'x');

  fixture->config->outbox.backoff_us = fixture->config->outbox.backoff_max_us = 50000;
  open_outbox (fixture);
  orf_outbox_start (fixture->outbox);
  fixture->one.outcome = ORF_DELIVERY_RETRY;
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "one: is tried again: a test");
  post (&fixture->one, large, NULL);
  post (&fixture->one, "b", NULL);
  while (orf_outbox_get_state (fixture->one.destination).failed < 1)
    g_main_context_iteration (NULL, TRUE);
  g_test_assert_expected_messages ();
  g_assert_cmpstr (orf_outbox_get_state (fixture->one.destination).last_error, ==, "a test");
  g_assert_cmpint (count_stored (fixture), ==, 2);
  g_assert_cmpint (store_query (fixture->base.path, "SELECT attempts FROM outbox WHERE id = 1"), >=,
                   1);
  g_string_truncate (fixture->one.bodies, 0);
  fixture->one.outcome = ORF_DELIVERY_DONE;
  open_outbox (fixture);
  orf_outbox_start (fixture->outbox);
  g_assert_cmpint (orf_outbox_get_state (fixture->one.destination).pending_bytes, ==, 5001);
  wait_pending (&fixture->one, 0);
  g_assert_cmpstr (fixture->one.bodies->str, ==, "xxxxxxxx b ");
  g_assert_null (orf_outbox_get_state (fixture->one.destination).last_error);
}

/* It stays before those that come after it. */
static void
test_retry (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  open_outbox (fixture);
  orf_outbox_start (fixture->outbox);
  fixture->one.outcome = ORF_DELIVERY_RETRY;
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "one: is tried again: a test");
  post (&fixture->one, "a", NULL);
  g_test_assert_expected_messages ();
  post (&fixture->one, "b", NULL);
  while (orf_outbox_get_state (fixture->one.destination).failed < 4)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (strchr (fixture->one.bodies->str, 'b'));
  fixture->one.outcome = ORF_DELIVERY_DONE;
  wait_pending (&fixture->one, 0);
  g_assert_true (g_str_has_suffix (fixture->one.bodies->str, "a a b "));
  g_assert_cmpuint (orf_outbox_get_state (fixture->one.destination).sent, ==, 2);
}

static void
test_refused (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  open_outbox (fixture);
  orf_outbox_start (fixture->outbox);
  fixture->one.outcome = ORF_DELIVERY_REFUSED;
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "one: an entry was dropped: a test");
  post (&fixture->one, "a", NULL);
  wait_pending (&fixture->one, 0);
  post (&fixture->one, "b", NULL); /* said but once */
  wait_pending (&fixture->one, 0);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (orf_outbox_get_state (fixture->one.destination).dropped, ==, 2);
  g_assert_cmpint (count_stored (fixture), ==, 0);
  open_outbox (fixture);
}

static void
test_hanging_delays_no_other (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  open_outbox (fixture);
  add_two (fixture);
  orf_outbox_start (fixture->outbox);
  fixture->one.hangs = TRUE;
  post (&fixture->one, "a", NULL);
  post (&fixture->two, "b", NULL);
  post (&fixture->two, "c", NULL);
  wait_pending (&fixture->two, 0);
  g_assert_cmpstr (fixture->two.bodies->str, ==, "b c ");
  g_assert_true (orf_outbox_get_state (fixture->one.destination).sending);
  finish (g_steal_pointer (&fixture->one.delivery), ORF_DELIVERY_DONE);
  g_assert_cmpuint (orf_outbox_get_state (fixture->one.destination).pending, ==, 0);
}

/* The oldest go, of that destination alone, also one that is on its way. */
static void
test_bounds (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GBytes) huge = g_bytes_new_take (g_malloc0 (100001), 100001);
  g_auto (StoreAnswer) refused = { 0 };
  OrfDestinationState state;

  fixture->config->outbox.max_entries = 3;
  fixture->config->outbox.max_bytes = 100000;
  open_outbox (fixture);
  add_two (fixture);
  orf_outbox_start (fixture->outbox);
  fixture->one.hangs = fixture->two.hangs = TRUE;
  post (&fixture->two, "z", NULL);
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING,
                         "one: its oldest entries were dropped*");
  for (guint i = 0; i < 5; i++)
    post (&fixture->one, (const char *[]){ "a", "b", "c", "d", "e" }[i], NULL);
  g_test_assert_expected_messages ();
  state = orf_outbox_get_state (fixture->one.destination);
  g_assert_cmpuint (state.pending, ==, 3);
  g_assert_cmpuint (state.dropped, ==, 2);
  g_assert_cmpuint (fixture->one.n_cancelled, ==, 2);
  g_assert_cmpint (fixture->one.dropped_id, ==, fixture->one.posted_id - 3);
  g_assert_true (orf_outbox_has_entry (fixture->one.destination, fixture->one.posted_id - 2));
  g_assert_cmpuint (orf_outbox_get_state (fixture->two.destination).pending, ==, 1);
  g_assert_cmpint (orf_outbox_post (fixture->one.destination, huge, NULL, store_answer_write_cb,
                                    &refused),
                   ==, 0);
  store_answer_wait (&refused);
  g_assert_error (refused.error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
  g_assert_cmpint (count_stored (fixture), ==, 4);
  open_outbox (fixture);
}

/* Entries and cursors of destinations that there are no more hold nothing back. */
static void
test_forgotten (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const OrfOutboxRows rows = { 5, 9 };

  open_outbox (fixture);
  add_two (fixture);
  post (&fixture->one, "a", &rows);
  post (&fixture->two, "b", &rows);
  g_assert_cmpint (orf_outbox_get_state (fixture->one.destination).oldest_rowid, ==, 5);
  close_outbox (fixture);
  fixture->one.hangs = TRUE;
  open_outbox (fixture);
  g_assert_cmpint (orf_outbox_get_next_rowid (fixture->one.destination), ==, 9);
  orf_outbox_start (fixture->outbox);
  close_outbox (fixture);
  g_assert_cmpint (store_query (fixture->base.path,
                                "SELECT count(*) FROM outbox WHERE destination = 'one'"),
                   ==, 1);
  g_assert_cmpint (store_query (fixture->base.path, "SELECT count(*) FROM outbox"), ==, 1);
  g_assert_cmpint (store_query (fixture->base.path, "SELECT sum(next_rowid) FROM outbox_cursor"),
                   ==, 9);
  open_outbox (fixture);
}

static void
test_cleared (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const OrfOutboxRows rows = { 1, 3 };

  open_outbox (fixture);
  orf_outbox_start (fixture->outbox);
  fixture->one.hangs = TRUE;
  post (&fixture->one, "a", &rows);
  post (&fixture->one, "b", NULL);
  orf_outbox_clear (fixture->one.destination, 77);
  g_assert_cmpuint (fixture->one.n_cancelled, ==, 1);
  g_assert_cmpuint (orf_outbox_get_state (fixture->one.destination).dropped, ==, 2);
  fixture->one.hangs = FALSE;
  post (&fixture->one, "c", NULL);
  wait_pending (&fixture->one, 0);
  g_assert_cmpstr (fixture->one.bodies->str, ==, "a c ");
  g_assert_cmpint (count_stored (fixture), ==, 0);
  g_assert_cmpint (store_query (fixture->base.path, "SELECT next_rowid FROM outbox_cursor"), ==,
                   77);
  open_outbox (fixture);
}

/* Breaks the chain of pages of a body of many 'q'. */
static void
break_body (const char *path)
{
  const gsize page_bytes = 4096;
  g_autofree char *content = NULL, *page = g_malloc (page_bytes);
  g_autoptr (GError) error = NULL;
  gsize length, n_broken = 0;

  memset (page, 'q', page_bytes);
  g_file_get_contents (path, &content, &length, &error);
  g_assert_no_error (error);
  for (gsize at = 0; at + page_bytes <= length; at += page_bytes) {
    if (memcmp (content + at + 4, page + 4, page_bytes - 4) != 0)
      continue;
    memset (content + at, 0xff, 4); /* the next one's number */
    n_broken++;
  }
  g_assert_cmpuint (n_broken, >, 0);
  g_file_set_contents (path, content, (gssize) length, &error);
  g_assert_no_error (error);
}

/* An entry that cannot be read is given up: those behind it would wait for ever. */
static void
test_damaged (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autofree char *text = g_strnfill (20000, 'q');
  gint64 id;

  open_outbox (fixture);
  post (&fixture->one, text, NULL);
  id = fixture->one.posted_id;
  post (&fixture->one, "after", NULL);
  close_outbox (fixture);
  break_body (fixture->base.path);
  open_outbox (fixture);
  /* what is said of the damage comes when it comes, also at the end: this case is the last */
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  orf_outbox_start (fixture->outbox);
  wait_pending (&fixture->one, 0);
  g_assert_cmpstr (fixture->one.bodies->str, ==, "after ");
  g_assert_cmpuint (orf_outbox_get_state (fixture->one.destination).dropped, ==, 1);
  g_assert_cmpint (fixture->one.dropped_id, ==, id);
}

#define ADD(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/outbox/in-order", test_in_order);
  ADD ("/outbox/kept", test_kept);
  ADD ("/outbox/retry", test_retry);
  ADD ("/outbox/refused", test_refused);
  ADD ("/outbox/hanging-delays-no-other", test_hanging_delays_no_other);
  ADD ("/outbox/bounds", test_bounds);
  ADD ("/outbox/forgotten", test_forgotten);
  ADD ("/outbox/cleared", test_cleared);
  ADD ("/outbox/damaged", test_damaged);
  return g_test_run ();
}
