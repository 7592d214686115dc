/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The main context reads the values and the thread writes them: of 20,000 series that is one
 * millisecond here, and fifty there.  Invariants:
 * - One job at a time; the thread owns it whole, and with it the sheet and the text that it writes
 *   to.  Sheet and text come back with it.
 * - Who waits is told by the first job of his format that began after he came, or one that was on
 *   its way then: what it says is no older than a cached page would be.
 */
#include "metrics/orf-exposition.h"

#include "core/orf-clock.h"
#include "metrics/orf-exposition-job.h"
#include "metrics/orf-exposition-source.h"
#include "core/orf-thread.h"

/* A page that took long to make is told again for as many times as long, so that no number of
 * scrapers takes more of a core than the inverse. */
#define KEEP_FACTOR 20

typedef struct {
  GString *text; /* NULL: a job has it */
  char *gzip;    /* NULL: not packed */
  gsize gzip_length;
  gint64 made_us, took_us; /* monotonic: when its job began, and how long it took; 0: never made */
  /* what it was made of */
  OrfRegistryVersion version;
  guint64 n_settled;
} Page;

typedef struct {
  OrfExpositionFormat format;
  gboolean packed;
  OrfExpositionDone done;
  gpointer user_data;
} Waiter;

struct _OrfExposition {
  OrfRegistry *registry;
  OrfMemory *memory;
  gsize counted_bytes; /* there */
  OrfHistogramBases *bases;
  OrfExpositionNames *names; /* the sheet's; not touched while a job has that */
  gsize names_bytes;
  guint64 n_settled; /* times that histograms were found out */

  GArray *sources;           /* OrfExpositionSource; NULL: to be made, with the sheet */
  OrfExpositionSheet *sheet; /* NULL: a job has it */
  guint64 n_changes;         /* the registry's, when they were made */
  guint64 n_settled_sheet;   /* and how often histograms had been found out then */

  Page pages[ORF_EXPOSITION_N_FORMATS];
  GQueue waiters;   /* Waiter */
  gboolean working; /* a job is on its way */
  gboolean closing;
  OrfQueue *jobs, *replies;
  pthread_t thread;
  OrfExpositionExtra extra; /* may be NULL */
  gpointer extra_data;
  OrfExemplarFunc exemplar; /* may be NULL */
  gpointer exemplar_data;
};

static void start (OrfExposition *exposition);

/* ---- the sheet ------------------------------------------------------------------------------- */

static void
settled_cb (gpointer user_data)
{
  OrfExposition *exposition = user_data;

  exposition->n_settled++;
}

static gboolean
is_sheet_valid (const OrfExposition *exposition)
{
  return exposition->sources != NULL && exposition->n_settled_sheet == exposition->n_settled &&
         exposition->n_changes == orf_registry_get_version (exposition->registry).n_changes;
}

