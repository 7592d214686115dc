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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/forecaster/setup", test_setup);
  g_test_add_func ("/forecaster/constant", test_constant);
  g_test_add_func ("/forecaster/time-goes-on", test_time_goes_on);
  g_test_add_func ("/forecaster/save", test_save);
  g_test_add_func ("/forecaster/save-corrupt", test_save_corrupt);
  return g_test_run ();
}
