/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What the kernel holds this process to, so that a statement (or a fault in SQLite) costs no more
 * than it may, and ends with the daemon.
 */

/* Before anything is read: time and memory, beyond which the process is killed.  memory_bytes is
 * what may be allocated from now on. */
void orf_sql_cage_bound (gint64 max_us, gint64 memory_bytes);
/* Once all files are open: no other is opened, none grows, and there is no second process. */
void orf_sql_cage_close (void);

G_END_DECLS
