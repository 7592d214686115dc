/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postmortem/orf-postmortem-lists.h"

#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-id.h"
#include "core/orf-sum.h"
#include "postmortem/orf-postmortem-series.h"
#include "store/orf-store-postmortem.h"

/* Of each table; the time line itself is cut when all is known. */
#define MAX_MOMENTS         150
#define MAX_ROWS            100
#define MAX_ACCURACY        20
#define MAX_CLEANUP_WORKERS 50
#define MAX_EARLIER         20
/* That the daemon began or ended: 80 starts a day for as long as a window and its baseline may be.
 * A gap whose turn is not read has no reason. */
#define MAX_TURNS 10000
/* A deploy so long before may be why. */
#define EARLIER_US (1800 * ORF_US_PER_S)
/* Recorded always, and from the first frame on. */
#define BEAT "orfeas.memory.rss_bytes"

static int
compare_us (gint64 x, gint64 y)
{
  return (x > y) - (x < y);
}

/* ---- moments --------------------------------------------------------------------------------- */

static gboolean
read_moments (OrfPostmortemFacts *facts, OrfConnection *connection, GError **error)
{
  OrfPostmortemTimeline *section = facts->document->timeline;
  const OrfPostmortemWindow *window = facts->document->window;
  const OrfPostmortemAsk span = { window->from_us, window->to_us, MAX_MOMENTS };
  gint64 n_more;

  for (guint question = 0; question < ORF_POSTMORTEM_N_MOMENTS; question++) {
    if (!orf_postmortem_read (connection, question, &span, section->rows, &n_more, error))
      return FALSE;
    section->more += n_more;
  }
  return TRUE;
}

static gboolean
read_earlier (OrfPostmortemFacts *facts, OrfConnection *connection, GError **error)
{
  gint64 from_us = facts->document->window->from_us;
  const OrfPostmortemAsk span = { MAX (from_us - EARLIER_US, 0), from_us, MAX_EARLIER };
  gint64 n_more;

  if (!orf_postmortem_read (connection, ORF_POSTMORTEM_MARKS, &span, facts->earlier, &n_more,
                            error))
    return FALSE;
  for (guint i = facts->earlier->len; i > 0; i--)
    if (strcmp (((OrfPostmortemMoment *) facts->earlier->pdata[i - 1])->kind, "deploy") != 0)
      g_ptr_array_remove_index (facts->earlier, i - 1);
  return TRUE;
}

/* ---- the recorder itself --------------------------------------------------------------------- */

static gboolean
read_daemon (OrfPostmortemFacts *facts, OrfConnection *connection, GError **error)
{
  const OrfPostmortemWindow *window = facts->document->window;
  const OrfPostmortemAsk span = { window->baseline_from_us, window->to_us, MAX_TURNS };
  GPtrArray *beats;
  gint64 n_more;

  if (!orf_postmortem_read (connection, ORF_POSTMORTEM_DAEMON, &span, facts->daemon, &n_more,
                            error))
    return FALSE;
  beats = orf_postmortem_series_read (connection, BEAT, ORF_ROLLUP_LAST, span.from_us, span.to_us,
                                      error);
  if (beats == NULL)
    return FALSE;
  g_ptr_array_unref (facts->beats);
  facts->beats = beats;
  return TRUE;
}

/* ---- alerts, anomalies ----------------------------------------------------------------------- */

static int
compare_alerts_cb (gconstpointer a, gconstpointer b)
{
  return compare_us ((*(OrfPostmortemAlert *const *) a)->fired_us,
                     (*(OrfPostmortemAlert *const *) b)->fired_us);
}

static int
compare_anomalies_cb (gconstpointer a, gconstpointer b)
{
  return compare_us ((*(OrfPostmortemAnomaly *const *) a)->started_us,
                     (*(OrfPostmortemAnomaly *const *) b)->started_us);
}

