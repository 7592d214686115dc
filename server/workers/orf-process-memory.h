/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What processes use of the host's memory: the measure of a worker on a device that shares it. Read
 * by a thread of its own, for the kernel walks the process's pages meanwhile (about a millisecond a
 * GiB), and waits where the process changes them itself.  Main context.
 */
typedef struct _OrfProcessMemory OrfProcessMemory;

OrfProcessMemory *orf_process_memory_new (GError **error);
/* Nobody is told any more. */
void orf_process_memory_free (OrfProcessMemory *memory);

/* bytes[i] is of pids[i]: its proportional share (PSS), or, where only its owner may know that,
 * what it has resident and shares with nobody.  0: there is no such process; -1: not known. */
typedef void (*OrfProcessMemoryTold) (gpointer user_data, const gint64 *bytes, guint n_pids);
/* told: once, never before it returns.  pids are copied.  An id; 0: too many wait, and nobody is
 * told. */
guint orf_process_memory_ask (OrfProcessMemory *memory,
                              const gint64 *pids,
                              guint n_pids,
                              OrfProcessMemoryTold told,
                              gpointer user_data);
/* An id that was told is nobody's. */
void orf_process_memory_cancel (OrfProcessMemory *memory, guint id);

/* Any thread: one process, now. */
gint64 orf_process_memory_read (gint64 pid);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfProcessMemory, orf_process_memory_free)

G_END_DECLS
