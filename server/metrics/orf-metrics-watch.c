/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - A channel is in the table while it has streams.
 * - A frame's values leave for a moment a turn, so that many selects do not hold the main loop;
 * what is not through when the next frame comes goes with that one.
 */
#include "metrics/orf-metrics-watch.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-clock.h"
#include "core/orf-names.h"
#include "metrics/orf-grid.h"
#include "metrics/orf-live-set.h"
#include "metrics/orf-pace.h"
#include "orf-encode.h"
#include "orf-error.h"
#include "orf-schema-bind.h"

/* Of one turn of the loop, and one channel more: 50 series take 30 us, a regular expression over
 * all series that there can be, milliseconds. */
#define TURN_US 1000
/* Only the newest frame matters. */
#define DEPTH 1

typedef struct {
  OrfMetricsWatch *watch;
  char *key;
  OrfChannel *channel;
  OrfLiveSet *set;
  gint64 period_us;
  gint64 sent_us;      /* the frame last published; 0: none */
  guint64 n_samples;   /* the registry's, when it was made */
  gboolean is_pending; /* in watch->pending */
  /* the first value, kept for those who come within one frame */
  OrfBlob *first;
  gint64 first_us, first_history_us;
} Watched;

struct _OrfMetricsWatch {
  const OrfMetricsParts *parts;
  OrfRouter *router;
  GHashTable *watched; /* key → Watched */
  gint64 frame_us;     /* the newest frame; 0: none yet */
  GQueue pending;      /* Watched that the newest frame is to be sent to */
  guint turn_id;
};

static void
watched_free (gpointer data)
{
  Watched *watched = data;

  if (watched->is_pending)
    g_queue_remove (&watched->watch->pending, watched);
  g_clear_pointer (&watched->channel, orf_channel_free);
  orf_live_set_free (watched->set);
  g_clear_pointer (&watched->first, orf_blob_unref);
  g_free (watched->key);
  g_free (watched);
}

/* ---- values ---------------------------------------------------------------------------------- */

/* The newest point of each series, where it is the registry's sample of that number or a later one.
 * Not by time: what is recorded from outside is there when it is on the disk, and then older than
 * the frame that was made meanwhile. */
static void
encode_values (GString *json, const GPtrArray *set, guint64 from_number)
{
  g_string_append (json, "\"values\":{");
  for (guint i = 0; i < set->len; i++) {
    const OrfSeries *series = set->pdata[i];
    OrfPoint last;

    if (series->newest_number < from_number || !orf_open_chunk_get_last (&series->chunk, &last))
      continue;
    orf_encode_member (json, series->text);
    orf_encode_number (json, last.value);
  }
  g_string_append_c (json, '}');
}

static void
encode_times (GString *json, const OrfGrid *grid)
{
  g_string_append (json, ",\"history\":{\"t_us\":[");
  for (guint i = 0; i < grid->n_steps; i++) {
    if (i > 0)
      g_string_append_c (json, ',');
    orf_encode_integer (json, orf_grid_get_time_us (grid, i));
  }
  g_string_append (json, "],\"series\":{");
}

static void
encode_history (GString *json, const OrfGrid *grid, const GPtrArray *set)
{
  g_autofree double *values = g_new (double, grid->n_steps);

  encode_times (json, grid);
  for (guint i = 0; i < set->len; i++) {
    const OrfSeries *series = set->pdata[i];

    orf_grid_fill (grid, series, values);
    orf_encode_member (json, series->text);
    for (guint j = 0; j < grid->n_steps; j++) {
      g_string_append_c (json, j == 0 ? '[' : ',');
      orf_encode_number (json, values[j]);
    }
    g_string_append_c (json, ']');
  }
  g_string_append (json, "}}");
}

static void
begin_value (GString *json, gint64 t_us)
{
  g_string_append (json, "{\"t_us\":");
  orf_encode_integer (json, t_us);
  g_string_append_c (json, ',');
}

static OrfBlob *
make_first (Watched *watched, gint64 t_us, gint64 history_us)
{
  const GPtrArray *set = orf_live_set_get (watched->set);
  g_autoptr (GString) json = g_string_sized_new (4096);
  OrfGrid grid = { .last_us = t_us - watched->period_us,
                   .step_us = watched->period_us,
                   .n_steps = (guint) (history_us / watched->period_us) };

  begin_value (json, t_us);
  encode_values (json, set, 0);
  if (grid.n_steps > 0)
    encode_history (json, &grid, set);
  g_string_append_c (json, '}');
  return orf_blob_new_counted (watched->watch->parts->memory, json->str, json->len);
}

static OrfBlob *
get_first (Watched *watched, gint64 history_us)
{
  gint64 frame_us = watched->watch->frame_us;
  /* before the first tick: that one's time is a multiple of a period, and so may be a little before
   * now; the values of a stream go forward */
  gint64 t_us = frame_us > 0 ? frame_us : orf_clock_now_us () - watched->period_us;

  if (watched->first == NULL || watched->first_us != t_us ||
      watched->first_history_us != history_us) {
    g_clear_pointer (&watched->first, orf_blob_unref);
    watched->first = make_first (watched, t_us, history_us);
    watched->first_us = t_us;
    watched->first_history_us = history_us;
  }
  return watched->first;
}

static guint64
count_samples (const Watched *watched)
{
  return orf_registry_get_version (watched->watch->parts->registry).n_samples;
}

