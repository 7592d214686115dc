/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-exposition-format.h"
#include "metrics/orf-exposition-plan.h"

G_BEGIN_DECLS

/*
 * The page itself: Prometheus' text, or OpenMetrics.
 */

/* A gauge that was not measured for as long is not known any more.  Prometheus takes a series for
 * gone after as long, too. */
#define ORF_EXPOSITION_STALE_US (300 * G_GINT64_CONSTANT (1000000))

/* Appends all of plan, newest values as of now_us.  Without timestamps: with them Prometheus would
 * not notice that a series is gone, and our values are younger than its scrapes are apart. */
void orf_exposition_text_write (GString *out,
                                const GPtrArray *plan,
                                OrfExpositionFormat format,
                                gint64 now_us);

G_END_DECLS
