/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-span-tally.h"

#include <string.h>

OrfSpanTally *
orf_span_tally_new (const char *service, const char *operation)
{
  OrfSpanTally *tally = g_new0 (OrfSpanTally, 1);

  tally->service = g_strdup (service);
  tally->operation = g_strdup (operation);
  return tally;
}

void
orf_span_tally_free (OrfSpanTally *tally)
{
  g_free (tally->service);
  g_free (tally->operation);
  g_free (tally);
}

static void
prefer_longer (OrfSpanExemplar *exemplar, const OrfSpan *span)
{
  if (exemplar->start_us > 0 && exemplar->duration_us >= span->duration_us)
    return;
  memcpy (exemplar->trace_id, span->trace_id, sizeof exemplar->trace_id);
  memcpy (exemplar->span_id, span->span_id, sizeof exemplar->span_id);
  exemplar->start_us = span->start_us;
  exemplar->duration_us = span->duration_us;
}

void
orf_span_tally_add (OrfSpanTally *tally, const OrfSpan *span)
{
  guint class = orf_span_get_class (span->duration_us);

  tally->spans++;
  tally->sum_us += span->duration_us;
  tally->counts[class]++;
  prefer_longer (&tally->exemplars[class], span);
  if (span->outcome != ORF_SPAN_OUTCOME_ERROR)
    return;
  tally->errors++;
  prefer_longer (&tally->failed, span);
}
