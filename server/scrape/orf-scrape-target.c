/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A scrape is fetched, read in the thread, and resolved: its new series get their ids.  Then all of
 * its samples are on their way at once.  Invariants:
 * - One scrape at a time: busy from its begin to its end.
 * - The cache is the thread's while a page is there.  An id that it gave has its series in
 * `series`, held, or is removed from both when the page is back.
 * - A target that was closed while busy is freed by the end of what is under way.
 */
#include "scrape/orf-scrape-target.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/orf-clock.h"
#include "orf-error.h"
#include "scrape/orf-scrape-client.h"

#define DEFAULT_PATH "/metrics"
/* Once in so long is said what does not go well, and what is gone is looked for. */
#define ROUND_US (60 * ORF_US_PER_S)
/* Of an error's text, some of which comes from the target. */
#define MAX_ERROR_BYTES 400
#define MAX_TOKEN_BYTES 4096

/* A page on its way through the thread, which owns it meanwhile. */
typedef struct {
  OrfJob base;
  OrfScrapeTarget *target; /* not looked at by the thread */
  OrfScrapePage *page;
} PageJob;

struct _OrfScrapeTarget {
  OrfScrapeParts parts;
  OrfConfigScrapeTarget settings; /* strings owned */
  OrfUrl *url;
  OrfScrapeClient *client; /* NULL: not made yet, or ca_file is wrong */
  OrfScrapeCache *cache;   /* NULL: a page has it */
  GPtrArray *series;       /* OrfSeries by the cache's id; NULL: none */

  gboolean busy, closed;
  OrfScrapeTargetEnded ended;
  gpointer ended_data;
  gint64 t_us;         /* of the scrape that is under way */
  gint64 begun_us;     /* monotonic */
  OrfScrapePage *page; /* read, its series being resolved */
  GArray *resolving;   /* guint: which of its fresh ones */
  gsize counted_bytes; /* in what the registry's part holds */

  OrfScrapeReport report;
  char *error, *left_out_why;
  gint64 said_us, swept_us; /* monotonic */
};

/* ---- the end of a target --------------------------------------------------------------------- */

static void
drop_series (OrfScrapeTarget *target, guint id)
{
  OrfSeries *series = id < target->series->len ? target->series->pdata[id] : NULL;

  if (series == NULL)
    return;
  orf_registry_release (target->parts.registry, series);
  target->series->pdata[id] = NULL;
}

static void
count (OrfScrapeTarget *target, gsize bytes)
{
  orf_memory_add (target->parts.memory, ORF_MEMORY_REGISTRY,
                  (gint64) bytes - (gint64) target->counted_bytes);
  target->counted_bytes = bytes;
}

/* The registry may be gone before what is under way is. */
static void
let_go (OrfScrapeTarget *target)
{
  for (guint id = 0; id < target->series->len; id++)
    drop_series (target, id);
  count (target, 0);
}

static void
target_free (OrfScrapeTarget *target)
{
  g_ptr_array_unref (target->series);
  g_array_unref (target->resolving);
  g_clear_pointer (&target->client, orf_scrape_client_free);
  g_clear_pointer (&target->cache, orf_scrape_cache_free);
  g_clear_pointer (&target->url, orf_url_free);
  g_free (target->settings.name);
  g_free (target->settings.url);
  g_free (target->settings.ca_file);
  g_free (target->settings.token_file);
  g_free (target->error);
  g_free (target->left_out_why);
  g_free (target);
}

static void
end_closed (OrfScrapeTarget *target)
{
  if (target->ended != NULL)
    target->ended (target->ended_data, target);
  target_free (target);
}

void
orf_scrape_target_close (OrfScrapeTarget *target, OrfScrapeTargetEnded ended, gpointer user_data)
{
  gboolean again = target->closed;

  target->closed = TRUE;
  target->ended = ended;
  target->ended_data = user_data;
  if (again)
    return;
  let_go (target);
  if (!target->busy)
    end_closed (target);
  else if (target->client != NULL)
    orf_scrape_client_cancel (target->client);
}

