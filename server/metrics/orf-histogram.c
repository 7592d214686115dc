/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-histogram.h"

#include <math.h>
#include <string.h>

#include "orf-encode.h"
#include "orf-error.h"

#define N_DEFAULT_BUCKETS 16
#define FIRST_BOUND       0.001
#define FACTOR            4

GArray *
orf_histogram_make_default_buckets (void)
{
  GArray *buckets = g_array_new (FALSE, FALSE, sizeof (double));
  double bound = FIRST_BOUND;

  for (guint i = 0; i < N_DEFAULT_BUCKETS; i++, bound *= FACTOR)
    g_array_append_val (buckets, bound);
  return buckets;
}

gboolean
orf_histogram_check_buckets (GArray *buckets, GError **error)
{
  gboolean sound = buckets->len > 0 && buckets->len <= ORF_HISTOGRAM_MAX_BUCKETS;

  for (guint i = 0; i < buckets->len; i++) {
    double bound = g_array_index (buckets, double, i);

    sound = sound && isfinite (bound) && (i == 0 || bound > g_array_index (buckets, double, i - 1));
  }
  if (!sound)
    g_propagate_error (error,
                       orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "buckets",
                                            "1 to 64 finite numbers, each above the one before",
                                            "buckets: they must be finite and rise"));
  return sound;
}

/* Whole, so that the names' owner frees each string and the array of pointers alike. */
static gpointer
keep (GPtrArray *names, gpointer data)
{
  g_ptr_array_add (names, data);
  return data;
}

/* Labels with le among them, in order. */
static char **
add_le (GPtrArray *names, char *const *labels, char *le)
{
  guint n = labels != NULL ? g_strv_length ((char **) labels) : 0, at = 0;
  char **with = keep (names, g_new0 (char *, n + 3));

  while (at < n && strcmp (labels[at], "le") < 0)
    at += 2;
  for (guint i = 0; i < at; i++)
    with[i] = labels[i];
  with[at] = (char *) "le";
  with[at + 1] = le;
  for (guint i = at; i < n; i++)
    with[i + 2] = labels[i];
  return with;
}

static char *
format_bound (double bound)
{
  GString *text = g_string_new (NULL);

  orf_encode_number (text, bound);
  return g_string_free (text, FALSE);
}

void
orf_histogram_observe (
  const OrfFamily *family, char *const *labels, double value, GPtrArray *names, GArray *rows)
{
  const char *bucket = keep (names, g_strconcat (family->name, "_bucket", NULL));
  OrfHistogramRow row = { bucket, NULL, 0 };

  for (guint i = 0; i <= family->buckets->len; i++) {
    gboolean last = i == family->buckets->len;
    double bound = last ? INFINITY : g_array_index (family->buckets, double, i);
    char *le = keep (names, last ? g_strdup ("+Inf") : format_bound (bound));

    row.labels = add_le (names, labels, le);
    row.addend = value <= bound ? 1 : 0;
    g_array_append_val (rows, row);
  }
  row = (OrfHistogramRow){ keep (names, g_strconcat (family->name, "_count", NULL)),
                           (char **) labels, 1 };
  g_array_append_val (rows, row);
  row = (OrfHistogramRow){ keep (names, g_strconcat (family->name, "_sum", NULL)), (char **) labels,
                           value };
  g_array_append_val (rows, row);
}

gboolean
orf_histogram_owns_name (OrfRegistry *registry, const char *name)
{
  static const char *const endings[] = { "_bucket", "_count", "_sum" };

  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    if (g_str_has_suffix (name, endings[i])) {
      g_autofree char *base = g_strndup (name, strlen (name) - strlen (endings[i]));
      OrfFamily *family = orf_registry_find_family (registry, base);

      return family != NULL && family->kind == ORF_SERIES_KIND_HISTOGRAM;
    }
  return FALSE;
}
