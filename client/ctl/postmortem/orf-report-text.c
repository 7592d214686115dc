/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-report-text.h"

#include "orf-ctl-cells.h"
#include "orf-ctl-format.h"
#include "orf-ctl-recommendations.h"
#include "orf-ctl-spark.h"

#include "orf-report-cell.h"

/* Rows that fit on a screen together with the rest; the page has all. */
#define MAX_EVENTS  12
#define MAX_CHANGES 8
#define SPARK_WIDTH 24
#define INDENT      2

static void
append_title (const OrfCtl *ctl, GString *out, const char *title)
{
  g_string_append_c (out, '\n');
  orf_ctl_terminal_append (orf_ctl_get_terminal (ctl), out, ORF_CTL_STRONG, title);
  g_string_append_c (out, '\n');
}

/* In a pipe it stays one line. */
static void
append_paragraph (const OrfCtl *ctl, GString *out, guint indent, const char *text)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autofree char *clean = NULL;

  if (terminal->width > 0) {
    orf_ctl_append_wrapped (terminal, out, indent, text);
    return;
  }
  clean = orf_ctl_terminal_clean (terminal, text);
  g_string_append_printf (out, "%*s%s\n", (int) indent, "", clean);
}

/* ---- summary, culprit ------------------------------------------------------------------------ */

static void
append_summary (const OrfCtl *ctl, json_t *document, GString *out)
{
  json_t *summary = orf_value_get_array (document, "summary");

  for (gsize i = 0; i < json_array_size (summary); i++) {
    const char *text = orf_value_get_text (json_array_get (summary, i), "text");

    if (text != NULL)
      append_paragraph (ctl, out, 0, text);
  }
}