/* ---- what is told of a scrape ---------------------------------------------------------------- */

static void
record_own (OrfScrapeTarget *target, OrfMetricId metric, double value)
{
  const char *const labels[] = { target->settings.name, NULL };
  OrfSeries *series = orf_registry_get_builtin (target->parts.registry, metric, labels);

  if (series != NULL)
    orf_sampler_record (target->parts.sampler, series, target->t_us, value);
}

static void
record_report (OrfScrapeTarget *target)
{
  const OrfScrapeReport *report = &target->report;

  record_own (target, ORF_METRIC_SCRAPE_UP, report->up ? 1 : 0);
  record_own (target, ORF_METRIC_SCRAPE_DURATION_US, (double) report->duration_us);
  if (!report->up)
    return;
  record_own (target, ORF_METRIC_SCRAPE_SAMPLES, report->n_samples);
  record_own (target, ORF_METRIC_SCRAPE_SAMPLES_LEFT_OUT, report->n_left_out);
  record_own (target, ORF_METRIC_SCRAPE_BODY_BYTES, (double) report->body_bytes);
}

/* Once when it changes, and what is left out once a minute. */
static void
say (OrfScrapeTarget *target, gboolean was_up, gboolean first)
{
  const OrfScrapeReport *report = &target->report;
  gint64 now_us = orf_clock_monotonic_us ();

  if (!report->up && (was_up || first))
    g_warning ("scrape %s: down: %s", report->name, report->error);
  else if (report->up && !was_up && !first)
    g_message ("scrape %s: up again", report->name);
  if (report->n_left_out == 0 || (target->said_us > 0 && now_us < target->said_us + ROUND_US))
    return;
  target->said_us = now_us;
  g_warning ("scrape %s: %u of %u samples left out, such as %s", report->name, report->n_left_out,
             report->n_samples, report->left_out_why);
}

/* What comes from elsewhere, as one line of a bounded length. */
static char *
clean_text (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  const char *end;

  if (strlen (valid) > MAX_ERROR_BYTES) {
    valid[MAX_ERROR_BYTES] = '\0';
    g_utf8_validate (valid, -1, &end);
    valid[end - valid] = '\0';
  }
  for (char *at = valid; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at))
      *at = ' ';
  return g_steal_pointer (&valid);
}

/* error NULL: it went well, and page is what came. */
static void
end_scrape (OrfScrapeTarget *target, const OrfScrapePage *page, const GError *error)
{
  OrfScrapeReport *report = &target->report;
  gboolean first = report->last_us == 0, was_up = report->up;

  target->busy = FALSE;
  if (target->closed) {
    end_closed (target);
    return;
  }
  g_clear_pointer (&target->error, g_free);
  g_clear_pointer (&target->left_out_why, g_free);
  if (error != NULL)
    target->error = clean_text (error->message);
  else if (page != NULL && page->left_out_why != NULL)
    target->left_out_why = clean_text (page->left_out_why);
  report->up = error == NULL;
  report->last_us = target->t_us;
  report->up_us = error == NULL ? target->t_us : report->up_us;
  report->duration_us = orf_clock_monotonic_us () - target->begun_us;
  report->n_samples = error == NULL && page != NULL ? page->n_told : 0;
  report->n_left_out = error == NULL && page != NULL ? page->n_left_out : 0;
  report->body_bytes = error == NULL && page != NULL ? page->body_bytes : 0;
  report->error = target->error;
  report->left_out_why = target->left_out_why;
  say (target, was_up, first);
  record_report (target);
}

/* ---- samples --------------------------------------------------------------------------------- */

