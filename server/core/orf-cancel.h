/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * A flag that says "nobody waits for this any more", with the deadline by which that is so in any
 * case.  The one thing that two threads may look at together; it is atomic and only ever rises.
 */
typedef struct _OrfCancel OrfCancel;

/* deadline_us: monotonic (g_get_monotonic_time()), 0 for none. */
OrfCancel *orf_cancel_new (gint64 deadline_us);
OrfCancel *orf_cancel_ref (OrfCancel *cancel);
void orf_cancel_unref (OrfCancel *cancel);
void orf_cancel_trigger (OrfCancel *cancel);
/* TRUE once triggered or past the deadline.  NULL is never cancelled. */
gboolean orf_cancel_is_set (OrfCancel *cancel);
gint64 orf_cancel_get_deadline_us (OrfCancel *cancel);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCancel, orf_cancel_unref)

G_END_DECLS
