/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-error.h"
#include "store-fixture.h"

static void
write_event (StoreFixture *fixture,
             gint64 id,
             gint64 t_us,
             const OrfIdempotency *idempotency,
             StoreAnswer *answer)
{
  const OrfAudit audit = { "unix:uid=1", "events.mark", "{}" };
  OrfEventRow *row = orf_event_row_new ();

  row->id = id;
  row->t_us = t_us;
  row->kind = g_strdup (id % 2 == 0 ? "deploy" : "note");
  row->text = g_strdup_printf ("text %d", (int) id);
  row->author = id == 1 ? NULL : g_strdup ("ann");
  orf_store_write_event (fixture->store, row, &audit, idempotency, store_answer_write_cb, answer);
  store_answer_wait (answer);
}

static void
write_some (StoreFixture *fixture, guint n)
{
  store_fixture_open (fixture);
  for (guint id = 1; id <= n; id++) {
    g_auto (StoreAnswer) answer = { 0 };

    write_event (fixture, id, 100 + id / 2, NULL, &answer);
    g_assert_no_error (answer.error);
  }
}

/* The ids that the filter finds, as text. */
static char *
read_ids (StoreFixture *fixture, OrfEventFilter filter)
{
  g_auto (StoreAnswer) answer = { 0 };
  GString *ids = g_string_new (NULL);

  orf_store_read_events (fixture->store, &filter, NULL, store_answer_series_cb, &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
  for (guint i = 0; i < answer.rows->len; i++)
    g_string_append_printf (ids, "%d ", (int) ((OrfEventRow *) answer.rows->pdata[i])->id);
  return g_string_free (ids, FALSE);
}

static void
test_order (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  OrfEventFilter filter = { 0, G_MAXINT64, NULL, G_MAXINT64, 0, 100 };
  g_autofree char *all = NULL, *some = NULL, *kind = NULL, *rest = NULL, *few = NULL;

  write_some (fixture, 6);
  all = read_ids (fixture, filter);
  g_assert_cmpstr (all, ==, "6 5 4 3 2 1 ");
  filter.max = 2;
  few = read_ids (fixture, filter);
  g_assert_cmpstr (few, ==, "6 5 ");
  filter = (OrfEventFilter){ 101, 102, NULL, G_MAXINT64, 0, 100 };
  some = read_ids (fixture, filter);
  g_assert_cmpstr (some, ==, "3 2 ");
  filter = (OrfEventFilter){ 0, G_MAXINT64, "deploy", G_MAXINT64, 0, 100 };
  kind = read_ids (fixture, filter);
  g_assert_cmpstr (kind, ==, "6 4 2 ");
  filter = (OrfEventFilter){ 0, G_MAXINT64, NULL, 101, 3, 100 };
  rest = read_ids (fixture, filter);
  g_assert_cmpstr (rest, ==, "2 1 ");
}

static void
test_whole_rows (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const OrfEventFilter filter = { 0, G_MAXINT64, NULL, G_MAXINT64, 0, 100 };
  g_auto (StoreAnswer) answer = { 0 };
  const OrfEventRow *row;

  write_some (fixture, 2);
  orf_store_read_events (fixture->store, &filter, NULL, store_answer_series_cb, &answer);
  store_answer_wait (&answer);
  g_assert_cmpuint (answer.rows->len, ==, 2);
  row = answer.rows->pdata[0];
  g_assert_cmpint (row->t_us, ==, 101);
  g_assert_cmpstr (row->kind, ==, "deploy");
  g_assert_cmpstr (row->text, ==, "text 2");
  g_assert_cmpstr (row->author, ==, "ann");
  row = answer.rows->pdata[1];
  g_assert_null (row->author);
}

/* The row, its line in the audit and its key are there together, or none of them. */
static void
test_together (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const OrfIdempotency key = { "k", "events.mark", 1, "{\"id\":\"e-1\"}" };
  const OrfIdempotency other = { "l", "events.mark", 1, "{\"id\":\"e-1\"}" };
  g_auto (StoreAnswer) first = { 0 }, again = { 0 }, taken = { 0 };

  store_fixture_open (fixture);
  write_event (fixture, 1, 100, &key, &first);
  g_assert_no_error (first.error);
  write_event (fixture, 2, 100, &key, &again);
  g_assert_cmpstr (again.replayed_json, ==, "{\"id\":\"e-1\"}");
  write_event (fixture, 1, 100, &other, &taken); /* an id that is there */
  g_assert_nonnull (taken.error);
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM event"), ==, 1);
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM audit"), ==, 1);
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM idempotency"), ==, 1);
}

static void
test_max_id (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;
  gint64 max_id = -1;

  write_some (fixture, 0);
  g_assert_true (orf_store_load_max_event_id (fixture->store, &max_id, &error));
  g_assert_cmpint (max_id, ==, 0);
  store_fixture_close (fixture);
  write_some (fixture, 3);
  g_assert_true (orf_store_load_max_event_id (fixture->store, &max_id, &error));
  g_assert_cmpint (max_id, ==, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/store/events/" name, StoreFixture, NULL, store_fixture_set_up, function,           \
              store_fixture_tear_down)
  ADD ("order", test_order);
  ADD ("whole-rows", test_whole_rows);
  ADD ("together", test_together);
  ADD ("max-id", test_max_id);
  return g_test_run ();
}
