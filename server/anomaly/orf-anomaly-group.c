/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomaly/orf-anomaly-group.h"
#include "orf-error.h"
#include "stats/orf-state-blob.h"

#include <math.h>
#include <string.h>

#define BLOB_MAGIC   0x4152464fu /* "OFRA" */
#define BLOB_VERSION 9u          /* of the layout: another is refused */

/* What each other series counts that says something too: they are not independent. */
#define OTHERS_SHARE .05f
/* What the axes say is one question, against the many that the detectors are asked. */
#define TOGETHER_WEIGHT 2
/* What the forest says beyond once in a hundred rows counts: alone it is right less often than the
 * others. */
#define FOREST_FROM 2

/* What strange rows just before add to a row's score: this share of their mean. */
#define LATELY_ROWS  8
#define LATELY_SHARE .3f

/* Numbers of two groups that follow each other, of which each has its turn at what is costly: prime
 * to what they are taken modulo of. */
#define NUMBERS_APART 37

/* What is saved before the watches and the axes. */
typedef struct {
  gint64 step_us, last_us;
  guint64 taken; /* bit i: a series is at place i */
  guint32 number, n_places;
  OrfAlarmTold told;
  guint32 begun;
  float lately; /* the mean score of about LATELY_ROWS */
  guint32 wants_forest;
  guint32 reserved;
  guint16 windows[ORF_ANOMALY_GROUP_MAX]; /* by place: of its discord; 0: none */
} Head;

struct _OrfAnomalyGroup {
  Head head;
  OrfAnomalyTuning tuning;
  guint capacity;
  OrfAnomalyWatch *watches; /* by place */
  float *scores;            /* by place: of the last row */
  OrfDiscord **discords;    /* by place; NULL: there is none */
  OrfDecayedPca *pca;       /* of all places; NULL: there are fewer than two */
  OrfRollingForest *forest; /* the same; NULL: there is none */
};

static gboolean
is_taken (const OrfAnomalyGroup *self, guint place)
{
  return (self->head.taken >> place & 1) != 0;
}

static gsize
get_pca_bytes (guint n_places)
{
  return n_places > 1 ? orf_decayed_pca_get_bytes (n_places) : 0;
}

static gsize
get_forest_bytes (const Head *head)
{
  if (!head->wants_forest || head->n_places < ORF_ANOMALY_GROUP_FOREST)
    return 0;
  return orf_rolling_forest_get_bytes (head->n_places);
}

static gsize
get_discord_bytes (const Head *head, guint place)
{
  return head->windows[place] == 0
           ? 0
           : orf_discord_get_bytes (head->windows[place], ORF_ANOMALY_GROUP_PAST);
}

static gsize
get_discords_bytes (const Head *head)
{
  gsize bytes = 0;

  for (guint i = 0; i < head->n_places; i++)
    bytes += get_discord_bytes (head, i);
  return bytes;
}

/* ---- places ---------------------------------------------------------------------------------- */

static void
grow (OrfAnomalyGroup *self, guint n_places)
{
  guint before = self->capacity;

  if (n_places <= before)
    return;
  /* they are few and large: an eighth more is enough, and doubling would waste half */
  self->capacity = MIN (n_places + n_places / 8, ORF_ANOMALY_GROUP_MAX);
  self->watches = g_renew (OrfAnomalyWatch, self->watches, self->capacity);
  self->scores = g_renew (float, self->scores, self->capacity);
  self->discords = g_renew (OrfDiscord *, self->discords, self->capacity);
  for (guint i = before; i < self->capacity; i++)
    self->discords[i] = NULL;
}

static void
begin_axes (OrfAnomalyGroup *self)
{
  guint n = self->head.n_places;

  g_clear_pointer (&self->pca, g_free);
  if (n < 2)
    return;
  self->pca = g_malloc (orf_decayed_pca_get_bytes (n));
  orf_decayed_pca_init (self->pca, n, self->head.number * NUMBERS_APART);
}

static void
begin_forest (OrfAnomalyGroup *self)
{
  gsize bytes = get_forest_bytes (&self->head);

  g_clear_pointer (&self->forest, g_free);
  if (bytes == 0)
    return;
  self->forest = g_malloc (bytes);
  orf_rolling_forest_init (self->forest, self->head.n_places, self->head.number * NUMBERS_APART);
}

void
orf_anomaly_group_set_forest (OrfAnomalyGroup *self, gboolean forest)
{
  if (self->head.wants_forest == (guint32) forest)
    return;
  self->head.wants_forest = (guint32) forest;
  begin_forest (self);
}

