/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postmortem/orf-postmortem-traces.h"

#include "history/orf-rollup.h"
#include "postmortem/orf-postmortem-operation.h"
#include "postmortem/orf-postmortem-waterfall.h"
#include "store/orf-store-postmortem.h"
#include "store/orf-store-traces.h"
#include "traces/orf-trace-id.h"

/* Operations compared: some 240 steps of each are read, and of a large service few are busy. */
#define MAX_COMPARED   300
#define MAX_OPERATIONS 40
#define MAX_TRACES     5
/* Of one trace, to find its critical path. */
#define MAX_SPANS 2000
/* Minutes are looked at in windows up to this; then hours. */
#define MINUTES_US (12 * ORF_HOUR_US)

/* ---- operations ------------------------------------------------------------------------------ */

/* Minutes are kept for two days: of what is older there are hours. */
static GPtrArray *
read_steps (OrfConnection *connection,
            gint64 operation_no,
            const OrfPostmortemWindow *window,
            GError **error)
{
  gint64 from_us = window->baseline_from_us - window->baseline_from_us % ORF_MINUTE_US;
  GPtrArray *steps = NULL;

  if (window->to_us - window->from_us <= MINUTES_US) {
    steps = orf_postmortem_read_steps (connection, operation_no, ORF_MINUTE_US, from_us,
                                       window->to_us, error);
    if (steps == NULL || steps->len > 0)
      return steps;
    g_ptr_array_unref (steps);
  }
  return orf_postmortem_read_steps (connection, operation_no, ORF_HOUR_US,
                                    from_us - from_us % ORF_HOUR_US, window->to_us, error);
}

/* Steps tell the minute, or the hour; the first span in it that was longer than hardly any before
 * tells when in it. */
static gboolean
refine_from (OrfConnection *connection,
             gint64 operation_no,
             const OrfPostmortemWindow *window,
             OrfPostmortemOperation *operation,
             GError **error)
{
  const OrfPostmortemAsk span = { operation->from_us,
                                  MIN (operation->from_us + ORF_HOUR_US, window->to_us), 1 };
  gint64 t_us;

  if (!orf_postmortem_find_span (connection, operation_no, &span,
                                 operation->before_p99_us * 3 / 2 + 1,
                                 orf_postmortem_operation_get_more_errors (operation) > 0, &t_us,
                                 error))
    return FALSE;
  if (t_us >= 0)
    operation->from_us = t_us;
  return TRUE;
}

static gboolean
add_operation (OrfPostmortemFacts *facts,
               OrfConnection *connection,
               const OrfPostmortemOperationName *name,
               GError **error)
{
  const OrfPostmortemWindow *window = facts->document->window;
  g_autoptr (GPtrArray) steps = read_steps (connection, name->number, window, error);
  OrfPostmortemOperation *operation;

  if (steps == NULL)
    return FALSE;
  operation = orf_postmortem_operation_compare (steps, window);
  if (operation == NULL)
    return TRUE;
  operation->service = g_strdup (name->service);
  operation->operation = g_strdup (name->operation);
  operation->own = orf_postmortem_facts_is_own_service (facts, name->service);
  g_ptr_array_add (facts->document->traces->operations, operation);
  return !operation->has_from_us ||
         refine_from (connection, name->number, window, operation, error);
}

static gboolean
read_operations (OrfPostmortemFacts *facts, OrfConnection *connection, GError **error)
{
  OrfPostmortemTraces *section = facts->document->traces;
  const OrfPostmortemWindow *window = facts->document->window;
  const OrfPostmortemAsk span = { window->baseline_from_us, window->to_us, MAX_COMPARED };
  g_autoptr (GPtrArray)
    names = orf_postmortem_read_operations (connection, &span, &section->more, error);

  if (names == NULL)
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    if (orf_connection_is_stopped (connection, error) ||
        !add_operation (facts, connection, names->pdata[i], error))
      return FALSE;
  g_ptr_array_sort (section->operations, orf_postmortem_operation_compare_cb);
  for (; section->operations->len > MAX_OPERATIONS; section->more++)
    orf_postmortem_operation_free (
      g_ptr_array_remove_index (section->operations, section->operations->len - 1));
  return TRUE;
}

/* ---- traces ---------------------------------------------------------------------------------- */

/* NULL on error. */
static GPtrArray *
read_spans (OrfConnection *connection, const OrfPostmortemTrace *trace, GError **error)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_span_row_free);
  guint8 id[ORF_TRACE_ID_BYTES];
  gboolean cut; /* the first of them are drawn in any case */

  return orf_trace_id_parse (trace->trace_id, id, sizeof id) &&
             orf_trace_spans_read (connection, id, MAX_SPANS, rows, &cut, error)
           ? g_steal_pointer (&rows)
           : NULL;
}

static gboolean
is_drawn (const OrfPostmortemTraces *section, const char *trace_id)
{
  for (guint i = 0; i < section->waterfalls->len; i++)
    if (g_str_equal (((OrfPostmortemWaterfall *) section->waterfalls->pdata[i])->trace_id,
                     trace_id))
      return TRUE;
  return FALSE;
}

static gboolean
add_details (OrfPostmortemTraces *section,
             OrfConnection *connection,
             OrfPostmortemTrace *trace,
             gboolean drawn,
             GError **error)
{
  g_autoptr (GPtrArray) rows = read_spans (connection, trace, error);

  if (rows == NULL)
    return FALSE;
  trace->critical_path = orf_postmortem_waterfall_find_path (rows);
  if (drawn && !is_drawn (section, trace->trace_id))
    g_ptr_array_add (section->waterfalls,
                     orf_postmortem_waterfall_draw (trace->trace_id, rows,
                                                    MAX (trace->spans - rows->len, 0)));
  return TRUE;
}

static gboolean
read_traces (OrfPostmortemFacts *facts,
             OrfConnection *connection,
             OrfPostmortemQuestion question,
             GPtrArray *traces,
             guint n_drawn,
             GError **error)
{
  const OrfPostmortemWindow *window = facts->document->window;
  const OrfPostmortemAsk span = { window->from_us, window->to_us, MAX_TRACES };
  gint64 n_more;

  if (!orf_postmortem_read (connection, question, &span, traces, &n_more, error))
    return FALSE;
  for (guint i = 0; i < traces->len; i++)
    if (!add_details (facts->document->traces, connection, traces->pdata[i], i < n_drawn, error))
      return FALSE;
  return TRUE;
}

gboolean
orf_postmortem_traces_read (OrfPostmortemFacts *facts, OrfConnection *connection, GError **error)
{
  OrfPostmortemTraces *section = facts->document->traces;

  return read_operations (facts, connection, error) &&
         read_traces (facts, connection, ORF_POSTMORTEM_SLOW_TRACES, section->slowest, MAX_TRACES,
                      error) &&
         read_traces (facts, connection, ORF_POSTMORTEM_FAILED_TRACES, section->failing, 1, error);
}
