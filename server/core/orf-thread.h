/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <pthread.h>

#include "core/orf-queue.h"

G_BEGIN_DECLS

/* A thread with a name, that takes no signals: those are the main context's. */
gboolean orf_thread_start (
  pthread_t *thread, const char *name, void *(*run_thread_cb) (void *), void *data, GError **error);

/* The same, that does all jobs of a queue until it is closed, and holds the queue meanwhile. */
gboolean
orf_thread_start_worker (pthread_t *thread, const char *name, OrfQueue *jobs, GError **error);

G_END_DECLS
