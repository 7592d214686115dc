/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-fixture.h"
#include "store/orf-store-forecasts.h"

#include <math.h>

#define REACH_US 100

/* A forecast made at each of n times, ten apart from made_us on, with ids from id on. */
static OrfForecastChange *
make_change (gint64 id, gint64 made_us, guint n)
{
  OrfForecastChange *change = orf_forecast_change_new ();

  change->before_us = G_MININT64;
  change->reach_us = REACH_US;
  change->max_rows = 1000;
  for (guint i = 0; i < n; i++, id++, made_us += 10) {
    const OrfPredictionRow row = {
      .id = id,
      .series_id = 1,
      .method = "last",
      .horizon_us = REACH_US,
      .made_us = made_us,
      .due_us = made_us + REACH_US,
      .last = 1,
      .value = 2,
      .slope_per_s = NAN,
      .regime = "quiet",
      .threshold = NAN,
    };

    g_array_append_val (change->predictions, row);
  }
  return change;
}

static void
add_warning (OrfForecastChange *change, gint64 id, gint64 made_us, gint64 came_us)
{
  const OrfForecastWarningRow row = {
    .id = id,
    .series_id = 1,
    .begun = TRUE,
    .made_us = made_us,
    .threshold = 90,
    .value = 50,
    .expected_lower_us = -1,
    .expected_us = -1,
    .expected_upper_us = -1,
    .regime = "quiet",
    .action = "none",
    .came_us = came_us,
    .decided_us = came_us,
    .fate = made_us < 0 ? ORF_WARNING_MISSED : ORF_WARNING_CAME_TRUE,
  };

  g_array_append_val (change->warnings, row);
}

static void
write_change (StoreFixture *fixture, OrfForecastChange *change)
{
  g_auto (StoreAnswer) answer = { 0 };

  orf_store_write_forecasts (fixture->store, change, store_answer_write_cb, &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
}

static void
pin (StoreFixture *fixture, gint64 incident, gint64 from_us, gint64 to_us)
{
  g_autofree char *sql =
    g_strdup_printf ("INSERT INTO pin (incident_id, from_us, to_us) VALUES (%" G_GINT64_FORMAT
                     ", %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT ")",
                     incident, from_us, to_us);
  sqlite3 *db = NULL;

  g_assert_cmpint (sqlite3_open (fixture->path, &db), ==, SQLITE_OK);
  sqlite3_busy_timeout (db, 60000); /* the store's writer may be at it */
  g_assert_cmpint (sqlite3_exec (db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);
}

static gint64
count (StoreFixture *fixture, const char *where)
{
  g_autofree char *sql = g_strconcat ("SELECT count(*) FROM ", where, NULL);

  return store_query (fixture->path, sql);
}

static void
test_old_go (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  OrfForecastChange *change;

  store_fixture_open (fixture);
  write_change (fixture, make_change (1, 0, 100));
  change = make_change (101, 1000, 1);
  change->before_us = 500;
  write_change (fixture, change);
  g_assert_cmpint (count (fixture, "prediction"), ==, 51);
  g_assert_cmpint (store_query (fixture->path, "SELECT min(made_us) FROM prediction"), ==, 500);
  change = make_change (102, 1010, 1);
  change->max_rows = 10;
  write_change (fixture, change);
  g_assert_cmpint (count (fixture, "prediction"), ==, 10);
  g_assert_cmpint (store_query (fixture->path, "SELECT min(id) FROM prediction"), ==, 93);
}

/* Windows that overlap are one; between two of them rows go. */
static void
test_pinned_stay (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  OrfForecastChange *change;

  store_fixture_open (fixture);
  write_change (fixture, make_change (1, 0, 100));
  pin (fixture, 1, 300, 350);
  pin (fixture, 2, 320, 400);
  pin (fixture, 3, 600, 620);
  change = make_change (101, 1000, 1);
  change->before_us = 900;
  write_change (fixture, change);
  /* made in a window, or so shortly before that they may tell of it */
  g_assert_cmpint (count (fixture, "prediction WHERE made_us < 200"), ==, 0);
  g_assert_cmpint (count (fixture, "prediction WHERE made_us BETWEEN 200 AND 399"), ==, 20);
  g_assert_cmpint (count (fixture, "prediction WHERE made_us BETWEEN 400 AND 499"), ==, 0);
  g_assert_cmpint (count (fixture, "prediction WHERE made_us BETWEEN 500 AND 619"), ==, 12);
  g_assert_cmpint (count (fixture, "prediction WHERE made_us BETWEEN 620 AND 899"), ==, 0);
  /* nor do they go for being too many; others do in their stead */
  change = make_change (102, 1010, 1);
  change->max_rows = 2;
  write_change (fixture, change);
  g_assert_cmpint (count (fixture, "prediction"), ==, 34);
  g_assert_cmpint (count (fixture, "prediction WHERE made_us >= 900"), ==, 2);
}

static void
test_pinned_warnings_stay (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  OrfForecastChange *change = make_change (1, 0, 1);

  store_fixture_open (fixture);
  add_warning (change, 1, 100, 150);  /* over before the window */
  add_warning (change, 2, 100, 350);  /* came true in it */
  add_warning (change, 3, -1, 320);   /* was missed in it */
  add_warning (change, 4, 390, 2000); /* said in it */
  add_warning (change, 5, -1, 500);   /* missed after it */
  write_change (fixture, change);
  pin (fixture, 1, 300, 400);
  change = make_change (2, 1000, 1);
  change->before_us = 900;
  write_change (fixture, change);
  g_assert_cmpint (count (fixture, "forecast_warning"), ==, 3);
  g_assert_cmpint (count (fixture, "forecast_warning WHERE id IN (2, 3, 4)"), ==, 3);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, test)                                                                            \
  g_test_add (path, StoreFixture, NULL, store_fixture_set_up, test, store_fixture_tear_down)
  ADD ("/store/forecasts/old-go", test_old_go);
  ADD ("/store/forecasts/pinned-stay", test_pinned_stay);
  ADD ("/store/forecasts/pinned-warnings-stay", test_pinned_warnings_stay);
  return g_test_run ();
}
