/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "workers/orf-workers.h"

G_BEGIN_DECLS

/* A worker as worker.list tells it. */
OrfWorkerInfo *orf_worker_info_from (const OrfWorker *worker);

G_END_DECLS
