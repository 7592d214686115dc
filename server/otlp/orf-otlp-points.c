/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One function for each kind of point: what rows it makes. */
#include <math.h>
#include <string.h>

#include "orf-encode.h"
#include "otlp/orf-otlp-exponential.h"
#include "otlp/orf-otlp-mapper-private.h"

/* Of one explicit histogram or summary: each is a series. */
#define MAX_BOUNDS 256

#define TOO_MANY_BOUNDS "it has more than 256 bounds"
#define NOT_FINITE      "its value is not a finite number"

/* ---- numbers --------------------------------------------------------------------------------- */

static void
map_number (OrfOtlpMapper *mapper, const Otlp__NumberPoint *sent, OrfSeriesKind kind, guint flags)
{
  OrfOtlpPoint point = { sent->attributes,     sent->n_attributes, sent->start_time_unix_nano,
                         sent->time_unix_nano, sent->flags,        0 };
  double value = sent->has_as_double ? sent->as_double : (double) sent->as_int;
  gboolean fresh;
  OrfOtlpEntry *entry = orf_otlp_mapper_begin (mapper, &point, &fresh);

  if (entry == NULL)
    return;
  if (!isfinite (value) || (!sent->has_as_double && !sent->has_as_int)) {
    orf_otlp_mapper_drop (mapper, fresh, NOT_FINITE);
    return;
  }
  if (kind == ORF_SERIES_KIND_COUNTER && value < 0) {
    orf_otlp_mapper_drop (mapper, fresh, "a monotonic sum is never negative");
    return;
  }
  if (fresh && !orf_otlp_mapper_add_series (mapper, "", NULL, NULL, kind, &entry->slot)) {
    orf_otlp_cache_forget (mapper->cache);
    return;
  }
  orf_otlp_mapper_add_row (mapper, &point, entry->slot, value, flags | ORF_OTLP_ROW_FIRST);
}

void
orf_otlp_map_numbers (OrfOtlpMapper *mapper,
                      Otlp__NumberPoint *const *points,
                      gsize n_points,
                      OrfSeriesKind kind,
                      guint flags)
{
  for (gsize i = 0; i < n_points; i++)
    map_number (mapper, points[i], kind, flags);
}

/* ---- series by bound or quantile ------------------------------------------------------------- */

