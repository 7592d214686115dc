/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * PATH.lock, held while a daemon writes PATH, with its pid inside; and the file itself, which also
 * tells a daemon that comes to it by a hard link, by a mount of the file alone or after PATH.lock
 * was deleted.  Both go with the process.
 */
typedef struct _OrfStoreLock OrfStoreLock;

/* That no daemon writes PATH, for who opens it to read; before SQLite has it open, as hold_file.
 * FAILED_PRECONDITION (names the holder), UNAVAILABLE. */
gboolean orf_store_lock_check (const char *path, GError **error);

/* FAILED_PRECONDITION (names the holder), UNAVAILABLE. */
OrfStoreLock *orf_store_lock_take (const char *path, GError **error);
/* PATH, which is there and which SQLite has not open in this process yet: closing a descriptor of
 * it would drop SQLite's own locks.  FAILED_PRECONDITION, UNAVAILABLE. */
gboolean orf_store_lock_hold_file (OrfStoreLock *lock, const char *path, GError **error);
/* After SQLite has closed the file.  The lock file stays, empty, unless it was made by this lock
 * and `forget` says that PATH turned out not to be ours. */
void orf_store_lock_release (OrfStoreLock *lock, gboolean forget);

G_END_DECLS
