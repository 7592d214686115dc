/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-registry.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-names.h"
#include "metrics/orf-exposition-labels.h"
#include "metrics/orf-registry-private.h"
#include "orf-encode.h"

/* Series that one tick looks at: with a tick a second, ten thousand are seen in 20 s. */
#define TICK_SERIES 512
#define WARN_US     (60 * ORF_US_PER_S)
/* Beyond as many new series, sorting all anew is the cheaper. */
#define MAX_INSERTS 512
/* How far series.last_us in the file may be behind: each sample would else dirty its series' row
 * too. */
#define TELL_US (300 * ORF_US_PER_S)

/* ---- families -------------------------------------------------------------------------------- */

static void
family_free (gpointer data)
{
  OrfFamilyEntry *family = data;

  g_free (family->base.name);
  g_free (family->base.unit);
  g_free (family->base.help);
  g_clear_pointer (&family->base.buckets, g_array_unref);
  g_free (family);
}

OrfFamilyEntry *
orf_registry_add_family (OrfRegistry *registry, const char *name)
{
  OrfFamilyEntry *family = g_new0 (OrfFamilyEntry, 1);

  family->base.name = g_strdup (name);
  family->base.kind = ORF_SERIES_KIND_GAUGE;
  g_hash_table_insert (registry->families, family->base.name, family);
  return family;
}

void
orf_registry_drop_family (OrfRegistry *registry, OrfFamilyEntry *family)
{
  if (family->n_series > 0 || family->n_waiters > 0 || family->base.builtin)
    return;
  g_ptr_array_remove_fast (registry->unloaded, family);
  if (registry->asked_families != NULL)
    g_ptr_array_remove_fast (registry->asked_families, family);
  g_hash_table_remove (registry->families, family->base.name);
}

void
orf_family_define (OrfRegistry *registry, OrfFamily *family, const OrfFamilyDefinition *definition)
{
  char *unit = g_strdup (definition->unit), *help = g_strdup (definition->help);
  GArray *buckets = definition->buckets != NULL ? g_array_copy (definition->buckets) : NULL;

  /* the definition may be made of the family's own strings */
  g_free (family->unit);
  g_free (family->help);
  g_clear_pointer (&family->buckets, g_array_unref);
  family->kind = definition->kind;
  family->unit = unit;
  family->help = help;
  family->buckets = buckets;
  family->defined = TRUE;
  registry->version.n_changes++;
}

static void
add_builtin_families (OrfRegistry *registry)
{
  for (guint i = 0; i < ORF_N_METRICS; i++) {
    OrfFamilyEntry *family = orf_registry_add_family (registry, orf_metrics[i].name);
    const OrfFamilyDefinition definition = { orf_metrics[i].kind, orf_metrics[i].unit,
                                             orf_metrics[i].help, NULL };

    orf_family_define (registry, &family->base, &definition);
    family->base.builtin = family->loaded = TRUE;
  }
}

OrfFamily *
orf_registry_find_family (OrfRegistry *registry, const char *name)
{
  OrfFamilyEntry *family = g_hash_table_lookup (registry->families, name);

  /* Until its own row is read, what a series' row says of it lacks the buckets. */
  return family != NULL && family->base.defined && family->loaded ? &family->base : NULL;
}

/* ---- series ---------------------------------------------------------------------------------- */

static gsize
measure (const OrfSeriesEntry *entry)
{
  gsize bytes = sizeof *entry + strlen (entry->base.text) + 1;

  for (guint i = 0; entry->base.labels[i] != NULL; i++)
    bytes += sizeof (char *) + strlen (entry->base.labels[i]) + 1;
  return bytes;
}

static gboolean
is_scraped (const OrfConfig *config, const OrfFamily *family, char *const *labels)
{
  const char *target = family->builtin ? NULL : orf_series_name_get_label (labels, "target");

  for (guint i = 0; target != NULL && i < config->scrape.targets->len; i++) {
    const OrfConfigScrapeTarget *one = config->scrape.targets->pdata[i];

    if (g_str_equal (one->name, target))
      return TRUE;
  }
  return FALSE;
}

