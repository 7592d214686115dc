/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-newest.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"

typedef struct {
  const OrfMetricsParts *parts;
  OrfSelector *selector;
  gint64 together_us;
  gint64 now_us; /* what is of later is of a clock that is wrong, or was set back since */
  OrfCancel *cancel;
  OrfNewestDone done;
  gpointer user_data;
  GPtrArray *selected; /* OrfSelected */
  GArray *newest;      /* OrfNewest */
} Look;

static void
look_free (Look *look)
{
  if (look->selected != NULL)
    orf_series_set_free (look->parts, look->selected);
  orf_selector_free (look->selector);
  orf_cancel_unref (look->cancel);
  g_array_unref (look->newest);
  g_free (look);
}

static const OrfSelected *
find_selected (const Look *look, gint64 id)
{
  for (guint i = 0; i < look->selected->len; i++)
    if (((OrfSelected *) look->selected->pdata[i])->id == id)
      return look->selected->pdata[i];
  return NULL;
}

static gint
compare_series (gconstpointer a, gconstpointer b)
{
  return strcmp (((const OrfNewest *) a)->selected->text, ((const OrfNewest *) b)->selected->text);
}

static void
drop_gone (const Look *look)
{
  gint64 newest_us = G_MININT64;
  guint kept = 0;

  for (guint i = 0; i < look->newest->len; i++)
    newest_us = MAX (newest_us, g_array_index (look->newest, OrfNewest, i).point.t_us);
  newest_us = MIN (newest_us, look->now_us);
  for (guint i = 0; i < look->newest->len; i++) {
    const OrfNewest one = g_array_index (look->newest, OrfNewest, i);

    if (one.point.t_us >= newest_us - look->together_us)
      g_array_index (look->newest, OrfNewest, kept++) = one;
  }
  g_array_set_size (look->newest, kept);
}

static void
finish (Look *look, const GError *error)
{
  if (error == NULL) {
    drop_gone (look);
    g_array_sort (look->newest, compare_series);
    look->done (look->user_data, (const OrfNewest *) (gpointer) look->newest->data,
                look->newest->len, NULL);
  } else {
    look->done (look->user_data, NULL, 0, error);
  }
  look_free (look);
}

static void
read_cb (gpointer user_data, GPtrArray *series, const GError *error)
{
  Look *look = user_data;

  for (guint i = 0; error == NULL && i < series->len; i++) {
    const OrfSeriesPoints *one = series->pdata[i];
    const OrfNewest newest = {
      find_selected (look, one->series_id),
      g_array_index (one->points, OrfPoint, one->points->len - 1),
    };

    if (newest.selected != NULL)
      g_array_append_val (look->newest, newest);
  }
  finish (look, error);
}

/* What has samples of this run is known; of the others the file is asked. */
static void
selected_cb (gpointer user_data, GPtrArray *selected, const GError *error)
{
  Look *look = user_data;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 newest_us = 0;

  if (error != NULL) {
    finish (look, error);
    return;
  }
  look->selected = selected;
  for (guint i = 0; i < selected->len; i++) {
    const OrfSelected *one = selected->pdata[i];

    newest_us = MAX (newest_us, one->last_us);
    if (one->active != NULL && one->active->newest_number > 0 && !isnan (one->active->newest)) {
      const OrfNewest newest = { one, { one->active->last_us, one->active->newest } };

      g_array_append_val (look->newest, newest);
    } else if (one->id > 0) {
      g_array_append_val (ids, one->id);
    }
  }
  newest_us = MIN (newest_us, look->now_us);
  if (ids->len == 0)
    finish (look, NULL);
  else /* last_us in the file may be minutes behind its samples */
    orf_store_read_samples (look->parts->store, (const gint64 *) ids->data, ids->len,
                            newest_us - look->together_us, G_MAXINT64,
                            (guint) look->parts->config->metrics.max_query_points, look->cancel,
                            read_cb, look);
}

void
orf_newest_read (const OrfMetricsParts *parts,
                 OrfSelector *selector,
                 gint64 together_us,
                 OrfCancel *cancel,
                 OrfNewestDone done,
                 gpointer user_data)
{
  Look *look = g_new0 (Look, 1);

  look->parts = parts;
  look->selector = selector;
  look->together_us = together_us;
  look->now_us = orf_clock_now_us ();
  look->cancel = orf_cancel_ref (cancel);
  look->done = done;
  look->user_data = user_data;
  look->newest = g_array_new (FALSE, FALSE, sizeof (OrfNewest));
  orf_series_set_select (parts, selector, 0, cancel, selected_cb, look);
}
