/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"
#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* Cleanups and who was asked in them: tables `cleanup` and `cleanup_worker`.  Bytes that are not
 * known have their `has` unset. */
typedef struct {
  gboolean known;
  gint64 bytes;
} OrfMaybeBytes;

typedef struct {
  gint64 worker_no;
  char *name;
  OrfCleanupWorkerVerdict verdict;
  OrfCleanupMeasure measured_by; /* UNSET: it could not be */
  OrfMaybeBytes idle, expected, before, after, claimed, freed;
  OrfMaybeBytes released; /* by how much it fell at most */
  OrfMaybeBytes regained; /* what of that was taken again before it was flat */
  gint64 took_us;
  char *text;   /* may be NULL */
  char *reason; /* why it was asked in this place; NULL: not known */
} OrfCleanupWorkerRow;

/* A worker that was not asked. */
typedef struct {
  gint64 worker_no;
  char *name;
  char *reason;
} OrfCleanupLeftOutRow;

typedef struct {
  gint64 id;
  char *device;
  OrfCleanupTrigger trigger;
  char *actor;  /* may be NULL */
  char *reason; /* may be NULL */
  OrfCleanupLevel level;
  gint64 started_us;
  /* From here on: once it has ended, which verdict UNSET says it has not. */
  OrfCleanupVerdict verdict;
  gint64 took_us;
  OrfCleanupMeasure measured_by;
  OrfMaybeBytes before, after, freed, released, others, retained, regained;
  GPtrArray *workers;  /* OrfCleanupWorkerRow, in the order they were asked */
  GPtrArray *left_out; /* OrfCleanupLeftOutRow */
} OrfCleanupRow;

OrfCleanupRow *orf_cleanup_row_new (void);
OrfCleanupRow *orf_cleanup_row_copy (const OrfCleanupRow *row);
void orf_cleanup_row_free (OrfCleanupRow *row);
/* Strings are copied. */
void orf_cleanup_row_leave_out (OrfCleanupRow *row,
                                gint64 worker_no,
                                const char *name,
                                const char *reason);
OrfCleanupWorkerRow *orf_cleanup_worker_row_new (void);
void orf_cleanup_worker_row_free (OrfCleanupWorkerRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCleanupRow, orf_cleanup_row_free)

/* One that begins; idempotency NULL: the call is not repeatable.  Takes row. */
void orf_store_write_cleanup (OrfStore *store,
                              OrfCleanupRow *row,
                              const OrfIdempotency *idempotency,
                              OrfWriteDone done,
                              gpointer user_data);
/* The same one when it has ended, with its workers; also where its beginning is not in the file.
 * Older ones than the newest ORF_MAX_CLEANUPS go.  Takes row. */
void
orf_store_end_cleanup (OrfStore *store, OrfCleanupRow *row, OrfWriteDone done, gpointer user_data);
void orf_store_set_cleanup_regained (
  OrfStore *store, gint64 id, gint64 regained_bytes, OrfWriteDone done, gpointer user_data);

/* A row is some 150 bytes and one for each worker: 10 MB. */
#define ORF_MAX_CLEANUPS 20000

typedef struct {
  gint64 id;             /* 0: all */
  const char *device;    /* NULL: all */
  gboolean device_known; /* it is there: that the file does not know it is no error */
  gint64 from_us, to_us; /* from_us <= started_us < to_us */
  gint64 before_id;      /* those that come after this one in the list's order */
  guint max;
} OrfCleanupFilter;

/* rows: OrfCleanupRow, newest first; NULL on error.  NOT_FOUND: nothing was ever known of the
 * device. */
void orf_store_read_cleanups (OrfStore *store,
                              const OrfCleanupFilter *filter,
                              OrfCancel *cancel,
                              OrfRowsDone done,
                              gpointer user_data);

/* Blocking, at start only: the largest id there is; 0: none. */
gboolean orf_store_load_max_cleanup_id (OrfStore *store, gint64 *max_id, GError **error);
/* Blocking, at start only: OrfCleanupWorkerRow, the last max, oldest first. */
GPtrArray *orf_store_load_cleanup_workers (OrfStore *store, guint max, GError **error);

G_END_DECLS
