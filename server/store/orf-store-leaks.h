/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* The table `leak`: who holds more and more memory of a device. */
typedef struct {
  gint64 id;     /* when read */
  char *subject; /* whose memory is watched, as in `forecast_state` */
  char *device;
  gint64 worker; /* its number; 0: a process that is no worker */
  char *name;    /* NULL: not told */
  gint64 pid;    /* -1: unknown */
  gint64 since_us, found_us, told_us;
  gint64 ended_us;    /* 0: it goes on */
  const char *ending; /* static; "gone", "flat"; NULL: it goes on */
  double slope_bytes_per_s, slope_lower_bytes_per_s, slope_upper_bytes_per_s;
  double confidence;
  gint64 grown_bytes;
  char *trigger; /* in words; NULL: none.  When read */
} OrfLeakRow;

OrfLeakRow *orf_leak_row_new (void);
void orf_leak_row_free (OrfLeakRow *row);
OrfLeakRow *orf_leak_row_copy (const OrfLeakRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLeakRow, orf_leak_row_free)

/* Takes row.  The newest of its subject is written anew, unless that became flat; what else
 * happened within reach_us of since_us is looked for among marks, registrations and batches.  Those
 * that ended before keep_from_us go. */
void orf_store_write_leak (OrfStore *store,
                           OrfLeakRow *row,
                           gint64 reach_us,
                           gint64 keep_from_us,
                           OrfWriteDone done,
                           gpointer user_data);
/* Those of a daemon that is no more have ended when they were told last: who is still there is told
 * of again. */
void orf_store_end_leaks (OrfStore *store, OrfWriteDone done, gpointer user_data);

typedef struct {
  const char *device;             /* NULL: all; copied */
  gint64 before_slope, before_id; /* those that come after this one in the list's order */
  guint max;
} OrfLeakFilter;

/* rows: OrfLeakRow that go on, steepest first (whole bytes a second, id); NULL on error (NOT_FOUND:
 * no such device was ever seen). */
void orf_store_read_leaks (OrfStore *store,
                           const OrfLeakFilter *filter,
                           OrfCancel *cancel,
                           OrfRowsDone done,
                           gpointer user_data);

G_END_DECLS
