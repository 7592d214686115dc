/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Which names of /proc/diskstats are disks of their own, so that a sum counts each byte once: those
 * with a folder in /sys/block (a partition has its below its disk's), less what only passes on to
 * disks below it or to memory (dm, md, drbd, bcache, zvol, loop, ram, zram).  Main context.
 */
typedef struct _OrfDiskNames OrfDiskNames;

/* sys_block: "/sys/block".  Where it is not there, as in some containers, names alone decide. */
OrfDiskNames *orf_disk_names_new (const char *sys_block);
void orf_disk_names_free (OrfDiskNames *names);
/* Looked at once for each name.  Fits OrfProcIsDisk. */
gboolean orf_disk_names_is_disk (gpointer self, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfDiskNames, orf_disk_names_free)

G_END_DECLS
