/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* The small rows that go with a write: its idempotency key, its line in `audit`, and `gpu_process`.
 * In the caller's transaction. */

/* *response: the stored answer, NULL when the key is new, or came before before_us.
 * FAILED_PRECONDITION: the key belongs to another request. */
gboolean orf_keys_find (OrfConnection *connection,
                        const OrfIdempotency *idempotency,
                        gint64 before_us,
                        char **response,
                        GError **error);
/* age_us: now, as ages are judged. */
gboolean orf_keys_insert (OrfConnection *connection,
                          const OrfIdempotency *idempotency,
                          gint64 age_us,
                          GError **error);
gboolean
orf_audit_insert (OrfConnection *connection, const OrfAudit *audit, gint64 now_us, GError **error);
gboolean orf_gpu_process_insert (OrfConnection *connection,
                                 gint64 t_us,
                                 const OrfGpuProcessRow *row,
                                 GError **error);

G_END_DECLS
