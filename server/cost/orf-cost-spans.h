/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"
#include "store/orf-store-cost-spans.h"

G_BEGIN_DECLS

/*
 * Each minute the spans that came until the minute before are looked at, in the order in which they
 * came: how long their operations were active, in which minutes.  Used device time of minutes that
 * are [cost] late_us old is split by it for good.  Main context; the work is a reader's.
 */
typedef struct _OrfCostSpans OrfCostSpans;

/* Both outlive its stop. */
OrfCostSpans *orf_cost_spans_new (const OrfConfig *config, OrfStore *store);
void orf_cost_spans_stop (OrfCostSpans *spans);
/* After the store is closed. */
void orf_cost_spans_free (OrfCostSpans *spans);

/* After each frame. */
void orf_cost_spans_tick (OrfCostSpans *spans, gint64 now_us);

/* In a reader's thread: OrfCostSelf of the spans from_no < span_no <= to_no in the minutes of
 * from_us <= t < to_us, of at most max_spans, which stand for all. */
GArray *orf_cost_spans_look (OrfConnection *connection,
                             gint64 from_no,
                             gint64 to_no,
                             gint64 from_us,
                             gint64 to_us,
                             gint64 max_spans,
                             GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCostSpans, orf_cost_spans_free)

G_END_DECLS
