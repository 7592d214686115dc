/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-cancel.h"

#include <stdatomic.h>

#include "core/orf-clock.h"

struct _OrfCancel {
  atomic_int references;
  atomic_bool triggered;
  gint64 deadline_us; /* never changes */
};

OrfCancel *
orf_cancel_new (gint64 deadline_us)
{
  OrfCancel *cancel = g_new0 (OrfCancel, 1);

  atomic_init (&cancel->references, 1);
  atomic_init (&cancel->triggered, FALSE);
  cancel->deadline_us = deadline_us;
  return cancel;
}

OrfCancel *
orf_cancel_ref (OrfCancel *cancel)
{
  atomic_fetch_add (&cancel->references, 1);
  return cancel;
}

void
orf_cancel_unref (OrfCancel *cancel)
{
  if (atomic_fetch_sub (&cancel->references, 1) == 1)
    g_free (cancel);
}

void
orf_cancel_trigger (OrfCancel *cancel)
{
  atomic_store (&cancel->triggered, TRUE);
}

gboolean
orf_cancel_is_set (OrfCancel *cancel)
{
  if (cancel == NULL)
    return FALSE;
  if (atomic_load (&cancel->triggered))
    return TRUE;
  return cancel->deadline_us > 0 && orf_clock_monotonic_us () >= cancel->deadline_us;
}

gint64
orf_cancel_get_deadline_us (OrfCancel *cancel)
{
  return cancel->deadline_us;
}
