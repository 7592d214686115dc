/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-live-pool.h"

#include <string.h>

#include "core/orf-names.h"
#include "metrics/orf-selector.h"

/* About what a line of a part takes: a value, two places, and at the root its labels and key. */
#define LINE_BYTES 320

/* What has one metric's name. */
typedef struct {
  GHashTable *series; /* OrfLiveSeries, borrowed */
  GPtrArray *matches; /* OrfLiveMatch, borrowed: of selectors that say the name */
} Name;

struct _OrfLiveMatch {
  char *key; /* the selector's text and the need's */
  OrfSelector *selector;
  OrfLiveNeed need;
  guint n_users;
  GHashTable *series; /* OrfLiveSeries, borrowed: those that are meant, */
  GHashTable *failed; /* and those of which it is not known */
  guint64 version;
};

struct _OrfLivePool {
  OrfLiveLimits limits;
  OrfLiveBudget budget;
  gint64 now_us;
  guint64 version;
  GPtrArray *series; /* OrfLiveSeries by number; NULL where there is none */
  guint n_series;
  GHashTable *by_text;  /* OrfLiveSeries, borrowed */
  GHashTable *by_name;  /* Name */
  GHashTable *matches;  /* OrfLiveMatch by its key */
  GPtrArray *any_match; /* OrfLiveMatch, borrowed: of selectors that say no name */
  guint64 n_lines, lines_version;
  guint64 n_refused, n_lost;
};

static void
name_free (gpointer data)
{
  Name *name = data;

  g_hash_table_unref (name->series);
  g_ptr_array_unref (name->matches);
  g_free (name);
}

static void
match_free (gpointer data)
{
  OrfLiveMatch *match = data;

  orf_selector_free (match->selector);
  g_free (match->key);
  g_hash_table_unref (match->series);
  g_hash_table_unref (match->failed);
  g_free (match);
}

/* NULL: there is no such series. */
static void
series_free (gpointer data)
{
  if (data != NULL)
    orf_live_series_unref (data);
}

OrfLivePool *
orf_live_pool_new (const OrfLiveLimits *limits)
{
  OrfLivePool *self = g_new0 (OrfLivePool, 1);

  self->limits = *limits;
  self->budget.max_bytes = limits->max_bytes;
  self->series = g_ptr_array_new_with_free_func (series_free);
  self->by_text = orf_names_table_new (NULL, NULL);
  self->by_name = orf_names_table_new (g_free, name_free);
  self->matches = orf_names_table_new (NULL, match_free);
  self->any_match = g_ptr_array_new ();
  return self;
}

void
orf_live_pool_free (OrfLivePool *self)
{
  g_ptr_array_unref (self->any_match);
  g_hash_table_unref (self->matches);
  g_hash_table_unref (self->by_name);
  g_hash_table_unref (self->by_text);
  g_ptr_array_unref (self->series);
  g_free (self);
}

guint64
orf_live_pool_next_version (OrfLivePool *self)
{
  return ++self->version;
}

/* ---- who is meant ---------------------------------------------------------------------------- */

static Name *
ensure_name (OrfLivePool *self, const char *text)
{
  Name *name = g_hash_table_lookup (self->by_name, text);

  if (name != NULL)
    return name;
  name = g_new0 (Name, 1);
  name->series = g_hash_table_new (NULL, NULL);
  name->matches = g_ptr_array_new ();
  g_hash_table_insert (self->by_name, g_strdup (text), name);
  return name;
}

static void
drop_empty_name (OrfLivePool *self, const char *text)
{
  const Name *name = g_hash_table_lookup (self->by_name, text);

  if (g_hash_table_size (name->series) == 0 && name->matches->len == 0)
    g_hash_table_remove (self->by_name, text);
}

static void
join (OrfLivePool *self, OrfLiveMatch *match, OrfLiveSeries *series)
{
  gboolean is_meant = FALSE;
  gboolean is_known = orf_selector_match (match->selector, orf_live_series_get_name (series),
                                          orf_live_series_get_labels (series), &is_meant, NULL);

  if (is_known && !is_meant)
    return;
  g_hash_table_add (is_known ? match->series : match->failed, series);
  if (is_meant)
    orf_live_series_hold (series, match->need);
  match->version = orf_live_pool_next_version (self);
}

static void
join_all (OrfLivePool *self, GPtrArray *matches, OrfLiveSeries *series)
{
  for (guint i = 0; i < matches->len; i++)
    join (self, matches->pdata[i], series);
}

