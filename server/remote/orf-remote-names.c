/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/orf-remote-names.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-names.h"
#include "metrics/orf-exposition-histogram.h"
#include "metrics/orf-exposition-labels.h"
#include "metrics/orf-prometheus-claims.h"
#include "metrics/orf-series-name.h"
#include "orf-schema-metrics.h"
#include "remote/orf-write-request.h"
#include "store/orf-store-series.h"

/* A definition that changed takes hold after as long; of 20,000 series the look costs 20 ms. */
#define REFRESH_US (60 * ORF_US_PER_S)
/* A series that had no sample for as long is read again with its next. */
#define IDLE_US (900 * ORF_US_PER_S)
/* Of a file with as many series all families are known, and those that it had first have their
 * names first.  A file never forgets a series: of one with more only those families are known whose
 * series are sent, by who was met first. */
#define MAX_LISTED 50000

/* The series of one metric name. */
typedef struct {
  OrfSeriesKind kind;
  char *unit;                    /* may be NULL */
  const OrfMetricExport *export; /* of a built-in metric; NULL: the rules say it */
  char *told;                    /* without _total; NULL: it is a histogram's, told with that */
  double multiply, divide;
} Family;

typedef struct {
  OrfRemoteSeries base;
  gint64 id;
  const char *own_name; /* its family's key */
  char *key;            /* what it is sent as; NULL: it is not sent */
  gint64 used_us;
} Series;

struct _OrfRemoteNames {
  char **external;
  OrfPrometheusClaims *claims;
  GHashTable *families; /* own name -> Family */
  GHashTable *series;   /* &id -> Series */
  GHashTable *sent_as;  /* key -> Series, borrowed */
  gboolean listed;      /* all families of the file are known, up to */
  gint64 last_id;       /* this id of a series */
  gboolean redefined;   /* a family has another kind or unit than it was named by */
  gint64 refreshed_us;  /* monotonic */
  gint64 now_us;        /* monotonic, of this batch */
  guint64 n_batches;
};

/* ---- families -------------------------------------------------------------------------------- */

static void
family_free (gpointer data)
{
  Family *family = data;

  g_free (family->unit);
  g_free (family->told);
  g_free (family);
}

static const OrfMetricExport *
find_export (const char *name)
{
  for (guint i = 0; i < ORF_N_METRICS; i++)
    if (g_str_equal (orf_metrics[i].name, name))
      return orf_metrics[i].export;
  return NULL;
}

/* The histogram that counters of this name belong to; NULL: none. */
static const Family *
find_histogram (OrfRemoteNames *names, const char *name, OrfSeriesKind kind, OrfExposedPart *part)
{
  gsize length;
  g_autofree char *base = NULL;
  const Family *family;

  *part = orf_exposition_histogram_split (name, &length);
  if (*part == ORF_EXPOSED_VALUE || kind != ORF_SERIES_KIND_COUNTER)
    return NULL;
  base = g_strndup (name, length);
  family = g_hash_table_lookup (names->families, base);
  return family != NULL && family->kind == ORF_SERIES_KIND_HISTOGRAM ? family : NULL;
}

static void
name_family (OrfRemoteNames *names, const char *own_name, Family *family)
{
  g_autoptr (OrfPrometheusName) name = NULL;
  OrfExposedPart part;

  family->export = find_export (own_name);
  family->multiply = family->divide = 1;
  if (family->export != NULL) {
    family->told = g_strdup (family->export->family);
    family->divide = family->export->divide;
    return;
  }
  if (find_histogram (names, own_name, family->kind, &part) != NULL)
    return;
  name = orf_prometheus_name_new (own_name, family->unit, family->kind);
  family->told = orf_prometheus_claims_choose (names->claims, name, own_name, family->kind);
  family->multiply = name->multiply;
  family->divide = name->divide;
}

/* TRUE: it is new. */
static gboolean
take_family (OrfRemoteNames *names, const OrfSeriesRow *row)
{
  Family *family = g_hash_table_lookup (names->families, row->name);

  if (family != NULL) {
    if (family->kind != (OrfSeriesKind) row->kind || g_strcmp0 (family->unit, row->unit) != 0)
      names->redefined = TRUE;
    return FALSE;
  }
  family = g_new0 (Family, 1);
  family->kind = (OrfSeriesKind) row->kind;
  family->unit = g_strdup (row->unit);
  g_hash_table_insert (names->families, g_strdup (row->name), family);
  return TRUE;
}

/* Names are given in the order of the rows, once all kinds are known. */
static void
take_families (OrfRemoteNames *names, const GPtrArray *rows)
{
  g_autoptr (GPtrArray) fresh = g_ptr_array_new ();

  for (guint i = 0; i < rows->len; i++)
    if (take_family (names, rows->pdata[i]))
      g_ptr_array_add (fresh, rows->pdata[i]);
  for (guint i = 0; i < fresh->len; i++) {
    const OrfSeriesRow *row = fresh->pdata[i];

    name_family (names, row->name, g_hash_table_lookup (names->families, row->name));
  }
}

