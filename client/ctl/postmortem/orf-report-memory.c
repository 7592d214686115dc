/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of each device over the window, and who had it when there was least left. */
#include <math.h>

#include "orf-ctl-format.h"

#include "orf-chart.h"
#include "orf-report-cell.h"
#include "orf-report-figure.h"

#define BAR_HEIGHT 26

/* ---- owners ---------------------------------------------------------------------------------- */

static void
draw_owner_name (OrfReport *report, json_t *row)
{
  const char *name = orf_value_get_text (row, "name");
  const char *color = orf_value_get_text (row, "color");

  if (color != NULL)
    orf_report_add_swatch (report, color);
  orf_html_add (report->html, "code", name != NULL ? name : "not known", NULL);
}

static const OrfColumn owner_columns[] = {
  { .title = "Owner", .draw = draw_owner_name },
  { .title = "Kind", .member = "kind", .kind = ORF_CELL_TEXT },
  { .title = "Id", .member = "id", .kind = ORF_CELL_CODE },
  { .title = "PID", .member = "pid", .kind = ORF_CELL_COUNT },
  { .title = "Held", .member = "used_bytes", .kind = ORF_CELL_BYTES },
  { .title = "Share", .member = "share_percent", .kind = ORF_CELL_PERCENT },
  { .title = "Grown in the window", .member = "grew_bytes", .kind = ORF_CELL_BYTES },
  { .title = NULL },
};

static double
sum_owned (json_t *owners)
{
  double sum = 0;

  for (gsize i = 0; i < json_array_size (owners); i++) {
    double used = orf_value_get_number (json_array_get (owners, i), "used_bytes");

    sum += isnan (used) ? 0 : MAX (used, 0);
  }
  return sum;
}

/* What was in use beside what they held; 0: nothing to speak of, or not known. */
static double
get_unowned (json_t *device, json_t *owners)
{
  double used = orf_value_get_number (device, "worst_bytes");
  double unowned = used - sum_owned (owners);

  return unowned > used / 100 ? unowned : 0;
}

/* One bar as long as the device is large: a part an owner, in the colours of the table, then what
 * is in use by nobody that is known. */
static void
add_owner_bar (OrfReport *report, json_t *device, json_t *owners)
{
  double total = orf_value_get_number (device, "total_bytes");
  double whole = MAX (isnan (total) ? 0 : total, sum_owned (owners) + get_unowned (device, owners));
  OrfChart chart = { .height = BAR_HEIGHT };
  double x = 0;

  if (whole <= 0)
    return;
  orf_chart_open_hidden (report->html, &chart, "bar");
  orf_chart_add_box (report->html, 0, ORF_CHART_WIDTH, BAR_HEIGHT, "free");
  for (gsize i = 0; i < json_array_size (owners); i++) {
    double used = orf_value_get_number (json_array_get (owners, i), "used_bytes");
    double width = isnan (used) ? 0 : MAX (used, 0) / whole * ORF_CHART_WIDTH;

    if (width > 0)
      orf_chart_add_box (report->html, x, width, BAR_HEIGHT, orf_report_get_color ((guint) i));
    x += width;
  }
  orf_chart_add_box (report->html, x, get_unowned (device, owners) / whole * ORF_CHART_WIDTH,
                     BAR_HEIGHT, "unowned");
  orf_chart_close (report->html);
}

static void
add_unowned (OrfReport *report, json_t *device, json_t *owners)
{
  double unowned = get_unowned (device, owners);
  g_autofree char *bytes = orf_ctl_format_bytes (unowned);
  g_autofree char *text = g_strdup_printf ("%s more were in use by nobody that is known, dark in "
                                           "the bar.",
                                           bytes);

  if (unowned > 0)
    orf_html_add (report->html, "p", text, "class", "muted", NULL);
}

/* The document stays as it came: rows of our own, with their colours. */
static json_t *
copy_owners (json_t *owners)
{
  json_t *copies = json_array ();

  for (gsize i = 0; i < json_array_size (owners); i++) {
    json_t *copy = json_copy (json_array_get (owners, i));

    if (json_is_object (copy))
      json_object_set_new (copy, "color", json_string (orf_report_get_color ((guint) i)));
    json_array_append_new (copies, copy);
  }
  return copies;
}

static void
add_owners (OrfReport *report, json_t *device, const char *name)
{
  g_autoptr (json_t) owners = copy_owners (orf_value_get_array (device, "owners"));
  g_autofree char *worst = orf_report_format (ORF_CELL_TIME, device, "worst_us");
  g_autofree char *caption = g_strdup_printf ("Who held memory of %s at its worst moment%s%s", name,
                                              worst != NULL ? ", " : "",
                                              worst != NULL ? worst : "");

  if (json_array_size (owners) == 0) {
    orf_html_add (report->html, "p", "Who held it is not known.", "class", "muted", NULL);
    return;
  }
  add_owner_bar (report, device, owners);
  orf_report_add_table (report, caption, owner_columns, owners);
  add_unowned (report, device, owners);
}

