/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"
#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* The table `load_run`: load tests that were recorded. */
typedef struct {
  gint64 id; /* of writing: the caller's */
  char *name;
  OrfLoadKind kind;
  gint64 started_us, took_us;
  gint64 requests, errors;
  gboolean has_passed, passed;
  double rate_per_s; /* NAN: not told */
  gboolean has_p50_us, has_p95_us, has_p99_us;
  gint64 p50_us, p95_us, p99_us;
  char *report;      /* JSON; NULL: none; of one that is listed not read */
  char *author;      /* not read */
  GPtrArray *slices; /* OrfLoadSlice; of one that is listed none */
} OrfLoadRow;

OrfLoadRow *orf_load_row_new (void);
void orf_load_row_free (OrfLoadRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLoadRow, orf_load_row_free)

/* Acknowledgement lane.  Takes row. */
void orf_store_write_load (OrfStore *store,
                           OrfLoadRow *row,
                           const OrfAudit *audit,
                           const OrfIdempotency *idempotency,
                           OrfWriteDone done,
                           gpointer user_data);

typedef struct {
  gint64 from_us, to_us;
  gint64 before_us, before_id; /* G_MAXINT64: from the newest on */
  guint max;
} OrfLoadFilter;

/* rows: OrfLoadRow, by their beginning, the newest first. */
void orf_store_read_loads (OrfStore *store,
                           const OrfLoadFilter *filter,
                           OrfCancel *cancel,
                           OrfRowsDone done,
                           gpointer user_data);
/* In a reader's thread: with its report and its slices.  *row stays NULL where there is none. */
gboolean orf_load_read (OrfConnection *connection, gint64 id, OrfLoadRow **row, GError **error);
/* The largest id there is; 0: none.  Blocking: at start only. */
gboolean orf_store_load_max_load_id (OrfStore *store, gint64 *max_id, GError **error);

G_END_DECLS