/* In the order in which the file got the metrics. */
static gboolean
load_families (OrfRemoteNames *names, OrfConnection *connection, GError **error)
{
  g_autoptr (GPtrArray) rows = NULL;

  if (!names->listed)
    return TRUE;
  rows = orf_series_list_families (connection, names->last_id, &names->last_id, error);
  if (rows == NULL)
    return FALSE;
  take_families (names, rows);
  return TRUE;
}

/* The family of one series, and the histogram that it may be a counter of. */
static gboolean
load_family (OrfRemoteNames *names,
             OrfConnection *connection,
             const OrfSeriesRow *row,
             GError **error)
{
  gsize length;
  gboolean is_part = orf_exposition_histogram_split (row->name, &length) != ORF_EXPOSED_VALUE;
  g_autofree char *base = is_part ? g_strndup (row->name, length) : NULL;
  char *const keys[] = { row->name, (char *) "{}", base, base != NULL ? (char *) "{}" : NULL,
                         NULL };
  g_autoptr (GPtrArray) rows = orf_series_find (connection, keys, error);

  if (rows == NULL)
    return FALSE;
  take_families (names, rows);
  if (!g_hash_table_contains (names->families, row->name)) { /* it has no row of its own */
    g_autoptr (GPtrArray) one = g_ptr_array_new ();

    g_ptr_array_add (one, (gpointer) row);
    take_families (names, one);
  }
  return TRUE;
}

/* Whether those that are known are still what they were. */
static gboolean
check_families (OrfRemoteNames *names, OrfConnection *connection, GError **error)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  g_autoptr (GPtrArray) rows = NULL;
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, names->families);
  while (g_hash_table_iter_next (&iter, &name, NULL)) {
    g_ptr_array_add (keys, name);
    g_ptr_array_add (keys, (gpointer) "{}");
  }
  g_ptr_array_add (keys, NULL);
  rows = orf_series_find (connection, (char *const *) keys->pdata, error);
  if (rows == NULL)
    return FALSE;
  take_families (names, rows);
  return TRUE;
}

/* ---- labels ---------------------------------------------------------------------------------- */

static char *
dup_le (char *const *labels, const Family *histogram)
{
  const char *le = orf_series_name_get_label (labels, "le");

  if (le == NULL)
    return NULL;
  return orf_exposition_labels_dup_le (g_ascii_strtod (le, NULL) * histogram->multiply /
                                       histogram->divide);
}

static void
add_label (GPtrArray *labels, const char *name, const char *value)
{
  for (guint i = 0; i < labels->len; i += 2)
    if (g_str_equal (labels->pdata[i], name))
      return; /* its own go before the external ones */
  g_ptr_array_add (labels, (gpointer) name);
  g_ptr_array_add (labels, (gpointer) value);
}

/* Pairs, sorted by name. */
static void
sort_labels (GPtrArray *labels)
{
  qsort (labels->pdata, labels->len / 2, 2 * sizeof (gpointer), orf_names_compare);
  g_ptr_array_add (labels, NULL);
}

static GBytes *
make_labels (const OrfRemoteNames *names, const char *name, char *const *own, const char *le)
{
  g_autoptr (GPtrArray) labels = g_ptr_array_new ();

  add_label (labels, "__name__", name);
  if (le != NULL)
    add_label (labels, "le", le);
  for (guint i = 0; own[i] != NULL; i += 2)
    add_label (labels, own[i], own[i + 1]);
  for (guint i = 0; names->external[i] != NULL; i += 2)
    add_label (labels, names->external[i], names->external[i + 1]);
  sort_labels (labels);
  return orf_write_request_make_labels ((char *const *) labels->pdata);
}

/* ---- series ---------------------------------------------------------------------------------- */

static void
series_free (gpointer data)
{
  Series *series = data;

  g_clear_pointer (&series->base.labels, g_bytes_unref);
  g_free (series->key);
  g_free (series);
}