/* Its own time, where it has one that is new and that others would be let in with too. */
static gboolean
choose_time (const OrfScrapeTarget *target,
             const OrfSeries *series,
             const OrfScrapeSample *sample,
             gint64 *t_us)
{
  const OrfConfig *config = target->parts.config;

  *t_us = sample->has_time ? sample->t_us : target->t_us;
  if (!sample->has_time)
    return *t_us != series->last_us;
  return *t_us > series->last_us && *t_us >= target->t_us - config->metrics.late_us &&
         *t_us <= target->t_us + config->metrics.future_us;
}

static void
record_samples (OrfScrapeTarget *target, const OrfScrapePage *page)
{
  for (guint i = 0; i < page->samples->len; i++) {
    const OrfScrapeSample *sample = &g_array_index (page->samples, OrfScrapeSample, i);
    OrfSeries *series = sample->id < target->series->len ? target->series->pdata[sample->id] : NULL;
    gint64 t_us;

    if (series != NULL && choose_time (target, series, sample, &t_us))
      orf_sampler_record (target->parts.sampler, series, t_us, sample->value);
  }
}

static void
removed_cb (gpointer user_data, guint id)
{
  drop_series (user_data, id);
}

/* What was not told for as long as a series stays active by itself is let go of. */
static void
sweep (OrfScrapeTarget *target)
{
  gint64 now_us = orf_clock_monotonic_us ();

  if (target->swept_us > 0 && now_us < target->swept_us + ROUND_US)
    return;
  target->swept_us = now_us;
  orf_scrape_cache_sweep (target->cache, target->t_us - target->parts.config->metrics.idle_us,
                          removed_cb, target);
}

static void
end_page (OrfScrapeTarget *target)
{
  g_autoptr (OrfScrapePage) page = g_steal_pointer (&target->page);

  if (!target->closed) {
    record_samples (target, page);
    count (target, orf_scrape_cache_get_size_bytes (target->cache) +
                     target->series->len * sizeof (gpointer));
    target->report.n_series = orf_scrape_cache_get_length (target->cache);
  }
  end_scrape (target, page, NULL);
}

/* ---- new series ------------------------------------------------------------------------------ */

static void
set_series (OrfScrapeTarget *target, guint id, OrfSeries *series)
{
  if (id >= target->series->len)
    g_ptr_array_set_size (target->series, (int) id + 1);
  orf_registry_hold (target->parts.registry, series);
  target->series->pdata[id] = series;
}

/* A metric that nobody told of before, or is about to, is what the target says it is. */
static void
define (OrfScrapeTarget *target, const OrfScrapeFresh *fresh, OrfFamily *family)
{
  const OrfFamilyDefinition definition = { fresh->kind, fresh->unit, fresh->help, NULL };

  if (!family->defined && family->definitions == NULL)
    orf_registry_define (target->parts.registry, family, &definition);
}

static void
leave_out (OrfScrapeTarget *target, const OrfScrapeFresh *fresh, const char *why)
{
  OrfScrapePage *page = target->page;

  orf_scrape_cache_remove (target->cache, fresh->id);
  page->n_left_out++;
  if (page->left_out_why == NULL)
    page->left_out_why = g_strdup_printf ("%s: %s", fresh->name, why);
}

static const OrfScrapeFresh *
get_resolving (const OrfScrapeTarget *target, guint i)
{
  return target->page->fresh->pdata[g_array_index (target->resolving, guint, i)];
}

static void
resolved_cb (gpointer user_data, OrfSeries *const *series, guint n_series, const GError *error)
{
  OrfScrapeTarget *target = user_data;

  for (guint i = 0; i < target->resolving->len && !target->closed; i++) {
    const OrfScrapeFresh *fresh = get_resolving (target, i);

    if (error != NULL) {
      leave_out (target, fresh, error->message);
      continue;
    }
    set_series (target, fresh->id, series[i]);
    define (target, fresh, series[i]->family);
  }
  g_array_set_size (target->resolving, 0);
  end_page (target);
}

