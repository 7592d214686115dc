/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postmortem/orf-postmortem-waterfall.h"

#include <string.h>

#include "store/orf-store-traces.h"
#include "traces/orf-trace-tree.h"

#define MAX_SPANS 60
#define MAX_PATH  5

/* Freed by the caller; *order too. */
static OrfTraceNode *
arrange (const GPtrArray *rows, guint **order)
{
  OrfTraceNode *nodes = g_new0 (OrfTraceNode, MAX (rows->len, 1));

  for (guint i = 0; i < rows->len; i++) {
    const OrfSpanRow *row = rows->pdata[i];

    memcpy (&nodes[i].id, row->span_id, sizeof nodes[i].id);
    memcpy (&nodes[i].parent, row->parent_id, sizeof nodes[i].parent);
    nodes[i].has_parent = row->has_parent;
    nodes[i].start_us = row->start_us;
    nodes[i].end_us = row->start_us + row->duration_us;
  }
  *order = orf_trace_tree_arrange (nodes, rows->len);
  return nodes;
}

static OrfPostmortemSpan *
make_span (const OrfSpanRow *row, const OrfTraceNode *node)
{
  OrfPostmortemSpan *span = orf_postmortem_span_new ();

  span->depth = node->depth;
  span->service = g_strdup (row->service);
  span->operation = g_strdup (row->operation);
  span->start_us = row->start_us;
  span->duration_us = row->duration_us;
  span->outcome = g_strdup (orf_span_outcome_to_string (row->outcome));
  span->critical = node->critical;
  return span;
}

OrfPostmortemWaterfall *
orf_postmortem_waterfall_draw (const char *trace_id, const GPtrArray *rows, gint64 n_more)
{
  OrfPostmortemWaterfall *waterfall = orf_postmortem_waterfall_new ();
  g_autofree guint *order = NULL;
  g_autofree OrfTraceNode *nodes = arrange (rows, &order);

  waterfall->trace_id = g_strdup (trace_id);
  waterfall->spans = g_ptr_array_new ();
  for (guint i = 0; i < MIN (rows->len, MAX_SPANS); i++)
    g_ptr_array_add (waterfall->spans, make_span (rows->pdata[order[i]], &nodes[order[i]]));
  waterfall->more = n_more + rows->len - waterfall->spans->len;
  return waterfall;
}

/* Spans of one operation are one. */
static void
add_to_path (GPtrArray *path, const OrfSpanRow *row, gint64 self_us)
{
  OrfPostmortemPathStep *step;

  for (guint i = 0; i < path->len; i++) {
    step = path->pdata[i];
    if (strcmp (step->service, row->service) == 0 &&
        strcmp (step->operation, row->operation) == 0) {
      step->self_us += self_us;
      return;
    }
  }
  step = orf_postmortem_path_step_new ();
  step->service = g_strdup (row->service);
  step->operation = g_strdup (row->operation);
  step->self_us = self_us;
  g_ptr_array_add (path, step);
}

static int
compare_steps_cb (gconstpointer a, gconstpointer b)
{
  const OrfPostmortemPathStep *x = *(OrfPostmortemPathStep *const *) a;
  const OrfPostmortemPathStep *y = *(OrfPostmortemPathStep *const *) b;
  int order = (x->self_us < y->self_us) - (x->self_us > y->self_us);

  if (order == 0)
    order = strcmp (x->service, y->service);
  return order != 0 ? order : strcmp (x->operation, y->operation);
}

GPtrArray *
orf_postmortem_waterfall_find_path (const GPtrArray *rows)
{
  GPtrArray *path = g_ptr_array_new ();
  g_autofree guint *order = NULL;
  g_autofree OrfTraceNode *nodes = arrange (rows, &order);
  gint64 total_us = 0;

  for (guint i = 0; i < rows->len; i++)
    if (nodes[i].critical && nodes[i].self_us > 0) {
      add_to_path (path, rows->pdata[i], nodes[i].self_us);
      total_us += nodes[i].self_us;
    }
  g_ptr_array_sort (path, compare_steps_cb);
  while (path->len > MAX_PATH)
    orf_postmortem_path_step_free (g_ptr_array_remove_index (path, path->len - 1));
  for (guint i = 0; i < path->len; i++) {
    OrfPostmortemPathStep *step = path->pdata[i];

    step->share_percent = 100.0 * (double) step->self_us / (double) total_us;
  }
  return path;
}
