/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-open.h"

/* Of more at once than anybody looks at, the later ones are in the file alone. */
#define MAX_OPEN 256

typedef struct {
  gint64 id;
  char *entity;
  OrfAnomalyKind kind;
  OrfSeverity severity;
  double score; /* 0: it is over, or is something else now; told once, and then forgotten */
} Open;

struct _OrfAnomalyOpen {
  GArray *all; /* Open */
};

static void
clear_open (gpointer data)
{
  g_free (((Open *) data)->entity);
}

OrfAnomalyOpen *
orf_anomaly_open_new (void)
{
  OrfAnomalyOpen *self = g_new (OrfAnomalyOpen, 1);

  self->all = g_array_new (FALSE, FALSE, sizeof (Open));
  g_array_set_clear_func (self->all, clear_open);
  return self;
}

void
orf_anomaly_open_free (OrfAnomalyOpen *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->all);
  g_free (self);
}

static Open *
get (const OrfAnomalyOpen *self, guint i)
{
  return &g_array_index (self->all, Open, i);
}

static Open *
find (const OrfAnomalyOpen *self, gint64 id)
{
  for (guint i = 0; i < self->all->len; i++)
    if (get (self, i)->id == id && get (self, i)->score > 0)
      return get (self, i);
  return NULL;
}

void
orf_anomaly_open_note (OrfAnomalyOpen *self, const OrfAnomalyRecord *row)
{
  gboolean is_told = row->ended_us == 0 && row->severity != ORF_SEVERITY_INFO && row->score > 0;
  Open *open = find (self, row->id);
  Open more = { .id = row->id, .kind = row->kind, .severity = row->severity, .score = row->score };

  if (open != NULL && is_told && open->kind == row->kind && open->severity == row->severity) {
    open->score = row->score;
    return;
  }
  if (open != NULL)
    open->score = 0;
  if (!is_told || self->all->len >= MAX_OPEN)
    return;
  more.entity = g_strdup (row->entity);
  g_array_append_val (self->all, more);
}

static gboolean
is_same (const Open *a, const Open *b)
{
  return a->kind == b->kind && a->severity == b->severity && g_str_equal (a->entity, b->entity);
}

/* Another one has its labels, and a higher score. */
static gboolean
is_hidden (const OrfAnomalyOpen *self, guint i)
{
  const Open *open = get (self, i);

  for (guint j = 0; j < self->all->len; j++) {
    const Open *other = get (self, j);

    if (j != i && is_same (open, other) &&
        (other->score > open->score || (other->score == open->score && j < i)))
      return TRUE;
  }
  return FALSE;
}

void
orf_anomaly_open_fill (OrfAnomalyOpen *self, OrfFrame *frame)
{
  for (guint i = 0; i < self->all->len; i++) {
    const Open *open = get (self, i);
    const char *const labels[] = { open->entity, orf_anomaly_kind_to_string (open->kind),
                                   orf_severity_to_string (open->severity), NULL };

    if (!is_hidden (self, i))
      orf_frame_add (frame, ORF_METRIC_ORFEAS_ANOMALY_SCORE, labels, open->score);
  }
  for (guint i = self->all->len; i > 0; i--)
    if (get (self, i - 1)->score == 0)
      g_array_remove_index (self->all, i - 1);
}
