/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What past cleanups say of a worker: which share of what was to be had from it came, and how much
 * that was.  The newest weigh most.  Pure; all zero is a worker that was never asked.
 */
typedef struct {
  double share_weight;
  double share_sum;
  double freed_weight;
  double freed_sum_bytes;
} OrfHonesty;

/* An attempt.  claimed_bytes, freed_bytes -1: not known.  answered: FALSE when it refused, or said
 * nothing in time. */
void
orf_honesty_add (OrfHonesty *honesty, gboolean answered, gint64 claimed_bytes, gint64 freed_bytes);
/* 0-1: by which a promise of it is multiplied; 1 for one that was never asked. */
double orf_honesty_get_share (const OrfHonesty *honesty);
/* What an attempt brought, in the mean; -1: not known. */
gint64 orf_honesty_get_freed_bytes (const OrfHonesty *honesty);

G_END_DECLS
