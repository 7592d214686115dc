/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-load-result.h"

G_BEGIN_DECLS

/* Whether what was measured is good enough.  Pure. */

/*
 * Requirements: "p95<500ms,errors<1%,rate>=100".  What is measured: min, mean, p50, p75, p90, p95,
 * p99, p99.9, max (durations: us, ms, s), errors, late, dropped (a number, or % of the requests)
 * and rate (answers a second, or % of what was planned).  With <, <=, > or >=.
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
/* What was planned in all, a second; NAN of a closed model. */
double orf_load_get_planned_rate (const OrfLoadResult *result);

/* What a level has to hold for the service not to be broken. */
#define ORF_LOAD_DEFAULT_LIMIT "errors<=1%,p99<=1s,rate>=90%"
/* The first level that does not, of those whose requests all have an end; -1: each holds. */
int orf_load_find_breaking_level (const OrfLoadResult *result, const OrfLoadRequirements *limit);

/*
 * How long after its end the spike was still felt: until three slices of time in a row have at most
 * 1 % of errors and a p95 of at most twice that before the spike, or 10 ms more.  NAN: it was no
 * spike, or it is felt to the end.
 */
double orf_load_get_recovery_us (const OrfLoadResult *result);

G_END_DECLS
