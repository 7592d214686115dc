/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "anomaly/orf-discord.h"
#include "stats/orf-random.h"

typedef struct {
  OrfDiscord *discord;
  OrfRandom random;
} Fixture;

static void
begin (Fixture *f, guint window, guint past)
{
  g_assert_true (orf_discord_is_setup (window, past));
  f->discord = g_malloc (orf_discord_get_bytes (window, past));
  orf_discord_init (f->discord, window, past);
  f->random = 11;
}

static void
end (Fixture *f)
{
  g_assert_true (orf_discord_is_valid (f->discord, f->discord->window, f->discord->past));
  g_free (f->discord);
}

static double
draw (Fixture *f)
{
  return (double) orf_random_share (&f->random) - .5;
}

/* ---- by the definition ----------------------------------------------------------------------- */

/* FALSE: it is flat. */
static gboolean
normalise (const double *values, guint window, double *shape)
{
  double mean = 0, sum = 0;

  for (guint i = 0; i < window; i++)
    mean += values[i] / window;
  for (guint i = 0; i < window; i++)
    sum += (values[i] - mean) * (values[i] - mean) / window;
  for (guint i = 0; i < window; i++)
    shape[i] = (values[i] - mean) / sqrt (sum);
  return sqrt (sum) > 1e-6 * fabs (mean) + 1e-12;
}

static double
measure (const double *a, const double *b, guint window)
{
  double one[ORF_DISCORD_MAX_WINDOW], other[ORF_DISCORD_MAX_WINDOW], sum = 0;
  gboolean shaped = normalise (a, window, one), also = normalise (b, window, other);

  if (!shaped || !also)
    return shaped == also ? 0 : sqrt (2. * window);
  for (guint i = 0; i < window; i++)
    sum += (one[i] - other[i]) * (one[i] - other[i]);
  return sqrt (sum);
}

/* Of the window that ends with row `at`, to the nearest one that ends before it begins, less than
 * `past` rows ago. */
static double
find_nearest (const double *values, guint at, guint window, guint past)
{
  double least = NAN;

  for (guint lag = window; lag < past && lag + window <= at + 1; lag++)
    least = fmin (least,
                  measure (values + at + 1 - window, values + at + 1 - window - lag, window));
  return least;
}

static void
assert_as_defined (Fixture *f, const double *values, guint n, guint window, guint past)
{
  begin (f, window, past);
  for (guint i = 0; i < n; i++) {
    double wanted = find_nearest (values, i, window, past), distance;

    orf_discord_push (f->discord, values[i], &distance);
    if (isnan (wanted))
      g_assert_true (isnan (distance));
    else
      g_assert_cmpfloat_with_epsilon (distance, wanted, 1e-4);
  }
  end (f);
}

/* A walk, a wave, a part that stands still, twice; longer than the past by far. */
static void
make_values (Fixture *f, double *values, guint n, double level)
{
  double walk = 0;

  f->random = 3;
  for (guint i = 0; i < n; i++) {
    walk += draw (f);
    values[i] = level + walk + 3 * sin (i * .2) + .1 * draw (f);
    if ((i >= 150 && i < 190) || (i >= 300 && i < 320))
      values[i] = level + 7;
  }
}

static void
test_definition (void)
{
  Fixture f;
  double values[700];

  make_values (&f, values, G_N_ELEMENTS (values), 0);
  assert_as_defined (&f, values, G_N_ELEMENTS (values), 16, 200);
  assert_as_defined (&f, values, G_N_ELEMENTS (values), 7, 99);
  assert_as_defined (&f, values, G_N_ELEMENTS (values), ORF_DISCORD_MIN_WINDOW,
                     ORF_DISCORD_MIN_PAST * ORF_DISCORD_MIN_WINDOW);
}

/* Where values are large beside what they move, and after a million rows, it is still so. */
static void
test_rounding (void)
{
  enum { WINDOW = 16, PAST = 150, LAST = 400 };
  g_autofree double *values = g_new (double, 1000000);
  Fixture f;

  make_values (&f, values, 1000000, 0);
  for (guint i = 0; i < 1000000; i++)
    values[i] = 1e5 + fmod (values[i], 50);
  begin (&f, WINDOW, PAST);
  for (guint i = 0; i < 1000000; i++) {
    double distance;

    orf_discord_push (f.discord, values[i], &distance);
    if (i >= 1000000 - LAST)
      g_assert_cmpfloat_with_epsilon (distance, find_nearest (values, i, WINDOW, PAST), 1e-3);
  }
  end (&f);
}

