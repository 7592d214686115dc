/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-live-set.h"

struct _OrfLiveSet {
  OrfRegistry *registry;
  GPtrArray *selectors; /* OrfSelector */
  guint max;
  GPtrArray *series; /* OrfSeries, borrowed */
  gboolean looked;   /* series was looked up, */
  guint64 n_changes; /* when so many changes were made to the registry */
  guint n_left_out;
  GError *error;
};

OrfLiveSet *
orf_live_set_new (OrfRegistry *registry, GPtrArray *selectors, guint max)
{
  OrfLiveSet *set = g_new0 (OrfLiveSet, 1);

  set->registry = registry;
  set->selectors = selectors;
  set->max = max;
  set->series = g_ptr_array_new ();
  return set;
}

void
orf_live_set_free (OrfLiveSet *set)
{
  g_ptr_array_unref (set->selectors);
  g_ptr_array_unref (set->series);
  g_clear_error (&set->error);
  g_free (set);
}

/* Not where set->error is set, too. */
static gboolean
is_meant (OrfLiveSet *set, OrfSelectorLook *look, const OrfSeries *series)
{
  for (guint i = 0; i < set->selectors->len; i++) {
    gboolean matches;

    if (!orf_selector_match_next (set->selectors->pdata[i], look, series->family->name,
                                  series->labels, &matches, &set->error))
      return FALSE;
    if (matches)
      return TRUE;
  }
  return FALSE;
}

static void
look_up (OrfLiveSet *set)
{
  const GPtrArray *active = orf_registry_get_active (set->registry);
  OrfSelectorLook look = { 0 };

  g_ptr_array_set_size (set->series, 0);
  g_clear_error (&set->error);
  set->n_left_out = 0;
  /* a pattern that takes too long for one would take as long for each of the others */
  for (guint i = 0; i < active->len && set->error == NULL; i++) {
    if (!is_meant (set, &look, active->pdata[i]))
      continue;
    if (set->series->len < set->max)
      g_ptr_array_add (set->series, active->pdata[i]);
    else
      set->n_left_out++;
  }
}

const GPtrArray *
orf_live_set_get (OrfLiveSet *set)
{
  guint64 n_changes = orf_registry_get_version (set->registry).n_changes;

  if (!set->looked || n_changes != set->n_changes)
    look_up (set);
  set->looked = TRUE;
  set->n_changes = n_changes;
  return set->series;
}

const GError *
orf_live_set_get_error (const OrfLiveSet *set)
{
  return set->error;
}

guint
orf_live_set_get_n_left_out (const OrfLiveSet *set)
{
  return set->n_left_out;
}
