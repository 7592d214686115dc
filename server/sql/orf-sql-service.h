/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"
#include "rpc/orf-router.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* sql.query: a queue, and a few processes at once, one a statement.  Main context. */
typedef struct _OrfSqlService OrfSqlService;

/* config, store and memory outlive it.  program: orfeas-sql. */
OrfSqlService *orf_sql_service_new (const OrfConfig *config,
                                    OrfStore *store,
                                    OrfMemory *memory,
                                    const char *program);
/* Processes are killed, and calls in flight end. */
void orf_sql_service_free (OrfSqlService *service);
void orf_sql_service_bind (OrfSqlService *service, OrfRouter *router);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSqlService, orf_sql_service_free)

G_END_DECLS
