/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - A series' tap number is 0 (never looked at), its place in `fed` and 1, or NOT_MEANT with the
 *   generation of the rules that do not mean it: other rules look at it anew.
 * - Between its first sample and its opening a series' samples are `early`: a window is judged when
 *   its past is there, not before.  Where other rules ask for more of its past, that is read while
 *   it is open.
 */
#include "alerts/orf-alert-feed.h"

#include "core/orf-clock.h"
#include "core/orf-names.h"
#include "metrics/orf-expr-eval.h"
#include "metrics/orf-query-points.h"

#define NOT_MEANT (1U << 31)
/* Samples noted between two frames, and of all series that are not open yet. */
#define MAX_SAMPLES 500000
/* Series whose past is read at once: others read as well. */
#define MAX_READS 4

typedef enum {
  FED_IDLE,
  FED_WAITS, /* for others' past to be read */
  FED_READS,
  FED_CLOSES, /* it went: until the thread is told, or its past was read */
} FedState;

typedef struct {
  OrfAlertFeed *feed;
  guint number;
  FedState state;
  char *text, *name; /* canonical; its name */
  char **labels;
  gint64 reach_us;       /* of its past */
  GArray *early;         /* OrfLiveSample; NULL: it is open */
  OrfSelector *selector; /* while its past is read */
} Fed;

struct _OrfAlertFeed {
  const OrfMetricsParts *parts;
  GHashTable *reaches;  /* name → gint64 *: how far back it is asked for */
  GPtrArray *nameless;  /* OrfSelector, that mean no one name */
  gint64 nameless_us;   /* how far back these ask */
  guint32 generation;   /* of the two */
  GPtrArray *fed;       /* Fed by number - 1; NULL: free */
  GArray *free_numbers; /* guint */
  GHashTable *by_name;  /* name → GPtrArray of Fed */
  GQueue waiting;       /* Fed */
  guint n_reading, n_early;
  GArray *opened;   /* guint, numbers that are to be told */
  GArray *samples;  /* OrfLiveSample */
  GArray *closings; /* guint */
  guint64 n_dropped;
  gboolean stopped;
};

/* ---- which are meant ------------------------------------------------------------------------- */

static void
note_selector (OrfAlertFeed *feed, const OrfExpr *part)
{
  const char *name = orf_selector_get_name (part->selector);
  gint64 reach_us = part->kind == ORF_EXPR_LATEST ? 0 : orf_expr_get_reach_us (part);
  gint64 *known;

  if (name == NULL) {
    g_ptr_array_add (feed->nameless, orf_selector_parse (part->select, NULL));
    feed->nameless_us = MAX (feed->nameless_us, reach_us);
    return;
  }
  known = g_hash_table_lookup (feed->reaches, name);
  if (known == NULL) {
    known = g_new0 (gint64, 1);
    g_hash_table_insert (feed->reaches, g_strdup (name), known);
  }
  *known = MAX (*known, reach_us);
}

/* A regular expression that takes too long means nothing here, and says so on the thread. */
static gboolean
matches (const OrfSelector *selector, const char *name, char *const *labels)
{
  gboolean match = FALSE;

  return orf_selector_match (selector, name, labels, &match, NULL) && match;
}

/* FALSE: no rule means it.  By its name alone, where a selector has one: what its labels are is
 * looked at on the thread. */
static gboolean
get_reach (const OrfAlertFeed *feed, const char *name, char *const *labels, gint64 *reach_us)
{
  const gint64 *known = g_hash_table_lookup (feed->reaches, name);
  gboolean meant = known != NULL;

  *reach_us = known != NULL ? *known : 0;
  for (guint i = 0; i < feed->nameless->len; i++)
    if (matches (feed->nameless->pdata[i], name, labels)) {
      *reach_us = MAX (*reach_us, feed->nameless_us);
      return TRUE;
    }
  return meant;
}

