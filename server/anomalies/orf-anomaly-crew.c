/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-crew.h"

#include <math.h>
#include <string.h>

#include "anomalies/orf-anomaly-peaks.h"
#include "stats/orf-state-blob.h"

#define BLOB_MAGIC   0x4352464fu /* "OFRC" */
#define BLOB_VERSION 1u

#define MAX_PLACES ORF_ANOMALY_GROUP_MAX
/* How long a row waits for who was in the one before, beyond its own end. */
#define PATIENCE_US (1 * G_GINT64_CONSTANT (1000000))
/* What is missing for so many rows may have stopped, */
#define LEAST_MISSING 3
/* where so many came before. */
#define STEADY_ROWS 200
/* So many late samples one after the other are a clock that was set back. */
#define LATE_RUN 200

/* How much score a power of ten of rarity takes: where a series is judged by itself, and where the
 * axes, which count twice, are among them. */
#define ALONE_SLOPE    1.1
#define TOGETHER_SLOPE 2
/* What goes on is judged by a mean of about five rows, on a scale on which it is told apart. */
#define RUN_SHARE .2f
#define RUN_SCALE 2
/* Whether a row is strange, or a run of them, are two questions. */
#define QUESTIONS 2
/* What was told is held for an hour before it is no news, so that the next fault of the same entity
 * is; of a long one the first rows tell enough. */
#define HELD_US  (3600 * G_GINT64_CONSTANT (1000000))
#define MAX_HELD 8
/* A row is learnt from so many later, where nothing was told meanwhile: how an anomaly begins is no
 * example of what is usual. */
#define DELAY_ROWS 32

typedef struct {
  float score, run;
} Peak;

typedef struct {
  Peak peak;
  gint64 until_us;
} Held;

/* Who has a place. */
typedef struct {
  guint number; /* 0: nobody, or nobody yet of whom text was saved */
  char *text;   /* NULL: it is free */
  gboolean live;
  gint64 row;      /* of the last value */
  gint64 awake_us; /* when it came */
  OrfTail gaps;    /* how many rows were missing before each */
} Seat;

struct _OrfAnomalyCrew {
  char *entity, *subject;
  gint64 step_us, phase_us;
  OrfAnomalyGroup *group;
  OrfAnomalyPeaks peaks, runs; /* of the group's scores, and of their running mean */
  float run;
  OrfAlarmTold told_run;
  Peak recent[DELAY_ROWS]; /* a ring */
  guint n_recent, next_recent;
  Held held[MAX_HELD]; /* the oldest first */
  guint n_held;
  GArray *seats; /* Seat by place */
  gint64 row;    /* that is being filled, or was judged last; G_MININT64: none yet */
  gboolean open;
  gint64 opened_us; /* awake time */
  guint64 have;     /* bit i: place i has a value in the row */
  guint64 had;      /* it had one in the row before, or has just come: it is waited for */
  double values[MAX_PLACES];
  guint n_late; /* one after the other */
};

static Seat *
get_seat (const OrfAnomalyCrew *crew, guint place)
{
  return &g_array_index (crew->seats, Seat, place);
}

static guint64
get_bit (guint place)
{
  return G_GUINT64_CONSTANT (1) << place;
}

/* ---- who is there ---------------------------------------------------------------------------- */

static void
clear_seat (gpointer data)
{
  g_free (((Seat *) data)->text);
}

static gboolean
claim (OrfAnomalyCrew *crew, guint number, const char *text, guint *place)
{
  for (guint i = 0; i < crew->seats->len; i++) {
    Seat *seat = get_seat (crew, i);

    if (seat->number != 0 || g_strcmp0 (seat->text, text) != 0)
      continue;
    seat->number = number;
    crew->had |= get_bit (i);
    *place = i;
    return TRUE;
  }
  return FALSE;
}

gboolean
orf_anomaly_crew_join (
  OrfAnomalyCrew *crew, guint number, const char *text, gboolean counter, guint *place)
{
  guint free;
  Seat *seat;

  if (claim (crew, number, text, place))
    return TRUE;
  if (!orf_anomaly_group_join (crew->group, counter, &free))
    return FALSE;
  if (free >= crew->seats->len)
    g_array_set_size (crew->seats, free + 1);
  seat = get_seat (crew, free);
  clear_seat (seat);
  *seat = (Seat){ .number = number, .text = g_strdup (text) };
  crew->had |= get_bit (free);
  *place = free;
  return TRUE;
}