static void
name_series (OrfRemoteNames *names, Series *series, const Family *family, char *const *labels)
{
  OrfExposedPart part = ORF_EXPOSED_VALUE;
  const Family *histogram = family->export == NULL
                              ? find_histogram (names, series->own_name, family->kind, &part)
                              : NULL;
  const Family *teller = histogram != NULL ? histogram : family;
  g_autofree char *name = NULL, *le = NULL;
  g_auto (GStrv) told = NULL;

  if (histogram == NULL)
    part = ORF_EXPOSED_VALUE;
  if (teller->told == NULL)
    return; /* its histogram is none any more; it has a name of its own at the next look */
  name = g_strconcat (teller->told, orf_exposed_part_get_ending (part, family->kind), NULL);
  le = part == ORF_EXPOSED_BUCKET ? dup_le (labels, histogram) : NULL;
  told = family->export != NULL
           ? orf_exposition_labels_dup_exported (family->export->labels, labels)
           : orf_exposition_labels_dup_told (labels, le != NULL);
  series->base.labels = make_labels (names, name, told, le);
  series->base.multiply = series->base.divide = 1;
  if (part == ORF_EXPOSED_VALUE || part == ORF_EXPOSED_SUM) {
    series->base.multiply = teller->multiply;
    series->base.divide = teller->divide;
  }
}

/* Two series may become one; the first that was met is sent. */
static void
claim_key (OrfRemoteNames *names, Series *series)
{
  gsize length;
  const char *data;

  if (series->base.labels == NULL)
    return;
  data = g_bytes_get_data (series->base.labels, &length);
  series->key = g_strndup (data, length); /* there is no 0 in it: no text is empty, or has one */
  if (g_hash_table_contains (names->sent_as, series->key))
    g_clear_pointer (&series->key, g_free);
  else
    g_hash_table_insert (names->sent_as, series->key, series);
}

/* Ids grow, but an acknowledged write may have been in the file before one with lesser ids. */
static gboolean
ensure_family (OrfRemoteNames *names,
               OrfConnection *connection,
               const OrfSeriesRow *row,
               GError **error)
{
  if (row->id > names->last_id && !load_families (names, connection, error))
    return FALSE;
  if (g_hash_table_contains (names->families, row->name))
    return TRUE;
  if (!names->listed)
    return load_family (names, connection, row, error);
  names->last_id = 0;
  return load_families (names, connection, error);
}

static gboolean
load_series (
  OrfRemoteNames *names, OrfConnection *connection, gint64 id, Series **loaded, GError **error)
{
  g_autoptr (OrfSeriesRow) row = NULL;
  g_auto (GStrv) labels = NULL;
  gpointer own_name, family;
  Series *series;

  if (!orf_series_get (connection, id, &row, error) ||
      (row != NULL && !ensure_family (names, connection, row, error)))
    return FALSE;
  series = g_new0 (Series, 1);
  series->id = id;
  labels = row != NULL ? orf_series_name_labels_from_json (row->labels_json) : NULL;
  if (labels != NULL &&
      g_hash_table_lookup_extended (names->families, row->name, &own_name, &family)) {
    series->own_name = own_name;
    name_series (names, series, family, labels);
    claim_key (names, series);
  }
  g_hash_table_insert (names->series, &series->id, series);
  *loaded = series;
  return TRUE;
}

gboolean
orf_remote_names_find (OrfRemoteNames *names,
                       OrfConnection *connection,
                       gint64 id,
                       OrfRemoteSeries **series,
                       GError **error)
{
  Series *found = g_hash_table_lookup (names->series, &id);

  if (found == NULL && !load_series (names, connection, id, &found, error))
    return FALSE;
  found->used_us = names->now_us;
  *series = found->key != NULL ? &found->base : NULL;
  return TRUE;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

/* What is not sent is looked at again, for its name may be free now. */
static gboolean
is_idle_cb (gpointer key G_GNUC_UNUSED, gpointer value, gpointer user_data)
{
  OrfRemoteNames *names = user_data;
  Series *series = value;

  if (series->key != NULL && names->now_us < series->used_us + IDLE_US)
    return FALSE;
  if (series->key != NULL)
    g_hash_table_remove (names->sent_as, series->key);
  return TRUE;
}

static gboolean
is_own_histogram (const char *name)
{
  for (guint i = 0; i < ORF_N_METRICS; i++)
    if (orf_metrics[i].kind == ORF_SERIES_KIND_HISTOGRAM && g_str_equal (orf_metrics[i].name, name))
      return TRUE;
  return FALSE;
}

/* The file has no row of a histogram of ours: only its counters have samples. */
static void
add_own_histograms (OrfRemoteNames *names)
{
  for (guint i = 0; i < ORF_N_METRICS; i++) {
    Family *family;

    if (orf_metrics[i].kind != ORF_SERIES_KIND_HISTOGRAM)
      continue;
    family = g_new0 (Family, 1);
    family->kind = orf_metrics[i].kind;
    family->unit = g_strdup (orf_metrics[i].unit);
    g_hash_table_insert (names->families, g_strdup (orf_metrics[i].name), family);
    name_family (names, orf_metrics[i].name, family);
  }
}

static void
claim_exports (OrfRemoteNames *names)
{
  /* some share one: then it is taken already */
  for (guint i = 0; i < ORF_N_METRICS; i++)
    if (orf_metrics[i].export != NULL)
      orf_prometheus_claims_take (names->claims, orf_metrics[i].export->family,
                                  orf_metrics[i].kind);
}

/* All anew, so that the names depend on nothing but what the file holds now. */
static gboolean
rename_all (OrfRemoteNames *names, OrfConnection *connection, GError **error)
{
  names->redefined = FALSE;
  names->last_id = 0;
  g_hash_table_remove_all (names->sent_as);
  g_hash_table_remove_all (names->series);
  g_hash_table_remove_all (names->families);
  orf_prometheus_claims_free (names->claims);
  names->claims = orf_prometheus_claims_new ();
  claim_exports (names);
  add_own_histograms (names);
  return load_families (names, connection, error);
}

/* ---- files with very many series --------------------------------------------------------------
 */

/* Their own names, as `families` has them. */
static GHashTable *
find_used (const OrfRemoteNames *names)
{
  GHashTable *used = g_hash_table_new (NULL, NULL);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, names->series);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const char *own_name = ((const Series *) value)->own_name;
    gsize length;
    gpointer key;

    if (own_name == NULL)
      continue;
    g_hash_table_add (used, (gpointer) own_name);
    if (orf_exposition_histogram_split (own_name, &length) != ORF_EXPOSED_VALUE) {
      g_autofree char *base = g_strndup (own_name, length);

      if (g_hash_table_lookup_extended (names->families, base, &key, NULL))
        g_hash_table_add (used, key);
    }
  }
  return used;
}

