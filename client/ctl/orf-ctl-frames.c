/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-frames.h"

#include <math.h>
#include <string.h>

#include "orf-decode.h"
#include "orf-json.h"
#include "orf-schema-types.h"

#include "orf-ctl-format.h"
#include "orf-ctl-spark.h"
#include "orf-ctl-table.h"

/* Lines of the screen that are no series: the head, the line below, and the cursor's. */
#define OTHER_LINES 3
/* A picture takes a third of the width, within these. */
#define MIN_SPARK_WIDTH 10
#define MAX_SPARK_WIDTH 60

typedef struct {
  char *text; /* canonical */
  char *name; /* its unit is in the name */
  GArray *points;
} Series;

typedef struct {
  const Series *series;
  OrfPoint point;
} Fresh;

struct _OrfCtlFrames {
  gint64 window_us;
  gint64 t_us;       /* of the last value */
  GPtrArray *series; /* by text */
  GHashTable *by_text;
  GArray *fresh; /* what the last value brought, by time */
};

static void
series_free (gpointer data)
{
  Series *series = data;

  g_array_unref (series->points);
  g_free (series->name);
  g_free (series->text);
  g_free (series);
}

OrfCtlFrames *
orf_ctl_frames_new (gint64 window_us)
{
  OrfCtlFrames *frames = g_new0 (OrfCtlFrames, 1);

  frames->window_us = window_us;
  frames->series = g_ptr_array_new_with_free_func (series_free);
  frames->by_text = g_hash_table_new (g_str_hash, g_str_equal);
  frames->fresh = g_array_new (FALSE, FALSE, sizeof (Fresh));
  return frames;
}

void
orf_ctl_frames_free (OrfCtlFrames *frames)
{
  g_array_unref (frames->fresh);
  g_hash_table_unref (frames->by_text);
  g_ptr_array_unref (frames->series);
  g_free (frames);
}

static int
compare_series (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(Series *const *) a)->text, (*(Series *const *) b)->text);
}

static Series *
ensure_series (OrfCtlFrames *frames, const char *text)
{
  Series *series = g_hash_table_lookup (frames->by_text, text);

  if (series != NULL)
    return series;
  series = g_new0 (Series, 1);
  series->text = g_strdup (text);
  series->name = g_strndup (text, strcspn (text, "{"));
  series->points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  g_hash_table_insert (frames->by_text, series->text, series);
  g_ptr_array_add (frames->series, series);
  g_ptr_array_sort (frames->series, compare_series);
  return series;
}

/* NAN: it had none then. */
static void
add_point (OrfCtlFrames *frames, const char *text, gint64 t_us, double value)
{
  Series *series = ensure_series (frames, text);
  Fresh fresh = { series, { t_us, value } };

  if (isnan (value))
    return;
  g_array_append_val (series->points, fresh.point);
  g_array_append_val (frames->fresh, fresh);
}

static gboolean
add_history (OrfCtlFrames *frames, const OrfMetricsHistory *history, GError **error)
{
  g_autoptr (json_t)
    columns = orf_json_parse (history->series, strlen (history->series), ORF_JSON_MAX_DEPTH, error);
  const char *text;
  json_t *column;

  if (columns == NULL)
    return FALSE;
  for (guint i = 0; i < history->t_us->len; i++) {
    json_object_foreach (columns, text, column)
    {
      json_t *value = json_array_get (column, i);

      add_point (frames, text, g_array_index (history->t_us, gint64, i),
                 json_is_number (value) ? json_number_value (value) : NAN);
    }
  }
  return TRUE;
}

/* The last point of a series stays, however old: it is what is known. */
static void
trim (OrfCtlFrames *frames)
{
  for (guint i = 0; i < frames->series->len; i++) {
    GArray *points = ((Series *) frames->series->pdata[i])->points;
    guint n = 0;

    while (n + 1 < points->len &&
           g_array_index (points, OrfPoint, n).t_us < frames->t_us - frames->window_us)
      n++;
    if (n > 0)
      g_array_remove_range (points, 0, n);
  }
}

