/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-router.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* Binds worker.list for a file with no daemon: the workers as they were last known, all that the
 * file has.  One that was there then is silent: nobody hears it.  store outlives the calls. */
void orf_worker_recorded_bind (OrfRouter *router, OrfStore *store);

G_END_DECLS
