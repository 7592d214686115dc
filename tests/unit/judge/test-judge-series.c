/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "judge/orf-judge-series.h"

#define ROW_US G_GINT64_CONSTANT (60000000)
#define T0_US  G_GINT64_CONSTANT (1700000000000000)

typedef struct {
  OrfJudgeBook book;
  OrfJudgeSeries *series;
  gint64 t_us;
} Fixture;

static OrfJudgeSpec
make_spec (void)
{
  return (OrfJudgeSpec){
    .subject = "queue{device=\"gpu0\"}",
    .series_id = 12,
    .setup = { .step_us = ROW_US,
               .n_horizons = 2,
               .horizons = { 2, 6 },
               .threshold = 90,
               .min = 0,
               .max = NAN,
               .better = ORF_BETTER_LOWER },
    .every_rows = 3,
    .number = 5,
    .told = TRUE,
  };
}

static void
open_with (Fixture *fixture, GBytes *state)
{
  const OrfJudgeSpec spec = make_spec ();
  g_autoptr (GError) error = NULL;

  fixture->series = orf_judge_series_new (&spec, state, &error);
  g_assert_no_error (error);
  orf_judge_series_join (fixture->series, &fixture->book);
}

static void
set_up (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  fixture->book = (OrfJudgeBook){ .next_prediction_id = 1,
                                  .next_warning_id = 1,
                                  .now_us = T0_US,
                                  .lead_us = 10 * ROW_US,
                                  .max_open = 1000,
                                  .change = orf_forecast_change_new (),
                                  .told = g_array_new (FALSE, FALSE, sizeof (OrfJudgeRow)) };
  fixture->t_us = T0_US;
  open_with (fixture, NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  orf_judge_series_free (fixture->series, &fixture->book);
  g_assert_cmpuint (fixture->book.n_open, ==, 0);
  orf_forecast_change_free (fixture->book.change);
  g_array_unref (fixture->book.told);
}

/* Two samples a row: their mean is value. */
static void
push_row (Fixture *fixture, double value)
{
  orf_judge_series_push (fixture->series, &fixture->book, fixture->t_us, value - 1, FALSE);
  orf_judge_series_push (fixture->series, &fixture->book, fixture->t_us + ROW_US / 2, value + 1,
                         FALSE);
  fixture->t_us += ROW_US;
}

static const OrfPredictionRow *
find_prediction (const Fixture *fixture, gint64 id)
{
  for (guint i = 0; i < fixture->book.change->predictions->len; i++) {
    const OrfPredictionRow *row = &g_array_index (fixture->book.change->predictions,
                                                  OrfPredictionRow, i);

    if (row->id == id)
      return row;
  }
  return NULL;
}

static double
find_row_value (const Fixture *fixture, gint64 t_us)
{
  for (guint i = 0; i < fixture->book.told->len; i++) {
    const OrfJudgeRow *row = &g_array_index (fixture->book.told, OrfJudgeRow, i);

    if (row->t_us == t_us)
      return row->value;
  }
  return NAN;
}

/* Each verdict is of what came when the forecast was due, and none is made of what comes later. */
static void
test_judges (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  guint n_judged = 0;

  for (guint i = 0; i < 60; i++)
    push_row (fixture, 40 + 10 * sin (i / 5.0));
  g_assert_cmpuint (fixture->book.change->predictions->len, >, 30);
  for (guint i = 0; i < fixture->book.change->predictions->len; i++) {
    const OrfPredictionRow *row = &g_array_index (fixture->book.change->predictions,
                                                  OrfPredictionRow, i);

    g_assert_cmpint (row->due_us - row->made_us, ==, row->horizon_us);
    g_assert_cmpfloat (row->last, ==, find_row_value (fixture, row->made_us));
    g_assert_cmpfloat (row->lower90, <=, row->lower80);
    g_assert_cmpfloat (row->upper80, <=, row->upper90);
    g_assert_cmpfloat (row->threshold, ==, 90);
    g_assert_cmpint (row->series_id, ==, 12);
  }
  for (guint i = 0; i < fixture->book.change->verdicts->len; i++) {
    const OrfPredictionVerdict *verdict = &g_array_index (fixture->book.change->verdicts,
                                                          OrfPredictionVerdict, i);
    const OrfPredictionRow *row = find_prediction (fixture, verdict->id);

    g_assert_nonnull (row);
    g_assert_cmpfloat (verdict->actual, ==, find_row_value (fixture, row->due_us));
    g_assert_cmpfloat (verdict->error, ==, row->value - verdict->actual);
    g_assert_cmpfloat (verdict->naive_error, ==, row->last - verdict->actual);
    g_assert_cmpint (verdict->inside80, ==,
                     verdict->actual >= row->lower80 && verdict->actual <= row->upper80);
    n_judged++;
  }
  g_assert_cmpuint (fixture->book.n_judged, ==, n_judged);
  g_assert_cmpuint (fixture->book.n_made, ==, n_judged + fixture->book.n_open);
}

static void
test_rows_are_means (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  guint n_rows;

  for (guint i = 0; i < 20; i++)
    push_row (fixture, 30);
  n_rows = fixture->book.told->len;
  /* their ends are not on the minute, but of one grid; a boundary may fall between the two samples
   */
  g_assert_cmpuint (n_rows, >=, 18);
  for (guint i = 1; i < n_rows; i++)
    g_assert_cmpint (g_array_index (fixture->book.told, OrfJudgeRow, i).t_us -
                       g_array_index (fixture->book.told, OrfJudgeRow, i - 1).t_us,
                     ==, ROW_US);
  g_assert_cmpfloat (g_array_index (fixture->book.told, OrfJudgeRow, 5).value, ==, 30);
  g_assert_cmpuint (g_array_index (fixture->book.told, OrfJudgeRow, 5).number, ==, 5);
}

static void
test_late_samples_are_passed_over (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  push_row (fixture, 10);
  push_row (fixture, 10);
  g_assert_cmpuint (fixture->book.n_late, ==, 0);
  orf_judge_series_push (fixture->series, &fixture->book, T0_US + 5, 1000, FALSE);
  orf_judge_series_push (fixture->series, &fixture->book, fixture->t_us, NAN, FALSE);
  g_assert_cmpuint (fixture->book.n_late, ==, 2);
}

/* A clock that was set back: after a while it goes on from there. */
static void
test_clock_set_back (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  guint n_made, n_missing = 0;

  for (guint i = 0; i < 40; i++)
    push_row (fixture, 10);
  n_made = fixture->book.change->predictions->len;
  fixture->t_us -= 2000 * ROW_US;
  for (guint i = 0; i < 299; i++)
    push_row (fixture, 10);
  g_assert_cmpuint (fixture->book.change->predictions->len, ==, n_made);
  for (guint i = 0; i < 40; i++)
    push_row (fixture, 20);
  g_assert_cmpuint (fixture->book.change->predictions->len, >, n_made + 10);
  for (guint i = 0; i < fixture->book.change->verdicts->len; i++)
    n_missing += isnan (
      g_array_index (fixture->book.change->verdicts, OrfPredictionVerdict, i).actual);
  g_assert_cmpuint (n_missing, >, 0);
  g_assert_cmpuint (fixture->book.n_made, ==,
                    fixture->book.change->verdicts->len + fixture->book.n_open);
}

/* Samples that are two rows apart: what was due between two is compared with the later. */
static void
test_sparse (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  for (guint i = 0; i < 60; i++)
    orf_judge_series_push (fixture->series, &fixture->book, T0_US + 2 * i * ROW_US, 10, FALSE);
  g_assert_cmpuint (fixture->book.change->verdicts->len, >, 20);
  for (guint i = 0; i < fixture->book.change->verdicts->len; i++)
    g_assert_cmpfloat (
      g_array_index (fixture->book.change->verdicts, OrfPredictionVerdict, i).actual, ==, 10);
}

/* What was due in a gap had nothing to be compared with. */
static void
test_gap (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  guint n_missing = 0;

  for (guint i = 0; i < 20; i++)
    push_row (fixture, 10);
  fixture->t_us += 100 * ROW_US;
  push_row (fixture, 10);
  push_row (fixture, 10);
  for (guint i = 0; i < fixture->book.change->verdicts->len; i++)
    n_missing += isnan (
      g_array_index (fixture->book.change->verdicts, OrfPredictionVerdict, i).actual);
  g_assert_cmpuint (n_missing, >, 0);
}

/* A restart loses nothing: what follows is the same to the bit. */
static void
test_restart (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  Fixture other;
  g_autoptr (OrfForecastStateRow) saved = NULL;
  guint from;

  set_up (&other, NULL);
  for (guint i = 0; i < 41; i++) {
    push_row (fixture, 40 + 10 * sin (i / 3.0));
    push_row (&other, 40 + 10 * sin (i / 3.0));
  }
  /* in the middle of a row */
  orf_judge_series_push (fixture->series, &fixture->book, fixture->t_us, 3, FALSE);
  orf_judge_series_push (other.series, &other.book, other.t_us, 3, FALSE);
  saved = orf_judge_series_save (other.series, T0_US);
  g_assert_cmpstr (saved->subject, ==, make_spec ().subject);
  orf_judge_series_free (other.series, &other.book);
  open_with (&other, saved->state);
  g_assert_cmpuint (other.book.n_open, ==, fixture->book.n_open);
  fixture->t_us += ROW_US;
  other.t_us += ROW_US;
  from = fixture->book.change->predictions->len;
  for (guint i = 0; i < 30; i++) {
    push_row (fixture, 45);
    push_row (&other, 45);
  }
  g_assert_cmpuint (fixture->book.change->predictions->len, >, from + 10);
  g_assert_cmpuint (fixture->book.change->predictions->len, ==,
                    other.book.change->predictions->len);
  g_assert_cmpmem (fixture->book.change->verdicts->data,
                   fixture->book.change->verdicts->len * sizeof (OrfPredictionVerdict),
                   other.book.change->verdicts->data,
                   other.book.change->verdicts->len * sizeof (OrfPredictionVerdict));
  for (guint i = from; i < fixture->book.change->predictions->len; i++) {
    const OrfPredictionRow *a = &g_array_index (fixture->book.change->predictions, OrfPredictionRow,
                                                i);
    const OrfPredictionRow *b = &g_array_index (other.book.change->predictions, OrfPredictionRow,
                                                i);

    g_assert_cmpint (a->id, ==, b->id);
    g_assert_cmpfloat (a->value, ==, b->value);
    g_assert_cmpfloat (a->upper80, ==, b->upper80);
    g_assert_cmpfloat (a->confidence, ==, b->confidence);
  }
  tear_down (&other, NULL);
}

/* Bytes that are none of ours, and a state of other rows, are no reason to fail. */
static void
test_broken_state (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfForecastStateRow) saved = NULL;
  const char *bytes;
  gsize length;

  for (guint i = 0; i < 20; i++)
    push_row (fixture, 10);
  saved = orf_judge_series_save (fixture->series, T0_US);
  bytes = g_bytes_get_data (saved->state, &length);
  for (gsize cut = 0; cut < length; cut += 7) {
    g_autoptr (GBytes) part = g_bytes_new (bytes, cut);
    const OrfJudgeSpec spec = make_spec ();
    OrfJudgeSeries *series = orf_judge_series_new (&spec, part, NULL);

    g_assert_nonnull (series);
    g_assert_cmpint (orf_judge_series_get_last_us (series), ==, 0);
    orf_judge_series_free (series, NULL);
  }
}