gboolean
orf_alert_feed_has (const OrfAlertFeed *feed, const OrfSelector *selector)
{
  const char *name = orf_selector_get_name (selector);
  const GPtrArray *all = name != NULL ? g_hash_table_lookup (feed->by_name, name) : feed->fed;

  for (guint i = 0; all != NULL && i < all->len; i++) {
    const Fed *fed = all->pdata[i];

    if (fed != NULL && fed->state != FED_CLOSES && matches (selector, fed->name, fed->labels))
      return TRUE;
  }
  return FALSE;
}

/* ---- series ---------------------------------------------------------------------------------- */

static Fed *
get_fed (const OrfAlertFeed *feed, guint number)
{
  return feed->fed->pdata[number - 1];
}

static guint
take_number (OrfAlertFeed *feed)
{
  guint number;

  if (feed->free_numbers->len == 0) {
    g_ptr_array_add (feed->fed, NULL);
    return feed->fed->len;
  }
  number = g_array_index (feed->free_numbers, guint, feed->free_numbers->len - 1);
  g_array_set_size (feed->free_numbers, feed->free_numbers->len - 1);
  return number;
}

static void
drop_early (OrfAlertFeed *feed, Fed *fed)
{
  if (fed->early == NULL)
    return;
  feed->n_early -= fed->early->len;
  g_clear_pointer (&fed->early, g_array_unref);
}

static void
fed_free (Fed *fed)
{
  OrfAlertFeed *feed = fed->feed;
  GPtrArray *same = g_hash_table_lookup (feed->by_name, fed->name);

  drop_early (feed, fed);
  feed->fed->pdata[fed->number - 1] = NULL;
  g_array_append_val (feed->free_numbers, fed->number);
  g_ptr_array_remove_fast (same, fed);
  if (same->len == 0)
    g_hash_table_remove (feed->by_name, fed->name);
  g_clear_pointer (&fed->selector, orf_selector_free);
  g_free (fed->text);
  g_free (fed->name);
  g_strfreev (fed->labels);
  g_free (fed);
}

static void
open_now (OrfAlertFeed *feed, Fed *fed)
{
  g_array_append_val (feed->opened, fed->number);
  if (fed->early != NULL)
    g_array_append_vals (feed->samples, fed->early->data, fed->early->len);
  drop_early (feed, fed);
}

static void
want_past (Fed *fed, gint64 reach_us)
{
  fed->reach_us = reach_us;
  if (fed->state != FED_IDLE)
    return;
  fed->state = FED_WAITS;
  g_queue_push_tail (&fed->feed->waiting, fed);
}

static Fed *
fed_new (OrfAlertFeed *feed, const OrfSeries *series, gint64 reach_us)
{
  Fed *fed = g_new0 (Fed, 1);
  GPtrArray *same = g_hash_table_lookup (feed->by_name, series->family->name);

  fed->feed = feed;
  fed->number = take_number (feed);
  fed->text = g_strdup (series->text);
  fed->name = g_strdup (series->family->name);
  fed->labels = g_strdupv (series->labels);
  feed->fed->pdata[fed->number - 1] = fed;
  if (same == NULL) {
    same = g_ptr_array_new ();
    g_hash_table_insert (feed->by_name, g_strdup (fed->name), same);
  }
  g_ptr_array_add (same, fed);
  if (reach_us == 0) {
    open_now (feed, fed);
    return fed;
  }
  fed->early = g_array_new (FALSE, FALSE, sizeof (OrfLiveSample));
  want_past (fed, reach_us);
  return fed;
}

/* What is asked for more of its past than before. */
static void
look_again (OrfAlertFeed *feed)
{
  for (guint i = 0; i < feed->fed->len; i++) {
    Fed *fed = feed->fed->pdata[i];
    gint64 reach_us;

    if (fed != NULL && get_reach (feed, fed->name, fed->labels, &reach_us) &&
        reach_us > fed->reach_us)
      want_past (fed, reach_us);
  }
}

void
orf_alert_feed_set_exprs (OrfAlertFeed *feed, const GPtrArray *exprs)
{
  g_hash_table_remove_all (feed->reaches);
  g_ptr_array_set_size (feed->nameless, 0);
  feed->nameless_us = 0;
  feed->generation = (feed->generation + 1) % NOT_MEANT;
  for (guint i = 0; i < exprs->len; i++) {
    g_autoptr (GPtrArray) parts = orf_expr_list_selectors (exprs->pdata[i]);

    for (guint j = 0; j < parts->len; j++)
      note_selector (feed, parts->pdata[j]);
  }
  look_again (feed);
}