/* Where the bound is, or would be. */
static guint
find_place (const GArray *buckets, double bound)
{
  guint low = 0, high = buckets->len;

  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (g_array_index (buckets, OrfOtlpBucket, middle).bound < bound)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static char *
format_bound (double bound)
{
  GString *text;

  if (isinf (bound))
    return g_strdup ("+Inf");
  text = g_string_new (NULL);
  orf_encode_number (text, bound);
  return g_string_free (text, FALSE);
}

/* What each bound's series is. */
typedef struct {
  const char *ending, *key;
  OrfSeriesKind kind;
} BoundKind;

static const BoundKind bucket_kind = { "_bucket", "le", ORF_SERIES_KIND_COUNTER };
static const BoundKind quantile_kind = { "", "quantile", ORF_SERIES_KIND_GAUGE };

/* The slot of the bound's series.  *labelled: the point's labels are read. */
static gboolean
find_slot (OrfOtlpMapper *mapper,
           const OrfOtlpPoint *point,
           OrfOtlpEntry *entry,
           const BoundKind *kind,
           double bound,
           gboolean *labelled,
           guint32 *slot)
{
  g_autofree char *text = NULL;
  OrfOtlpBucket bucket = { bound, 0 };
  guint at;

  if (entry->buckets == NULL)
    entry->buckets = g_array_new (FALSE, FALSE, sizeof (OrfOtlpBucket));
  at = find_place (entry->buckets, bound);
  if (at < entry->buckets->len &&
      g_array_index (entry->buckets, OrfOtlpBucket, at).bound == bound) {
    *slot = g_array_index (entry->buckets, OrfOtlpBucket, at).slot;
    return TRUE;
  }
  if (!*labelled && !orf_otlp_mapper_read_labels (mapper, point)) {
    orf_otlp_mapper_reject (mapper, "its attributes cannot be read");
    return FALSE;
  }
  *labelled = TRUE;
  text = format_bound (bound);
  if (!orf_otlp_mapper_add_series (mapper, kind->ending, kind->key, text, kind->kind, &bucket.slot))
    return FALSE;
  g_array_insert_val (entry->buckets, at, bucket);
  *slot = bucket.slot;
  return TRUE;
}

/* A row for each bound.  FALSE: the point was rejected, and those that it had are taken back. */
static gboolean
add_bounds (OrfOtlpMapper *mapper,
            const OrfOtlpPoint *point,
            OrfOtlpEntry *entry,
            const BoundKind *kind,
            gboolean fresh,
            guint flags)
{
  guint n_before = mapper->batch->rows->len;
  gboolean labelled = fresh;

  for (guint i = 0; i < mapper->bounds->len; i++) {
    const OrfOtlpBound *bound = &g_array_index (mapper->bounds, OrfOtlpBound, i);
    guint32 slot;

    if (!find_slot (mapper, point, entry, kind, bound->bound, &labelled, &slot)) {
      g_array_set_size (mapper->batch->rows, n_before);
      return FALSE;
    }
    orf_otlp_mapper_add_row (mapper, point, slot, bound->count,
                             i == 0 ? flags & ~(guint) ORF_OTLP_ROW_AFTER_PREVIOUS : flags);
  }
  return TRUE;
}

/* The family, so that it is known for a histogram, and what stands beside its buckets. */
static gboolean
add_totals (OrfOtlpMapper *mapper, OrfOtlpEntry *entry, gboolean histogram)
{
  guint32 family;

  return (!histogram || orf_otlp_mapper_add_series (mapper, "", NULL, NULL,
                                                    ORF_SERIES_KIND_HISTOGRAM, &family)) &&
         orf_otlp_mapper_add_series (mapper, "_count", NULL, NULL, ORF_SERIES_KIND_COUNTER,
                                     &entry->slot) &&
         orf_otlp_mapper_add_series (mapper, "_sum", NULL, NULL, ORF_SERIES_KIND_COUNTER,
                                     &entry->sum_slot);
}

/* All rows of a point whose bounds stand in the mapper. */
static void
add_whole (OrfOtlpMapper *mapper,
           const OrfOtlpPoint *point,
           OrfOtlpEntry *entry,
           const BoundKind *kind,
           gboolean fresh,
           guint flags,
           double count,
           const double *sum)
{
  guint first = mapper->batch->rows->len;
  guint plain = flags & ~(guint) ORF_OTLP_ROW_AFTER_PREVIOUS;

  if ((fresh && !add_totals (mapper, entry, kind == &bucket_kind)) ||
      !add_bounds (mapper, point, entry, kind, fresh, kind == &bucket_kind ? flags : 0)) {
    if (fresh)
      orf_otlp_cache_forget (mapper->cache);
    return;
  }
  orf_otlp_mapper_add_row (mapper, point, entry->slot, count, plain);
  if (sum != NULL)
    orf_otlp_mapper_add_row (mapper, point, entry->sum_slot, *sum, plain);
  g_array_index (mapper->batch->rows, OrfOtlpRow, first).flags |= ORF_OTLP_ROW_FIRST;
}

/* ---- histograms ------------------------------------------------------------------------------ */

/* What is wrong with it; NULL: nothing. */
static const char *
check_histogram (const Otlp__HistogramPoint *sent)
{
  if (sent->n_explicit_bounds > MAX_BOUNDS)
    return TOO_MANY_BOUNDS;
  if (sent->n_bucket_counts !=
        (sent->n_explicit_bounds > 0 ? sent->n_explicit_bounds + 1 : sent->n_bucket_counts) ||
      (sent->n_explicit_bounds == 0 && sent->n_bucket_counts > 1))
    return "it has not one bucket more than bounds";
  for (size_t i = 0; i < sent->n_explicit_bounds; i++)
    if (!isfinite (sent->explicit_bounds[i]) ||
        (i > 0 && sent->explicit_bounds[i] <= sent->explicit_bounds[i - 1]))
      return "its bounds do not rise, or are not finite";
  return sent->has_sum && !isfinite (sent->sum) ? NOT_FINITE : NULL;
}

static void
fill_bounds (GArray *bounds, const Otlp__HistogramPoint *sent)
{
  OrfOtlpBound all = { INFINITY, (double) sent->count };
  double so_far = 0;

  g_array_set_size (bounds, 0);
  for (size_t i = 0; i < sent->n_explicit_bounds; i++) {
    OrfOtlpBound bound = { sent->explicit_bounds[i], 0 };

    bound.count = so_far += (double) sent->bucket_counts[i];
    g_array_append_val (bounds, bound);
  }
  g_array_append_val (bounds, all);
}

static void
map_histogram_point (OrfOtlpMapper *mapper, const Otlp__HistogramPoint *sent, guint flags)
{
  OrfOtlpPoint point = { sent->attributes,     sent->n_attributes, sent->start_time_unix_nano,
                         sent->time_unix_nano, sent->flags,        0 };
  gboolean fresh;
  OrfOtlpEntry *entry = orf_otlp_mapper_begin (mapper, &point, &fresh);
  const char *wrong;

  if (entry == NULL)
    return;
  wrong = check_histogram (sent);
  if (wrong != NULL) {
    orf_otlp_mapper_drop (mapper, fresh, wrong);
    return;
  }
  fill_bounds (mapper->bounds, sent);
  add_whole (mapper, &point, entry, &bucket_kind, fresh, flags, (double) sent->count,
             sent->has_sum ? &sent->sum : NULL);
}

void
orf_otlp_map_histograms (OrfOtlpMapper *mapper,
                         Otlp__HistogramPoint *const *points,
                         gsize n_points,
                         guint flags)
{
  for (gsize i = 0; i < n_points; i++)
    map_histogram_point (mapper, points[i], flags);
}

static void
map_exponential_point (OrfOtlpMapper *mapper, const Otlp__ExponentialPoint *sent, guint flags)
{
  OrfOtlpPoint point = { sent->attributes,     sent->n_attributes, sent->start_time_unix_nano,
                         sent->time_unix_nano, sent->flags,        0 };
  gboolean fresh;
  OrfOtlpEntry *entry = orf_otlp_mapper_begin (mapper, &point, &fresh);

  if (entry == NULL)
    return;
  if (sent->has_sum && !isfinite (sent->sum)) {
    orf_otlp_mapper_drop (mapper, fresh, NOT_FINITE);
    return;
  }
  if (!orf_otlp_exponential_spread (entry, sent, mapper->bounds)) {
    orf_otlp_mapper_drop (mapper, fresh, "its scale is out of range");
    return;
  }
  add_whole (mapper, &point, entry, &bucket_kind, fresh, flags | ORF_OTLP_ROW_AFTER_PREVIOUS,
             (double) sent->count, sent->has_sum ? &sent->sum : NULL);
}

void
orf_otlp_map_exponentials (OrfOtlpMapper *mapper,
                           Otlp__ExponentialPoint *const *points,
                           gsize n_points,
                           guint flags)
{
  for (gsize i = 0; i < n_points; i++)
    map_exponential_point (mapper, points[i], flags);
}

/* ---- summaries ------------------------------------------------------------------------------- */

static const char *
check_summary (const Otlp__SummaryPoint *sent)
{
  if (sent->n_quantile_values > MAX_BOUNDS)
    return TOO_MANY_BOUNDS;
  for (size_t i = 0; i < sent->n_quantile_values; i++)
    if (!(sent->quantile_values[i]->quantile >= 0 && sent->quantile_values[i]->quantile <= 1))
      return "a quantile is not between 0 and 1";
  return isfinite (sent->sum) ? NULL : NOT_FINITE;
}

static void
map_summary_point (OrfOtlpMapper *mapper, const Otlp__SummaryPoint *sent)
{
  OrfOtlpPoint point = { sent->attributes,     sent->n_attributes, sent->start_time_unix_nano,
                         sent->time_unix_nano, sent->flags,        0 };
  gboolean fresh;
  OrfOtlpEntry *entry = orf_otlp_mapper_begin (mapper, &point, &fresh);
  const char *wrong;

  if (entry == NULL)
    return;
  wrong = check_summary (sent);
  if (wrong != NULL) {
    orf_otlp_mapper_drop (mapper, fresh, wrong);
    return;
  }
  g_array_set_size (mapper->bounds, 0);
  for (size_t i = 0; i < sent->n_quantile_values; i++) {
    const OrfOtlpBound bound = { sent->quantile_values[i]->quantile,
                                 sent->quantile_values[i]->value };

    if (isfinite (bound.count)) /* NaN: nothing was observed */
      g_array_append_val (mapper->bounds, bound);
  }
  add_whole (mapper, &point, entry, &quantile_kind, fresh, ORF_OTLP_ROW_MONOTONIC,
             (double) sent->count, &sent->sum);
}

void
orf_otlp_map_summaries (OrfOtlpMapper *mapper, Otlp__SummaryPoint *const *points, gsize n_points)
{
  for (gsize i = 0; i < n_points; i++)
    map_summary_point (mapper, points[i]);
}
