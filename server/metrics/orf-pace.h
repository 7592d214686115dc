/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * When the sampler looks, decided from what the clocks say alone.  A plain value, pure; wall-clock
 * times.
 *
 * - The next look is always computed from now, so that a machine that slept, or whose clock was set
 *   ahead, does not catch up.
 * - A clock set back goes on from where it is.  The times it goes through again are told a
 *   microsecond apart from those told before, a further one each time it is set back: no series
 *   gets two samples of one time, and nothing stops until the clock is where it was.
 */
typedef struct {
  gint64 due_us;    /* of the next look: a multiple of a period, or of a second */
  gint64 last_us;   /* of the one before; 0: none since the clock was set back */
  gint64 newest_us; /* newest time of a frame in this run */
  gint64 shift_us;  /* how often the clock was set back */
} OrfPace;

/* Sets due_us: the first multiple of any period after now and after the look before.  Never more
 * than a second ahead, whatever the periods: there is other work than frames. */
void orf_pace_plan (OrfPace *pace, gint64 now_us, const gint64 *periods_us, guint n_periods);
/* FALSE: now is not the time that was waited for, since the clock was set or the machine slept; a
 * frame would carry a time at which nobody looked.  Plan again. */
gboolean orf_pace_is_due (const OrfPace *pace, gint64 now_us);
/* A source of this period takes part in the look that is due. */
gboolean orf_pace_is_turn (const OrfPace *pace, gint64 period_us);
/* The look took place. */
void orf_pace_pass (OrfPace *pace);
/* The time that the frame of the look that was passed last carries.  Once for each. */
gint64 orf_pace_take_time (OrfPace *pace);

/* Whether what is done once in each period, and was done at last_us, is to be done at t_us: in a
 * later period, or in whichever after the clock was set back. */
gboolean orf_pace_is_new_period (gint64 period_us, gint64 last_us, gint64 t_us);

G_END_DECLS
