/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cost/orf-cost-counter.h"

#include <math.h>

#include "core/orf-clock.h"
#include "metrics/orf-query-points.h"
#include "metrics/orf-window.h"

/* An increase begins with the last sample before its window. */
#define LOOK_BACK_US (5 * 60 * ORF_US_PER_S)

typedef struct {
  const OrfMetricsParts *parts;
  OrfSelector *selector;
  gint64 from_us, to_us;
  OrfCostCounterDone done;
  gpointer user_data;
} Look;

static OrfWindowInput
make_input (const OrfQueryPoints *read, guint i)
{
  const GArray *points = read->points->pdata[i];
  const GArray *rollups = read->rollups->pdata[i];

  return (OrfWindowInput){
    points != NULL ? (const OrfPoint *) (const void *) points->data : NULL,
    points != NULL ? points->len : 0,
    rollups != NULL ? (const OrfRollup *) (const void *) rollups->data : NULL,
    rollups != NULL ? rollups->len : 0,
  };
}

static double
add_up (const Look *look, const OrfQueryPoints *read)
{
  const OrfWindowSpec spec = { look->from_us, look->to_us, 0, ORF_METRICS_AGGREGATE_INCREASE };
  g_autofree OrfWindowInput *inputs = g_new0 (OrfWindowInput, read->selected->len + 1);
  g_autoptr (GArray) out = g_array_new (FALSE, FALSE, sizeof (OrfPoint));

  for (guint i = 0; i < read->selected->len; i++)
    inputs[i] = make_input (read, i);
  if (read->selected->len > 0)
    orf_window_aggregate (&spec, inputs, read->selected->len, out);
  return out->len > 0 ? g_array_index (out, OrfPoint, 0).value : NAN;
}

static void
read_cb (gpointer user_data, OrfQueryPoints *read, const GError *error)
{
  Look *look = user_data;
  double rise = error == NULL ? add_up (look, read) : NAN;

  if (error != NULL)
    g_message ("what a counter of [cost] counted is not known: %s", error->message);
  else
    orf_query_points_free (look->parts, read);
  look->done (look->user_data, rise);
  orf_selector_free (look->selector);
  g_free (look);
}

void
orf_cost_counter_read (const OrfMetricsParts *parts,
                       const char *selector,
                       gint64 from_us,
                       gint64 to_us,
                       OrfCancel *cancel,
                       OrfCostCounterDone done,
                       gpointer user_data)
{
  OrfSelector *parsed = selector[0] != '\0' && from_us < to_us ? orf_selector_parse (selector, NULL)
                                                               : NULL;
  OrfQueryPointsSpec spec;
  Look *look;

  if (parsed == NULL) {
    done (user_data, NAN);
    return;
  }
  look = g_new0 (Look, 1);
  *look = (Look){ parts, parsed, from_us, to_us, done, user_data };
  spec = (OrfQueryPointsSpec){
    .selector = parsed,
    .from_us = MAX (from_us - LOOK_BACK_US, 0),
    .to_us = to_us,
    .max_points = (guint64) parts->config->metrics.max_query_points,
    .rollup_us = ORF_HOUR_US,
    .rolled_from_us = from_us,
    .part = ORF_ROLLUP_ALL,
    .rising = TRUE,
    .n_told = 1,
  };
  orf_query_points_read (parts, &spec, cancel, read_cb, look);
}
