/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Which series of a target are known, by the text that it writes them with: a page that was read
 * before costs a look-up for each line, and neither labels nor names are made anew.  Bounded; plain
 * data, owned by one context at a time.  Of the texts only digests are kept.
 */
typedef struct _OrfScrapeCache OrfScrapeCache;

#define ORF_SCRAPE_NONE G_MAXUINT32

/* max: how many it holds, and so the bound of its ids. */
OrfScrapeCache *orf_scrape_cache_new (guint max);
void orf_scrape_cache_free (OrfScrapeCache *cache);

/* Its id, or ORF_SCRAPE_NONE. */
guint orf_scrape_cache_find (OrfScrapeCache *cache, const char *text, gsize length);
/* ORF_SCRAPE_NONE: it is full.  An id that was given back is used again. */
guint orf_scrape_cache_add (OrfScrapeCache *cache, const char *text, gsize length);
void orf_scrape_cache_remove (OrfScrapeCache *cache, guint id);
/* The page of t_us tells it.  FALSE: it did already. */
gboolean orf_scrape_cache_see (OrfScrapeCache *cache, guint id, gint64 t_us);
/* Removes what was last seen before before_us, and says so of each. */
void orf_scrape_cache_sweep (OrfScrapeCache *cache,
                             gint64 before_us,
                             void (*removed) (gpointer user_data, guint id),
                             gpointer user_data);
guint orf_scrape_cache_get_length (const OrfScrapeCache *cache);
gsize orf_scrape_cache_get_size_bytes (const OrfScrapeCache *cache);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfScrapeCache, orf_scrape_cache_free)

G_END_DECLS
