/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-series-set.h"

#include <malloc.h>
#include <string.h>

#include "core/orf-clock.h"
#include "orf-error.h"

typedef struct {
  const OrfMetricsParts *parts;
  const OrfSelector *selector; /* its owner waits for done; NULL: all are meant */
  OrfSelectorLook look;
  GPtrArray *selected;
  guint max_rows; /* asked of the file */
  OrfSeriesSetDone done;
  gpointer user_data;
} Selection;

static void
selected_free (const OrfMetricsParts *parts, OrfSelected *one)
{
  orf_memory_add (parts->memory, ORF_MEMORY_QUERIES, -(gint64) one->held_bytes);
  if (one->active != NULL)
    orf_registry_release (parts->registry, one->active);
  g_free (one->text);
  g_free (one->name);
  g_strfreev (one->labels);
  g_free (one->unit);
  g_free (one->help);
  g_free (one);
}

void
orf_series_set_free (const OrfMetricsParts *parts, GPtrArray *selected)
{
  for (guint i = 0; i < selected->len; i++)
    selected_free (parts, selected->pdata[i]);
  g_ptr_array_unref (selected);
}

/* Many wait while the file is read, each with all that it selected. */
static void
add_selected (Selection *selection, OrfSelected *one)
{
  char *const texts[] = { one->text, one->name, one->unit, one->help };

  one->held_bytes = sizeof *one + malloc_usable_size (one->labels);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    one->held_bytes += malloc_usable_size (texts[i]);
  for (guint i = 0; one->labels[i] != NULL; i++)
    one->held_bytes += malloc_usable_size (one->labels[i]);
  orf_memory_add (selection->parts->memory, ORF_MEMORY_QUERIES, (gint64) one->held_bytes);
  g_ptr_array_add (selection->selected, one);
}

static void
add_active (Selection *selection, OrfSeries *series)
{
  OrfSelected *one = g_new0 (OrfSelected, 1);

  one->text = g_strdup (series->text);
  one->name = g_strdup (series->family->name);
  one->labels = g_strdupv (series->labels);
  one->kind = series->family->kind;
  one->unit = g_strdup (series->family->unit);
  one->help = g_strdup (series->family->help);
  one->id = series->id;
  one->created_us = series->created_us;
  one->last_us = series->last_us;
  one->active = series;
  orf_registry_hold (selection->parts->registry, series);
  add_selected (selection, one);
}

static gboolean
is_meant (
  Selection *selection, const char *name, char *const *labels, gboolean *meant, GError **error)
{
  *meant = TRUE;
  return selection->selector == NULL ||
         orf_selector_match_next (selection->selector, &selection->look, name, labels, meant,
                                  error);
}

