/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-timer.h"

GSource *
orf_timer_start (guint delay_ms, GSourceFunc func, gpointer user_data)
{
  GSource *timer = g_timeout_source_new (delay_ms);

  g_source_set_callback (timer, func, user_data, NULL);
  g_source_attach (timer, g_main_context_get_thread_default ());
  return timer;
}

void
orf_timer_stop (GSource *timer)
{
  if (timer == NULL)
    return;
  g_source_destroy (timer);
  g_source_unref (timer);
}
