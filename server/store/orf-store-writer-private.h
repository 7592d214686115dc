/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <pthread.h>

#include "store/orf-age-clock.h"
#include "store/orf-store-backup.h"
#include "store/orf-store-disk.h"
#include "store/orf-store-meter.h"
#include "store/orf-store-retain.h"
#include "store/orf-store-writer.h"
#include "store/orf-write-job.h"

G_BEGIN_DECLS

/* Shared by orf-store-writer.c (the thread, and care of the file) and orf-store-group.c (writing).
 * All below `thread` belongs to the writer's thread from start to join. */
struct _OrfStoreWriter {
  OrfStore *store;         /* only handed back to the main context */
  OrfStoreOptions options; /* path is ours */
  OrfQueue *jobs;
  OrfQueue *replies;
  OrfStoreStatsCb stats_cb;
  pthread_t thread;

  OrfConnection *connection; /* NULL while it cannot be opened */
  OrfStoreDisk *disk;
  OrfStoreMeter *meter;
  OrfRawBlock open_block;
  GPtrArray *orphans; /* OrfSeriesRow of frames that were lost: later samples refer to them */

  GPtrArray *group; /* the jobs of the open transaction, borrowed */
  guint64 group_rows;
  OrfWriteJob *partial; /* a frame of which a part is committed */
  OrfJob *held;         /* popped for the group, but of another kind: comes next */
  OrfBackupJob *backup;
  gboolean full_sync;    /* what PRAGMA synchronous is */
  gint64 alone_until_us; /* monotonic: each job has a transaction of its own */
  guint acks_in_row;

  gint64 next_tick_us, next_retain_us, next_checkpoint_us, must_care_us;
  OrfRetainer *retainer;
  OrfAgeClock age_clock;
  gboolean retain_more, shrink_more;
  gboolean keep_wal;      /* set by the main context before it closes jobs, read after that */
  gboolean has_begun;     /* to write */
  gboolean wal_is_unsure; /* a sync failed: what waited for it may not be on disk */
  int wal_pages;          /* told by SQLite after each commit */
  int checkpointed_pages; /* of those */
  gboolean wal_cut;       /* the last checkpoint could not write all back: somebody reads */
  char *checkpoint_fault; /* why the last one failed; NULL: it did not */
  guint n_failing_ticks;  /* at which it was so, in a row */
  gint64 damage_us;       /* monotonic: when damage was met last */
  OrfWalWatch *wal_watch;
  OrfStoreStats stats;
};

/* Figures to the main context. */
void orf_store_writer_tell (OrfStoreWriter *self);
/* By which ages are judged. */
gint64 orf_store_writer_get_age_now (OrfStoreWriter *self);
/* Pins or limits are others than a moment ago. */
void orf_store_writer_retain_anew (OrfStoreWriter *self);
/* Before the first write. */
void orf_store_writer_begin (OrfStoreWriter *self);
/* Undoes what is open; where that cannot be done the file gets a fault, so that it is opened anew.
 */
void orf_store_writer_roll_back (OrfStoreWriter *self);
/* A job, or a step of care, met a damaged page. */
void orf_store_writer_note_damage (OrfStoreWriter *self, const GError *failure);
/* What an error means for the writes that follow. */
void orf_store_writer_note_trouble (OrfStoreWriter *self, int code, const GError *failure);

G_END_DECLS
