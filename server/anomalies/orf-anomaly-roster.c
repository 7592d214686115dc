/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-roster.h"

#include <string.h>

#include "anomaly/orf-anomaly-step.h"
#include "core/orf-names.h"
#include "stats/orf-state-blob.h"

typedef struct {
  guint number;
  char *text, *entity;
  gboolean counter, departs;
  gint64 shape_us;
  OrfAnomalyPost *at; /* NULL: its pace is not known yet */
  guint place;
  guint n_first;
  gint64 first_us[ORF_STEP_ROWS + 1];
} Member;

struct _OrfAnomalyRoster {
  OrfAnomalyWishes wishes;
  GHashTable *members; /* Member by number */
  GHashTable *posts;   /* OrfAnomalyPost by subject */
  GHashTable *saved;   /* OrfAnomalyStateRow by subject: nobody came back of them yet */
  GHashTable *known;   /* subject by canonical text, of those saved */
  guint n_made, n_forests;
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
post_free (gpointer data)
{
  OrfAnomalyPost *post = data;

  orf_anomaly_crew_free (post->crew);
  g_free (post);
}

OrfAnomalyRoster *
orf_anomaly_roster_new (const OrfAnomalyWishes *wishes)
{
  OrfAnomalyRoster *roster = g_new0 (OrfAnomalyRoster, 1);

  roster->wishes = *wishes;
  roster->members = g_hash_table_new_full (NULL, NULL, NULL, member_free);
  roster->posts = orf_names_table_new (NULL, post_free);
  roster->saved = orf_names_table_new (NULL, (GDestroyNotify) orf_anomaly_state_row_free);
  roster->known = orf_names_table_new (g_free, g_free);
  return roster;
}

void
orf_anomaly_roster_free (OrfAnomalyRoster *roster)
{
  if (roster == NULL)
    return;
  g_hash_table_unref (roster->members);
  g_hash_table_unref (roster->posts);
  g_hash_table_unref (roster->saved);
  g_hash_table_unref (roster->known);
  g_free (roster);
}

void
orf_anomaly_roster_remember (OrfAnomalyRoster *roster, OrfAnomalyStateRow *row)
{
  roster->bytes += g_bytes_get_size (row->state);
  g_hash_table_replace (roster->saved, row->subject, row);
  for (guint i = 0; row->members[i] != NULL; i++)
    if (row->members[i][0] != '\0')
      g_hash_table_replace (roster->known, g_strdup (row->members[i]), g_strdup (row->subject));
}

static void
tune (const OrfAnomalyRoster *roster, OrfAnomalyCrew *crew)
{
  gint64 rows = roster->wishes.look_back_us / orf_anomaly_crew_get_step_us (crew);
  const OrfAnomalyTuning tuning = {
    .look_back_rows = roster->wishes.look_back_us > 0
                        ? (guint) CLAMP (rows, ORF_ANOMALY_LOOK_BACK_ROWS_MIN,
                                         ORF_ANOMALY_LOOK_BACK_ROWS_MAX)
                        : 0,
    .threshold_deviations = (float) roster->wishes.threshold_deviations,
  };

  orf_anomaly_crew_tune (crew, &tuning);
}

void
orf_anomaly_roster_wish (OrfAnomalyRoster *roster, const OrfAnomalyWishes *wishes)
{
  GHashTableIter iter;
  gpointer post;

  roster->wishes = *wishes;
  g_hash_table_iter_init (&iter, roster->posts);
  while (g_hash_table_iter_next (&iter, NULL, &post))
    tune (roster, ((OrfAnomalyPost *) post)->crew);
}

/* ---- crews ----------------------------------------------------------------------------------- */

static OrfAnomalyCrew *
make_crew (OrfAnomalyRoster *roster, const char *subject, const OrfAnomalyCrewSetup *setup)
{
  OrfAnomalyStateRow *saved = g_hash_table_lookup (roster->saved, subject);
  OrfAnomalyCrew *crew = saved != NULL ? orf_anomaly_crew_restore (setup, saved) : NULL;

  if (saved != NULL)
    roster->bytes -= g_bytes_get_size (saved->state);
  g_hash_table_remove (roster->saved, subject);
  return crew != NULL ? crew : orf_anomaly_crew_new (setup);
}

static gboolean
has_forest (const OrfAnomalyPost *post)
{
  return orf_anomaly_group_has_forest (orf_anomaly_crew_get_group (post->crew));
}

static void
offer_forest (OrfAnomalyRoster *roster, OrfAnomalyPost *post)
{
  const OrfAnomalyGroup *group = orf_anomaly_crew_get_group (post->crew);

  if (has_forest (post) || roster->n_forests >= roster->wishes.forests ||
      orf_anomaly_group_get_n_series (group) < ORF_ANOMALY_GROUP_FOREST)
    return;
  orf_anomaly_crew_set_forest (post->crew, TRUE);
  roster->n_forests++;
}

static OrfAnomalyPost *
get_or_make_post (OrfAnomalyRoster *roster, const OrfAnomalyCrewSetup *setup)
{
  g_autofree char *subject = orf_anomaly_crew_make_subject (setup->entity, setup->part,
                                                            setup->step_us);
  OrfAnomalyPost *post = g_hash_table_lookup (roster->posts, subject);

  if (post != NULL)
    return post;
  post = g_new0 (OrfAnomalyPost, 1);
  post->crew = make_crew (roster, subject, setup);
  post->number = roster->n_made++;
  tune (roster, post->crew);
  /* one that was saved with its forest */
  if (roster->n_forests >= roster->wishes.forests)
    orf_anomaly_crew_set_forest (post->crew, FALSE);
  roster->n_forests += has_forest (post) ? 1 : 0;
  roster->bytes += orf_anomaly_crew_get_bytes (post->crew);
  g_hash_table_insert (roster->posts, (gpointer) orf_anomaly_crew_get_subject (post->crew), post);
  return post;
}

OrfAnomalyPost *
orf_anomaly_roster_get_post (const OrfAnomalyRoster *roster, const OrfAnomalyCrew *crew)
{
  return g_hash_table_lookup (roster->posts, orf_anomaly_crew_get_subject (crew));
}

GHashTable *
orf_anomaly_roster_get_posts (const OrfAnomalyRoster *roster)
{
  return roster->posts;
}

void
orf_anomaly_roster_drop (OrfAnomalyRoster *roster, OrfAnomalyPost *post)
{
  roster->bytes -= MIN (roster->bytes, orf_anomaly_crew_get_bytes (post->crew));
  roster->n_forests -= has_forest (post) ? 1 : 0;
  g_hash_table_remove (roster->posts, orf_anomaly_crew_get_subject (post->crew));
}

/* ---- series ---------------------------------------------------------------------------------- */

static Member *
find_member (const OrfAnomalyRoster *roster, guint number)
{
  return g_hash_table_lookup (roster->members, GUINT_TO_POINTER (number));
}

void
orf_anomaly_roster_open (OrfAnomalyRoster *roster, const OrfAnomalyOpening *opening)
{
  Member *member = g_new0 (Member, 1);

  member->number = opening->number;
  member->text = g_strdup (opening->text);
  member->entity = g_strdup (opening->entity);
  member->counter = opening->counter;
  member->departs = opening->departs;
  member->shape_us = opening->shape_us;
  g_hash_table_insert (roster->members, GUINT_TO_POINTER (member->number), member);
  roster->bytes += sizeof *member + strlen (member->text);
}

OrfAnomalyPost *
orf_anomaly_roster_close (OrfAnomalyRoster *roster, guint number)
{
  Member *member = find_member (roster, number);
  OrfAnomalyPost *post = member != NULL ? member->at : NULL;

  if (member == NULL)
    return NULL;
  if (post != NULL) {
    gsize before = orf_anomaly_crew_get_bytes (post->crew);

    orf_anomaly_crew_leave (post->crew, member->place);
    roster->bytes -= before - orf_anomaly_crew_get_bytes (post->crew);
  }
  roster->bytes -= MIN (roster->bytes, sizeof *member + strlen (member->text));
  g_hash_table_remove (roster->members, GUINT_TO_POINTER (number));
  return post != NULL && orf_anomaly_crew_is_empty (post->crew) ? post : NULL;
}

const char *
orf_anomaly_roster_get_text (const OrfAnomalyRoster *roster, guint number)
{
  const Member *member = find_member (roster, number);

  return member != NULL ? member->text : NULL;
}

gboolean
orf_anomaly_roster_departs (const OrfAnomalyRoster *roster, guint number)
{
  const Member *member = find_member (roster, number);

  return member == NULL || member->departs;
}

guint
orf_anomaly_roster_get_n_series (const OrfAnomalyRoster *roster)
{
  return g_hash_table_size (roster->members);
}

guint
orf_anomaly_roster_get_n_crews (const OrfAnomalyRoster *roster)
{
  return g_hash_table_size (roster->posts);
}

gsize
orf_anomaly_roster_get_bytes (const OrfAnomalyRoster *roster)
{
  return roster->bytes;
}

/* ---- which crew a series is in --------------------------------------------------------------- */

/* Also of one that was saved: it may not be chosen any more. */
static void
ask_for_shape (Member *member, gint64 step_us)
{
  gint64 rows = CLAMP (member->shape_us / step_us, ORF_DISCORD_MIN_WINDOW, ORF_DISCORD_MAX_WINDOW);

  orf_anomaly_crew_set_discord (member->at->crew, member->place,
                                member->shape_us > 0 ? (guint) rows : 0);
}

static void
join (OrfAnomalyRoster *roster, Member *member, gint64 step_us, gint64 t_us)
{
  OrfAnomalyCrewSetup setup = {
    .entity = member->entity,
    .step_us = step_us,
    .phase_us = (t_us + step_us / 2) % step_us,
    .number = roster->n_made,
  };
  gboolean joined = FALSE;

  for (; !joined; setup.part++) {
    OrfAnomalyPost *post = get_or_make_post (roster, &setup);
    gsize before = orf_anomaly_crew_get_bytes (post->crew);

    joined = orf_anomaly_crew_join (post->crew, member->number, member->text, member->counter,
                                    &member->place);
    member->at = post;
    if (joined) {
      offer_forest (roster, post);
      ask_for_shape (member, step_us);
    }
    roster->bytes += orf_anomaly_crew_get_bytes (post->crew) - before;
  }
}

/* Where it was when that was saved: "entity#part@step". */
static gboolean
join_again (OrfAnomalyRoster *roster, Member *member, gint64 t_us)
{
  const char *subject = g_hash_table_lookup (roster->known, member->text);
  const char *at = subject != NULL ? strrchr (subject, '@') : NULL;
  gint64 step_us = at != NULL ? g_ascii_strtoll (at + 1, NULL, 10) : 0;

  g_hash_table_remove (roster->known, member->text);
  if (!orf_state_is_step (step_us))
    return FALSE;
  join (roster, member, step_us, t_us);
  return TRUE;
}

/* FALSE: its pace is not known yet. */
static gboolean
is_placed (OrfAnomalyRoster *roster, Member *member, gint64 t_us)
{
  if (member->at != NULL)
    return TRUE;
  if (member->n_first == 0 && join_again (roster, member, t_us))
    return TRUE;
  if (member->n_first > 0 && t_us <= member->first_us[member->n_first - 1])
    return FALSE;
  member->first_us[member->n_first++] = t_us;
  if (member->n_first <= ORF_STEP_ROWS)
    return FALSE;
  join (roster, member, orf_anomaly_step_tell (member->first_us), t_us);
  return TRUE;
}

OrfAnomalyPost *
orf_anomaly_roster_place (OrfAnomalyRoster *roster, guint number, gint64 t_us, guint *place)
{
  Member *member = find_member (roster, number);

  if (member == NULL || !is_placed (roster, member, t_us))
    return NULL;
  *place = member->place;
  return member->at;
}