static void
leave_all (OrfLivePool *self, GPtrArray *matches, OrfLiveSeries *series)
{
  for (guint i = 0; i < matches->len; i++) {
    OrfLiveMatch *match = matches->pdata[i];

    if (g_hash_table_remove (match->series, series))
      orf_live_series_let_go (series, match->need);
    else if (!g_hash_table_remove (match->failed, series))
      continue;
    match->version = orf_live_pool_next_version (self);
  }
}

/* Takes key and selector. */
static OrfLiveMatch *
add_match (OrfLivePool *self, char *key, OrfSelector *selector, OrfLiveNeed need)
{
  OrfLiveMatch *match = g_new0 (OrfLiveMatch, 1);
  const char *name = orf_selector_get_name (selector);
  GHashTableIter iter;
  gpointer series;

  match->key = key;
  match->selector = selector;
  match->need = need;
  match->series = g_hash_table_new (NULL, NULL);
  match->failed = g_hash_table_new (NULL, NULL);
  match->version = orf_live_pool_next_version (self);
  g_hash_table_insert (self->matches, match->key, match);
  if (name != NULL) {
    Name *of = ensure_name (self, name);

    g_ptr_array_add (of->matches, match);
    g_hash_table_iter_init (&iter, of->series);
  } else {
    g_ptr_array_add (self->any_match, match);
    g_hash_table_iter_init (&iter, self->by_text);
  }
  while (g_hash_table_iter_next (&iter, NULL, &series))
    join (self, match, series);
  return match;
}

OrfLiveMatch *
orf_live_pool_take_match (OrfLivePool *self, const char *select, OrfLiveNeed need, GError **error)
{
  g_autofree char *key = g_strdup_printf ("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s",
                                          need.reach_us, need.newest_us, select);
  OrfLiveMatch *match = g_hash_table_lookup (self->matches, key);

  if (match == NULL) {
    OrfSelector *selector = orf_selector_parse (select, error);

    if (selector == NULL)
      return NULL;
    match = add_match (self, g_steal_pointer (&key), selector, need);
  }
  match->n_users++;
  return match;
}

static void
let_go_all (OrfLiveMatch *match)
{
  GHashTableIter iter;
  gpointer series;

  g_hash_table_iter_init (&iter, match->series);
  while (g_hash_table_iter_next (&iter, &series, NULL))
    orf_live_series_let_go (series, match->need);
}

void
orf_live_pool_give_back_match (OrfLivePool *self, OrfLiveMatch *match)
{
  const char *name = orf_selector_get_name (match->selector);

  if (--match->n_users > 0)
    return;
  let_go_all (match);
  if (name != NULL) {
    g_ptr_array_remove_fast (((Name *) g_hash_table_lookup (self->by_name, name))->matches, match);
    drop_empty_name (self, name);
  } else {
    g_ptr_array_remove_fast (self->any_match, match);
  }
  g_hash_table_remove (self->matches, match->key);
}

guint64
orf_live_match_get_version (const OrfLiveMatch *match)
{
  return match->version;
}

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (orf_live_series_get_text (*(OrfLiveSeries *const *) a),
                 orf_live_series_get_text (*(OrfLiveSeries *const *) b));
}

GPtrArray *
orf_live_match_list (const OrfLiveMatch *match)
{
  GPtrArray *list = g_ptr_array_sized_new (g_hash_table_size (match->series));
  GHashTableIter iter;
  gpointer series;

  g_hash_table_iter_init (&iter, match->series);
  while (g_hash_table_iter_next (&iter, &series, NULL))
    g_ptr_array_add (list, series);
  g_ptr_array_sort (list, compare_texts);
  return list;
}

guint
orf_live_match_get_n_failed (const OrfLiveMatch *match)
{
  return g_hash_table_size (match->failed);
}

/* ---- series ---------------------------------------------------------------------------------- */

static OrfLiveSeries *
find (const OrfLivePool *self, guint number)
{
  return number < self->series->len ? self->series->pdata[number] : NULL;
}

