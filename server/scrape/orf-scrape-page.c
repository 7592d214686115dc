/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scrape/orf-scrape-page.h"

#include <math.h>
#include <string.h>

#include "metrics/orf-series-name.h"
#include "orf-error.h"
#include "scrape/orf-exposition-parser.h"
#include "scrape/orf-scrape-labels.h"

/* Of a help text, which goes into each row of its series. */
#define MAX_HELP_BYTES 1024
#define MAX_UNIT_BYTES 64

/* ---- the body -------------------------------------------------------------------------------- */

OrfScrapeBody *
orf_scrape_body_new (OrfMemory *memory)
{
  OrfScrapeBody *body = g_new0 (OrfScrapeBody, 1);

  body->bytes = g_byte_array_new ();
  body->memory = memory;
  return body;
}

void
orf_scrape_body_append (OrfScrapeBody *body, const void *data, gsize length)
{
  g_byte_array_append (body->bytes, data, (guint) length);
  orf_memory_add (body->memory, ORF_MEMORY_CONNECTIONS, (gint64) length);
}

void
orf_scrape_body_free (OrfScrapeBody *body)
{
  orf_memory_add (body->memory, ORF_MEMORY_CONNECTIONS, -(gint64) body->bytes->len);
  g_byte_array_unref (body->bytes);
  g_free (body);
}

/* ---- series ---------------------------------------------------------------------------------- */

static void
fresh_free (gpointer data)
{
  OrfScrapeFresh *fresh = data;

  g_free (fresh->name);
  g_strfreev (fresh->labels);
  g_free (fresh->unit);
  g_free (fresh->help);
  g_free (fresh);
}

/* As orf-histogram.h keeps them: what only rises is a counter. */
static OrfSeriesKind
choose_kind (const OrfExpositionFamily *family, OrfExpositionSlice ending)
{
  if (ending.length == 8 && memcmp (ending.start, "_created", 8) == 0)
    return ORF_SERIES_KIND_GAUGE;
  switch (family->type) {
  case ORF_EXPOSITION_COUNTER:
  case ORF_EXPOSITION_HISTOGRAM:
    return ORF_SERIES_KIND_COUNTER;
  case ORF_EXPOSITION_SUMMARY:
    return ending.length > 0 ? ORF_SERIES_KIND_COUNTER : ORF_SERIES_KIND_GAUGE;
  case ORF_EXPOSITION_UNKNOWN:
  case ORF_EXPOSITION_GAUGE:
  case ORF_EXPOSITION_GAUGE_HISTOGRAM:
  case ORF_EXPOSITION_INFO:
  case ORF_EXPOSITION_STATE_SET:
  default:
    return ORF_SERIES_KIND_GAUGE;
  }
}

/* NULL: there is none, or it is too long to be one.  Cut where it is only for people. */
static char *
dup_help (const OrfScrapePage *page, OrfExpositionSlice help)
{
  g_autofree char *text = orf_exposition_unescape (help,
                                                   page->format == ORF_EXPOSITION_OPENMETRICS);
  const char *end;

  if (text[0] == '\0')
    return NULL;
  if (strlen (text) > MAX_HELP_BYTES) {
    text[MAX_HELP_BYTES] = '\0';
    g_utf8_validate (text, -1, &end);
    text[end - text] = '\0';
  }
  return g_steal_pointer (&text);
}

static void
describe (const OrfScrapePage *page, const OrfExpositionParser *parser, OrfScrapeFresh *fresh)
{
  OrfExpositionSlice ending, name = { fresh->name, strlen (fresh->name) };
  const OrfExpositionFamily *family = orf_exposition_parser_get_family (parser, name, &ending);

  fresh->kind = ORF_SERIES_KIND_GAUGE;
  if (family == NULL)
    return;
  fresh->kind = choose_kind (family, ending);
  fresh->help = dup_help (page, family->help);
  if (family->unit.length > 0 && family->unit.length <= MAX_UNIT_BYTES)
    fresh->unit = g_strndup (family->unit.start, family->unit.length);
}

