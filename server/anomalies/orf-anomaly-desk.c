/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-desk.h"

#include <math.h>
#include <string.h>

#include "anomaly/orf-anomaly-step.h"
#include "core/orf-clock.h"
#include "core/orf-names.h"

/* Whose state the gate's is. */
#define GATE_SUBJECT ""

/* The gate counts in rows of a second; rows of other lengths are brought to that. */
#define GATE_STEP_US ORF_US_PER_S
/* Of series that come within so much of a row, or of this, the past is that of now. */
#define LIVE_STEPS 3
#define LIVE_US    (10 * ORF_US_PER_S)
/* An anomaly goes on while rows are at most so much below the threshold, in powers of ten, and ends
 * so long after the last of them. */
#define STRANGE_BELOW 2
#define HOLD_OFF_US   (60 * ORF_US_PER_S)
#define HOLD_OFF_ROWS 10
/* Anomalies of several entities that begin within so much are one. */
#define SAME_MOMENT_US (5 * ORF_US_PER_S)
/* Far beyond an alarm: a hundred times as rare as what is promised. */
#define CRITICAL_BEYOND 2
/* A series is told as moving with it where by itself its row comes once in a hundred. */
#define RELATED_SCORE 2.f
/* And it is what is told of a row that the axes found strange where it comes once in a thousand. */
#define ALONE_SCORE 3.f
/* What is rarer than once in a hundred years cannot be told from a past of days. */
#define MAX_ONCE_IN_US (100 * 365 * 86400. * ORF_US_PER_S)
/* The like of an anomaly is not told again within an hour, unless it is ten times as rare. */
#define AGAIN_US     (3600 * ORF_US_PER_S)
#define AGAIN_BEYOND 1
/* What goes on is told anew at most so often, where nothing that is told at once happens. */
#define MORE_US (10 * ORF_US_PER_S)
/* How often each crew is saved. */
#define SAVE_US (1800 * ORF_US_PER_S)

/* A case whose crews, and the time of its last telling, are here. */
typedef struct {
  OrfAnomalyCase *anomaly;
  gint64 told_us; /* awake time */
} Open;

typedef struct {
  OrfAnomalyCrew *crew;
  Open *open;           /* NULL: nothing is strange */
  gboolean silent;      /* that is what is strange */
  gint64 strange_us;    /* awake time, of the last row that was */
  OrfAnomalySight last; /* the alarm of its last case; entity: none yet where NULL */
  gint64 saved_us;      /* awake time */
} Entity;

typedef struct {
  guint number;
  char *text, *entity;
  gboolean counter, departs;
  gint64 shape_us;
  Entity *at; /* NULL: its pace is not known yet */
  guint place;
  guint n_first;
  gint64 first_us[ORF_STEP_ROWS + 1];
} Member;

struct _OrfAnomalyDesk {
  gint64 next_id;
  OrfAnomalyWishes wishes;
  OrfAlarmGate gate;
  GHashTable *members;  /* Member by number */
  GHashTable *entities; /* Entity by subject */
  GHashTable *saved;    /* OrfAnomalyStateRow by subject: nobody came back of them yet */
  GHashTable *known;    /* subject by canonical text, of those saved */
  OrfAnomalyQuietSet *quiets;
  GPtrArray *open; /* Open */
  guint n_made, n_forests;
  guint64 n_late;
  gint64 now_us, awake_us, passed_us;
  gsize bytes;
};

/* ---- life ------------------------------------------------------------------------------------ */

static void
member_free (gpointer data)
{
  Member *member = data;

  g_free (member->text);
  g_free (member->entity);
  g_free (member);
}

static void
entity_free (gpointer data)
{
  Entity *entity = data;

  orf_anomaly_crew_free (entity->crew);
  g_free (entity);
}

static void
open_free (gpointer data)
{
  Open *open = data;

  orf_anomaly_case_free (open->anomaly);
  g_free (open);
}

static void
remember (OrfAnomalyDesk *desk, OrfAnomalyStateRow *row)
{
  desk->bytes += g_bytes_get_size (row->state);
  g_hash_table_replace (desk->saved, row->subject, row);
  for (guint i = 0; row->members[i] != NULL; i++)
    if (row->members[i][0] != '\0')
      g_hash_table_replace (desk->known, g_strdup (row->members[i]), g_strdup (row->subject));
}

