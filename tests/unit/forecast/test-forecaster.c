/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "orf-error.h"

#include "forecast/orf-forecaster.h"

#define STEP_US (60 * (gint64) G_USEC_PER_SEC)

static const OrfForecasterSetup plain = {
  .step_us = STEP_US,
  .n_horizons = 3,
  .horizons = { 5, 15, 60 },
  .threshold = NAN,
  .min = NAN,
  .max = NAN,
};

static OrfForecaster *
make (const OrfForecasterSetup *setup)
{
  g_autoptr (GError) error = NULL;
  OrfForecaster *forecaster = orf_forecaster_new (setup, &error);

  g_assert_no_error (error);
  return forecaster;
}

static void
assert_refused (const OrfForecasterSetup *setup)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (orf_forecaster_new (setup, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
}

static void
test_setup (void)
{
  OrfForecasterSetup setup = plain;

  setup.step_us = 0;
  assert_refused (&setup);
  setup = plain;
  setup.n_horizons = 0;
  assert_refused (&setup);
  setup.n_horizons = ORF_FORECASTER_MAX_HORIZONS + 1;
  assert_refused (&setup);
  setup = plain;
  setup.horizons[2] = ORF_FORECASTER_MAX_ROWS + 1;
  assert_refused (&setup);
  setup = plain;
  setup.horizons[1] = 5;
  assert_refused (&setup);
  setup = plain;
  setup.min = 1;
  setup.max = 1;
  assert_refused (&setup);
  setup.max = INFINITY;
  assert_refused (&setup);
}

static void
assert_ordered (const OrfForecast *forecast)
{
  g_assert_true (isfinite (forecast->lower90) && isfinite (forecast->upper90));
  g_assert_cmpfloat (forecast->lower90, <=, forecast->lower80);
  g_assert_cmpfloat (forecast->lower80, <=, forecast->value);
  g_assert_cmpfloat (forecast->value, <=, forecast->upper80);
  g_assert_cmpfloat (forecast->upper80, <=, forecast->upper90);
  g_assert_nonnull (forecast->method);
}

static void
test_constant (void)
{
  g_autoptr (OrfForecaster) forecaster = make (&plain);
  OrfForecast forecast;

  g_assert_false (orf_forecaster_forecast (forecaster, 5, &forecast));
  for (guint i = 0; i < 300; i++) {
    g_assert_true (orf_forecaster_push (forecaster, (i + 1) * STEP_US, 42));
    g_assert_true (orf_forecaster_forecast (forecaster, 60, &forecast));
    assert_ordered (&forecast);
    g_assert_cmpfloat (forecast.value, ==, 42);
    g_assert_cmpfloat (forecast.lower90, ==, 42);
    g_assert_cmpfloat (forecast.upper90, ==, 42);
  }
  g_assert_false (orf_forecaster_forecast (forecaster, 6, &forecast));
}

static void
test_time_goes_on (void)
{
  g_autoptr (OrfForecaster) forecaster = make (&plain);

  g_assert_true (orf_forecaster_push (forecaster, STEP_US, 1));
  g_assert_false (orf_forecaster_push (forecaster, STEP_US, 2));
  g_assert_false (orf_forecaster_push (forecaster, 1, 2));
  g_assert_true (orf_forecaster_push (forecaster, STEP_US + 1, 2));
}

static void
test_save (void)
{
  g_autoptr (OrfForecaster) forecaster = make (&plain);
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  g_autoptr (GBytes) blob = NULL;
  g_autoptr (OrfForecaster) again = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 200; i++)
    orf_forecaster_push (forecaster, (i + 1) * STEP_US, g_rand_double (rand));
  blob = orf_forecaster_save (forecaster);
  again = orf_forecaster_restore (blob, &error);
  g_assert_no_error (error);
  for (guint i = 200; i < 400; i++) {
    double value = g_rand_double (rand);
    OrfForecast one = { 0 }, other = { 0 };

    orf_forecaster_push (forecaster, (i + 1) * STEP_US, value);
    orf_forecaster_push (again, (i + 1) * STEP_US, value);
    g_assert_true (orf_forecaster_forecast (forecaster, 15, &one));
    g_assert_true (orf_forecaster_forecast (again, 15, &other));
    g_assert_cmpfloat (one.value, ==, other.value);
    g_assert_cmpfloat (one.lower90, ==, other.lower90);
    g_assert_cmpfloat (one.upper80, ==, other.upper80);
  }
}