/* The id that the series has from now on, or ORF_SCRAPE_NONE with why. */
static guint
meet (OrfScrapePage *page,
      const OrfExpositionParser *parser,
      const OrfExpositionSample *sample,
      GError **error)
{
  g_autofree char *name = g_strndup (sample->name.start, sample->name.length);
  g_auto (GStrv) labels = NULL;
  OrfScrapeFresh *fresh;
  guint id;

  if (!orf_series_name_check (name, "name", error))
    return ORF_SCRAPE_NONE;
  labels = orf_scrape_labels_new (sample->labels, page->target, error);
  if (labels == NULL)
    return ORF_SCRAPE_NONE;
  id = orf_scrape_cache_add (page->cache, sample->series.start, sample->series.length);
  if (id == ORF_SCRAPE_NONE) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
                 "it has more series than [scrape] max_series");
    return ORF_SCRAPE_NONE;
  }
  fresh = g_new0 (OrfScrapeFresh, 1);
  fresh->id = id;
  fresh->name = g_steal_pointer (&name);
  fresh->labels = g_steal_pointer (&labels);
  describe (page, parser, fresh);
  g_ptr_array_add (page->fresh, fresh);
  return id;
}

/* ---- samples --------------------------------------------------------------------------------- */

static void
leave_out (OrfScrapePage *page, const OrfExpositionSample *sample, const char *why)
{
  page->n_left_out++;
  if (page->left_out_why == NULL)
    page->left_out_why = g_strdup_printf ("%.*s: %s", (int) MIN (sample->name.length, 200),
                                          sample->name.start, why);
}

static void
take (OrfScrapePage *page, const OrfExpositionParser *parser, const OrfExpositionSample *sample)
{
  g_autoptr (GError) error = NULL;
  OrfScrapeSample one = { .has_time = sample->has_time,
                          .t_us = sample->t_us,
                          .value = sample->value };

  one.id = orf_scrape_cache_find (page->cache, sample->series.start, sample->series.length);
  if (one.id == ORF_SCRAPE_NONE && !isfinite (sample->value))
    return; /* what was never known has no series */
  if (one.id == ORF_SCRAPE_NONE)
    one.id = meet (page, parser, sample, &error);
  if (one.id == ORF_SCRAPE_NONE)
    leave_out (page, sample, error->message);
  else if (!orf_scrape_cache_see (page->cache, one.id, page->t_us) && !sample->has_time)
    leave_out (page, sample, "it is told twice");
  else if (isfinite (sample->value))
    g_array_append_val (page->samples, one);
}

/* What a broken page brought in goes again. */
static void
forget (OrfScrapePage *page)
{
  for (guint i = 0; i < page->fresh->len; i++)
    orf_scrape_cache_remove (page->cache, ((OrfScrapeFresh *) page->fresh->pdata[i])->id);
  g_ptr_array_set_size (page->fresh, 0);
  g_array_set_size (page->samples, 0);
}

void
orf_scrape_page_read (OrfScrapePage *page)
{
  const GByteArray *bytes = page->body->bytes;
  OrfExpositionParser parser;
  OrfExpositionSample sample;
  OrfExpositionStep step;

  page->body_bytes = bytes->len;
  orf_exposition_parser_init (&parser, (const char *) bytes->data, bytes->len, page->format);
  while ((step = orf_exposition_parser_next (&parser, &sample, &page->error)) ==
         ORF_EXPOSITION_SAMPLE) {
    page->n_told++;
    take (page, &parser, &sample);
  }
  if (step == ORF_EXPOSITION_BROKEN)
    forget (page);
  g_clear_pointer (&page->body, orf_scrape_body_free);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfScrapePage *
orf_scrape_page_new (const char *target,
                     OrfScrapeBody *body,
                     OrfExpositionFormat format,
                     gint64 t_us,
                     OrfScrapeCache *cache)
{
  OrfScrapePage *page = g_new0 (OrfScrapePage, 1);

  page->target = g_strdup (target);
  page->body = body;
  page->format = format;
  page->t_us = t_us;
  page->cache = cache;
  page->samples = g_array_new (FALSE, FALSE, sizeof (OrfScrapeSample));
  page->fresh = g_ptr_array_new_with_free_func (fresh_free);
  return page;
}

void
orf_scrape_page_free (OrfScrapePage *page)
{
  g_free (page->target);
  g_clear_pointer (&page->body, orf_scrape_body_free);
  g_clear_pointer (&page->cache, orf_scrape_cache_free);
  g_clear_error (&page->error);
  g_array_unref (page->samples);
  g_ptr_array_unref (page->fresh);
  g_free (page->left_out_why);
  g_free (page);
}
