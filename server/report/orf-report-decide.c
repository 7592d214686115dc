/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report/orf-report-decide.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-format.h"

/* What is held idle or lies in pieces is worth an ask from these shares on: caching allocators keep
 * some on purpose. */
#define MANY_IDLE_PERCENT       30.0
#define MANY_FRAGMENTED_PERCENT 25.0
/* of the device: less is not worth anybody's time */
#define MIN_GAIN_PERCENT 2.0
/* The defaults of [gpu] pressure_high_percent and pressure_critical_percent. */
#define HIGH_PERCENT     75.0
#define CRITICAL_PERCENT 90.0
/* a device that holds much and computes little */
#define MUCH_USED_PERCENT   50.0
#define LITTLE_BUSY_PERCENT 20.0
/* of what cleanups freed, taken again within a minute */
#define MANY_REGAINED_PERCENT 80.0
/* batches could be larger by as much */
#define MIN_LARGER 1.25

typedef struct {
  OrfGpuRecommendation *recommendation;
  double gain_bytes;
  guint place; /* where it came from: ties keep the order of the facts */
} Ranked;

typedef struct {
  const OrfReportFacts *facts;
  GArray *ranked; /* Ranked */
  char *span;     /* "in the 2.0 h to 2026-11-21T15:00:00Z" */
} Decision;

void
orf_report_device_free (OrfReportDevice *device)
{
  g_free (device->device);
  g_free (device);
}

void
orf_report_worker_free (OrfReportWorker *worker)
{
  g_free (worker->name);
  g_free (worker->device);
  g_free (worker);
}

OrfReportFacts *
orf_report_facts_new (gint64 from_us, gint64 to_us)
{
  OrfReportFacts *facts = g_new0 (OrfReportFacts, 1);

  facts->from_us = from_us;
  facts->to_us = to_us;
  facts->devices = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_report_device_free);
  facts->workers = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_report_worker_free);
  facts->cleanups = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_report_cleanups_free);
  facts->asked = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_report_asked_free);
  facts->events = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_report_events_free);
  return facts;
}

void
orf_report_facts_free (OrfReportFacts *facts)
{
  if (facts == NULL)
    return;
  g_ptr_array_unref (facts->devices);
  g_ptr_array_unref (facts->workers);
  g_ptr_array_unref (facts->cleanups);
  g_ptr_array_unref (facts->asked);
  g_ptr_array_unref (facts->events);
  g_free (facts);
}

double
orf_report_get_idle_percent (const OrfReportDevice *device)
{
  if (!(device->reserved_bytes > 0) || isnan (device->allocated_bytes))
    return NAN;
  return CLAMP (100 * (1 - device->allocated_bytes / device->reserved_bytes), 0.0, 100.0);
}

/* ---- words ----------------------------------------------------------------------------------- */

static char *
describe_span (gint64 from_us, gint64 to_us)
{
  g_autoptr (GDateTime) to = g_date_time_new_from_unix_utc (to_us / ORF_US_PER_S);
  g_autofree char *end = to != NULL ? g_date_time_format (to, "%Y-%m-%dT%H:%M:%SZ") : NULL;
  g_autofree char *span = orf_format_span (to_us - from_us);

  return g_strdup_printf ("in the %s to %s", span, end);
}

/* What is pasted into a shell; ids are opaque. */
static char *
quote (const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("-_.:@%+/", *p) == NULL)
      return g_shell_quote (text);
  return g_strdup (text);
}

/* Takes the three texts. */
static void
add (Decision *decision,
     OrfSeverity severity,
     double gain_bytes,
     char *title,
     char *evidence,
     char *action)
{
  OrfGpuRecommendation *recommendation = orf_gpu_recommendation_new ();
  const Ranked ranked = { recommendation, isnan (gain_bytes) ? 0 : gain_bytes,
                          decision->ranked->len };

  recommendation->severity = severity;
  recommendation->title = title;
  recommendation->evidence = evidence;
  recommendation->action = action;
  g_array_append_val (decision->ranked, ranked);
}

/* ---- devices --------------------------------------------------------------------------------- */

static OrfSeverity
get_severity (const OrfReportDevice *device)
{
  if (device->most_used_percent >= CRITICAL_PERCENT)
    return ORF_SEVERITY_CRITICAL;
  return device->most_used_percent >= HIGH_PERCENT ? ORF_SEVERITY_WARNING : ORF_SEVERITY_INFO;
}