gboolean
orf_live_pool_add (OrfLivePool *self, guint number, const char *name, char *const *labels)
{
  g_autoptr (OrfLiveSeries) series = NULL;
  Name *of;

  if (number >= self->limits.max_series || self->budget.bytes >= self->budget.max_bytes) {
    self->n_refused++;
    return FALSE;
  }
  series = orf_live_series_new (name, labels, self->limits.max_points, &self->budget);
  if (find (self, number) != NULL ||
      g_hash_table_contains (self->by_text, orf_live_series_get_text (series)))
    return FALSE;
  if (number >= self->series->len)
    g_ptr_array_set_size (self->series, (gint) number + 1);
  g_hash_table_insert (self->by_text, (gpointer) orf_live_series_get_text (series), series);
  of = ensure_name (self, name);
  g_hash_table_insert (of->series, series, series);
  join_all (self, of->matches, series);
  join_all (self, self->any_match, series);
  self->series->pdata[number] = g_steal_pointer (&series);
  self->n_series++;
  return TRUE;
}

void
orf_live_pool_remove (OrfLivePool *self, guint number)
{
  g_autoptr (OrfLiveSeries) series = find (self, number);
  Name *of;

  if (series == NULL)
    return;
  self->series->pdata[number] = NULL;
  self->n_series--;
  of = g_hash_table_lookup (self->by_name, orf_live_series_get_name (series));
  leave_all (self, of->matches, series);
  leave_all (self, self->any_match, series);
  g_hash_table_remove (of->series, series);
  drop_empty_name (self, orf_live_series_get_name (series));
  g_hash_table_remove (self->by_text, orf_live_series_get_text (series));
}

gboolean
orf_live_pool_push (OrfLivePool *self, guint number, gint64 t_us, double value)
{
  OrfLiveSeries *series = find (self, number);

  if (series == NULL)
    return FALSE;
  if (orf_live_series_push (series, (OrfPoint){ t_us, value }, self->now_us))
    return TRUE;
  self->n_lost++;
  return FALSE;
}

/* Memory is what it waits for: the series after the next ones is fetched, and of a nearer one the
 * place where its point will be. */
static void
prefetch (const OrfLivePool *self, const OrfLiveSample *samples, guint n_samples, guint i)
{
  const OrfLiveSeries *far = i + 16 < n_samples ? find (self, samples[i + 16].number) : NULL;
  const OrfLiveSeries *near = i + 8 < n_samples ? find (self, samples[i + 8].number) : NULL;

  if (far != NULL)
    __builtin_prefetch (far);
  if (near != NULL)
    orf_live_series_prefetch_end (near);
}

guint
orf_live_pool_push_all (OrfLivePool *self, const OrfLiveSample *samples, guint n_samples)
{
  guint n_lost = 0;

  for (guint i = 0; i < n_samples; i++) {
    prefetch (self, samples, n_samples, i);
    n_lost += !orf_live_pool_push (self, samples[i].number, samples[i].point.t_us,
                                   samples[i].point.value);
  }
  return n_lost;
}

void
orf_live_pool_turn_back (OrfLivePool *self, gint64 now_us)
{
  self->now_us = now_us;
  for (guint i = 0; i < self->series->len; i++)
    if (find (self, i) != NULL)
      orf_live_series_turn_back (find (self, i), now_us);
}

gint64
orf_live_pool_get_reach_us (const OrfLivePool *self, guint number)
{
  const OrfLiveSeries *series = find (self, number);

  return series != NULL ? orf_live_series_get_reach_us (series) : 0;
}

gint64
orf_live_pool_advance (OrfLivePool *self, gint64 now_us)
{
  self->now_us = MAX (self->now_us, now_us);
  return self->now_us;
}

/* ---- bounds ---------------------------------------------------------------------------------- */

gboolean
orf_live_pool_take_lines (OrfLivePool *self, guint64 n_lines)
{
  if (self->n_lines + n_lines > self->limits.max_lines)
    return FALSE;
  self->n_lines += n_lines;
  return TRUE;
}

void
orf_live_pool_give_back_lines (OrfLivePool *self, guint64 n_lines)
{
  self->n_lines -= n_lines;
  self->lines_version += n_lines > 0;
}

guint64
orf_live_pool_get_lines_version (const OrfLivePool *self)
{
  return self->lines_version;
}

OrfLiveFigures
orf_live_pool_get_figures (const OrfLivePool *self)
{
  return (OrfLiveFigures){
    .n_series = self->n_series,
    .n_lines = self->n_lines,
    .bytes = self->budget.bytes + LINE_BYTES * self->n_lines,
    .n_refused = self->n_refused,
    .n_lost = self->n_lost,
    .n_unknown = self->budget.n_unknown,
  };
}
