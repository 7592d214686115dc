/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "workers/orf-workers.h"

G_BEGIN_DECLS

/* Who is told what becomes of workers, in the order they came.  Main context. */
typedef struct _OrfWorkerListeners OrfWorkerListeners;

OrfWorkerListeners *orf_worker_listeners_new (void);
void orf_worker_listeners_free (OrfWorkerListeners *listeners);

/* events is static; user_data outlives the listeners. */
void orf_worker_listeners_add (OrfWorkerListeners *listeners,
                               const OrfWorkersEvents *events,
                               gpointer user_data);

void orf_worker_listeners_tell_lost (OrfWorkerListeners *listeners, const OrfWorker *worker);
void orf_worker_listeners_tell_back (OrfWorkerListeners *listeners, const OrfWorker *worker);
/* n_more_ooms 0: none came to be known. */
void orf_worker_listeners_tell_reported (OrfWorkerListeners *listeners,
                                         const OrfWorker *worker,
                                         gint64 n_more_ooms);
void orf_worker_listeners_tell_changed (OrfWorkerListeners *listeners, const OrfWorker *worker);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfWorkerListeners, orf_worker_listeners_free)

G_END_DECLS