/* What workers hold idle could be free; it matters as much as the device is full. */
static void
look_at_idle (Decision *decision, const OrfReportDevice *device)
{
  double percent = orf_report_get_idle_percent (device);
  double idle = device->reserved_bytes - device->allocated_bytes;
  g_autofree char *id = quote (device->device);
  g_autofree char *amount = NULL;
  g_autofree char *held = NULL;

  if (!(percent >= MANY_IDLE_PERCENT) || idle < MIN_GAIN_PERCENT / 100 * device->total_bytes)
    return;
  amount = orf_format_bytes (idle);
  held = orf_format_bytes (device->reserved_bytes);
  add (decision, get_severity (device), idle,
       g_strdup_printf ("Workers on %s hold %s idle", device->device, amount),
       g_strdup_printf ("%.0f %% of the %s that their allocators held were not in use, on average "
                        "%s; the device was %.0f %% full, at most %.0f %%",
                        percent, held, decision->span, device->used_percent,
                        device->most_used_percent),
       g_strdup_printf ("orfeasctl gpu cleanup --device %s --level light", id));
}

static void
look_at_pieces (Decision *decision, const OrfReportDevice *device)
{
  double bytes = device->fragmentation_percent / 100 * device->reserved_bytes;
  g_autofree char *id = quote (device->device);

  if (!(device->fragmentation_percent >= MANY_FRAGMENTED_PERCENT))
    return;
  add (decision, ORF_SEVERITY_WARNING, bytes,
       g_strdup_printf ("Idle memory on %s lies in pieces", device->device),
       g_strdup_printf ("%.0f %% of what allocators held was idle outside of their largest free "
                        "blocks, on average %s",
                        device->fragmentation_percent, decision->span),
       g_strdup_printf ("orfeasctl gpu cleanup --device %s --level normal", id));
}

static void
look_at_pressure (Decision *decision, const OrfReportDevice *device)
{
  double percent = orf_report_get_idle_percent (device);
  g_autofree char *id = quote (device->device);

  /* where enough is idle that is what is said */
  if (!(device->most_used_percent >= CRITICAL_PERCENT) || percent >= MANY_IDLE_PERCENT)
    return;
  add (decision, ORF_SEVERITY_WARNING, 0, g_strdup_printf ("%s was nearly full", device->device),
       g_strdup_printf ("%.1f %% of its memory were in use at most, %.1f %% on average, %s",
                        device->most_used_percent, device->used_percent, decision->span),
       g_strdup_printf ("orfeasctl gpu cleanup --device %s --dry-run", id));
}

static void
look_at_use (Decision *decision, const OrfReportDevice *device)
{
  double bytes = device->used_percent / 100 * device->total_bytes;
  g_autofree char *id = quote (device->device);
  g_autofree char *amount = NULL;

  if (!(device->used_percent >= MUCH_USED_PERCENT) ||
      !(device->utilization_percent < LITTLE_BUSY_PERCENT))
    return;
  amount = orf_format_bytes (bytes);
  add (decision, ORF_SEVERITY_INFO, bytes / 2,
       g_strdup_printf ("%s holds much and computes little", device->device),
       g_strdup_printf ("%s in use (%.0f %%), and %.0f %% of the time computing, on average %s",
                        amount, device->used_percent, device->utilization_percent, decision->span),
       g_strdup_printf ("orfeasctl gpu %s", id));
}

/* ---- workers --------------------------------------------------------------------------------- */

static void
look_at_ooms (Decision *decision, const OrfReportWorker *worker)
{
  gboolean advised = worker->is_studied && worker->advice.recommended > 0;

  if (worker->ooms <= 0)
    return;
  add (decision, worker->is_there ? ORF_SEVERITY_CRITICAL : ORF_SEVERITY_WARNING, 0,
       g_strdup_printf ("%s ran out of memory", worker->name),
       g_strdup_printf ("%" G_GINT64_FORMAT
                        " times since its start, as it told itself (w-%" G_GINT64_FORMAT "; %s)",
                        worker->ooms, worker->worker_no, worker->is_there ? "there" : "gone"),
       advised ? g_strdup_printf ("orfeasctl gpu batch-size w-%" G_GINT64_FORMAT, worker->worker_no)
               : g_strdup ("orfeasctl incidents list"));
}

