/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way of one call: the run, then the daemon's side of its span, a read transaction a part, as a
 * long one keeps the WAL from being written back; and at last what is to be said of it.  What a
 * post-mortem of the span would list is read by the same readers.
 */
#include "load/orf-load-join.h"

#include <string.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-clock.h"
#include "core/orf-id.h"
#include "core/orf-sum.h"
#include "load/orf-load-courses.h"
#include "load/orf-load-saturation.h"
#include "load/orf-load-slices.h"
#include "orf-error.h"
#include "orf-json.h"
#include "orf-schema-bind.h"
#include "postmortem/orf-postmortem-lists.h"
#include "postmortem/orf-postmortem-memory.h"
#include "postmortem/orf-postmortem-sql.h"
#include "postmortem/orf-postmortem-traces.h"

typedef struct {
  const OrfMetricsParts *parts;
  OrfCall *call;
  gint64 id;
  double critical_percent; /* of [gpu], which a reload may change meanwhile */
  OrfLoadRow *row; /* this and what follows is the reader's until it is done; NULL: there is none */
  OrfPostmortemFacts *facts; /* of its span */
  OrfLoadServer *server;
  guint part; /* that is read */
} Join;

static void
join_free (Join *join)
{
  orf_load_row_free (join->row);
  orf_postmortem_facts_free (join->facts);
  orf_load_server_free (join->server);
  g_free (join);
}

static void
fail (Join *join, GError *error)
{
  orf_call_fail (join->call, error);
  join_free (join);
}

static GError *
new_not_found (void)
{
  return orf_error_new_field (ORF_ERROR_NOT_FOUND, "id", "the id of a load test",
                              "id: no such load test was recorded");
}

/* ---- the answer ------------------------------------------------------------------------------ */

OrfLoadRun *
orf_load_run_from_row (const OrfLoadRow *row)
{
  OrfLoadRun *run = orf_load_run_new ();

  run->id = orf_id_format (ORF_ID_LOAD, row->id);
  run->name = g_strdup (row->name);
  run->kind = row->kind;
  run->started_us = row->started_us;
  run->took_us = row->took_us;
  run->requests = row->requests;
  run->errors = row->errors;
  run->rate_per_s = row->rate_per_s;
  run->has_p50_us = row->has_p50_us;
  run->p50_us = row->p50_us;
  run->has_p95_us = row->has_p95_us;
  run->p95_us = row->p95_us;
  run->has_p99_us = row->has_p99_us;
  run->p99_us = row->p99_us;
  run->has_passed = row->has_passed;
  run->passed = row->passed;
  return run;
}

static void
answer (Join *join)
{
  g_autoptr (OrfLoadGetResult) result = orf_load_get_result_new ();

  result->run = orf_load_run_from_row (join->row);
  result->report = g_steal_pointer (&join->row->report);
  result->slices = g_steal_pointer (&join->row->slices);
  result->server = g_steal_pointer (&join->server);
  orf_call_return_load_get (join->call, result);
  join_free (join);
}

/* ---- in a reader's thread -------------------------------------------------------------------- */

static void
make_server (Join *join)
{
  const OrfLoadRow *row = join->row;
  OrfLoadServer *server = orf_load_server_new ();
  /* whoever recorded it: its end is a number that a result can have */
  gint64 started_us = CLAMP (row->started_us, 0, ORF_SUM_MAX - 1);
  gint64 took_us = CLAMP (row->took_us, 1, ORF_SUM_MAX - started_us);
  const OrfPostmortemTimes times = { started_us, started_us + took_us, orf_clock_now_us () };

  server->from_us = times.from_us;
  server->to_us = times.to_us;
  server->step_us = orf_load_slices_get_step (row->slices, took_us);
  server->series = g_ptr_array_new ();
  join->server = server;
  join->facts = orf_postmortem_facts_new (&times, join->parts->config->trace.service_name);
}

/* It goes into the answer as it is. */
static gboolean
is_object (const char *report)
{
  g_autoptr (json_t) parsed = orf_json_parse (report, strlen (report), ORF_JSON_MAX_DEPTH, NULL);

  return json_is_object (parsed);
}

static gboolean
read_run_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  Join *join = data;

  if (!orf_load_read (connection, join->id, &join->row, error))
    return FALSE;
  if (join->row == NULL) {
    g_propagate_error (error, new_not_found ());
    return FALSE;
  }
  if (join->row->report != NULL && !is_object (join->row->report))
    g_clear_pointer (&join->row->report, g_free); /* of a file that was made by others */
  make_server (join);
  return TRUE;
}

static gboolean
read_courses_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  return orf_load_courses_read (((Join *) data)->server, connection, error);
}

static gboolean
read_memory_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  return orf_postmortem_memory_read (((Join *) data)->facts, connection, error);
}

static gboolean
read_traces_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  return orf_postmortem_traces_read (((Join *) data)->facts, connection, error);
}

static void
take_sections (Join *join)
{
  OrfPostmortemDocument *document = join->facts->document;
  OrfLoadServer *server = join->server;

  orf_postmortem_sql_write (document);
  server->memory = g_steal_pointer (&document->memory);
  server->cleanups = g_steal_pointer (&document->cleanups);
  server->alerts = g_steal_pointer (&document->alerts);
  server->anomalies = g_steal_pointer (&document->anomalies);
  server->traces = g_steal_pointer (&document->traces);
}

/* The last one: it decides as well. */
static gboolean
read_lists_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  Join *join = data;

  if (!orf_postmortem_lists_read (join->facts, connection, error))
    return FALSE;
  take_sections (join);
  join->server->saturated = orf_load_saturation_find (join->server, join->row->slices,
                                                      join->critical_percent);
  return TRUE;
}

static const OrfReadThreadCb parts_thread_cb[] = {
  read_run_thread_cb,    read_courses_thread_cb, read_memory_thread_cb,
  read_traces_thread_cb, read_lists_thread_cb,
};

static void part_cb (gpointer user_data, const GError *error);

static void
read_part (Join *join)
{
  orf_store_read (join->parts->store, parts_thread_cb[join->part], join,
                  orf_call_get_cancel (join->call), part_cb, join);
}

static void
part_cb (gpointer user_data, const GError *error)
{
  Join *join = user_data;

  if (error != NULL) {
    fail (join, g_error_copy (error));
    return;
  }
  join->part++;
  if (join->part == G_N_ELEMENTS (parts_thread_cb))
    answer (join);
  else
    read_part (join);
}

void
orf_load_join_answer (const OrfMetricsParts *parts, OrfCall *call, const char *id)
{
  Join *join = g_new0 (Join, 1);

  join->parts = parts;
  join->call = call;
  join->critical_percent = (double) parts->config->gpu.pressure_critical_percent;
  if (orf_id_parse (ORF_ID_LOAD, id, &join->id))
    read_part (join);
  else
    fail (join, new_not_found ());
}
