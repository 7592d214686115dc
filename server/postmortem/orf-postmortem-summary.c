/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postmortem/orf-postmortem-summary.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-format.h"
#include "postmortem/orf-postmortem-operation.h"
#include "postmortem/orf-postmortem-timeline.h"

/* Takes text. */
static void
add (OrfPostmortemFacts *facts, const char *section, char *text)
{
  OrfPostmortemSentence *sentence = orf_postmortem_sentence_new ();

  sentence->section = g_strdup (section);
  sentence->text = text;
  g_ptr_array_add (facts->document->summary, sentence);
}

/* ---- what happened --------------------------------------------------------------------------- */

static const struct {
  const char *kind, *one, *many;
} counted[] = {
  { "leak", "leak", "leaks" },
  { "oom", "worker out of memory", "reports of workers out of memory" },
  { "pressure", "stretch of high memory pressure", "stretches of high memory pressure" },
  { "gpu_event", "event of a device", "events of devices" },
  { "cache_node", "node of the cache away", "times that a node of the cache was away" },
  { "operation", "operation that became worse", "operations that became worse" },
  { "alert", "alert", "alerts" },
  { "anomaly", "anomaly", "anomalies" },
  { "cleanup", "cleanup", "cleanups" },
  { "deploy", "deploy", "deploys" },
  { "load", "load test", "load tests" },
};

static guint
count (const GPtrArray *moments, const char *kind)
{
  guint n = 0;

  for (guint i = 0; i < moments->len; i++)
    n += strcmp (((OrfPostmortemMoment *) moments->pdata[i])->kind, kind) == 0;
  return n;
}

/* "2 alerts, 1 cleanup and 1 deploy"; NULL: nothing of all that. */
static char *
count_all (const GPtrArray *moments)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (counted); i++) {
    guint n = count (moments, counted[i].kind);

    if (n > 0)
      g_ptr_array_add (parts,
                       g_strdup_printf ("%u %s", n, n == 1 ? counted[i].one : counted[i].many));
  }
  for (guint i = 0; i < parts->len; i++)
    g_string_append_printf (text, "%s%s",
                            i == 0                ? ""
                            : i + 1 == parts->len ? " and "
                                                  : ", ",
                            (const char *) parts->pdata[i]);
  return parts->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

/* The first that began in the window; else, of what went on from before, the first. */
static const OrfPostmortemMoment *
find_trouble (const GPtrArray *moments, gint64 from_us)
{
  const OrfPostmortemMoment *older = NULL;

  for (guint i = 0; i < moments->len; i++) {
    const OrfPostmortemMoment *moment = moments->pdata[i];

    if (!orf_postmortem_moment_is_trouble (moment))
      continue;
    if (moment->t_us >= from_us)
      return moment;
    if (older == NULL)
      older = moment;
  }
  return older;
}

char *
orf_postmortem_summary_make_title (const OrfPostmortemWindow *window)
{
  g_autoptr (GDateTime) to = g_date_time_new_from_unix_utc (window->to_us / ORF_US_PER_S);
  g_autofree char *span = orf_format_span (window->to_us - window->from_us);
  g_autofree char *end = g_date_time_format (to, "%Y-%m-%dT%H:%M:%SZ");

  return g_strdup_printf ("%s to %s", span, end);
}

