/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store-cost-spans.h"

G_BEGIN_DECLS

/*
 * How long operations were active in each minute, by the time of their spans that no child covers.
 * Pure.
 */
typedef struct _OrfCostSelfBook OrfCostSelfBook;

/* What is outside from_us <= t < to_us is left out, and what is of operations (gint64) that use no
 * device; they cover their parents as others do.  NULL: none. */
OrfCostSelfBook *orf_cost_self_book_new (gint64 from_us, gint64 to_us, const GArray *left_out);
void orf_cost_self_book_free (OrfCostSelfBook *book);
/* Spans of one trace, which are sorted; those of from_no < span_no <= to_no count, the others may
 * be children of theirs. */
void orf_cost_self_book_add (
  OrfCostSelfBook *book, OrfCostSpan *spans, guint n_spans, gint64 from_no, gint64 to_no);
/* OrfCostSelf: each stands for times / among of what was added. */
GArray *orf_cost_self_book_tell (const OrfCostSelfBook *book, gint64 times, gint64 among);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCostSelfBook, orf_cost_self_book_free)

G_END_DECLS