/* Which of the new ones can be had: a few too many do not keep out the others. */
static void
choose_fresh (OrfScrapeTarget *target)
{
  OrfRegistry *registry = target->parts.registry;
  guint room = orf_registry_get_outside_room (registry);

  for (guint i = 0; i < target->page->fresh->len; i++) {
    const OrfScrapeFresh *fresh = target->page->fresh->pdata[i];
    const OrfFamily *family = orf_registry_find_family (registry, fresh->name);
    gboolean known = orf_registry_find (registry, fresh->name, fresh->labels) != NULL;

    if (family != NULL && family->builtin) {
      leave_out (target, fresh, "the daemon itself records this metric");
    } else if (!known && room == 0) {
      leave_out (target, fresh, "there are [metrics] max_series already");
    } else {
      room -= !known;
      g_array_append_val (target->resolving, i);
    }
  }
}

static void
resolve (OrfScrapeTarget *target)
{
  g_autoptr (GArray) refs = g_array_new (FALSE, FALSE, sizeof (OrfSeriesRef));

  choose_fresh (target);
  for (guint i = 0; i < target->resolving->len; i++) {
    const OrfScrapeFresh *fresh = get_resolving (target, i);
    const OrfSeriesRef ref = { fresh->name, fresh->labels, fresh->kind };

    g_array_append_val (refs, ref);
  }
  if (refs->len > 0)
    orf_registry_resolve (target->parts.registry, (const OrfSeriesRef *) refs->data, refs->len,
                          resolved_cb, target);
  else
    end_page (target);
}

/* ---- pages ----------------------------------------------------------------------------------- */

static void
work_thread_cb (OrfJob *base, gpointer state)
{
  orf_scrape_page_read (((PageJob *) base)->page);
  orf_job_reply (base);
}

static void
job_free_cb (OrfJob *base)
{
  g_clear_pointer (&((PageJob *) base)->page, orf_scrape_page_free);
  g_free (base);
}

static void
read_cb (OrfJob *base)
{
  PageJob *job = (PageJob *) base;
  OrfScrapeTarget *target = job->target;
  g_autoptr (OrfScrapePage) page = g_steal_pointer (&job->page);

  target->cache = g_steal_pointer (&page->cache);
  if (target->closed || page->error != NULL) {
    end_scrape (target, page, page->error);
    return;
  }
  target->page = g_steal_pointer (&page);
  resolve (target);
}

static void
read_page (OrfScrapeTarget *target, OrfScrapeBody *body, OrfExpositionFormat format)
{
  PageJob *job = g_new0 (PageJob, 1);

  job->base.reply = target->parts.replies;
  job->base.work = work_thread_cb;
  job->base.done = read_cb;
  job->base.free = job_free_cb;
  job->target = target;
  job->page = orf_scrape_page_new (target->settings.name, body, format, target->t_us,
                                   g_steal_pointer (&target->cache));
  /* never refused: there is one a target, and the queue is open until the end */
  orf_queue_push (target->parts.jobs, 0, &job->base);
}

static void
fetched_cb (gpointer user_data,
            OrfScrapeBody *body,
            OrfExpositionFormat format,
            const GError *error)
{
  OrfScrapeTarget *target = user_data;

  if (error == NULL && !target->closed) {
    read_page (target, body, format);
    return;
  }
  g_clear_pointer (&body, orf_scrape_body_free);
  end_scrape (target, NULL, error);
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* NULL without an error: none is wanted. */
static char *
read_token (const OrfScrapeTarget *target, GError **error)
{
  const char *path = target->settings.token_file;
  char line[MAX_TOKEN_BYTES];
  FILE *file;

  if (path[0] == '\0')
    return NULL;
  file = fopen (path, "re");
  if (file == NULL || fgets (line, sizeof line, file) == NULL)
    line[0] = '\0';
  if (file != NULL)
    fclose (file);
  g_strstrip (line);
  if (line[0] != '\0' && g_str_is_ascii (line))
    return g_strdup (line);
  g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION, "token_file: %s has no token",
               path);
  return NULL;
}

