/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-store-exemplars.h"

G_BEGIN_DECLS

/*
 * The table `span_gpu`: what was of devices while spans of an operation ran, counted by the hour,
 * so that who ranks operations need not read all spans.
 */

/* Of one operation, by start.  In the writer's transaction. */
gboolean orf_span_gpu_write (OrfConnection *connection,
                             const OrfSpanBatch *batch,
                             const OrfWrittenSpan *spans,
                             guint n_spans,
                             GError **error);

G_END_DECLS
