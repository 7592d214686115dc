/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-span-batch.h"
#include "store/orf-store-exemplars.h"
#include "store/orf-store-span-scan.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* What is asked of the tables `trace` and `span`; a file that has none of them has no traces.
 * Words are those of the schema. */

/* ---- traces ---------------------------------------------------------------------------------- */

typedef struct {
  const char *service, *operation; /* NULL: any; copied */
  gint64 min_duration_us;
  gint64 max_duration_us;  /* 0: any */
  OrfSpanOutcome outcome;  /* …_UNSET: any */
  OrfSpanKind kind;        /* the same */
  const char *const *tags; /* key, value, …, NULL; NULL: none; copied */
  gint64 from_us, to_us;   /* a span began at from_us <= t_us < to_us */
  OrfSpanPlace before;     /* of a page before; span_no 0: none */
  guint max;
} OrfTraceFilter;

typedef struct {
  guint8 trace_id[ORF_TRACE_ID_BYTES];
  char *service, *operation; /* of the root; NULL: it has not come */
  OrfSpanOutcome outcome;    /* the same */
  char *gpu;                 /* the same: JSON; NULL also: not known */
  gint64 start_us, end_us;
  gint64 spans, errors;
} OrfTraceRow;

OrfTraceRow *orf_trace_row_new (void);
void orf_trace_row_free (OrfTraceRow *row);

/* rows: OrfTraceRow, NULL on error; next.span_no 0: there are no more. */
typedef void (*OrfTracesDone) (gpointer user_data,
                               GPtrArray *rows,
                               OrfSpanPlace next,
                               const GError *error);
/* A trace is where the newest of its spans that match is; later ones first.  A page may have fewer
 * than max, or none, and yet be followed by others: how much is looked at for one is bounded. */
void orf_store_read_traces (OrfStore *store,
                            const OrfTraceFilter *filter,
                            OrfCancel *cancel,
                            OrfTracesDone done,
                            gpointer user_data);
/* The same in a reader's thread; rows: empty before. */
gboolean orf_traces_read (OrfConnection *connection,
                          const OrfTraceFilter *filter,
                          GPtrArray *rows,
                          OrfSpanPlace *next,
                          GError **error);

/* ---- spans ----------------------------------------------------------------------------------- */

typedef struct {
  guint8 trace_id[ORF_TRACE_ID_BYTES];
  guint8 span_id[ORF_SPAN_ID_BYTES], parent_id[ORF_SPAN_ID_BYTES];
  gboolean has_parent, has_flags;
  char *service, *operation;
  OrfSpanKind kind;
  OrfSpanOutcome outcome;
  gint64 start_us, duration_us;
  gint64 usual_us; /* 0: it was not slow */
  gint64 flags;
  char *message, *trace_state;             /* may be NULL */
  char *attributes, *events, *links, *gpu; /* JSON; may be NULL */
  char *dropped, *resource, *scope;        /* the same */
  gint64 span_no, source_no;               /* of orf_spans_read_run() alone */
} OrfSpanRow;

OrfSpanRow *orf_span_row_new (void);
void orf_span_row_free (OrfSpanRow *row);

/* rows: OrfSpanRow; NULL on error. */
typedef void (*OrfSpansDone) (gpointer user_data,
                              GPtrArray *rows,
                              OrfSpanPlace next,
                              const GError *error);
/* At most max of a trace, in the order in which they began, and no more than 32 MiB of their texts;
 * next: where it has more (its span_no is not 0), not where.  NOT_FOUND. */
void orf_store_read_trace (OrfStore *store,
                           const guint8 trace_id[ORF_TRACE_ID_BYTES],
                           guint max,
                           OrfCancel *cancel,
                           OrfSpansDone done,
                           gpointer user_data);
/* The same in a reader's thread: they are added to rows; *cut: it has more.  NOT_FOUND. */
gboolean orf_trace_spans_read (OrfConnection *connection,
                               const guint8 trace_id[ORF_TRACE_ID_BYTES],
                               guint max,
                               GPtrArray *rows,
                               gboolean *cut,
                               GError **error);
/* In a reader's thread: of the rows of `span` from from_no to to_no the first max, by their
 * numbers, which grow as spans come, or fewer where they have more text than 32 MiB; added to
 * rows. */
gboolean orf_spans_read_run (OrfConnection *connection,
                             gint64 from_no,
                             gint64 to_no,
                             guint max,
                             GPtrArray *rows,
                             GError **error);
/* The first and the last number there is; 0: there are no spans. */
gboolean
orf_spans_get_bounds (OrfConnection *connection, gint64 *first_no, gint64 *last_no, GError **error);
/* Those that were slow, newest first, without their JSON but `gpu`.  Of the filter min_duration_us,
 * outcome and tags are not looked at. */
void orf_store_read_slow_spans (OrfStore *store,
                                const OrfTraceFilter *filter,
                                OrfCancel *cancel,
                                OrfSpansDone done,
                                gpointer user_data);

/* ---- what was counted ------------------------------------------------------------------------ */

typedef struct {
  char *service, *operation;
  gint64 spans, errors;  /* the next are of nothing where spans is 0 */
  gint64 from_us, to_us; /* when they may have begun */
  double p50_us, p95_us, p99_us;
  GArray *exemplars; /* OrfExemplarRow, longest first; NULL: not asked for */
} OrfOperationRow;

/* An operation with a kind of its spans. */
typedef struct {
  char *operation;
  OrfSpanKind kind;
} OrfOperationKindRow;

typedef struct {
  char *parent, *child;
  gint64 calls, errors;
} OrfEdgeRow;

typedef struct {
  const char *service, *operation; /* NULL: any; copied */
  gint64 from_us, to_us;
} OrfOperationFilter;

void orf_operation_row_free (OrfOperationRow *row);
void orf_operation_kind_row_free (OrfOperationKindRow *row);
void orf_edge_row_free (OrfEdgeRow *row);

/* OrfOperationRow by service and operation; only their names. */
void orf_store_read_operations (OrfStore *store,
                                OrfCancel *cancel,
                                OrfRowsDone done,
                                gpointer user_data);
/* OrfOperationKindRow of a service, by operation: the kinds of the few newest and longest spans of
 * each that are still there. */
void orf_store_read_operation_kinds (
  OrfStore *store, const char *service, OrfCancel *cancel, OrfRowsDone done, gpointer user_data);
/* OrfOperationRow of those that had spans: by whole minutes, and those of more than two days ago by
 * whole hours. */
void orf_store_read_operation_stats (OrfStore *store,
                                     const OrfOperationFilter *filter,
                                     OrfCancel *cancel,
                                     OrfRowsDone done,
                                     gpointer user_data);
/* OrfEdgeRow by parent and child; by whole hours. */
void orf_store_read_edges (OrfStore *store,
                           gint64 from_us,
                           gint64 to_us,
                           OrfCancel *cancel,
                           OrfRowsDone done,
                           gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfTraceRow, orf_trace_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSpanRow, orf_span_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfOperationRow, orf_operation_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfOperationKindRow, orf_operation_kind_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfEdgeRow, orf_edge_row_free)

G_END_DECLS
