/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A span of any length: asked for in pieces whose length follows from what they bring. */
#include <stdio.h>
#include <unistd.h>

#include "orf-error.h"

#include "orf-ctl-format.h"
#include "orf-ctl-progress.h"
#include "orf-ctl-query.h"
#include "orf-ctl-sink.h"

/* What metrics.query takes when nobody says. */
#define DEFAULT_SPAN_US (300 * (gint64) G_USEC_PER_SEC)
/* The first piece, and its shortest: a second has a point of each series. */
#define FIRST_PIECE_US (600 * (gint64) G_USEC_PER_SEC)
#define MIN_PIECE_US   ((gint64) G_USEC_PER_SEC)
/* Points of a piece that is long enough: some MB of JSON, a fifth of what a server answers at most
 * by default. */
#define WANTED_POINTS 200000
/* After so many pieces one that was too much is tried again. */
#define CAUTIOUS_PIECES 16

typedef struct {
  OrfCtl *ctl;
  OrfCtlSink *sink;
  OrfCtlProgress *progress;
  json_t *params;        /* of metrics.query; from_us and to_us are set for each piece */
  gint64 from_us, to_us; /* of all; from_us rises as pieces are written */
  gint64 start_us;       /* where from_us began */
  gint64 step_us;        /* 0: none */
  gboolean in_pieces;
  gint64 piece_us;
  gint64 limit_us; /* such a piece was too much, for now */
  guint n_since;   /* pieces since */
} Export;

/* ---- pieces ---------------------------------------------------------------------------------- */

/* A window of step_us is in one piece whole. */
static gint64
find_end (const Export *export)
{
  gint64 left_us = export->to_us - export->from_us;
  gint64 end_us;

  if (!export->in_pieces || left_us <= export->piece_us)
    return export->to_us;
  end_us = export->from_us + export->piece_us;
  if (export->step_us > 0)
    end_us -= end_us % export->step_us;
  return end_us;
}

static gint64
get_shortest_us (const Export *export)
{
  return MAX (export->step_us, MIN_PIECE_US);
}

/* n_points: what the last piece brought. */
static void
adapt (Export *export, guint64 n_points)
{
  gint64 limit_us = export->limit_us;

  if (n_points > 2 * WANTED_POINTS)
    export->piece_us = MAX (export->piece_us / 2, get_shortest_us (export));
  else if (n_points < WANTED_POINTS / 8)
    export->piece_us *= 4;
  else if (n_points < WANTED_POINTS / 2)
    export->piece_us *= 2;
  if (++export->n_since == CAUTIOUS_PIECES)
    export->limit_us = G_MAXINT64;
  export->piece_us = MAX (MIN (export->piece_us, limit_us / 2), get_shortest_us (export));
}

/* FALSE: it is the shortest, or the span cannot be cut. */
static gboolean
shorten (Export *export, gint64 end_us)
{
  gint64 piece_us = end_us - export->from_us;
  gint64 shortest_us = get_shortest_us (export);

  /* the first of aligned pieces may be shorter than a window */
  if (!export->in_pieces || piece_us <= shortest_us)
    return FALSE;
  export->limit_us = piece_us;
  export->n_since = 0;
  export->piece_us = MAX (piece_us / 4, shortest_us);
  return TRUE;
}

static OrfCtlExit
fetch (const Export *export, gint64 end_us, OrfMetricsQueryResult **result, GError **error)
{
  json_t *params = json_deep_copy (export->params);

  json_object_set_new (params, "from_us", json_integer (export->from_us));
  json_object_set_new (params, "to_us", json_integer (end_us));
  return orf_ctl_query_fetch (export->ctl, ORF_METHOD_METRICS_QUERY, params, (gpointer *) result,
                              error);
}

/* In n_points: how many. */
static gboolean
write_piece (const Export *export,
             const OrfMetricsQueryResult *result,
             guint64 *n_points,
             GError **error)
{
  *n_points = 0;
  for (guint i = 0; i < result->series->len; i++) {
    const OrfMetricsSeriesPoints *series = result->series->pdata[i];

    if (!orf_ctl_sink_add (export->sink, series, error))
      return FALSE;
    *n_points += series->points->len;
  }
  return orf_ctl_sink_flush (export->sink, error);
}

static void
show_progress (const Export *export)
{
  double share = (double) (export->from_us - export->start_us) /
                 (double) (export->to_us - export->start_us);
  g_autofree char *time = orf_ctl_format_time (export->from_us - export->from_us % G_USEC_PER_SEC,
                                               FALSE);
  g_autofree char *points = orf_ctl_format_number (
    (double) orf_ctl_sink_get_n_points (export->sink));
  g_autofree char *text = g_strdup_printf ("%s  %s points", time, points);

  orf_ctl_progress_show (export->progress, share, text);
}

