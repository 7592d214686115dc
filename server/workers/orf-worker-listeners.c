/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workers/orf-worker-listeners.h"

typedef struct {
  const OrfWorkersEvents *events;
  gpointer user_data;
} Listener;

struct _OrfWorkerListeners {
  GArray *all; /* Listener */
};

OrfWorkerListeners *
orf_worker_listeners_new (void)
{
  OrfWorkerListeners *listeners = g_new0 (OrfWorkerListeners, 1);

  listeners->all = g_array_new (FALSE, FALSE, sizeof (Listener));
  return listeners;
}

void
orf_worker_listeners_free (OrfWorkerListeners *listeners)
{
  g_array_unref (listeners->all);
  g_free (listeners);
}

void
orf_worker_listeners_add (OrfWorkerListeners *listeners,
                          const OrfWorkersEvents *events,
                          gpointer user_data)
{
  const Listener listener = { events, user_data };

  g_array_append_val (listeners->all, listener);
}

static const Listener *
get (OrfWorkerListeners *listeners, guint i)
{
  return &g_array_index (listeners->all, Listener, i);
}

void
orf_worker_listeners_tell_lost (OrfWorkerListeners *listeners, const OrfWorker *worker)
{
  for (guint i = 0; i < listeners->all->len; i++) {
    const Listener *listener = get (listeners, i);

    if (listener->events->lost != NULL)
      listener->events->lost (listener->user_data, worker);
  }
}

void
orf_worker_listeners_tell_back (OrfWorkerListeners *listeners, const OrfWorker *worker)
{
  for (guint i = 0; i < listeners->all->len; i++) {
    const Listener *listener = get (listeners, i);

    if (listener->events->back != NULL)
      listener->events->back (listener->user_data, worker);
  }
}

void
orf_worker_listeners_tell_reported (OrfWorkerListeners *listeners,
                                    const OrfWorker *worker,
                                    gint64 n_more_ooms)
{
  for (guint i = 0; i < listeners->all->len; i++) {
    const Listener *listener = get (listeners, i);

    if (n_more_ooms > 0 && listener->events->oom != NULL)
      listener->events->oom (listener->user_data, worker, n_more_ooms);
    if (listener->events->reported != NULL)
      listener->events->reported (listener->user_data, worker);
  }
}

void
orf_worker_listeners_tell_changed (OrfWorkerListeners *listeners, const OrfWorker *worker)
{
  for (guint i = 0; i < listeners->all->len; i++) {
    const Listener *listener = get (listeners, i);

    if (listener->events->changed != NULL)
      listener->events->changed (listener->user_data, worker);
  }
}