OrfAnomalyDesk *
orf_anomaly_desk_new (const OrfAnomalyDeskSetup *setup, GPtrArray *states)
{
  OrfAnomalyDesk *desk = g_new0 (OrfAnomalyDesk, 1);

  desk->next_id = setup->next_id;
  desk->wishes = setup->wishes;
  orf_alarm_gate_init (&desk->gate, GATE_STEP_US, desk->wishes.alarms_per_day, TRUE);
  desk->members = g_hash_table_new_full (NULL, NULL, NULL, member_free);
  desk->entities = orf_names_table_new (NULL, entity_free);
  desk->saved = orf_names_table_new (NULL, (GDestroyNotify) orf_anomaly_state_row_free);
  desk->known = orf_names_table_new (g_free, g_free);
  desk->quiets = orf_anomaly_quiet_set_new ();
  desk->open = g_ptr_array_new_with_free_func (open_free);
  for (guint i = 0; i < states->len; i++) {
    OrfAnomalyStateRow *row = states->pdata[i];

    if (!g_str_equal (row->subject, GATE_SUBJECT)) {
      states->pdata[i] = NULL;
      remember (desk, row);
    } else if (orf_alarm_gate_restore (&desk->gate, row->state)) {
      orf_alarm_gate_promise (&desk->gate, desk->wishes.alarms_per_day);
    }
  }
  return desk;
}

void
orf_anomaly_desk_free (OrfAnomalyDesk *desk)
{
  if (desk == NULL)
    return;
  g_hash_table_unref (desk->members);
  g_hash_table_unref (desk->entities);
  g_hash_table_unref (desk->saved);
  g_hash_table_unref (desk->known);
  orf_anomaly_quiet_set_free (desk->quiets);
  g_ptr_array_unref (desk->open);
  g_free (desk);
}

static void
tune (const OrfAnomalyDesk *desk, OrfAnomalyCrew *crew)
{
  gint64 rows = desk->wishes.look_back_us / orf_anomaly_crew_get_step_us (crew);
  const OrfAnomalyTuning tuning = {
    .look_back_rows = desk->wishes.look_back_us > 0
                        ? (guint) CLAMP (rows, ORF_ANOMALY_LOOK_BACK_ROWS_MIN,
                                         ORF_ANOMALY_LOOK_BACK_ROWS_MAX)
                        : 0,
    .threshold_deviations = (float) desk->wishes.threshold_deviations,
  };

  orf_anomaly_crew_tune (crew, &tuning);
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
  GHashTableIter iter;
  gpointer entity;

  if (are_equal (wishes, &desk->wishes))
    return;
  desk->wishes = *wishes;
  orf_alarm_gate_promise (&desk->gate, wishes->alarms_per_day);
  g_hash_table_iter_init (&iter, desk->entities);
  while (g_hash_table_iter_next (&iter, NULL, &entity))
    tune (desk, ((Entity *) entity)->crew);
}

/* ---- what was called known or noise ---------------------------------------------------------- */

void
orf_anomaly_desk_set_quiets (OrfAnomalyDesk *desk, const GArray *quiets)
{
  orf_anomaly_quiet_set_fill (desk->quiets, quiets);
}

static gboolean
is_quiet (const OrfAnomalyDesk *desk, const OrfAnomalySight *sight)
{
  const Member *member = g_hash_table_lookup (desk->members, GUINT_TO_POINTER (sight->number));
  g_autofree char *key = NULL;

  if (member == NULL || orf_anomaly_quiet_set_is_empty (desk->quiets))
    return FALSE;
  key = orf_anomaly_quiet_make_key (sight->entity, member->text, sight->detector,
                                    orf_anomaly_sight_get_direction (sight));
  return orf_anomaly_quiet_set_covers (desk->quiets, key, sight->score);
}

/* ---- cases ----------------------------------------------------------------------------------- */

/* -log10 of how rare it is among all rows of all crews, brought to rows of the gate's step. */
static double
correct (const OrfAnomalyDesk *desk, gint64 step_us, float rarity)
{
  return (double) rarity + log10 ((double) step_us / (double) GATE_STEP_US) -
         log10 (MAX (g_hash_table_size (desk->entities), 1));
}

