/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of spans in the file, whatever the order in which they come. */
#include <string.h>

#include "span-maker.h"
#include "history/orf-rollup.h"
#include "orf-error.h"

#define T 1760000000000000
/* The beginning of the hour that T is in. */
#define HOUR (T - T % ORF_HOUR_US)

#define COUNT(sql) store_query (fixture->path, sql)
#define WRITE(...)                                                                                 \
  G_STMT_START                                                                                     \
  {                                                                                                \
    const MadeSpan made[] = { __VA_ARGS__ };                                                       \
                                                                                                   \
    made_spans_write (fixture, made, G_N_ELEMENTS (made));                                         \
  }                                                                                                \
  G_STMT_END

/* A request: page -> (client) api -> db, the last of which failed. */
#define PAGE                                                                                       \
  {                                                                                                \
    1, 1, 0, "page", "load", T, 1000                                                               \
  }
#define CLIENT                                                                                     \
  {                                                                                                \
    1, 2, 1, "page", "GET", T + 100, 800, ORF_SPAN_KIND_CLIENT                                     \
  }
#define API                                                                                        \
  {                                                                                                \
    1, 3, 2, "api", "/items", T + 200, 600, ORF_SPAN_KIND_SERVER                                   \
  }
#define DB                                                                                         \
  {                                                                                                \
    1, 4, 3, "db", "SELECT", T + 300, 400, ORF_SPAN_KIND_INTERNAL, ORF_SPAN_OUTCOME_ERROR,         \
      "{\"rows\":3}"                                                                               \
  }

static void
set_up (StoreFixture *fixture, gconstpointer data)
{
  store_fixture_set_up (fixture, data);
  store_fixture_open (fixture);
}

static void
assert_whole (StoreFixture *fixture)
{
  g_assert_cmpint (COUNT ("SELECT count(*) FROM trace"), ==, 1);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span"), ==, 4);
  g_assert_cmpint (COUNT ("SELECT spans = 4 AND errors = 1 AND start_us = 1760000000000000 "
                          "AND end_us = start_us + 1000 FROM trace"),
                   ==, 1);
  g_assert_cmpint (COUNT ("SELECT operation = 'load' FROM span JOIN trace ON span_no = root_no"),
                   ==, 1);
  g_assert_cmpint (COUNT ("SELECT spans FROM span_total"), ==, 4);
  g_assert_cmpint (COUNT ("SELECT (SELECT bytes FROM span_total) = bytes FROM trace"), ==, 1);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span_edge"), ==, 2);
  g_assert_cmpint (COUNT ("SELECT calls = 1 AND errors = 0 FROM span_edge WHERE parent = 'page' "
                          "AND child = 'api'"),
                   ==, 1);
  g_assert_cmpint (COUNT ("SELECT calls = 1 AND errors = 1 FROM span_edge WHERE parent = 'api' "
                          "AND child = 'db'"),
                   ==, 1);
  g_assert_cmpint (COUNT ("SELECT t_us FROM span_edge LIMIT 1"), ==, HOUR);
  g_assert_cmpint (COUNT ("SELECT sum(spans) FROM span_stat WHERE step_us = 60000000"), ==, 4);
  g_assert_cmpint (COUNT ("SELECT sum(errors) FROM span_stat WHERE step_us = 3600000000"), ==, 1);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span_operation WHERE spans > 0"), ==, 4);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span_source"), ==, 1);
}

static void
test_at_once (StoreFixture *fixture, gconstpointer data)
{
  WRITE (PAGE, CLIENT, API, DB);
  assert_whole (fixture);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM v_span WHERE trace_id = "
                          "'00000000000000000000000000000001' AND span_id = '0000000000000004' "
                          "AND parent_id = '0000000000000003' AND attributes ->> 'rows' = 3 "
                          "AND resource ->> '$.\"host.name\"' = 'node' AND outcome = 'error'"),
                   ==, 1);
}

/* Each by itself, children before their parents. */
static void
test_backwards (StoreFixture *fixture, gconstpointer data)
{
  WRITE (DB);
  WRITE (CLIENT);
  g_assert_cmpint (COUNT ("SELECT root_no IS NULL FROM trace"), ==, 1);
  WRITE (API);
  WRITE (PAGE);
  assert_whole (fixture);
}

