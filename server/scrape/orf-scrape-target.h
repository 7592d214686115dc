/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-queue.h"
#include "metrics/orf-sampler.h"

G_BEGIN_DECLS

/*
 * One target of [scrape]: asks for its page, has it read, and puts the samples on their way.  Main
 * context.
 */
typedef struct _OrfScrapeTarget OrfScrapeTarget;

typedef struct {
  const OrfConfig *config;
  OrfRegistry *registry;
  OrfSampler *sampler;
  OrfMemory *memory;
  OrfQueue *jobs, *replies; /* of the thread that reads pages */
} OrfScrapeParts;

/* Of the last scrape that has ended; strings are the target's. */
typedef struct {
  const char *name;
  const char *url; /* without credentials */
  gint64 period_us;
  gint64 last_us; /* when it began; 0: none yet */
  gboolean up;
  const char *error; /* NULL: there was none */
  gint64 duration_us;
  /* 0 where it is down */
  gint64 body_bytes; /* unpacked */
  guint n_samples, n_left_out;
  const char *left_out_why; /* NULL: none was */
  guint n_series;           /* known now */
  gint64 up_us;             /* the last that went well; 0: none yet */
} OrfScrapeReport;

/* parts outlive it; settings are copied. */
OrfScrapeTarget *
orf_scrape_target_new (const OrfScrapeParts *parts, const OrfConfigScrapeTarget *settings);
/* Ends it, as soon as nothing of it is under way: then ended is called, and it is freed.  ended may
 * be NULL, and may be taken back by another close with NULL. */
typedef void (*OrfScrapeTargetEnded) (gpointer user_data, OrfScrapeTarget *target);
void
orf_scrape_target_close (OrfScrapeTarget *target, OrfScrapeTargetEnded ended, gpointer user_data);
gboolean
orf_scrape_target_has_settings (OrfScrapeTarget *target, const OrfConfigScrapeTarget *settings);

/* When the next scrape is due after this time: a multiple of the period, and a share of it that
 * follows from the name alone. */
gint64 orf_scrape_target_get_next_us (OrfScrapeTarget *target, gint64 after_us);
/* A scrape, whose samples are of t_us.  Not done while one is under way. */
void orf_scrape_target_begin (OrfScrapeTarget *target, gint64 t_us);
OrfScrapeReport orf_scrape_target_get_report (OrfScrapeTarget *target);

G_END_DECLS
