/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "orf-ctl-alerts.h"
#include "orf-ctl-board-draw.h"
#include "orf-ctl-cells.h"
#include "orf-ctl-format.h"
#include "orf-ctl-spark.h"
#include "orf-ctl-table.h"

/* With so many devices each has a second line. */
#define N_DETAILED 2
/* Anomalies that ended are shown so long. */
#define ANOMALY_SHOWN_US (3600 * (gint64) G_USEC_PER_SEC)
#define TERMINAL(scene)  (&(scene)->terminal)

/* The one whose rows stay out while another device was chosen. */
static gboolean
is_hidden (const OrfCtlScene *scene, const char *device)
{
  return scene->view->device != NULL && device != NULL &&
         !g_str_equal (scene->view->device, device);
}

static void
take_duration (const OrfCtlScene *scene, OrfCtlTable *table, OrfCtlStyle style, double us)
{
  orf_ctl_table_take (table, style, orf_ctl_format_duration_us (us, scene->terminal.utf8));
}

static void
append_line (const OrfCtlScene *scene, GString *out, OrfCtlStyle style, const char *text)
{
  g_autofree char *clean = orf_ctl_terminal_clean (TERMINAL (scene), text);

  orf_ctl_terminal_append (TERMINAL (scene), out, style, clean);
  g_string_append_c (out, '\n');
}

/* The table, or where it has no row the line in its place. */
static void
append_table (const OrfCtlScene *scene, GString *out, const OrfCtlTable *table, const char *nothing)
{
  if (orf_ctl_table_get_n_rows (table) > 0)
    orf_ctl_table_append_to (table, out);
  else
    append_line (scene, out, ORF_CTL_FAINT, nothing);
}

gboolean
orf_ctl_board_append_absence (const OrfCtlScene *scene,
                              GString *out,
                              OrfCtlFeed feed,
                              const char *title)
{
  const char *refusal = orf_ctl_board_get_refusal (scene->board, feed);
  g_autofree char *line = NULL;

  if (refusal == NULL && orf_ctl_board_get (scene->board, feed) != NULL)
    return FALSE;
  line = g_strconcat (title != NULL ? title : "", title != NULL ? ": " : "",
                      refusal != NULL ? refusal : "waiting", NULL);
  append_line (scene, out, refusal != NULL ? ORF_CTL_WARNING : ORF_CTL_FAINT, line);
  return TRUE;
}

/* "ALERT (3)" */
static void
add_counted_column (OrfCtlTable *table, const char *name, guint count, OrfCtlColumnFlags flags)
{
  g_autofree char *title = g_strdup_printf ("%s (%u)", name, count);

  orf_ctl_table_add_column (table, title, flags);
}

/* ---- devices --------------------------------------------------------------------------------- */

static char *
draw_line (const OrfCtlScene *scene, const OrfGpuDevice *device)
{
  const OrfMetricsQueryResult *result = orf_ctl_board_get (scene->board, ORF_CTL_FEED_LEVELS);
  const OrfMetricsSeriesPoints *series = orf_ctl_board_find_series (
    scene->board, ORF_CTL_FEED_LEVELS, "gpu.memory.used_percent", device->device);

  if (series == NULL)
    return NULL;
  return orf_ctl_spark_points ((const OrfPoint *) (void *) series->points->data,
                               series->points->len, result->from_us, result->to_us,
                               CLAMP (scene->terminal.width / 8, 8, 30), scene->terminal.utf8);
}

static void
add_device (const OrfCtlScene *scene, OrfCtlTable *table, const OrfGpuDevice *device)
{
  OrfCtlStyle style = orf_ctl_cells_get_pressure_style (device->pressure_level);

  orf_ctl_table_add (table, ORF_CTL_STRONG, device->device);
  orf_ctl_table_take (table, style,
                      orf_ctl_spark_bar (device->memory_percent / 100,
                                         CLAMP (scene->terminal.width / 8, 8, 30),
                                         scene->terminal.utf8));
  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_percent (device->memory_percent));
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      orf_ctl_format_bytes_pair (ORF_CTL_OPTIONAL (device, used_bytes),
                                                 ORF_CTL_OPTIONAL (device, total_bytes)));
  orf_ctl_table_add (table, style, orf_pressure_level_to_string (device->pressure_level));
  orf_ctl_table_take (table, ORF_CTL_ACCENT, draw_line (scene, device));
  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_percent (device->utilization_percent));
}

