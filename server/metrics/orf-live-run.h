/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-live-layout.h"

G_BEGIN_DECLS

/*
 * The steps of an expression that is kept up to date, as they are laid out, at one time.
 */
typedef struct {
  gint64 now_us;
  guint n_short; /* answers that there was no room for, so far */
  GError *error; /* NULL, or why the rest cannot be run: two known lines have the same key */
} OrfLiveTick;

/* Its inputs were run before it.  Fills step->values. */
void orf_live_step_run (OrfLiveTick *tick, OrfLiveStep *step);

G_END_DECLS
