/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-zipf.h"

#include <math.h>

struct _OrfCtlZipf {
  guint n;
  double sums[]; /* of the weights of 0 to i, rising */
};

OrfCtlZipf *
orf_ctl_zipf_new (guint n, double exponent)
{
  OrfCtlZipf *zipf = g_malloc (sizeof *zipf + n * sizeof *zipf->sums);
  double sum = 0;

  zipf->n = n;
  for (guint i = 0; i < n; i++)
    zipf->sums[i] = sum += pow (i + 1.0, -exponent);
  return zipf;
}

void
orf_ctl_zipf_free (OrfCtlZipf *zipf)
{
  g_free (zipf);
}

guint
orf_ctl_zipf_draw (const OrfCtlZipf *zipf, double chance)
{
  double wanted = chance * zipf->sums[zipf->n - 1];
  guint low = 0, high = zipf->n - 1;

  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (zipf->sums[middle] > wanted)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}