static void
test_forwards (StoreFixture *fixture, gconstpointer data)
{
  WRITE (PAGE);
  WRITE (CLIENT);
  WRITE (API);
  WRITE (DB);
  assert_whole (fixture);
}

/* In one batch, and sent again as after a lost answer: the first one stays. */
static void
test_twice (StoreFixture *fixture, gconstpointer data)
{
  WRITE (PAGE, CLIENT, API, PAGE, DB, { 1, 4, 3, "db", "other", T, 1 });
  WRITE (API, DB, CLIENT, PAGE);
  assert_whole (fixture);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span WHERE operation = 'other'"), ==, 0);
}

/* A parent that never comes, a parent that it is itself, two that are each other's. */
static void
test_no_parent (StoreFixture *fixture, gconstpointer data)
{
  WRITE ({ 1, 1, 99, "a", "x", T, 1 }, { 2, 1, 1, "a", "x", T, 1 }, { 3, 1, 2, "a", "x", T, 1 },
         { 3, 2, 1, "b", "x", T, 1 });
  g_assert_cmpint (COUNT ("SELECT count(*) FROM trace WHERE root_no IS NULL"), ==, 3);
  g_assert_cmpint (COUNT ("SELECT group_concat(parent || child, '') = 'abba' OR "
                          "group_concat(parent || child, '') = 'baab' FROM span_edge"),
                   ==, 1);
}

/* A service calls itself from a client to a server, and not by what it does inside. */
static void
test_itself (StoreFixture *fixture, gconstpointer data)
{
  WRITE ({ 1, 1, 0, "a", "x", T, 9 }, { 1, 2, 1, "a", "y", T, 8, ORF_SPAN_KIND_CLIENT },
         { 1, 3, 2, "a", "z", T, 7, ORF_SPAN_KIND_SERVER },
         { 1, 4, 3, "a", "w", T, 6, ORF_SPAN_KIND_PRODUCER },
         { 1, 5, 4, "a", "v", T, 5, ORF_SPAN_KIND_CONSUMER });
  g_assert_cmpint (COUNT ("SELECT calls FROM span_edge WHERE parent = 'a' AND child = 'a'"), ==, 2);
}

/* Beyond MADE_MAX_OPERATIONS they share a row, and are there all the same. */
static void
test_many_operations (StoreFixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 2 * MADE_MAX_OPERATIONS; i++) {
    g_autofree char *name = g_strdup_printf ("operation-%u", i);

    WRITE ({ i + 1, 1, 0, "a", name, T + i, 1 });
  }
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span_operation"), ==, MADE_MAX_OPERATIONS + 1);
  g_assert_cmpint (COUNT ("SELECT spans FROM span_operation WHERE service = '' AND operation = ''"),
                   ==, MADE_MAX_OPERATIONS);
  g_assert_cmpint (COUNT ("SELECT count(DISTINCT operation) FROM span"), ==,
                   2 * MADE_MAX_OPERATIONS);
}

