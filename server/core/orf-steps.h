/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What a call that is traced spends its time on, other than running in its own context: waiting for
 * a thread, being worked on there, waiting to be taken back.  orf-queue.h puts down what crosses
 * threads by itself; calls that are not traced have none, and cost a look at a pointer.
 *
 * The list belongs to the context in which the call runs; other threads only carry it.
 */
typedef struct _OrfSteps OrfSteps;

typedef struct {
  const char *name;        /* static */
  gint64 start_us, end_us; /* monotonic */
} OrfStep;

/* It begins now.  Steps that are not longer than slow_us are not put down. */
OrfSteps *orf_steps_new (gint64 slow_us);
OrfSteps *orf_steps_ref (OrfSteps *steps);
/* Any thread. */
void orf_steps_unref (OrfSteps *steps);

/* name: static. */
void orf_steps_add (OrfSteps *steps, const char *name, gint64 start_us, gint64 end_us);
/* Borrowed, by when they ended. */
const OrfStep *orf_steps_get (const OrfSteps *steps, guint *n_steps);
gint64 orf_steps_get_began_us (const OrfSteps *steps); /* monotonic */
/* Longer ones that there was no room for. */
guint orf_steps_get_n_dropped (const OrfSteps *steps);

/* Whose work this thread does now; NULL: nobody's that is traced.  Answers whose it did before,
 * which the caller gives back to it when it is done. */
OrfSteps *orf_steps_enter (OrfSteps *steps);
OrfSteps *orf_steps_get_current (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSteps, orf_steps_unref)

G_END_DECLS
