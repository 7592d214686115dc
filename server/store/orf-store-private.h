/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-span-states.h"
#include "store/orf-store-lock.h"
#include "store/orf-store-packing.h"
#include "store/orf-store-reader.h"
#include "store/orf-store-writer.h"
#include "store/orf-write-job.h"

G_BEGIN_DECLS

/* The main context's side of the store. */
struct _OrfStore {
  OrfStoreOptions options; /* path is ours, absolute */
  OrfConnectionMode read_mode;
  OrfStoreLock *lock;     /* NULL when read-only */
  OrfStoreWriter *writer; /* NULL when read-only */
  OrfQueue *writes;       /* NULL when read-only */
  OrfQueue *reads;
  OrfQueue *replies; /* attached here */
  OrfCancel *closing;
  GPtrArray *readers; /* OrfStoreReader */
  OrfQueue *checks;   /* one check at a time, in a reader of its own that lives as long as it */
  OrfStoreReader *checker;  /* NULL: no check runs */
  OrfStorePacking *packing; /* NULL: nothing is packed */

  const OrfSpanStates *span_states; /* borrowed; NULL: nobody knows how devices are */
  void (*spans_written) (gpointer user_data, const GPtrArray *tallies); /* may be NULL */
  gpointer spans_written_data;

  guint in_flight;        /* jobs that are to be replied to here */
  GPtrArray *orphans;     /* OrfSeriesRow of frames that were not let in; they go with the next */
  guint64 frames_refused; /* here; the writer counts its own */
  OrfStoreStats told;     /* by the writer */
  OrfStoreStats stats;    /* as asked for */
};

/* To queue, or refused and replied to.  *error is where the job keeps its error; one that is set
 * already is replied as it is. */
void orf_store_submit (
  OrfStore *store, OrfQueue *queue, guint lane, gboolean writes, OrfJob *job, GError **error);
/* A step of packing, in the bulk lane.  Takes step. */
void
orf_store_write_pack (OrfStore *store, OrfPackStep *step, OrfWriteDone done, gpointer user_data);
/* First thing in each job's `done`. */
void orf_store_landed (OrfStore *store);

G_END_DECLS
