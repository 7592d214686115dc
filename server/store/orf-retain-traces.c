/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-retain-traces.h"

#include "core/orf-clock.h"
#include "history/orf-rollup.h"
#include "store/orf-store-exemplars.h"
#include "store/orf-store-operations.h"

/* Spans that go in one step: some 5 ms. */
#define STEP_SPANS 400
/* Traces that are passed in one step because they stay. */
#define STEP_TRACES 256
/* Of an operation, however many operations there are: some minutes. */
#define MIN_EXEMPLARS 50
/* Written by a clock that was wrong: what came after it is looked at all the same. */
#define AHEAD_US ORF_HOUR_US

static const char next_sql[] = "SELECT trace_no, start_us, end_us, spans, bytes FROM trace "
                               "WHERE trace_no > ?1 ORDER BY trace_no LIMIT 1";
static const char drop_spans_sql[] =
  "DELETE FROM span WHERE span_no IN (SELECT span_no FROM span WHERE trace_no = ?1 "
  "ORDER BY span_id LIMIT ?2)";
static const char drop_trace_sql[] = "DELETE FROM trace WHERE trace_no = ?1";
static const char cut_trace_sql[] =
  "UPDATE trace SET spans = spans - ?2, bytes = bytes - ?3 WHERE trace_no = ?1";
static const char total_sql[] = "SELECT bytes FROM span_total";
static const char less_sql[] = "UPDATE span_total SET spans = spans - ?1, bytes = bytes - ?2";
static const char operations_sql[] = "SELECT count(*) FROM span_operation";
static const char operation_sql[] = "SELECT operation_no FROM span_operation "
                                    "WHERE operation_no > ?1 ORDER BY operation_no LIMIT 1";
static const char drop_stats_sql[] =
  "DELETE FROM span_stat WHERE operation_no = ?1 AND step_us = ?2 AND t_us >= ?3 AND t_us < ?4";
/* It is by the hour, and says so to nobody. */
static const char drop_gpu_sql[] =
  "DELETE FROM span_gpu WHERE operation_no = ?1 AND t_us >= ?3 AND t_us < ?4";
static const char drop_operation_sql[] =
  "DELETE FROM span_operation WHERE operation_no = ?1 AND last_us < ?2 "
  "AND NOT EXISTS (SELECT 1 FROM span WHERE operation_no = ?1)";
static const char drop_edges_sql[] = "DELETE FROM span_edge WHERE t_us >= ?1 AND t_us < ?2";
static const char old_sources_sql[] =
  "SELECT source_no, first_us, last_us FROM span_source WHERE last_us < ?1";
static const char drop_source_sql[] = "DELETE FROM span_source WHERE source_no = ?1";

typedef struct {
  gint64 trace_no; /* 0: there is none */
  gint64 start_us, end_us;
  gint64 spans, bytes;
} Trace;

void
orf_retain_traces_restart (OrfRetainTraces *self)
{
  *self = (OrfRetainTraces){ 0 };
}

/* The statement with these values, as many as it has places for. */
static gboolean
run_with (OrfConnection *connection, const char *sql, const gint64 *values, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, error);

  if (statement == NULL)
    return FALSE;
  for (int i = 1; i <= sqlite3_bind_parameter_count (statement); i++)
    sqlite3_bind_int64 (statement, i, values[i - 1]);
  return orf_connection_run (connection, statement, error);
}

/* ---- traces ---------------------------------------------------------------------------------- */

static gboolean
find_next (OrfConnection *connection, gint64 after_no, Trace *trace, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, next_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, after_no);
  if (!orf_connection_step (connection, statement, &row, error))
    return FALSE;
  *trace = (Trace){ 0 };
  if (row)
    *trace = (Trace){ sqlite3_column_int64 (statement, 0), sqlite3_column_int64 (statement, 1),
                      sqlite3_column_int64 (statement, 2), sqlite3_column_int64 (statement, 3),
                      sqlite3_column_int64 (statement, 4) };
  return TRUE;
}