static gboolean
prepare (OrfScrapeTarget *target, char **token, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (!orf_memory_check_ingest (target->parts.memory, error))
    return FALSE;
  if (target->client == NULL)
    target->client = orf_scrape_client_new (target->url, target->settings.ca_file,
                                            target->parts.memory, error);
  if (target->client == NULL)
    return FALSE;
  *token = read_token (target, &local);
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static void
ask (OrfScrapeTarget *target)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *token = NULL;
  OrfScrapeRequest request = { .max_bytes = target->settings.max_bytes };

  if (!prepare (target, &token, &error)) {
    end_scrape (target, NULL, error);
    return;
  }
  request.token = token;
  request.timeout_us = MIN (target->settings.timeout_us, target->settings.period_us);
  orf_scrape_client_fetch (target->client, &request, fetched_cb, target);
}

void
orf_scrape_target_begin (OrfScrapeTarget *target, gint64 t_us)
{
  if (target->busy)
    return;
  target->busy = TRUE;
  target->t_us = t_us;
  target->begun_us = orf_clock_monotonic_us ();
  sweep (target);
  ask (target);
}

/* ---- pace ------------------------------------------------------------------------------------ */

/* FNV-1a, in milliseconds: from run to run the same, so that samples stay on one grid. */
static gint64
get_share_us (const OrfScrapeTarget *target)
{
  guint64 hash = G_GUINT64_CONSTANT (14695981039346656037);
  gint64 period_ms = target->settings.period_us / ORF_US_PER_MS;

  for (const char *at = target->settings.name; *at != '\0'; at++)
    hash = (hash ^ (guchar) *at) * G_GUINT64_CONSTANT (1099511628211);
  return (gint64) ((hash ^ hash >> 32) % (guint64) period_ms) * ORF_US_PER_MS;
}

gint64
orf_scrape_target_get_next_us (OrfScrapeTarget *target, gint64 after_us)
{
  gint64 period_us = target->settings.period_us, share_us = get_share_us (target);

  return ((after_us - share_us) / period_us + 1) * period_us + share_us;
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfScrapeReport
orf_scrape_target_get_report (OrfScrapeTarget *target)
{
  return target->report;
}

gboolean
orf_scrape_target_has_settings (OrfScrapeTarget *target, const OrfConfigScrapeTarget *settings)
{
  const OrfConfigScrapeTarget *own = &target->settings;

  return g_str_equal (own->name, settings->name) && g_str_equal (own->url, settings->url) &&
         own->period_us == settings->period_us && own->timeout_us == settings->timeout_us &&
         own->max_bytes == settings->max_bytes && own->max_series == settings->max_series &&
         g_str_equal (own->ca_file, settings->ca_file) &&
         g_str_equal (own->token_file, settings->token_file);
}

OrfScrapeTarget *
orf_scrape_target_new (const OrfScrapeParts *parts, const OrfConfigScrapeTarget *settings)
{
  OrfScrapeTarget *target = g_new0 (OrfScrapeTarget, 1);

  target->parts = *parts;
  target->settings = *settings;
  target->settings.name = g_strdup (settings->name);
  target->settings.url = g_strdup (settings->url);
  target->settings.ca_file = g_strdup (settings->ca_file);
  target->settings.token_file = g_strdup (settings->token_file);
  target->url = orf_url_parse (settings->url, DEFAULT_PATH); /* the config has checked it */
  target->cache = orf_scrape_cache_new ((guint) settings->max_series);
  target->series = g_ptr_array_new ();
  target->resolving = g_array_new (FALSE, FALSE, sizeof (guint));
  target->report.name = target->settings.name;
  target->report.url = target->url->shown;
  target->report.period_us = settings->period_us;
  return target;
}