gboolean
orf_ctl_frames_add (OrfCtlFrames *frames, const char *value, GError **error)
{
  g_autoptr (OrfMetricsFrame) frame = orf_decode_text (&orf_metrics_frame_desc, value,
                                                       strlen (value), ORF_DECODE_LENIENT, error);

  if (frame == NULL)
    return FALSE;
  g_array_set_size (frames->fresh, 0);
  frames->t_us = frame->t_us;
  if (frame->history != NULL && !add_history (frames, frame->history, error))
    return FALSE;
  for (guint i = 0; i < frame->values->len; i++) {
    const OrfNamedValue *one = &g_array_index (frame->values, OrfNamedValue, i);

    add_point (frames, one->name, frame->t_us, one->value);
  }
  trim (frames);
  return TRUE;
}

void
orf_ctl_frames_append_lines (const OrfCtlFrames *frames,
                             const OrfCtlTerminal *terminal,
                             gboolean utc,
                             GString *out)
{
  for (guint i = 0; i < frames->fresh->len; i++) {
    const Fresh *one = &g_array_index (frames->fresh, Fresh, i);
    g_autofree char *text = orf_ctl_terminal_clean (terminal, one->series->text);
    g_autofree char *time = terminal->is_terminal ? orf_ctl_format_time (one->point.t_us, utc)
                                                  : orf_ctl_format_time_utc (one->point.t_us);
    g_autofree char *value = terminal->is_terminal
                               ? orf_ctl_format_metric (one->series->name, one->point.value,
                                                        terminal->utf8)
                               : orf_ctl_format_exact (one->point.value);

    g_string_append_printf (out, "%s\t%s\t%s\n", time, value, text);
  }
}

static void
add_row (const OrfCtlFrames *frames,
         const OrfCtlTerminal *terminal,
         OrfCtlTable *table,
         const Series *series)
{
  const OrfPoint *points = (const OrfPoint *) (void *) series->points->data;
  guint n = series->points->len;
  gint64 from_us = frames->t_us - frames->window_us;
  double last = n > 0 ? points[n - 1].value : NAN;
  guint width = CLAMP (terminal->width / 3, MIN_SPARK_WIDTH, MAX_SPARK_WIDTH);
  /* one that tells nothing any more does not look like one that does */
  gboolean is_old = n == 0 || points[n - 1].t_us < from_us;

  orf_ctl_table_add (table, is_old ? ORF_CTL_FAINT : ORF_CTL_PLAIN, series->text);
  orf_ctl_table_take (table, ORF_CTL_ACCENT,
                      orf_ctl_spark_points (points, n, from_us, frames->t_us, width,
                                            terminal->utf8));
  orf_ctl_table_take (table, is_old ? ORF_CTL_FAINT : ORF_CTL_STRONG,
                      orf_ctl_format_metric (series->name, last, terminal->utf8));
}

void
orf_ctl_frames_append_screen (const OrfCtlFrames *frames,
                              const OrfCtlTerminal *terminal,
                              gboolean utc,
                              GString *out)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (terminal);
  g_autoptr (GString) foot = g_string_new (NULL);
  g_autofree char *span = orf_ctl_format_duration_us ((double) frames->window_us, terminal->utf8);
  g_autofree char *title = g_strdup_printf ("LAST %s", span);
  g_autofree char *clock = orf_ctl_format_clock (frames->t_us, utc);
  guint n_rows = MIN (frames->series->len, MAX (terminal->height, OTHER_LINES + 1) - OTHER_LINES);

  orf_ctl_table_add_column (table, "SERIES", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, title, 0);
  orf_ctl_table_add_column (table, "VALUE", ORF_CTL_COLUMN_RIGHT);
  for (guint i = 0; i < n_rows; i++)
    add_row (frames, terminal, table, frames->series->pdata[i]);
  orf_ctl_table_append_to (table, out);

  g_string_append (foot, clock);
  if (n_rows < frames->series->len)
    g_string_append_printf (foot, "%s%u more", orf_ctl_terminal_get_dot (terminal),
                            frames->series->len - n_rows);
  else if (n_rows == 0)
    g_string_append_printf (foot, "%sno series matches yet", orf_ctl_terminal_get_dot (terminal));
  g_string_append_printf (foot, "%sCtrl-C ends", orf_ctl_terminal_get_dot (terminal));
  orf_ctl_terminal_append (terminal, out, ORF_CTL_FAINT, foot->str);
  g_string_append_c (out, '\n');
}
