/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-load-tally.h"

G_BEGIN_DECLS

/*
 * Requirements: "p95<500ms,errors<1%,rate>=100".  What is measured: min, mean, p50, p75, p90, p95,
 * p99, p99.9, max (durations: us, ms, s), errors, late, dropped (a number, or % of the requests)
 * and rate (answers a second, or % of what was planned).  With <, <=, > or >=.  Pure.
 */
typedef struct _OrfLoadRequirements OrfLoadRequirements;

/* INVALID_ARGUMENT says what is not understood. */
OrfLoadRequirements *orf_load_requirements_new (const char *text, GError **error);
void orf_load_requirements_free (OrfLoadRequirements *requirements);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLoadRequirements, orf_load_requirements_free)

guint orf_load_requirements_get_n (const OrfLoadRequirements *requirements);
const char *orf_load_requirements_get_text (const OrfLoadRequirements *requirements, guint i);
/* Of its measured value: "us", "percent", "per_s" or "count". */
const char *orf_load_requirements_get_unit (const OrfLoadRequirements *requirements, guint i);
/* sent_for_us: how long requests were sent; planned_rate: NAN where none was.  What is not known
 * is not met; *measured in the requirement's unit, durations in microseconds. */
gboolean orf_load_requirements_check (const OrfLoadRequirements *requirements,
                                      guint i,
                                      const OrfLoadTally *tally,
                                      gint64 sent_for_us,
                                      double planned_rate,
                                      double *measured);
gboolean orf_load_requirements_are_met (const OrfLoadRequirements *requirements,
                                        const OrfLoadTally *tally,
                                        gint64 sent_for_us,
                                        double planned_rate);

/* Answers a second. */
double orf_load_get_rate (const OrfLoadTally *tally, gint64 sent_for_us);

G_END_DECLS
