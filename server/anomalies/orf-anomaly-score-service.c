/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way of one call: of a vector, the series are found and their newest points read; then, in a
 * reader's thread, all is judged and the answer written.
 */
#include "anomalies/orf-anomaly-score-service.h"

#include <math.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "anomalies/orf-anomaly-score-rows.h"
#include "anomalies/orf-anomaly-score.h"
#include "anomaly/orf-isolation-tree.h"
#include "core/orf-clock.h"
#include "metrics/orf-query-points.h"
#include "metrics/orf-series-find.h"
#include "orf-encode.h"
#include "orf-error.h"
#include "orf-schema-bind.h"

#define DEFAULT_STEP_US ORF_US_PER_S
/* Of history: more tell no more to a forest of 100 trees of 256 rows, and how rare a vector is can
 * be told to once in as many. */
#define MAX_ROWS 10000
/* Rows times series: what a forest scores in 20 ms. */
#define MAX_VALUES 200000
/* Of a run, for each value: its score, its texts and its part of the answer; measured. */
#define BYTES_PER_VALUE 256

typedef struct {
  const OrfMetricsParts *parts;
  OrfCall *call;
  const double *values; /* the call's, as are series */
  guint n_values;
  const char *const *series; /* NULL: a run */
  gint64 step_us;            /* 0: not given */
  double alarms_per_day;
  guint max_rows;
  gint64 to_us;
  gint64 held_bytes;      /* counted for it */
  OrfQueryPoints *points; /* a vector's: the reader's, until it is done */
  GString *json;
} Ask;

static void
ask_free (Ask *ask)
{
  if (ask->points != NULL)
    orf_query_points_free (ask->parts, ask->points);
  if (ask->json != NULL)
    g_string_free (ask->json, TRUE);
  orf_memory_add (ask->parts->memory, ORF_MEMORY_QUERIES, -ask->held_bytes);
  g_free (ask);
}

static void
fail (Ask *ask, const GError *error)
{
  orf_call_fail (ask->call, g_error_copy (error));
  ask_free (ask);
}

/* ---- in the reader's thread ------------------------------------------------------------------ */

static gboolean
write_answer (Ask *ask, const OrfScored *scored, guint n, GError **error)
{
  g_autoptr (OrfAnomaliesScoreResult) result = orf_anomalies_score_result_new ();

  result->scores = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_anomaly_score_free);
  for (guint i = 0; i < n; i++) {
    OrfAnomalyScore *score = orf_anomaly_score_new ();

    score->score = (double) scored[i].score;
    score->anomalous = scored[i].anomalous;
    score->kind = scored[i].kind;
    score->detector = g_strdup (scored[i].detector);
    g_ptr_array_add (result->scores, score);
  }
  ask->json = g_string_new (NULL);
  return orf_encode (&orf_anomalies_score_result_desc, result, ask->json, error);
}

static gboolean
run_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  Ask *ask = data;
  g_autofree OrfScored *scored = g_new (OrfScored, ask->n_values);

  if (orf_score_run (ask->values, ask->n_values, ask->step_us > 0 ? ask->step_us : DEFAULT_STEP_US,
                     ask->alarms_per_day, orf_call_get_cancel (ask->call), scored))
    return write_answer (ask, scored, ask->n_values, error);
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_CANCELLED, "nobody waits for it any more");
  return FALSE;
}

/* *step_us: of the rows, where none was given. */
static GArray *
join_rows (const Ask *ask, gint64 *step_us)
{
  OrfScoreColumn columns[ORF_ISOLATION_TREE_FEATURES];

  for (guint j = 0; j < ask->n_values; j++) {
    const OrfSelected *one = ask->points->selected->pdata[j];

    columns[j] = (OrfScoreColumn){ .points = ask->points->points->pdata[j],
                                   .counter = one->kind == ORF_SERIES_KIND_COUNTER };
  }
  if (*step_us == 0)
    *step_us = MAX (orf_score_rows_find_step (columns, ask->n_values), DEFAULT_STEP_US);
  return orf_score_rows_join (columns, ask->n_values, ask->to_us, *step_us, ask->max_rows);
}

static gboolean
vector_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  Ask *ask = data;
  gint64 step_us = ask->step_us;
  g_autoptr (GArray) rows = join_rows (ask, &step_us);
  OrfScored scored;

  if (rows->len < ORF_SCORE_MIN_ROWS) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
                 "the series have %u rows of history, and %u at least are needed: wait, or give "
                 "a larger step_us where they are sampled seldom",
                 rows->len, ORF_SCORE_MIN_ROWS);
    return FALSE;
  }
  scored = orf_score_vector (ask->values, ask->n_values, rows, step_us, ask->alarms_per_day);
  return write_answer (ask, &scored, 1, error);
}