static gint64
get_once_in (gint64 step_us, float rarity)
{
  double once_us = (double) step_us * pow (10, (double) rarity);

  return once_us <= MAX_ONCE_IN_US ? (gint64) once_us : -1;
}

/* What began a moment ago, of another entity. */
static Open *
find_same_moment (OrfAnomalyDesk *desk, const OrfAnomalySight *sight)
{
  for (guint i = desk->open->len; i > 0; i--) {
    Open *open = desk->open->pdata[i - 1];
    gint64 apart_us = sight->t_us - orf_anomaly_case_get_started_us (open->anomaly);

    if (ABS (apart_us) <= MAX (SAME_MOMENT_US, sight->step_us) &&
        !orf_anomaly_case_is_over (open->anomaly) &&
        orf_anomaly_case_get_severity (open->anomaly) > ORF_SEVERITY_INFO)
      return open;
  }
  return NULL;
}

static OrfSeverity
rate (const OrfAnomalyDesk *desk, double score)
{
  return score >= desk->gate.threshold + CRITICAL_BEYOND ? ORF_SEVERITY_CRITICAL
                                                         : ORF_SEVERITY_WARNING;
}

static Open *
begin_case (OrfAnomalyDesk *desk, const OrfAnomalySight *sight, OrfSeverity severity)
{
  Open *open = g_new0 (Open, 1);

  open->anomaly = orf_anomaly_case_new (desk->next_id++, sight, severity);
  g_ptr_array_add (desk->open, open);
  if (severity > ORF_SEVERITY_INFO)
    orf_alarm_gate_pass (&desk->gate, 0, 1);
  return open;
}

/* It was told not long ago, and is not much stranger. */
static gboolean
is_known (const Entity *entity, const OrfAnomalySight *sight)
{
  const OrfAnomalySight *last = &entity->last;

  return last->entity != NULL && last->number == sight->number &&
         g_str_equal (last->detector, sight->detector) && sight->t_us - last->t_us < AGAIN_US &&
         sight->score < last->score + AGAIN_BEYOND;
}

/* An alarm: of the case that its entity has, of one that began at this moment, or of a new one. */
static void
raise_alarm (OrfAnomalyDesk *desk, Entity *entity, const OrfAnomalySight *sight)
{
  OrfSeverity severity = is_quiet (desk, sight) ? ORF_SEVERITY_INFO : rate (desk, sight->score);
  gboolean was_quiet;

  if (entity->open == NULL && is_known (entity, sight))
    return;
  if (entity->open == NULL || sight->score > entity->last.score)
    entity->last = *sight;
  if (entity->open == NULL && severity > ORF_SEVERITY_INFO) {
    entity->open = find_same_moment (desk, sight);
    if (entity->open != NULL)
      orf_anomaly_case_relate (entity->open->anomaly, sight->number, (float) sight->score, FALSE);
  }
  if (entity->open == NULL) {
    entity->open = begin_case (desk, sight, severity);
    return;
  }
  was_quiet = orf_anomaly_case_get_severity (entity->open->anomaly) == ORF_SEVERITY_INFO;
  orf_anomaly_case_see (entity->open->anomaly, sight);
  orf_anomaly_case_raise (entity->open->anomaly, severity);
  if (was_quiet && severity > ORF_SEVERITY_INFO)
    orf_alarm_gate_pass (&desk->gate, 0, 1);
}

static gboolean
is_anyones (const OrfAnomalyDesk *desk, const Open *open)
{
  GHashTableIter iter;
  gpointer entity;

  g_hash_table_iter_init (&iter, desk->entities);
  while (g_hash_table_iter_next (&iter, NULL, &entity))
    if (((const Entity *) entity)->open == open)
      return TRUE;
  return FALSE;
}

