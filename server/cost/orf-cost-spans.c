/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cost/orf-cost-spans.h"

#include "cost/orf-cost-book.h"
#include "cost/orf-cost-self.h"

/* Where there are too many spans, as many one after the other are looked at, then some are left
 * out: mostly they are of few traces, which are read whole. */
#define RUN 500
/* Of a larger trace the rest cannot be children, as the edges of services have it. */
#define MAX_TRACE 5000
/* Spans that are read because others of their trace came, for each that may be looked at. */
#define MAX_READ 10

struct _OrfCostSpans {
  const OrfConfig *config;
  OrfStore *store;
  gint64 minute_us;
  gint64 mark_no; /* the last span there was a minute ago; -1: not known yet */
  gboolean busy, stopped;
};

typedef struct {
  OrfCostSpans *spans;
  gint64 mark_no, now_us, age_us, late_us;
  gint64 max_spans, max_names;
  const char *own_service;
  OrfCostState state;    /* the answer */
  OrfCostSelves *selves; /* the same */
} Look;

/* ---- in the reader's thread ------------------------------------------------------------------ */

static int
compare_traces_cb (gconstpointer a, gconstpointer b)
{
  const OrfCostSpan *first = a, *second = b;

  return (first->trace_no > second->trace_no) - (first->trace_no < second->trace_no);
}

/* Some of one trace that came; *budget: how many more may be read for all. */
static gboolean
look_at_trace (OrfCostSelfBook *book,
               OrfConnection *connection,
               OrfCostSpan *came,
               guint n_came,
               gint64 *budget,
               GError **error)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (OrfCostSpan));
  gint64 first_no = G_MAXINT64, last_no = 0;

  for (guint i = 0; i < n_came; i++) {
    first_no = MIN (first_no, came[i].span_no);
    last_no = MAX (last_no, came[i].span_no);
  }
  if (*budget > 0 && !orf_cost_spans_read_trace (connection, came->trace_no, MAX_TRACE, all, error))
    return FALSE;
  *budget -= all->len;
  /* one of which not all may be read is told by what came alone */
  if (all->len == 0 || all->len == MAX_TRACE)
    orf_cost_self_book_add (book, came, n_came, first_no - 1, last_no);
  else
    orf_cost_self_book_add (book, (OrfCostSpan *) (gpointer) all->data, all->len, first_no - 1,
                            last_no);
  return TRUE;
}

static gboolean
look_at_run (OrfCostSelfBook *book,
             OrfConnection *connection,
             gint64 from_no,
             gint64 to_no,
             gint64 *budget,
             GError **error)
{
  g_autoptr (GArray) run = g_array_new (FALSE, FALSE, sizeof (OrfCostSpan));
  OrfCostSpan *spans;

  if (!orf_cost_spans_read (connection, from_no, to_no, run, error))
    return FALSE;
  g_array_sort (run, compare_traces_cb);
  spans = (OrfCostSpan *) (gpointer) run->data;
  for (guint from = 0, to; from < run->len; from = to) {
    for (to = from + 1; to < run->len && spans[to].trace_no == spans[from].trace_no; to++)
      ;
    if (!look_at_trace (book, connection, &spans[from], to - from, budget, error))
      return FALSE;
  }
  return TRUE;
}

GArray *
orf_cost_spans_look (const OrfCostLook *look, OrfConnection *connection, GError **error)
{
  gint64 n = look->to_no - look->from_no, n_runs = MAX (look->max_spans / RUN, 1);
  gboolean all = n <= look->max_spans;
  gint64 stride = all ? RUN : n / n_runs, budget = look->max_spans * MAX_READ;
  g_autoptr (GArray) own = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (OrfCostSelfBook) book = NULL;

  if (!orf_cost_spans_read_operations (connection, look->own_service, own, error))
    return NULL;
  book = orf_cost_self_book_new (look->from_us, look->to_us, own);
  for (gint64 at = look->from_no, i = 0; at < look->to_no && (all || i < n_runs); at += stride, i++)
    if (!look_at_run (book, connection, at, MIN (at + RUN, look->to_no), &budget, error))
      return NULL;
  return orf_cost_self_book_tell (book, all ? 1 : n, all ? 1 : n_runs * RUN);
}

static gboolean
look_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  Look *look = data;
  OrfCostSelves *selves = look->selves;
  GArray *found;

  if (!orf_cost_state_read (connection, &look->state, error))
    return FALSE;
  selves->before_no = selves->span_no = look->state.span_no;
  selves->close_before_us = look->age_us - look->late_us;
  selves->close_before_us -= selves->close_before_us % ORF_COST_MINUTE_US;
  selves->max_names = look->max_names;
  /* spans of before there were costs, and numbers that begin anew once all spans have gone */
  if (selves->before_no < 0 || selves->before_no > look->state.last_span_no) {
    selves->span_no = look->state.last_span_no;
    return TRUE;
  }
  if (look->mark_no <= selves->before_no || look->mark_no > look->state.last_span_no)
    return TRUE;
  found = orf_cost_spans_look (&(OrfCostLook){ selves->before_no, look->mark_no,
                                               MAX (orf_cost_spans_get_closed_us (&look->state,
                                                                                  look->now_us),
                                                    selves->close_before_us),
                                               look->now_us, look->max_spans, look->own_service },
                               connection, error);
  if (found == NULL)
    return FALSE;
  g_array_unref (selves->selves);
  selves->selves = found;
  selves->span_no = look->mark_no;
  return TRUE;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void
written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  OrfCostSpans *spans = user_data;

  /* the same spans are looked at again */
  if (error != NULL && !spans->stopped)
    g_warning ("how operations used devices was not written: %s", error->message);
  spans->busy = FALSE;
}

static void
looked_cb (gpointer user_data, const GError *error)
{
  Look *look = user_data;
  OrfCostSpans *spans = look->spans;

  if (error == NULL && !spans->stopped) {
    spans->mark_no = look->state.last_span_no;
    orf_store_write_cost_selves (spans->store, g_steal_pointer (&look->selves), written_cb, spans);
  } else {
    if (!spans->stopped)
      g_warning ("how operations used devices is not known: %s", error->message);
    spans->busy = FALSE;
  }
  orf_cost_selves_free (look->selves);
  g_free (look);
}

void
orf_cost_spans_tick (OrfCostSpans *spans, gint64 now_us)
{
  gint64 minute_us = now_us - now_us % ORF_COST_MINUTE_US;
  Look *look;

  if (minute_us == spans->minute_us || spans->busy || spans->stopped)
    return;
  spans->minute_us = minute_us;
  spans->busy = TRUE;
  look = g_new0 (Look, 1);
  *look = (Look){
    .spans = spans,
    .mark_no = spans->mark_no,
    .now_us = now_us,
    .age_us = orf_store_get_age_now_us (spans->store),
    .late_us = spans->config->cost.late_us,
    .max_spans = spans->config->cost.max_spans,
    .max_names = spans->config->cost.max_names,
    .own_service = spans->config->trace.service_name,
    .selves = orf_cost_selves_new (),
  };
  orf_store_read (spans->store, look_thread_cb, look, NULL, looked_cb, look);
}

OrfCostSpans *
orf_cost_spans_new (const OrfConfig *config, OrfStore *store)
{
  OrfCostSpans *spans = g_new0 (OrfCostSpans, 1);

  spans->config = config;
  spans->store = store;
  spans->mark_no = -1;
  return spans;
}

void
orf_cost_spans_stop (OrfCostSpans *spans)
{
  spans->stopped = TRUE;
}

void
orf_cost_spans_free (OrfCostSpans *spans)
{
  g_free (spans);
}
