/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "anomalies/orf-anomaly-desk.h"
#include "anomalies/orf-anomaly-info.h"
#include "core/orf-clock.h"

#define S     ORF_US_PER_S
#define BEGIN (1700000000 * S)
#define WARM  3000

typedef struct {
  OrfAnomalyDesk *desk;
  GRand *rand;
  GArray *findings;
  GPtrArray *states;
  gint64 second, slept; /* of which the daemon was not awake */
} Fixture;

static GPtrArray *
states_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) orf_anomaly_state_row_free);
}

static void
open_series (Fixture *f, guint number, const char *text, const char *entity)
{
  const OrfAnomalyOpening opening = { number, (char *) text, (char *) entity, FALSE, FALSE };

  orf_anomaly_desk_open (f->desk, &opening);
}

static void
begin (Fixture *f, GPtrArray *states)
{
  static const OrfAnomalyDeskSetup setup = { 1, { 1, 0, 0 } };

  f->desk = orf_anomaly_desk_new (&setup, states);
  open_series (f, 1, "shop.queue", "shop");
  open_series (f, 2, "shop.latency", "shop");
  open_series (f, 3, "store.size", "store");
}

static void
set_up (Fixture *f, gconstpointer unused)
{
  g_autoptr (GPtrArray) none = states_new ();

  f->rand = g_rand_new_with_seed (7);
  f->findings = orf_anomaly_findings_new ();
  f->states = states_new ();
  begin (f, none);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  orf_anomaly_desk_free (f->desk);
  g_rand_free (f->rand);
  g_array_unref (f->findings);
  g_ptr_array_unref (f->states);
}

static double
draw (Fixture *f)
{
  double sum = 0;

  for (guint i = 0; i < 6; i++)
    sum += g_rand_double_range (f->rand, -1, 1);
  return sum;
}

/* A second; bit i of `missing`: series i + 1 does not come. */
static void
pass (Fixture *f, double queue, guint missing)
{
  gint64 t_us = BEGIN + f->second++ * S;
  const double values[] = { queue + draw (f), 100 + draw (f), 1000 + draw (f) };

  orf_anomaly_desk_begin (f->desk, t_us, (f->second - f->slept) * S);
  for (guint i = 0; i < 3; i++) {
    const OrfAnomalySample sample = { i + 1, t_us, values[i] };

    if ((missing >> i & 1) == 0)
      orf_anomaly_desk_take (f->desk, &sample);
  }
  orf_anomaly_desk_end (f->desk, f->findings, f->states);
}

static void
pass_many (Fixture *f, guint n)
{
  for (guint i = 0; i < n; i++)
    pass (f, 50, 0);
}

static const OrfAnomalyRecord *
get_found (const Fixture *f, guint i)
{
  return g_array_index (f->findings, OrfAnomalyFinding, i).row;
}

/* It is found at once, told of the series that it is in, and ends. */
static void
test_spike (Fixture *f, gconstpointer unused)
{
  const OrfAnomalyRecord *row;
  g_autofree char *text = NULL;

  pass_many (f, WARM);
  g_assert_cmpuint (f->findings->len, ==, 0);
  pass (f, 500, 0);
  g_assert_cmpuint (f->findings->len, ==, 1);
  row = get_found (f, 0);
  g_assert_cmpint (row->id, ==, 1);
  g_assert_cmpstr (row->entity, ==, "shop");
  g_assert_cmpuint (row->number, ==, 1);
  g_assert_cmpint (row->direction, ==, 1);
  g_assert_cmpfloat (row->value, >, 490);
  g_assert_cmpfloat (row->upper, <, 70);
  g_assert_cmpint (row->severity, >=, ORF_SEVERITY_WARNING);
  g_assert_cmpint (row->ended_us, ==, 0);
  text = orf_anomaly_info_describe (row, "shop.queue");
  g_assert_true (g_str_has_prefix (text, "shop.queue was 49") ||
                 g_str_has_prefix (text, "shop.queue was 5"));
  pass_many (f, 200);
  row = get_found (f, f->findings->len - 1);
  g_assert_cmpint (row->id, ==, 1);
  g_assert_cmpint (row->ended_us, >, row->started_us);
  g_assert_cmpint (row->ended_us, <, row->started_us + 60 * S);
}

static void
clear_quiet (gpointer data)
{
  g_free (((OrfAnomalyQuiet *) data)->key);
}

