/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store-costs.h"

G_BEGIN_DECLS

/* The tables `cost_span` and `cost_state`, and what of `span` they are made from. */

typedef struct {
  gint64 span_no;      /* spans up to here have been looked at; -1: none has been yet */
  gint64 closed_us;    /* minutes before this are split for good */
  gint64 last_span_no; /* that there is; 0: none */
  gint64 first_us;     /* the first minute that is not split yet; G_MAXINT64: there is none */
} OrfCostState;

typedef struct {
  gint64 span_no, trace_no;
  guint8 id[8], parent[8];
  gboolean has_parent;
  gint64 start_us, end_us;
  gint64 operation_no;
} OrfCostSpan;

/* How long an operation was active in a minute, by what no child covers. */
typedef struct {
  gint64 t_us;
  gint64 operation_no;
  gint64 self_us;
} OrfCostSelf;

/* What is written in one transaction.  Nothing is where another has looked at spans meanwhile. */
typedef struct {
  gint64 before_no, span_no; /* from where to where they were looked at */
  GArray *selves;            /* OrfCostSelf */
  gint64 close_before_us;    /* minutes before this are split for good now */
  gint64 max_names;
} OrfCostSelves;

OrfCostSelves *orf_cost_selves_new (void);
void orf_cost_selves_free (OrfCostSelves *selves);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCostSelves, orf_cost_selves_free)

/* Acknowledgement lane.  Takes selves. */
void orf_store_write_cost_selves (OrfStore *store,
                                  OrfCostSelves *selves,
                                  OrfWriteDone done,
                                  gpointer user_data);

/* ---- in a reader's thread ---------------------------------------------------------------------
 */

gboolean orf_cost_state_read (OrfConnection *connection, OrfCostState *state, GError **error);
/* Spans of from_no < span_no <= to_no, by their numbers, into spans: OrfCostSpan. */
gboolean orf_cost_spans_read (
  OrfConnection *connection, gint64 from_no, gint64 to_no, GArray *spans, GError **error);
/* All of a trace, at most max. */
gboolean orf_cost_spans_read_trace (
  OrfConnection *connection, gint64 trace_no, guint max, GArray *spans, GError **error);
/* The numbers of a service's operations, added to operations: gint64. */
gboolean orf_cost_spans_read_operations (OrfConnection *connection,
                                         const char *service,
                                         GArray *operations,
                                         GError **error);
/* What device time the operations have of minutes that are not split yet, as rows of their hours,
 * with ORF_COST_NOBODY the rest of them; those of hours from_us <= t_us < to_us.  more: OrfCostSelf
 * that are not in the file; may be NULL. */
gboolean orf_cost_minutes_split (OrfConnection *connection,
                                 gint64 from_us,
                                 gint64 to_us,
                                 const GArray *more,
                                 GPtrArray *rows,
                                 GError **error);

G_END_DECLS
