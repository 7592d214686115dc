/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "cleanup/orf-honesty.h"
#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * Who is asked to give memory back, in which order, and why: those first of whom most is to be
 * expected.  Pure: what is known of the workers in, a list with reasons out; the order depends on
 * nothing else.
 */
typedef enum {
  ORF_CLEANUP_CAN_TRIM = 1 << 0,   /* give back what is idle */
  ORF_CLEANUP_CAN_SHRINK = 1 << 1, /* make its pools smaller */
  ORF_CLEANUP_CAN_UNLOAD = 1 << 2, /* drop what it can load again */
} OrfCleanupAbility;

/* A worker on the device.  Bytes: -1 unknown. */
typedef struct {
  gint64 no;         /* ties are broken by it: the older first */
  gboolean is_there; /* FALSE: lost, or nobody listens */
  guint abilities;   /* OrfCleanupAbility; 0: it did not say, and is asked for what all can */
  gint64 allocated_bytes;
  gint64 reserved_bytes;
  gint64 inactive_split_bytes;
  OrfHonesty honesty;
} OrfCleanupCandidate;

typedef struct {
  guint candidate;       /* its index */
  gboolean asked;        /* FALSE: left out, for the reason given; those come last */
  gint64 idle_bytes;     /* what it could give at this level by its own report; -1: unknown */
  gint64 expected_bytes; /* what of that is to be expected after past cleanups; -1: unknown */
  char *reason;          /* a sentence without its full stop */
} OrfCleanupStep;

void orf_cleanup_step_free (OrfCleanupStep *step);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCleanupStep, orf_cleanup_step_free)

/* The words of worker.register: unknown ones say nothing. */
guint orf_cleanup_parse_abilities (const char *const *capabilities);

/* Of OrfCleanupStep: each candidate once, those to be asked first and in their order. */
GPtrArray *
orf_cleanup_plan (const OrfCleanupCandidate *candidates, guint n_candidates, OrfCleanupLevel level);

/* How long the next of n_left workers may take of the time that is left: all have the same, and
 * what one leaves is the others'; but never so little that it could not answer. */
gint64 orf_cleanup_share_us (gint64 left_us, guint n_left);
/* How many of n_left workers are asked at once, where each can be measured by its process: one,
 * unless there is less than a second for each. */
guint orf_cleanup_choose_width (gint64 left_us, guint n_left);

G_END_DECLS