OrfSeriesEntry *
orf_registry_add_series (
  OrfRegistry *registry, OrfFamilyEntry *family, char *const *labels, char *text, gboolean outside)
{
  OrfSeriesEntry *entry = g_new0 (OrfSeriesEntry, 1);

  entry->base.family = &family->base;
  entry->base.text = text;
  entry->base.labels = labels != NULL ? g_strdupv ((char **) labels) : g_new0 (char *, 1);
  entry->base.newest = entry->base.total = NAN;
  entry->base.scraped = is_scraped (registry->config, &family->base, labels);
  entry->base.plain = orf_exposition_labels_are_plain (entry->base.labels);
  entry->outside = outside;
  orf_open_chunk_init (&entry->base.chunk, 0);
  entry->index = registry->all->len;
  g_ptr_array_add (registry->all, entry);
  g_hash_table_insert (registry->series, entry->base.text, entry);
  if (registry->sorted != NULL)
    g_ptr_array_add (registry->unsorted, entry);
  family->n_series++;
  registry->n_outside += outside;
  registry->size_bytes += measure (entry);
  registry->version.n_changes++;
  return entry;
}

/* Where in the order it is, or would be. */
static guint
find_place (const GPtrArray *sorted, const OrfSeries *series)
{
  guint low = 0, high = sorted->len;

  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (strcmp (((const OrfSeries *) sorted->pdata[middle])->text, series->text) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void
forget_builtin (OrfRegistry *registry, OrfSeries *series)
{
  for (guint i = 0; i < ORF_N_METRICS; i++) {
    if (registry->plain[i] == series)
      registry->plain[i] = NULL;
    if (registry->labelled[i] != NULL)
      g_ptr_array_remove_fast (registry->labelled[i], series);
  }
}

/* Takes it out of the order, which stays. */
static void
unsort (OrfRegistry *registry, OrfSeriesEntry *entry)
{
  guint index;

  if (registry->sorted == NULL || g_ptr_array_remove_fast (registry->unsorted, entry))
    return;
  index = find_place (registry->sorted, &entry->base);
  g_ptr_array_remove_index (registry->sorted, index);
}

static void
series_free (OrfSeriesEntry *entry)
{
  orf_open_chunk_clear (&entry->base.chunk);
  g_strfreev (entry->base.labels);
  g_free (entry->base.text);
  g_free (entry);
}

void
orf_registry_remove_series (OrfRegistry *registry, OrfSeriesEntry *entry)
{
  OrfFamilyEntry *family = (OrfFamilyEntry *) entry->base.family;

  for (OrfTap which = 0; which < ORF_N_TAPS; which++) {
    const OrfRegistryTap *tap = &registry->taps[which];

    if (tap->gone != NULL)
      tap->gone (tap->user_data, &entry->base);
  }
  if (family->base.builtin)
    forget_builtin (registry, &entry->base);
  registry->size_bytes -= measure (entry);
  registry->chunk_bytes -= orf_open_chunk_get_size_bytes (&entry->base.chunk);
  registry->n_outside -= entry->outside;
  g_ptr_array_remove_fast (registry->unresolved, entry);
  g_hash_table_remove (registry->series, entry->base.text);
  g_ptr_array_remove_index_fast (registry->all, entry->index);
  if (entry->index < registry->all->len)
    ((OrfSeriesEntry *) registry->all->pdata[entry->index])->index = entry->index;
  unsort (registry, entry);
  series_free (entry);
  registry->version.n_changes++;
  family->n_series--;
  orf_registry_drop_family (registry, family);
}

guint
orf_registry_get_outside_room (OrfRegistry *registry)
{
  gint64 share = registry->config->metrics.max_series - registry->config->metrics.builtin_series;

  return (guint) MAX (share - (gint64) registry->n_outside, 0);
}

OrfSeries *
orf_registry_find (OrfRegistry *registry, const char *name, char *const *labels)
{
  g_autofree char *text = orf_series_name_to_text (name, labels);

  return g_hash_table_lookup (registry->series, text);
}

void
orf_registry_hold (OrfRegistry *registry, OrfSeries *series)
{
  ((OrfSeriesEntry *) series)->n_holds++;
}

void
orf_registry_release (OrfRegistry *registry, OrfSeries *series)
{
  ((OrfSeriesEntry *) series)->n_holds--;
}

void
orf_registry_hold_family (OrfRegistry *registry, OrfFamily *family)
{
  ((OrfFamilyEntry *) family)->n_waiters++;
}

void
orf_registry_release_family (OrfRegistry *registry, OrfFamily *family)
{
  OrfFamilyEntry *entry = (OrfFamilyEntry *) family;

  entry->n_waiters--;
  orf_registry_drop_family (registry, entry);
}

/* ---- built-in series ------------------------------------------------------------------------- */

static gboolean
has_label_values (const OrfSeries *series, const char *const *label_values)
{
  for (guint i = 0; label_values[i] != NULL; i++)
    if (!g_str_equal (series->labels[2 * i + 1], label_values[i]))
      return FALSE;
  return TRUE;
}

static OrfSeries *
add_builtin (OrfRegistry *registry, OrfMetricId metric, const char *const *label_values)
{
  const OrfMetric *row = &orf_metrics[metric];
  g_autoptr (GPtrArray) labels = g_ptr_array_new ();
  g_autofree char *text = NULL;
  OrfSeriesEntry *entry;
  gint64 now_us = orf_clock_monotonic_us ();

  for (guint i = 0; label_values != NULL && row->label_names[i] != NULL; i++) {
    g_ptr_array_add (labels, (gpointer) row->label_names[i]);
    g_ptr_array_add (labels, (gpointer) label_values[i]);
  }
  g_ptr_array_add (labels, NULL);
  text = orf_series_name_to_text (row->name, (char *const *) labels->pdata);
  entry = g_hash_table_lookup (registry->series, text);
  if (entry != NULL)
    return &entry->base;
  if (registry->all->len - registry->n_outside >= registry->config->metrics.builtin_series) {
    if (registry->builtin_refused_us == 0 || now_us - registry->builtin_refused_us > WARN_US) {
      registry->builtin_refused_us = now_us;
      g_warning ("no place for series %s: [metrics] builtin_series is %" G_GINT64_FORMAT, text,
                 registry->config->metrics.builtin_series);
    }
    return NULL;
  }
  entry = orf_registry_add_series (registry, g_hash_table_lookup (registry->families, row->name),
                                   (char *const *) labels->pdata, g_steal_pointer (&text), FALSE);
  g_ptr_array_add (registry->unresolved, entry);
  orf_registry_schedule_lookup (registry);
  return &entry->base;
}

OrfSeries *
orf_registry_get_builtin (OrfRegistry *registry,
                          OrfMetricId metric,
                          const char *const *label_values)
{
  GPtrArray *known = registry->labelled[metric];
  OrfSeries *series;

  if (orf_metrics[metric].label_names == NULL || orf_metrics[metric].label_names[0] == NULL) {
    if (registry->plain[metric] == NULL)
      registry->plain[metric] = add_builtin (registry, metric, NULL);
    return registry->plain[metric];
  }
  for (guint i = 0; known != NULL && i < known->len; i++)
    if (has_label_values (known->pdata[i], label_values))
      return known->pdata[i];
  series = add_builtin (registry, metric, label_values);
  if (series != NULL) {
    if (known == NULL)
      known = registry->labelled[metric] = g_ptr_array_new ();
    g_ptr_array_add (known, series);
  }
  return series;
}

/* ---- what becomes of samples ----------------------------------------------------------------- */

static char *
buckets_to_json (GArray *buckets)
{
  GString *json;

  if (buckets == NULL)
    return NULL;
  json = g_string_new ("{\"buckets\":[");
  for (guint i = 0; i < buckets->len; i++) {
    if (i > 0)
      g_string_append_c (json, ',');
    orf_encode_number (json, g_array_index (buckets, double, i));
  }
  g_string_append (json, "]}");
  return g_string_free (json, FALSE);
}

static OrfSeriesRow *
make_row (const OrfSeries *series)
{
  OrfSeriesRow *row = orf_series_row_new ();

  row->id = series->id;
  row->name = g_strdup (series->family->name);
  row->labels_json = orf_series_name_labels_to_json (series->labels);
  row->kind = series->family->kind;
  row->unit = g_strdup (series->family->unit);
  row->help = g_strdup (series->family->help);
  if (series->labels[0] == NULL)
    row->extra_json = buckets_to_json (series->family->buckets);
  row->created_us = series->created_us;
  row->last_us = MAX (series->last_us, series->created_us);
  return row;
}

void
orf_registry_declare (OrfRegistry *registry, OrfSeries *series, OrfSampleBatch *batch)
{
  OrfSeriesEntry *entry = (OrfSeriesEntry *) series;

  series->family->defined = TRUE; /* from its first sample on it is what it is */
  if (entry->declared)
    return;
  entry->declared = TRUE;
  entry->told_us = MAX (series->last_us, series->created_us);
  g_ptr_array_add (batch->new_series, make_row (series));
}

void
orf_registry_append (OrfRegistry *registry, OrfSeries *series, gint64 t_us, double value)
{
  gsize before = orf_open_chunk_get_size_bytes (&series->chunk);

  orf_open_chunk_add (&series->chunk, &registry->limits, t_us, value);
  registry->chunk_bytes += orf_open_chunk_get_size_bytes (&series->chunk) - before;
  registry->version.n_samples++;
  for (OrfTap which = 0; which < ORF_N_TAPS; which++) {
    const OrfRegistryTap *tap = &registry->taps[which];

    if (tap->sample != NULL)
      tap->sample (tap->user_data, series, t_us, value);
  }
  if (t_us < series->last_us)
    return;
  series->newest = value;
  series->last_us = t_us;
  series->newest_number = registry->version.n_samples;
}

void
orf_registry_set_tap (OrfRegistry *registry, OrfTap which, const OrfRegistryTap *tap)
{
  registry->taps[which] = tap != NULL ? *tap : (OrfRegistryTap){ NULL, NULL, NULL };
}

void
orf_registry_set_resolved (OrfRegistry *registry,
                           void (*resolved) (gpointer user_data, OrfSeries *series),
                           gpointer user_data)
{
  registry->resolved = resolved;
  registry->resolved_data = user_data;
}

/* ---- definitions ----------------------------------------------------------------------------- */

static OrfSeriesRow *
describe_series (const OrfSeries *series, const OrfFamilyDefinition *definition)
{
  OrfSeriesRow *row = make_row (series);

  row->kind = definition->kind;
  g_free (row->unit);
  g_free (row->help);
  row->unit = g_strdup (definition->unit);
  row->help = g_strdup (definition->help);
  return row;
}

GPtrArray *
orf_registry_describe (OrfRegistry *registry,
                       OrfSeries *series,
                       const OrfFamilyDefinition *definition)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_series_row_free);
  OrfSeriesRow *own = describe_series (series, definition);

  g_free (own->extra_json);
  own->extra_json = buckets_to_json (definition->buckets);
  g_ptr_array_add (rows, own);
  for (guint i = 0; i < registry->all->len; i++) {
    OrfSeriesEntry *entry = registry->all->pdata[i];

    if (entry->base.family == series->family && &entry->base != series && entry->base.id > 0)
      g_ptr_array_add (rows, describe_series (&entry->base, definition));
  }
  return rows;
}

