/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "workers/orf-workers.h"

G_BEGIN_DECLS

/*
 * People know a worker by its name, and several may have the same: those that were started one
 * after the other, or at the same time.  An id is of one; a name of the one that is there, or,
 * where none is, of the only one that was.
 */
typedef struct {
  gint64 no;
  gboolean live;
} OrfWorkerNamesake;

/* The number of the worker that has the name; 0: none (NOT_FOUND), or several (INVALID_ARGUMENT,
 * which says which), of the field `worker`.  Pure. */
gint64 orf_worker_names_choose (const char *name,
                                const OrfWorkerNamesake *namesakes,
                                guint n_namesakes,
                                GError **error);

/* By its id, else by its name. */
OrfWorker *orf_worker_names_find (OrfWorkers *workers, const char *text, GError **error);

G_END_DECLS
