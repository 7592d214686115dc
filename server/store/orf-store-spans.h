/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-span-batch.h"
#include "store/orf-span-states.h"
#include "store/orf-span-tally.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/*
 * Writing the tables `trace`, `span` and those beside them.  A span whose trace and span id are
 * there already changes nothing: the first one stays, so that a batch may be sent again.
 */

/* From now on spans are told how the devices were at their beginning and their end; borrowed, NULL:
 * nobody knows. */
void orf_store_set_span_states (OrfStore *store, const OrfSpanStates *states);
/* Told of what each batch brought into the file, OrfSpanTally, before its writer is; NULL: nobody.
 */
typedef void (*OrfSpansWritten) (gpointer user_data, const GPtrArray *tallies);
void orf_store_set_spans_written (OrfStore *store, OrfSpansWritten written, gpointer user_data);
/* Acknowledgement lane.  Takes batch.  Operations beyond max_operations share one row of
 * `span_operation`. */
void orf_store_write_spans (OrfStore *store,
                            OrfSpanBatch *batch,
                            guint max_operations,
                            const OrfIdempotency *idempotency,
                            OrfWriteDone done,
                            gpointer user_data);

G_END_DECLS