static void
append_detail (const OrfCtlScene *scene, GString *out, const OrfGpuDevice *device)
{
  const struct {
    const char *name;
    char *text;
  } facts[] = {
    { "reserved", orf_ctl_format_bytes (ORF_CTL_OPTIONAL (device, reserved_bytes)) },
    { "allocated", orf_ctl_format_bytes (ORF_CTL_OPTIONAL (device, allocated_bytes)) },
    { "fragmented", orf_ctl_format_percent (device->fragmentation_percent) },
    { NULL, orf_ctl_format_metric ("_c", device->temperature_c, scene->terminal.utf8) },
    { NULL, orf_ctl_format_metric ("_w", device->power_w, scene->terminal.utf8) },
  };
  g_autoptr (GString) line = g_string_new (NULL);

  g_string_append_printf (line, "  %s", device->device);
  for (guint i = 0; i < G_N_ELEMENTS (facts); i++) {
    if (facts[i].name != NULL || facts[i].text != NULL)
      g_string_append_printf (line, "  %s%s%s", facts[i].name != NULL ? facts[i].name : "",
                              facts[i].name != NULL ? " " : "",
                              facts[i].text != NULL ? facts[i].text
                                                    : orf_ctl_terminal_get_dash (TERMINAL (scene)));
    g_free (facts[i].text);
  }
  append_line (scene, out, ORF_CTL_FAINT, line->str);
}

void
orf_ctl_board_append_devices (const OrfCtlScene *scene, GString *out)
{
  const OrfGpuListResult *list = orf_ctl_board_get (scene->board, ORF_CTL_FEED_DEVICES);
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (TERMINAL (scene));

  if (orf_ctl_board_append_absence (scene, out, ORF_CTL_FEED_DEVICES, "GPU"))
    return;
  add_counted_column (table, "GPU", list->devices->len, ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "MEMORY", 0);
  orf_ctl_table_add_column (table, "", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "PRESSURE", 0);
  orf_ctl_table_add_column (table, "5 MIN", 0);
  orf_ctl_table_add_column (table, "BUSY", ORF_CTL_COLUMN_RIGHT);
  for (guint i = 0; i < list->devices->len; i++) {
    const OrfGpuDevice *device = list->devices->pdata[i];

    if (!is_hidden (scene, device->device))
      add_device (scene, table, device);
  }
  append_table (scene, out, table, "GPU: none is seen (`orfeasctl status` tells the sources)");
  for (guint i = 0; i < list->devices->len; i++) {
    const OrfGpuDevice *device = list->devices->pdata[i];

    if (!is_hidden (scene, device->device) &&
        (scene->view->device != NULL || list->devices->len <= N_DETAILED))
      append_detail (scene, out, device);
  }
}

/* ---- what is expected ------------------------------------------------------------------------ */

static int
compare_soonest (gconstpointer a, gconstpointer b)
{
  const OrfPredictionInfo *left = *(const OrfPredictionInfo *const *) a;
  const OrfPredictionInfo *right = *(const OrfPredictionInfo *const *) b;

  return (left->time_to_threshold_us->value > right->time_to_threshold_us->value) -
         (left->time_to_threshold_us->value < right->time_to_threshold_us->value);
}

/* Those on their way to a threshold, once a series, the soonest first. */
static GPtrArray *
find_expected (const OrfPredictionsListResult *result)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GPtrArray *expected = g_ptr_array_new ();

  for (guint i = 0; i < result->predictions->len; i++) {
    OrfPredictionInfo *info = result->predictions->pdata[i];

    if (info->time_to_threshold_us != NULL && info->time_to_threshold_us->has_value)
      g_ptr_array_add (expected, info);
  }
  g_ptr_array_sort (expected, compare_soonest);
  for (guint i = 0; i < expected->len;) {
    if (g_hash_table_add (seen, ((OrfPredictionInfo *) expected->pdata[i])->series))
      i++;
    else
      g_ptr_array_remove_index (expected, i);
  }
  return expected;
}

