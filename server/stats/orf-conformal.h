/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Which interval of a predictive distribution to tell, so that outcomes lie outside as often as
 * promised whether or not the distribution is right: adaptive conformal inference, I. Gibbs,
 * E. Candès, "Adaptive Conformal Inference Under Distribution Shift", NeurIPS 2021.  The share of
 * mass left outside moves by rate × (promised − missed) with each outcome.  A value.
 */
typedef struct {
  float outside; /* share of mass to leave outside */
} OrfConformal;

void orf_conformal_init (OrfConformal *conformal, float promised);
/* promised: the share of outcomes that may lie outside; rate: how fast it follows, per outcome. */
void orf_conformal_push (OrfConformal *conformal, float promised, gboolean missed, float rate);
gboolean orf_conformal_is_valid (const OrfConformal *conformal);

G_END_DECLS
