/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * A distribution as some points, each with weights: of one mixture, or of several at once.
 * Bounded, on the stack of who asks.
 */
#define ORF_SAMPLE_MAX   128
#define ORF_SAMPLE_PARTS 4 /* weights of a point */

typedef struct {
  guint n;
  float values[ORF_SAMPLE_MAX];
  float weights[ORF_SAMPLE_MAX][ORF_SAMPLE_PARTS];
  guint8 order[ORF_SAMPLE_MAX]; /* by value, once sorted */
} OrfSample;

/* value is not NAN; there is room. */
void orf_sample_add (OrfSample *sample, float value, const float weights[ORF_SAMPLE_PARTS]);
void orf_sample_sort (OrfSample *sample);
/* The least value at which the weight of `part` reaches share × its sum. */
float orf_sample_get_quantile (const OrfSample *sample, guint part, float share);
/* The interval that leaves `outside` of the weight of `part` out, half on each side; where one side
 * has less than that to leave, since many points lie at its end, the other leaves the more. */
void orf_sample_get_interval (
  const OrfSample *sample, guint part, float outside, float *lower, float *upper);

G_END_DECLS
