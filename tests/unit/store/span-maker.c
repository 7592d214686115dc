/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "span-maker.h"

#include <string.h>

/* In the last bytes. */
static void
fill_id (guint8 *id, gsize length, guint number)
{
  memset (id, 0, length);
  for (gsize i = 0; i < sizeof number; i++)
    id[length - 1 - i] = (guint8) (number >> (8 * i));
}

void
made_trace_id (guint number, guint8 id[ORF_TRACE_ID_BYTES])
{
  fill_id (id, ORF_TRACE_ID_BYTES, number);
}

void
made_span_add (OrfSpanBatch *batch, const MadeSpan *made)
{
  OrfSpan span = {
    .has_parent = made->parent > 0,
    .kind = made->kind != ORF_SPAN_KIND_UNSET ? made->kind : ORF_SPAN_KIND_INTERNAL,
    .outcome = made->outcome,
    .start_us = made->start_us,
    .duration_us = made->duration_us,
    .operation = orf_span_batch_add_operation (batch, made->service, made->operation),
    .source = orf_span_batch_add_source (batch, "{\"host.name\":\"node\"}", NULL),
  };

  made_trace_id (made->trace, span.trace_id);
  fill_id (span.span_id, sizeof span.span_id, made->id);
  fill_id (span.parent_id, sizeof span.parent_id, made->parent);
  if (made->attributes != NULL)
    span.attributes = orf_span_batch_add_text (batch, made->attributes, -1);
  g_array_append_val (batch->spans, span);
}

void
made_spans_write (StoreFixture *fixture, const MadeSpan *made, guint n_made)
{
  OrfSpanBatch *batch = orf_span_batch_new ();
  g_auto (StoreAnswer) answer = { 0 };

  for (guint i = 0; i < n_made; i++)
    made_span_add (batch, &made[i]);
  orf_store_write_spans (fixture->store, batch, MADE_MAX_OPERATIONS, NULL, store_answer_write_cb,
                         &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
}
