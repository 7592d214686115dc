/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * What a request of metrics became: rows that name their series by slot, and the series of slots
 * that are new.  A plain value: made in the ingest thread, used up in the main context.
 */
typedef enum {
  ORF_OTLP_ROW_FIRST = 1,     /* of a point: its rows go in together or not at all */
  ORF_OTLP_ROW_DELTA = 2,     /* the value is what the series rises by */
  ORF_OTLP_ROW_MONOTONIC = 4, /* cumulative, and never falls but at a new start */
  /* a bucket that is new in a histogram begins where the bound before it was */
  ORF_OTLP_ROW_AFTER_PREVIOUS = 8,
} OrfOtlpRowFlags;

typedef struct {
  gint64 t_us, start_us; /* start 0: not told */
  double value;
  guint32 slot;
  guint32 flags;
} OrfOtlpRow;

typedef struct {
  guint32 slot;
  OrfSeriesKind kind;       /* HISTOGRAM: no series, but the family of its counters */
  char *name, *unit, *help; /* unit, help: NULL, not told */
  char **labels;            /* as OrfSeries has them */
} OrfOtlpSeries;

typedef struct {
  GArray *rows;          /* OrfOtlpRow */
  GPtrArray *new_series; /* OrfOtlpSeries, to be known whatever becomes of the rows */
  gboolean reset;        /* all slots from before this one are void */
  guint64 n_points, n_rejected;
  char *reason; /* of the first that was rejected; NULL: none was */
} OrfOtlpBatch;

OrfOtlpBatch *orf_otlp_batch_new (void);
void orf_otlp_batch_free (OrfOtlpBatch *batch);
/* Another point is not taken; message is used where it is the first. */
void orf_otlp_batch_reject (OrfOtlpBatch *batch, const char *name, const char *message);
gsize orf_otlp_batch_measure (const OrfOtlpBatch *batch);

OrfOtlpSeries *orf_otlp_series_new (void);
void orf_otlp_series_free (OrfOtlpSeries *series);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfOtlpBatch, orf_otlp_batch_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfOtlpSeries, orf_otlp_series_free)

G_END_DECLS
