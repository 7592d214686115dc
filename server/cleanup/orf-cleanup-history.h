/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cleanup/orf-honesty.h"
#include "store/orf-store-cleanups.h"

G_BEGIN_DECLS

/* What past cleanups say of each worker, by its name: a worker that is started again is the same
 * program.  Main context. */
typedef struct _OrfCleanupHistory OrfCleanupHistory;

/* Reads the last turns from the file. */
OrfCleanupHistory *orf_cleanup_history_new (OrfStore *store, GError **error);
void orf_cleanup_history_free (OrfCleanupHistory *history);

void orf_cleanup_history_add (OrfCleanupHistory *history, const OrfCleanupWorkerRow *row);
/* All zero: it was never asked. */
OrfHonesty orf_cleanup_history_get (OrfCleanupHistory *history, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCleanupHistory, orf_cleanup_history_free)

G_END_DECLS
