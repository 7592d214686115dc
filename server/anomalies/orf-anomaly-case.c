/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-case.h"

#include <math.h>

#include "core/orf-clock.h"

/* What goes on is told anew at most so often, where nothing that is told at once happens. */
#define MORE_US (10 * ORF_US_PER_S)
/* What is told beside the strangest. */
#define MAX_RELATED 16
/* So many series of one entity that are this strange by themselves are one incident of it. */
#define CORRELATED_SERIES 3
#define CORRELATED_SCORE  3

typedef struct {
  guint number;
  float score;
  gboolean same_entity;
} Related;

struct _OrfAnomalyCase {
  gint64 id;
  OrfAnomalySight peak; /* its entity is ours */
  char *entity;
  OrfSeverity severity;
  gint64 started_us, last_us, ended_us;
  GArray *related; /* Related, the strangest first */
  guint n_entities;
  OrfAnomalyCaseNews news;
  gint64 told_us; /* awake time */
};

static void
note_news (OrfAnomalyCase *self, OrfAnomalyCaseNews news)
{
  self->news = MAX (self->news, news);
}

int
orf_anomaly_sight_get_direction (const OrfAnomalySight *sight)
{
  if (!isfinite (sight->value) || !isfinite (sight->expected))
    return 0;
  return (sight->value > sight->expected) - (sight->value < sight->expected);
}

OrfAnomalyCase *
orf_anomaly_case_new (gint64 id, const OrfAnomalySight *sight, OrfSeverity severity)
{
  OrfAnomalyCase *self = g_new0 (OrfAnomalyCase, 1);

  self->id = id;
  self->severity = severity;
  self->n_entities = 1;
  self->started_us = sight->t_us;
  self->related = g_array_new (FALSE, FALSE, sizeof (Related));
  self->peak.score = -1;
  orf_anomaly_case_see (self, sight);
  self->news = ORF_ANOMALY_CASE_TOLD;
  return self;
}

void
orf_anomaly_case_free (OrfAnomalyCase *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->related);
  g_free (self->entity);
  g_free (self);
}

void
orf_anomaly_case_extend (OrfAnomalyCase *self, gint64 t_us)
{
  self->last_us = MAX (self->last_us, t_us);
}

void
orf_anomaly_case_see (OrfAnomalyCase *self, const OrfAnomalySight *sight)
{
  orf_anomaly_case_extend (self, sight->t_us);
  if (sight->score <= self->peak.score)
    return;
  self->peak = *sight;
  g_free (self->entity);
  self->peak.entity = self->entity = g_strdup (sight->entity);
  note_news (self, ORF_ANOMALY_CASE_MORE);
}

/* ---- what moves with it ---------------------------------------------------------------------- */

static int
compare_related (gconstpointer a, gconstpointer b)
{
  const Related *x = a, *y = b;

  return x->score != y->score ? (x->score < y->score) - (x->score > y->score)
                              : (x->number > y->number) - (x->number < y->number);
}

static Related *
find_related (OrfAnomalyCase *self, guint number)
{
  for (guint i = 0; i < self->related->len; i++)
    if (g_array_index (self->related, Related, i).number == number)
      return &g_array_index (self->related, Related, i);
  return NULL;
}

void
orf_anomaly_case_relate (OrfAnomalyCase *self, guint number, float score, gboolean same_entity)
{
  const Related one = { number, score, same_entity };
  Related *known = find_related (self, number);

  if (known != NULL && known->score >= score)
    return;
  if (known != NULL)
    known->score = score;
  else
    g_array_append_val (self->related, one);
  g_array_sort (self->related, compare_related);
  /* the strangest is among them where it is strange by itself */
  if (self->related->len > MAX_RELATED + 1)
    g_array_set_size (self->related, MAX_RELATED + 1);
  note_news (self, ORF_ANOMALY_CASE_MORE);
}

static gboolean
is_correlated (const OrfAnomalyCase *self)
{
  guint n = 0;

  for (guint i = 0; i < self->related->len; i++) {
    const Related *one = &g_array_index (self->related, Related, i);

    n += one->same_entity && one->score >= CORRELATED_SCORE;
  }
  return n >= CORRELATED_SERIES;
}

/* ---- its course ------------------------------------------------------------------------------ */

void
orf_anomaly_case_raise (OrfAnomalyCase *self, OrfSeverity severity)
{
  if (severity <= self->severity)
    return;
  self->severity = severity;
  note_news (self, ORF_ANOMALY_CASE_TOLD);
}

void
orf_anomaly_case_join (OrfAnomalyCase *self)
{
  self->n_entities++;
}

void
orf_anomaly_case_leave (OrfAnomalyCase *self)
{
  if (--self->n_entities > 0)
    return;
  self->ended_us = self->last_us + self->peak.step_us;
  note_news (self, ORF_ANOMALY_CASE_TOLD);
}

gboolean
orf_anomaly_case_is_over (const OrfAnomalyCase *self)
{
  return self->ended_us != 0;
}

gint64
orf_anomaly_case_get_started_us (const OrfAnomalyCase *self)
{
  return self->started_us;
}

gint64
orf_anomaly_case_get_last_us (const OrfAnomalyCase *self)
{
  return self->last_us;
}

OrfSeverity
orf_anomaly_case_get_severity (const OrfAnomalyCase *self)
{
  return self->severity;
}

OrfAnomalyCaseNews
orf_anomaly_case_take_news (OrfAnomalyCase *self, gint64 awake_us)
{
  OrfAnomalyCaseNews news = self->news;

  if (news == ORF_ANOMALY_CASE_MORE && awake_us - self->told_us < MORE_US)
    return ORF_ANOMALY_CASE_SAME;
  if (news != ORF_ANOMALY_CASE_SAME)
    self->told_us = awake_us;
  self->news = ORF_ANOMALY_CASE_SAME;
  return news;
}

OrfAnomalyRecord *
orf_anomaly_case_make_row (const OrfAnomalyCase *self, OrfAnomalyTextOf text_of, gpointer user_data)
{
  OrfAnomalyRecord *row = orf_anomaly_record_new ();
  GStrvBuilder *builder = g_strv_builder_new ();
  guint n = 0;

  row->id = self->id;
  row->kind = is_correlated (self) ? ORF_ANOMALY_KIND_CORRELATED : self->peak.kind;
  row->detector = g_strdup (self->peak.detector);
  row->entity = g_strdup (self->entity);
  row->number = self->peak.number;
  row->direction = orf_anomaly_sight_get_direction (&self->peak);
  row->score = self->peak.score;
  row->once_in_us = self->peak.once_in_us;
  row->severity = self->severity;
  row->started_us = self->started_us;
  row->ended_us = self->ended_us;
  row->value = self->peak.value;
  row->lower = self->peak.lower;
  row->upper = self->peak.upper;
  for (guint i = 0; i < self->related->len && n < MAX_RELATED; i++) {
    guint number = g_array_index (self->related, Related, i).number;
    const char *text = number != row->number ? text_of (user_data, number) : NULL;

    if (text == NULL)
      continue;
    g_strv_builder_add (builder, text);
    n++;
  }
  row->related = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return row;
}