/* What was called known is kept and not told, up to its height. */
static void
check_quiet (Fixture *f, double height, OrfSeverity wanted)
{
  g_autoptr (GArray) quiets = g_array_new (FALSE, FALSE, sizeof (OrfAnomalyQuiet));

  g_array_set_clear_func (quiets, clear_quiet);
  for (OrfDetector detector = 0; detector < ORF_N_DETECTORS; detector++) {
    const OrfAnomalyQuiet quiet = {
      orf_anomaly_quiet_make_key ("shop", "shop.queue", orf_detector_get_name (detector), 1), height
    };

    g_array_append_val (quiets, quiet);
  }
  orf_anomaly_desk_set_quiets (f->desk, quiets);
  pass_many (f, WARM);
  pass (f, 500, 0);
  g_assert_cmpuint (f->findings->len, ==, 1);
  g_assert_cmpint (get_found (f, 0)->severity, ==, wanted);
}

static void
test_quiet (Fixture *f, gconstpointer unused)
{
  check_quiet (f, 100, ORF_SEVERITY_INFO);
}

static void
test_not_quiet (Fixture *f, gconstpointer unused)
{
  check_quiet (f, 1, ORF_SEVERITY_WARNING);
}

/* A source that stops is one anomaly with all its series; that the daemon did not run is none. */
static void
test_silence (Fixture *f, gconstpointer unused)
{
  const OrfAnomalyRecord *row;

  pass_many (f, WARM);
  f->second += 100;
  f->slept += 100;
  pass (f, 50, 7);
  g_assert_cmpuint (f->findings->len, ==, 0);
  pass_many (f, 300);
  g_array_set_size (f->findings, 0);
  for (guint i = 0; i < 60; i++)
    pass (f, 50, 3);
  g_assert_cmpuint (f->findings->len, ==, 1);
  row = get_found (f, 0);
  g_assert_cmpint (row->kind, ==, ORF_ANOMALY_KIND_SILENCE);
  g_assert_cmpstr (row->entity, ==, "shop");
  g_assert_cmpuint (g_strv_length (row->related), ==, 1);
  pass_many (f, 10);
  row = get_found (f, f->findings->len - 1);
  g_assert_cmpint (row->ended_us, >, 0);
}

/* It stops again within the hour, and is not much stranger: that is told already. */
static void
test_silence_again (Fixture *f, gconstpointer unused)
{
  guint n_before;

  pass_many (f, WARM);
  for (guint i = 0; i < 60; i++)
    pass (f, 50, 1);
  pass_many (f, 120);
  n_before = f->findings->len;
  g_assert_cmpint (get_found (f, n_before - 1)->ended_us, >, 0);
  for (guint i = 0; i < 3000; i++)
    pass (f, 50, 1);
  g_assert_cmpuint (f->findings->len, ==, n_before);
}

/* One that was stopped and began again finds at once what it would have found. */
static void
test_restart (Fixture *f, gconstpointer unused)
{
  pass_many (f, WARM);
  g_ptr_array_set_size (f->states, 0); /* what was saved meanwhile */
  orf_anomaly_desk_finish (f->desk, f->findings, f->states);
  g_assert_cmpuint (f->states->len, ==, 3); /* two entities, and the gate */
  orf_anomaly_desk_free (f->desk);
  begin (f, f->states);
  f->second += 20;
  pass (f, 50, 0);
  pass (f, 50, 0);
  pass (f, 500, 0);
  pass (f, 500, 0);
  g_assert_cmpuint (f->findings->len, >=, 1);
  g_assert_cmpstr (get_found (f, 0)->entity, ==, "shop");
}

/* One whose clock was set back while it was stopped begins anew, and is not deaf until then. */
static void
test_restart_before (Fixture *f, gconstpointer unused)
{
  pass_many (f, WARM);
  g_ptr_array_set_size (f->states, 0);
  orf_anomaly_desk_finish (f->desk, f->findings, f->states);
  orf_anomaly_desk_free (f->desk);
  g_array_set_size (f->findings, 0);
  begin (f, f->states);
  f->second -= 100000;
  f->slept -= 100000;
  pass_many (f, WARM);
  g_assert_cmpuint (orf_anomaly_desk_get_figures (f->desk).n_late, <, 1000);
  g_assert_cmpuint (f->findings->len, ==, 0);
  pass (f, 500, 0);
  g_assert_cmpuint (f->findings->len, ==, 1);
}

/* A state that is damaged, or of nothing, is not used. */
static void
test_damaged (Fixture *f, gconstpointer unused)
{
  pass_many (f, 300);
  orf_anomaly_desk_finish (f->desk, f->findings, f->states);
  for (guint i = 0; i < f->states->len; i++) {
    OrfAnomalyStateRow *row = f->states->pdata[i];
    gsize size;
    const char *data = g_bytes_get_data (row->state, &size);
    GBytes *half = g_bytes_new (data, size / 2);

    g_bytes_unref (row->state);
    row->state = half;
  }
  orf_anomaly_desk_free (f->desk);
  begin (f, f->states);
  pass_many (f, 300);
  g_assert_cmpuint (orf_anomaly_desk_get_figures (f->desk).n_crews, ==, 2);
}

