/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Who keeps a context from turning.  A loop is watched by the thread that runs it; where something
 * begins that may take long (a call, a timer, the answers of a queue), it says so, and the time up
 * to its end is its own, without that of what it begins itself.  An iteration that took longer than
 * the limit is told with the one that took most of it.  Costs two looks at the clock a turn; in a
 * thread that watches nothing, nothing.
 */
typedef struct _OrfTurn OrfTurn;
/* On the stack of who begins it. */
struct _OrfTurn {
  const char *kind, *name; /* "call", "metrics.record": both outlive the process' watching */
  OrfTurn *outer;
};

void orf_turn_begin (OrfTurn *turn, const char *kind, const char *name);
/* One is over, and the next begins, in the same place. */
void orf_turn_go_on (OrfTurn *turn, const char *name);
void orf_turn_end (OrfTurn *turn);

/* An iteration that was too long. */
typedef struct {
  const char *kind, *name; /* kind "other", name "": nothing that said so */
  gint64 took_us;
  gint64 own_us; /* of it, what the one named took */
  gint64 cpu_us; /* of it, what the thread ran; the rest it waited, or was not let run */
} OrfTurnStall;

/* Inside the loop, between two iterations. */
typedef void (*OrfTurnStalled) (gpointer user_data, const OrfTurnStall *stall);

/* context NULL: the default one; of this thread.  limit_us: looked at each time, and outlives it.
 */
void orf_turn_watch (GMainContext *context,
                     const gint64 *limit_us,
                     OrfTurnStalled stalled,
                     gpointer user_data);
void orf_turn_unwatch (void);

G_END_DECLS
