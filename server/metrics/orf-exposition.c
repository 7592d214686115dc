/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-exposition.h"

#include "core/orf-clock.h"
#include "metrics/orf-exposition-plan.h"
#include "metrics/orf-exposition-text.h"

/* A text that took long to make is told again for as many times as long, so that no number of
 * scrapers takes more of the main loop than the inverse. */
#define KEEP_FACTOR 20

typedef struct {
  GString *text;
  gint64 made_us, took_us; /* monotonic; took_us 0: never made */
  /* what it was made of */
  OrfRegistryVersion version;
  guint64 n_settled;
} Page;

struct _OrfExposition {
  OrfRegistry *registry;
  OrfHistogramBases *bases;
  guint64 n_settled; /* times that histograms were found out */
  GPtrArray *plan;   /* OrfExposedFamily; NULL: to be made */
  guint64 n_changes; /* the registry's, when the plan was made */
  Page pages[ORF_EXPOSITION_N_FORMATS];
};

static void
settled_cb (gpointer user_data)
{
  OrfExposition *exposition = user_data;

  exposition->n_settled++;
  g_clear_pointer (&exposition->plan, g_ptr_array_unref);
}

static void
ensure_plan (OrfExposition *exposition)
{
  OrfRegistryVersion version = orf_registry_get_version (exposition->registry);

  if (exposition->plan != NULL && exposition->n_changes == version.n_changes)
    return;
  g_clear_pointer (&exposition->plan, g_ptr_array_unref);
  exposition->n_changes = version.n_changes;
  exposition->plan = orf_exposition_plan_new (exposition->registry, exposition->bases);
}

static gboolean
is_current (const OrfExposition *exposition, const Page *page, gint64 now_us)
{
  OrfRegistryVersion version = orf_registry_get_version (exposition->registry);

  if (page->took_us == 0)
    return FALSE;
  if (page->n_settled == exposition->n_settled && page->version.n_changes == version.n_changes &&
      page->version.n_samples == version.n_samples)
    return TRUE;
  return now_us < page->made_us + KEEP_FACTOR * page->took_us;
}

static void
make (OrfExposition *exposition, OrfExpositionFormat format, Page *page, gint64 now_us)
{
  page->version = orf_registry_get_version (exposition->registry);
  page->n_settled = exposition->n_settled;
  ensure_plan (exposition);
  g_string_truncate (page->text, 0);
  orf_exposition_text_write (page->text, exposition->plan, format, orf_clock_now_us ());
  page->made_us = orf_clock_monotonic_us ();
  page->took_us = MAX (page->made_us - now_us, 1);
}

const char *
orf_exposition_get_text (OrfExposition *exposition, OrfExpositionFormat format, gsize *length)
{
  Page *page = &exposition->pages[format];
  gint64 now_us = orf_clock_monotonic_us ();

  if (!is_current (exposition, page, now_us))
    make (exposition, format, page, now_us);
  *length = page->text->len;
  return page->text->str;
}

gsize
orf_exposition_get_size_bytes (OrfExposition *exposition)
{
  gsize bytes = 0;

  for (guint i = 0; i < ORF_EXPOSITION_N_FORMATS; i++)
    bytes += exposition->pages[i].text->allocated_len;
  for (guint i = 0; exposition->plan != NULL && i < exposition->plan->len; i++) {
    const OrfExposedFamily *family = exposition->plan->pdata[i];

    bytes += sizeof *family + family->series->len * sizeof (OrfExposedSeries);
  }
  return bytes;
}

OrfExposition *
orf_exposition_new (OrfRegistry *registry)
{
  OrfExposition *exposition = g_new0 (OrfExposition, 1);

  exposition->registry = registry;
  exposition->bases = orf_histogram_bases_new (registry, settled_cb, exposition);
  for (guint i = 0; i < ORF_EXPOSITION_N_FORMATS; i++)
    exposition->pages[i].text = g_string_new (NULL);
  return exposition;
}

void
orf_exposition_free (OrfExposition *exposition)
{
  g_clear_pointer (&exposition->plan, g_ptr_array_unref);
  orf_histogram_bases_free (exposition->bases);
  for (guint i = 0; i < ORF_EXPOSITION_N_FORMATS; i++)
    g_string_free (exposition->pages[i].text, TRUE);
  g_free (exposition);
}