static void
add_expected (const OrfCtlScene *scene, OrfCtlTable *table, const OrfPredictionInfo *info)
{
  const OrfPredictionTime *time = info->time_to_threshold_us;
  gint64 passed_us = MAX (scene->now_us - info->made_us, 0);
  const char *metric = info->metric != NULL ? info->metric : info->series;
  double left_us = MAX ((double) (time->value - passed_us), 0);
  gboolean is_reached = time->value == 0;
  double most_us = time->has_upper && !is_reached ? MAX ((double) (time->upper - passed_us), 0)
                                                  : NAN;

  orf_ctl_table_add (table, ORF_CTL_PLAIN, info->series);
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      orf_ctl_format_metric (metric, info->last, scene->terminal.utf8));
  orf_ctl_table_take (table, ORF_CTL_FAINT,
                      orf_ctl_format_metric (metric, info->threshold, scene->terminal.utf8));
  if (is_reached)
    orf_ctl_table_add (table, ORF_CTL_BAD, "reached");
  else
    take_duration (scene, table, ORF_CTL_WARNING, left_us);
  take_duration (scene, table, ORF_CTL_FAINT, most_us);
}

void
orf_ctl_board_append_expected (const OrfCtlScene *scene, GString *out)
{
  const OrfPredictionsListResult *result = orf_ctl_board_get (scene->board,
                                                              ORF_CTL_FEED_PREDICTIONS);
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (TERMINAL (scene));
  g_autoptr (GPtrArray) expected = NULL;

  if (orf_ctl_board_append_absence (scene, out, ORF_CTL_FEED_PREDICTIONS, "EXPECTED"))
    return;
  expected = find_expected (result);
  add_counted_column (table, "EXPECTED", expected->len, ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "NOW", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "REACHES", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "IN", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "AT MOST", ORF_CTL_COLUMN_RIGHT);
  for (guint i = 0; i < expected->len; i++)
    add_expected (scene, table, expected->pdata[i]);
  append_table (scene, out, table, "EXPECTED: nothing is on its way to a threshold");
}

/* ---- alerts, anomalies ----------------------------------------------------------------------- */

static void
add_alert (const OrfCtlScene *scene, OrfCtlTable *table, const OrfAlertInfo *alert)
{
  gboolean is_chosen = g_strcmp0 (alert->id, scene->view->alert) == 0;
  OrfCtlStyle style = alert->state == ORF_ALERT_STATE_PENDING
                        ? ORF_CTL_FAINT
                        : orf_ctl_cells_get_severity_style (alert->severity);
  gint64 since_us = alert->has_fired_us ? alert->fired_us : alert->started_us;
  g_autofree char *labels = orf_ctl_alerts_format_labels (alert->labels);

  orf_ctl_table_take (table, is_chosen ? ORF_CTL_STRONG : ORF_CTL_FAINT,
                      g_strconcat (is_chosen ? "> " : "  ", alert->id, NULL));
  orf_ctl_table_add (table, style, orf_severity_to_string (alert->severity));
  orf_ctl_table_add (table, style, orf_alert_state_to_string (alert->state));
  take_duration (scene, table, ORF_CTL_PLAIN, (double) MAX (scene->now_us - since_us, 0));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, alert->rule);
  orf_ctl_table_take (table, ORF_CTL_FAINT, orf_ctl_alerts_describe_holds (alert));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, alert->summary != NULL ? alert->summary : labels);
}

void
orf_ctl_board_append_alerts (const OrfCtlScene *scene, GString *out)
{
  const OrfAlertsListResult *list = orf_ctl_board_get (scene->board, ORF_CTL_FEED_ALERTS);
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (TERMINAL (scene));
  int chosen = orf_ctl_board_find_alert (scene->board, scene->view->alert);

  if (orf_ctl_board_append_absence (scene, out, ORF_CTL_FEED_ALERTS, "ALERT"))
    return;
  add_counted_column (table, "ALERT", list->alerts->len, 0);
  orf_ctl_table_add_column (table, "SEVERITY", 0);
  orf_ctl_table_add_column (table, "STATE", 0);
  orf_ctl_table_add_column (table, "FOR", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "RULE", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "QUIET", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "WHAT", ORF_CTL_COLUMN_GIVES_WAY);
  /* the one before the chosen one is the first: both are seen however few lines there are */
  for (guint i = (guint) MAX (chosen - 1, 0); i < list->alerts->len; i++)
    add_alert (scene, table, list->alerts->pdata[i]);
  append_table (scene, out, table, "ALERT: nothing fires");
}