static gboolean
is_due (const Trace *trace, const OrfRetainTracesLimits *limits, gint64 bytes)
{
  return trace->end_us < limits->before_us || (limits->max_bytes > 0 && bytes > limits->max_bytes);
}

/* A large one goes in several steps.  gone: what went. */
static gboolean
drop_trace (OrfConnection *connection, const Trace *trace, Trace *gone, GError **error)
{
  gboolean more;

  if (!orf_exemplars_drop_trace (connection, trace->trace_no, error) ||
      !run_with (connection, drop_spans_sql, (gint64[]){ trace->trace_no, STEP_SPANS }, error))
    return FALSE;
  gone->spans = sqlite3_changes (orf_connection_get_db (connection));
  /* none: it is damaged, and says that it has more than there are */
  more = gone->spans > 0 && gone->spans < trace->spans;
  gone->bytes = more ? trace->bytes / trace->spans * gone->spans : trace->bytes;
  if (!run_with (connection, less_sql, (gint64[]){ gone->spans, gone->bytes }, error))
    return FALSE;
  return more ? run_with (connection, cut_trace_sql,
                          (gint64[]){ trace->trace_no, gone->spans, gone->bytes }, error)
              : run_with (connection, drop_trace_sql, &trace->trace_no, error);
}

/* *more: FALSE where the first one that stays because it is new was reached. */
static gboolean
drop_traces (OrfRetainTraces *self,
             OrfConnection *connection,
             const OrfRetainTracesLimits *limits,
             gboolean *more,
             GError **error)
{
  gint64 n_dropped = 0, bytes;

  if (!orf_connection_get_int64 (connection, total_sql, &bytes, error))
    return FALSE;
  for (guint n_seen = 0; n_seen < STEP_TRACES && n_dropped < STEP_SPANS; n_seen++) {
    OrfPinnedWindow window;
    Trace trace, gone;
    gboolean due;

    if (!find_next (connection, self->trace_no, &trace, error))
      return FALSE;
    due = is_due (&trace, limits, bytes);
    if (trace.trace_no == 0 || (!due && trace.end_us <= limits->now_us + AHEAD_US)) {
      *more = FALSE;
      return TRUE;
    }
    if (!due || orf_pins_find (limits->pins, trace.start_us, trace.end_us + 1, &window)) {
      self->trace_no = trace.trace_no;
      continue;
    }
    if (!drop_trace (connection, &trace, &gone, error))
      return FALSE;
    n_dropped += gone.spans;
    bytes -= gone.bytes;
  }
  *more = TRUE;
  return TRUE;
}

/* ---- what was counted ------------------------------------------------------------------------ */

/* Something that is counted by steps of time. */
typedef struct {
  const char *drop_sql; /* the last two of its values are from and to */
  gint64 step_us;
} Counted;

/* Drops what is before before_us, of the operation where it is by operations, and has nothing of a
 * pinned window. */
static gboolean
drop_counted (OrfConnection *connection,
              const Counted *counted,
              gint64 operation_no,
              gint64 before_us,
              const OrfPins *pins,
              GError **error)
{
  gint64 from_us = 0;
  OrfPinnedWindow window;

  while (from_us < before_us) {
    gboolean pinned = orf_pins_find (pins, from_us, before_us, &window);
    gint64 to_us = pinned ? window.from_us : before_us;
    const gint64 values[] = { operation_no, counted->step_us, from_us,
                              to_us - counted->step_us + 1 };

    if (values[2] < values[3] &&
        !run_with (connection, counted->drop_sql, operation_no > 0 ? values : values + 2, error))
      return FALSE;
    from_us = pinned ? window.to_us : before_us;
  }
  return TRUE;
}

static gboolean
cut_exemplars (const OrfRetainTraces *self,
               OrfConnection *connection,
               const OrfRetainTracesLimits *limits,
               GError **error)
{
  gint64 share = limits->max_exemplars / MAX (self->n_operations, 1);

  return limits->max_exemplars == 0 ||
         orf_exemplars_cut (connection, self->operation_no, MAX (share, MIN_EXEMPLARS), error);
}

