/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants: an iteration lasts from where poll() returns to where it is called again; all time in
 * it belongs to the innermost turn that is open, or to nobody.  Turns with the same words are one.
 */
#include "core/orf-turn.h"

#include <time.h>

#include "core/orf-clock.h"

/* Different turns of one iteration whose time is added up; of more, the rest is nobody's. */
#define MAX_SUMS 16

typedef struct {
  const char *kind, *name;
  gint64 own_us;
} Sum;

typedef struct {
  GMainContext *context;
  GPollFunc poll;
  const gint64 *limit_us;
  OrfTurnStalled stalled;
  gpointer user_data;

  gint64 began_us; /* of the iteration; 0: none yet */
  gint64 began_cpu_us;
  gint64 mark_us; /* up to which time is shared out */
  OrfTurn *innermost;
  Sum sums[MAX_SUMS];
  guint n_sums;
} Watch;

static _Thread_local Watch *watch;

static gint64
read_cpu_us (void)
{
  struct timespec used;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &used);
  return used.tv_sec * ORF_US_PER_S + used.tv_nsec / 1000;
}

static Sum *
find_sum (const OrfTurn *turn)
{
  for (guint i = 0; i < watch->n_sums; i++)
    if (watch->sums[i].name == turn->name && watch->sums[i].kind == turn->kind)
      return &watch->sums[i];
  if (watch->n_sums == MAX_SUMS)
    return NULL;
  watch->sums[watch->n_sums] = (Sum){ turn->kind, turn->name, 0 };
  return &watch->sums[watch->n_sums++];
}

/* What passed since the last time is the innermost's. */
static void
share_out (void)
{
  gint64 now_us = orf_clock_monotonic_us ();
  Sum *sum = watch->innermost != NULL ? find_sum (watch->innermost) : NULL;

  if (sum != NULL)
    sum->own_us += now_us - watch->mark_us;
  watch->mark_us = now_us;
}

/* ---- turns ------------------------------------------------------------------------------------
 */

void
orf_turn_begin (OrfTurn *turn, const char *kind, const char *name)
{
  if (watch == NULL)
    return;
  share_out ();
  *turn = (OrfTurn){ kind, name, watch->innermost };
  watch->innermost = turn;
}

void
orf_turn_go_on (OrfTurn *turn, const char *name)
{
  if (watch == NULL || watch->innermost != turn)
    return;
  share_out ();
  turn->name = name;
}

void
orf_turn_end (OrfTurn *turn)
{
  if (watch == NULL || watch->innermost != turn)
    return;
  share_out ();
  watch->innermost = turn->outer;
}

/* ---- iterations -------------------------------------------------------------------------------
 */

static void
tell (gint64 took_us)
{
  OrfTurnStall stall = { "other", "", took_us, took_us, read_cpu_us () - watch->began_cpu_us };
  gint64 most_us = 0;

  for (guint i = 0; i < watch->n_sums; i++)
    stall.own_us -= watch->sums[i].own_us;
  most_us = stall.own_us;
  for (guint i = 0; i < watch->n_sums; i++)
    if (watch->sums[i].own_us > most_us) {
      most_us = watch->sums[i].own_us;
      stall.kind = watch->sums[i].kind;
      stall.name = watch->sums[i].name;
    }
  stall.own_us = most_us;
  watch->stalled (watch->user_data, &stall);
}

static int
poll_cb (GPollFD *fds, guint n_fds, int timeout_ms)
{
  GPollFunc poll = watch->poll;
  gint64 took_us = orf_clock_monotonic_us () - watch->began_us;
  int result;

  if (watch->began_us > 0 && took_us >= *watch->limit_us)
    tell (took_us);
  result = poll (fds, n_fds, timeout_ms);
  watch->n_sums = 0;
  watch->began_cpu_us = read_cpu_us ();
  watch->began_us = watch->mark_us = orf_clock_monotonic_us ();
  return result;
}

void
orf_turn_watch (GMainContext *context,
                const gint64 *limit_us,
                OrfTurnStalled stalled,
                gpointer user_data)
{
  g_return_if_fail (watch == NULL);
  watch = g_new0 (Watch, 1);
  watch->context = g_main_context_ref (context != NULL ? context : g_main_context_default ());
  watch->limit_us = limit_us;
  watch->stalled = stalled;
  watch->user_data = user_data;
  watch->poll = g_main_context_get_poll_func (watch->context);
  g_main_context_set_poll_func (watch->context, poll_cb);
}

void
orf_turn_unwatch (void)
{
  if (watch == NULL)
    return;
  g_main_context_set_poll_func (watch->context, watch->poll);
  g_main_context_unref (watch->context);
  g_clear_pointer (&watch, g_free);
}
