/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-exposition-source.h"

#include <math.h>

/* How many series ahead of the one that is read are fetched. */
#define AHEAD 8

/* Of a histogram its buckets, and counters. */
static gboolean
may_have_exemplar (const OrfExposedSeries *one)
{
  const OrfFamily *family = one->series->family;

  return family->builtin && family->kind == ORF_SERIES_KIND_COUNTER &&
         (one->part == ORF_EXPOSED_BUCKET || one->part == ORF_EXPOSED_VALUE);
}

GArray *
orf_exposition_sources_new (const GPtrArray *plan)
{
  GArray *sources = g_array_new (FALSE, FALSE, sizeof (OrfExpositionSource));

  for (guint i = 0; i < plan->len; i++) {
    const OrfExposedFamily *family = plan->pdata[i];

    for (guint j = 0; j < family->series->len; j++) {
      const OrfExposedSeries *one = &g_array_index (family->series, OrfExposedSeries, j);
      OrfExpositionSource source = { one->series, family->name->kind == ORF_SERIES_KIND_GAUGE,
                                     one->part != ORF_EXPOSED_VALUE, may_have_exemplar (one) };

      g_array_append_val (sources, source);
    }
  }
  return sources;
}

/* A counter that stands still is true as long as its series is active, and says that nothing
 * happened; a gauge that nobody measures any more says nothing. */
static double
get_value (const OrfExpositionSource *source, gint64 fresh_us)
{
  const OrfSeries *series = source->series;

  if (source->gauge && series->last_us < fresh_us)
    return NAN;
  /* an observation that came late is counted, though its point is not the newest */
  if (source->counted && !isnan (series->total))
    return series->total;
  return series->newest;
}

GArray *
orf_exposition_sources_read (const GArray *sources, gint64 now_us)
{
  GArray *values = g_array_sized_new (FALSE, FALSE, sizeof (double), sources->len);
  gint64 fresh_us = now_us - ORF_EXPOSITION_STALE_US;

  for (guint i = 0; i < sources->len; i++) {
    double value = get_value (&g_array_index (sources, OrfExpositionSource, i), fresh_us);

    /* a series is a line of memory of its own, and each would be waited for */
    if (i + AHEAD < sources->len)
      __builtin_prefetch (g_array_index (sources, OrfExpositionSource, i + AHEAD).series);
    g_array_append_val (values, value);
  }
  return values;
}