/* ---- what it is for -------------------------------------------------------------------------- */

static float
push_wave (Fixture *f, guint row, guint odd)
{
  double value = sin (row * G_PI / 16) + .1 * draw (f);

  /* as high and as low as always, at another pace */
  if (row >= odd && row < odd + 32)
    value = sin (row * G_PI / 5) + .1 * draw (f);
  return orf_discord_push (f->discord, 40 + value, NULL);
}

static void
test_shape (void)
{
  Fixture f;
  float most = 0, usual = 0;

  begin (&f, 32, 1024);
  for (guint row = 0; row < 6000; row++) {
    float rarity = push_wave (&f, row, 5000);

    if (row >= 5000 && row < 5064)
      most = fmaxf (most, rarity);
    else if (row > 1000 && row < 5000)
      usual = fmaxf (usual, rarity);
  }
  g_assert_cmpfloat (most, >, 3.5);
  g_assert_cmpfloat (usual, <, most);
  end (&f);
}

/* What comes a second time has come before. */
static void
test_again (void)
{
  Fixture f;
  float first = 0, second = 0;

  begin (&f, 32, 1024);
  for (guint row = 0; row < 6000; row++) {
    float rarity = push_wave (&f, row, row < 5500 ? 5000 : 5640);

    if (row >= 5000 && row < 5064)
      first = fmaxf (first, rarity);
    else if (row >= 5660 && row < 5700)
      second = fmaxf (second, rarity);
  }
  g_assert_cmpfloat (second, <, first - 1);
  end (&f);
}

static void
test_missing (void)
{
  Fixture f;
  double distance;

  begin (&f, 8, 64);
  g_assert_cmpfloat (orf_discord_push (f.discord, NAN, &distance), ==, 0);
  for (guint row = 0; row < 500; row++)
    orf_discord_push (f.discord, row % 7 == 0 ? INFINITY : 1e15 + draw (&f), &distance);
  g_assert_true (isfinite (distance));
  for (guint row = 0; row < 500; row++)
    orf_discord_push (f.discord, NAN, &distance);
  g_assert_cmpfloat (distance, ==, 0);
  end (&f);
}

/* Its bytes are all there is of it. */
static void
test_saved (void)
{
  Fixture f;
  g_autofree OrfDiscord *other = NULL;

  begin (&f, 8, 64);
  for (guint row = 0; row < 300; row++)
    orf_discord_push (f.discord, draw (&f), NULL);
  other = g_memdup2 (f.discord, orf_discord_get_bytes (8, 64));
  for (guint row = 0; row < 300; row++) {
    double value = draw (&f), one, same;

    g_assert_cmpfloat (orf_discord_push (f.discord, value, &one), ==,
                       orf_discord_push (other, value, &same));
    g_assert_cmpfloat (one, ==, same);
  }
  g_assert_false (orf_discord_is_valid (other, 8, 65));
  other->head = 8 + 64 + 2;
  g_assert_false (orf_discord_is_valid (other, 8, 64));
  end (&f);
}

static void
test_bounds (void)
{
  g_assert_false (orf_discord_is_setup (ORF_DISCORD_MIN_WINDOW - 1, 1000));
  g_assert_false (orf_discord_is_setup (ORF_DISCORD_MAX_WINDOW + 1, ORF_DISCORD_MAX_PAST));
  g_assert_false (orf_discord_is_setup (10, 79));
  g_assert_true (orf_discord_is_setup (10, 80));
  g_assert_false (orf_discord_is_setup (10, ORF_DISCORD_MAX_PAST + 1));
  g_assert_cmpuint (orf_discord_get_bytes (64, 4096), <, 60 * 4096);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/discord/definition", test_definition);
  g_test_add_func ("/discord/rounding", test_rounding);
  g_test_add_func ("/discord/shape", test_shape);
  g_test_add_func ("/discord/again", test_again);
  g_test_add_func ("/discord/missing", test_missing);
  g_test_add_func ("/discord/saved", test_saved);
  g_test_add_func ("/discord/bounds", test_bounds);
  return g_test_run ();
}
