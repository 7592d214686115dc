/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-span-batch.h"

G_BEGIN_DECLS

/*
 * How the devices were in the last minutes: what spans, which come when they are over, are told of
 * their beginning and their end.  Main context.
 */
typedef struct _OrfSpanStates OrfSpanStates;

/* So many are remembered: 20 minutes of one a second. */
#define ORF_SPAN_STATES_MAX 1200

typedef struct {
  const char *device;
  gint64 used_bytes;               /* -1: unknown */
  OrfPressureLevel pressure_level; /* …_UNSET: unknown */
  double fragmentation_percent;    /* NAN: unknown */
  double utilization_percent;      /* the same */
} OrfDeviceState;

OrfSpanStates *orf_span_states_new (void);
void orf_span_states_free (OrfSpanStates *states);

/* What was at t_us, and is taken to hold until the next is added, for hold_us at most.  Those of
 * later times are forgotten; one of the same time stays instead.  cache_hit_rate_percent: NAN:
 * unknown. */
void orf_span_states_add (OrfSpanStates *states,
                          gint64 t_us,
                          gint64 hold_us,
                          const OrfDeviceState *devices,
                          guint n_devices,
                          double cache_hit_rate_percent);
/* Sets OrfSpan.gpu of each of whose beginning or end something is known.  Spans of the same two
 * states have one mark. */
void orf_span_states_mark (const OrfSpanStates *states, OrfSpanBatch *batch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSpanStates, orf_span_states_free)

G_END_DECLS