void
orf_ctl_board_append_anomalies (const OrfCtlScene *scene, GString *out)
{
  const OrfAnomaliesListResult *list = orf_ctl_board_get (scene->board, ORF_CTL_FEED_ANOMALIES);
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (TERMINAL (scene));

  if (orf_ctl_board_append_absence (scene, out, ORF_CTL_FEED_ANOMALIES, "ANOMALY"))
    return;
  orf_ctl_table_add_column (table, "ANOMALY", 0);
  orf_ctl_table_add_column (table, "SINCE", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "STATE", 0);
  orf_ctl_table_add_column (table, "WHAT", ORF_CTL_COLUMN_GIVES_WAY);
  for (guint i = 0; i < list->anomalies->len; i++) {
    const OrfAnomalyInfo *anomaly = list->anomalies->pdata[i];
    OrfCtlStyle style = anomaly->has_ended_us
                          ? ORF_CTL_FAINT
                          : orf_ctl_cells_get_severity_style (anomaly->severity);

    if (anomaly->has_ended_us && scene->now_us - anomaly->ended_us > ANOMALY_SHOWN_US)
      continue;
    orf_ctl_table_add (table, ORF_CTL_FAINT, anomaly->id);
    take_duration (scene, table, ORF_CTL_PLAIN,
                   (double) MAX (scene->now_us - anomaly->started_us, 0));
    orf_ctl_table_add (table, style, anomaly->has_ended_us ? "ended" : "goes on");
    orf_ctl_table_add (table, ORF_CTL_PLAIN,
                       anomaly->text != NULL ? anomaly->text : anomaly->series);
  }
  append_table (scene, out, table, "ANOMALY: none in the last hour");
}

/* ---- processes, workers ---------------------------------------------------------------------- */

typedef struct {
  const char *name;
  double pid;
  double bytes;
  const char *device;
  gconstpointer row;
} Holder;

static int
compare_numbers (double a, double b)
{
  /* what is not known comes last */
  return isnan (a) || isnan (b) ? isnan (a) - isnan (b) : (a > b) - (a < b);
}

static int
compare_holders (gconstpointer a, gconstpointer b, gpointer order)
{
  const Holder *left = a;
  const Holder *right = b;
  int by_name = g_strcmp0 (left->name, right->name);
  int by_pid = compare_numbers (left->pid, right->pid);

  switch (*(const OrfCtlOrder *) order) {
  case ORF_CTL_ORDER_NAME:
    return by_name != 0 ? by_name : by_pid;
  case ORF_CTL_ORDER_PID:
    return by_pid;
  case ORF_CTL_ORDER_MEMORY:
  case ORF_CTL_N_ORDERS:
  default:
    /* -NAN is NAN: the unknown stays last */
    return left->bytes != right->bytes ? compare_numbers (-left->bytes, -right->bytes) : by_name;
  }
}

static void
sort_holders (const OrfCtlScene *scene, GArray *holders)
{
  OrfCtlOrder order = scene->view->order;

  g_array_sort_with_data (holders, compare_holders, &order);
}

void
orf_ctl_board_append_processes (const OrfCtlScene *scene, GString *out)
{
  const OrfGpuListResult *list = orf_ctl_board_get (scene->board, ORF_CTL_FEED_DEVICES);
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (TERMINAL (scene));
  g_autoptr (GArray) holders = g_array_new (FALSE, FALSE, sizeof (Holder));

  if (orf_ctl_board_append_absence (scene, out, ORF_CTL_FEED_DEVICES, "PROCESS"))
    return;
  for (guint i = 0; i < list->devices->len; i++) {
    const OrfGpuDevice *device = list->devices->pdata[i];

    for (guint j = 0; j < device->processes->len && !is_hidden (scene, device->device); j++) {
      const OrfGpuProcess *process = device->processes->pdata[j];
      Holder holder = { process->name, (double) process->pid,
                        ORF_CTL_OPTIONAL (process, used_bytes), device->device, process };

      g_array_append_val (holders, holder);
    }
  }
  sort_holders (scene, holders);
  add_counted_column (table, "PROCESS", holders->len, ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "PID", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "HOLDS", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "DEVICE", ORF_CTL_COLUMN_GIVES_WAY);
  for (guint i = 0; i < holders->len; i++) {
    const Holder *holder = &g_array_index (holders, Holder, i);

    orf_ctl_table_add (table, ORF_CTL_PLAIN, holder->name);
    orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_exact (holder->pid));
    orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_bytes (holder->bytes));
    orf_ctl_table_add (table, ORF_CTL_FAINT, holder->device);
  }
  append_table (scene, out, table, "PROCESS: no device tells of one");
}

