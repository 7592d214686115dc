/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cleanup/orf-cleanup-meter.h"
#include "store/orf-store-cleanups.h"
#include "workers/orf-workers.h"

G_BEGIN_DECLS

/*
 * One attempt: measures, asks the workers in turn, waits until memory has settled behind each, and
 * says what it came to.  Main context.
 */
typedef struct _OrfCleanup OrfCleanup;

typedef struct {
  OrfGpuMonitor *gpu;
  OrfWorkers *workers;
  OrfProcessMemory *processes;
} OrfCleanupParts;

typedef struct {
  gint64 end_us;       /* monotonic: it has ended by then */
  gint64 settle_us;    /* how long memory has to be flat */
  gint64 grace_us;     /* how long it may take to follow an answer */
  gint64 enough_bytes; /* once no more of the device is in use nobody else is asked; -1: all are */
} OrfCleanupLimits;

/* The last thing that it does: it may be freed. */
typedef void (*OrfCleanupEnded) (gpointer user_data, OrfCleanup *cleanup);

/* row says id, device, level and why, and is taken.  members: OrfCleanupMember, asked in their
 * order.  parts is copied.  Begins at once; does not end before it returns. */
OrfCleanup *orf_cleanup_new (const OrfCleanupParts *parts,
                             const OrfCleanupLimits *limits,
                             OrfCleanupRow *row,
                             GPtrArray *members,
                             OrfCleanupEnded ended,
                             gpointer user_data);
/* Who was asked is told that nobody waits any more. */
void orf_cleanup_free (OrfCleanup *cleanup);

/* It ends soon, with what there is. */
void orf_cleanup_hurry (OrfCleanup *cleanup);
/* Filled once it has ended. */
const OrfCleanupRow *orf_cleanup_get_row (const OrfCleanup *cleanup);
/* Whose processes are measured: those asked, whose pid is known. */
GPtrArray *orf_cleanup_get_members (const OrfCleanup *cleanup);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCleanup, orf_cleanup_free)

G_END_DECLS
