/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "batch/orf-batch-advice.h"
#include "orf-schema-types.h"
#include "store/orf-store-report.h"

G_BEGIN_DECLS

/*
 * What is to be done about GPU memory, from what was measured over a span.  Pure: facts in, a
 * summary and ranked recommendations out, each with its figures and the command that acts on it.
 */

/* Means over the span, and the most; NAN: unknown. */
typedef struct {
  char *device;
  double total_bytes; /* now */
  double used_percent, most_used_percent;
  double utilization_percent;
  double allocated_bytes, reserved_bytes;
  double fragmentation_percent;
} OrfReportDevice;

typedef struct {
  gint64 worker_no;
  char *name;
  char *device; /* NULL: not told */
  gint64 ooms;  /* -1: unknown */
  gboolean is_there;
  gboolean is_studied; /* advice is of it */
  OrfBatchAdvice advice;
} OrfReportWorker;

typedef struct {
  gint64 from_us, to_us;
  GPtrArray *devices;  /* OrfReportDevice, by name */
  GPtrArray *workers;  /* OrfReportWorker, by number */
  GPtrArray *cleanups; /* OrfReportCleanups */
  GPtrArray *asked;    /* OrfReportAsked */
  GPtrArray *events;   /* OrfReportEvents */
} OrfReportFacts;

OrfReportFacts *orf_report_facts_new (gint64 from_us, gint64 to_us);
void orf_report_facts_free (OrfReportFacts *facts);
void orf_report_device_free (OrfReportDevice *device);
void orf_report_worker_free (OrfReportWorker *worker);

/* Share of what workers' allocators held that was idle; NAN: unknown. */
double orf_report_get_idle_percent (const OrfReportDevice *device);

/* Of OrfGpuRecommendation: the most severe first, of those the one that gains most. */
GPtrArray *orf_report_decide (const OrfReportFacts *facts);
/* One paragraph. */
char *orf_report_summarize (const OrfReportFacts *facts, const GPtrArray *recommendations);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfReportFacts, orf_report_facts_free)

G_END_DECLS
