/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-url.h"
#include "scrape/orf-scrape-page.h"

G_BEGIN_DECLS

/*
 * Asks one URL for a page of metrics, bounded in time, size and redirects.  One request at a time;
 * its connection is kept for the next.  Main context.
 *
 * Redirects are followed up to three times, to the same host only, not from https to http, and
 * with credentials only where scheme and port stay too: a target cannot make the daemon ask others.
 * No proxies, no cookies.
 */
typedef struct _OrfScrapeClient OrfScrapeClient;

typedef struct {
  const char *token; /* sent as a bearer token; NULL: none */
  gint64 timeout_us; /* for the whole of it */
  gint64 max_bytes;  /* unpacked */
} OrfScrapeRequest;

/* body is taken; NULL on error: DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED (too large, or memory is
 * short), INVALID_ARGUMENT (no page of metrics), CANCELLED, else UNAVAILABLE. */
typedef void (*OrfScrapeFetched) (gpointer user_data,
                                  OrfScrapeBody *body,
                                  OrfExpositionFormat format,
                                  const GError *error);

/* url is copied.  ca_file "": the system's authorities.  FAILED_PRECONDITION: ca_file is none. */
OrfScrapeClient *
orf_scrape_client_new (const OrfUrl *url, const char *ca_file, OrfMemory *memory, GError **error);
/* None may be under way. */
void orf_scrape_client_free (OrfScrapeClient *client);
/* fetched is called later, exactly once, also after a cancel. */
void orf_scrape_client_fetch (OrfScrapeClient *client,
                              const OrfScrapeRequest *request,
                              OrfScrapeFetched fetched,
                              gpointer user_data);
void orf_scrape_client_cancel (OrfScrapeClient *client);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfScrapeClient, orf_scrape_client_free)

G_END_DECLS
