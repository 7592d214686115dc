/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-span-batch.h"
#include "store/orf-span-tally.h"

G_BEGIN_DECLS

/*
 * The tables `span_operation` and `span_stat` while a batch of spans is written: operations get
 * their numbers, what came is counted, and written at the end.  In the writer's transaction.
 */
typedef struct _OrfOperationBook OrfOperationBook;

/* The steps of `span_stat`, each a multiple of the one before. */
#define ORF_N_OPERATION_STEPS 3
extern const gint64 orf_operation_steps_us[ORF_N_OPERATION_STEPS];

/* The batch outlives it.  Operations beyond max_operations share one row. */
OrfOperationBook *orf_operation_book_open (OrfConnection *connection,
                                           const OrfSpanBatch *batch,
                                           guint max_operations,
                                           GError **error);
void orf_operation_book_free (OrfOperationBook *book);
/* operation: of the batch's. */
gint64 orf_operation_book_get_number (const OrfOperationBook *book, guint operation);
/* It is one of those for which there was no room. */
gboolean orf_operation_book_is_beyond (const OrfOperationBook *book, guint operation);
/* Longer ones are slow; 0: too few have come to tell. */
gint64 orf_operation_book_get_usual_us (const OrfOperationBook *book, guint operation);
/* It is in the file. */
void orf_operation_book_count (OrfOperationBook *book,
                               const OrfSpan *span,
                               gint64 trace_no,
                               gint64 span_no);
/* All that was counted.  tallies: gets an OrfSpanTally of each operation that is not beyond; may be
 * NULL. */
gboolean orf_operation_book_write (OrfOperationBook *book,
                                   OrfConnection *connection,
                                   GPtrArray *tallies,
                                   GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfOperationBook, orf_operation_book_free)

G_END_DECLS