static gboolean
read_alerts (OrfPostmortemFacts *facts, OrfConnection *connection, GError **error)
{
  const OrfPostmortemWindow *window = facts->document->window;
  const OrfPostmortemAsk span = { window->from_us, window->to_us, MAX_ROWS };
  OrfPostmortemAlerts *alerts = facts->document->alerts;
  OrfPostmortemAnomalies *anomalies = facts->document->anomalies;

  if (!orf_postmortem_read (connection, ORF_POSTMORTEM_ALERTS, &span, alerts->rows, &alerts->more,
                            error) ||
      !orf_postmortem_read (connection, ORF_POSTMORTEM_ANOMALIES, &span, anomalies->rows,
                            &anomalies->more, error))
    return FALSE;
  for (guint i = 0; i < alerts->rows->len; i++)
    if (strcmp (((OrfPostmortemAlert *) alerts->rows->pdata[i])->severity, "critical") == 0)
      alerts->critical++;
  g_ptr_array_sort (alerts->rows, compare_alerts_cb);
  g_ptr_array_sort (anomalies->rows, compare_anomalies_cb);
  return TRUE;
}

/* ---- cleanups -------------------------------------------------------------------------------- */

static gboolean
read_workers (OrfConnection *connection, OrfPostmortemCleanup *cleanup, GError **error)
{
  OrfPostmortemAsk of = { .max = MAX_CLEANUP_WORKERS };
  gint64 n_more;

  cleanup->workers = g_ptr_array_new ();
  return !orf_id_parse (ORF_ID_CLEANUP, cleanup->id, &of.from_us) ||
         orf_postmortem_read (connection, ORF_POSTMORTEM_CLEANUP_WORKERS, &of, cleanup->workers,
                              &n_more, error);
}

static gboolean
read_cleanups (OrfPostmortemFacts *facts, OrfConnection *connection, GError **error)
{
  const OrfPostmortemWindow *window = facts->document->window;
  const OrfPostmortemAsk span = { window->from_us, window->to_us, MAX_ROWS };
  OrfPostmortemCleanups *section = facts->document->cleanups;

  if (!orf_postmortem_read (connection, ORF_POSTMORTEM_CLEANUPS, &span, section->rows,
                            &section->more, error))
    return FALSE;
  for (guint i = 0; i < section->rows->len; i++) {
    OrfPostmortemCleanup *cleanup = section->rows->pdata[i];

    if (cleanup->has_freed_bytes)
      section->freed_bytes = orf_sum_add (section->freed_bytes, MAX (cleanup->freed_bytes, 0));
    if (!read_workers (connection, cleanup, error))
      return FALSE;
  }
  return TRUE;
}

/* ---- forecasts ------------------------------------------------------------------------------- */

static gboolean
read_forecasts (OrfPostmortemFacts *facts, OrfConnection *connection, GError **error)
{
  const OrfPostmortemWindow *window = facts->document->window;
  OrfPostmortemAsk span = { window->from_us, window->to_us, MAX_ROWS };
  OrfPostmortemForecasts *section = facts->document->forecasts;
  gint64 n_more;

  if (!orf_postmortem_read (connection, ORF_POSTMORTEM_WARNINGS, &span, section->rows,
                            &section->more, error))
    return FALSE;
  span.max = MAX_ACCURACY;
  if (!orf_postmortem_read (connection, ORF_POSTMORTEM_ACCURACY, &span, section->accuracy, &n_more,
                            error))
    return FALSE;
  for (guint i = 0; i < section->rows->len; i++) {
    const OrfPostmortemWarning *warning = section->rows->pdata[i];

    if (!warning->has_held)
      continue;
    section->came_true += warning->held;
    section->did_not += !warning->held;
  }
  return TRUE;
}

gboolean
orf_postmortem_lists_read (OrfPostmortemFacts *facts, OrfConnection *connection, GError **error)
{
  return read_moments (facts, connection, error) && read_earlier (facts, connection, error) &&
         read_daemon (facts, connection, error) && read_alerts (facts, connection, error) &&
         read_cleanups (facts, connection, error) && read_forecasts (facts, connection, error);
}
