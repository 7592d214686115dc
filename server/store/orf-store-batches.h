/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-store-workers.h"

G_BEGIN_DECLS

/* The table `worker_batch`, in a reader's thread. */

/* Of OrfWorkerBatchRow: its newest, at most max, newest first. */
GPtrArray *
orf_worker_batches_read (OrfConnection *connection, gint64 worker_id, guint max, GError **error);

G_END_DECLS
