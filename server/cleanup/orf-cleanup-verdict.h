/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * What an attempt came to: what was claimed beside what was measured.  Pure.
 */
typedef enum {
  ORF_TURN_DONE,
  ORF_TURN_PARTIAL,
  ORF_TURN_REFUSED,
  ORF_TURN_LOST,      /* it went away */
  ORF_TURN_TIMED_OUT, /* it said nothing in time */
} OrfTurnEnd;

/* A worker's turn.  Bytes: -1 unknown. */
typedef struct {
  OrfTurnEnd end;
  gint64 claimed_bytes;
  gint64 idle_bytes;   /* what it held idle when it was asked */
  gint64 before_bytes; /* measured */
  gint64 after_bytes;
  gint64 released_bytes; /* measured: how far it fell at most, also where it rose again */
  OrfCleanupMeasure measured_by;
  gboolean explained; /* its own reports say where the rest of its claim is: taken again */
  gboolean blurred;   /* what was measured moves by others: that it did not fall says nothing */
} OrfTurn;

/* By how much a claim and a measurement may differ and still be the same: 5 % of the larger one,
 * and not less than what moves by itself. */
gint64 orf_verdict_get_tolerance_bytes (OrfCleanupMeasure measured_by, gint64 bytes);

/* Measured; *freed_bytes is negative where memory rose.  FALSE: it is not known. */
gboolean orf_verdict_get_freed_bytes (const OrfTurn *turn, gint64 *freed_bytes);
OrfCleanupWorkerVerdict orf_verdict_of_turn (const OrfTurn *turn);

/* The whole attempt. */
typedef struct {
  const OrfTurn *turns;
  guint n_turns;
  guint n_left_over; /* workers that there was no more time for */
  gint64 before_bytes, after_bytes;
  OrfCleanupMeasure measured_by;
  /* What the processes of the workers use less at the end than before, whatever others did. */
  gboolean has_given;
  gint64 given_bytes;
} OrfAttempt;

/* What all turns together released; -1: not all could be measured. */
gint64 orf_verdict_sum_released_bytes (const OrfAttempt *attempt);
OrfCleanupVerdict orf_verdict_of_attempt (const OrfAttempt *attempt);

G_END_DECLS
