/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "orf-ctl-board-draw.h"
#include "orf-ctl-cells.h"
#include "orf-ctl-format.h"
#include "orf-ctl-spark.h"

#define LABEL_WIDTH 10
/* What is older than this is called stale: three rounds of the feeds that are asked each second. */
#define STALE_US (3 * (gint64) G_USEC_PER_SEC)

/* ---- pieces of a line ------------------------------------------------------------------------ */

static void
append_clean (const OrfCtlScene *scene, GString *out, OrfCtlStyle style, const char *text)
{
  g_autofree char *clean = orf_ctl_terminal_clean (&scene->terminal, text);

  orf_ctl_terminal_append (&scene->terminal, out, style, clean);
}

static void
append_label (const OrfCtlScene *scene, GString *out, const char *label)
{
  g_autofree char *padded = g_strdup_printf ("%-*s", LABEL_WIDTH, label);

  orf_ctl_terminal_append (&scene->terminal, out, ORF_CTL_FAINT, padded);
}

/* Takes text; NULL: not known. */
static void
append_fact (const OrfCtlScene *scene, GString *out, const char *name, char *text)
{
  if (name != NULL)
    orf_ctl_terminal_append (&scene->terminal, out, ORF_CTL_FAINT, name);
  g_string_append_printf (out, "%s%s", name != NULL ? " " : "",
                          text != NULL ? text : orf_ctl_terminal_get_dash (&scene->terminal));
  g_free (text);
}

static double
get_last (const OrfMetricsSeriesPoints *series)
{
  for (guint i = series != NULL ? series->points->len : 0; i-- > 0;) {
    double value = g_array_index (series->points, OrfPoint, i).value;

    if (!isnan (value))
      return value;
  }
  return NAN;
}

static void
append_spark (const OrfCtlScene *scene,
              GString *out,
              OrfCtlFeed feed,
              const OrfMetricsSeriesPoints *series)
{
  const OrfMetricsQueryResult *result = orf_ctl_board_get (scene->board, feed);
  g_autofree char *line = NULL;

  if (series == NULL)
    return;
  line = orf_ctl_spark_points ((const OrfPoint *) (void *) series->points->data,
                               series->points->len, result->from_us, result->to_us,
                               CLAMP (scene->terminal.width / 6, 10, 30), scene->terminal.utf8);
  g_string_append_c (out, ' ');
  orf_ctl_terminal_append (&scene->terminal, out, ORF_CTL_ACCENT, line);
}

/* ---- head ------------------------------------------------------------------------------------ */

static void
append_state (const OrfCtlScene *scene, GString *out)
{
  gint64 fresh_us = orf_ctl_board_get_fresh_us (scene->board);
  g_autofree char *age = orf_ctl_format_age_us ((double) MAX (scene->now_us - fresh_us, 0),
                                                scene->terminal.utf8);
  g_autofree char *text = NULL;

  if (fresh_us == 0)
    append_clean (scene, out, ORF_CTL_WARNING, "connecting");
  else if (orf_ctl_board_get_loss (scene->board) != NULL || scene->now_us - fresh_us > STALE_US) {
    text = g_strdup_printf ("STALE: as it was %s", age);
    append_clean (scene, out, ORF_CTL_BAD, text);
  } else
    append_clean (scene, out, ORF_CTL_GOOD, "live");
  if (scene->view->is_held)
    append_clean (scene, out, ORF_CTL_WARNING, ", held");
}

void
orf_ctl_board_append_head (const OrfCtlScene *scene, GString *out)
{
  const OrfStatusGetResult *status = orf_ctl_board_get (scene->board, ORF_CTL_FEED_STATUS);
  const char *loss = orf_ctl_board_get_loss (scene->board);
  const char *dot = orf_ctl_terminal_get_dot (&scene->terminal);
  g_autofree char *clock = orf_ctl_format_clock (scene->now_us, FALSE);

  append_clean (scene, out, ORF_CTL_STRONG, "orfeas");
  if (status != NULL) {
    g_autofree char *up = orf_ctl_format_duration_us ((double) status->uptime_us,
                                                      scene->terminal.utf8);

    g_string_append_c (out, ' ');
    append_clean (scene, out, ORF_CTL_PLAIN, status->version);
    g_string_append_printf (out, "%sup %s", dot, up);
  }
  g_string_append_printf (out, "%s%s%s", dot, clock, dot);
  append_state (scene, out);
  g_string_append (out, dot);
  append_clean (scene, out, ORF_CTL_FAINT, scene->address);
  g_string_append_c (out, '\n');
  if (loss != NULL) {
    append_clean (scene, out, ORF_CTL_BAD, loss);
    g_string_append_c (out, '\n');
  }
}

