/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-desk.h"

#include <math.h>

#include "core/orf-clock.h"

/* Whose state the gate's is. */
#define GATE_SUBJECT ""

/* Of series that come within so much of a row, or of this, the past is that of now. */
#define LIVE_STEPS 3
#define LIVE_US    (10 * ORF_US_PER_S)
/* An anomaly ends so long after the last of its rows. */
#define HOLD_OFF_US   (60 * ORF_US_PER_S)
#define HOLD_OFF_ROWS 10
/* A series is told as moving with it where by itself its row comes once in a hundred. */
#define RELATED_SCORE 2.f
/* And it is what is told of a row that the axes found strange where it comes once in a thousand. */
#define ALONE_SCORE 3.f
/* What is rarer than once in a hundred years cannot be told from a past of days. */
#define MAX_ONCE_IN_US (100 * 365 * 86400. * ORF_US_PER_S)
/* How often each crew is saved; not all in one frame. */
#define SAVE_US (1800 * ORF_US_PER_S)

struct _OrfAnomalyDesk {
  OrfAnomalyWishes wishes;
  OrfAnomalyDocket *docket;
  OrfAnomalyRoster *roster;
  guint64 n_late;
  gint64 now_us, awake_us, passed_us;
};

/* ---- life ------------------------------------------------------------------------------------ */

OrfAnomalyDesk *
orf_anomaly_desk_new (const OrfAnomalyDeskSetup *setup, GPtrArray *states)
{
  OrfAnomalyDesk *desk = g_new0 (OrfAnomalyDesk, 1);

  desk->wishes = setup->wishes;
  desk->docket = orf_anomaly_docket_new (setup->next_id, setup->wishes.alarms_per_day);
  desk->roster = orf_anomaly_roster_new (&setup->wishes);
  for (guint i = 0; i < states->len; i++) {
    OrfAnomalyStateRow *row = states->pdata[i];

    if (g_str_equal (row->subject, GATE_SUBJECT))
      orf_anomaly_docket_restore (desk->docket, row->state, setup->wishes.alarms_per_day);
    else
      orf_anomaly_roster_remember (desk->roster, g_steal_pointer (&states->pdata[i]));
  }
  return desk;
}

void
orf_anomaly_desk_free (OrfAnomalyDesk *desk)
{
  if (desk == NULL)
    return;
  orf_anomaly_docket_free (desk->docket);
  orf_anomaly_roster_free (desk->roster);
  g_free (desk);
}

static gboolean
are_equal (const OrfAnomalyWishes *a, const OrfAnomalyWishes *b)
{
  return a->alarms_per_day == b->alarms_per_day && a->look_back_us == b->look_back_us &&
         a->threshold_deviations == b->threshold_deviations && a->forests == b->forests;
}

void
orf_anomaly_desk_wish (OrfAnomalyDesk *desk, const OrfAnomalyWishes *wishes)
{
  if (are_equal (wishes, &desk->wishes))
    return;
  desk->wishes = *wishes;
  orf_anomaly_docket_promise (desk->docket, wishes->alarms_per_day);
  orf_anomaly_roster_wish (desk->roster, wishes);
}

void
orf_anomaly_desk_set_quiets (OrfAnomalyDesk *desk, const GArray *quiets)
{
  orf_anomaly_docket_set_quiets (desk->docket, quiets);
}

/* ---- what of a row is told ------------------------------------------------------------------- */

/* Of all rows of all crews. */
static double
get_score (const OrfAnomalyDesk *desk, gint64 step_us, float rarity)
{
  return orf_anomaly_docket_score (step_us, rarity, orf_anomaly_roster_get_n_crews (desk->roster));
}

static gint64
get_once_in (gint64 step_us, float rarity)
{
  double once_us = (double) step_us * pow (10, (double) rarity);

  return once_us <= MAX_ONCE_IN_US ? (gint64) once_us : -1;
}

/* What is told of a row: where it is all together that is strange, and a series is so by itself
 * too, that says more to people. */
static OrfAnomalySight
make_sight (const OrfAnomalyDesk *desk,
            const OrfAnomalyCrew *crew,
            const OrfAnomalyCrewVerdict *verdict)
{
  const OrfAnomalyGroupVerdict *group = &verdict->group;
  gint64 step_us = orf_anomaly_crew_get_step_us (crew);
  gboolean together = (group->detector == ORF_N_DETECTORS ||
                       group->detector == ORF_DETECTOR_FOREST) &&
                      group->alone.score < ALONE_SCORE;
  OrfDetector detector = together ? group->detector : group->alone.detector;
  guint place = together ? group->series : group->alone_series;

  return (OrfAnomalySight){
    .entity = orf_anomaly_crew_get_entity (crew),
    .number = orf_anomaly_crew_get_number (crew, place),
    .kind = orf_detector_get_kind (detector),
    .detector = orf_detector_get_name (detector),
    .score = get_score (desk, step_us, verdict->rarity),
    .once_in_us = get_once_in (step_us, verdict->rarity),
    .t_us = verdict->t_us,
    .step_us = step_us,
    .value = together ? NAN : group->alone_value,
    .expected = together ? NAN : group->alone.expected,
    .lower = together ? NAN : group->alone.lower,
    .upper = together ? NAN : group->alone.upper,
  };
}

