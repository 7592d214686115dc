/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Of windows that end now and `lag` rows ago, the product of values is kept for each lag: a row
 * adds the product of the values that come and takes that of the values that leave, so that no row
 * sums a window's for all lags.  What rounding leaves is removed lag by lag, one a row.
 */
#include "anomaly/orf-discord.h"
#include "stats/orf-spread.h"

#include <math.h>
#include <string.h>

/* A window in which all is nearer than this share of the value has no shape. */
#define FLAT_SHARE 1e-6
#define LEAST_FLAT 1e-12
/* From the first value; beyond, all are one, so that sums of squares are numbers. */
#define FARTHEST   1e30
#define USUAL_ROWS 256
/* What is further, in usual distances, is not learnt from. */
#define FAR 3
/* The distance as a score: the usual one is worth 4, twice that 16. */
#define SCORE_FACTOR 2
/* Lags that are looked at side by side. */
#define LANES 8

gboolean
orf_discord_is_setup (guint window, guint past)
{
  return window >= ORF_DISCORD_MIN_WINDOW && window <= ORF_DISCORD_MAX_WINDOW &&
         past >= ORF_DISCORD_MIN_PAST * window && past <= ORF_DISCORD_MAX_PAST;
}

/* Rows that are kept: of the window that ends with the last lag, and the one that left it. */
static guint
get_room (const OrfDiscord *discord)
{
  return discord->past + discord->window + 1;
}

gsize
orf_discord_get_bytes (guint window, guint past)
{
  gsize room = past + window + 1;

  return sizeof (OrfDiscord) + (6 * room + past) * sizeof (double);
}

void
orf_discord_init (OrfDiscord *discord, guint window, guint past)
{
  memset (discord, 0, orf_discord_get_bytes (window, past));
  discord->window = window;
  discord->past = past;
  discord->head = get_room (discord);
  discord->fresh = window;
}

/* The newest first. */
static double *
get_values (OrfDiscord *discord)
{
  return discord->data + discord->head;
}

static double *
get_means (OrfDiscord *discord)
{
  return discord->data + 2 * get_room (discord) + discord->head;
}

/* 1 / (deviation * sqrt (window)); 0: it is flat. */
static double *
get_scales (OrfDiscord *discord)
{
  return discord->data + 4 * get_room (discord) + discord->head;
}

static double *
get_products (OrfDiscord *discord)
{
  return discord->data + 6 * get_room (discord);
}

/* ---- a row comes ----------------------------------------------------------------------------- */

static void
make_place (OrfDiscord *discord)
{
  guint room = get_room (discord);

  if (discord->head == 0) {
    memcpy (discord->data + room, discord->data, room * sizeof (double));
    memcpy (discord->data + 3 * room, discord->data + 2 * room, room * sizeof (double));
    memcpy (discord->data + 5 * room, discord->data + 4 * room, room * sizeof (double));
    discord->head = room;
  }
  discord->head--;
  discord->n = MIN (discord->n + 1, room);
}

static void
take_value (OrfDiscord *discord, double value)
{
  double before = discord->n > 0 ? *get_values (discord) : 0;

  if (discord->n == 0 && isfinite (value))
    discord->first = value;
  make_place (discord);
  *get_values (discord) = isfinite (value) ? CLAMP (value - discord->first, -FARTHEST, FARTHEST)
                                           : before;
}

static void
describe_window (OrfDiscord *discord)
{
  const double *values = get_values (discord);
  double mean = 0, sum = 0, deviation;

  for (guint i = 0; i < discord->window; i++)
    mean += values[i];
  mean /= discord->window;
  for (guint i = 0; i < discord->window; i++)
    sum += (values[i] - mean) * (values[i] - mean);
  deviation = sqrt (sum / discord->window);
  *get_means (discord) = mean;
  *get_scales (discord) = deviation > FLAT_SHARE * fabs (mean + discord->first) + LEAST_FLAT
                            ? 1 / (deviation * sqrt (discord->window))
                            : 0;
}

static void
move_products (OrfDiscord *discord)
{
  const double *restrict values = get_values (discord);
  double *restrict products = get_products (discord);
  guint window = discord->window, past = discord->past;
  double came = values[0], left = values[window], sum = 0;

  for (guint lag = window; lag < past; lag++)
    products[lag] += came * values[lag] - left * values[lag + window];
  for (guint i = 0; i < window; i++)
    sum += values[i] * values[i + discord->fresh];
  products[discord->fresh] = sum;
  if (++discord->fresh == past)
    discord->fresh = window;
}

/* ---- the nearest ----------------------------------------------------------------------------- */

/* The highest correlation, times 1 / scale of the newest window; -INFINITY of no lags. */
static double
find_highest (OrfDiscord *discord, guint to)
{
  const double *means = get_means (discord), *scales = get_scales (discord),
               *products = get_products (discord);
  double highest[LANES], mean = discord->window * means[0];
  guint lag = discord->window;

  for (guint i = 0; i < LANES; i++)
    highest[i] = -INFINITY;
  for (; lag + LANES <= to; lag += LANES)
    for (guint i = 0; i < LANES; i++) {
      double one = (products[lag + i] - mean * means[lag + i]) * scales[lag + i];

      highest[i] = one > highest[i] ? one : highest[i];
    }
  for (; lag < to; lag++)
    *highest = MAX (*highest, (products[lag] - mean * means[lag]) * scales[lag]);
  for (guint i = 1; i < LANES; i++)
    *highest = MAX (*highest, highest[i]);
  return *highest;
}

static gboolean
was_flat_before (OrfDiscord *discord, guint to)
{
  const double *scales = get_scales (discord);

  for (guint lag = discord->window; lag < to; lag++)
    if (scales[lag] == 0)
      return TRUE;
  return FALSE;
}

/* Two that are flat are the same; one that is flat is as far from any other as what has nothing to
 * do with it. */
static double
find_distance (OrfDiscord *discord)
{
  guint window = discord->window, to;
  double scale = *get_scales (discord), highest;

  if (discord->n < 2 * window)
    return NAN;
  to = MIN (discord->n - window + 1, discord->past);
  if (scale == 0)
    highest = was_flat_before (discord, to) ? 1 : 0;
  else
    highest = scale * find_highest (discord, to);
  return sqrt (2 * window * (1 - CLAMP (highest, -1, 1)));
}

static float
judge (OrfDiscord *discord, float distance)
{
  float score, rarity;

  if (discord->usual <= 0)
    discord->usual = distance;
  score = SCORE_FACTOR * distance / (discord->usual + (float) LEAST_FLAT);
  rarity = orf_tail_judge (&discord->tail, score * score);
  orf_tail_push (&discord->tail, score * score);
  discord->usual = orf_spread_follow (discord->usual, distance, 1.f / USUAL_ROWS,
                                      FAR * discord->usual);
  return rarity;
}

float
orf_discord_push (OrfDiscord *discord, double value, double *distance)
{
  double nearest;

  take_value (discord, value);
  move_products (discord);
  if (discord->n >= discord->window)
    describe_window (discord);
  nearest = find_distance (discord);
  if (distance != NULL)
    *distance = nearest;
  /* while little came, all is new */
  return discord->n < discord->past / 2 ? 0 : judge (discord, (float) nearest);
}

gboolean
orf_discord_is_valid (const OrfDiscord *discord, guint window, guint past)
{
  return discord->window == window && discord->past == past &&
         orf_discord_is_setup (window, past) && discord->n <= get_room (discord) &&
         discord->head <= get_room (discord) && discord->fresh >= window && discord->fresh < past &&
         orf_tail_is_valid (&discord->tail);
}