/* ---- health ---------------------------------------------------------------------------------- */

static void
append_components (const OrfCtlScene *scene, GString *out, const OrfStatusGetResult *status)
{
  for (guint i = 0; status != NULL && i < status->reasons->len; i++) {
    const OrfStatusReason *reason = status->reasons->pdata[i];
    g_autofree char *line = g_strdup_printf ("%*s%s %s: %s", LABEL_WIDTH, "", reason->component,
                                             orf_component_state_to_string (reason->state),
                                             reason->reason);

    append_clean (scene, out, ORF_CTL_WARNING, line);
    g_string_append_c (out, '\n');
  }
}

/* One reason a line, the first beside the score. */
static void
append_reasons (const OrfCtlScene *scene, GString *out, const OrfPredictionHealth *health)
{
  for (guint i = 0; i < health->reasons->len; i++) {
    const OrfPredictionHealthReason *reason = health->reasons->pdata[i];
    g_autofree char *line = g_strdup_printf ("%*s-%.1f %s", i > 0 ? LABEL_WIDTH + 3 : 2, "",
                                             reason->deduction, reason->reason);

    append_clean (scene, out, ORF_CTL_WARNING, line);
    g_string_append_c (out, '\n');
  }
  if (health->reasons->len == 0)
    g_string_append (out, "  nothing is wrong\n");
}

void
orf_ctl_board_append_health (const OrfCtlScene *scene, GString *out)
{
  const OrfPredictionsListResult *result = orf_ctl_board_get (scene->board,
                                                              ORF_CTL_FEED_PREDICTIONS);
  g_autofree char *score = NULL;

  append_label (scene, out, "HEALTH");
  if (orf_ctl_board_append_absence (scene, out, ORF_CTL_FEED_PREDICTIONS, NULL))
    return;
  score = isnan (result->health->score) ? NULL : g_strdup_printf ("%3.0f", result->health->score);
  append_clean (scene, out, orf_ctl_cells_get_score_style (result->health->score),
                score != NULL ? score : orf_ctl_terminal_get_dash (&scene->terminal));
  append_reasons (scene, out, result->health);
  append_components (scene, out, orf_ctl_board_get (scene->board, ORF_CTL_FEED_STATUS));
}

/* ---- host, requests, cache ------------------------------------------------------------------- */

void
orf_ctl_board_append_host (const OrfCtlScene *scene, GString *out)
{
  static const struct {
    const char *label;
    const char *name;
  } levels[] = { { "cpu", "host.cpu.used_percent" }, { "memory", "host.memory.used_percent" } };

  append_label (scene, out, "HOST");
  if (orf_ctl_board_append_absence (scene, out, ORF_CTL_FEED_LEVELS, NULL))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (levels); i++) {
    const OrfMetricsSeriesPoints *series =
      orf_ctl_board_find_series (scene->board, ORF_CTL_FEED_LEVELS, levels[i].name, NULL);

    append_fact (scene, out, levels[i].label, orf_ctl_format_percent (get_last (series)));
    append_spark (scene, out, ORF_CTL_FEED_LEVELS, series);
    g_string_append (out, "   ");
  }
  g_string_append_c (out, '\n');
}

static const OrfMetricsSeriesPoints *
find_rate (const OrfCtlScene *scene, const char *name)
{
  return orf_ctl_board_find_series (scene->board, ORF_CTL_FEED_RATES, name, NULL);
}

