/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "batch/orf-batch-advice.h"

#define MIB 1048576.0

/* of the laws that are promised, and of those beside them */
#define MANY 200
#define SOME 50

typedef double (*Law) (double size);

static double
linear (double n)
{
  return 2e9 + n * 80 * MIB;
}

static double
quadratic (double n)
{
  return 2e9 + n * 40 * MIB + n * n * 0.8 * MIB;
}

static double
square (double n)
{
  return 1.5e9 + n * n * 1.1 * MIB;
}

/* PyTorch takes what is large in multiples of 2 MiB */
static double
rounded (double n)
{
  return 2e9 + ceil (n * 33.3 / 2) * 2 * MIB;
}

static double
padded (double n)
{
  return 2e9 + ceil (n / 4) * 4 * 80 * MIB;
}

/* An allocator that takes half a gibibyte at once. */
static double
stairs (double n)
{
  return ceil (linear (n) / (512 * MIB)) * 512 * MIB;
}

typedef enum {
  ADDED,      /* a share of what the largest takes */
  MULTIPLIED, /* a share of what it takes */
} Noise;

typedef struct {
  const char *name;
  Law law;
  guint n_runs;
  guint n;
  double explored; /* of the limit */
  Noise noise;
  double share;
  double outliers; /* how many take up to 80 % more */
  double good;     /* how many must be within 5 % of the limit, and not above it */
} Case;

/* What can be known of a limit that was not reached: an extrapolated line stays good for longer
 * than a curve with a coefficient more. */
static const Case cases[] = {
  { "linear", linear, MANY, 200, 0.5, MULTIPLIED, 0.01, 0, 0.95 },
  { "linear-added", linear, MANY, 200, 0.5, ADDED, 0.01, 0, 0.95 },
  { "linear-far", linear, SOME, 300, 0.35, MULTIPLIED, 0.01, 0, 0.95 },
  { "linear-noisy", linear, SOME, 300, 1, MULTIPLIED, 0.05, 0, 0.95 },
  { "linear-outliers", linear, SOME, 200, 0.7, MULTIPLIED, 0.01, 0.05, 0.95 },
  { "linear-few", linear, SOME, 20, 0.9, MULTIPLIED, 0.01, 0, 0.95 },
  { "quadratic", quadratic, MANY, 300, 0.7, MULTIPLIED, 0.01, 0, 0.95 },
  { "quadratic-added", quadratic, SOME, 300, 0.7, ADDED, 0.01, 0, 0.95 },
  { "quadratic-noisy", quadratic, SOME, 300, 1.2, MULTIPLIED, 0.03, 0, 0.95 },
  { "square", square, MANY, 200, 0.5, MULTIPLIED, 0.02, 0, 0.95 },
  { "rounded", rounded, MANY, 200, 0.6, MULTIPLIED, 0.01, 0, 0.95 },
  { "rounded-seen", rounded, SOME, 200, 1.3, ADDED, 0.02, 0, 0.95 },
  { "padded", padded, SOME, 300, 0.6, MULTIPLIED, 0.005, 0, 0.9 },
  { "stairs", stairs, SOME, 300, 1.3, MULTIPLIED, 0.002, 0, 0.9 },
};

static double
draw_normal (GRand *rand)
{
  return sqrt (-2 * log (1 - g_rand_double (rand))) * cos (2 * G_PI * g_rand_double (rand));
}

static gint64
draw_peak (const Case *c, GRand *rand, double size, double largest)
{
  double value = c->law (size);
  double noise = c->share * draw_normal (rand);

  value += c->noise == MULTIPLIED ? value * noise : c->law (largest) * noise;
  if (g_rand_double (rand) < c->outliers)
    value *= g_rand_double_range (rand, 1.1, 1.8);

  return (gint64) MAX (value, 0);
}

/* One run: batches up to a share of a limit drawn at random, and a budget that just allows it. */
static gint64
advise_once (const Case *c, GRand *rand, gint64 *limit)
{
  g_autofree OrfBatch *batches = g_new (OrfBatch, c->n);
  OrfBatchBounds bounds = { 0 };
  OrfBatchAdvice advice;
  double at = g_rand_int_range (rand, 30, 150);
  double largest;

  while (c->law (at + 1) <= c->law (at))
    at++;
  bounds.budget_bytes = (gint64) (c->law (at) +
                                  (c->law (at + 1) - c->law (at)) * g_rand_double (rand));
  largest = MAX (floor (at * c->explored), 4);
  for (guint i = 0; i < c->n; i++) {
    double size = g_rand_int_range (rand, 1, (gint32) largest + 1);

    batches[i] = (OrfBatch){ (gint64) size, draw_peak (c, rand, size, largest), -1 };
  }

  orf_batch_advise (batches, c->n, &bounds, &advice);
  g_assert_cmpint (advice.observations, ==, c->n);
  g_assert_cmpint (advice.recommended, >, 0);
  g_assert_cmpint (advice.recommended, ==, advice.limit);
  g_assert_cmpfloat (advice.confidence, >=, ORF_BATCH_CONFIDENCE);
  *limit = (gint64) at;

  return advice.recommended;
}