/* Those that are longer than 99 of 100 were before. */
static void
test_slow (StoreFixture *fixture, gconstpointer data)
{
  OrfSpanBatch *batch = orf_span_batch_new ();
  g_auto (StoreAnswer) answer = { 0 };

  for (guint i = 0; i < 200; i++) {
    const MadeSpan made = { 1, i + 1, 0, "a", "x", T + i, 1000 + i };

    made_span_add (batch, &made);
  }
  orf_store_write_spans (fixture->store, batch, MADE_MAX_OPERATIONS, NULL, store_answer_write_cb,
                         &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM v_slow_spans"), ==, 0);
  WRITE ({ 2, 1, 0, "a", "x", T, 1100 }, { 2, 2, 1, "a", "x", T, 5000 },
         { 2, 3, 1, "a", "other", T, 5000 });
  g_assert_cmpint (COUNT ("SELECT count(*) FROM v_slow_spans"), ==, 1);
  g_assert_cmpint (COUNT ("SELECT duration_us = 5000 AND usual_us BETWEEN 1170 AND 1230 "
                          "AND times_usual > 4 FROM v_slow_spans"),
                   ==, 1);
}

/* Zero-length and very long ones. */
static void
test_lengths (StoreFixture *fixture, gconstpointer data)
{
  WRITE ({ 1, 1, 0, "a", "x", T, 0 }, { 1, 2, 1, "a", "x", T, 1 },
         { 1, 3, 1, "a", "x", T, ((gint64) 1 << 53) - 1 });
  g_assert_cmpint (COUNT ("SELECT sum(length_class) FROM span"), ==, 0 + 1 + 53);
  g_assert_cmpint (COUNT ("SELECT classes = (1 << 0) + (1 << 1) + (1 << 53) FROM span_operation"),
                   ==, 1);
}

static void
test_names (void)
{
  g_autofree char *shortest = g_strnfill (200, 'a');
  g_autofree char *longer = g_strconcat (shortest, "b", NULL);
  g_autofree char *split = g_strdup_printf ("%.199s\303\244", shortest);

  g_assert_cmpuint (orf_span_batch_cut_name (shortest, 200), ==, 200);
  g_assert_cmpuint (orf_span_batch_cut_name (longer, 201), ==, 200);
  /* not within a character */
  g_assert_cmpuint (orf_span_batch_cut_name (split, strlen (split)), ==, 199);
}

/* The same names in other places are others. */
static void
test_intern (void)
{
  g_autoptr (OrfSpanBatch) batch = orf_span_batch_new ();

  g_assert_cmpuint (orf_span_batch_add_operation (batch, "ab", "c"), ==, 0);
  g_assert_cmpuint (orf_span_batch_add_operation (batch, "a", "bc"), ==, 1);
  g_assert_cmpuint (orf_span_batch_add_operation (batch, "ab", "c"), ==, 0);
  g_assert_cmpuint (orf_span_batch_add_source (batch, "{}", NULL), ==, 1);
  g_assert_cmpuint (orf_span_batch_add_source (batch, "{}", "{}"), ==, 2);
  g_assert_cmpuint (orf_span_batch_add_source (batch, "{}", NULL), ==, 1);
  g_assert_cmpuint (batch->sources->len, ==, 2);
  g_assert_cmpstr (orf_span_batch_get_text (batch, 0), ==, NULL);
}

/* Of each minute and class the longest, and the longest that failed. */
static void
test_exemplars (StoreFixture *fixture, gconstpointer data)
{
  const gint64 next = HOUR + ORF_MINUTE_US;

  WRITE ({ 1, 1, 0, "s", "o", HOUR, 150 }, { 2, 2, 0, "s", "o", HOUR, 900 },
         { 3, 3, 0, "s", "o", HOUR, 30, 0, ORF_SPAN_OUTCOME_ERROR }, { 4, 4, 0, "s", "o", next, 5 },
         { 5, 5, 0, "s", "p", HOUR, 7 });
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span_exemplar"), ==, 5);
  g_assert_cmpint (COUNT ("SELECT duration_us FROM span_exemplar WHERE class = 1"), ==, 900);
  g_assert_cmpint (COUNT ("SELECT duration_us FROM span_exemplar WHERE class = 100"), ==, 30);
  /* shorter ones change nothing, longer ones do; so does the same batch again not */
  WRITE ({ 6, 6, 0, "s", "o", HOUR + 1, 800 },
         { 7, 7, 0, "s", "o", HOUR + 1, 50, 0, ORF_SPAN_OUTCOME_ERROR });
  WRITE ({ 6, 6, 0, "s", "o", HOUR + 1, 950 });
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span_exemplar"), ==, 5);
  g_assert_cmpint (COUNT ("SELECT duration_us FROM span_exemplar WHERE class = 1"), ==, 900);
  g_assert_cmpint (COUNT ("SELECT duration_us FROM span_exemplar WHERE class = 100"), ==, 50);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM v_exemplar WHERE class = 0 AND operation = 'o'"),
                   ==, 2);
}

static void
note_cb (gpointer user_data, const GPtrArray *tallies)
{
  GString *told = user_data;

  for (guint i = 0; i < tallies->len; i++) {
    const OrfSpanTally *tally = tallies->pdata[i];

    g_string_append_printf (told, "%s/%s %d %d %d;", tally->service, tally->operation,
                            (int) tally->spans, (int) tally->errors, (int) tally->sum_us);
  }
}

