/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scrape/orf-scrape-service.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "orf-schema-bind.h"

static void
set_page (OrfScrapeTargetInfo *info, const OrfScrapeReport *report)
{
  info->has_samples = info->has_left_out = info->has_body_bytes = report->up;
  info->samples = report->n_samples;
  info->left_out = report->n_left_out;
  info->left_out_reason = g_strdup (report->left_out_why);
  info->body_bytes = report->body_bytes;
}

static OrfScrapeTargetInfo *
make_info (const OrfScrapeReport *report)
{
  OrfScrapeTargetInfo *info = orf_scrape_target_info_new ();
  gboolean pending = report->last_us == 0;

  info->target = g_strdup (report->name);
  info->url = g_strdup (report->url);
  info->state = pending      ? ORF_SCRAPE_STATE_PENDING
                : report->up ? ORF_SCRAPE_STATE_UP
                             : ORF_SCRAPE_STATE_DOWN;
  info->period_us = report->period_us;
  info->has_last_us = info->has_duration_us = !pending;
  info->last_us = report->last_us;
  info->duration_us = report->duration_us;
  info->has_up_us = report->up_us > 0;
  info->up_us = report->up_us;
  info->series = report->n_series;
  info->error = g_strdup (report->error);
  set_page (info, report);
  return info;
}

static void
targets_cb (OrfCall *call, const OrfScrapeTargetsParams *params, gpointer user_data)
{
  OrfScraper *scraper = user_data;
  g_autoptr (OrfScrapeTargetsResult) result = orf_scrape_targets_result_new ();

  result->targets = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_scrape_target_info_free);
  for (guint i = 0; i < orf_scraper_get_length (scraper); i++) {
    const OrfScrapeReport report = orf_scraper_get_report (scraper, i);

    g_ptr_array_add (result->targets, make_info (&report));
  }
  orf_call_return_scrape_targets (call, result);
}

void
orf_scrape_service_bind (OrfRouter *router, OrfScraper *scraper)
{
  orf_bind_scrape_targets (router, targets_cb, scraper);
}
