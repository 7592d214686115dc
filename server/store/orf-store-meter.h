/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What a thread writes, by the kernel's own count (wchar of /proc/thread-self/io): WAL, checkpoints
 * and backups as they are handed to write(), exact where a sum of WAL frames would have to guess
 * how many of them a checkpoint merges.  Used in the thread that made it.
 */
typedef struct _OrfStoreMeter OrfStoreMeter;

OrfStoreMeter *orf_store_meter_new (void);
void orf_store_meter_free (OrfStoreMeter *meter);
/* At any time; counted about once a second. */
void orf_store_meter_tick (OrfStoreMeter *meter, gint64 now_us);
/* Over the last minute; NAN where the kernel does not count. */
double orf_store_meter_get_rate (OrfStoreMeter *meter);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfStoreMeter, orf_store_meter_free)

G_END_DECLS
