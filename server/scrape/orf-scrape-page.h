/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-memory.h"
#include "metrics/orf-exposition-format.h"
#include "orf-schema-types.h"
#include "scrape/orf-scrape-cache.h"

G_BEGIN_DECLS

/* What a server sent, counted in what connections hold. */
typedef struct {
  GByteArray *bytes;
  OrfMemory *memory;
} OrfScrapeBody;

OrfScrapeBody *orf_scrape_body_new (OrfMemory *memory);
void orf_scrape_body_append (OrfScrapeBody *body, const void *data, gsize length);
void orf_scrape_body_free (OrfScrapeBody *body);

/* A series that the cache did not know. */
typedef struct {
  guint id; /* the cache's, from now on */
  char *name;
  char **labels; /* with target */
  OrfSeriesKind kind;
  char *unit, *help; /* NULL: not told */
} OrfScrapeFresh;

typedef struct {
  guint id; /* the cache's */
  gboolean has_time;
  gint64 t_us; /* its own */
  double value;
} OrfScrapeSample;

/*
 * A page: what came, and what it is made into.  A plain value, owned by whoever reads it; nothing
 * of a page that is broken is kept.
 */
typedef struct {
  char *target;
  OrfScrapeBody *body; /* NULL when it was read */
  OrfExpositionFormat format;
  gint64 t_us;
  OrfScrapeCache *cache;

  GError *error;      /* INVALID_ARGUMENT: where the page is broken */
  GArray *samples;    /* OrfScrapeSample, with a finite value */
  GPtrArray *fresh;   /* OrfScrapeFresh */
  guint n_told;       /* samples of the page, also those that */
  guint n_left_out;   /* were not taken: no place, illegal, told twice */
  char *left_out_why; /* of the first; NULL: none */
  gint64 body_bytes;
} OrfScrapePage;

/* Takes body and cache. */
OrfScrapePage *orf_scrape_page_new (const char *target,
                                    OrfScrapeBody *body,
                                    OrfExpositionFormat format,
                                    gint64 t_us,
                                    OrfScrapeCache *cache);
void orf_scrape_page_free (OrfScrapePage *page);
/* Once.  Pure, but for the cache. */
void orf_scrape_page_read (OrfScrapePage *page);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfScrapeBody, orf_scrape_body_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfScrapePage, orf_scrape_page_free)

G_END_DECLS
