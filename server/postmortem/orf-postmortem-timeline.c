/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postmortem/orf-postmortem-timeline.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "postmortem/orf-postmortem-operation.h"
#include "postmortem/orf-postmortem-runs.h"
#include "postmortem/orf-postmortem-series.h"

#define MAX_ROWS 200
/* Of one device, and of all operations. */
#define MAX_PRESSURE   20
#define MAX_OPERATIONS 20
/* Memory that is given and taken back within this is one stretch of pressure. */
#define APART_US (30 * ORF_US_PER_S)

/* Which of several at the same time is told first, and weighs more: what is upstream of what. */
static const char *const kinds[] = { "deploy", "note",      "load",       "incident", "leak",
                                     "worker", "gpu_event", "cache_node", "pressure", "cleanup",
                                     "oom",    "operation", "anomaly",    "alert",    "forecast",
                                     "gap",    "daemon",    "audit" };

static guint
get_place (const OrfPostmortemMoment *moment)
{
  guint place = 0;

  while (place < G_N_ELEMENTS (kinds) && strcmp (kinds[place], moment->kind) != 0)
    place++;
  return place;
}

/* Takes text.  until_us -1: it has no end. */
static void
add (OrfPostmortemFacts *facts,
     const char *kind,
     const char *severity,
     gint64 t_us,
     gint64 until_us,
     char *text)
{
  OrfPostmortemMoment *moment = orf_postmortem_moment_new ();

  moment->kind = g_strdup (kind);
  moment->severity = g_strdup (severity);
  moment->t_us = t_us;
  moment->has_until_us = until_us >= 0;
  moment->until_us = until_us;
  moment->text = text;
  g_ptr_array_add (facts->document->timeline->rows, moment);
}

/* ---- what series tell ------------------------------------------------------------------------ */

static void
add_pressure (OrfPostmortemFacts *facts, const OrfPostmortemSeries *pressure)
{
  const OrfPostmortemWindow *window = facts->document->window;
  const OrfPostmortemRunSpec spec = {
    .from_us = window->from_us,
    .to_us = window->to_us,
    .at_least = ORF_PRESSURE_LEVEL_HIGH - ORF_PRESSURE_LEVEL_LOW,
    .at_most = INFINITY,
    .apart_us = APART_US,
    .max = MAX_PRESSURE,
  };
  g_autoptr (GArray) runs = orf_postmortem_runs_find (pressure->points, &spec);

  for (guint i = 0; i < runs->len; i++) {
    const OrfPostmortemRun *run = &g_array_index (runs, OrfPostmortemRun, i);
    OrfPressureLevel level = ORF_PRESSURE_LEVEL_LOW + (int) run->highest;

    add (facts, "pressure", level == ORF_PRESSURE_LEVEL_CRITICAL ? "critical" : "warning",
         run->from_us, run->until_us,
         g_strdup_printf ("memory pressure of %s is %s",
                          orf_postmortem_series_get_label (pressure, "device"),
                          orf_pressure_level_to_string (level)));
  }
}

static void
add_ooms (OrfPostmortemFacts *facts)
{
  const GPtrArray *ooms = facts->document->memory->ooms;

  for (guint i = 0; i < ooms->len; i++) {
    const OrfPostmortemOom *oom = ooms->pdata[i];

    add (facts, "oom", "critical", oom->t_us, -1,
         g_strdup_printf ("%s ran out of memory of %s", oom->worker, oom->device));
  }
}

static void
add_nodes (OrfPostmortemFacts *facts)
{
  const OrfPostmortemCache *cache = facts->document->cache;

  for (guint i = 0; cache != NULL && i < cache->nodes->len; i++) {
    const OrfPostmortemNode *node = cache->nodes->pdata[i];

    for (guint k = 0; k < node->away->len; k++) {
      const OrfPostmortemAway *away = node->away->pdata[k];

      add (facts, "cache_node", "critical", away->from_us, away->has_until_us ? away->until_us : -1,
           g_strdup_printf ("node %s of the cache was away", node->node));
    }
  }
}

static void
add_operations (OrfPostmortemFacts *facts)
{
  const GPtrArray *operations = facts->document->traces->operations;
  guint n = 0;

  for (guint i = 0; i < operations->len && n < MAX_OPERATIONS; i++) {
    const OrfPostmortemOperation *operation = operations->pdata[i];

    if (!orf_postmortem_operation_is_worse (operation))
      continue;
    add (facts, "operation", "warning", operation->from_us, -1,
         orf_postmortem_operation_describe (operation));
    n++;
  }
}

static void
add_gaps (OrfPostmortemFacts *facts)
{
  const GPtrArray *gaps = facts->document->gaps->rows;

  for (guint i = 0; i < gaps->len; i++) {
    const OrfPostmortemGap *gap = gaps->pdata[i];

    add (facts, "gap", NULL, gap->from_us, gap->to_us,
         g_strdup_printf ("%s is missing%s%s", gap->what, gap->why != NULL ? ": " : "",
                          gap->why != NULL ? gap->why : ""));
  }
}

/* ---- order ----------------------------------------------------------------------------------- */

gboolean
orf_postmortem_moment_is_trouble (const OrfPostmortemMoment *moment)
{
  return moment->severity != NULL && strcmp (moment->severity, "info") != 0 &&
         strcmp (moment->kind, "forecast") != 0;
}

static int
get_weight (const OrfPostmortemMoment *moment)
{
  if (moment->severity != NULL && strcmp (moment->severity, "critical") == 0)
    return 3;
  /* these are what trouble often comes from */
  if (orf_postmortem_moment_is_trouble (moment) || strcmp (moment->kind, "deploy") == 0 ||
      strcmp (moment->kind, "load") == 0)
    return 2;
  return strcmp (moment->kind, "audit") != 0;
}

static int
compare_by_weight_cb (gconstpointer a, gconstpointer b)
{
  const OrfPostmortemMoment *x = *(OrfPostmortemMoment *const *) a;
  const OrfPostmortemMoment *y = *(OrfPostmortemMoment *const *) b;
  int heavier = get_weight (y) - get_weight (x);

  return heavier != 0 ? heavier : (x->t_us > y->t_us) - (x->t_us < y->t_us);
}

static int
compare_by_time_cb (gconstpointer a, gconstpointer b)
{
  const OrfPostmortemMoment *x = *(OrfPostmortemMoment *const *) a;
  const OrfPostmortemMoment *y = *(OrfPostmortemMoment *const *) b;
  guint place_x = get_place (x), place_y = get_place (y);

  if (x->t_us != y->t_us)
    return x->t_us < y->t_us ? -1 : 1;
  return place_x != place_y ? (int) place_x - (int) place_y : strcmp (x->text, y->text);
}

void
orf_postmortem_timeline_finish (OrfPostmortemFacts *facts)
{
  OrfPostmortemTimeline *section = facts->document->timeline;

  for (guint i = 0; i < facts->pressure->len; i++)
    add_pressure (facts, facts->pressure->pdata[i]);
  add_ooms (facts);
  add_nodes (facts);
  add_operations (facts);
  add_gaps (facts);
  g_ptr_array_sort (section->rows, compare_by_weight_cb);
  for (; section->rows->len > MAX_ROWS; section->more++)
    orf_postmortem_moment_free (g_ptr_array_remove_index (section->rows, section->rows->len - 1));
  g_ptr_array_sort (section->rows, compare_by_time_cb);
}
