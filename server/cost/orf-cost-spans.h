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

/* Minutes before are split for good; what a clock that was ahead of now split is none of these. */
static inline gint64
orf_cost_spans_get_closed_us (const OrfCostState *state, gint64 now_us)
{
  return state->closed_us <= now_us ? state->closed_us : 0;
}

/* Spans of from_no < span_no <= to_no in the minutes of from_us <= t < to_us. */
typedef struct {
  gint64 from_no, to_no;
  gint64 from_us, to_us;
  gint64 max_spans;        /* of so many at most, which stand for all */
  const char *own_service; /* the daemon's, which uses no device */
} OrfCostLook;

/* In a reader's thread: OrfCostSelf. */
GArray *orf_cost_spans_look (const OrfCostLook *look, OrfConnection *connection, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCostSpans, orf_cost_spans_free)

G_END_DECLS
