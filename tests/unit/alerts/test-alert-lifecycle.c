/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/orf-alert-lifecycle.h"

#define S G_GINT64_CONSTANT (1000000)
#define T ORF_ALERT_TRUE
#define H ORF_ALERT_HELD
#define F ORF_ALERT_FALSE
#define U ORF_ALERT_UNKNOWN

typedef struct {
  gint64 at_s;
  OrfAlertCondition condition;
  OrfAlertChange step;
} Row;

static void
assert_steps (const OrfAlertTiming *timing, const Row *rows, guint n_rows, OrfAlertLife *life)
{
  for (guint i = 0; i < n_rows; i++) {
    OrfAlertChange step = orf_alert_life_step (life, timing, rows[i].condition, rows[i].at_s * S);

    if (step != rows[i].step)
      g_error ("row %u, at %" G_GINT64_FORMAT " s: step %d, not %d", i, rows[i].at_s, step,
               rows[i].step);
  }
}

#define ASSERT_STEPS(timing, life, ...)                                                            \
  G_STMT_START                                                                                     \
  {                                                                                                \
    const Row rows[] = { __VA_ARGS__ };                                                            \
    assert_steps (timing, rows, G_N_ELEMENTS (rows), life);                                        \
  }                                                                                                \
  G_STMT_END

static void
test_at_once (void)
{
  const OrfAlertTiming timing = { 0, 0, 0 };
  OrfAlertLife life = { 0 };

  ASSERT_STEPS (&timing, &life, { 1, F, ORF_ALERT_CHANGE_NONE }, { 2, H, ORF_ALERT_CHANGE_NONE },
                { 3, T, ORF_ALERT_CHANGE_FIRING }, { 4, T, ORF_ALERT_CHANGE_NONE },
                { 5, H, ORF_ALERT_CHANGE_NONE }, { 6, F, ORF_ALERT_CHANGE_RESOLVED },
                { 7, T, ORF_ALERT_CHANGE_FIRING });
  g_assert_cmpint (life.started_us, ==, 7 * S);
  g_assert_cmpint (life.resolved_us, ==, 6 * S);
}

static void
test_for (void)
{
  const OrfAlertTiming timing = { 10 * S, 0, 0 };
  OrfAlertLife life = { 0 };

  ASSERT_STEPS (&timing, &life, { 1, T, ORF_ALERT_CHANGE_PENDING }, { 9, T, ORF_ALERT_CHANGE_NONE },
                { 10, H, ORF_ALERT_CHANGE_DROPPED }, { 11, T, ORF_ALERT_CHANGE_PENDING },
                { 12, U, ORF_ALERT_CHANGE_DROPPED }, { 13, T, ORF_ALERT_CHANGE_PENDING });
  g_assert_cmpint (orf_alert_life_get_due_us (&life, &timing), ==, 23 * S);
  ASSERT_STEPS (&timing, &life, { 22, T, ORF_ALERT_CHANGE_NONE },
                { 23, T, ORF_ALERT_CHANGE_FIRING });
  g_assert_cmpint (life.started_us, ==, 13 * S);
  g_assert_cmpint (life.fired_us, ==, 23 * S);
}

static void
test_keep_firing (void)
{
  const OrfAlertTiming timing = { 0, 5 * S, 0 };
  OrfAlertLife life = { 0 };

  ASSERT_STEPS (&timing, &life, { 1, T, ORF_ALERT_CHANGE_FIRING }, { 2, F, ORF_ALERT_CHANGE_NONE },
                { 6, F, ORF_ALERT_CHANGE_NONE }, { 7, H, ORF_ALERT_CHANGE_NONE },
                { 8, F, ORF_ALERT_CHANGE_NONE });
  g_assert_cmpint (orf_alert_life_get_due_us (&life, &timing), ==, 13 * S);
  ASSERT_STEPS (&timing, &life, { 12, F, ORF_ALERT_CHANGE_NONE },
                { 13, F, ORF_ALERT_CHANGE_RESOLVED });
}