static void
note (OrfAlertFeed *feed, Fed *fed, gint64 t_us, double value)
{
  const OrfLiveSample sample = { fed->number, { t_us, value } };

  if (feed->samples->len + feed->n_early >= MAX_SAMPLES) {
    feed->n_dropped++;
  } else if (fed->early != NULL) {
    g_array_append_val (fed->early, sample);
    feed->n_early++;
  } else {
    g_array_append_val (feed->samples, sample);
  }
}

static guint
choose (OrfAlertFeed *feed, const OrfSeries *series)
{
  gint64 reach_us;

  if (!get_reach (feed, series->family->name, series->labels, &reach_us))
    return NOT_MEANT | feed->generation;
  return fed_new (feed, series, reach_us)->number;
}

static void
sample_cb (gpointer user_data, OrfSeries *series, gint64 t_us, double value)
{
  OrfAlertFeed *feed = user_data;
  guint *number = &series->tap_numbers[ORF_TAP_ALERTS];

  if (*number == (NOT_MEANT | feed->generation))
    return;
  if (*number == 0 || *number >= NOT_MEANT)
    *number = choose (feed, series);
  if (*number < NOT_MEANT)
    note (feed, get_fed (feed, *number), t_us, value);
}

static void
close_now (OrfAlertFeed *feed, Fed *fed)
{
  fed->state = FED_CLOSES; /* nobody asks for its past any more */
  if (fed->early != NULL)
    fed_free (fed); /* the thread was not told of it */
  else
    g_array_append_val (feed->closings, fed->number);
}

static void
gone_cb (gpointer user_data, OrfSeries *series)
{
  OrfAlertFeed *feed = user_data;
  guint number = series->tap_numbers[ORF_TAP_ALERTS];
  Fed *fed;

  series->tap_numbers[ORF_TAP_ALERTS] = 0;
  if (number == 0 || number >= NOT_MEANT)
    return;
  fed = get_fed (feed, number);
  if (fed->state == FED_WAITS)
    g_queue_remove (&feed->waiting, fed);
  if (fed->state == FED_READS)
    fed->state = FED_CLOSES;
  else
    close_now (feed, fed);
}

/* ---- their past ------------------------------------------------------------------------------ */

/* The selector may mean others too, that have more labels. */
static void
note_past (Fed *fed, const OrfQueryPoints *read)
{
  for (guint i = 0; i < read->selected->len; i++) {
    const OrfSelected *selected = read->selected->pdata[i];
    const GArray *points = read->points->pdata[i];

    for (guint j = 0; g_str_equal (selected->text, fed->text) && j < points->len; j++) {
      const OrfPoint *point = &g_array_index (points, OrfPoint, j);
      const OrfLiveSample sample = { fed->number, *point };

      g_array_append_val (fed->feed->samples, sample);
    }
  }
}

static void
read_cb (gpointer user_data, OrfQueryPoints *points, const GError *error)
{
  Fed *fed = user_data;
  OrfAlertFeed *feed = fed->feed;

  feed->n_reading--;
  g_clear_pointer (&fed->selector, orf_selector_free);
  if (fed->state == FED_CLOSES) {
    close_now (feed, fed);
  } else {
    fed->state = FED_IDLE;
    /* without its past it begins now */
    if (points != NULL)
      note_past (fed, points);
    else
      g_info ("rules see %s from now on: %s", fed->text, error->message);
    if (fed->early != NULL)
      open_now (feed, fed);
  }
  if (points != NULL)
    orf_query_points_free (feed->parts, points);
}

