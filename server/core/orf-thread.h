/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <pthread.h>

G_BEGIN_DECLS

/* A thread with a name, that takes no signals: those are the main context's. */
gboolean orf_thread_start (
  pthread_t *thread, const char *name, void *(*run_thread_cb) (void *), void *data, GError **error);

G_END_DECLS