static void
test_law (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  guint good = 0;
  guint above = 0;

  for (guint run = 0; run < c->n_runs; run++) {
    gint64 limit;
    gint64 recommended = advise_once (c, rand, &limit);

    above += recommended > limit;
    good += recommended <= limit && recommended >= floor (0.95 * (double) limit);
  }

  g_test_message ("%s: %u of %u within 5 %%, %u above", c->name, good, c->n_runs, above);
  g_assert_cmpuint (good, >=, (guint) (c->good * c->n_runs));
  g_assert_cmpuint (above, <=, (guint) (0.05 * c->n_runs));
}

/* Batches of the line without noise. */
static GArray *
make_line (gint64 from, gint64 to, guint each)
{
  GArray *batches = g_array_new (FALSE, FALSE, sizeof (OrfBatch));

  for (gint64 size = from; size <= to; size++) {
    for (guint i = 0; i < each; i++) {
      OrfBatch batch = { size, (gint64) linear ((double) size), 1000 + 100 * size + 3 * i };

      g_array_append_val (batches, batch);
    }
  }

  return batches;
}

static OrfBatchAdvice
advise (const GArray *batches, double budget, gint64 p99_us)
{
  OrfBatchBounds bounds = { (gint64) budget, p99_us };
  OrfBatchAdvice advice;

  orf_batch_advise ((const OrfBatch *) (void *) batches->data, batches->len, &bounds, &advice);

  return advice;
}

static void
test_exact (void)
{
  g_autoptr (GArray) batches = make_line (1, 16, 2);
  OrfBatchAdvice advice = advise (batches, linear (100) + 5 * MIB, 0);

  g_assert_cmpint (advice.recommended, ==, 100);
  g_assert_cmpint (advice.limit, ==, 100);
  g_assert_cmpint (advice.reason, ==, ORF_BATCH_REASON_MODEL);
  g_assert_true (advice.law_known);
  g_assert_cmpint (advice.law.shape, ==, ORF_BATCH_SHAPE_LINEAR);
  g_assert_cmpfloat_with_epsilon (advice.base_bytes, 2e9, 1e6);
  g_assert_cmpfloat_with_epsilon (advice.bytes_per_item, 80 * MIB, 1e5);
  g_assert_cmpfloat (advice.r2, >, 0.999);
  g_assert_cmpint (advice.explored_min, ==, 1);
  g_assert_cmpint (advice.explored_max, ==, 16);
  g_assert_cmpint (ABS (advice.peak_bytes - (gint64) linear (100)), <, (gint64) (5 * MIB));
}

static void
test_too_little (void)
{
  g_autoptr (GArray) batches = make_line (1, 4, 1);
  g_autoptr (GArray) none = g_array_new (FALSE, FALSE, sizeof (OrfBatch));
  OrfBatch unknown = { 8, -1, 100 };
  OrfBatchAdvice advice = advise (batches, 1e11, 0);

  g_assert_cmpint (advice.recommended, ==, 0);
  g_assert_cmpint (advice.reason, ==, ORF_BATCH_REASON_TOO_LITTLE);
  g_assert_cmpint (advice.observations, ==, 4);
  g_assert_cmpint (advice.explored_max, ==, 4);
  g_assert_true (isnan (advice.confidence));

  g_array_append_val (none, unknown);
  advice = advise (none, 1e11, 0);
  g_assert_cmpint (advice.recommended, ==, 0);
  g_assert_cmpint (advice.observations, ==, 0);
  g_assert_cmpint (advice.explored_min, ==, 0);
}

static void
test_one_size (void)
{
  g_autoptr (GArray) batches = make_line (8, 8, 10);
  OrfBatchAdvice advice = advise (batches, 1e11, 0);

  g_assert_cmpint (advice.recommended, ==, 8);
  g_assert_cmpint (advice.limit, ==, 0);
  g_assert_cmpint (advice.reason, ==, ORF_BATCH_REASON_ONE_SIZE);
  g_assert_false (advice.law_known);

  advice = advise (batches, linear (7), 0);
  g_assert_cmpint (advice.recommended, ==, 0);
}