/* "12.5/s"; NULL: not known. */
static char *
format_rate (double per_s)
{
  g_autofree char *number = orf_ctl_format_number (per_s);

  return number != NULL ? g_strconcat (number, "/s", NULL) : NULL;
}

void
orf_ctl_board_append_requests (const OrfCtlScene *scene, GString *out)
{
  const OrfMetricsSeriesPoints *calls = find_rate (scene, "span.calls");
  double rate = get_last (calls);
  double failed = get_last (find_rate (scene, "span.errors"));

  append_label (scene, out, "REQUESTS");
  if (orf_ctl_board_append_absence (scene, out, ORF_CTL_FEED_RATES, NULL))
    return;
  append_fact (scene, out, NULL, format_rate (rate));
  append_spark (scene, out, ORF_CTL_FEED_RATES, calls);
  append_fact (scene, out, "   failed",
               rate > 0 ? orf_ctl_format_percent (100 * failed / rate) : NULL);
  append_fact (scene, out, "   calls of orfeasd",
               format_rate (get_last (find_rate (scene, "orfeas.rpc.calls"))));
  g_string_append_c (out, '\n');
}

/* "3 of 4 nodes up" */
static void
append_nodes (const OrfCtlScene *scene, GString *out, const OrfCacheL2Stats *l2)
{
  guint up = 0;
  g_autofree char *text = NULL;

  if (l2->nodes->len == 0)
    return;
  for (guint i = 0; i < l2->nodes->len; i++)
    up += ((const OrfCacheNode *) l2->nodes->pdata[i])->state == ORF_CACHE_NODE_STATE_UP;
  text = g_strdup_printf ("   %u of %u nodes up", up, l2->nodes->len);
  append_clean (scene, out, up < l2->nodes->len ? ORF_CTL_BAD : ORF_CTL_PLAIN, text);
}

void
orf_ctl_board_append_cache (const OrfCtlScene *scene, GString *out)
{
  const OrfCacheStatsResult *stats = orf_ctl_board_get (scene->board, ORF_CTL_FEED_CACHE);
  const OrfMetricsSeriesPoints *hits = find_rate (scene, "cache.hits");
  g_autofree char *bar = NULL;

  append_label (scene, out, "CACHE");
  if (orf_ctl_board_append_absence (scene, out, ORF_CTL_FEED_CACHE, NULL))
    return;
  bar = orf_ctl_spark_bar (stats->hit_rate_percent / 100, CLAMP (scene->terminal.width / 8, 8, 20),
                           scene->terminal.utf8);
  orf_ctl_terminal_append (&scene->terminal, out, ORF_CTL_ACCENT, bar);
  append_fact (scene, out, " hits", orf_ctl_format_percent (stats->hit_rate_percent));
  append_spark (scene, out, ORF_CTL_FEED_RATES, hits);
  append_fact (scene, out, "  ", format_rate (get_last (hits)));
  append_fact (scene, out, "  ",
               orf_ctl_format_bytes_pair ((double) stats->l1->used_bytes,
                                          (double) stats->l1->budget_bytes));
  append_nodes (scene, out, stats->l2);
  g_string_append_c (out, '\n');
}

/* ---- foot ------------------------------------------------------------------------------------ */

void
orf_ctl_board_append_foot (const OrfCtlScene *scene, GString *out)
{
  const OrfCtlView *view = scene->view;
  g_autofree char *text = NULL;

  if (view->asks) {
    text = g_strdup_printf ("Acknowledge %s, so that nobody is told of it again?  y, or any other "
                            "key for no",
                            view->alert);
    append_clean (scene, out, ORF_CTL_STRONG, text);
    return;
  }
  if (view->note != NULL) {
    append_clean (scene, out, ORF_CTL_STRONG, view->note);
    return;
  }
  text = g_strdup_printf ("q ends  ? keys  p %s  d %s  s by %s  %s a acknowledge",
                          view->is_held ? "goes on" : "holds",
                          view->device != NULL ? view->device : "all devices",
                          orf_ctl_order_to_string (view->order),
                          scene->terminal.utf8 ? "↑↓ alert" : "j k alert");
  append_clean (scene, out, ORF_CTL_FAINT, text);
}