void
orf_registry_define (OrfRegistry *registry,
                     OrfFamily *family,
                     const OrfFamilyDefinition *definition)
{
  orf_family_define (registry, family, definition);
}

/* ---- life ------------------------------------------------------------------------------------ */

static gboolean
is_idle (OrfRegistry *registry, const OrfSeriesEntry *entry, gint64 now_us)
{
  gint64 quiet_since_us = MAX (entry->base.last_us, entry->base.created_us);

  return entry->base.id > 0 && entry->n_holds == 0 &&
         quiet_since_us < now_us - registry->config->metrics.idle_us;
}

static void
trim (OrfRegistry *registry, OrfSeries *series, gint64 now_us)
{
  gsize before = orf_open_chunk_get_size_bytes (&series->chunk);

  orf_open_chunk_trim (&series->chunk, now_us - registry->limits.open_us);
  registry->chunk_bytes += orf_open_chunk_get_size_bytes (&series->chunk) - before;
}

/* Adds its row, when the file is that far behind. */
static void
add_untold (GPtrArray *rows, OrfSeriesEntry *entry, gint64 behind_us)
{
  if (!entry->declared || entry->base.last_us <= entry->told_us + behind_us)
    return;
  entry->told_us = entry->base.last_us;
  g_ptr_array_add (rows, make_row (&entry->base));
}