/* Until the first that waits; of a series that came in a flood there may be none. */
static void
read_past (OrfAlertFeed *feed, Fed *fed)
{
  gboolean has_early = fed->early != NULL && fed->early->len > 0;
  gint64 to_us = has_early ? g_array_index (fed->early, OrfLiveSample, 0).point.t_us
                           : orf_clock_now_us ();
  OrfQueryPointsSpec spec = {
    .from_us = MAX (to_us - fed->reach_us, 0),
    .to_us = to_us,
    .max_points = (guint64) feed->parts->config->metrics.max_query_points,
  };

  fed->state = FED_READS;
  fed->selector = orf_selector_parse (fed->text, NULL);
  spec.selector = fed->selector;
  feed->n_reading++;
  orf_query_points_read (feed->parts, &spec, NULL, read_cb, fed);
}

/* ---- handing over ---------------------------------------------------------------------------- */

static void
tell_opened (OrfAlertFeed *feed, OrfAlertJob *job)
{
  for (guint i = 0; i < feed->opened->len; i++) {
    const Fed *fed = get_fed (feed, g_array_index (feed->opened, guint, i));
    const OrfAlertOpening opening = { fed->number, g_strdup (fed->name), g_strdupv (fed->labels) };

    g_array_append_val (job->openings, opening);
  }
  g_array_set_size (feed->opened, 0);
}

/* Another may have the number with the next frame: the thread closes before it opens again. */
static void
forget_closed (OrfAlertFeed *feed, OrfAlertJob *job)
{
  for (guint i = 0; i < job->closings->len; i++)
    fed_free (get_fed (feed, g_array_index (job->closings, guint, i)));
}

static void
swap (GArray **mine, GArray **theirs)
{
  GArray *array = *mine;

  *mine = *theirs;
  *theirs = array;
}

void
orf_alert_feed_take (OrfAlertFeed *feed, OrfAlertJob *job)
{
  while (feed->n_reading < MAX_READS && feed->waiting.length > 0)
    read_past (feed, g_queue_pop_head (&feed->waiting));
  tell_opened (feed, job);
  swap (&feed->samples, &job->samples);
  swap (&feed->closings, &job->closings);
  forget_closed (feed, job);
}

guint64
orf_alert_feed_get_n_dropped (const OrfAlertFeed *feed)
{
  return feed->n_dropped;
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfAlertFeed *
orf_alert_feed_new (const OrfMetricsParts *parts)
{
  OrfAlertFeed *feed = g_new0 (OrfAlertFeed, 1);
  const OrfRegistryTap tap = { sample_cb, gone_cb, feed };

  feed->parts = parts;
  feed->reaches = orf_names_table_new (g_free, g_free);
  feed->nameless = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_selector_free);
  feed->fed = g_ptr_array_new ();
  feed->free_numbers = g_array_new (FALSE, FALSE, sizeof (guint));
  feed->by_name = orf_names_table_new (g_free, (GDestroyNotify) g_ptr_array_unref);
  g_queue_init (&feed->waiting);
  feed->opened = g_array_new (FALSE, FALSE, sizeof (guint));
  feed->samples = g_array_new (FALSE, FALSE, sizeof (OrfLiveSample));
  feed->closings = g_array_new (FALSE, FALSE, sizeof (guint));
  orf_registry_set_tap (parts->registry, ORF_TAP_ALERTS, &tap);
  return feed;
}

void
orf_alert_feed_stop (OrfAlertFeed *feed)
{
  if (feed->stopped)
    return;
  feed->stopped = TRUE;
  orf_registry_set_tap (feed->parts->registry, ORF_TAP_ALERTS, NULL);
}

void
orf_alert_feed_free (OrfAlertFeed *feed)
{
  if (feed == NULL)
    return;
  for (guint i = 0; i < feed->fed->len; i++)
    if (feed->fed->pdata[i] != NULL)
      fed_free (feed->fed->pdata[i]);
  g_queue_clear (&feed->waiting);
  g_hash_table_unref (feed->reaches);
  g_ptr_array_unref (feed->nameless);
  g_ptr_array_unref (feed->fed);
  g_array_unref (feed->free_numbers);
  g_hash_table_unref (feed->by_name);
  g_array_unref (feed->opened);
  g_array_unref (feed->samples);
  g_array_unref (feed->closings);
  g_free (feed);
}