/* The entity is usual again. */
static void
leave_case (OrfAnomalyDesk *desk, Entity *entity)
{
  Open *open = g_steal_pointer (&entity->open);

  entity->silent = FALSE;
  if (!is_anyones (desk, open))
    orf_anomaly_case_end (open->anomaly);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void
relate (const Entity *entity)
{
  const OrfAnomalyGroup *group = orf_anomaly_crew_get_group (entity->crew);

  for (guint i = 0; i < orf_anomaly_group_get_n_places (group); i++) {
    float score = orf_anomaly_group_get_score (group, i);
    guint number = orf_anomaly_crew_get_number (entity->crew, i);

    if (score >= RELATED_SCORE && number != 0)
      orf_anomaly_case_relate (entity->open->anomaly, number, score, TRUE);
  }
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
    .score = correct (desk, step_us, verdict->rarity),
    .once_in_us = get_once_in (step_us, verdict->rarity),
    .t_us = verdict->t_us,
    .step_us = step_us,
    .value = together ? NAN : group->alone_value,
    .expected = together ? NAN : group->alone.expected,
    .lower = together ? NAN : group->alone.lower,
    .upper = together ? NAN : group->alone.upper,
  };
}

/* A row that was strange, or that none came, was long enough ago: by both clocks, as the past may
 * come in a hurry, and the present not at all. */
static void
look_for_end (OrfAnomalyDesk *desk, Entity *entity, gint64 t_us)
{
  gint64 hold_off_us = MAX (HOLD_OFF_US,
                            HOLD_OFF_ROWS * orf_anomaly_crew_get_step_us (entity->crew));

  if (entity->open != NULL && !entity->silent &&
      (t_us - orf_anomaly_case_get_last_us (entity->open->anomaly) > hold_off_us ||
       desk->awake_us - entity->strange_us > hold_off_us))
    leave_case (desk, entity);
}

static gboolean
judged_cb (gpointer user_data, OrfAnomalyCrew *crew, const OrfAnomalyCrewVerdict *verdict)
{
  OrfAnomalyDesk *desk = user_data;
  Entity *entity = g_hash_table_lookup (desk->entities, orf_anomaly_crew_get_subject (crew));
  const OrfAnomalySight sight = make_sight (desk, crew, verdict);
  double whole = correct (desk, sight.step_us, verdict->whole_rarity);

  look_for_end (desk, entity, verdict->t_us);
  if (verdict->group.ready && sight.number != 0 && verdict->rarity > 0 &&
      orf_alarm_gate_is_alarm (&desk->gate, (float) sight.score)) {
    entity->strange_us = desk->awake_us;
    raise_alarm (desk, entity, &sight);
  }
  if (entity->open == NULL || entity->silent || whole < desk->gate.threshold - STRANGE_BELOW)
    return FALSE;
  entity->strange_us = desk->awake_us;
  orf_anomaly_case_extend (entity->open->anomaly, verdict->t_us);
  relate (entity);
  return TRUE;
}

/* ---- who stopped ----------------------------------------------------------------------------- */

static void
relate_silent (const OrfAnomalyDesk *desk, const Entity *entity)
{
  const OrfAnomalyGroup *group = orf_anomaly_crew_get_group (entity->crew);

  for (guint i = 0; i < orf_anomaly_group_get_n_places (group); i++)
    if (orf_anomaly_crew_is_silent (entity->crew, i, desk->awake_us))
      orf_anomaly_case_relate (entity->open->anomaly, orf_anomaly_crew_get_number (entity->crew, i),
                               RELATED_SCORE, FALSE);
}

static gboolean
departs (const OrfAnomalyDesk *desk, guint number)
{
  const Member *member = g_hash_table_lookup (desk->members, GUINT_TO_POINTER (number));

  return member == NULL || member->departs;
}

static void
look_for_silence (OrfAnomalyDesk *desk, Entity *entity)
{
  gint64 step_us = orf_anomaly_crew_get_step_us (entity->crew);
  OrfAnomalySilence silence;
  OrfAnomalySight sight;

  if (!orf_anomaly_crew_find_silent (entity->crew, desk->awake_us, &silence)) {
    if (entity->open != NULL && entity->silent) {
      orf_anomaly_case_extend (entity->open->anomaly, desk->now_us);
      leave_case (desk, entity);
    }
    return;
  }
  sight = (OrfAnomalySight){
    .entity = orf_anomaly_crew_get_entity (entity->crew),
    .number = orf_anomaly_crew_get_number (entity->crew, silence.place),
    .kind = ORF_ANOMALY_KIND_SILENCE,
    .detector = ORF_ANOMALY_STOPPED,
    .score = correct (desk, step_us, silence.rarity),
    .once_in_us = get_once_in (step_us, silence.rarity),
    .t_us = silence.since_us,
    .step_us = step_us,
    .value = NAN,
    .expected = NAN,
    .lower = NAN,
    .upper = NAN,
  };
  if (entity->open != NULL || departs (desk, sight.number) ||
      !orf_alarm_gate_is_alarm (&desk->gate, (float) sight.score))
    return;
  raise_alarm (desk, entity, &sight);
  if (entity->open == NULL) /* told already */
    return;
  entity->silent = TRUE;
  relate_silent (desk, entity);
}