static void
begin_discord (OrfAnomalyGroup *self, guint place)
{
  guint window = self->head.windows[place];

  g_clear_pointer (&self->discords[place], g_free);
  if (window == 0)
    return;
  self->discords[place] = g_malloc (get_discord_bytes (&self->head, place));
  orf_discord_init (self->discords[place], window, ORF_ANOMALY_GROUP_PAST);
}

gboolean
orf_anomaly_group_set_discord (OrfAnomalyGroup *self, guint place, guint window)
{
  if (place >= self->head.n_places || !is_taken (self, place) ||
      (window > 0 && !orf_discord_is_setup (window, ORF_ANOMALY_GROUP_PAST)))
    return FALSE;
  if (self->head.windows[place] == window)
    return TRUE;
  self->head.windows[place] = (guint16) window;
  begin_discord (self, place);
  return TRUE;
}

gboolean
orf_anomaly_group_has_forest (const OrfAnomalyGroup *self)
{
  return self->head.wants_forest != 0;
}

static void
take_place (OrfAnomalyGroup *self, guint place, gboolean counter)
{
  self->head.n_places = MAX (self->head.n_places, place + 1);
  grow (self, self->head.n_places);
  self->head.taken |= G_GUINT64_CONSTANT (1) << place;
  self->scores[place] = 0;
  orf_anomaly_watch_init (&self->watches[place], self->head.step_us, counter,
                          self->head.number * NUMBERS_APART + place);
}

gboolean
orf_anomaly_group_join (OrfAnomalyGroup *self, gboolean counter, guint *place)
{
  guint free = 0;

  while (free < ORF_ANOMALY_GROUP_MAX && is_taken (self, free))
    free++;
  if (free == ORF_ANOMALY_GROUP_MAX)
    return FALSE;
  take_place (self, free, counter);
  begin_axes (self);
  begin_forest (self);
  *place = free;
  return TRUE;
}

/* Axes and forest learn that nothing comes there any more. */
void
orf_anomaly_group_leave (OrfAnomalyGroup *self, guint place)
{
  orf_anomaly_group_set_discord (self, place, 0);
  self->head.taken &= ~(G_GUINT64_CONSTANT (1) << place);
  self->scores[place] = 0;
}

void
orf_anomaly_group_begin_anew (OrfAnomalyGroup *self)
{
  self->head.begun = FALSE;
  memset (&self->head.told, 0, sizeof self->head.told);
  for (guint i = 0; i < self->head.n_places; i++)
    if (is_taken (self, i))
      take_place (self, i, self->watches[i].counter);
  begin_axes (self);
  begin_forest (self);
  for (guint i = 0; i < self->head.n_places; i++)
    begin_discord (self, i);
}

guint
orf_anomaly_group_get_n_series (const OrfAnomalyGroup *self)
{
  return (guint) __builtin_popcountll (self->head.taken);
}

guint
orf_anomaly_group_get_n_places (const OrfAnomalyGroup *self)
{
  return self->head.n_places;
}

gint64
orf_anomaly_group_get_step_us (const OrfAnomalyGroup *self)
{
  return self->head.step_us;
}

gboolean
orf_anomaly_group_get_last_us (const OrfAnomalyGroup *self, gint64 *last_us)
{
  if (self->head.begun)
    *last_us = self->head.last_us;
  return self->head.begun != 0;
}

float
orf_anomaly_group_get_score (const OrfAnomalyGroup *self, guint place)
{
  return self->scores[place];
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfAnomalyGroup *
orf_anomaly_group_new (const OrfAnomalySetup *setup, GError **error)
{
  OrfAnomalyGroup *self;

  if (setup->n_series > ORF_ANOMALY_GROUP_MAX || setup->step_us <= 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "at most %u series are judged together, with a step above 0",
                 ORF_ANOMALY_GROUP_MAX);
    return NULL;
  }
  self = g_new0 (OrfAnomalyGroup, 1);
  self->head.step_us = setup->step_us;
  self->head.number = setup->number;
  for (guint i = 0; i < setup->n_series; i++)
    take_place (self, i, (setup->counters >> i & 1) != 0);
  begin_axes (self);
  return self;
}

void
orf_anomaly_group_free (OrfAnomalyGroup *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->capacity; i++)
    g_free (self->discords[i]);
  g_free (self->discords);
  g_free (self->watches);
  g_free (self->scores);
  g_free (self->pca);
  g_free (self->forest);
  g_free (self);
}

