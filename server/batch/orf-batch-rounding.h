/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "batch/orf-batch-fit.h"

G_BEGIN_DECLS

/*
 * An allocator that takes memory in large blocks: the value is a smooth law rounded up to
 * phase + a multiple of step.  A least-squares curve runs through the middle of such stairs, half a
 * step off at their edges.  Pure.
 */
typedef struct _OrfBatchRounding OrfBatchRounding;

/* NULL: the values do not gather at multiples of anything.  under: the smooth law that fits best.
 * gain: by how much the stairs are likelier than it (difference of logarithms). */
OrfBatchRounding *
orf_batch_rounding_new (const OrfBatchPoints *points, const OrfBatchFit *under, double *gain);
void orf_batch_rounding_free (OrfBatchRounding *rounding);

/* As orf_batch_fit_get_probability(). */
double
orf_batch_rounding_get_probability (const OrfBatchRounding *rounding, double size, double bound);

/* of the values' unit */
double orf_batch_rounding_get_step (const OrfBatchRounding *rounding);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfBatchRounding, orf_batch_rounding_free)

G_END_DECLS