/* Who goes leaves nothing; a clock that was set back makes all begin anew. */
static void
test_members (Fixture *f, gconstpointer unused)
{
  pass_many (f, 300);
  g_assert_cmpuint (orf_anomaly_desk_get_figures (f->desk).n_crews, ==, 2);
  orf_anomaly_desk_close (f->desk, 3);
  pass_many (f, 10);
  g_assert_cmpuint (orf_anomaly_desk_get_figures (f->desk).n_crews, ==, 1);
  g_assert_cmpuint (orf_anomaly_desk_get_figures (f->desk).n_series, ==, 2);
  f->second -= 300;
  pass_many (f, 2000);
  g_assert_cmpuint (orf_anomaly_desk_get_figures (f->desk).n_late, >, 100);
  g_assert_cmpuint (orf_anomaly_desk_get_figures (f->desk).n_late, <, 1000);
}

/* Entities a and b of three series each are all high or all low. */
static void
pass_states (OrfAnomalyDesk *desk, Fixture *f, guint second, double level)
{
  g_autoptr (GPtrArray) states = states_new ();

  orf_anomaly_desk_begin (desk, BEGIN + second * S, second * S);
  for (guint i = 1; i <= 6; i++) {
    const OrfAnomalySample sample = { i, BEGIN + second * S, level + draw (f) };

    orf_anomaly_desk_take (desk, &sample);
  }
  orf_anomaly_desk_end (desk, f->findings, states);
}

/* The first entity that has enough series has a forest, and the next one none; it goes with it. */
static void
test_forests (Fixture *f, gconstpointer unused)
{
  static const OrfAnomalyDeskSetup setup = { 1, { .alarms_per_day = 100, .forests = 1 } };
  g_autoptr (GPtrArray) none = states_new ();
  OrfAnomalyDesk *desk = orf_anomaly_desk_new (&setup, none);
  gsize bytes;

  for (guint i = 1; i <= 6; i++) {
    g_autofree char *text = g_strdup_printf ("m%u", i);
    const OrfAnomalyOpening opening = { i, text, (char *) (i <= 3 ? "a" : "b"), FALSE, FALSE };

    orf_anomaly_desk_open (desk, &opening);
  }
  for (guint second = 0; second < WARM; second++)
    pass_states (desk, f, second, g_rand_boolean (f->rand) ? 100 : 900);
  bytes = orf_anomaly_desk_get_figures (desk).bytes;
  g_assert_cmpuint (bytes, >, 240000);
  g_assert_cmpuint (bytes, <, 480000);
  orf_anomaly_desk_close (desk, 1);
  orf_anomaly_desk_close (desk, 2);
  orf_anomaly_desk_close (desk, 3);
  g_assert_cmpuint (orf_anomaly_desk_get_figures (desk).bytes, <, 240000);
  orf_anomaly_desk_free (desk);
}

/* Of one series that was chosen and one that was not. */
static void
test_shapes (Fixture *f, gconstpointer unused)
{
  static const OrfAnomalyDeskSetup setup = { 1, { .alarms_per_day = 1 } };
  g_autoptr (GPtrArray) none = states_new ();
  OrfAnomalyDesk *desk = orf_anomaly_desk_new (&setup, none);
  const OrfAnomalyOpening openings[] = { { 1, (char *) "m1", (char *) "a", .shape_us = 60 * S },
                                         { 2, (char *) "m2", (char *) "a", .shape_us = 0 } };
  gsize bytes;

  for (guint i = 0; i < G_N_ELEMENTS (openings); i++)
    orf_anomaly_desk_open (desk, &openings[i]);
  for (guint second = 0; second < 100; second++)
    pass_states (desk, f, second, 100);
  bytes = orf_anomaly_desk_get_figures (desk).bytes;
  g_assert_cmpuint (bytes, >, 230000);
  g_assert_cmpuint (bytes, <, 300000);
  orf_anomaly_desk_close (desk, 1);
  g_assert_cmpuint (orf_anomaly_desk_get_figures (desk).bytes, <, 60000);
  orf_anomaly_desk_free (desk);
}

#define ADD(path, test) g_test_add (path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/anomaly-desk/spike", test_spike);
  ADD ("/anomaly-desk/quiet", test_quiet);
  ADD ("/anomaly-desk/not-quiet", test_not_quiet);
  ADD ("/anomaly-desk/silence", test_silence);
  ADD ("/anomaly-desk/silence-again", test_silence_again);
  ADD ("/anomaly-desk/restart", test_restart);
  ADD ("/anomaly-desk/restart-before", test_restart_before);
  ADD ("/anomaly-desk/damaged", test_damaged);
  ADD ("/anomaly-desk/members", test_members);
  ADD ("/anomaly-desk/forests", test_forests);
  ADD ("/anomaly-desk/shapes", test_shapes);
  return g_test_run ();
}