static void
test_cooldown (void)
{
  const OrfAlertTiming timing = { 2 * S, 0, 60 * S };
  OrfAlertLife life = { 0 };

  ASSERT_STEPS (&timing, &life, { 1, T, ORF_ALERT_CHANGE_PENDING },
                { 3, T, ORF_ALERT_CHANGE_FIRING }, { 4, F, ORF_ALERT_CHANGE_RESOLVED },
                { 10, T, ORF_ALERT_CHANGE_PENDING }, { 12, T, ORF_ALERT_CHANGE_COOLDOWN },
                { 13, T, ORF_ALERT_CHANGE_NONE });
  g_assert_cmpint (orf_alert_life_get_due_us (&life, &timing), ==, 63 * S);
  ASSERT_STEPS (&timing, &life, { 14, F, ORF_ALERT_CHANGE_DROPPED });
  g_assert_cmpint (life.phase, ==, ORF_ALERT_RESOLVED);
  g_assert_cmpint (life.started_us, ==, 1 * S);
  ASSERT_STEPS (&timing, &life, { 50, T, ORF_ALERT_CHANGE_PENDING },
                { 62, T, ORF_ALERT_CHANGE_COOLDOWN }, { 63, T, ORF_ALERT_CHANGE_FIRING });
}

/* What nobody measures any more is not well again. */
static void
test_blind (void)
{
  const OrfAlertTiming timing = { 0, 0, 0 };
  OrfAlertLife life = { 0 };

  ASSERT_STEPS (&timing, &life, { 1, T, ORF_ALERT_CHANGE_FIRING }, { 2, U, ORF_ALERT_CHANGE_NONE },
                { 301, U, ORF_ALERT_CHANGE_NONE }, { 302, U, ORF_ALERT_CHANGE_RESOLVED },
                { 303, T, ORF_ALERT_CHANGE_FIRING }, { 304, U, ORF_ALERT_CHANGE_NONE },
                { 305, F, ORF_ALERT_CHANGE_RESOLVED });
}

static void
test_clock_back (void)
{
  const OrfAlertTiming timing = { 5 * S, 0, 0 };
  OrfAlertLife life = { 0 };

  ASSERT_STEPS (&timing, &life, { 10, T, ORF_ALERT_CHANGE_PENDING },
                { 10, F, ORF_ALERT_CHANGE_NONE }, { 3, F, ORF_ALERT_CHANGE_NONE },
                { 15, T, ORF_ALERT_CHANGE_FIRING });
}

/* ---- against a plain model --------------------------------------------------------------------
 */

#define N_EPISODES 20000
#define N_SIGHTS   60

typedef struct {
  gint64 t_us;
  OrfAlertCondition condition;
} Sight;

/* Knows only what was seen, when it last fired, and whether it does: all else is looked up again.
 */
typedef struct {
  Sight sights[N_SIGHTS];
  guint n;
  gboolean firing;
  gint64 fired_us;
} Model;

/* The first of the last sights that are all among the two; 0: the very last is not. */
static gint64
find_run (const Model *model, OrfAlertCondition one, OrfAlertCondition other)
{
  gint64 since_us = 0;

  for (guint i = model->n; i > 0; i--) {
    const Sight *sight = &model->sights[i - 1];

    if (sight->condition != one && sight->condition != other)
      break;
    since_us = sight->t_us;
  }
  return since_us;
}

static gboolean
model_see (Model *model, const OrfAlertTiming *timing, const Sight *sight)
{
  gint64 true_us, false_us, blind_us;

  model->sights[model->n++] = *sight;
  true_us = find_run (model, T, T);
  false_us = find_run (model, F, U);
  blind_us = find_run (model, U, U);
  if (model->firing) {
    gboolean ends = false_us > 0 && sight->t_us - false_us >= timing->keep_firing_for_us &&
                    (blind_us == 0 || sight->t_us - blind_us >= ORF_ALERT_BLIND_US);

    model->firing = !ends;
    return ends;
  }
  if (true_us == 0 || sight->t_us - true_us < timing->for_us ||
      (model->fired_us > 0 && sight->t_us - model->fired_us < timing->cooldown_us))
    return FALSE;
  model->firing = TRUE;
  model->fired_us = sight->t_us;
  return TRUE;
}

