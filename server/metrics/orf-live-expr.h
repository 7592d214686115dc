/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-expr-vector.h"
#include "metrics/orf-live-pool.h"

G_BEGIN_DECLS

/*
 * An expression kept up to date over a pool's series (doc/live-expressions.md): at each time it
 * comes to what orf_expr_eval() comes to with a grid of that one step.  Labels are made when series
 * came or went; else a tick goes over doubles alone.
 */
typedef struct _OrfLiveExpr OrfLiveExpr;

/* pool and expr are borrowed.  An error: a selector is none. */
OrfLiveExpr *orf_live_expr_new (OrfLivePool *pool, const OrfExpr *expr, GError **error);
void orf_live_expr_free (OrfLiveExpr *self);

/* Of one value a line, by key; NAN is unknown, and may be all that a line has.  The expression's
 * own, good until the next time.  now_us: the pool's latest time, if that is later.  Where there is
 * an error all is unknown, but for the lines that are not concerned when points are missing. */
const OrfExprVector *orf_live_expr_eval (OrfLiveExpr *self, gint64 now_us);
/* NULL: none.  INVALID_ARGUMENT (two series of one side have the same labels, or a regular
 * expression takes too long), RESOURCE_EXHAUSTED (too many lines, or points that there was no room
 * for). */
const GError *orf_live_expr_get_error (const OrfLiveExpr *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLiveExpr, orf_live_expr_free)

G_END_DECLS
