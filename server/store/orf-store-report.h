/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"

G_BEGIN_DECLS

/* What the report counts, in a reader's thread. */

/* Of one device, those that have ended.  Bytes are sums of what was measured. */
typedef struct {
  char *device;
  gint64 n, n_freed, n_nothing;
  gint64 freed_bytes;
  gint64 n_followed; /* of which it is known what was taken again within a minute */
  gint64 followed_bytes, regained_bytes;
  gint64 retaken_bytes; /* given back, and taken again before the end */
} OrfReportCleanups;

/* A worker that did not keep its word. */
typedef struct {
  gint64 worker_no;
  char *name;
  char *device;
  gint64 n_asked, n_overclaimed, n_timed_out;
  gint64 claimed_bytes, released_bytes; /* where it overclaimed */
} OrfReportAsked;

typedef struct {
  char *device;
  char *kind;
  gint64 n, n_open;
  gboolean is_critical;
  char *text; /* the newest */
} OrfReportEvents;

void orf_report_cleanups_free (OrfReportCleanups *cleanups);
void orf_report_asked_free (OrfReportAsked *asked);
void orf_report_events_free (OrfReportEvents *events);

typedef struct {
  const char *device; /* NULL: all */
  gint64 from_us, to_us;
} OrfReportSpan;

/* Arrays by device and worker, empty in a file that is older than the tables. */
typedef struct {
  GPtrArray *cleanups, *asked, *events;
} OrfReportCounts;

gboolean orf_report_read (OrfConnection *connection,
                          const OrfReportSpan *span,
                          OrfReportCounts *counts,
                          GError **error);

G_END_DECLS