/* The first whose text is not below this one. */
static guint
find_first (GPtrArray *active, const char *text)
{
  guint low = 0, high = active->len;

  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (strcmp (((OrfSeries *) active->pdata[middle])->text, text) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static gboolean
consider (Selection *selection, OrfSeries *series, GError **error)
{
  gboolean meant;

  if (!is_meant (selection, series->family->name, series->labels, &meant, error))
    return FALSE;
  if (meant)
    add_active (selection, series);
  return TRUE;
}

/* Series of one name: the one without labels, then those whose text begins with name{.  Names that
 * only begin alike stand between, as { sorts behind all that a name may have. */
static gboolean
add_named_active (Selection *selection, GPtrArray *active, const char *name, GError **error)
{
  g_autofree char *prefix = g_strconcat (name, "{", NULL);
  guint i = find_first (active, name);

  if (i < active->len && g_str_equal (((OrfSeries *) active->pdata[i])->text, name) &&
      !consider (selection, active->pdata[i], error))
    return FALSE;
  for (i = find_first (active, prefix);
       i < active->len && g_str_has_prefix (((OrfSeries *) active->pdata[i])->text, prefix); i++)
    if (!consider (selection, active->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
add_all_active (Selection *selection, GError **error)
{
  GPtrArray *active = orf_registry_get_active (selection->parts->registry);
  const char *name = selection->selector != NULL ? orf_selector_get_name (selection->selector)
                                                 : NULL;

  if (name != NULL)
    return add_named_active (selection, active, name, error);
  for (guint i = 0; i < active->len; i++)
    if (!consider (selection, active->pdata[i], error))
      return FALSE;
  return TRUE;
}

static void
conclude (Selection *selection, const GError *error)
{
  if (error == NULL) {
    selection->done (selection->user_data, selection->selected, NULL);
  } else {
    orf_series_set_free (selection->parts, selection->selected);
    selection->done (selection->user_data, NULL, error);
  }
  g_free (selection);
}

/* held: the active ones that are selected already. */
static gboolean
add_row (Selection *selection, const OrfSeriesRow *row, GHashTable *held, GError **error)
{
  g_auto (GStrv) labels = orf_series_name_labels_from_json (row->labels_json);
  OrfSeries *active;
  OrfSelected *one;
  gboolean meant;

  if (labels == NULL)
    return TRUE;
  active = orf_registry_find (selection->parts->registry, row->name, labels);
  /* since the file was asked, maybe; one without an id cannot be read from the file yet */
  if (active != NULL && (active->id > 0 || g_hash_table_contains (held, active)))
    return g_hash_table_contains (held, active) || consider (selection, active, error);
  if (!is_meant (selection, row->name, labels, &meant, error))
    return FALSE;
  if (!meant)
    return TRUE;
  one = g_new0 (OrfSelected, 1);
  one->text = orf_series_name_to_text (row->name, labels);
  one->name = g_strdup (row->name);
  one->labels = g_steal_pointer (&labels);
  one->kind = row->kind;
  one->unit = g_strdup (row->unit);
  one->help = g_strdup (row->help);
  one->id = row->id;
  one->created_us = row->created_us;
  one->last_us = row->last_us;
  add_selected (selection, one);
  return TRUE;
}

static int
compare_text (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(OrfSelected *const *) a)->text, (*(OrfSelected *const *) b)->text);
}

static void
listed_cb (gpointer user_data, GPtrArray *rows, const GError *error)
{
  Selection *selection = user_data;
  g_autoptr (GHashTable) held = g_hash_table_new (NULL, NULL);
  g_autoptr (GError) local = error != NULL ? g_error_copy (error) : NULL;

  for (guint i = 0; i < selection->selected->len; i++)
    g_hash_table_add (held, ((OrfSelected *) selection->selected->pdata[i])->active);
  if (local == NULL && rows->len == selection->max_rows)
    local = g_error_new (ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
                         "the file has more than [metrics] max_series (%" G_GINT64_FORMAT
                         ") retired series with samples in that time",
                         selection->parts->config->metrics.max_series);
  selection->look = (OrfSelectorLook){ 0 };
  for (guint i = 0; local == NULL && i < rows->len; i++)
    add_row (selection, rows->pdata[i], held, &local);
  g_ptr_array_sort (selection->selected, compare_text);
  conclude (selection, local);
}

/* A retired series has no sample within idle_us, unless the registry had no room for it. */
static gboolean
may_mean_retired (const OrfMetricsParts *parts, gint64 since_us)
{
  const OrfConfig *config = parts->config;

  return since_us < orf_clock_now_us () - config->metrics.idle_us + ORF_LAST_US_BEHIND ||
         orf_registry_get_n_active (parts->registry) >= config->metrics.max_series;
}

void
orf_series_set_select (const OrfMetricsParts *parts,
                       const OrfSelector *selector,
                       gint64 since_us,
                       OrfCancel *cancel,
                       OrfSeriesSetDone done,
                       gpointer user_data)
{
  Selection *selection = g_new0 (Selection, 1);
  g_autoptr (GError) error = NULL;

  /* the active ones are in the file too */
  *selection = (Selection){ .parts = parts,
                            .selector = selector,
                            .selected = g_ptr_array_new (),
                            .max_rows = orf_registry_get_n_active (parts->registry) +
                                        (guint) parts->config->metrics.max_series + 1,
                            .done = done,
                            .user_data = user_data };
  if (!orf_memory_check_part (parts->memory, ORF_MEMORY_QUERIES, &error) ||
      !add_all_active (selection, &error))
    conclude (selection, error);
  else if (!may_mean_retired (parts, since_us))
    conclude (selection, NULL);
  else
    orf_store_list_series (parts->store, selector != NULL ? orf_selector_get_name (selector) : NULL,
                           since_us - ORF_LAST_US_BEHIND, selection->max_rows, cancel, listed_cb,
                           selection);
}
