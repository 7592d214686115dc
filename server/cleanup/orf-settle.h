/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Whether memory that is looked at again and again has come to rest: it stayed within a band for
 * a window of time.  A window, and not a sleep: what is quiet at once is told at once, and what
 * falls for seconds is waited for.  Pure.
 */
typedef struct {
  gint64 window_us;
  gint64 band_bytes; /* between the least and the most of the window */
} OrfSettleLimits;

typedef struct {
  OrfSettleLimits limits;
  gint64 since_us, last_us; /* of the looks that are within the band */
  gint64 low_bytes, high_bytes;
  guint n_looks; /* of those */
  /* of all looks: */
  gboolean peak_closed;
  gint64 peak_bytes;   /* -1: nothing was known yet */
  gint64 fallen_bytes; /* the most that it was below the peak; -1: nothing was known yet */
} OrfSettle;

void orf_settle_begin (OrfSettle *settle, const OrfSettleLimits *limits);
/* t_us: monotonic, of the look.  bytes -1: it could not be known, and what was before says nothing
 * any more. */
void orf_settle_add (OrfSettle *settle, gint64 t_us, gint64 bytes);
gboolean orf_settle_is_flat (const OrfSettle *settle);
/* What rises from now on is taken again: it does not count for how far memory fell. */
void orf_settle_close_peak (OrfSettle *settle);
/* By how much it fell at most, from the peak to any later look; -1: nothing is known. */
gint64 orf_settle_get_fallen_bytes (const OrfSettle *settle);

/* ---- when a worker's turn is over ------------------------------------------------------------ */

/* What is known of a turn at one moment; times are monotonic. */
typedef struct {
  gboolean answered; /* or nothing more is to come: it refused, went away, did not answer in time */
  gboolean may_still_free; /* it answered that it did something: servers answer before they free */
  gint64 answered_us;
  gint64 wanted_bytes;    /* what it claims, else what was expected of it; -1: neither */
  gint64 released_bytes;  /* how far it fell at most so far; -1: cannot be measured */
  gint64 tolerance_bytes; /* of a measurement */
  gint64 now_us;
  gint64 grace_us; /* how long memory may take to follow an answer */
  gint64 end_us;   /* then it is over in any case */
} OrfTurnFacts;

gboolean orf_settle_turn_is_over (const OrfSettle *settle, const OrfTurnFacts *facts);

G_END_DECLS
