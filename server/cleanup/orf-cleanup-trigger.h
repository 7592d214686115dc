/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-schema-config.h"
#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * When the daemon cleans up by itself: while pressure is high, not more often than the cooldown,
 * and less and less often where it brings nothing.  Pure; all zero is a device that was never
 * looked at.
 */
typedef struct {
  gint64 next_us; /* monotonic: not before */
  guint n_fruitless;
  gboolean told;           /* of this time of high pressure it was said what could be done */
  gint64 next_foreseen_us; /* monotonic: not before, by what is foretold */
} OrfCleanupTriggerState;

typedef enum {
  ORF_CLEANUP_IMPULSE_NONE,
  ORF_CLEANUP_IMPULSE_ADVISE,
  ORF_CLEANUP_IMPULSE_ACT,
  ORF_CLEANUP_IMPULSE_LIMITED, /* not again so soon */
} OrfCleanupImpulse;

OrfCleanupImpulse orf_cleanup_trigger_decide (OrfCleanupTriggerState *state,
                                              OrfConfigGpuCleanup mode,
                                              OrfPressureLevel pressure,
                                              gint64 now_us);
/* It is foretold that memory will run out, whatever pressure is now: with a cooldown of its own,
 * and not while workers have nothing. */
OrfCleanupImpulse orf_cleanup_trigger_foresee (OrfCleanupTriggerState *state,
                                               OrfConfigGpuPredictiveCleanup mode,
                                               gint64 cooldown_us,
                                               gint64 now_us);
/* An attempt has ended, whoever began it. */
void orf_cleanup_trigger_ended (OrfCleanupTriggerState *state,
                                gboolean fruitful,
                                gint64 cooldown_us,
                                gint64 now_us);

G_END_DECLS