static void
tell_what (OrfPostmortemFacts *facts)
{
  const OrfPostmortemDocument *document = facts->document;
  const OrfPostmortemMoment *first = find_trouble (document->timeline->rows,
                                                   document->window->from_us);
  g_autofree char *window = orf_postmortem_summary_make_title (document->window);
  g_autofree char *all = count_all (document->timeline->rows);
  g_autofree char *time = first != NULL ? orf_postmortem_format_time (document->window, first->t_us)
                                        : NULL;

  if (first != NULL)
    add (facts, "timeline",
         g_strdup_printf ("In the %s there were %s; it began at %s%s: %s.", window,
                          all != NULL ? all : "workers or cleanups in trouble", time,
                          first->t_us < document->window->from_us ? ", before it" : "",
                          first->text));
  else if (all != NULL)
    add (facts, "timeline",
         g_strdup_printf ("Nothing went wrong in the %s that was noticed; there were %s.", window,
                          all));
  else if (document->gaps->rows->len > 0 && document->gaps->covered_percent == 0)
    add (facts, "timeline",
         g_strdup_printf ("Nothing was recorded in the %s: what happened then is not known.",
                          window));
  else
    add (facts, "timeline",
         g_strdup_printf ("Nothing happened in the %s: no alert fired, no anomaly was told, and no "
                          "event or cleanup was recorded.",
                          window));
}

/* ---- who ------------------------------------------------------------------------------------- */

static void
tell_who (OrfPostmortemFacts *facts)
{
  const OrfPostmortemCulprit *culprit = facts->document->culprit;
  g_autofree char *kind = NULL;

  if (culprit == NULL) {
    add (facts, "culprit", g_strdup ("Nothing in the window points to anybody."));
    return;
  }
  kind = strcmp (culprit->kind, "node") == 0   ? g_strdup ("cache's node ")
         : strcmp (culprit->kind, "host") == 0 ? g_strdup ("")
         : strcmp (culprit->kind, "load") == 0 ? g_strdup ("load test ")
                                               : g_strdup_printf ("%s ", culprit->kind);
  add (facts, "culprit",
       g_strdup_printf ("Most likely it was the %s%s (confidence %s): %s", kind, culprit->name,
                        orf_postmortem_confidence_to_string (culprit->confidence),
                        culprit->because[0]));
}

/* ---- what changed ---------------------------------------------------------------------------- */

/* Which of its values moved: the median where that did, else the extremes. */
static char *
describe_move (const OrfPostmortemChange *change)
{
  gboolean middle = fabs (change->during->median - change->before->median) >
                    0.1 * fabs (change->before->median);
  gboolean rose = change->effect > 0;
  double before = middle ? change->before->median
                  : rose ? change->before->max
                         : change->before->min;
  double during = middle ? change->during->median
                  : rose ? change->during->max
                         : change->during->min;
  g_autofree char *was = orf_postmortem_format_value (before, change->unit, change->rate);
  g_autofree char *is = orf_postmortem_format_value (during, change->unit, change->rate);

  return g_strdup_printf ("its %s went from %s to %s",
                          middle ? "median"
                          : rose ? "highest"
                                 : "lowest",
                          was, is);
}

static void
tell_change (OrfPostmortemFacts *facts)
{
  const OrfPostmortemChanges *changes = facts->document->changes;
  const OrfPostmortemChange *most = changes->rows->len > 0 ? changes->rows->pdata[0] : NULL;
  g_autofree char *move = NULL;
  g_autofree char *time = NULL;

  if (changes->series == 0) {
    add (facts, "changes", g_strdup ("No series had samples."));
    return;
  }
  if (!facts->has_baseline) {
    add (facts, "changes",
         g_strdup_printf ("There is nothing to compare %" G_GINT64_FORMAT " series with: nothing "
                          "was recorded in the same length of time before.",
                          changes->series));
    return;
  }
  if (most == NULL || isnan (most->effect)) {
    add (facts, "changes",
         g_strdup_printf ("None of %" G_GINT64_FORMAT " series moved far from what it was in the "
                          "same length of time before.",
                          changes->series));
    return;
  }
  move = describe_move (most);
  time = most->has_from_us ? orf_postmortem_format_time (facts->document->window, most->from_us)
                           : NULL;
  add (facts, "changes",
       g_strdup_printf ("Of %" G_GINT64_FORMAT " series %s changed most against the same length "
                        "before: %s%s%s (effect %.1f).",
                        changes->series, most->series, move, time != NULL ? ", from " : "",
                        time != NULL ? time : "", most->effect));
}

/* ---- what was noticed ------------------------------------------------------------------------ */

