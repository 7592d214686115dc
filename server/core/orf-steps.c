/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-steps.h"

#include <stdatomic.h>

#include "core/orf-clock.h"

/* A call that reads a hundred times in a row is told by its first ones. */
#define MAX_STEPS 32

struct _OrfSteps {
  atomic_int references;
  gint64 began_us, slow_us;
  guint n_steps, n_dropped;
  OrfStep steps[MAX_STEPS];
};

static __thread OrfSteps *current;

OrfSteps *
orf_steps_new (gint64 slow_us)
{
  OrfSteps *steps = g_new0 (OrfSteps, 1);

  atomic_init (&steps->references, 1);
  steps->began_us = orf_clock_monotonic_us ();
  steps->slow_us = slow_us;
  return steps;
}

OrfSteps *
orf_steps_ref (OrfSteps *steps)
{
  atomic_fetch_add (&steps->references, 1);
  return steps;
}

void
orf_steps_unref (OrfSteps *steps)
{
  if (atomic_fetch_sub (&steps->references, 1) == 1)
    g_free (steps);
}

void
orf_steps_add (OrfSteps *steps, const char *name, gint64 start_us, gint64 end_us)
{
  if (end_us - start_us <= steps->slow_us)
    return;
  if (steps->n_steps < MAX_STEPS)
    steps->steps[steps->n_steps++] = (OrfStep){ name, start_us, end_us };
  else
    steps->n_dropped++;
}

const OrfStep *
orf_steps_get (const OrfSteps *steps, guint *n_steps)
{
  *n_steps = steps->n_steps;
  return steps->steps;
}

gint64
orf_steps_get_began_us (const OrfSteps *steps)
{
  return steps->began_us;
}

guint
orf_steps_get_n_dropped (const OrfSteps *steps)
{
  return steps->n_dropped;
}

OrfSteps *
orf_steps_enter (OrfSteps *steps)
{
  OrfSteps *before = current;

  current = steps;
  return before;
}

OrfSteps *
orf_steps_get_current (void)
{
  return current;
}
