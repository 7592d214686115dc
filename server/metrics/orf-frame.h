/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-registry.h"

G_BEGIN_DECLS

/*
 * One tick's values of all series, on their one way: sources fill it, then it goes to the open
 * chunks, to the store, and to whoever listens.  Main context.
 */
typedef struct {
  OrfSeries *series;
  double value;
} OrfFrameValue;

typedef struct {
  gint64 t_us;    /* of every value */
  GArray *values; /* OrfFrameValue */
  OrfRegistry *registry;
} OrfFrame;

OrfFrame *orf_frame_new (OrfRegistry *registry);
void orf_frame_free (OrfFrame *frame);
/* Empties it for the next tick. */
void orf_frame_begin (OrfFrame *frame, gint64 t_us);

/* A built-in series: label_values as its label_names, NULL-terminated, NULL for none.  NAN and
 * infinite values say that it is unknown, and add nothing. */
void
orf_frame_add (OrfFrame *frame, OrfMetricId metric, const char *const *label_values, double value);
/* The same for any series: one that the caller holds between ticks. */
void orf_frame_add_series (OrfFrame *frame, OrfSeries *series, double value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfFrame, orf_frame_free)

G_END_DECLS