/* Whatever byte of what was saved is another in the file: it goes on, or begins anew.  Rows are
 * given to each, so that what was waiting is judged. */
static void
test_damaged_state (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  static const guint8 masks[] = { 0x01, 0x80, 0xff };
  g_autoptr (OrfForecastStateRow) saved = NULL;
  gsize length;

  for (guint i = 0; i < 20; i++)
    push_row (fixture, 10);
  g_assert_cmpuint (fixture->book.n_open, >, 0);
  saved = orf_judge_series_save (fixture->series, T0_US);
  g_bytes_get_data (saved->state, &length);
  for (gsize at = 0; at < length; at++)
    for (guint i = 0; i < G_N_ELEMENTS (masks); i++) {
      guint8 *bytes = g_memdup2 (g_bytes_get_data (saved->state, NULL), length);
      g_autoptr (GBytes) damaged = g_bytes_new_take (bytes, length);
      Fixture other;

      bytes[at] ^= masks[i];
      set_up (&other, NULL);
      orf_judge_series_free (other.series, &other.book);
      open_with (&other, damaged);
      other.t_us = fixture->t_us;
      for (guint k = 0; k < 8; k++)
        push_row (&other, 10);
      tear_down (&other, NULL);
    }
}

/* A horizon that there is none of is no place to count in. */
static void
test_state_of_no_horizon (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfForecastStateRow) saved = NULL;
  g_autoptr (GBytes) damaged = NULL;
  guint8 *bytes;
  gsize length, at = 0;

  for (guint i = 0; i < 20; i++)
    push_row (fixture, 10);
  saved = orf_judge_series_save (fixture->series, T0_US);
  g_bytes_get_data (saved->state, &length);
  bytes = g_memdup2 (g_bytes_get_data (saved->state, NULL), length);
  damaged = g_bytes_new_take (bytes, length);
  /* behind the id and the time of one that waits */
  for (guint k = 0; at == 0 && k < fixture->book.change->predictions->len; k++) {
    const OrfPredictionRow *row = &g_array_index (fixture->book.change->predictions,
                                                  OrfPredictionRow, k);
    const gint64 wanted[2] = { row->id, row->due_us };

    for (gsize i = 0; at == 0 && i + sizeof wanted < length; i += sizeof (gint64))
      if (memcmp (bytes + i, wanted, sizeof wanted) == 0)
        at = i + sizeof wanted;
  }
  g_assert_cmpuint (at, >, 0);
  memset (bytes + at, 0x7f, sizeof (guint));
  orf_judge_series_free (fixture->series, &fixture->book);
  open_with (fixture, damaged);
  g_assert_cmpint (orf_judge_series_get_last_us (fixture->series), ==, 0);
  g_assert_cmpuint (fixture->book.n_open, ==, 0);
}

