/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-exposition-histogram.h"

#include <math.h>
#include <string.h>

#include "core/orf-names.h"
#include "metrics/orf-exposition-labels.h"
#include "metrics/orf-series-name.h"

typedef struct {
  double bound;
  const OrfSeries *series;
} Bucket;

/* The counters of one label set. */
typedef struct {
  char *labels;    /* as they are told, without le */
  GArray *buckets; /* Bucket */
  const OrfSeries *sum, *count;
} Group;

struct _OrfExpositionHistogram {
  const OrfFamily *family;
  GHashTable *by_labels; /* Group, by its labels */
  GPtrArray *groups;     /* owned */
};

OrfExposedPart
orf_exposition_histogram_split (const char *name, gsize *base_length)
{
  static const struct {
    const char *ending;
    OrfExposedPart part;
  } parts[] = {
    { "_bucket", ORF_EXPOSED_BUCKET },
    { "_sum", ORF_EXPOSED_SUM },
    { "_count", ORF_EXPOSED_COUNT },
  };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (g_str_has_suffix (name, parts[i].ending)) {
      *base_length = strlen (name) - strlen (parts[i].ending);
      return *base_length > 0 ? parts[i].part : ORF_EXPOSED_VALUE;
    }
  return ORF_EXPOSED_VALUE;
}

/* ---- gathering ------------------------------------------------------------------------------- */

static void
group_free (gpointer data)
{
  Group *group = data;

  g_free (group->labels);
  g_array_unref (group->buckets);
  g_free (group);
}

static Group *
ensure_group (OrfExpositionHistogram *histogram, char *const *labels)
{
  /* with an le that is told as none, so that its own is left out */
  g_autofree char *text = orf_exposition_labels_to_text (labels, "");
  Group *group = g_hash_table_lookup (histogram->by_labels, text);

  if (group != NULL)
    return group;
  group = g_new0 (Group, 1);
  group->labels = g_steal_pointer (&text);
  group->buckets = g_array_new (FALSE, FALSE, sizeof (Bucket));
  g_hash_table_insert (histogram->by_labels, group->labels, group);
  g_ptr_array_add (histogram->groups, group);
  return group;
}

static gboolean
parse_bound (const char *le, double *bound)
{
  char *end;

  if (le == NULL || le[0] == '\0')
    return FALSE;
  *bound = g_ascii_strtod (le, &end);
  return *end == '\0' && !isnan (*bound);
}

static void
add_bucket (Group *group, const OrfSeries *series)
{
  Bucket bucket = { 0, series };

  if (parse_bound (orf_series_name_get_label (series->labels, "le"), &bucket.bound))
    g_array_append_val (group->buckets, bucket);
}

void
orf_exposition_histogram_add (OrfExpositionHistogram *histogram,
                              OrfExposedPart part,
                              const OrfSeries *series)
{
  Group *group = ensure_group (histogram, series->labels);

  if (part == ORF_EXPOSED_BUCKET)
    add_bucket (group, series);
  else if (part == ORF_EXPOSED_SUM && group->sum == NULL)
    group->sum = series;
  else if (part == ORF_EXPOSED_COUNT && group->count == NULL)
    group->count = series;
}

/* ---- what is told ---------------------------------------------------------------------------- */

static int
compare_buckets (gconstpointer a, gconstpointer b)
{
  double left = ((const Bucket *) a)->bound, right = ((const Bucket *) b)->bound;

  return (left > right) - (left < right);
}

static int
compare_groups (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(Group *const *) a)->labels, (*(Group *const *) b)->labels);
}

/* Sorted; a bucket for all, and none twice, which label keys that become one could bring about. */
static gboolean
is_whole (Group *group)
{
  if (group->buckets->len == 0 || group->sum == NULL || group->count == NULL)
    return FALSE;
  g_array_sort (group->buckets, compare_buckets);
  for (guint i = 1; i < group->buckets->len; i++)
    if (g_array_index (group->buckets, Bucket, i).bound ==
        g_array_index (group->buckets, Bucket, i - 1).bound)
      return FALSE;
  return isinf (g_array_index (group->buckets, Bucket, group->buckets->len - 1).bound);
}

static void
expose (OrfExposedFamily *exposed, const OrfSeries *series, OrfExposedPart part, const char *le)
{
  gboolean plain = le == NULL && series->plain;

  orf_exposed_family_add (exposed, series, part,
                          plain ? NULL : orf_exposition_labels_to_text (series->labels, le));
}

static void
expose_group (OrfExposedFamily *exposed, const Group *group)
{
  for (guint i = 0; i < group->buckets->len; i++) {
    const Bucket *bucket = &g_array_index (group->buckets, Bucket, i);
    g_autofree char *le = orf_exposition_labels_dup_le (bucket->bound * exposed->name->multiply /
                                                        exposed->name->divide);

    exposed->negative = exposed->negative || bucket->bound < 0;
    expose (exposed, bucket->series, ORF_EXPOSED_BUCKET, le);
  }
  expose (exposed, group->sum, ORF_EXPOSED_SUM, NULL);
  expose (exposed, group->count, ORF_EXPOSED_COUNT, NULL);
}

void
orf_exposition_histogram_expose (OrfExpositionHistogram *histogram, OrfExposedFamily *exposed)
{
  g_ptr_array_sort (histogram->groups, compare_groups);
  for (guint i = 0; i < histogram->groups->len; i++)
    if (is_whole (histogram->groups->pdata[i]))
      expose_group (exposed, histogram->groups->pdata[i]);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfExpositionHistogram *
orf_exposition_histogram_new (const OrfFamily *family)
{
  OrfExpositionHistogram *histogram = g_new0 (OrfExpositionHistogram, 1);

  histogram->family = family;
  histogram->by_labels = orf_names_table_new (NULL, NULL);
  histogram->groups = g_ptr_array_new_with_free_func (group_free);
  return histogram;
}

void
orf_exposition_histogram_free (OrfExpositionHistogram *histogram)
{
  g_hash_table_unref (histogram->by_labels);
  g_ptr_array_unref (histogram->groups);
  g_free (histogram);
}
