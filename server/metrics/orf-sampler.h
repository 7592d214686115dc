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
  const char *name;
  /* Ask for new values; TRUE when they come later, then orf_sampler_settle() is called.  May be
   * NULL. */
  gboolean (*begin) (gpointer source);
  /* Put what there is into the frame. */
  void (*fill) (gpointer source, OrfFrame *frame);
  /* Now; read before each tick, so that a reload takes hold.  Multiples of 10 ms. */
  gint64 (*get_period_us) (gpointer source);
} OrfSamplerSource;

OrfSampler *orf_sampler_new (OrfRegistry *registry, OrfStore *store, const OrfConfig *config);
/* Hands what it gathered to the store. */
void orf_sampler_free (OrfSampler *sampler);

/* ops is static; source outlives the sampler. */
void orf_sampler_add_source (OrfSampler *sampler, const OrfSamplerSource *ops, gpointer source);
/* What every finished frame goes to, after the chunks: borrowed during the call. */
void orf_sampler_add_listener (OrfSampler *sampler,
                               void (*frame_cb) (gpointer user_data, const OrfFrame *frame),
                               gpointer user_data);
void orf_sampler_start (OrfSampler *sampler);
/* All that the source was asked for is there. */
void orf_sampler_settle (OrfSampler *sampler, gpointer source);

/* What the tick cost, and how far the loop was behind when it began. */
typedef struct {
  gint64 t_us;          /* of the last frame; 0: none yet */
  gint64 frame_us;      /* time from the tick to the frame's end */
  gint64 loop_stall_us; /* longest delay of a tick in the last minute */
  guint n_values;
} OrfSamplerStats;
OrfSamplerStats orf_sampler_get_stats (OrfSampler *sampler);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSampler, orf_sampler_free)

G_END_DECLS