static void
test_two_sizes (void)
{
  g_autoptr (GArray) batches = make_line (8, 9, 10);
  OrfBatchAdvice advice = advise (batches, linear (30), 0);

  g_assert_cmpint (advice.recommended, ==, 9);
  g_assert_cmpint (advice.limit, >=, 9);
  g_assert_cmpint (advice.limit, <=, 30);
  g_assert_cmpint (advice.reason, ==, ORF_BATCH_REASON_TWO_SIZES);
}

/* Memory that was taken once for all sizes says nothing of larger ones. */
static void
test_not_bound (void)
{
  g_autoptr (GArray) batches = make_line (1, 16, 3);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  OrfBatchAdvice advice;

  for (guint i = 0; i < batches->len; i++)
    g_array_index (batches, OrfBatch, i).peak_bytes = (gint64) (4e9 + 1e7 * draw_normal (rand));

  advice = advise (batches, 8e9, 0);
  g_assert_cmpint (advice.reason, ==, ORF_BATCH_REASON_NOT_BOUND);
  g_assert_cmpint (advice.recommended, ==, 16);
  g_assert_cmpint (advice.limit, ==, 0);
}

/* A law that would hold for a hundred times what was seen is not believed so far. */
static void
test_far (void)
{
  g_autoptr (GArray) batches = make_line (1, 16, 3);
  OrfBatchAdvice advice = advise (batches, linear (16 * 100), 0);

  g_assert_cmpint (advice.reason, ==, ORF_BATCH_REASON_FAR);
  g_assert_cmpint (advice.recommended, ==, 16);
  g_assert_cmpint (advice.limit, ==, 0);
}

static void
test_nothing_fits (void)
{
  g_autoptr (GArray) batches = make_line (1, 16, 3);
  OrfBatchAdvice advice = advise (batches, 1e9, 0);

  g_assert_cmpint (advice.reason, ==, ORF_BATCH_REASON_NOTHING);
  g_assert_cmpint (advice.recommended, ==, 0);
  g_assert_true (advice.law_known);
}

/* A law that is none of ours gives way to the sizes that were seen often. */
static void
test_cliff (void)
{
  g_autoptr (GArray) batches = make_line (1, 32, 8);
  OrfBatchAdvice advice;

  for (guint i = 0; i < batches->len; i++) {
    OrfBatch *batch = &g_array_index (batches, OrfBatch, i);

    /* another algorithm from 21 on, with a workspace */
    if (batch->size > 20)
      batch->peak_bytes += (gint64) 6e9;
  }

  advice = advise (batches, linear (20) + 3e9, 0);
  g_assert_cmpint (advice.recommended, ==, 20);
}

static void
test_latency (void)
{
  g_autoptr (GArray) batches = make_line (1, 32, 5);
  OrfBatchAdvice advice = advise (batches, linear (100), 1000 + 100 * 24 + 50);

  g_assert_cmpint (advice.reason, ==, ORF_BATCH_REASON_LATENCY);
  g_assert_cmpint (advice.limit, >=, 99);
  g_assert_cmpint (advice.recommended, >=, 22);
  g_assert_cmpint (advice.recommended, <=, 24);
  g_assert_cmpint (advice.p99_us, <=, 1000 + 100 * 24 + 50);
  g_assert_cmpint (advice.p99_us, >, 3000);
  g_assert_cmpint (advice.peak_bytes, <, (gint64) linear (25));

  /* memory binds first: the p99 is told none the less */
  advice = advise (batches, linear (10) + MIB, 1000 + 100 * 24);
  g_assert_cmpint (advice.reason, ==, ORF_BATCH_REASON_MODEL);
  g_assert_cmpint (advice.recommended, ==, 10);
  g_assert_cmpint (advice.p99_us, >=, 2000);

  advice = advise (batches, linear (100), 500);
  g_assert_cmpint (advice.reason, ==, ORF_BATCH_REASON_TOO_SLOW);
  g_assert_cmpint (advice.recommended, ==, 0);
  g_assert_cmpint (advice.limit, >=, 99);
}

static void
test_no_latency (void)
{
  g_autoptr (GArray) batches = make_line (1, 16, 2);
  OrfBatchAdvice advice;

  for (guint i = 0; i < batches->len; i++)
    g_array_index (batches, OrfBatch, i).duration_us = -1;

  advice = advise (batches, linear (100), 1000);
  g_assert_cmpint (advice.reason, ==, ORF_BATCH_REASON_NO_LATENCY);
  g_assert_cmpint (advice.recommended, ==, 0);
}