/* ---- series ---------------------------------------------------------------------------------- */

static OrfAnomalyCrew *
make_crew (OrfAnomalyDesk *desk, const OrfAnomalyCrewSetup *setup)
{
  g_autofree char *subject = orf_anomaly_crew_make_subject (setup->entity, setup->part,
                                                            setup->step_us);
  OrfAnomalyStateRow *saved = g_hash_table_lookup (desk->saved, subject);
  OrfAnomalyCrew *crew = saved != NULL ? orf_anomaly_crew_restore (setup, saved) : NULL;

  if (saved != NULL)
    desk->bytes -= g_bytes_get_size (saved->state);
  g_hash_table_remove (desk->saved, subject);
  return crew != NULL ? crew : orf_anomaly_crew_new (setup);
}

static gboolean
has_forest (const Entity *entity)
{
  return orf_anomaly_group_has_forest (orf_anomaly_crew_get_group (entity->crew));
}

static void
offer_forest (OrfAnomalyDesk *desk, Entity *entity)
{
  const OrfAnomalyGroup *group = orf_anomaly_crew_get_group (entity->crew);

  if (has_forest (entity) || desk->n_forests >= desk->wishes.forests ||
      orf_anomaly_group_get_n_series (group) < ORF_ANOMALY_GROUP_FOREST)
    return;
  orf_anomaly_crew_set_forest (entity->crew, TRUE);
  desk->n_forests++;
}

/* Also of one that was saved: it may not be chosen any more. */
static void
ask_for_shape (Member *member, gint64 step_us)
{
  gint64 rows = CLAMP (member->shape_us / step_us, ORF_DISCORD_MIN_WINDOW, ORF_DISCORD_MAX_WINDOW);

  orf_anomaly_crew_set_discord (member->at->crew, member->place,
                                member->shape_us > 0 ? (guint) rows : 0);
}

static Entity *
get_entity (OrfAnomalyDesk *desk, const OrfAnomalyCrewSetup *setup)
{
  g_autofree char *subject = orf_anomaly_crew_make_subject (setup->entity, setup->part,
                                                            setup->step_us);
  Entity *entity = g_hash_table_lookup (desk->entities, subject);

  if (entity != NULL)
    return entity;
  entity = g_new0 (Entity, 1);
  entity->crew = make_crew (desk, setup);
  tune (desk, entity->crew);
  /* one that was saved with its forest */
  if (desk->n_forests >= desk->wishes.forests)
    orf_anomaly_crew_set_forest (entity->crew, FALSE);
  desk->n_forests += has_forest (entity) ? 1 : 0;
  /* not all in one frame */
  entity->saved_us = desk->awake_us + (gint64) (desk->n_made++ * 7919 % 1800) * ORF_US_PER_S -
                     SAVE_US / 2;
  desk->bytes += orf_anomaly_crew_get_bytes (entity->crew);
  g_hash_table_insert (desk->entities, (gpointer) orf_anomaly_crew_get_subject (entity->crew),
                       entity);
  return entity;
}

static void
join (OrfAnomalyDesk *desk, Member *member, gint64 step_us, gint64 t_us)
{
  OrfAnomalyCrewSetup setup = {
    .entity = member->entity,
    .step_us = step_us,
    .phase_us = (t_us + step_us / 2) % step_us,
    .number = desk->n_made,
  };
  gboolean joined = FALSE;

  for (; !joined; setup.part++) {
    Entity *entity = get_entity (desk, &setup);
    gsize before = orf_anomaly_crew_get_bytes (entity->crew);

    joined = orf_anomaly_crew_join (entity->crew, member->number, member->text, member->counter,
                                    &member->place);
    member->at = entity;
    if (joined) {
      offer_forest (desk, entity);
      ask_for_shape (member, step_us);
    }
    desk->bytes += orf_anomaly_crew_get_bytes (entity->crew) - before;
  }
}