static void
ensure_sheet (OrfExposition *exposition)
{
  g_autoptr (GPtrArray) plan = NULL;

  if (is_sheet_valid (exposition))
    return;
  exposition->n_changes = orf_registry_get_version (exposition->registry).n_changes;
  exposition->n_settled_sheet = exposition->n_settled;
  plan = orf_exposition_plan_new (exposition->registry, exposition->bases, exposition->names);
  exposition->names_bytes = orf_exposition_names_get_size_bytes (exposition->names);
  g_clear_pointer (&exposition->sources, g_array_unref);
  exposition->sources = orf_exposition_sources_new (plan);
  orf_exposition_sheet_fill (exposition->sheet, plan);
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* It says what there is, or is young enough. */
static gboolean
is_current (const OrfExposition *exposition, const Page *page)
{
  OrfRegistryVersion version = orf_registry_get_version (exposition->registry);

  if (page->text == NULL || page->took_us == 0)
    return FALSE;
  if (page->n_settled == exposition->n_settled && page->version.n_changes == version.n_changes &&
      page->version.n_samples == version.n_samples)
    return TRUE;
  return orf_clock_monotonic_us () < page->made_us + KEEP_FACTOR * page->took_us;
}

static gboolean
serves (const Page *page, const Waiter *waiter)
{
  return !waiter->packed || page->gzip != NULL;
}

static void
tell (const Page *page, const Waiter *waiter)
{
  const OrfExpositionPage told = {
    .text = page->text->str,
    .length = page->text->len,
    .gzip = page->gzip,
    .gzip_length = page->gzip_length,
    .content_type = orf_exposition_format_get_type (waiter->format),
  };

  waiter->done (waiter->user_data, &told);
}

/* ---- the job --------------------------------------------------------------------------------- */

/* Takes out those whom the page serves first: being told they may ask again. */
static void
tell_waiters (OrfExposition *exposition, OrfExpositionFormat format)
{
  const Page *page = &exposition->pages[format];
  GQueue served = G_QUEUE_INIT;
  Waiter *waiter;

  for (GList *at = exposition->waiters.head, *next; at != NULL; at = next) {
    waiter = at->data;
    next = at->next;
    if (waiter->format != format || !serves (page, waiter))
      continue;
    g_queue_push_tail (&served, waiter);
    g_queue_delete_link (&exposition->waiters, at);
  }
  exposition->working = TRUE; /* the page stays where it is until all are told */
  while ((waiter = g_queue_pop_head (&served)) != NULL) {
    tell (page, waiter);
    g_free (waiter);
  }
  exposition->working = FALSE;
}

static gsize
measure (const OrfExposition *exposition)
{
  gsize bytes = exposition->names_bytes;

  for (guint i = 0; i < ORF_EXPOSITION_N_FORMATS; i++)
    if (exposition->pages[i].text != NULL)
      bytes += exposition->pages[i].text->allocated_len + exposition->pages[i].gzip_length;
  if (exposition->sources != NULL)
    bytes += exposition->sources->len * sizeof (OrfExpositionSource);
  if (exposition->sheet != NULL)
    bytes += orf_exposition_sheet_get_size_bytes (exposition->sheet);
  return bytes;
}

static void
count (OrfExposition *exposition, gsize bytes)
{
  orf_memory_add (exposition->memory, ORF_MEMORY_REGISTRY,
                  (gint64) bytes - (gint64) exposition->counted_bytes);
  exposition->counted_bytes = bytes;
}

static void
take_back (OrfExposition *exposition, OrfExpositionJob *job)
{
  Page *page = &exposition->pages[job->format];

  page->text = g_steal_pointer (&job->text);
  page->gzip = g_steal_pointer (&job->gzip);
  page->gzip_length = job->gzip_length;
  if (job->values != NULL)
    page->took_us = MAX (orf_clock_monotonic_us () - page->made_us, 1);
  if (job->sheet != NULL)
    exposition->sheet = g_steal_pointer (&job->sheet);
}

static void
done_cb (OrfJob *base)
{
  OrfExpositionJob *job = (OrfExpositionJob *) base;
  OrfExposition *exposition = job->user_data;

  take_back (exposition, job);
  count (exposition, measure (exposition));
  tell_waiters (exposition, job->format);
  start (exposition);
}

static gboolean
wants_packed (const OrfExposition *exposition, OrfExpositionFormat format)
{
  for (GList *at = exposition->waiters.head; at != NULL; at = at->next) {
    const Waiter *waiter = at->data;

    if (waiter->format == format && waiter->packed)
      return TRUE;
  }
  return FALSE;
}

static OrfExpositionJob *
make_job (OrfExposition *exposition, OrfExpositionFormat format)
{
  Page *page = &exposition->pages[format];
  OrfExpositionJob *job = orf_exposition_job_new ();

  job->base.reply = exposition->replies;
  job->base.done = done_cb;
  job->user_data = exposition;
  job->format = format;
  job->packs = wants_packed (exposition, format);
  if (!is_current (exposition, page)) {
    page->made_us = orf_clock_monotonic_us ();
    page->version = orf_registry_get_version (exposition->registry);
    page->n_settled = exposition->n_settled;
    ensure_sheet (exposition);
    job->values = orf_exposition_sources_read (exposition->sources, orf_clock_now_us ());
    job->sheet = g_steal_pointer (&exposition->sheet);
    if (format == ORF_EXPOSITION_OPENMETRICS && exposition->exemplar != NULL)
      job->exemplars = orf_exemplars_new (exposition->sources, exposition->exemplar,
                                          exposition->exemplar_data);
    job->extra = g_string_new (NULL);
    if (exposition->extra != NULL)
      exposition->extra (exposition->extra_data, format, job->extra);
  }
  g_clear_pointer (&page->gzip, g_free);
  job->text = g_steal_pointer (&page->text);
  return job;
}

/* For who waits longest. */
static void
start (OrfExposition *exposition)
{
  const Waiter *waiter = g_queue_peek_head (&exposition->waiters);

  if (waiter == NULL || exposition->working || exposition->closing)
    return;
  exposition->working = TRUE;
  /* never refused: there is one at a time, and the queue is open until the end */
  orf_queue_push (exposition->jobs, 0, &make_job (exposition, waiter->format)->base);
}

void
orf_exposition_get (OrfExposition *exposition,
                    OrfExpositionFormat format,
                    gboolean packed,
                    OrfExpositionDone done,
                    gpointer user_data)
{
  const Waiter waiter = { format, packed, done, user_data };
  const Page *page = &exposition->pages[format];

  if (is_current (exposition, page) && serves (page, &waiter)) {
    tell (page, &waiter);
    return;
  }
  g_queue_push_tail (&exposition->waiters, g_memdup2 (&waiter, sizeof waiter));
  start (exposition);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfExposition *
orf_exposition_new (OrfRegistry *registry, OrfMemory *memory, GError **error)
{
  OrfExposition *exposition = g_new0 (OrfExposition, 1);

  exposition->jobs = orf_queue_new (1, 1);
  if (!orf_thread_start_worker (&exposition->thread, "exposition", exposition->jobs, error)) {
    orf_queue_unref (exposition->jobs);
    g_free (exposition);
    return NULL;
  }
  exposition->registry = registry;
  exposition->memory = memory;
  exposition->bases = orf_histogram_bases_new (registry, settled_cb, exposition);
  exposition->names = orf_exposition_names_new ();
  exposition->sheet = orf_exposition_sheet_new ();
  exposition->replies = orf_queue_new (1, G_MAXUINT);
  orf_queue_attach (exposition->replies, NULL);
  g_queue_init (&exposition->waiters);
  for (guint i = 0; i < ORF_EXPOSITION_N_FORMATS; i++)
    exposition->pages[i].text = g_string_new (NULL);
  return exposition;
}

void
orf_exposition_set_extra (OrfExposition *exposition, OrfExpositionExtra extra, gpointer user_data)
{
  exposition->extra = extra;
  exposition->extra_data = user_data;
}

void
orf_exposition_set_exemplars (OrfExposition *exposition, OrfExemplarFunc func, gpointer user_data)
{
  exposition->exemplar = func;
  exposition->exemplar_data = user_data;
}

void
orf_exposition_free (OrfExposition *exposition)
{
  Waiter *waiter;

  exposition->closing = TRUE;
  orf_queue_close (exposition->jobs);
  pthread_join (exposition->thread, NULL);
  orf_queue_dispatch (exposition->replies); /* the last one is told still */
  while ((waiter = g_queue_pop_head (&exposition->waiters)) != NULL) {
    waiter->done (waiter->user_data, NULL);
    g_free (waiter);
  }
  count (exposition, 0);
  orf_queue_unref (exposition->jobs);
  orf_queue_unref (exposition->replies);
  g_clear_pointer (&exposition->sources, g_array_unref);
  orf_exposition_sheet_free (exposition->sheet);
  orf_exposition_names_free (exposition->names);
  orf_histogram_bases_free (exposition->bases);
  for (guint i = 0; i < ORF_EXPOSITION_N_FORMATS; i++) {
    g_string_free (exposition->pages[i].text, TRUE);
    g_free (exposition->pages[i].gzip);
  }
  g_free (exposition);
}
