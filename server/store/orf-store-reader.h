/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-queue.h"
#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* A thread with a read-only connection of its own, opened with its first job. */
typedef struct _OrfStoreReader OrfStoreReader;

/* One question.  Everything below `error` is the reader's until it is replied to. */
typedef struct _OrfReadJob OrfReadJob;
struct _OrfReadJob {
  OrfJob base;
  OrfStore *store; /* looked at in the main context only */
  OrfCancel *cancel;
  gboolean bounded;     /* by read_us */
  gboolean has_checker; /* main context: the thread that runs it is its own */
  /* In the reader's thread, in a read transaction. */
  gboolean (*read_thread_cb) (OrfReadJob *job, OrfConnection *connection, GError **error);
  GError *error;

  gint64 *ids;
  guint n_ids;
  gint64 from_us, to_us;
  guint max;
  OrfWindowedQuery windowed; /* its ids are `ids` */
  OrfRolledQuery rolled;     /* its ids are `ids`, its rollup_us 0 where points are asked for */
  char **keys;
  char *name;
  GPtrArray *rows;   /* the answer */
  OrfMemory *memory; /* where held_bytes is counted */
  gsize held_bytes;  /* of rows */
  char **problems;   /* the answer to a check */
  gint64 took_us;
  OrfSamplesDone samples_done;
  OrfSeriesDone series_done;
  OrfCheckDone check_done;
  OrfReadThreadCb ask_thread_cb; /* with `data`, another's */
  gpointer data;
  OrfReadDone asked;
  gpointer user_data;
};

OrfReadJob *orf_read_job_new (OrfStore *store, OrfCancel *cancel);
/* The same at the head of a larger struct; size is that one's. */
OrfReadJob *orf_read_job_new_sized (gsize size, OrfStore *store, OrfCancel *cancel);
void orf_read_job_free (OrfReadJob *job);

/* jobs: of OrfReadJob.  closing: set when all reading is to stop. */
OrfStoreReader *orf_store_reader_start (const char *path,
                                        OrfConnectionMode mode,
                                        gint64 read_us,
                                        OrfQueue *jobs,
                                        OrfCancel *closing,
                                        GError **error);
/* Once jobs is closed. */
void orf_store_reader_join (OrfStoreReader *reader);

G_END_DECLS