static void
raise_alarm (OrfAnomalyDesk *desk, OrfAnomalyPost *post, const OrfAnomalySight *sight)
{
  orf_anomaly_docket_raise (desk->docket, &post->party, sight,
                            orf_anomaly_roster_get_text (desk->roster, sight->number));
}

static void
leave_case (OrfAnomalyPost *post)
{
  post->silent = FALSE;
  orf_anomaly_docket_leave (&post->party);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void
relate (const OrfAnomalyPost *post)
{
  const OrfAnomalyGroup *group = orf_anomaly_crew_get_group (post->crew);

  for (guint i = 0; i < orf_anomaly_group_get_n_places (group); i++) {
    float score = orf_anomaly_group_get_score (group, i);
    guint number = orf_anomaly_crew_get_number (post->crew, i);

    if (score >= RELATED_SCORE && number != 0)
      orf_anomaly_case_relate (post->party.anomaly, number, score, TRUE);
  }
}

/* A row that was strange, or that none came, was long enough ago: by both clocks, as the past may
 * come in a hurry, and the present not at all. */
static void
look_for_end (OrfAnomalyDesk *desk, OrfAnomalyPost *post, gint64 t_us)
{
  gint64 hold_off_us = MAX (HOLD_OFF_US, HOLD_OFF_ROWS * orf_anomaly_crew_get_step_us (post->crew));

  if (post->party.anomaly != NULL && !post->silent &&
      (t_us - orf_anomaly_case_get_last_us (post->party.anomaly) > hold_off_us ||
       desk->awake_us - post->strange_us > hold_off_us))
    leave_case (post);
}

static gboolean
judged_cb (gpointer user_data, OrfAnomalyCrew *crew, const OrfAnomalyCrewVerdict *verdict)
{
  OrfAnomalyDesk *desk = user_data;
  OrfAnomalyPost *post = orf_anomaly_roster_get_post (desk->roster, crew);
  const OrfAnomalySight sight = make_sight (desk, crew, verdict);
  double whole = get_score (desk, sight.step_us, verdict->whole_rarity);

  look_for_end (desk, post, verdict->t_us);
  if (verdict->group.ready && sight.number != 0 && verdict->rarity > 0 &&
      orf_anomaly_docket_is_alarm (desk->docket, sight.score)) {
    post->strange_us = desk->awake_us;
    raise_alarm (desk, post, &sight);
  }
  if (post->party.anomaly == NULL || post->silent ||
      !orf_anomaly_docket_is_strange (desk->docket, whole))
    return FALSE;
  post->strange_us = desk->awake_us;
  orf_anomaly_case_extend (post->party.anomaly, verdict->t_us);
  relate (post);
  return TRUE;
}

/* ---- who stopped ----------------------------------------------------------------------------- */

static void
relate_silent (const OrfAnomalyDesk *desk, const OrfAnomalyPost *post)
{
  const OrfAnomalyGroup *group = orf_anomaly_crew_get_group (post->crew);

  for (guint i = 0; i < orf_anomaly_group_get_n_places (group); i++)
    if (orf_anomaly_crew_is_silent (post->crew, i, desk->awake_us))
      orf_anomaly_case_relate (post->party.anomaly, orf_anomaly_crew_get_number (post->crew, i),
                               RELATED_SCORE, FALSE);
}

static void
look_for_silence (OrfAnomalyDesk *desk, OrfAnomalyPost *post)
{
  gint64 step_us = orf_anomaly_crew_get_step_us (post->crew);
  OrfAnomalySilence silence;
  OrfAnomalySight sight;

  if (!orf_anomaly_crew_find_silent (post->crew, desk->awake_us, &silence)) {
    if (post->party.anomaly != NULL && post->silent) {
      orf_anomaly_case_extend (post->party.anomaly, desk->now_us);
      leave_case (post);
    }
    return;
  }
  sight = (OrfAnomalySight){
    .entity = orf_anomaly_crew_get_entity (post->crew),
    .number = orf_anomaly_crew_get_number (post->crew, silence.place),
    .kind = ORF_ANOMALY_KIND_SILENCE,
    .detector = ORF_ANOMALY_STOPPED,
    .score = get_score (desk, step_us, silence.rarity),
    .once_in_us = get_once_in (step_us, silence.rarity),
    .t_us = silence.since_us,
    .step_us = step_us,
    .value = NAN,
    .expected = NAN,
    .lower = NAN,
    .upper = NAN,
  };
  if (post->party.anomaly != NULL || orf_anomaly_roster_departs (desk->roster, sight.number) ||
      !orf_anomaly_docket_is_alarm (desk->docket, sight.score))
    return;
  raise_alarm (desk, post, &sight);
  if (post->party.anomaly == NULL) /* told already */
    return;
  post->silent = TRUE;
  relate_silent (desk, post);
}

/* ---- series ---------------------------------------------------------------------------------- */

void
orf_anomaly_desk_open (OrfAnomalyDesk *desk, const OrfAnomalyOpening *opening)
{
  orf_anomaly_roster_open (desk->roster, opening);
}

void
orf_anomaly_desk_close (OrfAnomalyDesk *desk, guint number)
{
  OrfAnomalyPost *left = orf_anomaly_roster_close (desk->roster, number);

  if (left == NULL)
    return;
  if (left->party.anomaly != NULL)
    leave_case (left);
  orf_anomaly_roster_drop (desk->roster, left);
}

void
orf_anomaly_desk_take (OrfAnomalyDesk *desk, const OrfAnomalySample *sample)
{
  OrfAnomalyArrival arrival = { sample->t_us, sample->value, desk->awake_us, FALSE };
  guint place;
  OrfAnomalyPost *post = orf_anomaly_roster_place (desk->roster, sample->number, sample->t_us,
                                                   &place);
  gint64 step_us;

  if (post == NULL)
    return;
  step_us = orf_anomaly_crew_get_step_us (post->crew);
  arrival.live = ABS (desk->now_us - sample->t_us) <= MAX (LIVE_STEPS * step_us, LIVE_US);
  if (!orf_anomaly_crew_take (post->crew, place, &arrival, judged_cb, desk))
    desk->n_late++;
}

/* ---- frames ---------------------------------------------------------------------------------- */

void
orf_anomaly_desk_begin (OrfAnomalyDesk *desk, gint64 now_us, gint64 awake_us)
{
  desk->passed_us = desk->awake_us > 0 ? awake_us - desk->awake_us : 0;
  desk->now_us = now_us;
  desk->awake_us = awake_us;
}

static const char *
text_cb (gpointer user_data, guint number)
{
  return orf_anomaly_roster_get_text (((const OrfAnomalyDesk *) user_data)->roster, number);
}

static void
tell (OrfAnomalyDesk *desk, GArray *findings)
{
  orf_anomaly_docket_tell (desk->docket, desk->awake_us, text_cb, desk, findings);
}

static void
save_gate (const OrfAnomalyDesk *desk, GPtrArray *states)
{
  OrfAnomalyStateRow *row = orf_anomaly_state_row_new ();

  row->subject = g_strdup (GATE_SUBJECT);
  row->members = g_new0 (char *, 1);
  row->saved_us = desk->now_us;
  row->state = orf_anomaly_docket_save (desk->docket);
  g_ptr_array_add (states, row);
}

static void
save (const OrfAnomalyDesk *desk, OrfAnomalyPost *post, GPtrArray *states)
{
  post->saved_us = desk->awake_us;
  g_ptr_array_add (states, orf_anomaly_crew_save (post->crew, desk->now_us));
}

/* The first time at some point of its turn. */
static gboolean
is_due (const OrfAnomalyDesk *desk, OrfAnomalyPost *post)
{
  if (post->saved_us == 0)
    post->saved_us = desk->awake_us + (gint64) (post->number * 7919 % 1800) * ORF_US_PER_S -
                     SAVE_US / 2;
  return desk->awake_us - post->saved_us >= SAVE_US;
}

void
orf_anomaly_desk_end (OrfAnomalyDesk *desk, GArray *findings, GPtrArray *states)
{
  guint n_before = states->len;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, orf_anomaly_roster_get_posts (desk->roster));
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    OrfAnomalyPost *post = value;

    orf_anomaly_crew_look (post->crew, desk->awake_us, judged_cb, desk);
    look_for_silence (desk, post);
    look_for_end (desk, post, 0);
    if (!is_due (desk, post))
      continue;
    orf_anomaly_crew_forget_absent (post->crew);
    save (desk, post, states);
  }
  orf_anomaly_docket_pass (desk->docket, desk->passed_us);
  if (states->len > n_before)
    save_gate (desk, states);
  tell (desk, findings);
}

void
orf_anomaly_desk_finish (OrfAnomalyDesk *desk, GArray *findings, GPtrArray *states)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, orf_anomaly_roster_get_posts (desk->roster));
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    OrfAnomalyPost *post = value;

    if (post->party.anomaly != NULL)
      leave_case (post);
    save (desk, post, states);
  }
  save_gate (desk, states);
  tell (desk, findings);
}

OrfAnomalyDeskFigures
orf_anomaly_desk_get_figures (const OrfAnomalyDesk *desk)
{
  return (OrfAnomalyDeskFigures){
    .n_series = orf_anomaly_roster_get_n_series (desk->roster),
    .n_crews = orf_anomaly_roster_get_n_crews (desk->roster),
    .n_open = orf_anomaly_docket_get_n_open (desk->docket),
    .n_late = desk->n_late,
    .threshold = orf_anomaly_docket_get_threshold (desk->docket),
    .bytes = orf_anomaly_roster_get_bytes (desk->roster),
  };
}
