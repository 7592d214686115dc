/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * A time-out in the context of the thread that starts it: g_timeout_add() always takes the main
 * one.  To be stopped also when func has returned G_SOURCE_REMOVE.
 */
#define orf_timer_start(delay_ms, func, user_data)                                                 \
  orf_timer_start_named (delay_ms, func, user_data, #func)
/* name: by which it is told who held the context up (orf-turn.h); static. */
GSource *
orf_timer_start_named (guint delay_ms, GSourceFunc func, gpointer user_data, const char *name);
/* NULL is fine. */
void orf_timer_stop (GSource *timer);

G_END_DECLS
