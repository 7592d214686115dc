/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - The timer is set for the target that is due first, and never for more than a second ahead, so
 *   that a clock that was set is noticed.
 * - The thread runs while the scraper lives; the queue to it holds a page a target at most,
 *   of closed ones too.
 */
#include "scrape/orf-scraper.h"

#include "core/orf-clock.h"
#include "core/orf-thread.h"

/* A scrape that begins no later than this is of the time at which it was due: samples that lie on a
 * grid pack well, and who is asked answers later still. */
#define LATE_US (50 * ORF_US_PER_MS)

typedef struct {
  OrfScrapeTarget *target;
  gint64 due_us; /* by the wall clock */
} Turn;

struct _OrfScraper {
  OrfScrapeParts parts;
  GArray *turns; /* Turn, by name */
  GSource *timer;
  gboolean started;
  GPtrArray *closing; /* OrfScrapeTarget: closed, and still busy */
  void (*drained) (gpointer user_data);
  gpointer drained_data;
  pthread_t thread;
};

/* ---- pace ------------------------------------------------------------------------------------ */

static Turn *
get_turn (OrfScraper *scraper, guint i)
{
  return &g_array_index (scraper->turns, Turn, i);
}

static void
arm (OrfScraper *scraper)
{
  gint64 now_us = orf_clock_now_us (), due_us = now_us + ORF_US_PER_S;

  if (!scraper->started || scraper->turns->len == 0) {
    g_source_set_ready_time (scraper->timer, -1);
    return;
  }
  for (guint i = 0; i < scraper->turns->len; i++)
    due_us = MIN (due_us, get_turn (scraper, i)->due_us);
  g_source_set_ready_time (scraper->timer, orf_clock_monotonic_us () + due_us - now_us);
}

/* What was missed is not caught up with; nor is a clock that was set back waited for. */
static void
look (Turn *turn, gint64 now_us)
{
  gint64 due_us = turn->due_us, next_us;

  next_us = orf_scrape_target_get_next_us (turn->target, now_us);
  if (now_us >= due_us) {
    turn->due_us = next_us;
    orf_scrape_target_begin (turn->target, now_us - due_us <= LATE_US ? due_us : now_us);
  } else if (due_us > next_us) {
    turn->due_us = next_us;
  }
}

static gboolean
timer_cb (gpointer user_data)
{
  OrfScraper *scraper = user_data;
  gint64 now_us = orf_clock_now_us ();

  for (guint i = 0; i < scraper->turns->len; i++)
    look (get_turn (scraper, i), now_us);
  arm (scraper);
  return G_SOURCE_CONTINUE;
}

/* The source only ever has a ready time. */
static gboolean
timer_dispatch_cb (GSource *timer, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static GSourceFuncs timer_funcs = { .dispatch = timer_dispatch_cb };

/* ---- targets --------------------------------------------------------------------------------- */

static void
tell_drained (OrfScraper *scraper)
{
  if (scraper->closing->len == 0 && scraper->drained != NULL)
    scraper->drained (scraper->drained_data);
}

static void
ended_cb (gpointer user_data, OrfScrapeTarget *target)
{
  OrfScraper *scraper = user_data;

  g_ptr_array_remove_fast (scraper->closing, target);
  tell_drained (scraper);
}

static void
close_target (OrfScraper *scraper, OrfScrapeTarget *target)
{
  g_ptr_array_add (scraper->closing, target);
  orf_scrape_target_close (target, ended_cb, scraper);
}

/* The target that has these settings already, taken out of before; or a new one. */
static Turn
keep_or_make (OrfScraper *scraper, GArray *before, const OrfConfigScrapeTarget *settings)
{
  Turn turn;

  for (guint i = 0; i < before->len; i++) {
    turn = g_array_index (before, Turn, i);
    if (orf_scrape_target_has_settings (turn.target, settings)) {
      g_array_remove_index (before, i);
      return turn;
    }
  }
  turn.target = orf_scrape_target_new (&scraper->parts, settings);
  turn.due_us = orf_scrape_target_get_next_us (turn.target, orf_clock_now_us ());
  return turn;
}

void
orf_scraper_reload (OrfScraper *scraper)
{
  const GPtrArray *targets = scraper->parts.config->scrape.targets;
  g_autoptr (GArray) before = g_steal_pointer (&scraper->turns);

  scraper->turns = g_array_new (FALSE, FALSE, sizeof (Turn));
  for (guint i = 0; i < targets->len; i++) {
    const Turn turn = keep_or_make (scraper, before, targets->pdata[i]);

    g_array_append_val (scraper->turns, turn);
  }
  for (guint i = 0; i < before->len; i++)
    close_target (scraper, g_array_index (before, Turn, i).target);
  arm (scraper);
}

void
orf_scraper_start (OrfScraper *scraper)
{
  scraper->started = TRUE;
  arm (scraper);
}

void
orf_scraper_drain (OrfScraper *scraper, void (*drained) (gpointer user_data), gpointer user_data)
{
  scraper->started = FALSE;
  arm (scraper);
  for (guint i = 0; i < scraper->turns->len; i++)
    close_target (scraper, get_turn (scraper, i)->target);
  g_array_set_size (scraper->turns, 0);
  scraper->drained = drained;
  scraper->drained_data = user_data;
  tell_drained (scraper);
}

/* ---- reports --------------------------------------------------------------------------------- */

guint
orf_scraper_get_length (OrfScraper *scraper)
{
  return scraper->turns->len;
}

OrfScrapeReport
orf_scraper_get_report (OrfScraper *scraper, guint i)
{
  return orf_scrape_target_get_report (get_turn (scraper, i)->target);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfScraper *
orf_scraper_new (const OrfScrapeParts *parts, GError **error)
{
  OrfScraper *scraper = g_new0 (OrfScraper, 1);

  scraper->parts = *parts;
  scraper->parts.jobs = orf_queue_new (1, G_MAXUINT);
  if (!orf_thread_start_worker (&scraper->thread, "scrape", scraper->parts.jobs, error)) {
    orf_queue_unref (scraper->parts.jobs);
    g_free (scraper);
    return NULL;
  }
  scraper->parts.replies = orf_queue_new (1, G_MAXUINT);
  orf_queue_attach (scraper->parts.replies, NULL);
  scraper->turns = g_array_new (FALSE, FALSE, sizeof (Turn));
  scraper->closing = g_ptr_array_new ();
  scraper->timer = g_source_new (&timer_funcs, sizeof (GSource));
  g_source_set_static_name (scraper->timer, "orf-scraper");
  g_source_set_callback (scraper->timer, timer_cb, scraper, NULL);
  g_source_attach (scraper->timer, NULL);
  orf_scraper_reload (scraper);
  return scraper;
}

/* What is still under way then ends by itself, and tells nobody. */
void
orf_scraper_free (OrfScraper *scraper)
{
  orf_scraper_drain (scraper, NULL, NULL);
  orf_queue_close (scraper->parts.jobs);
  pthread_join (scraper->thread, NULL);
  orf_queue_dispatch (scraper->parts.replies); /* the last pages end their targets */
  for (guint i = 0; i < scraper->closing->len; i++)
    orf_scrape_target_close (scraper->closing->pdata[i], NULL, NULL);
  g_source_destroy (scraper->timer);
  g_source_unref (scraper->timer);
  orf_queue_unref (scraper->parts.jobs);
  orf_queue_unref (scraper->parts.replies);
  g_array_unref (scraper->turns);
  g_ptr_array_unref (scraper->closing);
  g_free (scraper);
}