static void
publish (Watched *watched, gint64 t_us)
{
  g_autoptr (GString) json = g_string_sized_new (4096);

  begin_value (json, t_us);
  encode_values (json, orf_live_set_get (watched->set), watched->n_samples + 1);
  g_string_append_c (json, '}');
  orf_channel_publish (watched->channel, json->str, json->len);
  watched->sent_us = t_us;
  watched->n_samples = count_samples (watched);
  g_clear_pointer (&watched->first, orf_blob_unref);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static gboolean
turn_cb (gpointer user_data)
{
  OrfMetricsWatch *watch = user_data;
  gint64 until_us = orf_clock_monotonic_us () + TURN_US;
  Watched *watched;

  while ((watched = g_queue_pop_head (&watch->pending)) != NULL) {
    watched->is_pending = FALSE;
    publish (watched, watch->frame_us);
    if (orf_clock_monotonic_us () >= until_us)
      return G_SOURCE_CONTINUE;
  }
  watch->turn_id = 0;
  return G_SOURCE_REMOVE;
}

void
orf_metrics_watch_tick (OrfMetricsWatch *watch, gint64 t_us)
{
  GHashTableIter iter;
  gpointer value;

  watch->frame_us = t_us;
  g_hash_table_iter_init (&iter, watch->watched);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Watched *watched = value;

    if (watched->is_pending || !orf_pace_is_new_period (watched->period_us, watched->sent_us, t_us))
      continue;
    watched->is_pending = TRUE;
    g_queue_push_tail (&watch->pending, watched);
  }
  if (watch->pending.length > 0 && watch->turn_id == 0)
    watch->turn_id = g_timeout_add (0, turn_cb, watch);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void
idle_cb (gpointer user_data)
{
  Watched *watched = user_data;

  g_hash_table_remove (watched->watch->watched, watched->key);
}

static Watched *
watched_new (OrfMetricsWatch *watch,
             const OrfMetricsWatchParams *params,
             const char *key,
             GError **error)
{
  OrfSelector *selector = orf_selector_parse (params->select, error);
  GPtrArray *selectors;
  Watched *watched;

  if (selector == NULL)
    return NULL;
  selectors = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_selector_free);
  g_ptr_array_add (selectors, selector);
  watched = g_new0 (Watched, 1);
  watched->watch = watch;
  watched->key = g_strdup (key);
  watched->period_us = params->period_us;
  watched->n_samples = count_samples (watched);
  watched->set = orf_live_set_new (watch->parts->registry, selectors,
                                   (guint) watch->parts->config->stream.max_series);
  watched->channel = orf_channel_new (orf_router_get_streams (watch->router), DEPTH, idle_cb,
                                      watched);
  g_hash_table_insert (watch->watched, watched->key, watched);
  return watched;
}

/* What the selector means now is not too much. */
static gboolean
check_set (Watched *watched, GError **error)
{
  const GPtrArray *set = orf_live_set_get (watched->set);
  const GError *slow = orf_live_set_get_error (watched->set);
  guint left_out = orf_live_set_get_n_left_out (watched->set);

  if (slow != NULL) {
    g_propagate_error (error, g_error_copy (slow));
    return FALSE;
  }
  if (left_out == 0)
    return TRUE;
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_RESOURCE_EXHAUSTED, "select", NULL,
                                                 "select: it means %u series, and one stream has "
                                                 "at most %u (stream.max_series)",
                                                 set->len + left_out, set->len));
  return FALSE;
}

static gboolean
check_history (Watched *watched, gint64 history_us, GError **error)
{
  const OrfConfig *config = watched->watch->parts->config;
  gint64 max_points = config->stream.max_history_points;
  gint64 n_points = history_us / watched->period_us * orf_live_set_get (watched->set)->len;

  if (history_us > config->metrics.open_us) {
    g_propagate_error (error,
                       orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "history_us",
                                            "0 to [metrics] open_us; metrics.query has the rest",
                                            "history_us: memory holds %" G_GINT64_FORMAT,
                                            config->metrics.open_us));
    return FALSE;
  }
  if (n_points <= max_points)
    return TRUE;
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_RESOURCE_EXHAUSTED, "history_us", NULL,
                                                 "history_us: these would be %" G_GINT64_FORMAT
                                                 " points, and at most %" G_GINT64_FORMAT
                                                 " are sent (stream.max_history_points)",
                                                 n_points, max_points));
  return FALSE;
}

static void
watch_cb (OrfCall *call, const OrfMetricsWatchParams *params, gpointer user_data)
{
  OrfMetricsWatch *watch = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *key = g_strdup_printf ("%" G_GINT64_FORMAT " %s", params->period_us,
                                          params->select);
  Watched *watched = g_hash_table_lookup (watch->watched, key);

  if (watched == NULL)
    watched = watched_new (watch, params, key, &error);
  if (watched != NULL && check_set (watched, &error) &&
      check_history (watched, params->history_us, &error))
    orf_call_return_stream (call, watched->channel, get_first (watched, params->history_us));
  else
    orf_call_fail (call, g_steal_pointer (&error));
  if (watched != NULL && orf_channel_get_n_streams (watched->channel) == 0)
    g_hash_table_remove (watch->watched, watched->key);
}

OrfMetricsWatch *
orf_metrics_watch_new (OrfRouter *router, const OrfMetricsParts *parts)
{
  OrfMetricsWatch *watch = g_new0 (OrfMetricsWatch, 1);

  watch->parts = parts;
  watch->router = orf_router_ref (router);
  watch->watched = orf_names_table_new (NULL, watched_free);
  g_queue_init (&watch->pending);
  orf_bind_metrics_watch (router, watch_cb, watch);
  return watch;
}

void
orf_metrics_watch_free (OrfMetricsWatch *watch)
{
  g_clear_handle_id (&watch->turn_id, g_source_remove);
  g_hash_table_unref (watch->watched);
  orf_router_unref (watch->router);
  g_free (watch);
}