static char *
describe_cache (const OrfPostmortemCache *cache)
{
  if (cache == NULL || isnan (cache->hit_rate_percent) || isnan (cache->before_hit_rate_percent) ||
      fabs (cache->hit_rate_percent - cache->before_hit_rate_percent) < 5)
    return g_strdup ("");
  return g_strdup_printf (" The cache's hit rate went from %.0f %% to %.0f %%.",
                          cache->before_hit_rate_percent, cache->hit_rate_percent);
}

static void
tell_impact (OrfPostmortemFacts *facts)
{
  const OrfPostmortemTraces *traces = facts->document->traces;
  const OrfPostmortemOperation *worst = traces->operations->len > 0 ? traces->operations->pdata[0]
                                                                    : NULL;
  g_autofree char *cache = describe_cache (facts->document->cache);
  g_autofree char *time = NULL;
  g_autofree char *text = NULL;

  if (worst == NULL) {
    add (facts, "traces", g_strdup_printf ("No spans came.%s", cache));
    return;
  }
  if (!orf_postmortem_operation_is_worse (worst)) {
    add (facts, "traces", g_strdup_printf ("No operation became slower or failed more.%s", cache));
    return;
  }
  time = orf_postmortem_format_time (facts->document->window, worst->from_us);
  text = orf_postmortem_operation_describe (worst);
  add (facts, "traces", g_strdup_printf ("Since %s %s.%s", time, text, cache));
}

/* ---- how it ended ---------------------------------------------------------------------------- */

static guint
count_firing (const OrfPostmortemDocument *document)
{
  guint n = 0;

  for (guint i = 0; i < document->alerts->rows->len; i++) {
    const OrfPostmortemAlert *alert = document->alerts->rows->pdata[i];

    n += !alert->has_resolved_us || alert->resolved_us >= document->window->to_us;
  }
  return n;
}

static void
append_end (const OrfPostmortemDocument *document, GString *text)
{
  guint n_cleanups = document->cleanups->rows->len, n_firing = count_firing (document);
  g_autofree char *freed = orf_format_bytes ((double) document->cleanups->freed_bytes);

  if (n_cleanups > 0)
    g_string_append_printf (text, "%u cleanup%s freed %s; ", n_cleanups, n_cleanups == 1 ? "" : "s",
                            freed);
  if (n_firing > 0)
    g_string_append_printf (text, "at the end %u alert%s still fired; ", n_firing,
                            n_firing == 1 ? "" : "s");
  else if (document->alerts->rows->len > 0)
    g_string_append (text, "at the end no alert fired any more; ");
}

static void
tell_end (OrfPostmortemFacts *facts)
{
  const OrfPostmortemGaps *gaps = facts->document->gaps;
  g_autoptr (GString) text = g_string_new (NULL);
  gint64 longest_us = 0;
  g_autofree char *longest = NULL;

  append_end (facts->document, text);
  for (guint i = 0; i < gaps->rows->len; i++) {
    const OrfPostmortemGap *gap = gaps->rows->pdata[i];

    longest_us = MAX (longest_us, gap->to_us - gap->from_us);
  }
  longest = orf_format_span (longest_us);
  if (gaps->rows->len == 0)
    g_string_append (text, "the window was recorded without a gap.");
  else
    g_string_append_printf (text, "%.4g %% of the window was recorded: there %s %u gap%s of %s%s.",
                            gaps->covered_percent, gaps->rows->len == 1 ? "is" : "are",
                            gaps->rows->len, gaps->rows->len == 1 ? "" : "s", longest,
                            gaps->rows->len == 1 ? "" : " at most");
  text->str[0] = g_ascii_toupper (text->str[0]);
  add (facts, "gaps", g_string_free (g_steal_pointer (&text), FALSE));
}

void
orf_postmortem_summary_write (OrfPostmortemFacts *facts)
{
  tell_what (facts);
  tell_who (facts);
  tell_change (facts);
  tell_impact (facts);
  tell_end (facts);
}
