/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "scrape/orf-scrape-target.h"

G_BEGIN_DECLS

/*
 * The targets of [scrape], each asked at its own times, and the thread that reads their pages.
 * Main context.
 */
typedef struct _OrfScraper OrfScraper;

/* jobs and replies of parts are its own to set; all else outlives it. */
OrfScraper *orf_scraper_new (const OrfScrapeParts *parts, GError **error);
/* To be drained before, while the loop turns: else what is under way is lost with all it holds. */
void orf_scraper_free (OrfScraper *scraper);
void orf_scraper_start (OrfScraper *scraper);
/* parts.config has changed: targets that did not go on as they are. */
void orf_scraper_reload (OrfScraper *scraper);
/* Asks no more, and calls drained once nothing is under way. */
void
orf_scraper_drain (OrfScraper *scraper, void (*drained) (gpointer user_data), gpointer user_data);

guint orf_scraper_get_length (OrfScraper *scraper);
/* By name. */
OrfScrapeReport orf_scraper_get_report (OrfScraper *scraper, guint i);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfScraper, orf_scraper_free)

G_END_DECLS