static void
tell_store (OrfRegistry *registry, GPtrArray *rows)
{
  /* Nothing hangs on it: should it be refused, the file is behind a little longer. */
  if (rows->len > 0)
    orf_store_write_series (registry->store, g_ptr_array_ref (rows), NULL, NULL, NULL, NULL);
}

void
orf_registry_tick (OrfRegistry *registry, gint64 now_us)
{
  g_autoptr (GPtrArray)
    rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_series_row_free);
  guint n = MIN (registry->all->len, TICK_SERIES);

  for (guint i = 0; i < n && registry->all->len > 0; i++) {
    OrfSeriesEntry *entry;
    gboolean idle;

    registry->tick_at = (registry->tick_at + 1) % registry->all->len;
    entry = registry->all->pdata[registry->tick_at];
    idle = is_idle (registry, entry, now_us);
    add_untold (rows, entry, idle ? 0 : TELL_US);
    if (idle)
      orf_registry_remove_series (registry, entry);
    else
      trim (registry, &entry->base, now_us);
  }
  tell_store (registry, rows);
  if (registry->unresolved->len + registry->unloaded->len > 0)
    orf_registry_schedule_lookup (registry);
}

void
orf_registry_flush (OrfRegistry *registry)
{
  g_autoptr (GPtrArray)
    rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_series_row_free);

  for (guint i = 0; i < registry->all->len; i++)
    add_untold (rows, registry->all->pdata[i], 0);
  tell_store (registry, rows);
}

