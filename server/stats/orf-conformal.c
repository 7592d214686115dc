/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-conformal.h"

/* Where it stays: beyond, a distribution of some dozens of points has no quantiles to tell, and
 * after a long calm the way back would take as long. */
#define MIN_OUTSIDE .02f
#define MAX_OUTSIDE .90f

void
orf_conformal_init (OrfConformal *conformal, float promised)
{
  *conformal = (OrfConformal){ .outside = promised };
}

void
orf_conformal_push (OrfConformal *conformal, float promised, gboolean missed, float rate)
{
  conformal->outside += rate * (promised - (missed ? 1 : 0));
  conformal->outside = CLAMP (conformal->outside, MIN_OUTSIDE, MAX_OUTSIDE);
}

gboolean
orf_conformal_is_valid (const OrfConformal *conformal)
{
  return conformal->outside >= MIN_OUTSIDE && conformal->outside <= MAX_OUTSIDE;
}