static void
look_at_batches (Decision *decision, const OrfReportWorker *worker)
{
  const OrfBatchAdvice *advice = &worker->advice;
  gboolean too_large = advice->recommended < advice->explored_max;
  g_autofree char *peak = NULL;

  if (!worker->is_studied || !worker->is_there || advice->recommended <= 0 ||
      advice->reason == ORF_BATCH_REASON_ONE_SIZE)
    return;
  if (!too_large && (double) advice->recommended < MIN_LARGER * (double) advice->explored_max)
    return;
  peak = orf_format_bytes ((double) advice->peak_bytes);
  add (decision, too_large ? ORF_SEVERITY_WARNING : ORF_SEVERITY_INFO,
       fabs (advice->bytes_per_item * (double) (advice->explored_max - advice->recommended)),
       too_large
         ? g_strdup_printf ("Batches of %s leave less than 10 %% of the device free", worker->name)
         : g_strdup_printf ("Batches of %s could be larger", worker->name),
       g_strdup_printf ("%" G_GINT64_FORMAT " batches of %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                        " items; %" G_GINT64_FORMAT " take %s and leave 10 %% free, with "
                        "probability %.2f",
                        advice->observations, advice->explored_min, advice->explored_max,
                        advice->recommended, peak, advice->confidence),
       g_strdup_printf ("orfeasctl gpu batch-size w-%" G_GINT64_FORMAT, worker->worker_no));
}

/* ---- cleanups and events --------------------------------------------------------------------- */

/* Those that free nothing: whether nobody gave anything, or all of it was taken again. */
static char *
describe_nothing (const OrfReportCleanups *cleanups, const char *span)
{
  g_autofree char *retaken = orf_format_bytes ((double) cleanups->retaken_bytes);
  gboolean in_vain = cleanups->retaken_bytes > MAX (cleanups->freed_bytes, 0);

  return g_strdup_printf ("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " freed nothing, %s%s%s%s",
                          cleanups->n_nothing, cleanups->n, span,
                          in_vain ? "; workers gave back " : "", in_vain ? retaken : "",
                          in_vain ? " and took it again at once: they need it" : "");
}

static void
look_at_cleanups (Decision *decision, const OrfReportCleanups *cleanups)
{
  double percent = 100.0 * (double) cleanups->regained_bytes / (double) cleanups->followed_bytes;
  g_autofree char *id = quote (cleanups->device);

  if (cleanups->n_nothing >= 3 && 2 * cleanups->n_nothing >= cleanups->n)
    add (decision, ORF_SEVERITY_WARNING, 0,
         g_strdup_printf ("Cleanups of %s free nothing", cleanups->device),
         describe_nothing (cleanups, decision->span),
         g_strdup_printf ("orfeasctl gpu cleanups --device %s", id));

  if (cleanups->n_followed < 2 || cleanups->followed_bytes <= 0 || percent < MANY_REGAINED_PERCENT)
    return;
  add (decision, ORF_SEVERITY_WARNING, (double) cleanups->regained_bytes,
       g_strdup_printf ("What cleanups of %s free is soon taken again", cleanups->device),
       g_strdup_printf ("%.0f %% of what %" G_GINT64_FORMAT " cleanups freed was in use again "
                        "within a minute, %s: workers need it",
                        percent, cleanups->n_followed, decision->span),
       g_strdup_printf ("orfeasctl gpu cleanups --device %s", id));
}

static void
look_at_asked (Decision *decision, const OrfReportAsked *asked)
{
  g_autofree char *id = quote (asked->device);
  g_autofree char *claimed = orf_format_bytes ((double) asked->claimed_bytes);
  g_autofree char *freed = orf_format_bytes ((double) asked->released_bytes);

  /* once, and by little: others may have taken some at the same moment */
  if (asked->n_overclaimed > 1 || asked->claimed_bytes > 2 * asked->released_bytes)
    add (decision, ORF_SEVERITY_WARNING, (double) (asked->claimed_bytes - asked->released_bytes),
         g_strdup_printf ("%s claims more than it frees", asked->name),
         g_strdup_printf ("in %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " cleanups: %s claimed, "
                          "%s measured, %s",
                          asked->n_overclaimed, asked->n_asked, claimed, freed, decision->span),
         g_strdup_printf ("orfeasctl gpu cleanups --device %s", id));
  if (asked->n_timed_out > 0)
    add (decision, ORF_SEVERITY_WARNING, 0,
         g_strdup_printf ("%s does not answer in time", asked->name),
         g_strdup_printf ("in %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " cleanups, %s",
                          asked->n_timed_out, asked->n_asked, decision->span),
         g_strdup_printf ("orfeasctl gpu cleanups --device %s", id));
}

