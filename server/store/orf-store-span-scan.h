/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"

G_BEGIN_DECLS

/*
 * Spans by time, the newest first, of some operations or all: what the index `span_by_operation`
 * has of each operation and length, and those of spans that failed or were slow, merged.  Nothing
 * but the index is read.  Of a reader's transaction.
 */
typedef struct _OrfSpanScan OrfSpanScan;

typedef enum {
  ORF_SPAN_SCAN_ALL,
  ORF_SPAN_SCAN_FAILED,
  ORF_SPAN_SCAN_SLOW,
} OrfSpanScanKind;

/* Where a span stands among others: later times first, of one time higher numbers first. */
typedef struct {
  gint64 start_us, span_no;
} OrfSpanPlace;

typedef struct {
  OrfSpanScanKind kind;
  const char *service, *operation; /* NULL: any */
  gint64 min_duration_us;
  gint64 from_us;
  OrfSpanPlace before;
  guint max_looked; /* entries of the index, of whatever length */
} OrfSpanScanFilter;

typedef struct {
  OrfSpanPlace place;
  gint64 trace_no, duration_us;
  gboolean beyond; /* its operation has no row of its own: its names are to be compared */
} OrfSpanEntry;

/* filter's texts outlive it. */
OrfSpanScan *
orf_span_scan_new (OrfConnection *connection, const OrfSpanScanFilter *filter, GError **error);
void orf_span_scan_free (OrfSpanScan *scan);
/* *found FALSE: there are no more, or it was looked at max_looked. */
gboolean
orf_span_scan_next (OrfSpanScan *scan, OrfSpanEntry *entry, gboolean *found, GError **error);
/* It ended by max_looked: others go on behind the place. */
gboolean orf_span_scan_is_cut (const OrfSpanScan *scan);
OrfSpanPlace orf_span_scan_get_place (const OrfSpanScan *scan);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSpanScan, orf_span_scan_free)

G_END_DECLS
