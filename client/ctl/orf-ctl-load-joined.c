/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-load-joined.h"

#include <math.h>
#include <string.h>

#include "orf-error.h"

#include "orf-ctl-cells.h"
#include "orf-ctl-format.h"
#include "orf-ctl-spark.h"

/* On a screen; a pipe has all. */
#define MAX_ROWS    20
#define SPARK_WIDTH 24

/* ---- the answer ------------------------------------------------------------------------------ */

OrfCtlExit
orf_ctl_load_fetch (OrfCtl *ctl, const char *id, char **text, json_t **joined, GError **error)
{
  g_autoptr (json_t) params = json_pack ("{s:s}", "id", id);
  g_autofree char *asked = NULL;
  OrfCtlExit verdict;

  if (params == NULL) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "ID: it is not UTF-8");
    return ORF_CTL_USAGE;
  }
  asked = orf_json_dump (params);
  verdict = orf_ctl_call (ctl, "load.get", asked, text, error);
  if (verdict != ORF_CTL_DONE)
    return verdict;
  *joined = orf_json_parse (*text, strlen (*text), ORF_JSON_MAX_DEPTH, error);
  if (*joined != NULL)
    return ORF_CTL_DONE;
  g_prefix_error (error, "load.get: the answer is not as it should be: ");
  return ORF_CTL_SERVER_ERROR;
}

gboolean
orf_ctl_load_is_whole (json_t *joined)
{
  json_t *server = json_object_get (joined, "server");
  gint64 seen_to_us;

  return orf_value_get_integer (server, "seen_to_us", &seen_to_us) &&
         seen_to_us >= orf_value_get_count (server, "to_us");
}

json_t *
orf_ctl_load_make_report (json_t *joined)
{
  json_t *report = json_object_get (joined, "report");
  json_t *whole = json_is_object (report) ? json_copy (report) : NULL;

  if (whole != NULL)
    json_object_set (whole, "server", json_object_get (joined, "server"));
  return whole;
}

/* ---- what saturated -------------------------------------------------------------------------- */

void
orf_ctl_load_append_saturated (const OrfCtl *ctl, GString *out, json_t *server)
{
  json_t *list = orf_value_get_array (server, "saturated");
  gsize i;
  json_t *one;

  if (json_array_size (list) == 0)
    g_string_append (out, "nothing saturated\n");
  json_array_foreach (list, i, one)
  {
    g_autofree char *reason = orf_ctl_cells_clean (ctl, orf_value_get_text (one, "reason"));

    orf_ctl_terminal_append (orf_ctl_get_terminal (ctl), out, i == 0 ? ORF_CTL_BAD : ORF_CTL_PLAIN,
                             i == 0 ? "saturated first" : "then");
    g_string_append_printf (out, "  %s\n", reason);
  }
}

/* ---- both sides over time -------------------------------------------------------------------- */

/* What a column has of the slices and points of a span. */
typedef enum { TAKE_MEAN, TAKE_MAX, TAKE_SUM } Take;

static const struct {
  const char *title;
  const char *name; /* its end is the unit */
  Take take;
  gboolean is_server;
} columns[] = {
  { "PLANNED/S", "planned_per_s", TAKE_MEAN, FALSE },
  { "RATE/S", "rate_per_s", TAKE_MEAN, FALSE },
  { "P50", "p50_us", TAKE_MEAN, FALSE },
  { "P95", "p95_us", TAKE_MAX, FALSE },
  { "FAILED", "failed", TAKE_SUM, FALSE },
  { "GPU MEMORY", "gpu.memory.used_percent", TAKE_MAX, TRUE },
  { "GPU", "gpu.utilization_percent", TAKE_MEAN, TRUE },
  { "HITS", "cache.hit_rate_percent", TAKE_MEAN, TRUE },
  { "SPANS TOOK", "span.duration_us", TAKE_MAX, TRUE },
  { "CPU", "orfeas.cpu_percent", TAKE_MEAN, TRUE },
  { "RSS", "orfeas.memory.rss_bytes", TAKE_MAX, TRUE },
  { "HOST CPU", "host.cpu.used_percent", TAKE_MEAN, TRUE },
};

typedef struct {
  double sum, max;
  guint n;
} Gathered;

static void
gather (Gathered *gathered, double value)
{
  if (isnan (value))
    return;
  gathered->max = gathered->n > 0 ? MAX (gathered->max, value) : value;
  gathered->sum += value;
  gathered->n++;
}

