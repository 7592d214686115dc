/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-registry.h"

G_BEGIN_DECLS

/*
 * A histogram is stored as Prometheus tells it: counters NAME_bucket{le="BOUND"} of the
 * observations up to each bound ("+Inf" for all), NAME_count and NAME_sum.
 */
#define ORF_HISTOGRAM_MAX_BUCKETS 64

/* 16 bounds, each four times the one before, from 0.001 on. */
GArray *orf_histogram_make_default_buckets (void);
/* Finite and rising, at most ORF_HISTOGRAM_MAX_BUCKETS.  INVALID_ARGUMENT, field buckets. */
gboolean orf_histogram_check_buckets (GArray *buckets, GError **error);

/* One series that an observation adds to. */
typedef struct {
  const char *name;
  char **labels;
  double addend;
} OrfHistogramRow;

/* Appends the OrfHistogramRow of one observation to rows.  names (with g_free) gets the strings
 * that they point at. */
void orf_histogram_observe (
  const OrfFamily *family, char *const *labels, double value, GPtrArray *names, GArray *rows);
/* TRUE where the name is one that a histogram in memory keeps for its own counters. */
gboolean orf_histogram_owns_name (OrfRegistry *registry, const char *name);

G_END_DECLS
