/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "otlp/orf-otlp-cache.h"
#include "otlp/orf-otlp-message.h"

G_BEGIN_DECLS

/*
 * An exponential histogram with bounds that stay: at most ORF_OTLP_EXPONENTIAL_BUCKETS of them at a
 * scale of at most 1 (each bound the square root of two times the one before), over all that the
 * stream has had so far.  Where that is not enough the scale falls, and every second bound goes.
 * Pure.
 */
#define ORF_OTLP_EXPONENTIAL_BUCKETS 62

typedef struct {
  double bound; /* the last one infinite */
  double count; /* of all up to it */
} OrfOtlpBound;

/* Widens the entry's range by what the point has, and fills bounds (of OrfOtlpBound) with all of
 * its buckets.  FALSE: the scale is none. */
gboolean orf_otlp_exponential_spread (OrfOtlpEntry *entry,
                                      const Otlp__ExponentialPoint *point,
                                      GArray *bounds);

G_END_DECLS
