/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-board.h"

#include "orf-decode.h"

#define SECOND_US ((gint64) G_USEC_PER_SEC)

/* What changes each second is asked each second; the rest as often as it says something new.  Lines
 * of five minutes in 60 steps. */
const OrfCtlFeedRow orf_ctl_feeds[ORF_CTL_N_FEEDS] = {
  [ORF_CTL_FEED_STATUS] = { ORF_METHOD_STATUS_GET, NULL, 0, 5 * SECOND_US },
  [ORF_CTL_FEED_DEVICES] = { ORF_METHOD_GPU_LIST, NULL, 0, SECOND_US },
  [ORF_CTL_FEED_ALERTS] = { ORF_METHOD_ALERTS_ACTIVE, "{\"limit\":100}", 0, SECOND_US },
  [ORF_CTL_FEED_LEVELS] = { ORF_METHOD_METRICS_QUERY,
                            "{\"select\":\"{__name__=~\\\"gpu.memory.used_percent|"
                            "host.cpu.used_percent|host.memory.used_percent\\\"}\","
                            "\"step_us\":5000000}",
                            0, 2 * SECOND_US },
  [ORF_CTL_FEED_RATES] = { ORF_METHOD_METRICS_QUERY,
                           "{\"select\":\"{__name__=~\\\"span.calls|span.errors|orfeas.rpc.calls|"
                           "cache.hits|cache.misses\\\"}\",\"step_us\":5000000,"
                           "\"aggregate\":\"rate\",\"by\":[]}",
                           0, 2 * SECOND_US },
  [ORF_CTL_FEED_ANOMALIES] = { ORF_METHOD_ANOMALIES_LIST, "{\"limit\":20}", 0, 2 * SECOND_US },
  [ORF_CTL_FEED_PREDICTIONS] = { ORF_METHOD_PREDICTIONS_LIST, "{\"limit\":200}", 0, 5 * SECOND_US },
  [ORF_CTL_FEED_WORKERS] = { ORF_METHOD_WORKER_LIST, "{\"limit\":100}", 0, 2 * SECOND_US },
  [ORF_CTL_FEED_CACHE] = { ORF_METHOD_CACHE_STATS, NULL, 0, 2 * SECOND_US },
  [ORF_CTL_FEED_OPERATIONS] = { ORF_METHOD_TRACES_STATS, NULL, 300 * SECOND_US, 5 * SECOND_US },
};

struct _OrfCtlBoard {
  gpointer results[ORF_CTL_N_FEEDS];
  char *refusals[ORF_CTL_N_FEEDS];
  char *loss;
  gint64 fresh_us;
};

OrfCtlBoard *
orf_ctl_board_new (void)
{
  return g_new0 (OrfCtlBoard, 1);
}

void
orf_ctl_board_free (OrfCtlBoard *board)
{
  if (board == NULL)
    return;
  for (guint i = 0; i < ORF_CTL_N_FEEDS; i++) {
    orf_struct_free (orf_methods[orf_ctl_feeds[i].method].result, board->results[i]);
    g_free (board->refusals[i]);
  }
  g_free (board->loss);
  g_free (board);
}

void
orf_ctl_board_take (OrfCtlBoard *board, OrfCtlFeed feed, gpointer result, gint64 now_us)
{
  orf_struct_free (orf_methods[orf_ctl_feeds[feed].method].result, board->results[feed]);
  board->results[feed] = result;
  g_clear_pointer (&board->refusals[feed], g_free);
  g_clear_pointer (&board->loss, g_free);
  board->fresh_us = now_us;
}

void
orf_ctl_board_refuse (OrfCtlBoard *board, OrfCtlFeed feed, const char *reason)
{
  g_free (board->refusals[feed]);
  board->refusals[feed] = g_strdup (reason);
}

void
orf_ctl_board_lose (OrfCtlBoard *board, const char *reason)
{
  g_free (board->loss);
  board->loss = g_strdup (reason);
}

gconstpointer
orf_ctl_board_get (const OrfCtlBoard *board, OrfCtlFeed feed)
{
  return board->results[feed];
}

const char *
orf_ctl_board_get_refusal (const OrfCtlBoard *board, OrfCtlFeed feed)
{
  return board->refusals[feed];
}

const char *
orf_ctl_board_get_loss (const OrfCtlBoard *board)
{
  return board->loss;
}

gint64
orf_ctl_board_get_fresh_us (const OrfCtlBoard *board)
{
  return board->fresh_us;
}

static gboolean
has_label (char *const *labels, const char *name, const char *value)
{
  for (guint i = 0; labels[i] != NULL; i += 2) {
    if (g_str_equal (labels[i], name))
      return g_str_equal (labels[i + 1], value);
  }
  return FALSE;
}

const OrfMetricsSeriesPoints *
orf_ctl_board_find_series (const OrfCtlBoard *board,
                           OrfCtlFeed feed,
                           const char *name,
                           const char *device)
{
  const OrfMetricsQueryResult *result = board->results[feed];

  for (guint i = 0; result != NULL && i < result->series->len; i++) {
    const OrfMetricsSeriesPoints *series = result->series->pdata[i];

    if (g_str_equal (series->name, name) &&
        (device == NULL || has_label (series->labels, "device", device)))
      return series;
  }
  return NULL;
}

int
orf_ctl_board_find_alert (const OrfCtlBoard *board, const char *id)
{
  const OrfAlertsListResult *result = board->results[ORF_CTL_FEED_ALERTS];

  for (guint i = 0; id != NULL && result != NULL && i < result->alerts->len; i++) {
    if (g_str_equal (((const OrfAlertInfo *) result->alerts->pdata[i])->id, id))
      return (int) i;
  }
  return -1;
}

gboolean
orf_ctl_board_may (const OrfCtlBoard *board, const char *role)
{
  const OrfStatusGetResult *status = board->results[ORF_CTL_FEED_STATUS];

  return status != NULL && g_strv_contains ((const char *const *) status->roles, role);
}
