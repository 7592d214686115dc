/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * A distribution as some points, each with weights: several distributions over the same points.
 * Bounded, on the stack of who asks.
 */
#define ORF_SAMPLE_MAX   96
#define ORF_SAMPLE_PARTS 5 /* weights of a point, and so distributions */

typedef struct {
  float value;
  float weights[ORF_SAMPLE_PARTS];
} OrfSamplePoint;

typedef struct {
  guint n;
  OrfSamplePoint points[ORF_SAMPLE_MAX];        /* by value, once sorted */
  float sums[ORF_SAMPLE_MAX][ORF_SAMPLE_PARTS]; /* of the weights up to a point, once summed */
} OrfSample;

/* There is room, and no value is NAN. */
void orf_sample_sort (OrfSample *sample);
/* Takes in points that are sorted themselves. */
void orf_sample_merge (OrfSample *sample, const OrfSamplePoint *points, guint n);
/* When all points are there and sorted; at least one is. */
void orf_sample_sum_up (OrfSample *sample);

/* The least value at which the weight of `part` reaches share × its sum. */
float orf_sample_get_quantile (const OrfSample *sample, guint part, float share);
/* The interval that leaves `outside` of the weight of `part` out, half on each side; where one side
 * has less than that to leave, since many points lie at its end, the other leaves the more. */
void orf_sample_get_interval (
  const OrfSample *sample, guint part, float outside, float *lower, float *upper);

G_END_DECLS