static double
get_gathered (const Gathered *gathered, Take take)
{
  if (gathered->n == 0)
    return NAN;
  return take == TAKE_MAX   ? gathered->max
         : take == TAKE_SUM ? gathered->sum
                            : gathered->sum / gathered->n;
}

/* From at_us on, for so long; of several devices or operations the highest. */
static double
get_server_value (json_t *server, guint column, gint64 at_us, gint64 length_us)
{
  gint64 from_us = orf_value_get_count (server, "from_us") + at_us;
  double highest = NAN;
  gsize i;
  json_t *series;

  json_array_foreach (orf_value_get_array (server, "series"), i, series)
  {
    g_autoptr (GArray) points = NULL;
    Gathered gathered = { 0 };

    if (g_strcmp0 (orf_value_get_text (series, "name"), columns[column].name) != 0)
      continue;
    points = orf_value_dup_points (series, "points");
    for (guint n = 0; n < points->len; n++) {
      const OrfPoint *point = &g_array_index (points, OrfPoint, n);

      if (point->t_us >= from_us && point->t_us < from_us + length_us)
        gather (&gathered, point->value);
    }
    highest = fmax (highest, get_gathered (&gathered, columns[column].take));
  }
  return highest;
}

static double
get_client_value (json_t *slices, guint column, gsize first, gsize n)
{
  Gathered gathered = { 0 };

  for (gsize i = first; i < MIN (first + n, json_array_size (slices)); i++)
    gather (&gathered, orf_value_get_number (json_array_get (slices, i), columns[column].name));
  return get_gathered (&gathered, columns[column].take);
}

static gboolean
has_column (json_t *server, guint column)
{
  gsize i;
  json_t *series;

  json_array_foreach (orf_value_get_array (server, "series"), i, series)
  {
    if (g_strcmp0 (orf_value_get_text (series, "name"), columns[column].name) == 0)
      return TRUE;
  }
  return !columns[column].is_server;
}

static void
add_moment (const OrfCtl *ctl, OrfCtlTable *table, json_t *joined, gsize first, gsize n)
{
  json_t *server = json_object_get (joined, "server");
  json_t *slices = orf_value_get_array (joined, "slices");
  gint64 at_us = orf_value_get_count (json_array_get (slices, first), "at_us");
  gint64 length_us = (gint64) n * orf_value_get_count (server, "step_us");

  orf_ctl_cells_take_duration (ctl, table, ORF_CTL_FAINT, TRUE, at_us);
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++) {
    double value;

    if (!has_column (server, i))
      continue;
    value = columns[i].is_server ? get_server_value (server, i, at_us, length_us)
                                 : get_client_value (slices, i, first, n);
    orf_ctl_cells_take_metric (ctl, table, ORF_CTL_PLAIN, columns[i].name, value);
  }
}

static void
append_moments (const OrfCtl *ctl, GString *out, json_t *joined)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (terminal);
  gsize n_slices = json_array_size (orf_value_get_array (joined, "slices"));
  gsize each = terminal->is_terminal ? (n_slices + MAX_ROWS - 1) / MAX_ROWS : 1;

  if (n_slices == 0)
    return;
  orf_ctl_table_add_column (table, "AT", ORF_CTL_COLUMN_RIGHT);
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    if (has_column (json_object_get (joined, "server"), i))
      orf_ctl_table_add_column (table, columns[i].title, ORF_CTL_COLUMN_RIGHT);
  for (gsize i = 0; i < n_slices; i += each)
    add_moment (ctl, table, joined, i, each);
  g_string_append_c (out, '\n');
  orf_ctl_table_append_to (table, out);
}

/* ---- the daemon's series --------------------------------------------------------------------- */

static void
add_series (const OrfCtl *ctl, OrfCtlTable *table, json_t *server, json_t *series)
{
  static const char *const members[] = { "mean", "min", "max" };
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  const char *name = orf_value_get_text (series, "name");
  g_autoptr (GArray) points = orf_value_dup_points (series, "points");

  orf_ctl_table_add (table, ORF_CTL_PLAIN, orf_value_get_text (series, "series"));
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    orf_ctl_cells_take_metric (ctl, table, ORF_CTL_PLAIN, name != NULL ? name : "",
                               orf_value_get_number (series, members[i]));
  if (terminal->is_terminal)
    orf_ctl_table_take (table, ORF_CTL_FAINT,
                        orf_ctl_spark_points ((const OrfPoint *) (gconstpointer) points->data,
                                              points->len, orf_value_get_count (server, "from_us"),
                                              orf_value_get_count (server, "to_us"), SPARK_WIDTH,
                                              terminal->utf8));
}