static OrfCtlExit
export_piece (Export *export, GError **error)
{
  gint64 end_us = find_end (export);
  g_autoptr (OrfMetricsQueryResult) result = NULL;
  g_autoptr (GError) local = NULL;
  OrfCtlExit verdict = fetch (export, end_us, &result, &local);
  guint64 n_points;

  if (g_error_matches (local, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED) && shorten (export, end_us))
    return ORF_CTL_DONE;
  if (local != NULL) {
    g_propagate_error (error, g_steal_pointer (&local));
    return verdict;
  }
  if (!write_piece (export, result, &n_points, error))
    return ORF_CTL_SERVER_ERROR;
  export->from_us = end_us;
  adapt (export, n_points);
  return ORF_CTL_DONE;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Where it stopped, and how to go on. */
static void
explain_stop (const Export *export, GError **error)
{
  const char *part = orf_ctl_sink_get_part (export->sink);
  g_autofree char *time = orf_ctl_format_time_utc (export->from_us);
  g_autofree char *where = part != NULL ? g_strdup_printf (" is in %s", part)
                                        : g_strdup (" was written");

  if (export->from_us > export->start_us)
    g_prefix_error (error,
                    "stopped at %s (what is before%s; --from %" G_GINT64_FORMAT " goes on): ", time,
                    where, export->from_us);
}

static void
tell_done (const Export *export, const char *path)
{
  g_autofree char *clean = orf_ctl_terminal_clean (orf_ctl_get_terminal (export->ctl), path);
  guint n_series = orf_ctl_sink_get_n_series (export->sink);
  g_autofree char *line = g_strdup_printf ("%s  %" G_GUINT64_FORMAT " points of %u series", clean,
                                           orf_ctl_sink_get_n_points (export->sink), n_series);

  orf_ctl_print_line (line);
}

static OrfCtlExit
run (Export *export, GError **error)
{
  const char *path = orf_ctl_options_get (orf_ctl_get_options (export->ctl), "output");
  OrfCtlExit verdict = ORF_CTL_DONE;

  /* a reader that has seen enough ends it */
  while (verdict == ORF_CTL_DONE && export->from_us < export->to_us && !ferror (stdout)) {
    show_progress (export);
    verdict = export_piece (export, error);
  }
  if (verdict == ORF_CTL_DONE && !orf_ctl_sink_finish (export->sink, error))
    verdict = ORF_CTL_SERVER_ERROR;
  if (verdict != ORF_CTL_DONE)
    explain_stop (export, error);
  else if (path != NULL)
    tell_done (export, path);
  return verdict;
}

static gint64
take_time (json_t *params, const char *name, gint64 otherwise_us)
{
  const json_t *value = json_object_get (params, name);

  return value != NULL ? json_integer_value (value) : otherwise_us;
}

static gboolean
prepare (Export *export, GError **error)
{
  json_t *params = export->params;

  /* up to now, now included */
  export->to_us = take_time (params, "to_us", g_get_real_time () + 1);
  export->from_us = take_time (params, "from_us", MAX (export->to_us - DEFAULT_SPAN_US, 0));
  export->start_us = export->from_us;
  export->step_us = take_time (params, "step_us", 0);
  /* one window over all, and one value at the end, are not to be cut */
  export->in_pieces = export->step_us > 0 || (json_object_get (params, "aggregate") == NULL &&
                                              json_object_get (params, "expr") == NULL);
  export->piece_us = MAX (FIRST_PIECE_US, export->step_us);
  export->limit_us = G_MAXINT64;
  if (export->from_us < export->to_us)
    return TRUE;
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                       "the span is empty: it begins at its end, or after it");
  return FALSE;
}

OrfCtlExit
orf_ctl_verb_export (OrfCtl *ctl, GError **error)
{
  const OrfCtlOptions *options = orf_ctl_get_options (ctl);
  const char *format = orf_ctl_options_get (options, "format");
  g_autoptr (json_t) params = orf_ctl_query_new_params (ctl, error);
  g_autoptr (OrfCtlSink) sink = NULL;
  g_autoptr (OrfCtlProgress) progress = NULL;
  Export export = { .ctl = ctl, .params = params };

  if (params == NULL || !prepare (&export, error))
    return ORF_CTL_USAGE;
  if (orf_ctl_wants_json (ctl)) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                         "export has --format jsonl instead of --json");
    return ORF_CTL_USAGE;
  }
  sink = orf_ctl_sink_open (format != NULL ? format : "csv",
                            orf_ctl_options_get (options, "output"), orf_ctl_get_terminal (ctl),
                            error);
  if (sink == NULL)
    return g_error_matches (*error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT) ? ORF_CTL_USAGE
                                                                           : ORF_CTL_SERVER_ERROR;
  progress = orf_ctl_progress_new ();
  export.sink = sink;
  export.progress = progress;
  return run (&export, error);
}
