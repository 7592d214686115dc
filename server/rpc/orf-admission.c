/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * By Little's law what waits is the rate times the wait: of N that took W, N * target / W would
 * have taken the target.  The least of a span counts, as CoDel has it: a burst that is worked off
 * within the span is no overload.
 */
#include "rpc/orf-admission.h"

#define SPAN_US 100000

struct _OrfAdmission {
  gint64 target_us;
  guint most;
  guint limit;
  guint n_waiting;
  gint64 began_us; /* of the span */
  guint peak;      /* waited at once in it */
  gint64 least_us; /* that a call took which was answered in it; G_MAXINT64: none was */
  gboolean refused;
};

OrfAdmission *
orf_admission_new (gint64 target_us, guint most)
{
  OrfAdmission *admission = g_new0 (OrfAdmission, 1);

  admission->target_us = target_us;
  admission->most = admission->limit = most;
  admission->least_us = G_MAXINT64;
  return admission;
}

void
orf_admission_free (OrfAdmission *admission)
{
  g_free (admission);
}

static guint
choose_limit (const OrfAdmission *admission, gint64 least_us)
{
  const gint64 limit = admission->limit, peak = admission->peak;

  if (least_us <= admission->target_us)
    return (guint) MIN (limit + (admission->refused ? MAX (limit / 8, 1) : limit), admission->most);
  if (peak <= ORF_ADMISSION_FEW)
    return admission->limit;
  /* at most halved: one span may have been held up by something else */
  return (guint) MAX (MIN (limit, peak) * MAX (admission->target_us, least_us / 2) / least_us,
                      ORF_ADMISSION_FEW);
}

static void
roll (OrfAdmission *admission, gint64 now_us)
{
  const gint64 passed_us = now_us - admission->began_us;
  gint64 least_us = admission->least_us;

  if (passed_us < SPAN_US)
    return;
  /* nobody was answered: those who waited have all that behind them at least */
  if (least_us == G_MAXINT64)
    least_us = admission->n_waiting > 0 ? passed_us : 0;
  admission->limit = choose_limit (admission, least_us);
  admission->began_us = now_us;
  admission->peak = admission->n_waiting;
  admission->least_us = G_MAXINT64;
  admission->refused = FALSE;
}

gboolean
orf_admission_admits (OrfAdmission *admission, gint64 now_us)
{
  roll (admission, now_us);
  if (admission->n_waiting < admission->limit)
    return TRUE;
  admission->refused = TRUE;
  return FALSE;
}

void
orf_admission_begin (OrfAdmission *admission, gint64 now_us)
{
  roll (admission, now_us);
  admission->n_waiting++;
  admission->peak = MAX (admission->peak, admission->n_waiting);
}

void
orf_admission_end (OrfAdmission *admission, gint64 took_us, gboolean answered, gint64 now_us)
{
  roll (admission, now_us);
  g_return_if_fail (admission->n_waiting > 0);
  admission->n_waiting--;
  if (answered)
    admission->least_us = MIN (admission->least_us, took_us);
}