OrfRegistry *
orf_registry_new (const OrfConfig *config, OrfStore *store, GError **error)
{
  g_autoptr (OrfRegistry) registry = g_new0 (OrfRegistry, 1);

  registry->config = config;
  registry->store = store;
  registry->limits.open_us = config->metrics.open_us;
  registry->limits.max_points = (guint) config->metrics.open_points;
  registry->families = orf_names_table_new (NULL, family_free);
  registry->series = orf_names_table_new (NULL, NULL);
  registry->all = g_ptr_array_new ();
  registry->unsorted = g_ptr_array_new ();
  registry->unresolved = g_ptr_array_new ();
  registry->unloaded = g_ptr_array_new ();
  registry->closing = orf_cancel_new (0);
  registry->started_us = orf_clock_now_us ();
  g_queue_init (&registry->waiters);
  add_builtin_families (registry);
  if (!orf_registry_load (registry, error))
    return NULL;
  return g_steal_pointer (&registry);
}

void
orf_registry_free (OrfRegistry *registry)
{
  orf_registry_close_lookups (registry);
  g_clear_pointer (&registry->rebuilding, g_hash_table_unref);
  for (guint i = 0; i < registry->all->len; i++)
    series_free (registry->all->pdata[i]);
  for (guint i = 0; i < ORF_N_METRICS; i++)
    g_clear_pointer (&registry->labelled[i], g_ptr_array_unref);
  g_ptr_array_unref (registry->all);
  g_clear_pointer (&registry->sorted, g_ptr_array_unref);
  g_ptr_array_unref (registry->unsorted);
  g_ptr_array_unref (registry->unresolved);
  g_ptr_array_unref (registry->unloaded);
  g_hash_table_unref (registry->series);
  g_hash_table_unref (registry->families);
  orf_cancel_unref (registry->closing);
  g_free (registry);
}

/* ---- figures --------------------------------------------------------------------------------- */

static int
compare_text (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(OrfSeries *const *) a)->text, (*(OrfSeries *const *) b)->text);
}

GPtrArray *
orf_registry_get_active (OrfRegistry *registry)
{
  if (registry->sorted != NULL && registry->unsorted->len > MAX_INSERTS)
    g_clear_pointer (&registry->sorted, g_ptr_array_unref);
  if (registry->sorted == NULL) {
    registry->sorted = g_ptr_array_copy (registry->all, NULL, NULL);
    g_ptr_array_sort (registry->sorted, compare_text);
  } else {
    for (guint i = 0; i < registry->unsorted->len; i++) {
      OrfSeries *series = registry->unsorted->pdata[i];

      g_ptr_array_insert (registry->sorted, (int) find_place (registry->sorted, series), series);
    }
  }
  g_ptr_array_set_size (registry->unsorted, 0);
  return registry->sorted;
}

OrfRegistryVersion
orf_registry_get_version (OrfRegistry *registry)
{
  return registry->version;
}

guint
orf_registry_get_n_active (OrfRegistry *registry)
{
  return registry->all->len;
}

gsize
orf_registry_get_size_bytes (OrfRegistry *registry)
{
  return registry->size_bytes;
}

gsize
orf_registry_get_chunk_bytes (OrfRegistry *registry)
{
  return registry->chunk_bytes;
}