/* ---- a device -------------------------------------------------------------------------------- */

/* "At 10:20:13 72.1 of 80 GiB were in use; pressure critical." */
static void
add_worst (OrfReport *report, json_t *device)
{
  double worst = orf_value_get_number (device, "worst_bytes");
  const char *level = orf_value_get_text (device, "pressure_level");
  g_autofree char *pair = NULL;
  gint64 t_us;

  if (isnan (worst))
    return;
  pair = orf_ctl_format_bytes_pair (worst, orf_value_get_number (device, "total_bytes"));
  orf_html_open (report->html, "p", NULL);
  orf_html_add_text (report->html, "At its worst ");
  orf_html_add (report->html, "b", pair, NULL);
  orf_html_add_text (report->html, " were in use");
  if (orf_value_get_integer (device, "worst_us", &t_us)) {
    orf_html_add_text (report->html, ", at ");
    orf_report_add_time (report, t_us);
  }
  if (level != NULL) {
    orf_html_add_text (report->html, "; pressure ");
    orf_report_add_severity (report, level);
  }
  orf_html_close (report->html);
}

static void
add_chart (OrfReport *report, json_t *device, const char *name)
{
  g_autoptr (GArray) used = orf_value_dup_points (device, "points");
  g_autoptr (GArray) allocated = orf_value_dup_points (device, "allocated_points");
  const OrfFigureLine lines[] = {
    { .label = "in use", .class = "c1", .points = used, .filled = TRUE },
    { .label = "allocated by workers", .class = "c2", .points = allocated },
  };
  g_autofree char *title = g_strdup_printf ("Memory of %s", name);
  OrfFigure figure = { .title = title,
                       .text = "Memory in use over the window, and what of it workers had "
                               "allocated. The worst moment is in the table below.",
                       .name = "used_bytes",
                       .lines = lines,
                       .n_lines = G_N_ELEMENTS (lines),
                       .level = orf_value_get_number (device, "total_bytes"),
                       .level_label = "all there is",
                       .moment_label = "the worst moment" };

  orf_value_get_integer (device, "worst_us", &figure.moment_us);
  orf_report_add_figure (report, &figure);
}

static void
add_device (OrfReport *report, json_t *device)
{
  g_autofree char *id = orf_report_format (ORF_CELL_TEXT, device, "device");
  const char *name = id != NULL ? id : "a device";

  orf_html_open (report->html, "h3", NULL);
  orf_html_add (report->html, "code", name, NULL);
  orf_html_close (report->html);
  add_worst (report, device);
  add_chart (report, device, name);
  add_owners (report, device, name);
}

/* ---- what was wrong with it ------------------------------------------------------------------ */

static const OrfColumn leak_columns[] = {
  { .title = "Since", .member = "since_us", .kind = ORF_CELL_TIME },
  { .title = "Found", .member = "found_us", .kind = ORF_CELL_TIME },
  { .title = "Ended", .member = "ended_us", .kind = ORF_CELL_TIME },
  { .title = "Who", .member = "name", .kind = ORF_CELL_CODE },
  { .title = "Worker", .member = "worker", .kind = ORF_CELL_CODE },
  { .title = "PID", .member = "pid", .kind = ORF_CELL_COUNT },
  { .title = "Device", .member = "device", .kind = ORF_CELL_CODE },
  { .title = "Grew by", .member = "slope_bytes_per_s", .kind = ORF_CELL_RATE },
  { .title = "In all", .member = "grown_bytes", .kind = ORF_CELL_BYTES },
  { .title = "Confidence", .member = "confidence", .kind = ORF_CELL_NUMBER },
  { .title = "After", .member = "trigger", .kind = ORF_CELL_TEXT },
  { .title = NULL },
};

static const OrfColumn oom_columns[] = {
  { .title = "Time", .member = "t_us", .kind = ORF_CELL_TIME },
  { .title = "Worker", .member = "worker", .kind = ORF_CELL_CODE },
  { .title = "Device", .member = "device", .kind = ORF_CELL_CODE },
  { .title = "Errors", .member = "errors", .kind = ORF_CELL_COUNT },
  { .title = NULL },
};

gboolean
orf_report_draw_memory (OrfReport *report, json_t *section)
{
  json_t *devices = orf_value_get_array (section, "devices");
  gboolean any = json_array_size (devices) > 0;

  for (gsize i = 0; i < json_array_size (devices); i++)
    add_device (report, json_array_get (devices, i));
  orf_report_add_more (report, section);
  any |= orf_report_add_table (report, "Who held more and more", leak_columns,
                               orf_value_get_array (section, "leaks"));
  any |= orf_report_add_table (report, "Who ran out of memory", oom_columns,
                               orf_value_get_array (section, "ooms"));
  return any;
}