static gint64
rand_span_us (void)
{
  return g_test_rand_bit () ? 0 : g_test_rand_int_range (0, 40) * S;
}

static void
test_model (void)
{
  guint n_changes = 0;

  for (guint episode = 0; episode < N_EPISODES; episode++) {
    const OrfAlertTiming timing = { rand_span_us (), rand_span_us (), 4 * rand_span_us () };
    OrfAlertLife life = { 0 };
    Model model = { 0 };
    Sight sight = { S, T };

    for (guint i = 0; i < N_SIGHTS; i++) {
      gint64 due_us = orf_alert_life_get_due_us (&life, &timing);
      OrfAlertChange step;
      gboolean changed;

      sight.t_us += g_test_rand_int_range (1, g_test_rand_int_range (0, 20) == 0 ? 400 : 12) * S;
      if (g_test_rand_int_range (0, 3) == 0)
        sight.condition = (OrfAlertCondition) g_test_rand_int_range (U, T + 1);
      changed = model_see (&model, &timing, &sight);
      step = orf_alert_life_step (&life, &timing, sight.condition, sight.t_us);
      g_assert_cmpint (changed, ==,
                       step == ORF_ALERT_CHANGE_FIRING || step == ORF_ALERT_CHANGE_RESOLVED);
      g_assert_cmpint (model.firing, ==, life.phase == ORF_ALERT_FIRING);
      g_assert_cmpint (model.fired_us, ==, life.fired_us);
      if (life.phase == ORF_ALERT_PENDING)
        g_assert_cmpint (life.pending_us, ==, find_run (&model, T, T));
      /* what was due by then has come, unless the condition changed */
      if (due_us <= sight.t_us && step == ORF_ALERT_CHANGE_NONE)
        g_assert_cmpint (model.sights[i].condition, !=, model.sights[i - 1].condition);
      n_changes += changed;
    }
  }
  g_assert_cmpuint (n_changes, >, N_EPISODES);
}

/* What a file says is a life only where its times are some. */
static void
test_text (void)
{
  const OrfAlertLife life = { ORF_ALERT_FIRING, 7 * S, S, 2 * S, 3 * S, 0, 6 * S, 0, TRUE };
  static const char *const broken[] = {
    "",
    "[2,1,1,1,1,0,0,0]",
    "[4,1,1,1,1,0,0,0,0]",
    "[-1,1,1,1,1,0,0,0,0]",
    "[2,1,1,-1,1,0,0,0,0]",
    "[2,1,1,1,9223372036854775807,0,0,0,0]",
    "[2,99999999999999999999,1,1,1,0,0,0,0]",
  };
  g_autofree char *text = orf_alert_life_to_text (&life);
  OrfAlertLife read;

  g_assert_true (orf_alert_life_from_text (&read, text));
  g_assert_cmpint (read.phase, ==, life.phase);
  g_assert_cmpint (read.seen_us, ==, life.seen_us);
  g_assert_cmpint (read.ended_us, ==, life.ended_us);
  g_assert_true (read.is_cooling);
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    g_assert_false (orf_alert_life_from_text (&read, broken[i]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/alerts/lifecycle/at-once", test_at_once);
  g_test_add_func ("/alerts/lifecycle/for", test_for);
  g_test_add_func ("/alerts/lifecycle/keep-firing", test_keep_firing);
  g_test_add_func ("/alerts/lifecycle/cooldown", test_cooldown);
  g_test_add_func ("/alerts/lifecycle/blind", test_blind);
  g_test_add_func ("/alerts/lifecycle/clock-back", test_clock_back);
  g_test_add_func ("/alerts/lifecycle/text", test_text);
  g_test_add_func ("/alerts/lifecycle/model", test_model);
  return g_test_run ();
}
