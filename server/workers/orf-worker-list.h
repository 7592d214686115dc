/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "workers/orf-workers.h"

G_BEGIN_DECLS

/* What worker.list answers of workers by number, each an OrfWorker; all is only read. */
void
orf_worker_list_answer (OrfCall *call, const OrfWorkerListParams *params, const GPtrArray *all);

G_END_DECLS
