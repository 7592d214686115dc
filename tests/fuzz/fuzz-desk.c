/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A life of the anomaly desk: each four bytes are something that happens to its series for so many
 * seconds, or to the desk.  Whatever comes, each case that is told begins once, ends once and not
 * before it began, and none is left at the end.
 */
#include <math.h>
#include <stdint.h>

#include "anomalies/orf-anomaly-desk.h"
#include "core/orf-clock.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define S        ORF_US_PER_S
#define BEGIN_US (1700000000 * S)
#define N_SERIES 5
/* A minute of libFuzzer is to see many lives. */
#define MAX_FRAMES 8000

typedef struct {
  OrfAnomalyDesk *desk;
  GPtrArray *states;
  GHashTable *open; /* started_us by id */
  gint64 last_id;
  gint64 now_us, awake_us;
  guint numbers[N_SERIES];
  guint next_number, n_frames;
  guint32 noise;
} Life;

static const OrfAnomalyWishes wishes[] = {
  { 1, 0, 0, 2 },
  { 1000, 60 * S, 3, 0 },
  { 0.001, 86400 * S, 0, 1 },
  { 20, 0, 6, 8 },
};

/* ---- what is told ---------------------------------------------------------------------------- */

static void
check_row (Life *life, const OrfAnomalyFinding *finding)
{
  const OrfAnomalyRecord *row = finding->row;
  gpointer key = GSIZE_TO_POINTER (row->id);

  if (row->entity == NULL || row->detector == NULL || isnan (row->score))
    g_error ("anomaly %" G_GINT64_FORMAT " says not what it is of", row->id);
  if (row->id > life->last_id) {
    if (row->id != life->last_id + 1 || !finding->told)
      g_error ("anomaly %" G_GINT64_FORMAT " was not told when it began", row->id);
    life->last_id = row->id;
    g_hash_table_add (life->open, key);
  } else if (!g_hash_table_contains (life->open, key)) {
    g_error ("anomaly %" G_GINT64_FORMAT " was over", row->id);
  }
  if (row->ended_us == 0)
    return;
  if (row->ended_us < row->started_us || !finding->told)
    g_error ("anomaly %" G_GINT64_FORMAT " ended before it began, or untold", row->id);
  g_hash_table_remove (life->open, key);
}

static void
check_findings (Life *life, const GArray *findings)
{
  for (guint i = 0; i < findings->len; i++)
    check_row (life, &g_array_index (findings, OrfAnomalyFinding, i));
  if (orf_anomaly_desk_get_figures (life->desk).n_open != g_hash_table_size (life->open))
    g_error ("not all that goes on was told");
}

/* ---- what happens ---------------------------------------------------------------------------- */

static void
open_series (Life *life, guint i)
{
  g_autofree char *text = g_strdup_printf ("of%u.series%u", i / 3, i);
  g_autofree char *entity = g_strdup_printf ("of%u", i / 3);
  const OrfAnomalyOpening opening = { ++life->next_number, text, entity, i == 2, i == 4,
                                      i == 1 ? 30 * S : 0 };

  life->numbers[i] = opening.number;
  orf_anomaly_desk_open (life->desk, &opening);
}

static void
begin (Life *life, const OrfAnomalyWishes *as)
{
  const OrfAnomalyDeskSetup setup = { life->last_id + 1, *as };

  life->desk = orf_anomaly_desk_new (&setup, life->states);
  g_ptr_array_set_size (life->states, 0);
  for (guint i = 0; i < N_SERIES; i++)
    open_series (life, i);
}

static void
finish (Life *life)
{
  g_autoptr (GArray) findings = orf_anomaly_findings_new ();

  g_ptr_array_set_size (life->states, 0);
  orf_anomaly_desk_finish (life->desk, findings, life->states);
  check_findings (life, findings);
  if (g_hash_table_size (life->open) != 0)
    g_error ("an anomaly outlived the desk");
  g_clear_pointer (&life->desk, orf_anomaly_desk_free);
}

static double
get_value (Life *life, guint i, guint how)
{
  double usual;

  life->noise = life->noise * 1664525 + 1013904223;
  usual = 100 + 10 * i + (life->noise >> 24) / 64.0;
  switch (how) {
  case 1:
    return usual * 10;
  case 2:
    return NAN;
  case 3:
    return INFINITY;
  case 4:
    return -1e308;
  case 5:
    return 1e308;
  case 6:
    return 7;
  case 7:
    return usual + (double) life->n_frames;
  default:
    return usual;
  }
}

/* mask: who comes, but of the bits above, how the first is. */
static void
pass (Life *life, guint mask, gint64 sample_us)
{
  g_autoptr (GArray) findings = orf_anomaly_findings_new ();

  orf_anomaly_desk_begin (life->desk, life->now_us, life->awake_us);
  for (guint i = 0; i < N_SERIES; i++) {
    const OrfAnomalySample sample = { life->numbers[i], sample_us,
                                      get_value (life, i, i == 0 ? mask >> N_SERIES : 0) };

    if ((mask >> i & 1) != 0)
      orf_anomaly_desk_take (life->desk, &sample);
  }
  orf_anomaly_desk_end (life->desk, findings, life->states);
  check_findings (life, findings);
  life->n_frames++;
}

static void
happen (Life *life, const uint8_t *what)
{
  guint n = what[2] + 1;

  switch (what[0] % 8) {
  case 0: /* the clock jumps */
    life->now_us += ((gint64) (int8_t) what[1]) * ((gint64) what[2] * what[2] + 1) * S;
    break;
  case 1: /* nobody was awake, or nothing happened for long */
    life->awake_us += (gint64) what[1] * n * S;
    break;
  case 2:
    orf_anomaly_desk_close (life->desk, life->numbers[what[1] % N_SERIES]);
    open_series (life, what[1] % N_SERIES);
    break;
  case 3:
    finish (life);
    begin (life, &wishes[what[1] % G_N_ELEMENTS (wishes)]);
    break;
  case 4:
    orf_anomaly_desk_wish (life->desk, &wishes[what[1] % G_N_ELEMENTS (wishes)]);
    break;
  default: /* seconds go by; samples are of then */
    n *= what[0] % 8 == 7 ? 16 : 1;
    for (guint i = 0; i < n && life->n_frames < MAX_FRAMES; i++) {
      life->now_us += S;
      life->awake_us += S;
      pass (life, what[1], life->now_us + (int8_t) what[3] * S / 4);
    }
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Life life = {
    .states = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_anomaly_state_row_free),
    .open = g_hash_table_new (NULL, NULL),
    .now_us = BEGIN_US,
    .awake_us = S,
    .noise = 7,
  };

  begin (&life, &wishes[0]);
  for (size_t i = 0; i + 4 <= size && life.n_frames < MAX_FRAMES; i += 4)
    happen (&life, data + i);
  finish (&life);
  g_hash_table_unref (life.open);
  g_ptr_array_unref (life.states);
  return 0;
}
