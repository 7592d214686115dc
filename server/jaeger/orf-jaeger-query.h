/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-span-batch.h"

G_BEGIN_DECLS

/*
 * What Jaeger's clients ask for, from the query of a URL (the parameters of Jaeger's
 * cmd/query/app/query_parser.go).  Those that are not known are not looked at, as there.  Pure.
 */

/* Traces of one answer: what Jaeger's page asks for at most. */
#define ORF_JAEGER_MAX_TRACES 1500

typedef struct {
  char *service, *operation;               /* NULL: any */
  gint64 from_us, to_us;                   /* a span began at from_us <= t_us < to_us */
  gint64 min_duration_us, max_duration_us; /* 0: any */
  OrfSpanOutcome outcome;                  /* …_UNSET: any */
  OrfSpanKind kind;                        /* the same */
  char **tags;                             /* key, value, …, NULL */
  GArray *trace_ids; /* of ORF_TRACE_ID_BYTES; where there are some, only they count */
  guint limit;
} OrfJaegerSearch;

void orf_jaeger_search_free (OrfJaegerSearch *search);
/* query may be NULL.  INVALID_ARGUMENT with the parameter. */
OrfJaegerSearch *orf_jaeger_search_parse (const char *query, gint64 now_us, GError **error);

/* Of dependencies: endTs and lookback. */
gboolean orf_jaeger_query_parse_window (
  const char *query, gint64 now_us, gint64 *from_us, gint64 *to_us, GError **error);

/* Of operations: service, and spanKind (…_UNSET: any). */
gboolean orf_jaeger_query_parse_operations (const char *query,
                                            char **service,
                                            OrfSpanKind *kind,
                                            GError **error);

/* Up to 32 hex digits, of which zeros in front may be left out. */
gboolean orf_jaeger_query_parse_trace_id (const char *text, guint8 id[ORF_TRACE_ID_BYTES]);
/* "1.5s", "100ms", "1h30m": Go's way to write a duration, none below 0. */
gboolean orf_jaeger_query_parse_duration (const char *text, gint64 *duration_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfJaegerSearch, orf_jaeger_search_free)

G_END_DECLS