/* Told is what is in the file now, and not what was there; operations beyond have no sums. */
static void
test_written (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GString) told = g_string_new (NULL);
  MadeSpan many[MADE_MAX_OPERATIONS + 3];
  g_auto (GStrv) parts = NULL;

  orf_store_set_spans_written (fixture->store, note_cb, told);
  WRITE ({ 1, 1, 0, "s", "o", T, 10 }, { 1, 1, 0, "s", "o", T, 20 },
         { 1, 2, 0, "s", "o", T, 30, 0, ORF_SPAN_OUTCOME_ERROR });
  g_assert_cmpstr (told->str, ==, "s/o 2 1 40;");
  g_string_truncate (told, 0);
  WRITE ({ 1, 1, 0, "s", "o", T, 10 }, { 1, 3, 0, "s", "p", T, 1 });
  g_assert_cmpstr (told->str, ==, "s/p 1 0 1;");
  g_string_truncate (told, 0);
  for (guint i = 0; i < G_N_ELEMENTS (many); i++) {
    g_autofree char *name = g_strdup_printf ("n%u", i);

    many[i] = (MadeSpan){ 2, 10 + i, 0, "many", g_intern_string (name), T, 1 };
  }
  made_spans_write (fixture, many, G_N_ELEMENTS (many));
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span"), ==, 3 + MADE_MAX_OPERATIONS + 3);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span_exemplar JOIN span_operation "
                          "USING (operation_no) WHERE service = ''"),
                   ==, 0);
  parts = g_strsplit (told->str, ";", -1);
  g_assert_cmpuint (g_strv_length (parts) - 1, ==, MADE_MAX_OPERATIONS - 2);
  g_string_truncate (told, 0);
  orf_store_set_spans_written (fixture->store, NULL, NULL);
  WRITE ({ 9, 1, 0, "s", "o", T, 10 });
  g_assert_cmpstr (told->str, ==, "");
}

static void
test_marked (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (OrfSpanStates) states = orf_span_states_new ();
  OrfDeviceState device = { "gpu", 7, ORF_PRESSURE_LEVEL_LOW, 0, 50 };

  orf_span_states_add (states, HOUR, 1000, &device, 1, 0);
  device.used_bytes = 107;
  device.pressure_level = ORF_PRESSURE_LEVEL_HIGH;
  orf_span_states_add (states, HOUR + 1000, 1000, &device, 1, 0);
  orf_store_set_span_states (fixture->store, states);
  /* one that grew, one that did not, one that began before all; the same again is not counted */
  WRITE ({ 1, 1, 0, "s", "o", HOUR, 1000 }, { 1, 2, 0, "s", "o", HOUR, 10 },
         { 1, 3, 0, "s", "o", HOUR - 100, 110 }, { 1, 4, 0, "s", "p", HOUR + 1000, 20 });
  WRITE ({ 1, 1, 0, "s", "o", HOUR, 1000 }, { 1, 5, 0, "s", "o", HOUR + 5, 1000 });
  orf_store_set_span_states (fixture->store, NULL);
  WRITE ({ 1, 6, 0, "s", "o", HOUR, 10 });
  g_assert_cmpint (COUNT ("SELECT count(gpu) FROM span"), ==, 5);
  g_assert_cmpint (COUNT ("SELECT json_extract(gpu, '$.devices.gpu.end.used_bytes') FROM span "
                          "WHERE duration_us = 1000"),
                   ==, 107);
  g_assert_cmpint (COUNT ("SELECT g.spans = 3 AND start_bytes = 21 AND end_bytes = 221 AND "
                          "max_start_bytes = 7 AND max_end_bytes = 107 AND max_growth_bytes = 100 "
                          "AND high_spans = 2 AND busy_us = 1005 FROM span_gpu AS g "
                          "JOIN span_operation USING (operation_no) WHERE operation = 'o'"),
                   ==, 1);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span_gpu"), ==, 2);
  g_assert_cmpint (COUNT ("SELECT operation = 'o' AND growth_bytes = 200 FROM v_operation_gpu "
                          "LIMIT 1"),
                   ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/spans/names", test_names);
  g_test_add_func ("/store/spans/intern", test_intern);
#define ADD(name, function)                                                                        \
  g_test_add ("/store/spans/" name, StoreFixture, NULL, set_up, function, store_fixture_tear_down)
  ADD ("at-once", test_at_once);
  ADD ("backwards", test_backwards);
  ADD ("forwards", test_forwards);
  ADD ("twice", test_twice);
  ADD ("no-parent", test_no_parent);
  ADD ("itself", test_itself);
  ADD ("many-operations", test_many_operations);
  ADD ("slow", test_slow);
  ADD ("lengths", test_lengths);
  ADD ("exemplars", test_exemplars);
  ADD ("written", test_written);
  ADD ("marked", test_marked);
  return g_test_run ();
}