static void
look_at_events (Decision *decision, const OrfReportEvents *events)
{
  g_autofree char *id = quote (events->device);

  add (decision,
       events->is_critical ? ORF_SEVERITY_CRITICAL
                           : (events->n_open > 0 ? ORF_SEVERITY_WARNING : ORF_SEVERITY_INFO),
       0, g_strdup_printf ("%s told %s", events->device, events->kind),
       g_strdup_printf ("%" G_GINT64_FORMAT " times, %" G_GINT64_FORMAT
                        " of them still so, %s; the "
                        "newest: %s",
                        events->n, events->n_open, decision->span, events->text),
       g_strdup_printf ("orfeasctl gpu events %s", id));
}

/* ---- all together ---------------------------------------------------------------------------- */

static int
compare (gconstpointer a, gconstpointer b)
{
  const Ranked *x = a;
  const Ranked *y = b;

  if (x->recommendation->severity != y->recommendation->severity)
    return x->recommendation->severity > y->recommendation->severity ? -1 : 1;
  if (x->gain_bytes < y->gain_bytes || x->gain_bytes > y->gain_bytes)
    return x->gain_bytes > y->gain_bytes ? -1 : 1;
  return x->place < y->place ? -1 : 1;
}

static void
look (Decision *decision)
{
  const OrfReportFacts *facts = decision->facts;

  for (guint i = 0; i < facts->devices->len; i++) {
    look_at_idle (decision, facts->devices->pdata[i]);
    look_at_pieces (decision, facts->devices->pdata[i]);
    look_at_pressure (decision, facts->devices->pdata[i]);
    look_at_use (decision, facts->devices->pdata[i]);
  }
  for (guint i = 0; i < facts->workers->len; i++) {
    look_at_ooms (decision, facts->workers->pdata[i]);
    look_at_batches (decision, facts->workers->pdata[i]);
  }
  for (guint i = 0; i < facts->cleanups->len; i++)
    look_at_cleanups (decision, facts->cleanups->pdata[i]);
  for (guint i = 0; i < facts->asked->len; i++)
    look_at_asked (decision, facts->asked->pdata[i]);
  for (guint i = 0; i < facts->events->len; i++)
    look_at_events (decision, facts->events->pdata[i]);
}

GPtrArray *
orf_report_decide (const OrfReportFacts *facts)
{
  GPtrArray *recommendations = g_ptr_array_new_with_free_func (
    (GDestroyNotify) orf_gpu_recommendation_free);
  g_autoptr (GArray) ranked = g_array_new (FALSE, FALSE, sizeof (Ranked));
  g_autofree char *span = describe_span (facts->from_us, facts->to_us);
  Decision decision = { facts, ranked, span };

  look (&decision);
  g_array_sort (ranked, compare);
  for (guint i = 0; i < ranked->len; i++)
    g_ptr_array_add (recommendations, g_array_index (ranked, Ranked, i).recommendation);
  return recommendations;
}

static void
append_device (GString *text, const OrfReportDevice *device)
{
  double idle = orf_report_get_idle_percent (device);

  g_string_append_printf (text, " %s", device->device);
  if (isnan (device->used_percent))
    g_string_append (text, ": memory not known");
  else
    g_string_append_printf (text, ": %.0f %% of memory used on average, %.0f %% at most",
                            device->used_percent, device->most_used_percent);
  if (!isnan (idle))
    g_string_append_printf (text, ", %.0f %% of what workers hold idle", idle);
  if (!isnan (device->utilization_percent))
    g_string_append_printf (text, ", computing %.0f %% of the time", device->utilization_percent);
  g_string_append_c (text, '.');
}

char *
orf_report_summarize (const OrfReportFacts *facts, const GPtrArray *recommendations)
{
  GString *text = g_string_new (NULL);
  g_autofree char *span = describe_span (facts->from_us, facts->to_us);
  guint n = facts->devices->len;

  if (n == 0)
    g_string_append_printf (text, "No device has samples %s.", span);
  else
    g_string_append_printf (text, "%u device%s %s.", n, n == 1 ? "" : "s", span);
  for (guint i = 0; i < n; i++)
    append_device (text, facts->devices->pdata[i]);
  if (recommendations->len == 0)
    g_string_append (text, " Nothing to recommend.");
  else
    g_string_append_printf (text, " %u recommendation%s.", recommendations->len,
                            recommendations->len == 1 ? "" : "s");
  return g_string_free (text, FALSE);
}
