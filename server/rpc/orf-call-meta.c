/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-call-meta.h"

#include "core/orf-clock.h"

void
orf_call_meta_copy (OrfCallMeta *copy, const OrfCallMeta *meta)
{
  *copy = meta != NULL ? *meta : (OrfCallMeta){ 0 };
  copy->traceparent = g_strdup (copy->traceparent);
  copy->tracestate = g_strdup (copy->tracestate);
  copy->idempotency_key = g_strdup (copy->idempotency_key);
  if (copy->came_us == 0)
    copy->came_us = orf_clock_monotonic_us ();
}

void
orf_call_meta_clear (OrfCallMeta *copy)
{
  g_free ((char *) copy->traceparent);
  g_free ((char *) copy->tracestate);
  g_free ((char *) copy->idempotency_key);
  *copy = (OrfCallMeta){ 0 };
}