/* Whatever comes, nothing but numbers goes out. */
static void
test_odd (void)
{
  static const OrfBatch odd[][6] = {
    { { 1, 0, 0 }, { 2, 0, 0 }, { 3, 0, 0 }, { 4, 0, 0 }, { 5, 0, 0 }, { 6, 0, 0 } },
    { { 1, 9, 9 }, { 2, 8, 8 }, { 3, 7, 7 }, { 4, 6, 6 }, { 5, 5, 5 }, { 6, 4, 4 } },
    { { 1, 1, 1 },
      { G_MAXINT64, G_MAXINT64, 1 },
      { 3, 3, 1 },
      { 4, 4, 1 },
      { 5, 5, 1 },
      { 6, 6, 1 } },
    { { 1, 1, 1 },
      { 1, 1, 1 },
      { 1LL << 53, 1000, 9 },
      { 1LL << 53, 999, 9 },
      { 1LL << 53, 1001, 9 },
      { 5, 1, 1 } },
    { { 1, 5, 1 }, { 1, 5, 1 }, { 1, 5, 1 }, { 1, 5, 1 }, { 1, 5, 1 }, { 2, 900, 1 } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (odd); i++) {
    for (gint64 budget = 1; budget <= 1000000; budget *= 10) {
      OrfBatchBounds bounds = { budget, 5 };
      OrfBatchAdvice advice;

      orf_batch_advise (odd[i], 6, &bounds, &advice);
      g_assert_cmpint (advice.recommended, >=, 0);
      g_assert_cmpint (advice.limit, >=, 0);
      g_assert_cmpint (advice.limit, <=, 1LL << 53);
      g_assert_true (isnan (advice.confidence) ||
                     (advice.confidence >= 0 && advice.confidence <= 1));
      g_assert_true (advice.recommended > 0 || isnan (advice.confidence));
    }
  }
}

/* A line through sizes that are nearly one is steep: where a worker says anything, it begins at
 * what is no number of bytes. */
static void
test_near_sizes (void)
{
  const OrfBatchBounds bounds = { 1LL << 53, 0 };
  OrfBatch batches[40];
  OrfBatchAdvice advice;

  for (guint i = 0; i < G_N_ELEMENTS (batches); i++)
    batches[i] = (OrfBatch){ 50000 + i % 2, (1LL << 53) / (1 + i % 2), -1 };
  orf_batch_advise (batches, G_N_ELEMENTS (batches), &bounds, &advice);
  g_assert_true (advice.law_known);
  g_assert_cmpfloat (advice.base_bytes, >=, 0);
  g_assert_cmpfloat (advice.base_bytes, <=, 9007199254740992.0);
  g_assert_cmpint (advice.peak_bytes, <=, 1LL << 53);
}

static void
test_law_text (void)
{
  const OrfBatchLaw plain = { ORF_BATCH_SHAPE_LINEAR, 1, 0 };
  const OrfBatchLaw steps = { ORF_BATCH_SHAPE_QUADRATIC, 8, 1 };
  const OrfBatchLaw powers = { ORF_BATCH_SHAPE_LINEAR, ORF_BATCH_PADDING_POWERS, 1 };
  g_autofree char *a = orf_batch_law_dup_text (&plain);
  g_autofree char *b = orf_batch_law_dup_text (&steps);
  g_autofree char *c = orf_batch_law_dup_text (&powers);

  g_assert_cmpstr (a, ==, "linear");
  g_assert_cmpstr (b, ==, "quadratic in steps of 8");
  g_assert_cmpstr (c, ==, "linear in powers of two");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/batch-advice/law/%s", cases[i].name);

    g_test_add_data_func (path, &cases[i], test_law);
  }
  g_test_add_func ("/batch-advice/exact", test_exact);
  g_test_add_func ("/batch-advice/too-little", test_too_little);
  g_test_add_func ("/batch-advice/one-size", test_one_size);
  g_test_add_func ("/batch-advice/two-sizes", test_two_sizes);
  g_test_add_func ("/batch-advice/not-bound", test_not_bound);
  g_test_add_func ("/batch-advice/far", test_far);
  g_test_add_func ("/batch-advice/nothing-fits", test_nothing_fits);
  g_test_add_func ("/batch-advice/cliff", test_cliff);
  g_test_add_func ("/batch-advice/latency", test_latency);
  g_test_add_func ("/batch-advice/no-latency", test_no_latency);
  g_test_add_func ("/batch-advice/odd", test_odd);
  g_test_add_func ("/batch-advice/near-sizes", test_near_sizes);
  g_test_add_func ("/batch-advice/law-text", test_law_text);

  return g_test_run ();
}
