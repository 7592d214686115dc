/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store-outbox.h"

G_BEGIN_DECLS

/*
 * What became of the outbox's entries, on its way to the file: one change at a time, and what the
 * store refused goes with the next.  Main context.
 */
typedef struct _OrfOutboxLedger OrfOutboxLedger;

/* store outlives it, and calls back until it is closed. */
OrfOutboxLedger *orf_outbox_ledger_new (OrfStore *store);
void orf_outbox_ledger_free (OrfOutboxLedger *ledger);

/* They leave the file. */
void orf_outbox_ledger_add_removed (OrfOutboxLedger *ledger, const gint64 *ids, guint n_ids);
/* It was tried in vain; takes row. */
void orf_outbox_ledger_add_tried (OrfOutboxLedger *ledger, OrfOutboxRow *row);
/* What was added, now or as soon as may be. */
void orf_outbox_ledger_write (OrfOutboxLedger *ledger);
/* What was added is written once more, and then nothing. */
void orf_outbox_ledger_stop (OrfOutboxLedger *ledger);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfOutboxLedger, orf_outbox_ledger_free)

G_END_DECLS