static void
append_series (const OrfCtl *ctl, GString *out, json_t *server)
{
  static const char *const titles[] = { "MEAN", "MIN", "MAX" };
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (terminal);
  gsize i;
  json_t *series;

  orf_ctl_table_add_column (table, "SERIES", ORF_CTL_COLUMN_GIVES_WAY);
  for (guint title = 0; title < G_N_ELEMENTS (titles); title++)
    orf_ctl_table_add_column (table, titles[title], ORF_CTL_COLUMN_RIGHT);
  if (terminal->is_terminal)
    orf_ctl_table_add_column (table, "OVER THE RUN", 0);
  json_array_foreach (orf_value_get_array (server, "series"), i, series)
  {
    add_series (ctl, table, server, series);
  }
  if (orf_ctl_table_get_n_rows (table) == 0)
    return;
  g_string_append_c (out, '\n');
  orf_ctl_table_append_to (table, out);
}

/* ---- what happened --------------------------------------------------------------------------- */

/* Sections of the daemon's side, and which members of their rows say what. */
static const struct {
  const char *section, *list;
  const char *kind;
  const char *t_us;
  const char *texts[4];
} happenings[] = {
  { "memory", "devices", "peak", "worst_us", { "device", "pressure_level" } },
  { "memory", "ooms", "out of memory", "t_us", { "worker", "device" } },
  { "cleanups", "rows", "cleanup", "started_us", { "device", "level", "verdict" } },
  { "alerts", "rows", "alert", "fired_us", { "severity", "rule", "summary" } },
  { "anomalies", "rows", "anomaly", "started_us", { "severity", "kind", "series" } },
  { "traces", "slowest", "slow trace", "start_us", { "service", "operation", "trace_id" } },
};

/* How much of it: memory, or time. */
static char *
format_size (const OrfCtl *ctl, json_t *row)
{
  static const char *const members[] = { "worst_bytes", "freed_bytes", "duration_us" };
  gboolean utf8 = orf_ctl_get_terminal (ctl)->utf8;

  for (guint i = 0; i < G_N_ELEMENTS (members); i++) {
    double value = orf_value_get_number (row, members[i]);

    if (!isnan (value))
      return orf_ctl_format_metric (members[i], value, utf8);
  }
  return NULL;
}

static void
add_happening (const OrfCtl *ctl, OrfCtlTable *table, guint of, json_t *server, json_t *row)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gint64 t_us = 0;
  gboolean known = orf_value_get_integer (row, happenings[of].t_us, &t_us);

  for (guint i = 0; i < G_N_ELEMENTS (happenings[of].texts); i++) {
    const char *part = happenings[of].texts[i] != NULL
                         ? orf_value_get_text (row, happenings[of].texts[i])
                         : NULL;

    if (part != NULL)
      g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", part);
  }
  /* what reaches into the run began before it */
  orf_ctl_cells_take_duration (ctl, table, ORF_CTL_FAINT, known,
                               MAX (t_us - orf_value_get_count (server, "from_us"), 0));
  orf_ctl_table_add (table, ORF_CTL_STRONG, happenings[of].kind);
  orf_ctl_table_take (table, ORF_CTL_PLAIN, format_size (ctl, row));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, text->str);
}

static void
append_happenings (const OrfCtl *ctl, GString *out, json_t *server)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (ctl));

  orf_ctl_table_add_column (table, "AT", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "WHAT", 0);
  orf_ctl_table_add_column (table, "SIZE", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "OF", ORF_CTL_COLUMN_GIVES_WAY);
  for (guint of = 0; of < G_N_ELEMENTS (happenings); of++) {
    json_t *rows = orf_value_get_array (json_object_get (server, happenings[of].section),
                                        happenings[of].list);

    for (gsize i = 0; i < json_array_size (rows); i++)
      add_happening (ctl, table, of, server, json_array_get (rows, i));
  }
  if (orf_ctl_table_get_n_rows (table) == 0)
    return;
  g_string_append_c (out, '\n');
  orf_ctl_table_append_to (table, out);
}

void
orf_ctl_load_append_joined (const OrfCtl *ctl, GString *out, json_t *joined)
{
  json_t *server = json_object_get (joined, "server");

  orf_ctl_load_append_saturated (ctl, out, server);
  append_moments (ctl, out, joined);
  append_series (ctl, out, server);
  append_happenings (ctl, out, server);
}
