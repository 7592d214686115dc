/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-frame.h"

G_BEGIN_DECLS

/*
 * The pace: on each multiple of a source's period it asks the sources that are due, waits at most
 * 100 ms for those that answer later, gathers one frame and sends it on its way.  Main context.
 */
typedef struct _OrfSampler OrfSampler;

typedef struct {
  /* Ask for new values; TRUE when they come later, then orf_sampler_settle() is called.  May be
   * NULL. */
  gboolean (*begin) (gpointer source);
  /* Put what there is into the frame. */
  void (*fill) (gpointer source, OrfFrame *frame);
  /* Looked at before each tick, so that a reload takes hold. */
  gint64 (*get_period_us) (gpointer source);
} OrfSamplerSource;

/* config outlives it. */
OrfSampler *orf_sampler_new (OrfRegistry *registry, OrfStore *store, const OrfConfig *config);
/* Hands what it gathered to the store. */
void orf_sampler_free (OrfSampler *sampler);

/* ops is static; self, the source, outlives the sampler. */
void orf_sampler_add_source (OrfSampler *sampler, const OrfSamplerSource *ops, gpointer self);
void orf_sampler_start (OrfSampler *sampler);
/* func: after each frame, when the open chunks have it; t_us is the frame's. */
void orf_sampler_add_listener (OrfSampler *sampler,
                               void (*func) (gpointer user_data, gint64 t_us),
                               gpointer user_data);
/* All that the source was asked for is there. */
void orf_sampler_settle (OrfSampler *sampler, gpointer self);

/* A value that was taken by itself, at a time of its own: to the open chunk, and to the store with
 * the next batch.  What is not finite adds nothing. */
void orf_sampler_record (OrfSampler *sampler, OrfSeries *series, gint64 t_us, double value);

typedef struct {
  gint64 t_us;          /* of the last frame; 0: none yet */
  gint64 frame_us;      /* from the tick to the last frame's end, waiting for sources included */
  gint64 loop_stall_us; /* by how much a tick came late, the most of the last minute */
  guint n_values;       /* of the last frame */
} OrfSamplerStats;
OrfSamplerStats orf_sampler_get_stats (OrfSampler *sampler);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSampler, orf_sampler_free)

G_END_DECLS
