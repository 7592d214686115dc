/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-router.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* Binds db.check and db.backup; store outlives router. */
void orf_db_service_bind (OrfRouter *router, OrfStore *store);

G_END_DECLS
