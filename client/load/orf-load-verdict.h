/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-load-requirements.h"
#include "orf-load-result.h"

G_BEGIN_DECLS

/* Whether what was measured is good enough.  Pure. */

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
