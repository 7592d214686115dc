/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-expr-group.h"

#include <math.h>

#include "core/orf-names.h"
#include "metrics/orf-gathered.h"
#include "metrics/orf-quantile.h"
#include "metrics/orf-series-name.h"

static void
group_free (gpointer data)
{
  OrfExprGroup *group = data;

  g_strfreev (group->labels);
  g_array_unref (group->lines);
  g_free (group);
}

GPtrArray *
orf_expr_group_lines (const OrfExprVector *vector, const char *const *by)
{
  g_autoptr (GHashTable) by_key = orf_names_table_new (g_free, NULL);
  GPtrArray *groups = g_ptr_array_new_with_free_func (group_free);

  for (guint i = 0; i < vector->lines->len; i++) {
    const OrfExprLine *line = vector->lines->pdata[i];
    g_auto (GStrv) labels = orf_series_name_keep_labels (line->labels, by);
    g_autofree char *key = orf_series_name_to_text ("", labels);
    OrfExprGroup *group = g_hash_table_lookup (by_key, key);

    if (group == NULL) {
      group = g_new0 (OrfExprGroup, 1);
      group->labels = g_steal_pointer (&labels);
      group->lines = g_array_new (FALSE, FALSE, sizeof (guint));
      g_ptr_array_add (groups, group);
      g_hash_table_insert (by_key, g_steal_pointer (&key), group);
    }
    g_array_append_val (group->lines, i);
  }
  return groups;
}

static double
gather (OrfMetricsAggregate aggregate, double *known, guint n_known)
{
  OrfGathered all = { 0 };
  double share;

  if (orf_quantile_find_share (aggregate, &share)) {
    orf_quantile_sort (known, n_known);
    return orf_quantile_get (known, n_known, share);
  }
  for (guint i = 0; i < n_known; i++)
    orf_gathered_add (&all, &(OrfPoint){ 0, known[i] });
  return orf_gathered_conclude (&all, aggregate);
}

double
orf_expr_group_gather (OrfMetricsAggregate aggregate, double *known, guint n_known)
{
  double value = gather (aggregate, known, n_known);

  return isfinite (value) ? value : NAN;
}