void
orf_anomaly_crew_leave (OrfAnomalyCrew *crew, guint place)
{
  Seat *seat = get_seat (crew, place);

  orf_anomaly_group_leave (crew->group, place);
  clear_seat (seat);
  *seat = (Seat){ 0 };
  crew->have &= ~get_bit (place);
  crew->had &= ~get_bit (place);
}

void
orf_anomaly_crew_tune (OrfAnomalyCrew *crew, const OrfAnomalyTuning *tuning)
{
  orf_anomaly_group_tune (crew->group, tuning);
}

void
orf_anomaly_crew_set_forest (OrfAnomalyCrew *crew, gboolean forest)
{
  orf_anomaly_group_set_forest (crew->group, forest);
}

void
orf_anomaly_crew_set_discord (OrfAnomalyCrew *crew, guint place, guint window)
{
  orf_anomaly_group_set_discord (crew->group, place, window);
}

gboolean
orf_anomaly_crew_is_empty (const OrfAnomalyCrew *crew)
{
  return orf_anomaly_group_get_n_series (crew->group) == 0;
}

void
orf_anomaly_crew_forget_absent (OrfAnomalyCrew *crew)
{
  for (guint i = 0; i < crew->seats->len; i++)
    if (get_seat (crew, i)->number == 0 && get_seat (crew, i)->text != NULL)
      orf_anomaly_crew_leave (crew, i);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void
push_peak (OrfAnomalyCrew *crew, const Peak *peak)
{
  orf_anomaly_peaks_push (&crew->peaks, peak->score);
  orf_anomaly_peaks_push (&crew->runs, peak->run);
}

static void
release_held (OrfAnomalyCrew *crew, gint64 t_us)
{
  guint n = 0;

  while (n < crew->n_held && crew->held[n].until_us <= t_us)
    push_peak (crew, &crew->held[n++].peak);
  crew->n_held -= n;
  memmove (crew->held, crew->held + n, crew->n_held * sizeof *crew->held);
}

static void
learn (OrfAnomalyCrew *crew, const OrfAnomalyCrewVerdict *verdict, gboolean told)
{
  const Peak peak = { verdict->group.score, RUN_SCALE * crew->run };

  release_held (crew, verdict->t_us);
  if (told) {
    crew->n_recent = 0;
    if (crew->n_held < MAX_HELD)
      crew->held[crew->n_held++] = (Held){ peak, verdict->t_us + HELD_US };
    return;
  }
  if (crew->n_recent == DELAY_ROWS)
    push_peak (crew, &crew->recent[crew->next_recent]);
  else
    crew->n_recent++;
  crew->recent[crew->next_recent] = peak;
  crew->next_recent = (crew->next_recent + 1) % DELAY_ROWS;
}

static void
judge (OrfAnomalyCrew *crew, OrfAnomalyCrewVerdict *verdict)
{
  double slope = orf_anomaly_group_get_n_series (crew->group) > 1 ? TOGETHER_SLOPE : ALONE_SLOPE;
  const OrfAnomalyGroupVerdict *group = &verdict->group;
  float run, news;

  crew->run += RUN_SHARE * (group->whole - crew->run);
  run = news = RUN_SCALE * crew->run;
  if (!orf_alarm_told_push (&crew->told_run, &news) || !group->ready)
    return;
  verdict->rarity = fmaxf (orf_anomaly_peaks_judge (&crew->peaks, group->score, slope),
                           orf_anomaly_peaks_judge (&crew->runs, news, slope));
  verdict->whole_rarity = fmaxf (orf_anomaly_peaks_judge (&crew->peaks, group->whole, slope),
                                 orf_anomaly_peaks_judge (&crew->runs, run, slope));
  verdict->rarity = fmaxf (0, verdict->rarity - log10f (QUESTIONS));
  verdict->whole_rarity = fmaxf (0, verdict->whole_rarity - log10f (QUESTIONS));
}

static void
end_row (OrfAnomalyCrew *crew, OrfAnomalyJudged judged, gpointer user_data)
{
  OrfAnomalyCrewVerdict verdict = { .t_us = crew->phase_us + crew->row * crew->step_us };
  gboolean told;

  for (guint i = 0; i < crew->seats->len; i++)
    if ((crew->have & get_bit (i)) == 0)
      crew->values[i] = NAN;
  crew->open = FALSE;
  crew->had = crew->have;
  crew->have = 0;
  if (!orf_anomaly_group_push (crew->group, verdict.t_us, crew->values, &verdict.group))
    return;
  judge (crew, &verdict);
  told = judged (user_data, crew, &verdict);
  if (verdict.group.ready)
    learn (crew, &verdict, told);
}

/* Everything anew, from here: what was learnt is of a time that has not come yet. */
static void
begin_anew (OrfAnomalyCrew *crew)
{
  for (guint i = 0; i < crew->seats->len; i++) {
    Seat *seat = get_seat (crew, i);

    seat->row = 0;
    memset (&seat->gaps, 0, sizeof seat->gaps);
  }
  orf_anomaly_group_begin_anew (crew->group);
  memset (&crew->peaks, 0, sizeof crew->peaks);
  memset (&crew->runs, 0, sizeof crew->runs);
  memset (&crew->told_run, 0, sizeof crew->told_run);
  crew->run = 0;
  crew->n_held = crew->n_recent = 0;
  crew->n_late = 0;
  crew->row = G_MININT64;
  crew->open = FALSE;
  crew->have = crew->had = 0;
}

/* FALSE: its row has been judged; the next one waits for it again. */
static gboolean
is_in_time (OrfAnomalyCrew *crew, guint place, gint64 row)
{
  if (row > crew->row || (row == crew->row && crew->open)) {
    crew->n_late = 0;
    return TRUE;
  }
  crew->had |= get_bit (place);
  if (row == crew->row || ++crew->n_late < LATE_RUN)
    return FALSE;
  begin_anew (crew);
  return TRUE;
}

/* Rows that were missing before this one; while the daemon slept nothing could come. */
static gint64
count_missed (const OrfAnomalyCrew *crew,
              const Seat *seat,
              gint64 row,
              const OrfAnomalyArrival *arrival)
{
  gint64 missed = row - seat->row - 1;

  if (seat->live && arrival->live)
    missed = MIN (missed, (arrival->awake_us - seat->awake_us) / crew->step_us);
  return CLAMP (missed, 0, G_MAXINT16);
}

static void
note (OrfAnomalyCrew *crew, guint place, gint64 row, const OrfAnomalyArrival *arrival)
{
  Seat *seat = get_seat (crew, place);

  if (seat->row > 0 && row > seat->row)
    orf_tail_push (&seat->gaps, (float) count_missed (crew, seat, row, arrival));
  seat->row = row;
  seat->awake_us = arrival->awake_us;
  seat->live = arrival->live;
  crew->values[place] = arrival->value;
  crew->have |= get_bit (place);
}

gboolean
orf_anomaly_crew_take (OrfAnomalyCrew *crew,
                       guint place,
                       const OrfAnomalyArrival *arrival,
                       OrfAnomalyJudged judged,
                       gpointer user_data)
{
  gint64 row = (arrival->t_us - crew->phase_us) / crew->step_us;

  if (!isfinite (arrival->value) || arrival->t_us < crew->phase_us ||
      !is_in_time (crew, place, row))
    return FALSE;
  if (crew->open && row > crew->row)
    end_row (crew, judged, user_data);
  if (!crew->open) {
    crew->open = TRUE;
    crew->row = row;
    crew->opened_us = arrival->awake_us;
  }
  note (crew, place, row, arrival);
  if ((crew->had & ~crew->have) == 0)
    end_row (crew, judged, user_data);
  return TRUE;
}

void
orf_anomaly_crew_look (OrfAnomalyCrew *crew,
                       gint64 awake_us,
                       OrfAnomalyJudged judged,
                       gpointer user_data)
{
  if (crew->open && awake_us - crew->opened_us >= crew->step_us + PATIENCE_US)
    end_row (crew, judged, user_data);
}

/* ---- what is missing ------------------------------------------------------------------------- */

/* In rows, beyond the one that is due now. */
static double
get_missing (const OrfAnomalyCrew *crew, const Seat *seat, gint64 awake_us)
{
  if (seat->number == 0 || !seat->live || seat->gaps.n < STEADY_ROWS)
    return 0;
  return (double) (awake_us - seat->awake_us) / (double) crew->step_us - 1;
}

gboolean
orf_anomaly_crew_is_silent (const OrfAnomalyCrew *crew, guint place, gint64 awake_us)
{
  return get_missing (crew, get_seat (crew, place), awake_us) >= LEAST_MISSING;
}

gboolean
orf_anomaly_crew_find_silent (const OrfAnomalyCrew *crew,
                              gint64 awake_us,
                              OrfAnomalySilence *silence)
{
  OrfAnomalySilence worst = { .rarity = -1 };
  guint n_silent = 0;

  for (guint i = 0; i < crew->seats->len; i++) {
    const Seat *seat = get_seat (crew, i);
    double missing = get_missing (crew, seat, awake_us);
    float rarity;

    if (missing < LEAST_MISSING)
      continue;
    n_silent++;
    rarity = orf_tail_judge (&seat->gaps, (float) missing);
    if (rarity > worst.rarity)
      worst = (OrfAnomalySilence){ i, rarity, crew->phase_us + (seat->row + 1) * crew->step_us,
                                   (gint64) (missing * (double) crew->step_us) };
  }
  if (n_silent == 0)
    return FALSE;
  /* one of many is found sooner by chance; all of them at once are one question */
  worst.rarity -= log10f ((float) orf_anomaly_group_get_n_series (crew->group) / (float) n_silent);
  *silence = worst;
  return TRUE;
}

/* ---- life ------------------------------------------------------------------------------------ */

char *
orf_anomaly_crew_make_subject (const char *entity, guint part, gint64 step_us)
{
  return g_strdup_printf ("%s#%u@%" G_GINT64_FORMAT, entity, part, step_us);
}

static OrfAnomalyCrew *
make (const OrfAnomalyCrewSetup *setup)
{
  OrfAnomalyCrew *crew = g_new0 (OrfAnomalyCrew, 1);

  crew->entity = g_strdup (setup->entity);
  crew->subject = orf_anomaly_crew_make_subject (setup->entity, setup->part, setup->step_us);
  crew->step_us = setup->step_us;
  crew->phase_us = setup->phase_us;
  crew->seats = g_array_new (FALSE, TRUE, sizeof (Seat));
  g_array_set_clear_func (crew->seats, clear_seat);
  crew->row = G_MININT64;
  return crew;
}

OrfAnomalyCrew *
orf_anomaly_crew_new (const OrfAnomalyCrewSetup *setup)
{
  const OrfAnomalySetup empty = { .step_us = setup->step_us, .number = setup->number };
  OrfAnomalyCrew *crew = make (setup);

  crew->group = orf_anomaly_group_new (&empty, NULL);
  return crew;
}

void
orf_anomaly_crew_free (OrfAnomalyCrew *crew)
{
  if (crew == NULL)
    return;
  orf_anomaly_group_free (crew->group);
  g_array_unref (crew->seats);
  g_free (crew->entity);
  g_free (crew->subject);
  g_free (crew);
}

const char *
orf_anomaly_crew_get_entity (const OrfAnomalyCrew *crew)
{
  return crew->entity;
}

const char *
orf_anomaly_crew_get_subject (const OrfAnomalyCrew *crew)
{
  return crew->subject;
}

gint64
orf_anomaly_crew_get_step_us (const OrfAnomalyCrew *crew)
{
  return crew->step_us;
}

const OrfAnomalyGroup *
orf_anomaly_crew_get_group (const OrfAnomalyCrew *crew)
{
  return crew->group;
}

guint
orf_anomaly_crew_get_number (const OrfAnomalyCrew *crew, guint place)
{
  return place < crew->seats->len ? get_seat (crew, place)->number : 0;
}

gsize
orf_anomaly_crew_get_bytes (const OrfAnomalyCrew *crew)
{
  return sizeof *crew + crew->seats->len * (sizeof (Seat) + 64) +
         orf_anomaly_group_get_bytes (crew->group);
}

/* ---- saved ----------------------------------------------------------------------------------- */

/* Before the seats' gaps and rows, and the group's own blob. */
typedef struct {
  gint64 phase_us;
  OrfAnomalyPeaks peaks, runs;
  OrfAlarmTold told_run;
  float run;
  Held held[MAX_HELD];
  guint32 n_held, n_seats;
} Head;

typedef struct {
  gint64 row;
  OrfTail gaps;
} SavedSeat;

OrfAnomalyStateRow *
orf_anomaly_crew_save (const OrfAnomalyCrew *crew, gint64 now_us)
{
  Head head = {
    .phase_us = crew->phase_us,
    .peaks = crew->peaks,
    .runs = crew->runs,
    .told_run = crew->told_run,
    .run = crew->run,
    .n_held = crew->n_held,
    .n_seats = crew->seats->len,
  };
  g_autoptr (GByteArray) state = g_byte_array_new ();
  g_autoptr (GBytes) group = orf_anomaly_group_save (crew->group);
  OrfAnomalyStateRow *row = orf_anomaly_state_row_new ();

  memcpy (head.held, crew->held, crew->n_held * sizeof *crew->held);
  row->subject = g_strdup (crew->subject);
  row->saved_us = now_us;
  row->members = g_new0 (char *, crew->seats->len + 1);
  g_byte_array_append (state, (const guint8 *) &head, sizeof head);
  for (guint i = 0; i < crew->seats->len; i++) {
    const Seat *seat = get_seat (crew, i);
    const SavedSeat saved = { seat->row, seat->gaps };

    row->members[i] = g_strdup (seat->text != NULL ? seat->text : "");
    g_byte_array_append (state, (const guint8 *) &saved, sizeof saved);
  }
  g_byte_array_append (state, g_bytes_get_data (group, NULL), (guint) g_bytes_get_size (group));
  row->state = orf_state_blob_pack (BLOB_MAGIC, BLOB_VERSION, state->data, state->len);
  return row;
}

static void
take_seats (OrfAnomalyCrew *crew, const guint8 *data, char *const *members)
{
  for (guint i = 0; members[i] != NULL; i++) {
    SavedSeat saved;
    Seat seat = { 0 };

    memcpy (&saved, data + i * sizeof saved, sizeof saved);
    if (members[i][0] != '\0')
      seat = (Seat){ .text = g_strdup (members[i]), .row = saved.row, .gaps = saved.gaps };
    g_array_append_val (crew->seats, seat);
  }
}

/* The head fits, and the group is one of as many places. */
static gboolean
take_state (OrfAnomalyCrew *crew, const guint8 *state, gsize length, char *const *members)
{
  g_autoptr (GBytes) blob = NULL;
  gsize group_from;
  gint64 last_us;
  Head head;

  if (length < sizeof head)
    return FALSE;
  memcpy (&head, state, sizeof head);
  group_from = sizeof head + head.n_seats * sizeof (SavedSeat);
  if (head.n_seats > MAX_PLACES || head.n_seats != g_strv_length ((char **) members) ||
      length < group_from || head.n_held > MAX_HELD || !orf_anomaly_peaks_are_valid (&head.peaks) ||
      !orf_anomaly_peaks_are_valid (&head.runs) || !orf_state_is_time (head.phase_us))
    return FALSE;
  blob = g_bytes_new (state + group_from, length - group_from);
  crew->group = orf_anomaly_group_restore (blob, NULL); /* another version's: begun anew */
  if (crew->group == NULL || orf_anomaly_group_get_n_places (crew->group) != head.n_seats ||
      orf_anomaly_group_get_step_us (crew->group) != crew->step_us)
    return FALSE;
  crew->phase_us = head.phase_us;
  crew->peaks = head.peaks;
  crew->runs = head.runs;
  crew->told_run = head.told_run;
  crew->run = head.run;
  memcpy (crew->held, head.held, head.n_held * sizeof *head.held);
  crew->n_held = head.n_held;
  /* where the clock was set back since, rows are late until all begins anew */
  if (orf_anomaly_group_get_last_us (crew->group, &last_us))
    crew->row = (last_us - crew->phase_us) / crew->step_us;
  take_seats (crew, state + sizeof head, members);
  for (guint i = 0; i < crew->seats->len; i++)
    if (!orf_tail_is_valid (&get_seat (crew, i)->gaps))
      return FALSE;
  return TRUE;
}

OrfAnomalyCrew *
orf_anomaly_crew_restore (const OrfAnomalyCrewSetup *setup, const OrfAnomalyStateRow *saved)
{
  gsize length = 0;
  g_autofree guint8 *state = orf_state_blob_unpack (BLOB_MAGIC, BLOB_VERSION, saved->state,
                                                    &length);
  g_autoptr (OrfAnomalyCrew) crew = make (setup);

  return state != NULL && take_state (crew, state, length, saved->members) ? g_steal_pointer (&crew)
                                                                           : NULL;
}