/* Where it was when that was saved: "entity#part@step". */
static gboolean
join_again (OrfAnomalyDesk *desk, Member *member, gint64 t_us)
{
  const char *subject = g_hash_table_lookup (desk->known, member->text);
  const char *at = subject != NULL ? strrchr (subject, '@') : NULL;
  gint64 step_us = at != NULL ? g_ascii_strtoll (at + 1, NULL, 10) : 0;

  g_hash_table_remove (desk->known, member->text);
  if (step_us <= 0)
    return FALSE;
  join (desk, member, step_us, t_us);
  return TRUE;
}

void
orf_anomaly_desk_open (OrfAnomalyDesk *desk, const OrfAnomalyOpening *opening)
{
  Member *member = g_new0 (Member, 1);

  member->number = opening->number;
  member->text = g_strdup (opening->text);
  member->entity = g_strdup (opening->entity);
  member->counter = opening->counter;
  member->departs = opening->departs;
  member->shape_us = opening->shape_us;
  g_hash_table_insert (desk->members, GUINT_TO_POINTER (member->number), member);
  desk->bytes += sizeof *member + strlen (member->text);
}

/* Nobody is there, or is waited for. */
static void
drop_entity (OrfAnomalyDesk *desk, Entity *entity)
{
  if (entity->open != NULL)
    leave_case (desk, entity);
  desk->bytes -= MIN (desk->bytes, orf_anomaly_crew_get_bytes (entity->crew));
  desk->n_forests -= has_forest (entity) ? 1 : 0;
  g_hash_table_remove (desk->entities, orf_anomaly_crew_get_subject (entity->crew));
}

void
orf_anomaly_desk_close (OrfAnomalyDesk *desk, guint number)
{
  Member *member = g_hash_table_lookup (desk->members, GUINT_TO_POINTER (number));

  if (member == NULL)
    return;
  if (member->at != NULL) {
    gsize before = orf_anomaly_crew_get_bytes (member->at->crew);

    orf_anomaly_crew_leave (member->at->crew, member->place);
    desk->bytes -= before - orf_anomaly_crew_get_bytes (member->at->crew);
    if (orf_anomaly_crew_is_empty (member->at->crew))
      drop_entity (desk, member->at);
  }
  desk->bytes -= MIN (desk->bytes, sizeof *member + strlen (member->text));
  g_hash_table_remove (desk->members, GUINT_TO_POINTER (number));
}

/* FALSE: its pace is not known yet. */
static gboolean
is_placed (OrfAnomalyDesk *desk, Member *member, gint64 t_us)
{
  if (member->at != NULL)
    return TRUE;
  if (member->n_first == 0 && join_again (desk, member, t_us))
    return TRUE;
  if (member->n_first > 0 && t_us <= member->first_us[member->n_first - 1])
    return FALSE;
  member->first_us[member->n_first++] = t_us;
  if (member->n_first <= ORF_STEP_ROWS)
    return FALSE;
  join (desk, member, orf_anomaly_step_tell (member->first_us), t_us);
  return TRUE;
}

void
orf_anomaly_desk_take (OrfAnomalyDesk *desk, const OrfAnomalySample *sample)
{
  Member *member = g_hash_table_lookup (desk->members, GUINT_TO_POINTER (sample->number));
  OrfAnomalyArrival arrival = { sample->t_us, sample->value, desk->awake_us, FALSE };
  gint64 step_us;

  if (member == NULL || !is_placed (desk, member, sample->t_us))
    return;
  step_us = orf_anomaly_crew_get_step_us (member->at->crew);
  arrival.live = ABS (desk->now_us - sample->t_us) <= MAX (LIVE_STEPS * step_us, LIVE_US);
  if (!orf_anomaly_crew_take (member->at->crew, member->place, &arrival, judged_cb, desk))
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
  const OrfAnomalyDesk *desk = user_data;
  const Member *member = g_hash_table_lookup (desk->members, GUINT_TO_POINTER (number));

  return member != NULL ? member->text : NULL;
}

