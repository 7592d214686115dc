/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-turn.h"

#include "core/orf-clock.h"
#include "core/orf-timer.h"

/* What a turn is made to last, and the limit above which it is told: far apart, as a loaded machine
 * makes short turns long. */
#define LONG_US  (300 * ORF_US_PER_MS)
#define SHORT_US (5 * ORF_US_PER_MS)

typedef struct {
  gint64 limit_us;
  guint n;
  char *kind, *name;
  OrfTurnStall last;
} Fixture;

static void
stalled_cb (gpointer user_data, const OrfTurnStall *stall)
{
  Fixture *fixture = user_data;

  fixture->n++;
  g_free (fixture->kind);
  g_free (fixture->name);
  fixture->kind = g_strdup (stall->kind);
  fixture->name = g_strdup (stall->name);
  fixture->last = *stall;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->limit_us = LONG_US;
  orf_turn_watch (NULL, &fixture->limit_us, stalled_cb, fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  orf_turn_unwatch ();
  g_free (fixture->kind);
  g_free (fixture->name);
}

/* name: as orf_timer_start() makes it of its func. */
static void
iterate (GSourceFunc func, const char *name)
{
  GSource *timer = orf_timer_start_named (0, func, NULL, name);

  /* the second is where the first is told */
  g_main_context_iteration (NULL, TRUE);
  g_main_context_iteration (NULL, FALSE);
  orf_timer_stop (timer);
}

static gboolean
rest_cb (gpointer user_data)
{
  g_usleep (LONG_US);
  return G_SOURCE_REMOVE;
}

static void
test_timer (Fixture *fixture, gconstpointer data)
{
  iterate (rest_cb, "rest_cb");
  g_assert_cmpuint (fixture->n, ==, 1);
  g_assert_cmpstr (fixture->kind, ==, "timer");
  g_assert_cmpstr (fixture->name, ==, "rest_cb");
  g_assert_cmpint (fixture->last.took_us, >=, LONG_US);
  g_assert_cmpint (fixture->last.own_us, >=, LONG_US);
  g_assert_cmpint (fixture->last.cpu_us, <, LONG_US / 2); /* it slept */
}

/* One inside another: the time is the inner one's, and of the outer what is left. */
static gboolean
nest_cb (gpointer user_data)
{
  OrfTurn outer, inner;

  orf_turn_begin (&outer, "frame", "first");
  g_usleep (SHORT_US);
  orf_turn_go_on (&outer, "second");
  orf_turn_begin (&inner, "call", "slow");
  g_usleep (LONG_US);
  orf_turn_end (&inner);
  orf_turn_end (&outer);
  return G_SOURCE_REMOVE;
}

static void
test_nested (Fixture *fixture, gconstpointer data)
{
  iterate (nest_cb, "nest_cb");
  g_assert_cmpuint (fixture->n, ==, 1);
  g_assert_cmpstr (fixture->kind, ==, "call");
  g_assert_cmpstr (fixture->name, ==, "slow");
}

/* Many short ones of the same name are one. */
static gboolean
repeat_cb (gpointer user_data)
{
  for (guint i = 0; i < LONG_US / SHORT_US; i++) {
    OrfTurn turn;

    orf_turn_begin (&turn, "call", "often");
    g_usleep (SHORT_US);
    orf_turn_end (&turn);
  }
  return G_SOURCE_REMOVE;
}

static void
test_repeated (Fixture *fixture, gconstpointer data)
{
  iterate (repeat_cb, "repeat_cb");
  g_assert_cmpuint (fixture->n, ==, 1);
  g_assert_cmpstr (fixture->name, ==, "often");
}

/* A source that says nothing. */
static void
test_other (Fixture *fixture, gconstpointer data)
{
  g_idle_add (rest_cb, NULL);
  g_main_context_iteration (NULL, TRUE);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (fixture->n, ==, 1);
  g_assert_cmpstr (fixture->kind, ==, "other");
}

static gboolean
nothing_cb (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

/* Waiting is no stall. */
static void
test_rest (Fixture *fixture, gconstpointer data)
{
  GSource *timer;

  fixture->limit_us = G_MAXINT64;
  timer = orf_timer_start ((guint) (LONG_US / ORF_US_PER_MS), nothing_cb, NULL);
  g_main_context_iteration (NULL, TRUE);
  fixture->limit_us = LONG_US;
  g_main_context_iteration (NULL, FALSE);
  orf_timer_stop (timer);
  g_assert_cmpuint (fixture->n, ==, 0);
}

/* Where nobody watches. */
static void
test_unwatched (void)
{
  OrfTurn turn;

  orf_turn_begin (&turn, "call", "any");
  orf_turn_go_on (&turn, "other");
  orf_turn_end (&turn);
  orf_turn_unwatch ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/turn/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("timer", test_timer);
  ADD ("nested", test_nested);
  ADD ("repeated", test_repeated);
  ADD ("other", test_other);
  ADD ("rest", test_rest);
  g_test_add_func ("/turn/unwatched", test_unwatched);
  return g_test_run ();
}