/* Families that no series is of; what the others are sent as stays. */
static void
forget_unused (OrfRemoteNames *names)
{
  g_autoptr (GHashTable) used = find_used (names);
  GHashTableIter iter;
  gpointer own_name, value;

  g_hash_table_iter_init (&iter, names->families);
  while (g_hash_table_iter_next (&iter, &own_name, NULL))
    if (!g_hash_table_contains (used, own_name) && !is_own_histogram (own_name))
      g_hash_table_iter_remove (&iter);
  orf_prometheus_claims_free (names->claims);
  names->claims = orf_prometheus_claims_new ();
  claim_exports (names);
  g_hash_table_iter_init (&iter, names->families);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Family *family = value;

    if (family->export == NULL && family->told != NULL)
      orf_prometheus_claims_take (names->claims, family->told, family->kind);
  }
}

/* ---- batches --------------------------------------------------------------------------------- */

static gboolean
refresh (OrfRemoteNames *names, OrfConnection *connection, GError **error)
{
  gint64 max_id;

  if (!orf_series_get_max_id (connection, &max_id, error))
    return FALSE;
  names->listed = max_id <= MAX_LISTED;
  names->last_id = 0;
  if (!load_families (names, connection, error))
    return FALSE;
  g_hash_table_foreach_remove (names->series, is_idle_cb, names);
  if (!names->listed) {
    forget_unused (names);
    if (!check_families (names, connection, error))
      return FALSE;
  }
  names->refreshed_us = names->now_us;
  return TRUE;
}

gboolean
orf_remote_names_begin (OrfRemoteNames *names,
                        OrfConnection *connection,
                        gint64 now_us,
                        GError **error)
{
  names->n_batches++;
  names->now_us = now_us;
  if ((names->refreshed_us == 0 || now_us >= names->refreshed_us + REFRESH_US) &&
      !refresh (names, connection, error))
    return FALSE;
  return !names->redefined || rename_all (names, connection, error);
}

guint
orf_remote_names_get_n_families (const OrfRemoteNames *names)
{
  return g_hash_table_size (names->families);
}

void
orf_remote_names_rewind (OrfRemoteNames *names)
{
  GHashTableIter iter;
  gpointer series;

  g_hash_table_iter_init (&iter, names->series);
  while (g_hash_table_iter_next (&iter, NULL, &series))
    ((Series *) series)->base.last_ms = 0;
}

guint64
orf_remote_names_get_batch (const OrfRemoteNames *names)
{
  return names->n_batches;
}

OrfRemoteNames *
orf_remote_names_new (char *const *external_labels)
{
  OrfRemoteNames *names = g_new0 (OrfRemoteNames, 1);

  names->external = g_strdupv ((char **) external_labels);
  names->claims = orf_prometheus_claims_new ();
  names->families = orf_names_table_new (g_free, family_free);
  names->series = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, series_free);
  names->sent_as = orf_names_table_new (NULL, NULL);
  claim_exports (names);
  add_own_histograms (names);
  return names;
}

void
orf_remote_names_free (OrfRemoteNames *names)
{
  g_strfreev (names->external);
  g_hash_table_unref (names->sent_as);
  g_hash_table_unref (names->series);
  g_hash_table_unref (names->families);
  orf_prometheus_claims_free (names->claims);
  g_free (names);
}
