/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Calls func once when the monotonic time given to g_source_set_ready_time() has come (-1: never,
 * as at first; 0: in the next turn).  Being told anew from inside func is fine. */
GSource *orf_redis_timer_new (GMainContext *context, void (*func) (gpointer data), gpointer data);
/* From inside func too. */
void orf_redis_timer_free (GSource *timer);

G_END_DECLS