/* ---- in the main context --------------------------------------------------------------------- */

static void
judged_cb (gpointer user_data, const GError *error)
{
  Ask *ask = user_data;

  if (error != NULL) {
    fail (ask, error);
    return;
  }
  orf_call_return_encoded (ask->call, ask->json->str, ask->json->len);
  ask_free (ask);
}

static void
judge (Ask *ask, OrfReadThreadCb judge_thread_cb)
{
  orf_store_read (ask->parts->store, judge_thread_cb, ask, orf_call_get_cancel (ask->call),
                  judged_cb, ask);
}

/* Half a second of a reader for the longest, and its answer is ten times what was asked: a few are
 * worked at, and whoever comes more is told to wait. */
static void
judge_run (Ask *ask)
{
  g_autoptr (GError) error = NULL;

  if (!orf_memory_check_part (ask->parts->memory, ORF_MEMORY_QUERIES, &error)) {
    fail (ask, error);
    return;
  }
  ask->held_bytes = (gint64) ask->n_values * BYTES_PER_VALUE;
  orf_memory_add (ask->parts->memory, ORF_MEMORY_QUERIES, ask->held_bytes);
  judge (ask, run_thread_cb);
}

static void
points_cb (gpointer user_data, OrfQueryPoints *points, const GError *error)
{
  Ask *ask = user_data;

  if (error != NULL) {
    fail (ask, error);
    return;
  }
  ask->points = points;
  judge (ask, vector_thread_cb);
}

/* So many rows that a forest scores them in time, and that a point a second of each series may be
 * read; of slower series, there are fewer points. */
static guint
get_max_rows (const Ask *ask)
{
  gint64 by_values = MIN (MAX_ROWS, MAX_VALUES / ask->n_values);
  gint64 by_points = ask->parts->config->metrics.max_query_points / 2 / ask->n_values /
                     MAX (ask->step_us / ORF_US_PER_S, 1);

  return (guint) CLAMP (by_points, 2 * ORF_SCORE_MIN_ROWS, by_values);
}

/* The history of series that are sampled no more ends with them. */
static void
found_cb (gpointer user_data, GPtrArray *selected, const GError *error)
{
  Ask *ask = user_data;
  OrfQueryPointsSpec spec = {
    .max_points = (guint64) ask->parts->config->metrics.max_query_points
  };

  if (error != NULL) {
    fail (ask, error);
    return;
  }
  for (guint j = 0; j < selected->len; j++)
    ask->to_us = MAX (ask->to_us, ((OrfSelected *) selected->pdata[j])->last_us + 1);
  ask->max_rows = get_max_rows (ask);
  spec.to_us = ask->to_us;
  spec.from_us =
    MAX (ask->to_us - ask->max_rows * (ask->step_us > 0 ? ask->step_us : DEFAULT_STEP_US), 0);
  orf_query_points_read_of (ask->parts, selected, &spec, orf_call_get_cancel (ask->call), points_cb,
                            ask);
}

static gboolean
check_vector (const Ask *ask, GError **error)
{
  g_autofree char *allowed = NULL;

  if (g_strv_length ((char **) ask->series) == ask->n_values)
    return TRUE;
  allowed = g_strdup_printf ("%u numbers", g_strv_length ((char **) ask->series));
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "values", allowed,
                                                 "values: one for each of series, in their order"));
  return FALSE;
}

static void
score_cb (OrfCall *call, const OrfAnomaliesScoreParams *params, gpointer user_data)
{
  Ask *ask = g_new0 (Ask, 1);
  g_autoptr (GError) error = NULL;

  ask->parts = user_data;
  ask->call = call;
  ask->values = (const double *) (void *) params->values->data;
  ask->n_values = params->values->len;
  ask->step_us = params->has_step_us ? params->step_us : 0;
  ask->alarms_per_day = ask->parts->config->anomaly.alarms_per_day;
  if (params->series != NULL && *params->series != NULL)
    ask->series = (const char *const *) params->series;
  if (ask->series == NULL)
    judge_run (ask);
  else if (!check_vector (ask, &error))
    fail (ask, error);
  else
    orf_series_set_find (ask->parts, ask->series, orf_call_get_cancel (call), found_cb, ask);
}

void
orf_anomaly_score_service_bind (OrfRouter *router, const OrfMetricsParts *parts)
{
  orf_bind_anomalies_score (router, score_cb, (gpointer) parts);
}
