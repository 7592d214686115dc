/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-cleanup-trigger.h"

/* 2^6 cooldowns, about an hour by default: workers that have nothing are not asked for ever. */
#define MAX_DOUBLINGS 6

OrfCleanupImpulse
orf_cleanup_trigger_decide (OrfCleanupTriggerState *state,
                            OrfConfigGpuCleanup mode,
                            OrfPressureLevel pressure,
                            gint64 now_us)
{
  /* A probe that is away says nothing: what was told of the device holds when it is back. */
  if (pressure == ORF_PRESSURE_LEVEL_UNSET)
    return ORF_CLEANUP_IMPULSE_NONE;
  if (pressure < ORF_PRESSURE_LEVEL_HIGH) {
    /* What brought nothing then may bring something next time. */
    state->told = FALSE;
    state->n_fruitless = 0;
    return ORF_CLEANUP_IMPULSE_NONE;
  }
  if (mode == ORF_CONFIG_GPU_CLEANUP_ACT)
    return now_us >= state->next_us ? ORF_CLEANUP_IMPULSE_ACT : ORF_CLEANUP_IMPULSE_NONE;
  if (mode != ORF_CONFIG_GPU_CLEANUP_ADVISE || state->told)
    return ORF_CLEANUP_IMPULSE_NONE;
  state->told = TRUE;
  return ORF_CLEANUP_IMPULSE_ADVISE;
}

OrfCleanupImpulse
orf_cleanup_trigger_foresee (OrfCleanupTriggerState *state,
                             OrfConfigGpuPredictiveCleanup mode,
                             gint64 cooldown_us,
                             gint64 now_us)
{
  gboolean acts = mode == ORF_CONFIG_GPU_PREDICTIVE_CLEANUP_ACT;

  if (mode == ORF_CONFIG_GPU_PREDICTIVE_CLEANUP_OFF)
    return ORF_CLEANUP_IMPULSE_NONE;
  if (now_us < state->next_foreseen_us || (acts && now_us < state->next_us))
    return ORF_CLEANUP_IMPULSE_LIMITED;
  state->next_foreseen_us = now_us + cooldown_us;
  return acts ? ORF_CLEANUP_IMPULSE_ACT : ORF_CLEANUP_IMPULSE_ADVISE;
}

void
orf_cleanup_trigger_ended (OrfCleanupTriggerState *state,
                           gboolean fruitful,
                           gint64 cooldown_us,
                           gint64 now_us)
{
  if (fruitful)
    state->n_fruitless = 0;
  state->next_us = now_us + (cooldown_us << MIN (state->n_fruitless, MAX_DOUBLINGS));
  if (!fruitful)
    state->n_fruitless++;
}
