/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-latencies.h"

#include <math.h>

#define N_COUNTS G_USEC_PER_SEC

struct _OrfCtlLatencies {
  guint64 n;
  gint64 longest_us;
  guint64 counts[N_COUNTS]; /* what took longer is in none of them */
};

OrfCtlLatencies *
orf_ctl_latencies_new (void)
{
  return g_new0 (OrfCtlLatencies, 1);
}

void
orf_ctl_latencies_free (OrfCtlLatencies *latencies)
{
  g_free (latencies);
}

void
orf_ctl_latencies_add (OrfCtlLatencies *latencies, gint64 took_us)
{
  latencies->n++;
  latencies->longest_us = MAX (latencies->longest_us, took_us);
  if (took_us < N_COUNTS)
    latencies->counts[MAX (took_us, 0)]++;
}

guint64
orf_ctl_latencies_get_n (const OrfCtlLatencies *latencies)
{
  return latencies->n;
}

gint64
orf_ctl_latencies_get_us (const OrfCtlLatencies *latencies, double share)
{
  guint64 wanted = MAX ((guint64) ceil (share * (double) latencies->n), 1), seen = 0;

  if (latencies->n == 0)
    return -1;
  for (gint64 us = 0; us < N_COUNTS; us++) {
    seen += latencies->counts[us];
    if (seen >= wanted)
      return us;
  }
  return latencies->longest_us;
}