static void
add_worker (const OrfCtlScene *scene, OrfCtlTable *table, const OrfWorkerInfo *worker)
{
  orf_ctl_table_add (table, ORF_CTL_PLAIN, worker->name != NULL ? worker->name : worker->worker);
  orf_ctl_table_add (table, orf_ctl_cells_get_worker_style (worker->state),
                     orf_worker_state_to_string (worker->state));
  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_exact (ORF_CTL_OPTIONAL (worker, pid)));
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      orf_ctl_format_bytes (ORF_CTL_OPTIONAL (worker, reserved_bytes)));
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      orf_ctl_format_bytes (ORF_CTL_OPTIONAL (worker, allocated_bytes)));
  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_number ((double) worker->batches));
  orf_ctl_table_add (table, ORF_CTL_FAINT, worker->device);
}

void
orf_ctl_board_append_workers (const OrfCtlScene *scene, GString *out)
{
  const OrfWorkerListResult *list = orf_ctl_board_get (scene->board, ORF_CTL_FEED_WORKERS);
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (TERMINAL (scene));
  g_autoptr (GArray) holders = g_array_new (FALSE, FALSE, sizeof (Holder));

  if (orf_ctl_board_append_absence (scene, out, ORF_CTL_FEED_WORKERS, "WORKER"))
    return;
  for (guint i = 0; i < list->workers->len; i++) {
    const OrfWorkerInfo *worker = list->workers->pdata[i];
    Holder holder = { worker->name != NULL ? worker->name : worker->worker,
                      ORF_CTL_OPTIONAL (worker, pid), ORF_CTL_OPTIONAL (worker, reserved_bytes),
                      worker->device, worker };

    if (!is_hidden (scene, worker->device) && worker->state != ORF_WORKER_STATE_LEFT)
      g_array_append_val (holders, holder);
  }
  sort_holders (scene, holders);
  add_counted_column (table, "WORKER", holders->len, ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "STATE", 0);
  orf_ctl_table_add_column (table, "PID", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "RESERVED", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "ALLOCATED", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "BATCHES", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "DEVICE", ORF_CTL_COLUMN_GIVES_WAY);
  for (guint i = 0; i < holders->len; i++)
    add_worker (scene, table, g_array_index (holders, Holder, i).row);
  append_table (scene, out, table, "WORKER: none has registered");
}

/* ---- operations ------------------------------------------------------------------------------ */

static int
compare_busiest (gconstpointer a, gconstpointer b)
{
  const OrfTraceOperationStats *left = *(const OrfTraceOperationStats *const *) a;
  const OrfTraceOperationStats *right = *(const OrfTraceOperationStats *const *) b;

  return (left->rate_per_s < right->rate_per_s) - (left->rate_per_s > right->rate_per_s);
}

static void
add_operation (const OrfCtlScene *scene, OrfCtlTable *table, const OrfTraceOperationStats *stats)
{
  orf_ctl_table_add (table, ORF_CTL_PLAIN, stats->operation);
  orf_ctl_table_add (table, ORF_CTL_FAINT, stats->service);
  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_number (stats->rate_per_s));
  take_duration (scene, table, ORF_CTL_PLAIN, ORF_CTL_OPTIONAL (stats, p50_us));
  take_duration (scene, table, ORF_CTL_PLAIN, ORF_CTL_OPTIONAL (stats, p95_us));
  take_duration (scene, table, ORF_CTL_PLAIN, ORF_CTL_OPTIONAL (stats, p99_us));
  orf_ctl_table_take (table, stats->error_percent > 0 ? ORF_CTL_BAD : ORF_CTL_PLAIN,
                      orf_ctl_format_percent (stats->error_percent));
}

void
orf_ctl_board_append_operations (const OrfCtlScene *scene, GString *out)
{
  const OrfTracesStatsResult *result = orf_ctl_board_get (scene->board, ORF_CTL_FEED_OPERATIONS);
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (TERMINAL (scene));
  g_autoptr (GPtrArray) sorted = NULL;

  if (orf_ctl_board_append_absence (scene, out, ORF_CTL_FEED_OPERATIONS, "OPERATION"))
    return;
  sorted = g_ptr_array_copy (result->operations, NULL, NULL);
  g_ptr_array_set_free_func (sorted, NULL); /* they stay the result's */
  g_ptr_array_sort (sorted, compare_busiest);
  add_counted_column (table, "OPERATION", sorted->len, ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "SERVICE", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "/S", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "P50", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "P95", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "P99", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "FAILED", ORF_CTL_COLUMN_RIGHT);
  for (guint i = 0; i < sorted->len; i++)
    add_operation (scene, table, sorted->pdata[i]);
  append_table (scene, out, table, "OPERATION: no spans in the last five minutes");
}
