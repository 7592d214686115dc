/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-expr-vector.h"
#include "metrics/orf-live-pool.h"

G_BEGIN_DECLS

/*
 * The steps of an expression that is kept up to date: one a part, each with an array of values, and
 * the places in its inputs' arrays that these are made of.  Places change only when series came or
 * went, which is when they are laid out.
 */

#define ORF_LIVE_NOWHERE G_MAXUINT

/* One series that a part looks at. */
typedef struct {
  OrfLiveSeries *series; /* a reference */
  OrfLiveWindow *window; /* taken from it */
} OrfLiveInput;

/* One side of a join.  Where lines have the same key but for their name, at most one of them may be
 * known at a time. */
typedef struct {
  guint n_lines, n_keys;
  guint *keys;    /* of each line; NULL: line i has key i */
  double *values; /* of each key, where keys is not NULL */
  char **texts;   /* of each key, where keys is not NULL */
} OrfLiveSide;

typedef struct _OrfLiveStep OrfLiveStep;
struct _OrfLiveStep {
  const OrfExpr *expr;
  OrfLiveStep *left, *right; /* earlier steps; each step is the input of one */
  gboolean is_scalar;
  OrfLiveMatch *match; /* of a part with a selector */

  /* what is laid out */
  guint n;
  double *values;       /* n of them; its own, or its input's where owned is NULL */
  double *owned;        /* NULL, or what values is */
  guint64 n_lines;      /* that the pool counts for it */
  guint64 version;      /* of the match */
  OrfLiveInput *inputs; /* of a selector */
  guint n_inputs;
  guint *starts;        /* of ACROSS, n + 1: where in members each group begins */
  guint *members;       /* places of its input */
  double *known;        /* room for what is known of one group */
  OrfLiveSide sides[2]; /* of a join of lines */
  guint *at[2];         /* of each line the key of each side, or NOWHERE */
  guint bare;           /* of and, or with a scalar: the line that has no labels */
};

/* Of a part with a selector. */
OrfLiveNeed orf_live_step_get_need (const OrfExpr *expr);
/* From the inputs' lines, which it takes (NULL: has no such input), to its own, of no values.  NULL
 * on an error: too many lines. */
OrfExprVector *orf_live_step_lay_out (
  OrfLiveStep *step, OrfLivePool *pool, OrfExprVector *left, OrfExprVector *right, GError **error);
/* All that was laid out.  Windows that are taken again at once were better taken before. */
void orf_live_step_clear (OrfLiveStep *step, OrfLivePool *pool);

G_END_DECLS
