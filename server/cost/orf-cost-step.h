/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * Who used a device in the time up to a sample of it.  Pure.
 *
 * What was used is the share of time in which the device computed; of a driver that does not tell,
 * the share of its memory that is held.  It is split over the processes that it computed for, where
 * that is told, else over those that hold memory there, in proportion.
 */
typedef struct {
  const char *process;
  const char *worker;         /* NULL: it is none */
  gint64 held_bytes;          /* -1: unknown */
  double utilization_percent; /* of the device, for it; NAN: unknown */
} OrfCostHolder;

typedef struct {
  gint64 step_us;
  double utilization_percent; /* NAN: unknown */
  gint64 total_bytes;         /* -1: unknown, as the next two */
  gint64 used_bytes;          /* of a device that shares the host's memory: unknown */
  gint64 driver_bytes;        /* of used_bytes, held by no process */
  gboolean complete;          /* no others than the holders hold memory */
  const OrfCostHolder *holders;
  guint n_holders;
} OrfCostLook;

typedef struct {
  gint64 used_us;   /* the rest of the step was idle */
  gint64 nobody_us; /* of used_us, of no holder */
  OrfCostBasis basis;
} OrfCostStep;

/* parts: of each holder; with nobody_us they are used_us. */
OrfCostStep orf_cost_step_decide (const OrfCostLook *look, gint64 *parts);

G_END_DECLS
