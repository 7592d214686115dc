/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store-notices.h"

G_BEGIN_DECLS

/*
 * What became of notices, on its way to the file: one change at a time, of a row only the latest,
 * and what the store refused goes with the next.  Main context.
 */
typedef struct _OrfNoticeLedger OrfNoticeLedger;

/* store outlives it, and calls back until it is closed. */
OrfNoticeLedger *orf_notice_ledger_new (OrfStore *store);
void orf_notice_ledger_free (OrfNoticeLedger *ledger);

/* The row as it is now; copied. */
void orf_notice_ledger_add (OrfNoticeLedger *ledger, const OrfNoticeRow *row);
/* A step of its alert that is worth telling by itself. */
void orf_notice_ledger_add_event (OrfNoticeLedger *ledger,
                                  const OrfNoticeRow *row,
                                  gint64 t_us,
                                  const char *step,
                                  const char *reason);
/* What was added, now or as soon as may be. */
void orf_notice_ledger_write (OrfNoticeLedger *ledger);
/* What was added is written once more, and then nothing. */
void orf_notice_ledger_stop (OrfNoticeLedger *ledger);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfNoticeLedger, orf_notice_ledger_free)

G_END_DECLS
