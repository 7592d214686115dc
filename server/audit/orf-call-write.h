/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-call.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/*
 * A call that is answered when what it changes is on disk, and which is answered the same when it
 * is repeated with its idempotency key.
 */
typedef struct _OrfCallWrite OrfCallWrite;

/* result, of desc, is what the call is answered.  NULL: it could not be encoded, and the call has
 * failed. */
OrfCallWrite *orf_call_write_new (OrfCall *call, const OrfDesc *desc, gconstpointer result);
void orf_call_write_free (OrfCallWrite *write);
/* The answer, as JSON. */
const char *orf_call_write_get_answer (const OrfCallWrite *write);
/* For the store's function that writes it; valid as long as write. */
const OrfIdempotency *orf_call_write_get_idempotency (const OrfCallWrite *write);
/* OrfWriteDone: answers the call, and frees user_data, which is the OrfCallWrite. */
void orf_call_write_done_cb (gpointer user_data, const OrfWriteResult *result, const GError *error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCallWrite, orf_call_write_free)

G_END_DECLS
