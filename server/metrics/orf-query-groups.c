/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-query-groups.h"

#include <string.h>

#include "core/orf-names.h"

typedef struct {
  char *text;
  char *name;
  char **labels;
  OrfSeriesKind kind;
  GPtrArray *inputs; /* Input, one for each series */
} Group;

typedef struct {
  GArray *points;  /* OrfPoint */
  GArray *rollups; /* OrfRollup; may be NULL */
} Input;

static void
input_free_cb (gpointer data)
{
  Input *input = data;

  g_array_unref (input->points);
  g_clear_pointer (&input->rollups, g_array_unref);
  g_free (input);
}

struct _OrfQueryGroups {
  const char *const *by;
  GPtrArray *groups;   /* in order of first appearance */
  GHashTable *by_text; /* NULL: no merging */
};

static void
group_free (gpointer data)
{
  Group *group = data;

  g_free (group->text);
  g_free (group->name);
  g_strfreev (group->labels);
  g_ptr_array_unref (group->inputs);
  g_free (group);
}

OrfQueryGroups *
orf_query_groups_new (const char *const *by)
{
  OrfQueryGroups *groups = g_new0 (OrfQueryGroups, 1);

  groups->by = by;
  groups->groups = g_ptr_array_new_with_free_func (group_free);
  if (by != NULL)
    groups->by_text = orf_names_table_new (NULL, NULL);
  return groups;
}

void
orf_query_groups_free (OrfQueryGroups *groups)
{
  g_clear_pointer (&groups->by_text, g_hash_table_unref);
  g_ptr_array_unref (groups->groups);
  g_free (groups);
}

/* Takes labels and text. */
static Group *
add_group (OrfQueryGroups *groups, const OrfSelected *one, char **labels, char *text)
{
  Group *group = g_new0 (Group, 1);

  group->text = text;
  group->name = g_strdup (one->name);
  group->labels = labels;
  group->kind = one->kind;
  group->inputs = g_ptr_array_new_with_free_func (input_free_cb);
  g_ptr_array_add (groups->groups, group);
  return group;
}

static Group *
ensure_group (OrfQueryGroups *groups, const OrfSelected *one)
{
  g_auto (GStrv) labels = NULL;
  g_autofree char *text = NULL;
  Group *group;

  if (groups->by == NULL)
    return add_group (groups, one, g_strdupv (one->labels), g_strdup (one->text));
  labels = orf_series_name_keep_labels (one->labels, groups->by);
  text = orf_series_name_to_text (one->name, labels);
  group = g_hash_table_lookup (groups->by_text, text);
  if (group == NULL) {
    group = add_group (groups, one, g_steal_pointer (&labels), g_steal_pointer (&text));
    g_hash_table_insert (groups->by_text, group->text, group);
  }
  return group;
}

void
orf_query_groups_add (OrfQueryGroups *groups,
                      const OrfSelected *one,
                      GArray *points,
                      GArray *rollups)
{
  Input *input = g_new0 (Input, 1);

  input->points = points;
  input->rollups = rollups;
  if (points->len > 0 || (rollups != NULL && rollups->len > 0))
    g_ptr_array_add (ensure_group (groups, one)->inputs, input);
  else
    input_free_cb (input);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Takes the group's strings, and points. */
static void
add_answer (GPtrArray *answer, Group *group, GArray *points)
{
  OrfMetricsSeriesPoints *one = orf_metrics_series_points_new ();

  one->series = g_steal_pointer (&group->text);
  one->name = g_steal_pointer (&group->name);
  one->labels = g_steal_pointer (&group->labels);
  one->points = points;
  g_ptr_array_add (answer, one);
}

static int
compare_text (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(OrfMetricsSeriesPoints *const *) a)->series,
                 (*(OrfMetricsSeriesPoints *const *) b)->series);
}

static GPtrArray *
new_answer (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) orf_metrics_series_points_free);
}

static gboolean
has_points_from (const Group *group, gint64 from_us)
{
  for (guint i = 0; i < group->inputs->len; i++) {
    const GArray *points = ((Input *) group->inputs->pdata[i])->points;
    const GArray *rollups = ((Input *) group->inputs->pdata[i])->rollups;

    if ((points->len > 0 && g_array_index (points, OrfPoint, points->len - 1).t_us >= from_us) ||
        (rollups != NULL && rollups->len > 0 &&
         g_array_index (rollups, OrfRollup, rollups->len - 1).t_us >= from_us))
      return TRUE;
  }
  return FALSE;
}

guint
orf_query_groups_count (const OrfQueryGroups *groups, gint64 from_us)
{
  guint n = 0;

  for (guint i = 0; i < groups->groups->len; i++)
    n += has_points_from (groups->groups->pdata[i], from_us);
  return n;
}

static OrfMetricsAggregate
choose_aggregate (const Group *group, OrfMetricsAggregate asked)
{
  if (asked != ORF_METRICS_AGGREGATE_UNSET)
    return asked;
  return group->kind == ORF_SERIES_KIND_COUNTER ? ORF_METRICS_AGGREGATE_LAST
                                                : ORF_METRICS_AGGREGATE_AVG;
}

static GArray *
aggregate (const Group *group, const OrfWindowSpec *asked)
{
  g_autofree OrfWindowInput *inputs = g_new0 (OrfWindowInput, group->inputs->len);
  GArray *points = g_array_sized_new (FALSE, FALSE, sizeof (OrfPoint),
                                      (guint) orf_window_count (asked));
  OrfWindowSpec spec = *asked;

  spec.aggregate = choose_aggregate (group, asked->aggregate);
  for (guint i = 0; i < group->inputs->len; i++) {
    const Input *one = group->inputs->pdata[i];

    inputs[i] = (OrfWindowInput){ .points = (const OrfPoint *) (gpointer) one->points->data,
                                  .n_points = one->points->len };
    if (one->rollups != NULL) {
      inputs[i].rollups = (const OrfRollup *) (gpointer) one->rollups->data;
      inputs[i].n_rollups = one->rollups->len;
    }
  }
  orf_window_aggregate (&spec, inputs, group->inputs->len, points);
  return points;
}

GPtrArray *
orf_query_groups_aggregate (OrfQueryGroups *groups, const OrfWindowSpec *spec)
{
  GPtrArray *answer = new_answer ();

  for (guint i = 0; i < groups->groups->len; i++) {
    Group *group = groups->groups->pdata[i];

    /* what was only looked back at is no series of the span */
    if (has_points_from (group, spec->from_us))
      add_answer (answer, group, aggregate (group, spec));
  }
  g_ptr_array_sort (answer, compare_text);
  return answer;
}

GPtrArray *
orf_query_groups_take_points (OrfQueryGroups *groups)
{
  GPtrArray *answer = new_answer ();

  for (guint i = 0; i < groups->groups->len; i++) {
    Group *group = groups->groups->pdata[i];

    add_answer (answer, group, g_array_ref (((Input *) group->inputs->pdata[0])->points));
  }
  g_ptr_array_sort (answer, compare_text);
  return answer;
}