/* The mean of values whose sum is none. */
static void
test_largest (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  for (guint i = 0; i < 5; i++)
    push_row (fixture, G_MAXDOUBLE);
  for (guint i = 0; i < fixture->book.told->len; i++)
    g_assert_true (isfinite (g_array_index (fixture->book.told, OrfJudgeRow, i).value));
}

static void
test_history_foretells_nothing (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  for (guint i = 0; i < 50; i++)
    orf_judge_series_push (fixture->series, &fixture->book, T0_US + i * ROW_US, i * 2, TRUE);
  g_assert_true (orf_forecast_change_is_empty (fixture->book.change));
  g_assert_cmpuint (fixture->book.told->len, ==, 49);
}

static void
test_bound (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  fixture->book.max_open = 3;
  for (guint i = 0; i < 100; i++) {
    push_row (fixture, 10);
    g_assert_cmpuint (fixture->book.n_open, <=, 3);
  }
  g_assert_cmpuint (fixture->book.n_judged, >, 3);
}

/* Of one that rises evenly: it is said before, and it comes true. */
static void
test_missed_without_warning (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const OrfForecastWarningRow *row;

  for (guint i = 0; i < 20; i++)
    push_row (fixture, 10);
  push_row (fixture, 99);
  push_row (fixture, 99);
  g_assert_cmpuint (fixture->book.change->warnings->len, ==, 1);
  row = &g_array_index (fixture->book.change->warnings, OrfForecastWarningRow, 0);
  g_assert_true (row->begun);
  g_assert_cmpint (row->made_us, ==, -1);
  g_assert_cmpint (row->fate, ==, ORF_WARNING_MISSED);
  g_assert_cmpuint (fixture->book.n_warnings[ORF_WARNING_MISSED], ==, 1);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*test) (Fixture *fixture, gconstpointer data);
  } tests[] = {
    { "/judge/series/judges", test_judges },
    { "/judge/series/means", test_rows_are_means },
    { "/judge/series/late", test_late_samples_are_passed_over },
    { "/judge/series/clock", test_clock_set_back },
    { "/judge/series/sparse", test_sparse },
    { "/judge/series/gap", test_gap },
    { "/judge/series/restart", test_restart },
    { "/judge/series/broken-state", test_broken_state },
    { "/judge/series/damaged-state", test_damaged_state },
    { "/judge/series/no-horizon", test_state_of_no_horizon },
    { "/judge/series/largest", test_largest },
    { "/judge/series/history", test_history_foretells_nothing },
    { "/judge/series/bound", test_bound },
    { "/judge/series/missed", test_missed_without_warning },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Fixture, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
