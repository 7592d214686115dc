/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "otlp/orf-otlp-labels.h"
#include "otlp/orf-otlp-mapper.h"
#include "otlp/orf-otlp-cache.h"

G_BEGIN_DECLS

/* What the mapper's own files share. */

struct _OrfOtlpMapper {
  OrfOtlpCache *cache;
  OrfOtlpLabels *labels; /* of the point at hand, where they were read */
  GArray *bounds;        /* OrfOtlpBound, of the point at hand */
  GArray *parts;         /* OrfOtlpBytes, of the attributes looked up */
  char **promote;
  gboolean was_reset; /* all slots are void from the next request on */

  /* while a request is mapped */
  const OrfOtlpLimits *limits;
  OrfOtlpBatch *batch;
  OrfOtlpBytes resource, scope;
  const Otlp__Metric *metric;
  const char *name; /* the metric's, which can be one */
  guint32 context;  /* of the metric */
};

/* What all kinds of points have. */
typedef struct {
  const ProtobufCBinaryData *attributes;
  gsize n_attributes;
  guint64 start_ns, time_ns;
  guint32 flags;
  gint64 t_us; /* of its rows */
} OrfOtlpPoint;

/* Its entry; NULL where it is rejected, or has no value to tell.  *fresh: labels are read. */
OrfOtlpEntry *orf_otlp_mapper_begin (OrfOtlpMapper *mapper, OrfOtlpPoint *point, gboolean *fresh);
/* Reads the labels of a point whose entry is not fresh, but has new series. */
gboolean orf_otlp_mapper_read_labels (OrfOtlpMapper *mapper, const OrfOtlpPoint *point);

/* A series of the metric's name and ending, with a label more where key is not NULL; labels have
 * been read.  FALSE: it cannot be one, and the point was rejected. */
gboolean orf_otlp_mapper_add_series (OrfOtlpMapper *mapper,
                                     const char *ending,
                                     const char *key,
                                     const char *value,
                                     OrfSeriesKind kind,
                                     guint32 *slot);
void orf_otlp_mapper_add_row (
  OrfOtlpMapper *mapper, const OrfOtlpPoint *point, guint32 slot, double value, guint flags);
void orf_otlp_mapper_reject (OrfOtlpMapper *mapper, const char *message);
/* Of a fresh entry too, which is forgotten. */
void orf_otlp_mapper_drop (OrfOtlpMapper *mapper, gboolean fresh, const char *message);

/* One function for each kind of point. */
void orf_otlp_map_numbers (OrfOtlpMapper *mapper,
                           Otlp__NumberPoint *const *points,
                           gsize n_points,
                           OrfSeriesKind kind,
                           guint flags);
void orf_otlp_map_histograms (OrfOtlpMapper *mapper,
                              Otlp__HistogramPoint *const *points,
                              gsize n_points,
                              guint flags);
void orf_otlp_map_exponentials (OrfOtlpMapper *mapper,
                                Otlp__ExponentialPoint *const *points,
                                gsize n_points,
                                guint flags);
void
orf_otlp_map_summaries (OrfOtlpMapper *mapper, Otlp__SummaryPoint *const *points, gsize n_points);

G_END_DECLS
