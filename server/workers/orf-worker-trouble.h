/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "incidents/orf-black-box.h"
#include "workers/orf-workers.h"

G_BEGIN_DECLS

/* A worker that ran out of memory, or was lost, is kept by the black box from now on.  Both outlive
 * the workers' last event. */
void orf_worker_trouble_watch (OrfWorkers *workers, OrfBlackBox *box);

G_END_DECLS
