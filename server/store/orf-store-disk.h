/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Whether there is room to write.  On a full disk SQLite can neither checkpoint nor delete, so
 * writing stops at a floor of free space, and a ballast file beside the database is given up for
 * what must still be written then.  Owned by the writer.
 */
typedef struct _OrfStoreDisk OrfStoreDisk;

OrfStoreDisk *orf_store_disk_new (const char *path, gint64 min_free_bytes, gint64 ballast_bytes);
/* The ballast stays. */
void orf_store_disk_free (OrfStoreDisk *disk);
/* Looks at the disk and enters or leaves the full state; TRUE when that changed. */
gboolean orf_store_disk_look (OrfStoreDisk *disk);
/* SQLite itself met the end of the disk (or of a quota, which the look cannot see). */
void orf_store_disk_set_full (OrfStoreDisk *disk);
gboolean orf_store_disk_is_full (OrfStoreDisk *disk);
/* Makes PATH.ballast if it is not there and leaves the floor free. */
void orf_store_disk_make_ballast (OrfStoreDisk *disk);
/* What a refused writer is told: RESOURCE_EXHAUSTED, with the figures. */
GError *orf_store_disk_dup_error (OrfStoreDisk *disk);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfStoreDisk, orf_store_disk_free)

G_END_DECLS
