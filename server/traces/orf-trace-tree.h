/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The spans of a trace as trees: their order, depth, what of their time is their own, and the
 * critical path.  Pure; of any depth, and whatever parents say: what is its own ancestor begins a
 * tree.
 */
typedef struct {
  guint64 id;     /* each once; in whatever byte order */
  guint64 parent; /* looked at where has_parent */
  gboolean has_parent;
  gint64 start_us, end_us;
  /* made by orf_trace_tree_arrange() */
  guint depth;
  gint64 self_us;          /* of its time, what no child covers */
  gboolean critical;       /* on the critical path of its tree */
  gboolean parent_missing; /* it says a parent that is not there, or that is below it */
} OrfTraceNode;

/*
 * Fills in the nodes, and returns the order of the tree: indexes into nodes, parents before their
 * children, those of one parent by when they began.
 *
 * The critical path is what the time of a root was spent on: of its children the one that ended
 * last, then of those that ended before that began the last, and so on, each with its own, as far
 * as they lie within their parent (as in CRISP: Zhang et al., USENIX ATC 2022).
 */
guint *orf_trace_tree_arrange (OrfTraceNode *nodes, guint n_nodes);

G_END_DECLS