/* Nobody would look for what is left of it: the hour and the day in which it was heard of last. */
static gboolean
forget_operation (OrfConnection *connection, gint64 operation_no, gint64 before_us, GError **error)
{
  static const char *const sqls[] = {
    "DELETE FROM span_stat WHERE operation_no = ?1",
    "DELETE FROM span_gpu WHERE operation_no = ?1",
    "DELETE FROM span_exemplar WHERE operation_no = ?1",
  };

  if (!run_with (connection, drop_operation_sql, (gint64[]){ operation_no, before_us }, error))
    return FALSE;
  if (sqlite3_changes (orf_connection_get_db (connection)) == 0)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (sqls); i++)
    if (!orf_connection_run_with (connection, sqls[i], operation_no, error))
      return FALSE;
  return TRUE;
}

/* *more: FALSE after the last one. */
static gboolean
drop_operation (OrfRetainTraces *self,
                OrfConnection *connection,
                const OrfRetainTracesLimits *limits,
                gboolean *more,
                GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, operation_sql, error);
  gint64 minutes_us = MAX (limits->before_us, limits->now_us - ORF_RETAIN_MINUTES_US);
  const Counted gpu = { drop_gpu_sql, ORF_HOUR_US };

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, self->operation_no);
  if (!orf_connection_step (connection, statement, more, error))
    return FALSE;
  if (!*more)
    return TRUE;
  self->operation_no = sqlite3_column_int64 (statement, 0);
  for (guint i = 0; i < ORF_N_OPERATION_STEPS; i++) {
    const Counted stats = { drop_stats_sql, orf_operation_steps_us[i] };

    if (!drop_counted (connection, &stats, self->operation_no,
                       stats.step_us == ORF_MINUTE_US ? minutes_us : limits->before_us,
                       limits->pins, error))
      return FALSE;
  }
  return drop_counted (connection, &gpu, self->operation_no, limits->before_us, limits->pins,
                       error) &&
         cut_exemplars (self, connection, limits, error) &&
         forget_operation (connection, self->operation_no, limits->before_us, error);
}

static gboolean
drop_sources (OrfConnection *connection, const OrfRetainTracesLimits *limits, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, old_sources_sql, error);
  g_autoptr (GArray) old = g_array_new (FALSE, FALSE, sizeof (gint64));
  gboolean row = FALSE;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, limits->before_us);
  for (;;) {
    OrfPinnedWindow window;
    gint64 source_no;

    if (!orf_connection_step (connection, statement, &row, error))
      return FALSE;
    if (!row)
      break;
    source_no = sqlite3_column_int64 (statement, 0);
    if (!orf_pins_find (limits->pins, sqlite3_column_int64 (statement, 1),
                        sqlite3_column_int64 (statement, 2) + 1, &window))
      g_array_append_val (old, source_no);
  }
  for (guint i = 0; i < old->len; i++)
    if (!run_with (connection, drop_source_sql, &g_array_index (old, gint64, i), error))
      return FALSE;
  return TRUE;
}

gboolean
orf_retain_traces_step (OrfRetainTraces *self,
                        OrfConnection *connection,
                        const OrfRetainTracesLimits *limits,
                        gboolean *more,
                        GError **error)
{
  const Counted edges = { drop_edges_sql, ORF_HOUR_US };

  if (self->operation_no == 0) {
    if (!drop_traces (self, connection, limits, more, error))
      return FALSE;
    if (*more || limits->before_us == 0)
      return TRUE;
    if (!orf_connection_get_int64 (connection, operations_sql, &self->n_operations, error))
      return FALSE;
  }
  if (!drop_operation (self, connection, limits, more, error))
    return FALSE;
  if (*more)
    return TRUE;
  self->operation_no = 0;
  return drop_counted (connection, &edges, 0, limits->before_us, limits->pins, error) &&
         drop_sources (connection, limits, error);
}
