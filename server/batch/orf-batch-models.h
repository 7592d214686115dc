/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "batch/orf-batch-fit.h"

G_BEGIN_DECLS

/*
 * All laws put through what was seen, each with how likely it is: several that fit as well and say
 * different things of a size not seen make what is known of it less.  Pure.
 */
typedef struct _OrfBatchModels OrfBatchModels;

/* NULL: the points do not tell any.  Points are not kept. */
OrfBatchModels *orf_batch_models_new (const OrfBatchPoints *points);
void orf_batch_models_free (OrfBatchModels *models);

/* How likely the law at this size is not above a bound. */
double orf_batch_models_get_probability (const OrfBatchModels *models, double size, double bound);

/* The likeliest. */
const OrfBatchFit *orf_batch_models_get_best (const OrfBatchModels *models);
/* What the likeliest law is rounded up to; 0: nothing that shows. */
double orf_batch_models_get_step (const OrfBatchModels *models);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfBatchModels, orf_batch_models_free)

G_END_DECLS
