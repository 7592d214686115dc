/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store.h"

G_BEGIN_DECLS

/* The tables `worker` and `worker_batch`. */

typedef struct {
  gint64 id;
  char *name;
  char *device; /* may be NULL */
  gint64 pid;   /* -1: unknown */
  char *source;
  char **capabilities;
  gint64 registered_us;
  gint64 reported_us;      /* 0: never */
  gint64 lost_us, left_us; /* 0: it is not */
  gint64 allocated_bytes;  /* this and the next six -1: unknown */
  gint64 reserved_bytes;
  gint64 active_bytes;
  gint64 inactive_split_bytes;
  gint64 largest_free_bytes;
  gint64 ooms;
  gint64 retries;
  gint64 batches; /* so many more when written, all when read */
} OrfWorkerRow;

OrfWorkerRow *orf_worker_row_new (void);
void orf_worker_row_free (OrfWorkerRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfWorkerRow, orf_worker_row_free)

typedef struct {
  gint64 t_us; /* of what was read */
  gint64 size;
  gint64 peak_bytes;  /* -1: unknown */
  gint64 duration_us; /* the same */
  char *operation;    /* may be NULL */
} OrfWorkerBatchRow;

/* What is written in one transaction: a worker as it is now, new or not, and its new batches. */
typedef struct {
  OrfWorkerRow *row;
  GPtrArray *batches; /* OrfWorkerBatchRow; NULL: none */
  gint64 t_us;        /* of the batches */
  /* The oldest beyond so many go; of workers only those that are lost, or have left. */
  gint64 max_workers, max_batches;
} OrfWorkerChange;

void orf_worker_batch_row_free (OrfWorkerBatchRow *row);
void orf_worker_change_free (OrfWorkerChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfWorkerChange, orf_worker_change_free)

/* Acknowledgement lane.  Takes change.  idempotency may be NULL. */
void orf_store_write_worker (OrfStore *store,
                             OrfWorkerChange *change,
                             const OrfIdempotency *idempotency,
                             OrfWriteDone done,
                             gpointer user_data);

/* OrfWorkerRow by id: those that are there, and those that went at or after since_us, at most max,
 * the newest.  None where the file is older than the table. */
GPtrArray *orf_workers_read (OrfConnection *connection, gint64 since_us, guint max, GError **error);
/* One, also if it is gone long since; NULL without an error: there is none. */
OrfWorkerRow *orf_worker_read (OrfConnection *connection, gint64 id, GError **error);
typedef struct {
  gint64 id;
  gboolean live; /* neither lost nor gone */
} OrfWorkerNamed;
/* OrfWorkerNamed by id: all of this name that are kept.  None where the file is older than the
 * table. */
GArray *orf_workers_read_named (OrfConnection *connection, const char *name, GError **error);
/* orf_workers_read(), blocking, at start only; *max_id: of all there are, 0: none. */
GPtrArray *orf_store_load_workers (
  OrfStore *store, gint64 since_us, guint max, gint64 *max_id, GError **error);

G_END_DECLS