static void
test_save_corrupt (void)
{
  g_autoptr (OrfForecaster) forecaster = make (&plain);
  g_autoptr (GBytes) blob = NULL;
  gsize length;
  const guint8 *data;

  orf_forecaster_push (forecaster, STEP_US, 1);
  blob = orf_forecaster_save (forecaster);
  data = g_bytes_get_data (blob, &length);
  for (gsize i = 0; i < length; i++) {
    g_autofree guint8 *copy = g_memdup2 (data, length);
    g_autoptr (GBytes) bad = NULL;
    g_autoptr (GError) error = NULL;

    copy[i] ^= 0x10;
    bad = g_bytes_new (copy, length);
    g_assert_null (orf_forecaster_restore (bad, &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_DATA_LOSS);
  }
}

/* Values that break what is careless: huge, tiny, none, two-valued, jumps, resets, gaps. */
static double
make_hard (GRand *rand, guint kind, guint i)
{
  switch (kind) {
  case 0:
    return g_rand_boolean (rand) ? 1e300 : -1e300;
  case 1:
    return g_rand_double (rand) * 1e-300;
  case 2:
    return i % 3 == 0 ? NAN : i % 7 == 0 ? INFINITY : g_rand_double (rand);
  case 3:
    return i / 40 % 2 == 0 ? 0 : 100;
  case 4:
    return i % 200;
  case 5:
    return g_rand_int_range (rand, 0, 50) == 0 ? 1e18 : g_rand_double (rand);
  case 6:
    return 23497801728. + (i > 150 ? 4096 * floor (4 * g_rand_double (rand)) : 0);
  default:
    return 1e15 + i;
  }
}

static void
test_hard (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (21);

  for (guint kind = 0; kind < 8; kind++) {
    g_autoptr (OrfForecaster) forecaster = make (&plain);
    gint64 t_us = 0;
    gboolean any = FALSE;

    for (guint i = 0; i < 600; i++) {
      double value = make_hard (rand, kind, i);
      OrfForecast forecast;
      OrfOutlook outlook;

      t_us += STEP_US * (i == 300 ? 50 : i == 400 ? 100000 : 1);
      g_assert_true (orf_forecaster_push (forecaster, t_us, value));
      any |= isfinite (value);
      for (guint k = 0; k < 3; k++) {
        g_assert_true (orf_forecaster_forecast (forecaster, plain.horizons[k], &forecast) == any);
        if (any)
          assert_ordered (&forecast);
      }
      orf_forecaster_get_outlook (forecaster, &outlook);
      orf_forecaster_get_trend (forecaster);
    }
  }
}

/* A value that stood somewhere is told exactly, even where floats do not hold it. */
static void
test_stands (void)
{
  g_autoptr (OrfForecaster) forecaster = make (&plain);
  OrfForecast forecast;

  for (guint i = 0; i < 600; i++)
    orf_forecaster_push (forecaster, (i + 1) * STEP_US, i < 100 ? 17. * i : 23497801727.25);
  g_assert_true (orf_forecaster_forecast (forecaster, 60, &forecast));
  g_assert_cmpfloat (forecast.value, ==, 23497801727.25);
  g_assert_cmpfloat (forecast.lower80, ==, 23497801727.25);
  g_assert_cmpfloat (forecast.upper80, ==, 23497801727.25);
}

static void
test_bounds (void)
{
  OrfForecasterSetup setup = plain;
  g_autoptr (OrfForecaster) forecaster = NULL;
  g_autoptr (GRand) rand = g_rand_new_with_seed (8);

  setup.min = 0;
  setup.max = 100;
  forecaster = make (&setup);
  for (guint i = 0; i < 500; i++) {
    OrfForecast forecast;

    orf_forecaster_push (forecaster, (i + 1) * STEP_US, g_rand_boolean (rand) ? 0 : 100);
    g_assert_true (orf_forecaster_forecast (forecaster, 15, &forecast));
    assert_ordered (&forecast);
    g_assert_cmpfloat (forecast.lower90, >=, 0);
    g_assert_cmpfloat (forecast.upper90, <=, 100);
  }
}

/* Of independent normal values an interval covers what it promises, within what 4000 outcomes and
 * three that are of one mind allow; and its width is that of the normal distribution's. */
static void
test_coverage (void)
{
  g_autoptr (OrfForecaster) forecaster = make (&plain);
  g_autoptr (GRand) rand = g_rand_new_with_seed (13);
  enum { N = 4000, H = 5 };
  g_autofree OrfForecast *made = g_new0 (OrfForecast, N);
  guint n_80 = 0, n_90 = 0, n = 0;
  double width = 0, size = 0;

  for (guint i = 0; i < N; i++) {
    double value = sqrt (-2 * log (1 - g_rand_double (rand))) *
                   cos (2 * G_PI * g_rand_double (rand));

    orf_forecaster_push (forecaster, (i + 1) * STEP_US, value);
    g_assert_true (orf_forecaster_forecast (forecaster, H, &made[i]));
    if (i < 100 + H)
      continue;
    n++;
    n_80 += value >= made[i - H].lower80 && value <= made[i - H].upper80;
    n_90 += value >= made[i - H].lower90 && value <= made[i - H].upper90;
    width += made[i - H].upper90 - made[i - H].lower90;
    size += fabs (made[i - H].value);
  }
  g_assert_cmpfloat_with_epsilon ((double) n_80 / n, .79, .03);
  g_assert_cmpfloat_with_epsilon ((double) n_90 / n, .895, .025);
  g_assert_cmpfloat (width / n, <, 2 * 1.645 * 1.3);
  /* near the middle, and not where the last value was */
  g_assert_cmpfloat (size / n, <, .4);
}

/* The damped trend carries a line on; the last value alone would be off by the horizon. */
static void
test_line (void)
{
  g_autoptr (OrfForecaster) forecaster = make (&plain);
  OrfForecast forecast;

  for (guint i = 0; i < 400; i++)
    orf_forecaster_push (forecaster, (i + 1) * STEP_US, 10. * i);
  g_assert_true (orf_forecaster_forecast (forecaster, 15, &forecast));
  g_assert_cmpstr (forecast.method, ==, "damped-trend");
  g_assert_cmpfloat (fabs (forecast.value - 4140), <, 75);
}

static OrfTrend
find_trend (OrfBetter better, double slope)
{
  OrfForecasterSetup setup = plain;
  g_autoptr (OrfForecaster) forecaster = NULL;
  g_autoptr (GRand) rand = g_rand_new_with_seed (17);

  setup.better = better;
  forecaster = make (&setup);
  g_assert_cmpint (orf_forecaster_get_trend (forecaster), ==, ORF_TREND_UNKNOWN);
  for (guint i = 0; i < 200; i++)
    orf_forecaster_push (forecaster, (i + 1) * STEP_US, slope * i + g_rand_double (rand));
  return orf_forecaster_get_trend (forecaster);
}

static void
test_trend (void)
{
  g_assert_cmpint (find_trend (ORF_BETTER_NEITHER, 0), ==, ORF_TREND_STABLE);
  g_assert_cmpint (find_trend (ORF_BETTER_NEITHER, .1), ==, ORF_TREND_RISING);
  g_assert_cmpint (find_trend (ORF_BETTER_NEITHER, -.1), ==, ORF_TREND_FALLING);
  g_assert_cmpint (find_trend (ORF_BETTER_LOWER, .1), ==, ORF_TREND_DEGRADING);
  g_assert_cmpint (find_trend (ORF_BETTER_LOWER, -.1), ==, ORF_TREND_IMPROVING);
  g_assert_cmpint (find_trend (ORF_BETTER_HIGHER, .1), ==, ORF_TREND_IMPROVING);
  g_assert_cmpstr (orf_trend_get_word (ORF_TREND_DEGRADING), ==, "degrading");
}

/* Of 400 series without one, a trend is seen in about one of a hundred. */
static void
test_no_trend (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (19);
  guint n_seen = 0;

  for (guint s = 0; s < 400; s++) {
    g_autoptr (OrfForecaster) forecaster = make (&plain);

    for (guint i = 0; i < 140; i++)
      orf_forecaster_push (forecaster, (i + 1) * STEP_US, g_rand_double (rand));
    n_seen += orf_forecaster_get_trend (forecaster) != ORF_TREND_STABLE;
  }
  g_assert_cmpuint (n_seen, <=, 16);
}

/* What was said before a gap is not judged by what came after. */
static void
test_gap (void)
{
  g_autoptr (OrfForecaster) forecaster = make (&plain);
  OrfForecast after;

  for (guint i = 0; i < 200; i++)
    orf_forecaster_push (forecaster, (i + 1) * STEP_US, i % 2);
  /* all rows that it knew are too old now */
  orf_forecaster_push (forecaster, 2000 * STEP_US, 70);
  g_assert_true (orf_forecaster_forecast (forecaster, 5, &after));
  g_assert_cmpfloat (after.value, ==, 70);
  /* by moves of 1, and not by that of 69 */
  g_assert_cmpfloat (after.upper90 - after.lower90, <=, 4);
}

/* A row without a value behind a gap: nothing new is known, and what is told is a number. */
static void
test_gap_of_nothing (void)
{
  g_autoptr (OrfForecaster) forecaster = make (&plain);
  OrfForecast forecast;

  /* a course, which a trend follows better than the past does */
  for (guint i = 1; i <= 300; i++)
    orf_forecaster_push (forecaster, i * STEP_US, i);
  orf_forecaster_push (forecaster, 2000 * STEP_US, NAN);
  g_assert_true (orf_forecaster_forecast (forecaster, 15, &forecast));
  g_assert_cmpfloat (forecast.lower90, <=, forecast.value);
  g_assert_cmpfloat (forecast.value, <=, forecast.upper90);
}

static void
test_small (void)
{
  OrfForecasterSetup setup = plain;
  g_autoptr (OrfForecaster) forecaster = NULL;

  setup.n_horizons = 4;
  setup.horizons[3] = 120;
  forecaster = make (&setup);
  g_assert_cmpuint (orf_forecaster_get_bytes (forecaster), <=, 1024);
}

/* Saved and restored at any row, all that is said after is the same. */
static void
test_save_anywhere (void)
{
  OrfForecasterSetup setup = plain;
  g_autoptr (OrfForecaster) whole = NULL, cut = NULL;
  g_autoptr (GRand) rand = g_rand_new_with_seed (23);
  gint64 t_us = 0;

  setup.threshold = 400;
  setup.n_horizons = 4;
  setup.horizons[3] = 120;
  whole = make (&setup);
  cut = make (&setup);
  for (guint i = 0; i < 700; i++) {
    double value = i % 13 == 0 ? NAN : i % 300 + 10 * g_rand_double (rand);
    g_autoptr (GBytes) blob = orf_forecaster_save (cut);
    g_autoptr (GError) error = NULL;
    g_autoptr (OrfForecaster) again = orf_forecaster_restore (blob, &error);
    OrfOutlook one_outlook, other_outlook;

    g_assert_no_error (error);
    t_us += STEP_US * (i == 350 ? 10 : 1);
    orf_forecaster_push (whole, t_us, value);
    orf_forecaster_push (again, t_us, value);
    for (guint k = 0; k < setup.n_horizons; k++) {
      OrfForecast one = { 0 }, other = { 0 };

      orf_forecaster_forecast (whole, setup.horizons[k], &one);
      orf_forecaster_forecast (again, setup.horizons[k], &other);
      g_assert_cmpmem (&one, sizeof one, &other, sizeof other);
    }
    orf_forecaster_get_outlook (whole, &one_outlook);
    orf_forecaster_get_outlook (again, &other_outlook);
    g_assert_true (one_outlook.leak == other_outlook.leak);
    g_assert_true (one_outlook.tte_us == other_outlook.tte_us ||
                   (isnan (one_outlook.tte_us) && isnan (other_outlook.tte_us)));
    orf_forecaster_free (cut);
    cut = g_steal_pointer (&again);
  }
}

static guint64
sum_bytes (const guint8 *data, gsize length)
{
  guint64 sum = 0xcbf29ce484222325u;

  for (gsize i = 0; i < length; i++)
    sum = (sum ^ data[i]) * 0x100000001b3u;
  return sum;
}

/* Whoever forges a blob with its sum gets an error, or a forecaster that stays within its bounds.
 */
static void
test_save_forged (void)
{
  enum { HEAD = 24, SUM_AT = 16 };
  g_autoptr (OrfForecaster) forecaster = make (&plain);
  g_autoptr (GRand) rand = g_rand_new_with_seed (29);
  g_autoptr (GBytes) blob = NULL;
  guint n_taken = 0;
  gsize length;
  const guint8 *data;

  for (guint i = 0; i < 300; i++)
    orf_forecaster_push (forecaster, (i + 1) * STEP_US, i % 17);
  blob = orf_forecaster_save (forecaster);
  data = g_bytes_get_data (blob, &length);
  for (guint n = 0; n < 3000; n++) {
    g_autofree guint8 *copy = g_memdup2 (data, length);
    g_autoptr (GBytes) forged = NULL;
    g_autoptr (OrfForecaster) again = NULL;
    guint64 sum;

    for (gint i = g_rand_int_range (rand, 1, 5); i > 0; i--)
      copy[g_rand_int_range (rand, HEAD, (gint32) length)] = (guint8) g_rand_int (rand);
    sum = sum_bytes (copy + HEAD, length - HEAD);
    memcpy (copy + SUM_AT, &sum, sizeof sum);
    forged = g_bytes_new (copy, length);
    again = orf_forecaster_restore (forged, NULL);
    if (again == NULL)
      continue;
    n_taken++;
    for (guint i = 0; i < 5; i++) {
      OrfForecast forecast;
      OrfOutlook outlook;

      orf_forecaster_push (again, (301 + 40 * i) * STEP_US, i);
      orf_forecaster_forecast (again, 5, &forecast);
      orf_forecaster_get_outlook (again, &outlook);
      orf_forecaster_get_trend (again);
    }
  }
  g_assert_cmpuint (n_taken, >, 100);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/forecaster/setup", test_setup);
  g_test_add_func ("/forecaster/constant", test_constant);
  g_test_add_func ("/forecaster/time-goes-on", test_time_goes_on);
  g_test_add_func ("/forecaster/hard", test_hard);
  g_test_add_func ("/forecaster/stands", test_stands);
  g_test_add_func ("/forecaster/bounds", test_bounds);
  g_test_add_func ("/forecaster/coverage", test_coverage);
  g_test_add_func ("/forecaster/line", test_line);
  g_test_add_func ("/forecaster/trend", test_trend);
  g_test_add_func ("/forecaster/no-trend", test_no_trend);
  g_test_add_func ("/forecaster/gap", test_gap);
  g_test_add_func ("/forecaster/gap-of-nothing", test_gap_of_nothing);
  g_test_add_func ("/forecaster/small", test_small);
  g_test_add_func ("/forecaster/save-anywhere", test_save_anywhere);
  g_test_add_func ("/forecaster/save", test_save);
  g_test_add_func ("/forecaster/save-corrupt", test_save_corrupt);
  g_test_add_func ("/forecaster/save-forged", test_save_forged);
  return g_test_run ();
}
