/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a start finds in the file: the series that were active, then the last minutes of each. */
#include <math.h>

#include <jansson.h>

#include "core/orf-clock.h"
#include "metrics/orf-registry-private.h"

/* The open window is read newest first, in slices: the first reads need it most, and no read holds
 * more than a tenth of it. */
#define N_SLICES 10

static GArray *
buckets_from_json (const char *json)
{
  json_t *extra = json != NULL ? json_loads (json, JSON_DECODE_INT_AS_REAL, NULL) : NULL;
  json_t *list = json_object_get (extra, "buckets");
  GArray *buckets = json_is_array (list) ? g_array_new (FALSE, FALSE, sizeof (double)) : NULL;

  for (gsize i = 0; i < json_array_size (list); i++) {
    double bound = json_number_value (json_array_get (list, i));

    g_array_append_val (buckets, bound);
  }
  json_decref (extra);
  return buckets;
}

void
orf_registry_define_from_row (OrfRegistry *registry,
                              OrfFamilyEntry *family,
                              const OrfSeriesRow *row)
{
  g_autoptr (GArray) buckets = NULL;
  gboolean own = g_str_equal (row->labels_json, "{}");
  OrfFamilyDefinition definition;

  /* The row without labels is the family's own; another speaks for it only while there is none. */
  if (family->base.builtin || (family->base.defined && !own))
    return;
  buckets = own ? buckets_from_json (row->extra_json) : NULL;
  definition = (OrfFamilyDefinition){ row->kind, row->unit, row->help, buckets };
  orf_family_define (registry, &family->base, &definition);
  family->loaded = family->loaded || own;
}

static void
load_row (OrfRegistry *registry, const OrfSeriesRow *row)
{
  OrfFamilyEntry *family = g_hash_table_lookup (registry->families, row->name);
  g_auto (GStrv) labels = orf_series_name_labels_from_json (row->labels_json);
  OrfSeriesEntry *entry;

  if (labels == NULL) {
    g_warning ("series %" G_GINT64_FORMAT " has labels that are none; left out", row->id);
    return;
  }
  if (family == NULL)
    family = orf_registry_add_family (registry, row->name);
  orf_registry_define_from_row (registry, family, row);
  entry = orf_registry_add_series (registry, family, labels,
                                   orf_series_name_to_text (row->name, labels),
                                   !family->base.builtin);
  entry->base.id = row->id;
  entry->base.created_us = row->created_us;
  entry->base.last_us = row->last_us;
  entry->declared = TRUE;
  entry->told_us = row->last_us;
  /* the run before may have taken samples ahead of their time */
  orf_open_chunk_init (&entry->base.chunk,
                       registry->started_us + registry->config->metrics.future_us);
}

/* Of these only the rows of series were recent enough; the metric's own is asked for. */
static void
look_for_families (OrfRegistry *registry)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, registry->families);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (!((OrfFamilyEntry *) value)->loaded)
      g_ptr_array_add (registry->unloaded, value);
  if (registry->unloaded->len > 0)
    orf_registry_schedule_lookup (registry);
}

gboolean
orf_registry_load (OrfRegistry *registry, GError **error)
{
  const OrfConfig *config = registry->config;
  g_autoptr (GPtrArray)
    rows = orf_store_load_series (registry->store, registry->started_us - config->metrics.idle_us,
                                  (guint) config->metrics.max_series, &registry->max_id, error);

  if (rows == NULL)
    return FALSE;
  for (guint i = 0; i < rows->len; i++)
    load_row (registry, rows->pdata[i]);
  look_for_families (registry);
  return TRUE;
}

/* ---- open chunks ----------------------------------------------------------------------------- */

static void read_slice (OrfRegistry *registry);

static void
end_rebuild (OrfRegistry *registry)
{
  GHashTableIter iter;
  gpointer entry;

  g_hash_table_iter_init (&iter, registry->rebuilding);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    orf_registry_release (registry, entry);
  g_clear_pointer (&registry->rebuilding, g_hash_table_unref);
}

static void
prepend (OrfRegistry *registry, OrfSeries *series, GArray *points, gint64 from_us)
{
  gsize before = orf_open_chunk_get_size_bytes (&series->chunk);
  OrfPoint last;

  orf_open_chunk_prepend (&series->chunk, &registry->limits,
                          points != NULL ? (const OrfPoint *) points->data : NULL,
                          points != NULL ? points->len : 0, from_us, registry->slice_end_us);
  registry->chunk_bytes += orf_open_chunk_get_size_bytes (&series->chunk) - before;
  if (isnan (series->newest) && orf_open_chunk_get_last (&series->chunk, &last)) {
    series->newest = last.value;
    registry->version.n_samples++;
  }
}

static void
slice_cb (gpointer user_data, GPtrArray *found, const GError *error)
{
  OrfRegistry *registry = user_data;
  g_autoptr (GHashTable) points = NULL;
  GHashTableIter iter;
  gpointer id, entry;

  if (registry->rebuilding == NULL)
    return;
  if (error != NULL) {
    /* no loss: the file goes on answering for what is older */
    g_info ("open chunks not read back: %s", error->message);
    end_rebuild (registry);
    return;
  }
  points = g_hash_table_new (g_int64_hash, g_int64_equal);
  for (guint i = 0; i < found->len; i++) {
    OrfSeriesPoints *one = found->pdata[i];

    g_hash_table_insert (points, &one->series_id, one->points);
  }
  g_hash_table_iter_init (&iter, registry->rebuilding);
  while (g_hash_table_iter_next (&iter, &id, &entry))
    prepend (registry, entry, g_hash_table_lookup (points, id), registry->rebuild_to_us);
  read_slice (registry);
}

static void
read_slice (OrfRegistry *registry)
{
  gint64 to_us = registry->rebuild_to_us;

  if (to_us <= registry->rebuild_until_us) {
    end_rebuild (registry);
    return;
  }
  registry->slice_end_us = to_us;
  registry->rebuild_to_us = MAX (registry->rebuild_until_us, MIN (to_us, registry->started_us) -
                                                               registry->limits.open_us / N_SLICES);
  orf_store_read_samples (registry->store, NULL, 0, registry->rebuild_to_us, to_us,
                          (guint) registry->config->metrics.max_query_points, registry->closing,
                          slice_cb, registry);
}

void
orf_registry_rebuild (OrfRegistry *registry)
{
  registry->rebuilding = g_hash_table_new (g_int64_hash, g_int64_equal);
  for (guint i = 0; i < registry->all->len; i++) {
    OrfSeriesEntry *entry = registry->all->pdata[i];

    if (entry->base.chunk.complete_from_us == 0)
      continue; /* new in this run */
    g_hash_table_insert (registry->rebuilding, &entry->base.id, entry);
    orf_registry_hold (registry, &entry->base);
  }
  registry->rebuild_to_us = registry->started_us + registry->config->metrics.future_us;
  registry->rebuild_until_us = registry->started_us - registry->limits.open_us;
  if (g_hash_table_size (registry->rebuilding) > 0)
    read_slice (registry);
  else
    end_rebuild (registry);
}
