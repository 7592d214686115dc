/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * How well the service is, as a number with its reasons.  Pure: values in, a score out.
 *
 * The service has parts, each with a weight; the weights add up to 100.  A part loses points for
 * what is wrong with it, by rules of which each names a value, from where on it costs and where
 * it costs all it can; of one value's series the worst counts.  The service loses of each part
 * its weight's share.  What nobody measures costs nothing: no reason, no deduction.
 */

/* A value that rules may be about. */
typedef struct {
  const char *metric;  /* its name, as in schema/metrics.json, or ORF_HEALTH_EXHAUSTION_S */
  const char *subject; /* which device, worker, path, ...; NULL: there is but one */
  const char *quality; /* a second label that a rule may ask for: the severity; NULL: none */
  double value;        /* in the metric's unit; NAN counts as not measured */
} OrfHealthInput;

/* Not a series: seconds until the memory of the subject is forecast to be full. */
#define ORF_HEALTH_EXHAUSTION_S "forecast.exhaustion_s"

/* The series' names that rules are about, each once. */
char **orf_health_dup_metrics (void);

/* The score, all parts, and the reasons, the dearest first.  A score of which no value is known
 * is NAN. */
OrfPredictionHealth *orf_health_judge (const OrfHealthInput *inputs, guint n_inputs);

G_END_DECLS
