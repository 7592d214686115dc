/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redis/orf-redis-timer.h"

typedef struct {
  GSource base;
  void (*func) (gpointer data);
  gpointer data;
} Timer;

static gboolean
dispatch_cb (GSource *base, GSourceFunc callback, gpointer user_data)
{
  Timer *timer = (Timer *) base;

  g_source_set_ready_time (base, -1);
  timer->func (timer->data);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs timer_funcs = { .dispatch = dispatch_cb };

GSource *
orf_redis_timer_new (GMainContext *context, void (*func) (gpointer data), gpointer data)
{
  GSource *base = g_source_new (&timer_funcs, sizeof (Timer));
  Timer *timer = (Timer *) base;

  timer->func = func;
  timer->data = data;
  g_source_set_static_name (base, "orf-redis-timer");
  g_source_attach (base, context);
  return base;
}

void
orf_redis_timer_free (GSource *timer)
{
  g_source_destroy (timer);
  g_source_unref (timer);
}
