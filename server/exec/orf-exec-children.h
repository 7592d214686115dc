/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What a command leaves behind: processes that it started and did not wait for, whatever group or
 * session they went to.  They become children of this process, and end with it.
 */

/* From now on those whose parents end are ours. */
void orf_exec_children_adopt (void);
/* Kills all children, theirs too, and waits for their ends. */
void orf_exec_children_end (void);

G_END_DECLS
