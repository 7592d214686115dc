/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-load-tally.h"

#include <math.h>

const char *
orf_load_fault_to_string (OrfLoadFault fault)
{
  static const char *const names[] = { "none", "connect", "status", "rpc", "protocol", "timeout" };

  G_STATIC_ASSERT (G_N_ELEMENTS (names) == ORF_LOAD_N_FAULTS);
  return names[fault];
}

OrfLoadTally *
orf_load_tally_new (void)
{
  OrfLoadTally *tally = g_new0 (OrfLoadTally, 1);

  tally->latency = orf_sketch_new ();
  tally->lateness = orf_sketch_new ();
  tally->min_us = NAN;
  tally->max_us = NAN;
  return tally;
}

void
orf_load_tally_free (OrfLoadTally *tally)
{
  if (tally == NULL)
    return;
  orf_sketch_free (tally->latency);
  orf_sketch_free (tally->lateness);
  g_free (tally);
}

void
orf_load_tally_add_sent (OrfLoadTally *tally, gint64 lateness_us)
{
  tally->sent++;
  tally->late += lateness_us > ORF_LOAD_LATE_US;
  orf_sketch_add (tally->lateness, (double) lateness_us);
}

void
orf_load_tally_add_dropped (OrfLoadTally *tally, OrfLoadFault fault)
{
  tally->dropped++;
  tally->faults[fault]++;
}

void
orf_load_tally_add_end (OrfLoadTally *tally, OrfLoadFault fault, gint64 latency_us)
{
  double us = (double) latency_us;

  tally->faults[fault]++;
  if (fault != ORF_LOAD_FAULT_NONE)
    return;
  tally->answered++;
  tally->sum_us += us;
  tally->sum_squares += us * us;
  tally->min_us = fmin (tally->min_us, us); /* the other one where one is NAN */
  tally->max_us = fmax (tally->max_us, us);
  orf_sketch_add (tally->latency, us);
}

void
orf_load_tally_merge (OrfLoadTally *tally, const OrfLoadTally *other)
{
  tally->sent += other->sent;
  tally->answered += other->answered;
  for (guint i = 0; i < ORF_LOAD_N_FAULTS; i++)
    tally->faults[i] += other->faults[i];
  tally->late += other->late;
  tally->dropped += other->dropped;
  tally->received_bytes += other->received_bytes;
  tally->sum_us += other->sum_us;
  tally->sum_squares += other->sum_squares;
  tally->min_us = fmin (tally->min_us, other->min_us);
  tally->max_us = fmax (tally->max_us, other->max_us);
  orf_sketch_merge (tally->latency, other->latency);
  orf_sketch_merge (tally->lateness, other->lateness);
}

guint64
orf_load_tally_get_failed (const OrfLoadTally *tally)
{
  guint64 failed = 0;

  for (guint i = ORF_LOAD_FAULT_NONE + 1; i < ORF_LOAD_N_FAULTS; i++)
    failed += tally->faults[i];
  return failed;
}

guint64
orf_load_tally_get_ended (const OrfLoadTally *tally)
{
  return tally->answered + orf_load_tally_get_failed (tally);
}

double
orf_load_tally_get_error_percent (const OrfLoadTally *tally)
{
  guint64 ended = orf_load_tally_get_ended (tally);

  return ended > 0 ? 100 * (double) orf_load_tally_get_failed (tally) / (double) ended : NAN;
}

double
orf_load_tally_get_quantile (const OrfLoadTally *tally, double share)
{
  return tally->answered > 0
           ? CLAMP (orf_sketch_quantile (tally->latency, share), tally->min_us, tally->max_us)
           : NAN;
}

double
orf_load_tally_get_mean (const OrfLoadTally *tally)
{
  return tally->answered > 0 ? tally->sum_us / (double) tally->answered : NAN;
}

double
orf_load_tally_get_deviation (const OrfLoadTally *tally)
{
  double n = (double) tally->answered;
  double mean = tally->sum_us / n;

  return tally->answered > 1 ? sqrt (fmax ((tally->sum_squares - n * mean * mean) / (n - 1), 0))
                             : NAN;
}
