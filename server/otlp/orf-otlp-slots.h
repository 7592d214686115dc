/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-registry.h"
#include "otlp/orf-otlp-batch.h"

G_BEGIN_DECLS

/*
 * The main context's side of the ingest thread's cache: which series a slot means, and what its
 * points left behind that the next one needs.  A series of a slot is held while it is in use.
 */
typedef struct _OrfOtlpSlots OrfOtlpSlots;

typedef struct {
  OrfSeries *series;   /* held; NULL: not resolved yet, or not in use for a while */
  OrfOtlpSeries *name; /* what to resolve; NULL while there is a series */
  const char *refusal; /* why there is none; NULL: none was tried */
  gint64 used_us;      /* monotonic */
  gint64 start_us;     /* of the newest point; 0: it told none */
  gint64 sent_us;      /* time of the newest point as it was sent; of deltas only */
  gint64 last_us;      /* the newest time that was written */
} OrfOtlpSlot;

OrfOtlpSlots *orf_otlp_slots_new (OrfRegistry *registry);
/* Where the registry is gone already its series are not released. */
void orf_otlp_slots_free (OrfOtlpSlots *slots, gboolean release);

/* What a batch brought: its new series are the slots' from now on, those of families excepted. */
void orf_otlp_slots_take (OrfOtlpSlots *slots, OrfOtlpBatch *batch);
/* Borrowed until the next take. */
OrfOtlpSlot *orf_otlp_slots_get (OrfOtlpSlots *slots, guint32 number);
void orf_otlp_slots_settle (OrfOtlpSlots *slots, guint32 number, OrfSeries *series);
/* How often all were forgotten: a number that was kept over that is void. */
guint64 orf_otlp_slots_get_generation (const OrfOtlpSlots *slots);

/* Once a minute: lets go of series that had nothing since idle_us, so that they can be retired. */
void orf_otlp_slots_tick (OrfOtlpSlots *slots, gint64 idle_us);

G_END_DECLS
