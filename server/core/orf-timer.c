/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-timer.h"

#include "core/orf-turn.h"

typedef struct {
  GSourceFunc func;
  gpointer user_data;
  const char *name;
} Timer;

static gboolean
timer_cb (gpointer data)
{
  const Timer *timer = data;
  OrfTurn turn;
  gboolean again;

  orf_turn_begin (&turn, "timer", timer->name);
  again = timer->func (timer->user_data);
  orf_turn_end (&turn);
  return again;
}

GSource *
orf_timer_start_named (guint delay_ms, GSourceFunc func, gpointer user_data, const char *name)
{
  GSource *timer = g_timeout_source_new (delay_ms);
  Timer *data = g_new (Timer, 1);

  *data = (Timer){ func, user_data, name };
  g_source_set_callback (timer, timer_cb, data, g_free);
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