static void
append_culprit (const OrfCtl *ctl, json_t *document, GString *out)
{
  json_t *culprit = json_object_get (document, "culprit");
  json_t *because = orf_value_get_array (culprit, "because");
  const char *name = orf_value_get_text (culprit, "name");
  const char *kind = orf_value_get_text (culprit, "kind");
  const char *confidence = orf_value_get_text (culprit, "confidence");
  g_autofree char *line = NULL;

  if (name == NULL)
    return;
  append_title (ctl, out, "most likely the culprit");
  line = g_strdup_printf ("%s %s, confidence %s", kind != NULL ? kind : "", name,
                          confidence != NULL ? confidence : "not known");
  append_paragraph (ctl, out, INDENT, line);
  for (gsize i = 0; i < json_array_size (because); i++) {
    const char *text = json_string_value (json_array_get (because, i));

    if (text != NULL)
      append_paragraph (ctl, out, 2 * INDENT, text);
  }
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* "and 12 more": of what is in the document, and of what is not. */
static void
append_more (const OrfCtl *ctl, GString *out, json_t *section, gsize shown)
{
  gint64 more = orf_value_get_count (section, "more") +
                (gint64) (json_array_size (orf_value_get_array (section, "rows")) - shown);
  g_autofree char *text = g_strdup_printf ("%*sand %" G_GINT64_FORMAT " more\n", INDENT, "", more);

  if (more > 0)
    orf_ctl_terminal_append (orf_ctl_get_terminal (ctl), out, ORF_CTL_FAINT, text);
}

static OrfCtlStyle
get_style (json_t *row)
{
  const char *severity = orf_value_get_text (row, "severity");

  if (g_strcmp0 (severity, "critical") == 0)
    return ORF_CTL_BAD;
  return g_strcmp0 (severity, "warning") == 0 ? ORF_CTL_WARNING : ORF_CTL_PLAIN;
}

/* What may be a cause, or trouble, is shown where not all can be. */
static guint
get_weight (json_t *row)
{
  static const char *const causes[] = { "deploy", "load", NULL };
  const char *severity = orf_value_get_text (row, "severity");
  const char *kind = orf_value_get_text (row, "kind");

  if (g_strcmp0 (severity, "critical") == 0)
    return 2;
  return g_strcmp0 (severity, "warning") == 0 || (kind != NULL && g_strv_contains (causes, kind));
}

/* As many as there is room for: the weightiest, and of these the first; they stay by time. */
static GPtrArray *
choose_events (json_t *rows)
{
  GPtrArray *chosen = g_ptr_array_new ();
  gsize n = json_array_size (rows), n_of[3] = { 0 }, room[3], left = MAX_EVENTS;

  for (gsize i = 0; i < n; i++)
    n_of[get_weight (json_array_get (rows, i))]++;
  for (guint weight = G_N_ELEMENTS (room); weight-- > 0; left -= room[weight])
    room[weight] = MIN (n_of[weight], left);
  for (gsize i = 0; i < n; i++) {
    json_t *row = json_array_get (rows, i);
    guint weight = get_weight (row);

    if (room[weight] == 0)
      continue;
    room[weight]--;
    g_ptr_array_add (chosen, row);
  }
  return chosen;
}

static void
append_timeline (const OrfCtl *ctl, json_t *document, GString *out)
{
  json_t *section = json_object_get (document, "timeline");
  g_autoptr (GPtrArray) events = choose_events (orf_value_get_array (section, "rows"));
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (ctl));

  if (events->len == 0)
    return;
  orf_ctl_table_add_column (table, "TIME", 0);
  orf_ctl_table_add_column (table, "KIND", 0);
  orf_ctl_table_add_column (table, "WHAT", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_set_indent (table, INDENT);
  for (guint i = 0; i < events->len; i++) {
    json_t *row = events->pdata[i];
    gint64 t_us;

    orf_ctl_table_take (table, ORF_CTL_PLAIN,
                        orf_value_get_integer (row, "t_us", &t_us) ? orf_report_format_time (t_us)
                                                                   : NULL);
    orf_ctl_table_add (table, get_style (row), orf_value_get_text (row, "kind"));
    orf_ctl_table_add (table, ORF_CTL_PLAIN, orf_value_get_text (row, "text"));
  }
  append_title (ctl, out, "what happened");
  orf_ctl_table_append_to (table, out);
  append_more (ctl, out, section, events->len);
}

static char *
make_spark (const OrfCtl *ctl, json_t *window, json_t *row)
{
  g_autoptr (GArray) points = orf_value_dup_points (row, "points");
  gint64 from_us = orf_value_get_count (window, "from_us");
  gint64 to_us = orf_value_get_count (window, "to_us");

  if (points->len == 0 || to_us <= from_us)
    return NULL;
  return orf_ctl_spark_points ((const OrfPoint *) points->data, points->len, from_us, to_us,
                               SPARK_WIDTH, orf_ctl_get_terminal (ctl)->utf8);
}

static void
add_change (const OrfCtl *ctl, OrfCtlTable *table, json_t *window, json_t *row)
{
  json_t *before = json_object_get (row, "before"), *during = json_object_get (row, "during");
  double percent = orf_value_get_number (row, "change_percent");

  orf_ctl_table_add (table, ORF_CTL_PLAIN, orf_value_get_text (row, "series"));
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      orf_report_format_metric (row, orf_value_get_number (before, "mean")));
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      orf_report_format_metric (row, orf_value_get_number (during, "mean")));
  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_percent (percent));
  orf_ctl_table_take (table, ORF_CTL_ACCENT, make_spark (ctl, window, row));
}

static void
append_changes (const OrfCtl *ctl, json_t *document, GString *out)
{
  json_t *section = json_object_get (document, "changes");
  json_t *rows = orf_value_get_array (section, "rows");
  gsize n = MIN (json_array_size (rows), MAX_CHANGES);
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (ctl));

  if (n == 0)
    return;
  orf_ctl_table_add_column (table, "SERIES", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "BEFORE", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "NOW", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "CHANGE", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "WINDOW", 0);
  orf_ctl_table_set_indent (table, INDENT);
  for (gsize i = 0; i < n; i++)
    add_change (ctl, table, json_object_get (document, "window"), json_array_get (rows, i));
  append_title (ctl, out, "what changed most");
  orf_ctl_table_append_to (table, out);
  append_more (ctl, out, section, n);
}

void
orf_report_text_append (const OrfCtl *ctl, json_t *document, GString *out)
{
  append_summary (ctl, document, out);
  append_culprit (ctl, document, out);
  append_timeline (ctl, document, out);
  append_changes (ctl, document, out);
}
