/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "batch/orf-batch-law.h"

#include <math.h>

static const char *const shape_names[] = {
  [ORF_BATCH_SHAPE_LINEAR] = "linear",          [ORF_BATCH_SHAPE_QUADRATIC] = "quadratic",
  [ORF_BATCH_SHAPE_SQUARE] = "square",          [ORF_BATCH_SHAPE_LOG_LINEAR] = "log-linear",
  [ORF_BATCH_SHAPE_POWER_3_2] = "power of 1.5",
};

guint
orf_batch_law_count (const OrfBatchLaw *law)
{
  return law->shape == ORF_BATCH_SHAPE_QUADRATIC ? 3 : 2;
}

static double
pad (const OrfBatchLaw *law, double size)
{
  if (law->padding == ORF_BATCH_PADDING_POWERS)
    return exp2 (ceil (log2 (size)));

  return law->padding == 1 ? size : ceil (size / law->padding) * law->padding;
}

void
orf_batch_law_fill_terms (const OrfBatchLaw *law, double size, double scale, double *terms)
{
  double run = pad (law, size);
  double x = run / scale;

  terms[0] = 1;
  switch (law->shape) {
  case ORF_BATCH_SHAPE_SQUARE:
    terms[1] = x * x;
    break;
  case ORF_BATCH_SHAPE_LOG_LINEAR:
    terms[1] = x * log2 (1 + run);
    break;
  case ORF_BATCH_SHAPE_POWER_3_2:
    terms[1] = x * sqrt (x);
    break;
  case ORF_BATCH_SHAPE_LINEAR:
  case ORF_BATCH_SHAPE_QUADRATIC:
  default:
    terms[1] = x;
    break;
  }
  terms[2] = law->shape == ORF_BATCH_SHAPE_QUADRATIC ? x * x : 0;
}

char *
orf_batch_law_dup_text (const OrfBatchLaw *law)
{
  const char *name = shape_names[law->shape];

  if (law->padding == 1)
    return g_strdup (name);
  if (law->padding == ORF_BATCH_PADDING_POWERS)
    return g_strdup_printf ("%s in powers of two", name);

  return g_strdup_printf ("%s in steps of %u", name, law->padding);
}