void
orf_anomaly_group_tune (OrfAnomalyGroup *self, const OrfAnomalyTuning *tuning)
{
  self->tuning = *tuning;
}

gsize
orf_anomaly_group_get_bytes (const OrfAnomalyGroup *self)
{
  gsize place_bytes = sizeof *self->watches + sizeof *self->scores + sizeof *self->discords;

  return sizeof *self + self->capacity * place_bytes + get_pca_bytes (self->head.n_places) +
         get_forest_bytes (&self->head) + get_discords_bytes (&self->head);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void
take (OrfAnomalyGroupVerdict *verdict, guint series, double value, const OrfAnomalyVerdict *said)
{
  verdict->alone = *said;
  verdict->alone_series = verdict->series = series;
  verdict->alone_value = value;
  verdict->detector = said->detector;
  verdict->score = said->score;
  verdict->expected = said->expected;
  verdict->lower = said->lower;
  verdict->upper = said->upper;
}

/* One detector more, of what the others are given. */
static void
judge_shape (OrfAnomalyGroup *self, guint place, OrfAnomalyVerdict *said)
{
  float score;

  if (self->discords[place] == NULL)
    return;
  score = orf_discord_push (self->discords[place], self->watches[place].last_row, NULL) -
          log10f (ORF_N_DETECTORS);
  if (score <= said->score)
    return;
  said->score = score;
  said->detector = ORF_DETECTOR_DISCORD;
  said->expected = said->lower = said->upper = NAN;
}

/* In verdict the strangest series; the sum of what all say. */
static float
judge_each (OrfAnomalyGroup *self,
            gint64 t_us,
            const double *values,
            OrfAnomalyGroupVerdict *verdict)
{
  float sum = 0;

  for (guint i = 0; i < self->head.n_places; i++) {
    OrfAnomalyVerdict said;

    self->scores[i] = 0;
    if (!is_taken (self, i) ||
        !orf_anomaly_watch_push (&self->watches[i], &self->tuning, t_us, values[i], &said))
      continue;
    judge_shape (self, i, &said);
    self->scores[i] = said.score;
    sum += said.score;
    if (said.score > verdict->score)
      take (verdict, i, self->watches[i].last_row, &said);
  }
  return sum;
}

static void
take_together (OrfAnomalyGroupVerdict *verdict, OrfDetector detector, guint series)
{
  verdict->detector = detector;
  verdict->series = series;
  verdict->expected = verdict->lower = verdict->upper = NAN;
}

/* Each row's distance from what the series' own past tells is not what the axes are given: those
 * know their levels themselves, and see what is new at the same time in several. */
static void
judge_together (OrfAnomalyGroup *self,
                const double *values,
                float sum,
                OrfAnomalyGroupVerdict *verdict)
{
  float alone = verdict->score, together;
  guint strongest;

  if (self->pca == NULL)
    return;
  together = TOGETHER_WEIGHT * orf_decayed_pca_push (self->pca, values, &strongest);
  if (together > alone)
    take_together (verdict, ORF_N_DETECTORS, strongest);
  verdict->score = fmaxf (0, alone + OTHERS_SHARE * (sum - alone) -
                               log10f ((float) orf_anomaly_group_get_n_series (self))) +
                   together;
}

/* Values themselves: a state that is rare is so for as long as it lasts. */
static void
judge_kind (OrfAnomalyGroup *self, const double *values, OrfAnomalyGroupVerdict *verdict)
{
  float beyond;

  if (self->forest == NULL)
    return;
  beyond = orf_rolling_forest_push (self->forest, values) - FOREST_FROM;
  if (beyond <= 0)
    return;
  if (beyond > verdict->score)
    take_together (verdict, ORF_DETECTOR_FOREST, orf_rolling_forest_find_strongest (self->forest));
  verdict->score += beyond;
}

/* What lasts is more than what comes once. */
static float
add_lately (OrfAnomalyGroup *self, float score)
{
  float lately = self->head.lately;

  self->head.lately += (score - lately) / LATELY_ROWS;
  return score + LATELY_SHARE * MIN (lately, score);
}

gboolean
orf_anomaly_group_push (OrfAnomalyGroup *self,
                        gint64 t_us,
                        const double *values,
                        OrfAnomalyGroupVerdict *verdict)
{
  OrfAnomalyGroupVerdict said = { .alone_value = NAN, .expected = NAN, .lower = NAN, .upper = NAN };
  float sum;

  if (self->head.begun && t_us <= self->head.last_us)
    return FALSE;
  self->head.begun = TRUE;
  self->head.last_us = t_us;
  sum = judge_each (self, t_us, values, &said);
  judge_together (self, values, sum, &said);
  judge_kind (self, values, &said);
  said.score = add_lately (self, said.score);
  said.whole = said.score;
  said.ready = orf_alarm_told_push (&self->head.told, &said.score);
  *verdict = said;
  return TRUE;
}

/* ---- saved -------------------------------------------------------------------------------------
 */

GBytes *
orf_anomaly_group_save (const OrfAnomalyGroup *self)
{
  g_autoptr (GByteArray) state = g_byte_array_new ();
  guint n = self->head.n_places;

  g_byte_array_append (state, (const guint8 *) &self->head, sizeof self->head);
  g_byte_array_append (state, (const guint8 *) self->watches, n * (guint) sizeof (OrfAnomalyWatch));
  g_byte_array_append (state, (const guint8 *) self->pca, (guint) get_pca_bytes (n));
  g_byte_array_append (state, (const guint8 *) self->forest,
                       (guint) get_forest_bytes (&self->head));
  for (guint i = 0; i < n; i++)
    g_byte_array_append (state, (const guint8 *) self->discords[i],
                         (guint) get_discord_bytes (&self->head, i));
  return orf_state_blob_pack (BLOB_MAGIC, BLOB_VERSION, state->data, state->len);
}

static gboolean
is_head (const Head *head, gsize length)
{
  for (guint i = 0; i < ORF_ANOMALY_GROUP_MAX; i++)
    if (head->windows[i] > 0 && ((head->taken >> i & 1) == 0 ||
                                 !orf_discord_is_setup (head->windows[i], ORF_ANOMALY_GROUP_PAST)))
      return FALSE;
  return orf_state_is_step (head->step_us) && orf_state_is_time (head->last_us) &&
         head->n_places <= ORF_ANOMALY_GROUP_MAX && head->wants_forest <= 1 &&
         (head->n_places == ORF_ANOMALY_GROUP_MAX || head->taken >> head->n_places == 0) &&
         length == sizeof *head + head->n_places * sizeof (OrfAnomalyWatch) +
                     get_pca_bytes (head->n_places) + get_forest_bytes (head) +
                     get_discords_bytes (head);
}

/* So many of the bytes that are left. */
static void
take_bytes (gpointer to, const guint8 **rest, gsize bytes)
{
  if (bytes > 0)
    memcpy (to, *rest, bytes);
  *rest += bytes;
}

static gboolean
is_valid (const OrfAnomalyGroup *self)
{
  guint n = self->head.n_places;

  for (guint i = 0; i < n; i++)
    if (!orf_anomaly_watch_is_valid (&self->watches[i]) ||
        (self->discords[i] != NULL &&
         !orf_discord_is_valid (self->discords[i], self->head.windows[i], ORF_ANOMALY_GROUP_PAST)))
      return FALSE;
  return (self->pca == NULL || orf_decayed_pca_is_valid (self->pca, n)) &&
         (self->forest == NULL || orf_rolling_forest_is_valid (self->forest, n));
}

static gboolean
fill (OrfAnomalyGroup *self, const Head *head, const guint8 *rest)
{
  guint n = head->n_places;

  self->head = *head;
  grow (self, n);
  begin_axes (self);
  begin_forest (self);
  if (self->capacity > 0) /* of nobody there is nothing, not even an array */
    memset (self->scores, 0, self->capacity * sizeof *self->scores);
  take_bytes (self->watches, &rest, n * sizeof (OrfAnomalyWatch));
  take_bytes (self->pca, &rest, get_pca_bytes (n));
  take_bytes (self->forest, &rest, get_forest_bytes (head));
  for (guint i = 0; i < n; i++) {
    begin_discord (self, i);
    take_bytes (self->discords[i], &rest, get_discord_bytes (head, i));
  }
  return is_valid (self);
}

OrfAnomalyGroup *
orf_anomaly_group_restore (GBytes *blob, GError **error)
{
  gsize length = 0;
  g_autofree guint8 *state = orf_state_blob_unpack (BLOB_MAGIC, BLOB_VERSION, blob, &length);
  g_autoptr (OrfAnomalyGroup) self = g_new0 (OrfAnomalyGroup, 1);
  Head head;

  if (state != NULL && length >= sizeof head) {
    memcpy (&head, state, sizeof head);
    if (is_head (&head, length) && fill (self, &head, state + sizeof head))
      return g_steal_pointer (&self);
  }
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_DATA_LOSS,
                       "not the saved state of an anomaly group of this version");
  return NULL;
}