static void
tell (OrfAnomalyDesk *desk, Open *open, GArray *findings)
{
  gboolean due = desk->awake_us - open->told_us >= MORE_US;
  OrfAnomalyCaseNews news = orf_anomaly_case_look_news (open->anomaly);
  OrfAnomalyFinding finding;

  if (news == ORF_ANOMALY_CASE_SAME || (news == ORF_ANOMALY_CASE_MORE && !due))
    return;
  orf_anomaly_case_take_news (open->anomaly);
  open->told_us = desk->awake_us;
  finding = (OrfAnomalyFinding){ orf_anomaly_case_make_row (open->anomaly, text_cb, desk),
                                 news == ORF_ANOMALY_CASE_TOLD };
  g_array_append_val (findings, finding);
}

static void
tell_all (OrfAnomalyDesk *desk, GArray *findings)
{
  for (guint i = 0; i < desk->open->len; i++) {
    Open *open = desk->open->pdata[i];

    tell (desk, open, findings);
    if (orf_anomaly_case_is_over (open->anomaly))
      g_ptr_array_remove_index (desk->open, i--);
  }
}

static void
save_gate (const OrfAnomalyDesk *desk, GPtrArray *states)
{
  OrfAnomalyStateRow *row = orf_anomaly_state_row_new ();

  row->subject = g_strdup (GATE_SUBJECT);
  row->members = g_new0 (char *, 1);
  row->saved_us = desk->now_us;
  row->state = orf_alarm_gate_save (&desk->gate);
  g_ptr_array_add (states, row);
}

static void
save (const OrfAnomalyDesk *desk, Entity *entity, GPtrArray *states)
{
  entity->saved_us = desk->awake_us;
  g_ptr_array_add (states, orf_anomaly_crew_save (entity->crew, desk->now_us));
}

void
orf_anomaly_desk_end (OrfAnomalyDesk *desk, GArray *findings, GPtrArray *states)
{
  guint n_before = states->len;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, desk->entities);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Entity *entity = value;

    orf_anomaly_crew_look (entity->crew, desk->awake_us, judged_cb, desk);
    look_for_silence (desk, entity);
    look_for_end (desk, entity, 0);
    if (desk->awake_us - entity->saved_us < SAVE_US)
      continue;
    orf_anomaly_crew_forget_absent (entity->crew);
    save (desk, entity, states);
  }
  orf_alarm_gate_pass (&desk->gate, (double) desk->passed_us / GATE_STEP_US, 0);
  if (states->len > n_before)
    save_gate (desk, states);
  tell_all (desk, findings);
}

void
orf_anomaly_desk_finish (OrfAnomalyDesk *desk, GArray *findings, GPtrArray *states)
{
  GHashTableIter iter;
  gpointer value;

  for (guint i = 0; i < desk->open->len; i++)
    if (!orf_anomaly_case_is_over (((const Open *) desk->open->pdata[i])->anomaly))
      orf_anomaly_case_end (((Open *) desk->open->pdata[i])->anomaly);
  g_hash_table_iter_init (&iter, desk->entities);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    ((Entity *) value)->open = NULL;
    save (desk, value, states);
  }
  save_gate (desk, states);
  tell_all (desk, findings);
}

OrfAnomalyDeskFigures
orf_anomaly_desk_get_figures (const OrfAnomalyDesk *desk)
{
  return (OrfAnomalyDeskFigures){
    .n_series = g_hash_table_size (desk->members),
    .n_crews = g_hash_table_size (desk->entities),
    .n_open = desk->open->len,
    .n_late = desk->n_late,
    .threshold = desk->gate.threshold,
    .bytes = desk->bytes,
  };
}

static void
clear_finding (gpointer data)
{
  orf_anomaly_record_free (((OrfAnomalyFinding *) data)->row);
}

GArray *
orf_anomaly_findings_new (void)
{
  GArray *findings = g_array_new (FALSE, FALSE, sizeof (OrfAnomalyFinding));

  g_array_set_clear_func (findings, clear_finding);
  return findings;
}
