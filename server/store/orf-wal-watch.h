/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Who keeps the write-ahead log from being written back.  What a reader sees stays in the log for
 * as long as he reads, and it grows meanwhile; those of the daemon are bounded by time, but anybody
 * who may read the file can leave a transaction open.  Belongs to the writer.
 */
typedef struct {
  gint64 since_us; /* wall clock; 0: nobody does, or not for long */
  gint64 held_us;
  gint64 pid;       /* of another process; -1: not seen, as of another container */
  char program[32]; /* its name; "": not known */
} OrfWalReader;

typedef struct _OrfWalWatch OrfWalWatch;

/* path: of the database. */
OrfWalWatch *orf_wal_watch_new (const char *path);
void orf_wal_watch_free (OrfWalWatch *watch);

/* cut: the last checkpoint could not write all back.  Once a second or so; what is found is told in
 * the log when it begins and ends. */
void orf_wal_watch_look (OrfWalWatch *watch, gboolean cut, OrfWalReader *reader);

/* The process that reads the database whose wal-index has this inode, by the text of /proc/locks;
 * own: left out.  -1: none is there.  Pure. */
gint64 orf_wal_locks_find (const char *locks, guint64 inode, gint64 own);

G_END_DECLS
